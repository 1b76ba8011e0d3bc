// Sets of events as ranges, beside their slow twin: a plain set of numbers, compared after every operation.

import { seededRandom } from 'joinery/lattice'
import { expect, test } from 'vitest'
import {
  type Dot,
  dotsOf,
  hasDot,
  joinDots,
  leqDots,
  minusDots,
  nextDot,
} from '../../src/lattice/dotted-version-vector.ts'
import { decodeRanges, minusRanges, type Ranges, unionRanges } from '../../src/lattice/ranges.ts'
import { below } from './all.ts'

const end = 14

function members(ranges: Ranges): ReadonlySet<number> {
  return new Set(ranges.flatMap(([start, stop]) => Array.from({ length: stop - start }, (_, index) => start + index)))
}

function ofMembers(numbers: Iterable<number>): Ranges {
  return unionRanges(
    [...numbers].map((number) => [number, number + 1] as const),
    [],
  )
}

test('ranges are the sets they stand for, joined and taken apart', () => {
  const random = seededRandom(1)
  const some = (): Set<number> => new Set(Array.from({ length: below(random, end) }, () => below(random, end)))
  for (let run = 0; run < 5000; run++) {
    const [a, b] = [some(), some()]
    const [rangesA, rangesB] = [ofMembers(a), ofMembers(b)]
    expect(members(rangesA)).toEqual(new Set([...a].sort((x, y) => x - y)))
    expect(unionRanges(rangesA, rangesB)).toEqual(ofMembers([...a, ...b]))
    expect(minusRanges(rangesA, rangesB)).toEqual(ofMembers([...a].filter((number) => !b.has(number))))
    if (a.size > 0) expect(decodeRanges(rangesA, 'a set')).toEqual(rangesA)
  }
})

test('dots are the sets they stand for, replica by replica', () => {
  const random = seededRandom(2)
  const some = (): Dot[] =>
    Array.from({ length: below(random, 8) }, () => [['a', '__proto__', 'b'][below(random, 3)] ?? 'a', below(random, 5)])
  for (let run = 0; run < 3000; run++) {
    const [a, b] = [some(), some()]
    const has = (list: readonly Dot[], dot: Dot): boolean =>
      list.some(([replica, seq]) => replica === dot[0] && seq === dot[1])
    const [dotsA, dotsB] = [dotsOf(a), dotsOf(b)]
    expect(joinDots(dotsA, dotsB)).toEqual(dotsOf([...a, ...b]))
    expect(minusDots(dotsA, dotsB)).toEqual(dotsOf(a.filter((dot) => !has(b, dot))))
    expect(leqDots(dotsA, dotsB)).toBe(a.every((dot) => has(b, dot)))
    for (const dot of b) expect(hasDot(dotsA, dot)).toBe(has(a, dot))
    expect(hasDot(dotsA, nextDot(dotsA, 'a'))).toBe(false)
  }
})

test('half a million dots of one replica without a hole are one range', () => {
  const dots = Array.from({ length: 500_000 }, (_, seq): Dot => ['a', seq])
  expect(dotsOf(dots.reverse())).toEqual([['a', [[0, 500_000]]]])
})
