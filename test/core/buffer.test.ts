// The causal buffer: nobody takes all the room there is, not one author, one neighbour, nor one document; what is dropped is remembered as missing.

import { expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { CausalBuffer } from '../../src/core/buffer.ts'
import { BufferPool } from '../../src/core/buffer-pool.ts'
import { Dormant } from '../../src/core/dormant.ts'
import { type ActorId, memberActor, selfActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'

const device = (n: number, instance = 0): ActorId => memberActor(new Uint8Array(32).fill(n), instance)

function range(actor: ActorId, fromSeq: number, sizeBytes = 10): SignedRange {
  const body = new Uint8Array(sizeBytes).fill(fromSeq % 256)
  return { actor, fromSeq, endSeq: fromSeq + 1, body, tipHash: new Uint8Array(32), signature: new Uint8Array(64) }
}

const nobodyHeld = (): number => 0
const MiB = 1024 * 1024

test('an author under many names crowds out itself, what is furthest first, and no other', () => {
  const buffer = new CausalBuffer(nobodyHeld)
  const honest = range(device(1), 9_000_000)
  expect(buffer.add(honest)).toEqual([])
  const dropped: SignedRange[] = []
  for (let i = 0; i < limits.bufferAuthorRanges + 500; i++)
    dropped.push(...(buffer.add(range(device(2, i % 50), 1_000 + i)) ?? []))
  expect(dropped.length).toBe(500)
  expect(dropped.every(({ actor }) => actor !== honest.actor)).toBe(true)
  // What was dropped is missing, at the end of what was seen of each.
  expect(buffer.hasDropped).toBe(true)
  const missing = buffer.missing().find(({ actor }) => actor === device(2, (limits.bufferAuthorRanges + 499) % 50))
  expect(missing).toBeDefined()
  expect(buffer.covering({ actor: honest.actor, seq: honest.fromSeq })).toEqual([honest])
  // Changes that name themselves cost nothing to make: all of them are one author.
  const inits = Array.from({ length: limits.bufferAuthorRanges + 5 }, (_, i) => {
    const hash = new Uint8Array(32)
    new DataView(hash.buffer).setUint32(0, i)
    return range(selfActor(hash), 5)
  })
  const another = new CausalBuffer(nobodyHeld)
  const gone = inits.flatMap((one) => another.add(one) ?? [])
  expect(gone.length).toBe(5)
  expect(gone.every((one) => inits.includes(one))).toBe(true)
})

test('a neighbour that hands on too much loses what it handed on, and what others did stays', () => {
  const pool = new BufferPool({ bytes: 100 * MiB, sourceBytes: MiB })
  const [one, two] = [new CausalBuffer(nobodyHeld, pool), new CausalBuffer(nobodyHeld, pool)]
  const kept = range(device(1), 500, 100_000)
  one.add(kept, { source: 'good' })
  for (let i = 0; i < 10; i++) one.add(range(device(2), 10 + 2 * i, 100_000), { source: 'bad' })
  const last = range(device(3), 10, 100_000)
  // It is full in one document, and has none in the other.
  expect(two.add(last, { source: 'bad' })).toEqual([last])
  expect(two.add(last, { source: 'good' })).toEqual([])
  expect(one.covering({ actor: kept.actor, seq: 500 })).toEqual([kept])
  // Room comes back with what is taken out.
  expect(one.take(device(2), 10_000).length).toBe(10)
  expect(two.add(range(device(4), 10, 100_000), { source: 'bad' })).toEqual([])
})

test('of all documents together the fullest gives way', () => {
  const pool = new BufferPool({ bytes: MiB, sourceBytes: 100 * MiB })
  const [full, small] = [new CausalBuffer(nobodyHeld, pool), new CausalBuffer(nobodyHeld, pool)]
  const furthest = range(device(1), 1_000_000, 100_000)
  full.add(furthest)
  for (let i = 0; i < 9; i++) full.add(range(device(2, i), 10, 100_000))
  const late = range(device(3), 10, 100_000)
  expect(small.add(late)).toEqual([])
  expect(full.covering({ actor: furthest.actor, seq: furthest.fromSeq })).toEqual([])
  expect(full.missing()).toContainEqual({ actor: furthest.actor, seq: furthest.endSeq - 1 })
  expect(small.ops).toBe(1)
  expect(pool.bytes).toBeLessThanOrEqual(MiB)
})

test('whatever comes and goes, the counts are those of what is there, and what is on disk is never dropped', () => {
  const random = seededRandom(5)
  const pick = (n: number): number => Math.floor(random.unit() * n)
  const pool = new BufferPool({ bytes: 40_000, sourceBytes: 20_000 })
  const held = new Map<ActorId, number>()
  const buffers = [0, 1, 2].map(() => new CausalBuffer((actor) => held.get(actor) ?? 0, pool))
  const stored: SignedRange[] = []
  for (let step = 0; step < 3_000; step++) {
    const buffer = buffers[pick(3)] as CausalBuffer
    const actor = device(pick(4), pick(3))
    if (random.unit() < 0.8) {
      const one = range(actor, pick(300), pick(900))
      const isStored = random.unit() < 0.02
      const dropped = buffer.add(one, { isStored, source: `s${pick(3)}` })
      if (dropped !== undefined && isStored) stored.push(one)
      for (const gone of dropped ?? []) expect(stored).not.toContain(gone)
    } else {
      const taken = buffer.take(actor, pick(300))
      for (const one of taken) if (stored.includes(one)) stored.splice(stored.indexOf(one), 1)
    }
    expect(pool.bytes).toBe(buffers.reduce((sum, { limitedBytes }) => sum + limitedBytes, 0))
    expect(pool.bytes).toBeLessThanOrEqual(40_000)
  }
  for (const buffer of buffers)
    for (let n = 0; n < 4; n++) for (let i = 0; i < 3; i++) buffer.take(device(n, i), 10_000)
  expect(buffers.map(({ ops, bytes }) => [ops, bytes])).toEqual(buffers.map(() => [0, 0]))
  expect(pool.bytes).toBe(0)
  expect(pool.isOver('s1')).toBe(false)
})

test('what is kept aside has limits of its own, and gives its room back', () => {
  const pool = new BufferPool()
  const dormant = new Dormant(pool)
  const named = (n: number): ActorId => selfActor(new Uint8Array(32).fill(n))
  for (let n = 0; n < limits.dormant + 10; n++) dormant.add(range(named(n), 0), 's')
  expect(dormant.count).toBe(limits.dormant)
  expect([dormant.take(named(0)), dormant.take(named(limits.dormant))?.actor]).toEqual([
    undefined,
    named(limits.dormant),
  ])
  dormant.add(range(named(200), 0, limits.dormantBytes - 1_000), 's')
  expect(dormant.limitedBytes).toBeLessThanOrEqual(limits.dormantBytes)
  expect(dormant.take(named(200))).toBeDefined()
  dormant.add(range(named(1), 0, limits.dormantBytes + 1), 's')
  expect(dormant.count).toBe(0)
  dormant.add(range(named(1), 0), 's')
  const buffer = new CausalBuffer(nobodyHeld, pool)
  buffer.add(range(device(1), 5), { source: 's' })
  dormant.clear()
  buffer.clear()
  expect([pool.bytes, buffer.ops, dormant.limitedBytes]).toEqual([0, 0, 0])
})
