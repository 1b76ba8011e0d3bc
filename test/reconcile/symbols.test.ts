import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import {
  CodedSet,
  decodeSymbols,
  encodeSymbols,
  type ShortId,
  SipHash,
  SymbolDecoder,
  type Symbols,
} from '../../src/reconcile.ts'
import { differenceTwin, idBytes, sipHashTwin, symbolsTwin } from '../model/symbols-twin.ts'

const key = Uint8Array.from({ length: 16 }, (_, i) => i)
const big = ({ high, low }: ShortId): bigint => (BigInt(high) << 32n) | BigInt(low)
const small = (id: bigint): ShortId => ({ high: Number(id >> 32n), low: Number(id & 0xffffffffn) })
const drawId = (random: Random): ShortId => ({
  high: Math.floor(random.unit() * 2 ** 32),
  low: Math.floor(random.unit() * 2 ** 32),
})

function setOf(ids: Iterable<ShortId>, underKey = key): CodedSet {
  const set = new CodedSet(underKey)
  for (const id of ids) set.add(id)
  return set
}

function drawIds(random: Random, count: number): ShortId[] {
  return Array.from({ length: count }, () => drawId(random))
}

/** Decodes with `step` symbols at a time. */
function decode(ours: CodedSet, theirs: CodedSet, step = 1): SymbolDecoder {
  const decoder = new SymbolDecoder(ours)
  while (decoder.add(theirs.symbols(decoder.length, decoder.length + step)) === 'more');
  return decoder
}

describe('SipHash-2-4', () => {
  test('is what its authors printed', () => {
    const of = (length: number): string => {
      const { high, low } = new SipHash(key).of(Uint8Array.from({ length }, (_, i) => i))
      return big({ high, low }).toString(16)
    }
    // The vector of the paper's appendix, and the first of the reference implementation.
    expect([of(15), of(0), of(1), of(2), of(3)]).toEqual([
      'a129ca6149be45e5',
      '726fdb47dd0e0e31',
      '74f839c593dc67fd',
      'd6c8009d9a94f5a',
      '85676696d7fb7e2d',
    ])
  })

  test('is that of the slow twin, whatever the length', () => {
    const random = seededRandom(3)
    for (let length = 0; length < 40; length++) {
      const [otherKey, bytes] = [random.bytes(16), random.bytes(length)]
      expect(big(new SipHash(otherKey).of(bytes))).toBe(sipHashTwin(otherKey, bytes))
    }
    const id = drawId(random)
    expect(big(new SipHash(key).ofId(id.high, id.low))).toBe(sipHashTwin(key, idBytes(big(id))))
  })
})

