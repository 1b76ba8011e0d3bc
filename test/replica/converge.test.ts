// Random histories of all types, delivered in any order, in any batching, again and again: everyone ends with the same.

import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { counter, json, set, text } from '../../src/crdt/constructors.ts'
import { Replica } from '../../src/replica/replica.ts'
import { replayModel } from '../model/replay.ts'
import { type Draft, meet, Side } from './notation.ts'

const runs = Number(process.env.RUNS ?? 40)
const firstSeed = Number(process.env.SEED ?? 1)

describe('whatever the order and batching', () => {
  it.each(Array.from({ length: runs }, (_, i) => firstSeed + i))('equal ops give equal documents, seed %i', (seed) => {
    const random = seededRandom(seed)
    const sides = ['a', 'b', 'c', 'd'].slice(0, 3 + (seed % 2)).map((name) => new Side(name))
    for (const side of sides)
      if (random.unit() < 0.7) side.init({ list: [], note: text('so'), n: counter(1), tags: set(['x']) })
    const posted: SignedRange[] = []
    const steps = 30 + below(random, 40)
    for (let step = 0; step < steps; step++) {
      const side = pick(random, sides)
      if (random.unit() < 0.6) edit(side, random)
      else side.take(sample(random, posted))
      posted.push(...side.made.splice(0))
      check(side, seed)
    }
    meet(...sides)
    meet(...sides)
    const [first, ...others] = sides as [Side, ...Side[]]
    for (const other of others) {
      // Invariant 6: byte-equal.
      expect(other.replica.snapshot({ signatures: false })).toEqual(first.replica.snapshot({ signatures: false }))
      expect(other.value).toEqual(first.value)
      expect(JSON.stringify(other.replica.export())).toBe(JSON.stringify(first.replica.export()))
    }
    for (const side of sides) {
      check(side, seed)
      expect(side.replica.merged).toEqual(side.replica.version)
    }
    // Invariant 10: the replay of all ops, by the slow twin and by another that loads a snapshot.
    expect(replayModel(first.replica)).toEqual(first.value)
    const loaded = new Side('z')
    loaded.take(Replica.ranges(first.replica.snapshot()), 'store')
    expect(loaded.value).toEqual(first.value)
    check(loaded, seed)
  })
})

function check(side: Side, seed: number): void {
  side.replica.check()
  // Invariant 7: the old value plus the patches is the new value.
  expect(side.mirror, `the mirror of ${side.name}, SEED=${seed}`).toEqual(side.value)
}

/** Some of what was posted, in any order, some of it twice. */
function sample(random: Random, posted: readonly SignedRange[]): SignedRange[] {
  const some = posted.filter(() => random.unit() < 0.5)
  const twice = [...some, ...some.filter(() => random.unit() < 0.2)]
  return twice
    .map((range) => [random.unit(), range] as const)
    .sort(([a], [b]) => a - b)
    .map(([, range]) => range)
}

function edit(side: Side, random: Random): void {
  const before = side.value
  try {
    side.do((d) => {
      for (let i = 1 + below(random, 4); i > 0; i--) editContainer(d, random, 0)
      if (random.unit() < 0.08) throw new Error('changed my mind')
    })
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'changed my mind') throw error
    // Atomic: nothing happened, down to the reference.
    expect(side.value).toBe(before)
  }
}

const keys = ['list', 'note', 'n', 'tags', 'map', '__proto__', 'k']

function editContainer(d: Draft, random: Random, depth: number): void {
  if (Array.isArray(d)) editList(d, random, depth)
  else if (typeof d?.append === 'function') editText(d, random)
  else if (typeof d?.has === 'function' && typeof d?.add === 'function') editSet(d, random)
  else if (typeof d?.add === 'function') d.add(below(random, 9) - 4)
  else editMap(d, random, depth)
}

function editMap(d: Draft, random: Random, depth: number): void {
  const key = pick(random, keys)
  const current = Object.hasOwn(d, key) ? d[key] : undefined
  const dice = random.unit()
  if (dice < 0.12) delete d[key]
  else if (
    dice < 0.75 &&
    typeof current === 'object' &&
    current !== null &&
    !(current instanceof Date) &&
    isLive(current)
  )
    editContainer(current, random, depth + 1)
  else d[key] = randomValue(random, depth)
}

/** Not an opaque value, nor bytes. */
function isLive(value: object): boolean {
  return !Object.isFrozen(value) && !(value instanceof Uint8Array)
}

function editList(d: Draft, random: Random, depth: number): void {
  const dice = random.unit()
  const index = below(random, d.length + 1)
  if (dice < 0.3) d.splice(index, 0, randomValue(random, depth), below(random, 100))
  else if (dice < 0.5) d.splice(index, 1 + below(random, 3))
  else if (dice < 0.6) d.push(randomValue(random, depth))
  else if (dice < 0.65) d.length = Math.min(d.length, 4)
  else if (index < d.length) {
    const item = d[index]
    if (typeof item === 'object' && item !== null && !(item instanceof Date) && isLive(item))
      editContainer(item, random, depth + 1)
    else d[index] = below(random, 100)
  }
}

const words = ['hi', 'x', '🙂', 'ends 👍🏽', 'é', 'and more']

let lastEnd = 0

function editText(d: Draft, random: Random): void {
  const whole = String(d)
  // Often where the last one ended, as people type: what continues takes a shorter way.
  let at = random.unit() < 0.5 ? Math.min(lastEnd, whole.length) : below(random, whole.length + 1)
  if (!whole.slice(0, at).isWellFormed()) at--
  const word = pick(random, words)
  if (random.unit() < 0.7) {
    d.insert(at, word)
    lastEnd = at + word.length
  } else {
    let end = Math.min(whole.length, at + below(random, 5))
    if (!whole.slice(0, end).isWellFormed()) end++
    d.delete(at, end - at)
  }
}

function editSet(d: Draft, random: Random): void {
  const member = pick(random, ['x', 'y', 1, -0, 10n, null, true, 0.5])
  if (random.unit() < 0.6) d.add(member)
  else d.delete(member)
}

function randomValue(random: Random, depth: number): unknown {
  const nested = depth > 3 ? 6 : 12
  switch (below(random, nested)) {
    case 0:
      return below(random, 1000)
    case 1:
      return pick(random, words)
    case 2:
      return pick(random, [null, true, Number.NaN, -0, 2n ** 70n, Number.NEGATIVE_INFINITY])
    case 3:
      return new Date(below(random, 1e9))
    case 4:
      return json({ b: [1, { a: null }], a: 'x' })
    case 5:
      return Uint8Array.of(1, 2, below(random, 255))
    case 6:
      return {}
    case 7:
      return { k: 1, map: { note: text('in') }, list: [1, [2]] }
    case 8:
      return text(pick(random, words))
    case 9:
      return counter(below(random, 5))
    case 10:
      return set([1, 'x'])
    default:
      return [1, { k: 'v' }, []]
  }
}

function below(random: Random, max: number): number {
  return Math.floor(random.unit() * max)
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)] as T
}
