// One document of a space as the conductor knows it: the replica, how far it is durable here, and who has it open.

import { assert } from '../base/assert.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { JoineryError } from '../base/errors.ts'
import { type ActorId, actorOf, type BranchId, forkPoint, isOwn } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { equalVersions, type Version } from '../core/version.ts'
import type { PatchEvent } from '../crdt/patch.ts'
import type { Received, Replica, Said } from '../replica/replica.ts'
import type { StreamName } from '../store/store.ts'
import type { DocName } from '../sync/messages.ts'

/** What an open handle is told. */
export interface DocumentListener {
  readonly wantsPatches: boolean
  changed(events: readonly PatchEvent[]): void
  failed(error: JoineryError): void
  ended(error: JoineryError | undefined): void
}

/** What is known of a document whose journal was not read yet. */
export interface Face {
  readonly version: Version
  readonly outward: Version
  /** The same as it is said to others. A document with forks does not sleep. */
  readonly stated: Version
  /** Of what may leave, as the replica would give it. */
  readonly digest: Uint8Array
  readonly records: number
  /** The ends of what may leave; undefined where nobody opened it. */
  readonly heads?: Version
}

/** What all documents of a space have in common. */
export interface DocumentHost {
  makeReplica(document: Document): Replica
  /** What is held of it, what of that is durable, what waits or what is damaged may be something else by now. */
  touched(document: Document): void
}

const TAG_BYTES = 32

export class Document {
  // There may be a hundred thousand of these, mostly asleep: what most of them do without is made when it is asked for.
  readonly id: DocName
  readonly stream: StreamName
  #listeners: Set<DocumentListener> | undefined
  /** Records in the journal since the last snapshot. */
  records = 0
  /** When the oldest own edit was made that is not on disk, in ms since 1970; of no meaning where all are. */
  unsavedSince: number | undefined
  /** Opened or made here, though it may hold nothing yet. */
  opened = false
  /** How many go on with it across turns, as who serves it to a member: it stays awake. */
  pins = 0
  #degraded = false
  #durable: Version = new Map()
  #outward: Version | undefined
  readonly #host: DocumentHost
  #replica: Replica | undefined
  #face: Face | undefined

  constructor(id: DocName, tag: Uint8Array, spaceHex: string, host: DocumentHost) {
    this.id = id
    this.stream = `${spaceHex}/${toHex(tag)}`
    this.#host = host
  }

  get tag(): Uint8Array {
    return fromHex(this.stream.slice(-2 * TAG_BYTES))
  }

  get listeners(): Set<DocumentListener> {
    this.#listeners ??= new Set()
    return this.#listeners
  }

  get hasListeners(): boolean {
    return this.#listeners !== undefined && this.#listeners.size > 0
  }

