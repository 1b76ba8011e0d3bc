// What a set or a register may hold: how such a value is checked, and in which order values stand. The order breaks ties and keeps
// states canonical, so it is total: compare gives 0 for equal values only.

import { finite, type Json, json, refuse, show, wellFormed } from './plain.ts'
import { compareText } from './sorted.ts'

export interface Kind<T> {
  readonly name: string
  /** The value as it is kept, or a JoineryError 'bad-value'. Never undefined. */
  check(data: unknown): T
  compare(a: T, b: T): number
}

/** Well-formed strings, by UTF-16 code units. */
const string: Kind<string> = {
  name: 'string',
  check: (data) => wellFormed(data, 'a value'),
  compare: compareText,
}

/** Finite numbers. -0 is 0. */
const number: Kind<number> = {
  name: 'number',
  check: (data) => finite(data, 'a value'),
  compare: (a, b) => a - b,
}

const boolean: Kind<boolean> = {
  name: 'boolean',
  check: (data) => (typeof data === 'boolean' ? data : refuse(`a value is true or false, not ${show(data)}`)),
  compare: (a, b) => Number(a) - Number(b),
}

/** Whatever JSON can say, kept whole and never merged inside; by its text. */
const anyJson: Kind<Json> = {
  name: 'json',
  check: (data) => json(data, 'a value'),
  compare: (a, b) => compareText(JSON.stringify(a), JSON.stringify(b)),
}

/**
 * The kinds at hand. Any other object with `check` and `compare` will do as well.
 *
 * @example
 * import { kinds, orSet } from 'joinery/lattice'
 * const tags = orSet(kinds.string)
 */
export const kinds = Object.freeze({ string, number, boolean, json: anyJson })
