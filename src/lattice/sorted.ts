// Ascending lists without doubles: sets and maps as plain data. Equal content is equal text, a join is one merge, and any string may
// be a key, since none is ever the key of an object.

import { refuse } from './plain.ts'

export type Compare<T> = (a: T, b: T) => number

/** What becomes of an item that stands in one list only, or in both. What is left out, or gives undefined, goes. */
export interface Pick<T, R> {
  readonly ours?: (item: T) => R | undefined
  readonly theirs?: (item: T) => R | undefined
  readonly both?: (ours: T, theirs: T) => R | undefined
}

/** Walks two ascending lists as one. */
export function combine<T, R>(a: readonly T[], b: readonly T[], compare: Compare<T>, pick: Pick<T, R>): readonly R[] {
  const out: R[] = []
  const put = (item: R | undefined): void => {
    if (item !== undefined) out.push(item)
  }
  let ours = 0
  let theirs = 0
  while (ours < a.length || theirs < b.length) {
    const [x, y] = [a[ours], b[theirs]]
    const order = x === undefined ? 1 : y === undefined ? -1 : compare(x, y)
    if (order <= 0) ours++
    if (order >= 0) theirs++
    if (order === 0 && x !== undefined && y !== undefined) put(pick.both?.(x, y))
    else if (order < 0 && x !== undefined) put(pick.ours?.(x))
    else if (y !== undefined) put(pick.theirs?.(y))
  }
  return out
}

export function union<T>(a: readonly T[], b: readonly T[], compare: Compare<T>): readonly T[] {
  return combine(a, b, compare, { ours: (item) => item, theirs: (item) => item, both: (item) => item })
}

export function minus<T>(a: readonly T[], b: readonly T[], compare: Compare<T>): readonly T[] {
  return combine(a, b, compare, { ours: (item) => item })
}

/** The item for which `at` is 0, found by halving. `at` is negative for items that stand before it. */
export function find<T>(items: readonly T[], at: (item: T) => number): T | undefined {
  let start = 0
  let end = items.length
  while (start < end) {
    const middle = (start + end) >>> 1
    const item = items[middle]
    if (item === undefined) return undefined
    const order = at(item)
    if (order === 0) return item
    if (order < 0) start = middle + 1
    else end = middle
  }
  return undefined
}

export function has<T>(items: readonly T[], item: T, compare: Compare<T>): boolean {
  return find(items, (other) => compare(other, item)) !== undefined
}

/** The list itself, checked to be ascending and without doubles. */
export function ascending<T>(items: readonly T[], compare: Compare<T>, what: string): readonly T[] {
  for (const [index, item] of items.entries()) {
    const before = items[index - 1]
    if (index > 0 && before !== undefined && compare(before, item) >= 0)
      refuse(`${what} ascend and have no doubles; item ${index} does not stand after the one before it`)
  }
  return items
}

/** The items in order, each once. */
export function distinct<T>(items: readonly T[], compare: Compare<T>): readonly T[] {
  const out: T[] = []
  for (const item of items.toSorted(compare)) {
    const last = out.at(-1)
    if (last === undefined || compare(last, item) !== 0) out.push(item)
  }
  return out
}

/** By UTF-16 code units: the same on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