  /** What it holds. Of a document that is asleep nobody may ask for it: wake it first (documents.ts). */
  get replica(): Replica {
    assert(this.#face === undefined, `"${this.id.name}" is asleep`)
    this.#replica ??= this.#host.makeReplica(this)
    return this.#replica
  }

  /** What is known of it if its journal was not read; undefined once it was. */
  get asleep(): Face | undefined {
    return this.#face
  }

  sleep(face: Face): void {
    assert(this.#replica === undefined, `"${this.id.name}" is awake`)
    this.#face = face
    this.#durable = face.version
    this.#outward = face.outward
    this.records = face.records
    this.#host.touched(this)
  }

  /** Lets go of what was read. It is as its journal says, and read again when it is wanted. */
  rest(): void {
    const { version, outward, stated, digest, records } = this
    this.#face = { version, outward, stated, digest, records, heads: this.heads }
    this.#replica = undefined
    this.#host.touched(this)
  }

  /** Whether what it holds is in memory: it was read, or made here. */
  get isAwake(): boolean {
    return this.#replica !== undefined
  }

  /** From here on it is as its journal says, which is to be received next. */
  wake(): void {
    this.#face = undefined
    this.durable = new Map()
  }

  setActor(actor: ActorId): void {
    this.#replica?.setActor(actor)
  }

  /** What is held. */
  get version(): Version {
    return this.#face?.version ?? this.replica.version
  }

  /** Equal on two peers exactly if what may leave them is equal. */
  get digest(): Uint8Array {
    return this.#face?.digest ?? this.replica.outward.digest(this.outward)
  }

  /** Ops that wait for what caused them. */
  get waitingOps(): number {
    return this.#face === undefined ? this.replica.waitingOps : 0
  }

  /** Damage was found on disk and skipped: it heals from peers, and no snapshot is written from what is left. */
  get degraded(): boolean {
    return this.#degraded
  }

  set degraded(degraded: boolean) {
    this.#degraded = degraded
    this.#host.touched(this)
  }

  /** The durable frontier: how much of what is held here is on disk. */
  get durable(): Version {
    return this.#durable
  }

  set durable(version: Version) {
    this.#durable = version
    this.#outward = undefined
    this.#host.touched(this)
  }

  /**
   * Invariant 8: what may leave. The durable frontier, without an `init` that no signed op builds on: until somebody edits, it is nobody's.
   */
  get outward(): Version {
    this.#outward ??= this.replica.outward.served(this.#durable)
    return this.#outward
  }

  /** The newest of what may leave. Of a document that is asleep, and was not opened before, nobody may ask. */
  get heads(): Version {
    return this.#face?.heads ?? this.replica.outward.heads(this.outward)
  }

  /** What may leave, as it is said to others: with what tells its chains from others (Outward.stated). */
  get stated(): Version {
    return this.#face?.stated ?? this.replica.outward.stated(this.outward)
  }

  /** Another number whenever `understood` may give something else. */
  get revision(): number {
    return this.#face === undefined ? 1 + this.replica.history.graph.length : 0
  }

  /** What others stated, by the names that branches have here. */
  understood(stated: Version): Version {
    if (this.#face === undefined) return this.replica.outward.understood(stated)
    const ours = this.#face
    const seen = [...stated].map(([id, end]): [BranchId, number] => {
      const actor = actorOf(id)
      // Asleep, nothing can be hashed: another chain shows where both go as far.
      const isOther = end === ours.outward.get(actor) && !ours.stated.has(id)
      return [isOther ? id : actor, end]
    })
    return new Map(seen.sort(([, x], [, y]) => x - y))
  }

  /** Of what others stated, what is seen here to be so. */
  seen(stated: Version): Version {
    if (this.#face === undefined) return this.replica.outward.seen(stated)
    const ours = this.#face.stated
    return new Map([...stated].filter(([id]) => ours.has(id)).map(([id, end]) => [actorOf(id), end]))
  }

  /** What is said to one who is asked for the rest, and stated `theirs`, as that is understood here. */
  statedTo(theirs: Version): Version {
    if (this.#face === undefined) return this.replica.outward.statedTo(theirs)
    return new Map([...this.#face.stated].filter(([id]) => ![...theirs.keys()].some((other) => isBeside(other, id))))
  }

  /** Whether all of a range is held. */
  holds(range: SignedRange): boolean {
    if (this.#face === undefined) return this.replica.outward.holds(range)
    return (this.#face.version.get(range.actor) ?? 0) >= range.endSeq
  }

  get isEmpty(): boolean {
    return this.version.size === 0
  }

  /** All that is held is on disk, whoever wrote it. */
  get isDurable(): boolean {
    return this.#face !== undefined || equalVersions(this.version, this.#durable)
  }

  /** What is held is just what the journal holds: nothing is on its way there, nothing of it is damaged, nothing of it waits. */
  get isWhole(): boolean {
    return this.#face !== undefined || (!this.#degraded && this.isDurable && this.replica.holdsAll)
  }

  /** Some actor of it wrote from two copies. Such a document is read at once: a face has no room for the branches of one actor. */
  get hasForks(): boolean {
    return this.#face === undefined && this.replica.outward.forkedActors.length > 0
  }

  /** All that this device wrote, as whatever instance, is on disk. */
  saved(keyHex: string): boolean {
    for (const [actor, seq] of this.version)
      if ((this.#durable.get(actor) ?? 0) < seq && isOwn(actor, keyHex)) return false
    return true
  }

  /** Enters ranges by the one door and tells who has the document open. */
  receive(ranges: readonly SignedRange[], origin: 'gossip' | 'sync' | 'store' | 'tab', source?: string): Received {
    this.replica.listening = this.#wantsPatches()
    return this.announce(this.replica.receive(ranges, { origin, source }))
  }

  /** It is gone, here or for all: what waits in it takes no room any more. */
  discard(): void {
    this.#replica?.discard()
  }

  /** What waits of some actors for other documents is tried again. */
  retry(actors: Iterable<ActorId>): Received {
    this.replica.listening = this.#wantsPatches()
    return this.announce(this.replica.retry(actors, { origin: 'sync' }))
  }

  change<R>(fn: (draft: never) => R, said: Said = {}): R {
    this.replica.listening = this.#wantsPatches()
    const { result, received } = this.replica.change(fn as (draft: unknown) => R, said)
    this.announce(received)
    return result
  }

  announce(received: Received): Received {
    this.#host.touched(this)
    if (!this.hasListeners) return received
    if (received.changed) for (const listener of [...this.listeners]) listener.changed(received.events)
    for (const refusal of received.refused)
      if (refusal.error.code === 'forked') for (const listener of [...this.listeners]) listener.failed(refusal.error)
    return received
  }

  #wantsPatches(): boolean {
    for (const listener of this.#listeners ?? []) if (listener.wantsPatches) return true
    return false
  }
}

/** Whether somebody names another chain of the same actor. */
function isBeside(other: BranchId, id: BranchId): boolean {
  return forkPoint(other) !== undefined && actorOf(other) === actorOf(id)
}
