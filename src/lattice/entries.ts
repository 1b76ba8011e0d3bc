// Maps as plain data: pairs of a key and a value, ascending by key. Counts by replica are the commonest of them.

import { list, name, positive, tuple } from './plain.ts'
import { ascending, combine, compareText, find } from './sorted.ts'

export type Entry<T> = readonly [key: string, value: T]
export type Entries<T> = readonly Entry<T>[]

/** A number for each replica that has one. No entry means 0. */
export type Counts = Entries<number>

function compareEntries(a: Entry<unknown>, b: Entry<unknown>): number {
  return compareText(a[0], b[0])
}

export function valueAt<T>(entries: Entries<T>, key: string): T | undefined {
  return find(entries, (entry) => compareText(entry[0], key))?.[1]
}

/** Pointwise: a product of lattices is a lattice. */
export function joinEntries<T>(a: Entries<T>, b: Entries<T>, join: (a: T, b: T) => T): Entries<T> {
  return combine<Entry<T>, Entry<T>>(a, b, compareEntries, {
    ours: (entry) => entry,
    theirs: (entry) => entry,
    both: ([key, ours], [, theirs]) => [key, join(ours, theirs)],
  })
}

export function leqEntries<T>(a: Entries<T>, b: Entries<T>, leq: (a: T, b: T) => boolean): boolean {
  const beyond = combine<Entry<T>, string>(a, b, compareEntries, {
    ours: ([key]) => key,
    both: ([key, ours], [, theirs]) => (leq(ours, theirs) ? undefined : key),
  })
  return beyond.length === 0
}

/** The entries of `newer` that `older` has not; `diff` says what of a value both have, or undefined for nothing. */
export function diffEntries<T>(
  newer: Entries<T>,
  older: Entries<T>,
  diff: (newer: T, older: T) => T | undefined,
): Entries<T> {
  return combine<Entry<T>, Entry<T>>(newer, older, compareEntries, {
    ours: (entry) => entry,
    both: ([key, ours], [, theirs]) => {
      const more = diff(ours, theirs)
      return more === undefined ? undefined : [key, more]
    },
  })
}

export function decodeEntries<T>(data: unknown, decode: (data: unknown) => T, what: string): Entries<T> {
  const entries = list(data, what).map((item): Entry<T> => {
    const [key, value] = tuple(item, 2, `an entry of ${what}`)
    return [name(key, `a key of ${what}`), decode(value)]
  })
  return ascending(entries, compareEntries, `the keys of ${what}`)
}

// --- counts ---

export function countAt(counts: Counts, replica: string): number {
  return valueAt(counts, replica) ?? 0
}

export function joinCounts(a: Counts, b: Counts): Counts {
  return joinEntries(a, b, Math.max)
}

export function leqCounts(a: Counts, b: Counts): boolean {
  return leqEntries(a, b, (ours, theirs) => ours <= theirs)
}

export function diffCounts(newer: Counts, older: Counts): Counts {
  return diffEntries(newer, older, (ours, theirs) => (ours > theirs ? ours : undefined))
}

export function decodeCounts(data: unknown, what: string): Counts {
  return decodeEntries(data, (number) => positive(number, `a number of ${what}`), what)
}
