// Sets of integers as half-open ranges, ascending, with a gap between any two: {0, 1, 2, 5} is [0, 3) [5, 6).

import { count, list, refuse, tuple } from './plain.ts'

export type Range = readonly [start: number, end: number]
export type Ranges = readonly Range[]

export function unionRanges(a: Ranges, b: Ranges): Ranges {
  const out: [number, number][] = []
  for (const [start, end] of [...a, ...b].sort((x, y) => x[0] - y[0])) {
    const last = out.at(-1)
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end)
    else out.push([start, end])
  }
  return out
}

export function minusRanges(a: Ranges, b: Ranges): Ranges {
  const out: Range[] = []
  let index = 0
  for (const [start, end] of a) {
    let from = start
    while ((b[index]?.[1] ?? Number.POSITIVE_INFINITY) <= start) index++
    for (let at = index; from < end; at++) {
      const [holeStart, holeEnd] = b[at] ?? [end, end]
      if (from < Math.min(holeStart, end)) out.push([from, Math.min(holeStart, end)])
      from = holeEnd
      if (holeStart >= end) break
    }
  }
  return out
}

export function decodeRanges(data: unknown, what: string): Ranges {
  let last = -1
  const ranges = list(data, what).map((item): Range => {
    const [a, b] = tuple(item, 2, `a range of ${what}`)
    const [start, end] = [count(a, 'the start of a range'), count(b, 'the end of a range')]
    if (start <= last || end <= start) refuse(`the ranges of ${what} ascend with a gap between any two`)
    last = end
    return [start, end]
  })
  return ranges.length > 0 ? ranges : refuse(`${what} has at least one range`)
}
