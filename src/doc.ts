// `joinery/doc`: the documents alone, in memory, without a network or a store. What one makes is bytes that another takes, in any order, any
// batching, again and again.

import { type Clock, systemClock } from './base/clock.ts'
import { Emitter, type Off } from './base/emitter.ts'
import { type Random, systemRandom } from './base/random.ts'
import { type ActorId, actorId } from './core/ids.ts'
import type { Version } from './core/version.ts'
import { type Handles, handles } from './crdt/handles.ts'
import type { PatchEvent } from './crdt/patch.ts'
import type { Draft, Value } from './crdt/types.ts'
import { decodeDelta, encodeDelta } from './replica/delta.ts'
import { type Pending, type Received, Replica } from './replica/replica.ts'

export { isJoineryError, JoineryError } from './base/errors.ts'
export type { ActorId } from './core/ids.ts'
export type { Version } from './core/version.ts'
export { applyPatches } from './crdt/apply-patches.ts'
export { counter, json, set, text } from './crdt/constructors.ts'
export type { At, Handles, ListHandle, MapHandle } from './crdt/handles.ts'
export type { Patch, PatchEvent, Path } from './crdt/patch.ts'
export type { Counter, Draft, Scalar, SetOf, Text, Value } from './crdt/types.ts'
export type { Pending } from './replica/replica.ts'

export interface DocOptions {
  /** Who writes: 1-64 bytes, never the same for two living documents. Random by default. */
  readonly actor?: Uint8Array
  readonly random?: Random
  readonly clock?: Pick<Clock, 'now'>
}

export interface DocEvents {
  /** A local change, as bytes for others. */
  delta: Uint8Array
  /** What a change altered, local or not. */
  patch: PatchEvent
  /** The value may be another one now. */
  change: { readonly local: boolean }
}

/** What came of receiving a delta. */
export interface DocReceived {
  /** How many ops were merged. */
  readonly merged: number
  /** What waits for ops that are not here yet. */
  readonly pending: Pending
}

/** A document in memory. */
export interface Doc<T = unknown> extends Handles {
  /** Immutable and structurally shared: the same reference until it changes. */
  readonly value: Value<T>
  /** How many ops of each actor are here: what to hand to another's `delta`. */
  readonly version: Version
  readonly actor: ActorId
  /**
   * Runs `fn` on a draft; what it does becomes one change, or none if it throws. Errors: 'bad-change' | 'bad-value' | 'limit'.
   *
   * @example
   * doc.change((d) => { d.title = 'Groceries' })
   */
  change<R>(fn: (draft: Draft<T>) => R, options?: { readonly message?: string }): R
  /** Takes what another made. Errors: 'bad-message' | 'forked' | 'limit'; what else the bytes hold is taken all the same. */
  receive(delta: Uint8Array): DocReceived
  /** What a holder of `version` lacks: at most 2^20 ops, so repeat until it is empty (no bytes). */
  delta(version?: Version): Uint8Array
  /** Everything, to be opened by `openDoc`. */
  snapshot(): Uint8Array
  on<Name extends keyof DocEvents>(name: Name, listener: (event: DocEvents[Name]) => void): Off
  /** Calls `fn` after each change: for `useSyncExternalStore` and the like. */
  subscribe(fn: () => void): Off
}

/** The tag of documents without a network: they are told apart by whoever holds them. */
const docTag = new Uint8Array(32)
const deltaBytes = 16 * 1024 * 1024

/**
 * An empty document, or one that begins with `init`: the same on every peer that begins with the same.
 *
 * @example
 * const doc = createDoc<{ note?: Text }>()
 * doc.change((d) => { d.note = text('hi') })
 */
export function createDoc<T = unknown>(options: DocOptions & { readonly init?: T & object } = {}): Doc<T> {
  const { actor = (options.random ?? systemRandom).bytes(16), clock = systemClock } = options
  const replica = new Replica<T>({ docTag, actor: actorId(actor), now: () => clock.now() })
  if (options.init !== undefined) replica.init(options.init)
  return new MemoryDoc<T>(replica, actorId(actor))
}

/** A document from a snapshot. `actor` is a new one by default: hand in one only if nobody writes with it any more. Errors: 'bad-message' | 'store-newer'. */
export function openDoc<T = unknown>(snapshot: Uint8Array, options: DocOptions = {}): Doc<T> {
  const { actor = (options.random ?? systemRandom).bytes(16), clock = systemClock } = options
  const replica = new Replica<T>({ docTag, actor: actorId(actor), now: () => clock.now() })
  const { refused } = replica.receive(Replica.ranges(snapshot), { origin: 'store' })
  for (const { error } of refused) throw error
  return new MemoryDoc<T>(replica, actorId(actor))
}

class MemoryDoc<T> implements Doc<T> {
  readonly actor: ActorId
  readonly text: Handles['text']
  readonly list: Handles['list']
  readonly map: Handles['map']
  readonly counter: Handles['counter']
  readonly set: Handles['set']
  readonly #replica: Replica<T>
  readonly #emitter = new Emitter<DocEvents>()

  constructor(replica: Replica<T>, actor: ActorId) {
    this.#replica = replica
    this.actor = actor
    const made = handles(this)
    this.text = made.text
    this.list = made.list
    this.map = made.map
    this.counter = made.counter
    this.set = made.set
  }

  get value(): Value<T> {
    return this.#replica.value
  }

  get version(): Version {
    return this.#replica.version
  }

  change<R>(fn: (draft: Draft<T>) => R, options: { readonly message?: string } = {}): R {
    this.#replica.listening = this.#emitter.count('patch') > 0
    const { result, received } = this.#replica.change(fn, options)
    this.#tell(received, true)
    return result
  }

  receive(delta: Uint8Array): DocReceived {
    this.#replica.listening = this.#emitter.count('patch') > 0
    const received = this.#replica.receive(decodeDelta(delta), { origin: 'sync' })
    this.#tell(received, false)
    for (const { error } of received.refused) throw error
    return { merged: received.merged, pending: this.#replica.pending }
  }

  delta(version: Version = new Map()): Uint8Array {
    return encodeDelta(this.#replica.rangesSince(version, this.version, deltaBytes, 'any').ranges)
  }

  snapshot(): Uint8Array {
    return this.#replica.snapshot()
  }

  on<Name extends keyof DocEvents>(name: Name, listener: (event: DocEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  subscribe(fn: () => void): Off {
    return this.#emitter.on('change', fn)
  }

  #tell(received: Received, local: boolean): void {
    if (local && received.held.length > 0) this.#emitter.emit('delta', encodeDelta(received.held))
    for (const event of received.events) this.#emitter.emit('patch', event)
    if (received.changed) this.#emitter.emit('change', { local })
  }
}
