// A counter that only grows: each replica counts for itself, a join takes the greater count of each, the value is the sum.
// Shapiro et al. 2011, section 3.1.2 (state-based increment-only counter); its delta is one entry, as in Almeida et al. 2018.

import { type Counts, countAt, decodeCounts, diffCounts, joinCounts, leqCounts } from './entries.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { count, name, positive, record, refuseCommand, sum } from './plain.ts'

export interface GCounterCommand {
  readonly type: 'add'
  /** 0 or more. */
  readonly by: number
}

/** So much was added by that replica. Adding is commutative, not idempotent. */
export interface GCounterOp {
  readonly replica: string
  readonly by: number
}

/**
 * Counts what happened, exactly: a sum beyond the safe integers is a JoineryError 'limit'.
 *
 * @example
 * import { gCounter, update } from 'joinery/lattice'
 * const atA = update(gCounter, gCounter.bottom, { type: 'add', by: 2 }, 'a')
 * const atB = update(gCounter, gCounter.bottom, { type: 'add', by: 3 }, 'b')
 * console.log(gCounter.value(gCounter.join(atA, atB))) // 5
 */
export const gCounter: Lattice<Counts, GCounterCommand, number, GCounterOp> = defineLattice({
  name: 'g-counter',
  delivery: { order: 'any', repeats: 'never' },
  bottom: [],
  join: joinCounts,
  leq: leqCounts,
  value: total,
  delta: (state, command, replica) => counted(state, replica, amount(command)),
  diff: diffCounts,
  prepare: (_, command, replica) => ({ replica, by: amount(command) }),
  effect: (state, { replica, by }) => joinCounts(state, counted(state, replica, by)),
  decode: (data) => decodeCounts(data, 'a counter'),
  decodeOp(data) {
    const { replica, by } = record(data, ['replica', 'by'], 'an op of a counter')
    return { replica: name(replica, 'the name of a replica'), by: count(by, 'what is added') }
  },
})

/** The entry of a replica that has counted `by` more; none if it has counted nothing. */
export function counted(counts: Counts, replica: string, by: number): Counts {
  if (by === 0) return []
  return [[replica, positive(sum([countAt(counts, replica), by], `the count of ${replica}`), 'a count')]]
}

export function total(counts: Counts): number {
  return sum(
    counts.map(([, number]) => number),
    'the value of a counter',
  )
}

function amount(command: GCounterCommand): number {
  if (command.type !== 'add') return refuseCommand(command.type)
  return count(command.by, 'what is added')
}
