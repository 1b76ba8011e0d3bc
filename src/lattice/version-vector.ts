// How many events of each replica somebody knows: the lattice beneath the others. One vector says of two states whether one happened
// before the other; it cannot say "the third event, without the second": that is what a dotted one is for.
// Mattern 1989, Virtual time and global states of distributed systems; Parker et al. 1983 for versions of data.

import { type Counts, countAt, decodeCounts, diffCounts, joinCounts, leqCounts } from './entries.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { name, positive, record, refuseCommand, sum } from './plain.ts'

export interface TickCommand {
  readonly type: 'tick'
}

/** That replica has now had so many events. */
export interface VersionVectorOp {
  readonly replica: string
  readonly count: number
}

/**
 * A vector clock. `compare(versionVector, a, b)` says what happened before what.
 *
 * @example
 * import { compare, update, versionVector } from 'joinery/lattice'
 * const atA = update(versionVector, versionVector.bottom, { type: 'tick' }, 'a')
 * const atB = update(versionVector, versionVector.bottom, { type: 'tick' }, 'b')
 * console.log(compare(versionVector, atA, atB)) // concurrent
 */
export const versionVector: Lattice<Counts, TickCommand, Counts, VersionVectorOp> = defineLattice({
  name: 'version vector',
  delivery: { order: 'any', repeats: 'allowed' },
  bottom: [],
  join: joinCounts,
  leq: leqCounts,
  value: (state) => state,
  delta: (state, command, replica) => asState(tick(state, command, replica)),
  diff: diffCounts,
  prepare: tick,
  effect: (state, op) => joinCounts(state, asState(op)),
  decode: (data) => decodeCounts(data, 'a version vector'),
  decodeOp(data) {
    const { replica, count } = record(data, ['replica', 'count'], 'an op of a version vector')
    return { replica: name(replica, 'the name of a replica'), count: positive(count, 'a count of events') }
  },
})

function tick(state: Counts, command: TickCommand, replica: string): VersionVectorOp {
  if (command.type !== 'tick') return refuseCommand(command.type)
  return { replica, count: sum([countAt(state, replica), 1], `the count of ${replica}`) }
}

function asState({ replica, count }: VersionVectorOp): Counts {
  return [[replica, count]]
}
