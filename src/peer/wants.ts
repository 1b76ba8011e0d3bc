// What a peer wants across a restart. The causal buffer is a cache, and ends with the process; what was missing in it is written down, and which devices handed
// on what waited for it. So whoever runs again asks these at once, and need not wait for somebody to notice a difference.
//
//   record = version u8 (0) ‖ count varint ‖ want …
//   want   = document ‖ since (ms since 1970) varint ‖ count varint ‖ (actor, seq varint) … ‖ count varint ‖ device 32 …
//
// A courtesy to the next life: where it cannot be read or written, the beacons find what is lacking, as they do anyway.

import { ByteReader, ByteWriter, fromHex, toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../base/trace.ts'
import { type Dot, decodeActor, encodeActor } from '../core/ids.ts'
import type { Store } from '../store/store.ts'
import { docKey } from '../sync/holdings.ts'
import { type DocName, readDocument, readMany, writeDocument } from '../sync/messages.ts'
import type { Document } from './document.ts'

/** Edits of a document that are not here, though others build on them. */
export interface Want {
  readonly document: DocName
  /** Since when, in ms since 1970. */
  readonly since: number
  readonly missing: readonly Dot[]
  /** Who handed on what waits for them: keys in hex. */
  readonly devices: readonly string[]
}

export interface WantsOptions {
  readonly store: Pick<Store, 'get' | 'set' | 'delete'>
  readonly key: string
  readonly clock: Clock
  readonly trace: Trace
}

/** Mostly a gap is filled before it is worth a word on disk. */
const SAVE_AFTER_MS = 1_000
/** What did not come in so long may never come: its author lost it. */
const KEPT_MS = 7 * 86_400_000

export class Wants {
  readonly #options: WantsOptions
  readonly #wants = new Map<string, Want>()
  /** Documents in which something waits, and of whom that came, since the last writing. */
  readonly #noted = new Map<string, { readonly document: Document; readonly devices: Set<string> }>()
  #cancel: (() => void) | undefined
  #saving: Promise<void> = Promise.resolve()
  /** There is a record on the shelf; and another one to be written. */
  #isWritten = false
  #isOther = false

  constructor(options: WantsOptions) {
    this.#options = options
  }

  /** Reads what was missing when this peer last ran. */
  async load(): Promise<void> {
    const { store, key, clock, trace } = this.#options
    try {
      const bytes = await store.get(key)
      if (bytes === undefined) return
      this.#isWritten = true
      for (const want of decodeWants(bytes))
        if (Math.abs(clock.now() - want.since) < KEPT_MS) this.#wants.set(docKey(want.document), want)
    } catch (cause) {
      trace('sync', 'wants', 'not read', messageOf(cause))
    }
  }

  /** What was missing when it was last looked at; some of it may have come since. */
  *all(): Iterable<Want> {
    const now = this.#options.clock.now()
    for (const want of this.#wants.values()) if (Math.abs(now - want.since) < KEPT_MS) yield want
  }

  /** A device holds just what is held here: what it handed on builds on nothing that it could give. */
  agreed(device: string): void {
    for (const [key, want] of this.#wants) {
      if (want.devices.length > 0 && !want.devices.includes(device)) continue
      const devices = want.devices.filter((other) => other !== device)
      if (devices.length > 0) this.#wants.set(key, { ...want, devices })
      else this.#wants.delete(key)
      this.#isOther = true
      this.#saveSoon()
    }
  }

  /** What is wanted of those to whom a device handed on something. */
  of(device: string): readonly Want[] {
    return [...this.#wants.values()].filter(({ devices }) => devices.includes(device))
  }

  /** Something waits in a document that a device handed on. */
  note(document: Document, device: string | undefined): void {
    const key = docKey(document.id)
    const devices = this.#noted.get(key)?.devices ?? new Set()
    // Invariant 9.
    if (device !== undefined && devices.size < limits.wantDevices) devices.add(device)
    this.#noted.set(key, { document, devices })
    this.#saveSoon()
  }

  /** More of a document is held than before. */
  came(document: Document): void {
    const key = docKey(document.id)
    if (!this.#wants.has(key)) return
    this.#noted.set(key, this.#noted.get(key) ?? { document, devices: new Set() })
    this.#saveSoon()
  }

  /** A document was deleted. */
  forget(document: Document): void {
    const key = docKey(document.id)
    this.#noted.delete(key)
    if (!this.#wants.delete(key)) return
    this.#isOther = true
    this.#saveSoon()
  }

  /** Writes down what is still missing, and ends. */
  async close(): Promise<void> {
    if (this.#cancel !== undefined) this.#save()
    await this.#saving
  }

  #saveSoon(): void {
    this.#cancel ??= this.#options.clock.after(SAVE_AFTER_MS, () => this.#save())
  }

  #save(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const [key, { document, devices }] of this.#noted) this.#look(key, document, devices)
    this.#noted.clear()
    if (!this.#isOther) return
    this.#isOther = false
    this.#saving = this.#saving.then(() => this.#write()).catch((cause: unknown) => this.#failed(cause))
  }

  /** What a document lacks now. */
  #look(key: string, document: Document, devices: ReadonlySet<string>): void {
    const before = this.#wants.get(key)
    const waiting = document.waitingOps > 0 ? document.replica.pending.missing : []
    const kept = (before?.missing ?? []).filter((dot) => (document.version.get(dot.actor) ?? 0) <= dot.seq)
    const missing = unique([...waiting, ...kept]).slice(0, limits.wantDots)
    if (missing.length === 0) {
      this.#isOther = this.#wants.delete(key) || this.#isOther
      return
    }
    // Invariant 9: what is beyond is noticed as any difference is.
    if (before === undefined && this.#wants.size >= limits.wants) return
    const since = before?.since ?? this.#options.clock.now()
    const all = [...new Set([...devices, ...(before?.devices ?? [])])].slice(0, limits.wantDevices)
    this.#wants.set(key, { document: document.id, since, missing, devices: all })
    this.#isOther = true
  }

  async #write(): Promise<void> {
    const { store, key } = this.#options
    if (this.#wants.size > 0) await store.set(key, encodeWants([...this.#wants.values()]))
    else if (this.#isWritten) await store.delete(key)
    this.#isWritten = this.#wants.size > 0
  }

  #failed(cause: unknown): void {
    this.#options.trace('sync', 'wants', 'not written', messageOf(cause))
  }
}

function unique(dots: readonly Dot[]): Dot[] {
  return [...new Map(dots.map((dot) => [`${dot.actor} ${dot.seq}`, dot])).values()]
}

export function encodeWants(wants: readonly Want[]): Uint8Array {
  const writer = new ByteWriter().u8(0).varint(wants.length)
  for (const { document, since, missing, devices } of wants) {
    writeDocument(writer, document)
    writer.varint(since).varint(missing.length)
    for (const { actor, seq } of missing) {
      encodeActor(writer, actor)
      writer.varint(seq)
    }
    writer.varint(devices.length)
    for (const device of devices) writer.raw(fromHex(device))
  }
  return writer.finish()
}

/** Errors: 'bad-message', also for a record of a version that is not known here. */
export function decodeWants(bytes: Uint8Array): readonly Want[] {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version !== 0) throw new JoineryError('bad-message', `wants of version ${version} are unknown here`)
  const wants = readMany(reader, limits.wants, () => readWant(reader))
  reader.end()
  return wants
}

function readWant(reader: ByteReader): Want {
  const document = readDocument(reader)
  const since = reader.varint()
  const missing = readMany(reader, limits.wantDots, () => ({
    actor: decodeActor(reader),
    seq: reader.varint(limits.seq),
  }))
  return { document, since, missing, devices: readMany(reader, limits.wantDevices, () => toHex(reader.raw(32))) }
}
