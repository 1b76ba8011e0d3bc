// The greatest and the least value ever put: the lattices that are nothing but an order. Nothing put yet is null.

import type { Kind } from './kind.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { record, refuseCommand } from './plain.ts'

export interface ExtremeCommand<T> {
  readonly type: 'put'
  readonly value: T
}

/** The state and the op alike: a value in an object, so that null may be one. */
export interface Extreme<T> {
  readonly value: T
}

export type ExtremeLattice<T> = Lattice<Extreme<T> | null, ExtremeCommand<T>, T | null, Extreme<T>>

/**
 * The greatest value put, in the order of its kind.
 *
 * @example
 * import { kinds, max, update } from 'joinery/lattice'
 * const best = max(kinds.number)
 * const state = update(best, best.bottom, { type: 'put', value: 7 }, 'a')
 * console.log(best.value(update(best, state, { type: 'put', value: 3 }, 'b'))) // 7
 */
export function max<T>(kind: Kind<T>): ExtremeLattice<T> {
  return extreme(`max of ${kind.name}`, kind, (a, b) => kind.compare(a, b) >= 0)
}

/** The least value put, in the order of its kind. */
export function min<T>(kind: Kind<T>): ExtremeLattice<T> {
  return extreme(`min of ${kind.name}`, kind, (a, b) => kind.compare(a, b) <= 0)
}

function extreme<T>(name: string, kind: Kind<T>, wins: (a: T, b: T) => boolean): ExtremeLattice<T> {
  const join = (a: Extreme<T> | null, b: Extreme<T> | null): Extreme<T> | null => {
    if (a === null || b === null) return a ?? b
    return wins(a.value, b.value) ? a : b
  }
  const put = (command: ExtremeCommand<T>): Extreme<T> => {
    if (command.type !== 'put') return refuseCommand(command.type)
    return { value: kind.check(command.value) }
  }
  const decode = (data: unknown): Extreme<T> => ({ value: kind.check(record(data, ['value'], name).value) })
  return defineLattice<Extreme<T> | null, ExtremeCommand<T>, T | null, Extreme<T>>({
    name,
    delivery: { order: 'any', repeats: 'allowed' },
    bottom: null,
    join,
    leq: (a, b) => a === null || (b !== null && wins(b.value, a.value)),
    value: (state) => (state === null ? null : state.value),
    delta: (_, command) => put(command),
    diff: (newer, older) => (newer === null || (older !== null && wins(older.value, newer.value)) ? null : newer),
    prepare: (_, command) => put(command),
    effect: join,
    decode: (data) => (data === null ? null : decode(data)),
    decodeOp: decode,
  })
}
