// The one ordered append queue of a store (DESIGN §3). What is held in memory becomes durable here, in the order in which it was held, so that
// an op of ours is durable only with or after everything in its causal past; and only then may it leave (Invariant 8).
//
//   dirty documents ──► take: received ranges and own unsigned changes, at one moment ──► sign own tips ──► one atomic append ──► durable

import type { Device } from '../auth/device.ts'
import { tipBytes } from '../auth/tip.ts'
import type { Clock } from '../base/clock.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { joinVersions, type Version } from '../core/version.ts'
import type { Unsigned } from '../replica/outward.ts'
import { authorIn, encodeName, encodeRangeRecord } from '../store/journal.ts'
import type { Store, StoreRecord } from '../store/store.ts'
import type { Document } from './document.ts'

export interface WriterOptions {
  readonly store: Store
  readonly device: Device
  readonly clock: Clock
  /** A document's durable frontier moved; `own` are the ranges of this writer that may now leave. */
  readonly onDurable: (document: Document, own: readonly SignedRange[]) => void
  /** The store took nothing; 'store-full' is tried again, anything else ends writing. */
  readonly onError: (error: JoineryError) => void
}

interface Taken {
  readonly document: Document
  readonly spaceId: Uint8Array
  readonly received: readonly SignedRange[]
  readonly own: readonly OwnTip[]
  readonly version: Version
  /** When it was taken, in ms since 1970: what is not in it was made later. */
  readonly takenAt: number
  readonly isStrict: boolean
}

/** An own range, on its way to be signed. */
interface OwnTip extends Unsigned {
  readonly actor: ActorId
  signature: Uint8Array
}

interface Dirty {
  readonly document: Document
  readonly spaceId: Uint8Array
  readonly received: SignedRange[]
  readonly actors: Set<ActorId>
  /** What was received is to be on the platter as if it were our own: nobody else may have it. */
  isStrict: boolean
}

const RETRY_MS = 1_000

export class Writer {
  readonly #options: WriterOptions
  #dirty = new Map<Document, Dirty>()
  #running: Promise<void> | undefined
  #error: JoineryError | undefined
  #closed = false
  #cancelRetry: (() => void) | undefined

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Why nothing can be written now: new edits are refused with it. */
  get error(): JoineryError | undefined {
    return this.#error
  }

  get idle(): boolean {
    return this.#running === undefined && this.#dirty.size === 0
  }

