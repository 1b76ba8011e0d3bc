// What the fuzzer found, each as the least history that showed it.

import { expect, test } from 'vitest'
import { createDoc, type Doc, isJoineryError, log, openDoc, text } from '../../src/doc.ts'
import { planForkSteps, takeForkSteps } from './forks-world.ts'

const clock = { now: () => 1_000_000 }
const make = (name: number): Doc => createDoc({ actor: Uint8Array.of(name), clock })

test('a delta that comes before its predecessor may begin anywhere', () => {
  const a = make(1)
  const deltas: Uint8Array[] = []
  a.on('delta', (delta) => deltas.push(delta))
  a.change((d) => {
    d.note = text('hello world')
  })
  a.change((d) => d.note.delete(3, 3))
  const b = make(2)
  for (const delta of deltas.reverse()) b.receive(delta)
  expect(b.value).toEqual(a.value)
})

test('two who wait for one another come together, though the first names the second before that was heard of', () => {
  const [a, b] = [make(9), make(5)]
  a.change((d) => {
    d.x = 1
  })
  b.receive(a.delta())
  b.change((d) => {
    d.note = text('b')
  })
  a.receive(b.delta())
  a.change((d) => d.note.insert(0, 'a'))
  expect(openDoc(a.snapshot()).value).toEqual({ x: 1, note: 'ab' })
  const c = make(7)
  c.receive(a.delta())
  expect(c.value).toEqual({ x: 1, note: 'ab' })
})

test('a log holds no containers, whatever its bytes say', () => {
  const a = make(1)
  a.change((d) => {
    d.log = log([true])
  })
  const bytes = a.delta()
  // The last byte is the value `true`; 16 and on are containers.
  expect(bytes.at(-1)).toBe(2)
  bytes[bytes.length - 1] = 16
  const b = make(2)
  expect(() => b.receive(bytes)).toThrow(expect.toSatisfy((error) => isJoineryError(error, 'bad-message')))
  expect(b.value).toEqual({})
})

// Actors with several lives, of whom somebody hears last and all at once.
test.each([
  [200410, 'a life that builds on another one, while that waits for somebody else'],
  [301901, 'a range whose second link is to what waits, but in no circle'],
  [300183, 'two lives in one circle, and somebody who names both in their order'],
  [300014, 'a life that goes on where the other waits'],
  [302463, 'plain names that mean two lives, which share an older op that is named, too'],
])('history %i: %s', (seed) => {
  expect(takeForkSteps(planForkSteps(seed)).failure).toBeUndefined()
})
