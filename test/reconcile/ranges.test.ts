import { describe, expect, test } from 'vitest'
import { compareBytes, fromHex, toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import {
  decodeRanges,
  encodeRanges,
  type Range,
  type RangeMessage,
  RangeReconciler,
  SortedIds,
} from '../../src/reconcile.ts'
import { fingerprintTwin } from '../model/ranges-twin.ts'
import { differenceTwin } from '../model/symbols-twin.ts'

const drawIds = (random: Random, count: number): Uint8Array[] => Array.from({ length: count }, () => random.bytes(32))
const hex = (ids: Iterable<Uint8Array>): string[] => [...ids].map(toHex).sort()
const id = (start: string): Uint8Array => fromHex(start.padEnd(64, '0'))

interface Run {
  readonly a: RangeReconciler
  readonly b: RangeReconciler
  readonly messages: readonly Uint8Array[]
}

/** The whole exchange, in bytes. */
function exchange(idsA: Iterable<Uint8Array>, idsB: Iterable<Uint8Array>): Run {
  const [a, b] = [new RangeReconciler(new SortedIds(idsA)), new RangeReconciler(new SortedIds(idsB))]
  const messages: Uint8Array[] = []
  let message: RangeMessage | undefined = a.begin()
  for (let [to, from] = [b, a]; message !== undefined; [to, from] = [from, to]) {
    const bytes = encodeRanges(message)
    messages.push(bytes)
    message = to.receive(decodeRanges(bytes))
  }
  return { a, b, messages }
}

describe('fingerprints', () => {
  test('are those of the slow twin, for any range', () => {
    const random = seededRandom(2)
    const ids = [...drawIds(random, 150), id('ff'), fromHex('ff'.repeat(32)), id('00')]
    const sorted = new SortedIds(ids)
    for (let round = 0; round < 60; round++) {
      const [start, end] = drawIds(random, 2).sort(compareBytes) as [Uint8Array, Uint8Array]
      const last = round % 3 === 0 ? undefined : end
      const mine = toHex(sorted.fingerprint(sorted.indexOf(start), sorted.indexOf(last)))
      expect(mine).toBe(fingerprintTwin(hex(ids), toHex(start), last && toHex(last)))
    }
  })
})

describe('reconciliation by ranges', () => {
  test.each([1, 2, 3, 4, 5, 6])('tells both sides all they do not share, and nothing else, seed %i', (seed) => {
    const random = seededRandom(seed)
    for (let round = 0; round < 8; round++) {
      const both = drawIds(random, Math.floor(random.unit() ** 2 * 2_000))
      const [onlyA, onlyB] = [1, 2].map(() => drawIds(random, Math.floor(random.unit() ** 4 * 300))) as [
        Uint8Array[],
        Uint8Array[],
      ]
      const [idsA, idsB] = [
        [...onlyA, ...both],
        [...both, ...onlyB],
      ]
      const { a, b } = exchange(idsA, idsB)
      expect(a.isComplete && b.isComplete).toBe(true)
      const [wantA, wantB] = [differenceTwin(hex(idsA), hex(idsB)), differenceTwin(hex(idsB), hex(idsA))]
      expect([hex(a.ours), hex(b.theirs)]).toEqual([wantA, wantA])
      expect([hex(b.ours), hex(a.theirs)]).toEqual([wantB, wantB])
    }
  })

  test('ids that share their first bytes, none at all, and all against none', () => {
    const random = seededRandom(7)
    const alike = Array.from({ length: 100 }, () => Uint8Array.of(...new Uint8Array(29).fill(7), ...random.bytes(3)))
    for (const [idsA, idsB] of [
      [alike.slice(0, 90), alike.slice(10)],
      [[], []],
      [[], drawIds(random, 500)],
      [drawIds(random, 500), []],
    ] as const) {
      const { a, b } = exchange(idsA, idsB)
      expect(hex(a.ours)).toEqual(differenceTwin(hex(idsA), hex(idsB)))
      expect(hex(b.ours)).toEqual(differenceTwin(hex(idsB), hex(idsA)))
    }
  })

  test('takes few rounds and bytes for few differences of many', () => {
    const random = seededRandom(8)
    const both = drawIds(random, 20_000)
    const { messages } = exchange([...both, ...drawIds(random, 5)], [...both, ...drawIds(random, 5)])
    expect(messages.length).toBeLessThanOrEqual(7)
    expect(messages.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(20_000)
  })

  test('what is too much for one is left to the next, and each comes nearer', () => {
    const random = seededRandom(9)
    const both = drawIds(random, 200)
    const setA = new Set(hex([...both, ...drawIds(random, 12_000)]))
    const setB = new Set(hex([...both, ...drawIds(random, 12_000)]))
    let runs = 0
    for (let isComplete = false; !isComplete; runs++) {
      const { a, b, messages } = exchange([...setA].map(fromHex), [...setB].map(fromHex))
      expect(a.ours.length + b.ours.length).toBeGreaterThan(0)
      for (const message of messages) expect(message.length).toBeLessThan(40 * limits.rangeIds)
      for (const one of a.ours) setB.add(toHex(one))
      for (const one of b.ours) setA.add(toHex(one))
      isComplete = a.isComplete && b.isComplete
      expect(runs).toBeLessThan(30)
    }
    expect([...setA].sort()).toEqual([...setB].sort())
  })

  test('golden bytes of version 1', () => {
    const a = new RangeReconciler(new SortedIds([id('01'), id('0203')]))
    const b = new RangeReconciler(new SortedIds([id('0203'), id('ff')]))
    const first = a.begin()
    expect(toHex(encodeRanges(first))).toMatchInlineSnapshot(
      `"000100020201000000000000000000000000000000000000000000000000000000000000000203000000000000000000000000000000000000000000000000000000000000"`,
    )
    const second = b.receive(first)
    expect(second && toHex(encodeRanges(second))).toMatchInlineSnapshot(
      `"01010003010101ff00000000000000000000000000000000000000000000000000000000000000"`,
    )
    const many = new RangeReconciler(new SortedIds(drawIds(seededRandom(1), 40)))
    expect(toHex(encodeRanges(many.begin())).slice(0, 120)).toMatchInlineSnapshot(
      `"0010011901b4fb5469e001c81eb6188070f5551f27012c019c611984ea878d77c1c84d70abfffa3f012f011fe30985feb59153e3d47a4972fb799701"`,
    )
  })
})

describe('a peer that lies in ranges', () => {
  const random = seededRandom(10)
  const ids = drawIds(random, 3_000)
  const fingerprint = (): Range => ({ end: undefined, type: 'fingerprint', fingerprint: random.bytes(16) })

  test('the same range asked back, or a greater one, is refused: each message comes nearer', () => {
    const side = new RangeReconciler(new SortedIds(ids))
    const { ranges } = side.begin()
    const same = ranges.map((range): Range => ({ ...fingerprint(), end: range.end }))
    expect(() => side.receive({ round: 1, ranges: same })).toThrow(expect.objectContaining({ code: 'bad-message' }))
    const other = new RangeReconciler(new SortedIds(ids))
    other.begin()
    expect(() => other.receive({ round: 1, ranges: [fingerprint()] })).toThrow(
      expect.objectContaining({ code: 'bad-message' }),
    )
  })

  test('ever smaller ranges that always differ end with the rounds', () => {
    const side = new RangeReconciler(new SortedIds(ids))
    let asked = side.begin().ranges
    let rounds = 0
    const lie = (): void => {
      for (let round = 1; ; round += 2, rounds++) {
        // The middle of the first range that was asked about, over and over.
        const end = asked.find(({ type }) => type === 'fingerprint')?.end ?? fromHex('ff'.repeat(32))
        const nearer = Uint8Array.from(end)
        nearer[31] = (nearer[31] as number) ^ 1
        const before = { end: nearer, type: 'fingerprint', fingerprint: random.bytes(16) } as const
        const reply = side.receive({ round, ranges: [before, { end: undefined, type: 'skip' }] })
        if (reply === undefined) return
        asked = reply.ranges
      }
    }
    try {
      lie()
    } catch (error) {
      expect(isJoineryError(error, 'bad-message'), String(error)).toBe(true)
    }
    expect(rounds).toBeLessThanOrEqual(limits.rangeRounds)
  })

  test('answers nobody asked for, ids out of order or out of range, and rounds out of turn are refused', () => {
    const side = (): RangeReconciler => new RangeReconciler(new SortedIds(ids))
    const refused: readonly RangeMessage[] = [
      { round: 0, ranges: [{ end: undefined, type: 'answer', lacking: new Uint8Array(375), ids: [] }] },
      { round: 0, ranges: [{ end: undefined, type: 'ids', ids: [id('05'), id('04')] }] },
      { round: 0, ranges: [{ end: undefined, type: 'ids', ids: [id('05'), id('05')] }] },
      {
        round: 0,
        ranges: [
          { end: id('03'), type: 'ids', ids: [id('04')] },
          { end: undefined, type: 'skip' },
        ],
      },
      {
        round: 0,
        ranges: [
          { end: id('03'), type: 'skip' },
          { end: id('02'), type: 'skip' },
        ],
      },
      { round: 4, ranges: [fingerprint()] },
    ]
    for (const message of refused)
      expect(() => side().receive(message)).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })

  test('any bytes give a message that is taken, or a typed error', () => {
    const { messages } = exchange(ids, drawIds(random, 30))
    for (const bytes of messages)
      for (let i = 0; i < 400; i++) {
        const damaged = Uint8Array.from(
          bytes.subarray(0, random.unit() < 0.3 ? random.unit() * bytes.length : bytes.length),
        )
        const at = Math.floor(random.unit() * damaged.length)
        if (damaged.length > 0) damaged[at] = random.unit() * 256
        try {
          new RangeReconciler(new SortedIds(ids.slice(0, 50))).receive(decodeRanges(damaged))
        } catch (error) {
          expect(isJoineryError(error, 'bad-message'), String(error)).toBe(true)
        }
      }
  })
})
