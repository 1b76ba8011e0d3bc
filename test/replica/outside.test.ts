// What waits for other documents is tried again when it is said to, alone or with those who wait for one another, and never before.

import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { type ActorId, actorId } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { Replica } from '../../src/replica/replica.ts'

type Note = Record<string, number>

const docTag = new Uint8Array(32).fill(1)
const idOf = (name: string): ActorId => actorId(utf8(name))
const depends = Uint8Array.of(1, 2, 3)

function replica(name: string, isMet?: (actor: ActorId, depends: Uint8Array) => boolean): Replica<Note> {
  return new Replica<Note>({ docTag, actor: idOf(name), now: () => 0, ...(isMet && { isMet }) })
}

function edit(on: Replica<Note>, key: string, said = {}): SignedRange {
  const [range] = on.change((d) => void (d[key] = 1), said).received.held
  return range as SignedRange
}

const receive = (to: Replica<Note>, ...ranges: SignedRange[]): void => {
  const { refused } = to.receive(ranges, { origin: 'sync' })
  expect(refused).toEqual([])
}

test('what follows another document waits, with all that builds on it, until it is tried again', () => {
  const asked: string[] = []
  let isHere = false
  const a = replica('a')
  const b = replica('b')
  const c = replica('c', (actor, bytes) => {
    asked.push(`${actor} ${bytes}`)
    return isHere
  })
  const first = edit(a, 'one', { depends })
  const second = edit(a, 'two')
  receive(b, first, second)
  const third = edit(b, 'three')
  receive(c, third, second, first)
  expect(c.value).toEqual({})
  expect(c.pending.ops).toBeGreaterThanOrEqual(3)
  expect(asked).toEqual([`${idOf('a')} 1,2,3`])
  expect(c.retry([idOf('b')], { origin: 'sync' }).held).toEqual([])
  expect(c.retry([idOf('a')], { origin: 'sync' }).held).toEqual([])
  isHere = true
  const { held, changed } = c.retry([idOf('a')], { origin: 'sync' })
  expect(held.length).toBe(3)
  expect(changed).toBe(true)
  expect(c.value).toEqual({ one: 1, two: 1, three: 1 })
  expect(c.pending.ops).toBe(0)
  c.check()
})

test('those who wait for one another, and one of them for another document, come together', () => {
  let isHere = false
  const [a, b] = [replica('a'), replica('b')]
  receive(b, edit(a, 'a1'))
  receive(a, edit(b, 'b1', { depends }))
  receive(b, edit(a, 'a2'))
  edit(b, 'b2')
  const whole = (of: Replica<Note>): SignedRange => of.history.range(of.branch, 0, of.history.graph.endOf(of.branch))
  for (const order of [
    [whole(a), whole(b)],
    [whole(b), whole(a)],
  ]) {
    isHere = false
    const c = replica('c', () => isHere)
    receive(c, ...order)
    expect(c.value).toEqual({})
    c.retry([idOf('a'), idOf('b')], { origin: 'sync' })
    expect(c.value).toEqual({})
    isHere = true
    c.retry([idOf('a'), idOf('b')], { origin: 'sync' })
    expect(c.value).toEqual({ a1: 1, b1: 1, a2: 1, b2: 1 })
    expect(c.pending.ops).toBe(0)
    c.check()
  }
})

test('what the store holds is taken as it was: what it follows was there when it was merged', () => {
  const a = replica('a')
  const first = edit(a, 'one', { depends })
  const c = replica('c', () => false)
  c.receive([first], { origin: 'store' })
  expect(c.value).toEqual({ one: 1 })
  const opened = replica('d', () => false)
  opened.load(c.snapshot())
  expect(opened.value).toEqual({ one: 1 })
})
