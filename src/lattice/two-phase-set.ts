// A set in which every element lives once: absent, then present, then removed for good. Shapiro et al. 2011, section 3.3.2 (2P-Set).
// As there, only what is present can be removed: a remove of anything else does nothing. Unlike there, an element that was removed is
// no longer kept among the added ones: three steps up one ladder are enough.

import { decodeElements } from './g-set.ts'
import type { Kind } from './kind.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { record, refuse, refuseCommand, show } from './plain.ts'
import { has, minus, union } from './sorted.ts'

export interface TwoPhaseState<T> {
  readonly present: readonly T[]
  /** Kept for ever, so that no late add brings them back. */
  readonly removed: readonly T[]
}

export interface TwoPhaseCommand<T> {
  readonly type: 'add' | 'remove'
  readonly element: T
}

/** 'nothing' is a remove of what was not there. */
export type TwoPhaseOp<T> = { readonly type: 'add' | 'remove'; readonly element: T } | { readonly type: 'nothing' }

/**
 * A set whose elements come once and go once: for ids that are never used again. Removed beats added, whatever came first.
 *
 * @example
 * import { kinds, twoPhaseSet, update } from 'joinery/lattice'
 * const orders = twoPhaseSet(kinds.number)
 * const open = update(orders, orders.bottom, { type: 'add', element: 17 }, 'a')
 * const done = update(orders, open, { type: 'remove', element: 17 }, 'a')
 * console.log(orders.value(orders.join(done, open))) // []
 */
export function twoPhaseSet<T>(
  kind: Kind<T>,
): Lattice<TwoPhaseState<T>, TwoPhaseCommand<T>, readonly T[], TwoPhaseOp<T>> {
  const plus = (a: readonly T[], b: readonly T[]): readonly T[] => union(a, b, kind.compare)
  const without = (a: readonly T[], b: readonly T[]): readonly T[] => minus(a, b, kind.compare)
  const join = (a: TwoPhaseState<T>, b: TwoPhaseState<T>): TwoPhaseState<T> => {
    const removed = plus(a.removed, b.removed)
    return { present: without(plus(a.present, b.present), removed), removed }
  }
  const prepare = ({ present }: TwoPhaseState<T>, { type, element: data }: TwoPhaseCommand<T>): TwoPhaseOp<T> => {
    const element = kind.check(data)
    if (type === 'add') return { type, element }
    if (type === 'remove') return has(present, element, kind.compare) ? { type, element } : { type: 'nothing' }
    return refuseCommand(type)
  }
  return defineLattice<TwoPhaseState<T>, TwoPhaseCommand<T>, readonly T[], TwoPhaseOp<T>>({
    name: `2p-set of ${kind.name}`,
    delivery: { order: 'any', repeats: 'allowed' },
    bottom: nothing,
    join,
    leq: (a, b) =>
      without(a.removed, b.removed).length === 0 && without(a.present, plus(b.present, b.removed)).length === 0,
    value: ({ present }) => present,
    delta: (state, command) => asState(prepare(state, command)),
    diff: (newer, older) => ({
      present: without(newer.present, plus(older.present, older.removed)),
      removed: without(newer.removed, older.removed),
    }),
    prepare,
    effect: (state, op) => join(state, asState(op)),
    decode(data) {
      const fields = record(data, ['present', 'removed'], 'a 2P-set')
      const present = decodeElements(fields.present, kind, 'what is present')
      const removed = decodeElements(fields.removed, kind, 'what was removed')
      if (without(present, removed).length < present.length) refuse('an element is present or removed, not both')
      return { present, removed }
    },
    decodeOp: (data) => decodeOp(data, kind),
  })
}

const nothing = { present: [], removed: [] }

function asState<T>(op: TwoPhaseOp<T>): TwoPhaseState<T> {
  if (op.type === 'nothing') return nothing
  return op.type === 'add' ? { present: [op.element], removed: [] } : { present: [], removed: [op.element] }
}

function decodeOp<T>(data: unknown, kind: Kind<T>): TwoPhaseOp<T> {
  const { type } = Object(data)
  if (type === 'nothing') {
    record(data, ['type'], 'an op of a 2P-set')
    return { type }
  }
  if (type !== 'add' && type !== 'remove') return refuse(`an op of a 2P-set is no ${show(type)}`)
  return { type, element: kind.check(record(data, ['type', 'element'], 'an op of a 2P-set').element) }
}
