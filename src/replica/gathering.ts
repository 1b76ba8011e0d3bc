// What one receive() gathers. Lists are made when something is put in them: most often it is one change, of which nobody wants to hear.

import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { PatchEvent } from '../crdt/patch.ts'
import type { Stretch } from './entering.ts'
import type { Origin, Refusal } from './received.ts'

/** A range of which the ops from `fromSeq` on are newly held. */
export interface Held {
  readonly range: SignedRange
  readonly branch: number
  readonly fromSeq: number
}

export class Gathering {
  readonly origin: Origin
  /** The value before, if it was made. */
  readonly before: unknown
  /** How many ops are merged, or to be merged. */
  merged = 0
  #held: Held[] | undefined
  #events: PatchEvent[] | undefined
  #refused: Refusal[] | undefined
  #forked: ActorId[] | undefined
  #first: Stretch | undefined
  #stretches: Stretch[] | undefined

  constructor(origin: Origin, before: unknown) {
    this.origin = origin
    this.before = before
  }

  get held(): readonly Held[] {
    return this.#held ?? none
  }

  get events(): readonly PatchEvent[] {
    return this.#events ?? none
  }

  get refused(): readonly Refusal[] {
    return this.#refused ?? none
  }

  get forked(): readonly ActorId[] {
    return this.#forked ?? none
  }

  /** Held, and to be merged at the end, all at once; if there is but one, `first` says it without a list. */
  get stretches(): readonly Stretch[] {
    return this.#stretches ?? none
  }

  get first(): Stretch | undefined {
    return this.#stretches === undefined ? this.#first : undefined
  }

  hold(held: Held): void {
    this.#held ??= []
    this.#held.push(held)
  }

  tell(event: PatchEvent): void {
    this.#events ??= []
    this.#events.push(event)
  }

  refuse(refusal: Refusal): void {
    this.#refused ??= []
    this.#refused.push(refusal)
  }

  fork(actor: ActorId): void {
    this.#forked ??= []
    this.#forked.push(actor)
  }

  add(stretch: Stretch): void {
    if (this.#stretches !== undefined) this.#stretches.push(stretch)
    else if (this.#first === undefined) this.#first = stretch
    else this.#stretches = [this.#first, stretch]
  }
}

const none: readonly never[] = []
