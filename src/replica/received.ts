// What came of receiving, and of local changes: the same shape, so that nobody above need tell them apart.

import type { JoineryError } from '../base/errors.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { PatchEvent } from '../crdt/patch.ts'
import type { History } from './history.ts'

export type Origin = 'local' | 'gossip' | 'sync' | 'store' | 'tab'

export interface Refusal {
  readonly range: SignedRange
  readonly error: JoineryError
}

/** What came of receiving. */
export interface Received {
  /** What is newly held, trimmed to what is new: to be journaled. */
  readonly held: readonly SignedRange[]
  /** How many ops were merged into the value. */
  readonly merged: number
  /** One for each change that altered the value; only if `listening`. */
  readonly events: readonly PatchEvent[]
  readonly refused: readonly Refusal[]
  /** Whether `value` may be another one now. */
  readonly changed: boolean
  /** Actors of whom it was found that they had made different ops under one name: both sides are held. */
  readonly forked: readonly ActorId[]
}

/** What waits for ops that are not here. */
export interface Pending {
  readonly ops: number
  readonly bytes: number
  readonly missing: readonly Dot[]
}

const none: readonly never[] = []

export const nothingReceived: Received = {
  held: none,
  merged: 0,
  events: none,
  refused: none,
  changed: false,
  forked: none,
}

/** Ops were merged, and nobody listens. */
export function strokesReceived(merged: number, changed: boolean): Received {
  if (merged === 1 && changed) return oneReceived
  return { held: none, merged, events: none, refused: none, changed, forked: none }
}

const oneReceived: Received = { ...nothingReceived, merged: 1, changed: true }

export const nothingPending: Pending = { ops: 0, bytes: 0, missing: none }

/** A local change. Its bytes and hash are made only if somebody asks. */
export class LocalReceived implements Received {
  readonly merged: number
  readonly events: readonly PatchEvent[]
  readonly refused = none
  readonly forked = none
  readonly changed: boolean
  readonly #history: History
  readonly #branch: number
  readonly #from: number
  readonly #to: number
  #held: readonly SignedRange[] | undefined

  /** The ops [from, to) of a branch, by seq. */
  constructor(
    history: History,
    ops: { readonly branch: number; readonly from: number; readonly to: number },
    events: readonly PatchEvent[],
    changed: boolean,
  ) {
    this.#history = history
    this.#branch = ops.branch
    this.#from = ops.from
    this.#to = ops.to
    this.merged = ops.to - ops.from
    this.events = events
    this.changed = changed
  }

  get held(): readonly SignedRange[] {
    this.#held ??= [this.#history.range(this.#branch, this.#from, this.#to)]
    return this.#held
  }
}
