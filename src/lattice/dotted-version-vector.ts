// A set of events, each named by a dot (replica, seq): a version vector that may have holes. Seqs count 0, 1, 2 …; the range of a
// replica that begins at 0 is its entry in the plain vector, whatever lies beyond are the dots. A dot joins the vector by itself as soon
// as those before it are there: the state is compact whenever nothing is missing.
//
// Preguiça, Baquero, Almeida, Fonte & Gonçalves 2010, Dotted version vectors: logical clocks for optimistic replication (and the brief
// announcement at PODC 2012) pair a vector with one dot, to name one version. A join needs many dots: the causal context of
// delta-state types (Almeida, Shoker & Baquero 2018). Ranges in place of single dots are the interval version vectors of Mukund,
// Shenoy & Suresh 2014, Optimized OR-sets without ordering constraints.

import { JoineryError } from '../base/errors.ts'
import { decodeEntries, diffEntries, type Entries, type Entry, joinEntries, leqEntries, valueAt } from './entries.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { count, name, refuseCommand, tuple } from './plain.ts'
import { decodeRanges, minusRanges, type Range, type Ranges, unionRanges } from './ranges.ts'
import { compareText, find } from './sorted.ts'
import type { TickCommand } from './version-vector.ts'

/** One event: the seq-th of its replica, counted from 0. */
export type Dot = readonly [replica: string, seq: number]

/** Events, by replica. */
export type Dots = Entries<Ranges>

/**
 * A set of events, as exact as a list of dots and as small as a version vector where nothing is missing.
 *
 * @example
 * import { dottedVersionVector as dvv, update } from 'joinery/lattice'
 * const first = dvv.delta(dvv.bottom, { type: 'tick' }, 'a')
 * const second = dvv.delta(first, { type: 'tick' }, 'a')
 * console.log(second)                  // [ [ 'a', [ [ 1, 2 ] ] ] ]: the second event, the first is not here yet
 * console.log(dvv.join(second, first)) // [ [ 'a', [ [ 0, 2 ] ] ] ]: both, as a vector
 */
export const dottedVersionVector: Lattice<Dots, TickCommand, Dots, Dot> = defineLattice({
  name: 'dotted version vector',
  delivery: { order: 'any', repeats: 'allowed' },
  bottom: [],
  join: joinDots,
  leq: leqDots,
  value: (state) => state,
  delta: (state, command, replica) => dotsOf([tick(state, command, replica)]),
  diff: minusDots,
  prepare: tick,
  effect: (state, dot) => joinDots(state, dotsOf([dot])),
  decode: (data) => decodeDots(data, 'a dotted version vector'),
  decodeOp: decodeDot,
})

function tick(state: Dots, command: TickCommand, replica: string): Dot {
  if (command.type !== 'tick') return refuseCommand(command.type)
  return nextDot(state, replica)
}

/** True if this event is among them. */
export function hasDot(dots: Dots, [replica, seq]: Dot): boolean {
  const ranges = valueAt(dots, replica) ?? []
  return find(ranges, ([start, end]) => (seq < start ? 1 : seq >= end ? -1 : 0)) !== undefined
}

/** The next event of a replica, beyond every one known. */
export function nextDot(dots: Dots, replica: string): Dot {
  const seq = valueAt(dots, replica)?.at(-1)?.[1] ?? 0
  if (seq >= Number.MAX_SAFE_INTEGER)
    throw new JoineryError('limit', `${replica} has had ${seq} events, no more can be named`)
  return [replica, seq]
}

/** How many events of each replica are known without a hole: the plain version vector beneath. */
export function vectorOf(dots: Dots): Entries<number> {
  return dots.flatMap(([replica, [first]]): Entries<number> => (first?.[0] === 0 ? [[replica, first[1]]] : []))
}

export function joinDots(a: Dots, b: Dots): Dots {
  return joinEntries(a, b, unionRanges)
}

export function leqDots(a: Dots, b: Dots): boolean {
  return leqEntries(a, b, (ours, theirs) => minusRanges(ours, theirs).length === 0)
}

/** The events of `a` that are not among `b`'s. */
export function minusDots(a: Dots, b: Dots): Dots {
  return diffEntries(a, b, (ours, theirs) => {
    const rest = minusRanges(ours, theirs)
    return rest.length > 0 ? rest : undefined
  })
}

export function dotsOf(list: readonly Dot[]): Dots {
  const byReplica = Map.groupBy(list, ([replica]) => replica)
  return [...byReplica]
    .map(([replica, dots]): Entry<Ranges> => {
      const single = dots.map(([, seq]): Range => [seq, seq + 1])
      return [replica, unionRanges(single, [])]
    })
    .sort(([a], [b]) => compareText(a, b))
}

export function compareDots(
  a: readonly [string, number, ...unknown[]],
  b: readonly [string, number, ...unknown[]],
): number {
  return compareText(a[0], b[0]) || a[1] - b[1]
}

export function decodeDots(data: unknown, what: string): Dots {
  return decodeEntries(data, (ranges) => decodeRanges(ranges, what), what)
}

export function decodeDot(data: unknown): Dot {
  const [replica, seq] = tuple(data, 2, 'a dot')
  return [name(replica, 'the name of a replica'), decodeSeq(seq)]
}

export function decodeSeq(data: unknown): number {
  const seq = count(data, 'a seq')
  if (seq >= Number.MAX_SAFE_INTEGER) throw new JoineryError('limit', `a seq is less than ${seq}`)
  return seq
}
