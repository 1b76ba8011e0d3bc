// A counter that goes both ways: two that only grow, one for what was added and one for what was taken away. A single one would
// not do: after a replica has gone up and down, a join that takes the greater number would undo the way down.
// Shapiro et al. 2011, section 3.1.3 (PN-Counter).

import { type Counts, decodeCounts, diffCounts, joinCounts, leqCounts } from './entries.ts'
import { counted } from './g-counter.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { name, record, refuse, refuseCommand, show, sum } from './plain.ts'

export interface PnCounterState {
  readonly added: Counts
  readonly removed: Counts
}

export interface PnCounterCommand {
  readonly type: 'add'
  /** Negative to take away. */
  readonly by: number
}

/** So much was added by that replica, or taken away. Adding is commutative, not idempotent. */
export interface PnCounterOp {
  readonly replica: string
  readonly by: number
}

/**
 * Counts up and down, exactly: a value or a part of it beyond the safe integers is a JoineryError 'limit'.
 *
 * @example
 * import { pnCounter, update } from 'joinery/lattice'
 * const up = update(pnCounter, pnCounter.bottom, { type: 'add', by: 3 }, 'a')
 * console.log(pnCounter.value(update(pnCounter, up, { type: 'add', by: -1 }, 'a'))) // 2
 */
export const pnCounter: Lattice<PnCounterState, PnCounterCommand, number, PnCounterOp> = defineLattice({
  name: 'pn-counter',
  delivery: { order: 'any', repeats: 'never' },
  bottom: { added: [], removed: [] },
  join,
  leq: (a, b) => leqCounts(a.added, b.added) && leqCounts(a.removed, b.removed),
  value: ({ added, removed }) =>
    sum([...added.map(([, up]) => up), ...removed.map(([, down]) => -down)], 'the value of a counter'),
  delta: (state, command, replica) => moved(state, replica, amount(command)),
  diff: (newer, older) => ({
    added: diffCounts(newer.added, older.added),
    removed: diffCounts(newer.removed, older.removed),
  }),
  prepare: (_, command, replica) => ({ replica, by: amount(command) }),
  effect: (state, { replica, by }) => join(state, moved(state, replica, by)),
  decode(data) {
    const { added, removed } = record(data, ['added', 'removed'], 'a counter')
    return { added: decodeCounts(added, 'what was added'), removed: decodeCounts(removed, 'what was taken away') }
  },
  decodeOp(data) {
    const { replica, by } = record(data, ['replica', 'by'], 'an op of a counter')
    return { replica: name(replica, 'the name of a replica'), by: whole(by) }
  },
})

function join(a: PnCounterState, b: PnCounterState): PnCounterState {
  return { added: joinCounts(a.added, b.added), removed: joinCounts(a.removed, b.removed) }
}

function moved({ added, removed }: PnCounterState, replica: string, by: number): PnCounterState {
  return { added: counted(added, replica, Math.max(by, 0)), removed: counted(removed, replica, Math.max(-by, 0)) }
}

function amount(command: PnCounterCommand): number {
  if (command.type !== 'add') return refuseCommand(command.type)
  return whole(command.by)
}

function whole(data: unknown): number {
  if (typeof data !== 'number' || !Number.isSafeInteger(data))
    return refuse(`what is added is a safe integer, not ${show(data)}`)
  return data + 0
}
