// One copy of one document on one peer: the one door by which every change enters (Invariant 4).

import { JoineryError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { PatchEvent } from '../crdt/patch.ts'
import type { Draft, Value } from '../crdt/types.ts'

export type Origin = 'local' | 'gossip' | 'sync' | 'store' | 'tab'

export interface ReplicaOptions {
  /** Names the document in its chains: the same on every peer, unlike for every two documents. */
  readonly docTag: Uint8Array
  readonly actor: ActorId
  /** Wall time in milliseconds, for people to read in the history. */
  readonly now: () => number
  readonly trace?: Trace
}

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
}

/** What waits for ops that are not here. */
export interface Pending {
  readonly ops: number
  readonly bytes: number
  readonly missing: readonly Dot[]
}

/** The end of an actor's chain: `seq` ops, and the hash after the last. */
export interface Tip {
  readonly seq: number
  readonly hash: Uint8Array
}

export class Replica<T = unknown> {
  listening = false

  constructor(options: ReplicaOptions) {
    void options
  }

  get value(): Value<T> {
    return todo()
  }

  get version(): Version {
    return todo()
  }

  get merged(): Version {
    return todo()
  }

  get pending(): Pending {
    return todo()
  }

  get missing(): readonly Dot[] {
    return this.pending.missing
  }

  receive(_ranges: readonly SignedRange[], _options: { readonly origin: Origin }): Received {
    return todo()
  }

  change<R>(
    _fn: (draft: Draft<T>) => R,
    _options: { readonly message?: string } = {},
  ): { readonly result: R; readonly received: Received } {
    return todo()
  }

  init(_value: object): Received {
    return todo()
  }

  setActor(_actor: ActorId): void {
    todo()
  }

  tip(_actor: ActorId): Tip | undefined {
    return todo()
  }

  unsigned(
    _actor: ActorId,
  ):
    | { readonly fromSeq: number; readonly endSeq: number; readonly body: Uint8Array; readonly tipHash: Uint8Array }
    | undefined {
    return todo()
  }

  sign(_actor: ActorId, _endSeq: number, _signature: Uint8Array): void {
    todo()
  }

  /** What of `upTo` may leave: members' signed tips at or below it, and the init changes these build on. State this version to peers. */
  served(_upTo: Version): Version {
    return todo()
  }

  rangesSince(
    _since: Version,
    _upTo: Version,
    _maxBytes: number,
  ): { readonly ranges: readonly SignedRange[]; readonly more: boolean; readonly ops: number } {
    return todo()
  }

  digest(_upTo: Version): Uint8Array {
    return todo()
  }

  snapshot(_options: { readonly signatures?: boolean } = {}): Uint8Array {
    return todo()
  }

  static ranges(_snapshot: Uint8Array): readonly SignedRange[] {
    return todo()
  }

  export(): unknown {
    return todo()
  }

  check(): void {}
}

function todo(): never {
  throw new JoineryError('internal', 'not built yet')
}
