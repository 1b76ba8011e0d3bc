// One document of a space as the conductor knows it: the replica, how far it is durable here, and who has it open.

import { toHex } from '../base/bytes.ts'
import type { JoineryError } from '../base/errors.ts'
import { type ActorId, ownerOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { PatchEvent } from '../crdt/patch.ts'
import type { Received, Replica } from '../replica/replica.ts'
import type { StreamName } from '../store/store.ts'
import type { DocName } from '../sync/messages.ts'

/** What an open handle is told. */
export interface DocumentListener {
  readonly wantsPatches: boolean
  changed(events: readonly PatchEvent[]): void
  failed(error: JoineryError): void
  ended(error: JoineryError | undefined): void
}

export class Document {
  readonly id: DocName
  readonly tag: Uint8Array
  readonly tagHex: string
  readonly stream: StreamName
  readonly replica: Replica
  readonly listeners = new Set<DocumentListener>()
  /** Damage was found on disk and skipped: it heals from peers, and no snapshot is written from what is left. */
  degraded = false
  /** Records in the journal since the last snapshot. */
  records = 0
  /** Opened or made here, though it may hold nothing yet. */
  opened = false
  #durable: Version = new Map()
  #outward: Version | undefined

  constructor(id: DocName, tag: Uint8Array, spaceHex: string, replica: Replica) {
    this.id = id
    this.tag = tag
    this.tagHex = toHex(tag)
    this.stream = `${spaceHex}/${this.tagHex}`
    this.replica = replica
  }

  /** The durable frontier: how much of what is held here is on disk. */
  get durable(): Version {
    return this.#durable
  }

  set durable(version: Version) {
    this.#durable = version
    this.#outward = undefined
  }

  /**
   * Invariant 8: what may leave. The durable frontier, without an `init` that no signed op builds on: until somebody edits, it is nobody's.
   */
  get outward(): Version {
    this.#outward ??= this.replica.served(this.#durable)
    return this.#outward
  }

  get isEmpty(): boolean {
    return this.replica.version.size === 0
  }

  /** All that this device wrote, as whatever instance, is on disk. */
  saved(keyHex: string): boolean {
    for (const [actor, seq] of this.replica.version)
      if ((this.#durable.get(actor) ?? 0) < seq && isOwn(actor, keyHex)) return false
    return true
  }

  /** Enters ranges by the one door and tells who has the document open. */
  receive(ranges: readonly SignedRange[], origin: 'gossip' | 'sync' | 'store' | 'tab'): Received {
    this.replica.listening = this.#wantsPatches()
    return this.announce(this.replica.receive(ranges, { origin }))
  }

  change<R>(fn: (draft: never) => R, message: string | undefined): R {
    this.replica.listening = this.#wantsPatches()
    const { result, received } = this.replica.change(
      fn as (draft: unknown) => R,
      message === undefined ? {} : { message },
    )
    this.announce(received)
    return result
  }

  announce(received: Received): Received {
    if (received.changed) for (const listener of [...this.listeners]) listener.changed(received.events)
    for (const refusal of received.refused)
      if (refusal.error.code === 'forked') for (const listener of [...this.listeners]) listener.failed(refusal.error)
    return received
  }

  #wantsPatches(): boolean {
    for (const listener of this.listeners) if (listener.wantsPatches) return true
    return false
  }
}

/** Whether this device wrote as that actor, in this or an earlier instance. */
export function isOwn(actor: ActorId, keyHex: string): boolean {
  const owner = ownerOf(actor)
  return owner.kind === 1 && toHex(owner.publicKey) === keyHex
}