  /** Own changes of `actor` wait in the replica; received ranges are handed in. Both are taken together at the next append. */
  add(
    document: Document,
    spaceId: Uint8Array,
    change: { readonly actor?: ActorId; readonly received?: readonly SignedRange[]; readonly strict?: boolean },
  ): void {
    const dirty = this.#dirty.get(document) ?? {
      document,
      spaceId,
      received: [],
      actors: new Set(),
      isStrict: false,
    }
    if (change.actor !== undefined) dirty.actors.add(change.actor)
    for (const range of change.received ?? []) dirty.received.push(range)
    dirty.isStrict ||= change.strict === true
    this.#dirty.set(document, dirty)
    this.#start()
  }

  /** Whether something of it waits to be written. */
  has(document: Document): boolean {
    return this.#dirty.has(document)
  }

  /** Forgets what waits for a document that was deleted. */
  forget(document: Document): void {
    this.#dirty.delete(document)
  }

  /** Resolves when everything added before the call is durable. Rejects with the store's error. */
  async flush(): Promise<void> {
    // Two rounds: one may be running that took its batch before the call, the next takes the rest.
    for (let round = 0; round < 2 && !this.idle; round++) {
      this.#start()
      await this.#running
      if (this.#error) throw this.#error
    }
  }

  async close(): Promise<void> {
    this.#cancelRetry?.()
    if (this.#error?.code === 'store-full') this.#error = undefined
    await this.flush().catch(() => {})
    this.#closed = true
  }

  #start(): void {
    if (this.#running !== undefined || this.#closed || this.#error !== undefined || this.#dirty.size === 0) return
    // One turn of the event loop's microtasks, so that changes made together are written together.
    this.#running = Promise.resolve()
      .then(() => this.#writeOnce())
      .finally(() => {
        this.#running = undefined
        this.#start()
      })
  }

  async #writeOnce(): Promise<void> {
    const batch = this.#dirty
    this.#dirty = new Map()
    try {
      const taken = [...batch.values()].map((dirty) => this.#take(dirty))
      await this.#sign(taken)
      await this.#append(taken)
      for (const part of taken) this.#settle(part)
    } catch (cause) {
      this.#putBack(batch)
      this.#fail(cause)
    }
  }

  /** At one moment for all: what own changes build on is in the same append or an earlier one. */
  #take({ document, spaceId, received, actors, isStrict }: Dirty): Taken {
    const own = [...actors].flatMap((actor) => unsignedOf(document, actor))
    const { version } = document.replica
    const takenAt = this.#options.clock.now()
    return { document, spaceId, received: [...received], own, version, takenAt, isStrict: isStrict || own.length > 0 }
  }

  /** One alone is signed on the spot, where the platform can; many at once are signed beside one another. */
  async #sign(taken: readonly Taken[]): Promise<void> {
    const { device } = this.#options
    const tips = taken.flatMap(({ document, spaceId, own }) =>
      own.map((tip) => ({ tip, bytes: tipBytes({ spaceId, docTag: document.tag }, tip) })),
    )
    const [first] = tips
    if (first !== undefined && tips.length === 1 && device.signNow !== undefined)
      first.tip.signature = device.signNow(first.bytes)
    else
      await Promise.all(
        tips.map(async ({ tip, bytes }) => {
          tip.signature = await device.sign(bytes)
        }),
      )
  }

  async #append(taken: readonly Taken[]): Promise<void> {
    const records = taken.flatMap((part) => this.#records(part))
    if (records.length === 0) return
    const durability = taken.some(({ isStrict }) => isStrict) ? 'strict' : 'relaxed'
    await this.#options.store.append(records, { durability })
  }

  #records({ document, received, own }: Taken): StoreRecord[] {
    const { id, stream } = document
    const records = [...received, ...own]
      .map(encodeRangeRecord)
      .map((bytes): StoreRecord => ({ stream, bytes, common: authorIn(bytes) }))
    if (document.records === 0 && records.length > 0)
      records.unshift({ stream, bytes: encodeName(id.name, id.generation) })
    return records
  }

  #settle({ document, received, own, version, takenAt }: Taken): void {
    document.records += received.length + own.length
    for (const range of own) document.replica.outward.sign(range.actor, range.endSeq, range.signature)
    // What another tab wrote may have come in meanwhile: it is durable, too.
    document.durable = joinVersions(document.durable, version)
    document.unsavedSince = document.saved(this.#options.device.keyHex) ? undefined : takenAt
    this.#options.onDurable(document, own)
  }

  #putBack(batch: Map<Document, Dirty>): void {
    const newer = this.#dirty
    this.#dirty = batch
    for (const [document, dirty] of newer) {
      const older = this.#dirty.get(document)
      if (older === undefined) this.#dirty.set(document, dirty)
      else {
        older.received.push(...dirty.received)
        older.isStrict ||= dirty.isStrict
        for (const actor of dirty.actors) older.actors.add(actor)
      }
    }
  }

  #fail(cause: unknown): void {
    const error = isJoineryError(cause)
      ? cause
      : new JoineryError('store-failed', `Writing failed: ${messageOf(cause)}`, { cause })
    this.#error = error
    if (error.code === 'store-full' && !this.#closed) {
      this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => {
        this.#error = undefined
        this.#start()
      })
    }
    this.#options.onError(error)
  }
}

/** All that waits for a signature, in as many tips as that takes: what is called durable is on disk whole (Invariant 8). */
function unsignedOf(document: Document, actor: ActorId): OwnTip[] {
  const tips: OwnTip[] = []
  for (
    let tip = document.replica.outward.unsigned(actor);
    tip !== undefined;
    tip = document.replica.outward.unsigned(actor, tip.endSeq)
  )
    tips.push({ ...tip, actor, signature: new Uint8Array(0) })
  return tips
}
