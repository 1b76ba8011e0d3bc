// Who made an op, when in the order of things, and what its author had seen.

import type { Seen } from '../core/seen.ts'

export interface Stamp {
  readonly actor: number
  /** The op's first seq. */
  readonly seq: number
  /** Lamport time of that unit. */
  readonly lamport: number
  /** What its author had of the others: shared between consecutive changes, since only the own seq grows. */
  readonly base: Seen
}

/** How many ops of `actor` the op's author had seen. */
export function seenOf(stamp: Stamp, actor: number): number {
  return actor === stamp.actor ? stamp.seq : stamp.base.get(actor)
}

/** Whether the op's author had seen op `seq` of `actor`. */
export function observes(stamp: Stamp, actor: number, seq: number): boolean {
  return seq < seenOf(stamp, actor)
}