describe('coded symbols', () => {
  test.each([1, 2, 3, 4, 5])('are those of the slow twin while the set changes, seed %i', (seed) => {
    const random = seededRandom(seed)
    const set = new CodedSet(key)
    const slots = new Map<bigint, number>()
    for (let step = 0; step < 120; step++) {
      const known = [...slots.keys()]
      if (random.unit() < 0.7 || known.length === 0) {
        const id = drawId(random)
        slots.set(big(id), set.add(id))
      } else {
        const gone = known[Math.floor(random.unit() * known.length)] as bigint
        set.remove(slots.get(gone) as number)
        slots.delete(gone)
      }
      if (step % 8 === 0) {
        const from = Math.floor(random.unit() * 90)
        const end = from + Math.floor(random.unit() * 90)
        const { highs, lows, checks, counts, size } = set.symbols(from, end)
        const shown = Array.from(counts, (count, i) => ({
          sum: big({ high: highs[i] as number, low: lows[i] as number }),
          check: BigInt(checks[i] as number),
          count,
        }))
        expect(shown).toEqual(symbolsTwin(key, slots.keys(), end).slice(from))
        expect(size).toBe(slots.size)
      }
    }
    set.check()
    expect(set.slotsOf([...slots.keys()].map(small)).toSorted()).toEqual([...slots.values()].toSorted())
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('give all that two sets do not share, and nothing else, seed %i', (seed) => {
    const random = seededRandom(seed)
    for (let round = 0; round < 12; round++) {
      const both = drawIds(random, Math.floor(random.unit() * 300))
      const [onlyOurs, onlyTheirs] = [1, 2].map(() => drawIds(random, Math.floor(random.unit() ** 3 * 200))) as [
        ShortId[],
        ShortId[],
      ]
      const [ours, theirs] = [
        [...both, ...onlyOurs],
        [...onlyTheirs, ...both],
      ]
      const decoder = decode(setOf(ours), setOf(theirs), 1 + Math.floor(random.unit() * 20))
      expect(decoder.ours.map(big).sort()).toEqual(differenceTwin(ours.map(big), theirs.map(big)))
      expect(decoder.theirs.map(big).sort()).toEqual(differenceTwin(theirs.map(big), ours.map(big)))
    }
  })

  test('equal sets are equal after one symbol, and empty ones too', () => {
    const ids = drawIds(seededRandom(1), 1000)
    expect(decode(setOf(ids), setOf(ids)).length).toBe(1)
    expect(decode(setOf([]), setOf([])).length).toBe(1)
  })

  test('take at most 1.7 symbols for each of 20 and more differences, on average', () => {
    const random = seededRandom(20)
    const perDifference = (differences: number, runs: number): number => {
      let symbols = 0
      for (let run = 0; run < runs; run++) {
        const theirs = setOf(drawIds(random, Math.ceil(differences / 2)))
        symbols += decode(setOf(drawIds(random, Math.floor(differences / 2))), theirs).length
      }
      return symbols / runs / differences
    }
    for (const [differences, runs] of [
      [20, 400],
      [50, 150],
      [200, 40],
      [2000, 4],
    ] as const)
      expect(perDifference(differences, runs), `${differences} differences`).toBeLessThanOrEqual(1.7)
  })

  test('how many differences there are shows before they are known', () => {
    const random = seededRandom(5)
    for (const [ours, theirs] of [
      [2000, 2000],
      [3000, 10],
      [0, 5000],
      [500, 700],
    ] as const) {
      const decoder = new SymbolDecoder(setOf(drawIds(random, ours)))
      expect(decoder.add(setOf(drawIds(random, theirs)).symbols(0, 64))).toBe('more')
      expect(decoder.estimate).toBeGreaterThan(0.5 * (ours + theirs))
      expect(decoder.estimate).toBeLessThan(2 * (ours + theirs))
    }
  })

  test('a copy stays as it was', () => {
    const random = seededRandom(9)
    const set = setOf(drawIds(random, 100))
    const before = set.symbols(0, 80)
    const copy = set.copy()
    set.add(drawId(random))
    set.remove(3)
    expect(copy.symbols(0, 80)).toEqual(before)
    copy.check()
    set.check()
  })

  test('of a hundred thousand ids are made in well under a second', () => {
    const ids = drawIds(seededRandom(4), 100_000)
    const start = performance.now()
    setOf(ids).symbols(0, 48)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('the bytes of symbols', () => {
  test('read back are what was written', () => {
    for (const size of [0, 1, 5, 1000]) {
      const symbols = setOf(drawIds(seededRandom(size), size)).symbols(3, 50)
      expect(decodeSymbols(encodeSymbols(symbols))).toEqual(symbols)
    }
  })

  test('golden bytes of version 1', () => {
    const set = setOf([1n, 0x0123456789abcdefn, 0xffffffffffffffffn].map(small))
    expect(toHex(encodeSymbols(set.symbols(0, 4)))).toMatchInlineSnapshot(
      `"000304fedcba9876543211fedcba9876543211ffffffffffffffff000000000000000072f51c5e72f51c5ea3d9da340000000000020001"`,
    )
  })

  test('take less than 15 bytes for each of a hundred thousand ids’ symbols', () => {
    const bytes = encodeSymbols(setOf(drawIds(seededRandom(6), 100_000)).symbols(0, 48))
    expect(bytes.length / 48).toBeLessThan(15)
  })
})

describe('symbols of a peer that lies', () => {
  const random = seededRandom(66)
  const set = setOf(drawIds(random, 200))

  /** All that may come of it: the end, a wish for more, or a typed error; soon, and with no more ids than symbols. */
  function endure(make: (from: number) => Symbols, steps = 200): void {
    const decoder = new SymbolDecoder(set)
    try {
      for (let step = 0; step < steps; step++) if (decoder.add(make(decoder.length)) === 'done') return
    } catch (error) {
      expect(isJoineryError(error, 'bad-message') || isJoineryError(error, 'limit'), String(error)).toBe(true)
    }
    expect(decoder.ours.length + decoder.theirs.length).toBeLessThanOrEqual(decoder.length)
  }

  function noise(from: number, length: number): Symbols {
    const column = (): Uint32Array => Uint32Array.from({ length }, () => random.unit() * 2 ** 32)
    const counts = Int32Array.from({ length }, () => random.unit() * 300)
    return { from, length, size: 300, highs: column(), lows: column(), checks: column(), counts }
  }

  test('random columns, and right ones with lying counts, come to an end', () => {
    endure((from) => noise(from, 100))
    endure((from) => ({ ...set.symbols(from, from + 50), counts: noise(from, 50).counts }))
    const near = setOf(drawIds(random, 40))
    for (let i = 0; i < 50; i++)
      endure((from) => {
        const symbols = near.symbols(from, from + 60)
        const at = Math.floor(random.unit() * 60)
        symbols.lows[at] = (symbols.lows[at] as number) ^ 1
        return symbols
      })
  })

  test('an id that is planted in symbols it is no part of does not go round for ever', () => {
    // Each symbol holds one id alone, by its right check: taking it out of the others plants it there again.
    const planted = drawIds(random, 64)
    endure((from) => {
      const { highs, lows, checks, counts } = set.symbols(from, from + 64)
      for (let i = 0; i < 64; i++) {
        const { high, low } = planted[i % 2] as ShortId
        highs[i] = (highs[i] as number) ^ high
        lows[i] = (lows[i] as number) ^ low
        checks[i] = (checks[i] as number) ^ new SipHash(key).ofId(high, low).low
        counts[i] = (counts[i] as number) + (i & 1 ? 1 : -1)
      }
      return { from, length: 64, size: 264, highs, lows, checks, counts }
    })
  })

  test('endless symbols end at the limit', () => {
    const decoder = new SymbolDecoder(set)
    const step = 8192
    const endless = (): void => {
      for (;;) decoder.add(noise(decoder.length, step))
    }
    expect(endless).toThrow(expect.objectContaining({ code: 'limit' }))
    expect(decoder.length).toBeLessThanOrEqual(limits.symbols)
  })

  test('symbols that skip some, repeat some, or contradict one another are refused', () => {
    const decoder = new SymbolDecoder(set)
    expect(() => decoder.add(set.symbols(1, 3))).toThrow(expect.objectContaining({ code: 'bad-message' }))
    const other = set.symbols(0, 8)
    other.lows[5] = (other.lows[5] as number) ^ 1
    expect(() => new SymbolDecoder(set).add(other)).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })

  test('any bytes give symbols or a typed error; numbers that lie make nothing', () => {
    const bytes = encodeSymbols(set.symbols(0, 10))
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      for (const input of [flipped, flipped.subarray(0, bit >> 3)]) {
        try {
          decodeSymbols(input)
        } catch (error) {
          expect(isJoineryError(error, 'bad-message'), String(error)).toBe(true)
        }
      }
    }
    expect(() => decodeSymbols(Uint8Array.of(0, 5, 0xff, 0xff, 3))).toThrow()
  })
})
