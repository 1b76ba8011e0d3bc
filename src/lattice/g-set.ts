// A set that only grows: the join is the union. Shapiro et al. 2011, section 3.3.1 (G-Set).

import type { Kind } from './kind.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { list, record, refuseCommand } from './plain.ts'
import { ascending, minus, union } from './sorted.ts'

export interface GSetCommand<T> {
  readonly type: 'add'
  readonly element: T
}

export interface GSetOp<T> {
  readonly element: T
}

/**
 * A set from which nothing is ever removed.
 *
 * @example
 * import { gSet, kinds, update } from 'joinery/lattice'
 * const visitors = gSet(kinds.string)
 * console.log(visitors.value(update(visitors, visitors.bottom, { type: 'add', element: 'Ada' }, 'a'))) // [ 'Ada' ]
 */
export function gSet<T>(kind: Kind<T>): Lattice<readonly T[], GSetCommand<T>, readonly T[], GSetOp<T>> {
  const element = (command: GSetCommand<T>): T => {
    if (command.type !== 'add') return refuseCommand(command.type)
    return kind.check(command.element)
  }
  return defineLattice<readonly T[], GSetCommand<T>, readonly T[], GSetOp<T>>({
    name: `g-set of ${kind.name}`,
    delivery: { order: 'any', repeats: 'allowed' },
    bottom: [],
    join: (a, b) => union(a, b, kind.compare),
    leq: (a, b) => minus(a, b, kind.compare).length === 0,
    value: (state) => state,
    delta: (state, command) => minus([element(command)], state, kind.compare),
    diff: (newer, older) => minus(newer, older, kind.compare),
    prepare: (_, command) => ({ element: element(command) }),
    effect: (state, op) => union(state, [op.element], kind.compare),
    decode: (data) => decodeElements(data, kind, 'a set'),
    decodeOp: (data) => ({ element: kind.check(record(data, ['element'], 'an op of a set').element) }),
  })
}

export function decodeElements<T>(data: unknown, kind: Kind<T>, what: string): readonly T[] {
  const elements = list(data, what).map((item) => kind.check(item))
  return ascending(elements, kind.compare, `the elements of ${what}`)
}
