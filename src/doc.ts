// `joinery/doc`: the documents alone, in memory, without a network or a store. What one makes is bytes that another takes, in any order, any
// batching, again and again.

import { type Clock, systemClock } from './base/clock.ts'
import { Emitter, type Off } from './base/emitter.ts'
import { type Random, systemRandom } from './base/random.ts'
import { type ActorId, actorId, type Dot } from './core/ids.ts'
import type { Version } from './core/version.ts'
import { DeltaEncoder, rangesSince } from './core/wire-delta.ts'
import { SessionDecoder, SessionEncoder } from './core/wire-session.ts'
import { diffValues } from './crdt/diff.ts'
import type { EngineDocument } from './crdt/engine/document.ts'
import { type At, type Handles, handles } from './crdt/engine/handles.ts'
import type { Recorder } from './crdt/engine/recorder.ts'
import type { Editable } from './crdt/engine/spot.ts'
import type { Patch, PatchEvent, Path } from './crdt/patch.ts'
import type { Draft, Text, Value } from './crdt/types.ts'
import { type Cursor, cursorAt, decodeCursor, type Side } from './replica/cursor.ts'
import { type Blame, blameOf, changesOf, type HistoryEntry, headsOf } from './replica/past.ts'
import { type Pending, type Received, Replica } from './replica/replica.ts'
import { type Undo, type UndoOptions, undoOf } from './replica/undo.ts'

export { isJoineryError, JoineryError } from './base/errors.ts'
export type { ActorId, Dot } from './core/ids.ts'
export type { Version } from './core/version.ts'
export { applyPatches } from './crdt/apply-patches.ts'
export { counter, json, log, register, set, text } from './crdt/constructors.ts'
export type { At, Handles, ListHandle, MapHandle } from './crdt/engine/handles.ts'
export type { Patch, PatchEvent, Path } from './crdt/patch.ts'
export { type JsonOperation, type TextDeltaOperation, toJsonPatch, toTextDelta } from './crdt/patch-export.ts'
export type { Counter, Draft, Log, Register, Scalar, SetOf, Text, Value } from './crdt/types.ts'
export type { Cursor, Side } from './replica/cursor.ts'
export type { Blame, HistoryEntry } from './replica/past.ts'
export type { Pending } from './replica/replica.ts'
export type { Undo, UndoOptions } from './replica/undo.ts'

export interface DocOptions {
  /** Who writes: 1-64 bytes, never the same for two living documents. Random by default. */
  readonly actor?: Uint8Array
  readonly random?: Random
  readonly clock?: Pick<Clock, 'now'>
}

/** Synchronous compression, where the platform has it: in Node `deflateRawSync` and `inflateRawSync` of `node:zlib`. */
export interface Codec {
  deflate(bytes: Uint8Array): Uint8Array
  /** Throws, or stops, when more than `sizeMax` bytes come out. */
  inflate(bytes: Uint8Array, sizeMax: number): Uint8Array
}

export interface DocSnapshotOptions {
  /** `live` drops deleted content: it can never be read again, while edits go on as ever. `full` by default. */
  readonly history?: 'full' | 'live'
  readonly codec?: Codec
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
  /** What that altered, in order: the old value plus the patches is the new value. */
  readonly patches: readonly Patch[]
}

/** One end of an ordered stream between two replicas. */
export interface DocSession {
  /** What is new here since the last call, as bytes; no bytes if nothing is. At most 2^20 ops: repeat until there are none. */
  send(): Uint8Array
  /** Takes what the other end's send() gave, in order. Errors: 'bad-message': begin another session then. */
  receive(message: Uint8Array, options?: { readonly patches?: boolean }): DocReceived
}

/** A conflict: what lost to what shows, and whose it was. */
export interface DocConflict {
  readonly value: unknown
  readonly actor: ActorId
  readonly seq: number
}

/** A document in memory. */
export interface Doc<T = unknown> extends Handles {
  /** Immutable and structurally shared: the same reference until it changes. */
  readonly value: Value<T>
  /** How many ops of each actor are here: what to hand to another's `delta`. */
  readonly version: Version
  /** The newest ops, those nothing here builds on. */
  readonly frontier: readonly Dot[]
  readonly actor: ActorId
  /**
   * Runs `fn` on a draft; what it does becomes one change, or none if it throws. Errors: 'bad-change' | 'bad-value' | 'limit'.
   *
   * @example
   * doc.change((d) => { d.title = 'Groceries' })
   */
  change<R>(fn: (draft: Draft<T>) => R, options?: { readonly message?: string }): R
  /**
   * Takes what another made. Without `patches: false` it says what that altered. Errors: 'bad-message' | 'forked' | 'limit'; what else the bytes
   * hold is taken all the same.
   */
  receive(delta: Uint8Array, options?: { readonly patches?: boolean }): DocReceived
  /** What a holder of `version` lacks: at most 2^20 ops, so repeat until it is empty (no bytes). */
  delta(version?: Version): Uint8Array
  /**
   * One end of an ordered stream to another replica that has `version` (all this one has, by default): its messages are a few bytes each, since both
   * ends remember what was said.
   */
  session(version?: Version): DocSession
  /** The document as it was. Errors: 'bad-option' for a version that is not of this document. */
  at(version: Version): { readonly value: Value<T> }
  /** Patches that take the value at one version to that at another. Errors: 'bad-option'. */
  diff(from: Version, to: Version): readonly Patch[]
  /** Changes, the newest first; of a path, those that edited there or inside of it. */
  history(options?: { readonly path?: Path; readonly limit?: number }): readonly HistoryEntry[]
  /** What lost to what shows at a path, or is hidden there, the greatest first. Errors: 'bad-path'. */
  conflicts(path: Path): readonly DocConflict[]
  /** Who wrote which part of the text or list at a path. Errors: 'bad-path'. */
  blame(path: Path): readonly Blame[]
  /** A place that stays while others edit. Errors: 'bad-path' | 'bad-change'. */
  cursor(path: Path, index: number, side?: Side): Cursor
  /** A cursor from what `encode` gave. Errors: 'bad-message' | 'bad-path'. */
  openCursor(bytes: Uint8Array): Cursor
  /** Everything, to be opened by `openDoc`. */
  snapshot(options?: DocSnapshotOptions): Uint8Array
  /** Undo and redo of what is done here from now on. */
  undo(options?: UndoOptions): Undo
  on<Name extends keyof DocEvents>(name: Name, listener: (event: DocEvents[Name]) => void): Off
  /** Calls `fn` after each change: for `useSyncExternalStore` and the like. */
  subscribe(fn: () => void): Off
}

/** The tag of documents without a network: they are told apart by whoever holds them. */
const docTag = new Uint8Array(32)

/**
 * An empty document, or one that begins with `init`: the same on every peer that begins with the same.
 *
 * @example
 * const doc = createDoc<{ note?: Text }>()
 * doc.change((d) => { d.note = text('hi') })
 */
export function createDoc<T = unknown>(options: DocOptions & { readonly init?: T & object } = {}): Doc<T> {
  const doc = new MemoryDoc<T>(options)
  if (options.init !== undefined) doc.replica.init(options.init)
  return doc
}

/** A document from a snapshot. `actor` is a new one by default: hand in one only if nobody writes with it any more. Errors: 'bad-message' | 'store-newer'. */
export function openDoc<T = unknown>(
  snapshot: Uint8Array,
  options: DocOptions & { readonly codec?: Codec } = {},
): Doc<T> {
  const doc = new MemoryDoc<T>(options)
  doc.load(snapshot, options.codec)
  return doc
}

class MemoryDoc<T> implements Doc<T>, Editable {
  readonly replica: Replica<T>
  readonly actor: ActorId
  readonly list: Handles['list']
  readonly map: Handles['map']
  readonly counter: Handles['counter']
  readonly set: Handles['set']
  readonly log: Handles['log']
  readonly register: Handles['register']
  readonly #handles: Handles
  /** Handles on texts by key: an editor asks for one with each keystroke. */
  readonly #texts = new Map<string, Text>()
  readonly #clock: Pick<Clock, 'now'>
  readonly #emitter = new Emitter<DocEvents>()
  readonly #locals = new Set<(from: number, to: number) => void>()
  #deltas: DeltaEncoder
  /** Where the change under way begins, as a seq. */
  #from = 0

  constructor(options: DocOptions) {
    const { actor = (options.random ?? systemRandom).bytes(16), clock = systemClock, random } = options
    this.actor = actorId(actor)
    this.#clock = clock
    this.replica = new Replica<T>({
      docTag,
      actor: this.actor,
      now: () => clock.now(),
      ...(random === undefined ? {} : { random }),
    })
    this.#deltas = new DeltaEncoder(this.replica.history)
    const made = handles(this)
    this.#handles = made
    this.list = made.list
    this.map = made.map
    this.counter = made.counter
    this.set = made.set
    this.log = made.log
    this.register = made.register
  }

  get value(): Value<T> {
    return this.replica.value
  }

  get version(): Version {
    return this.replica.version
  }

  get frontier(): readonly Dot[] {
    const { graph, actors } = this.replica.history
    return graph.frontier.map((lv) => ({ actor: actors.nameOf(graph.branchAt(lv)), seq: graph.seqAt(lv) }))
  }

  get document(): EngineDocument {
    return this.replica.document
  }

  load(snapshot: Uint8Array, codec: Codec | undefined): void {
    this.replica.load(snapshot, codec)
    this.#deltas = new DeltaEncoder(this.replica.history)
  }

  text(at: At): Text {
    if (typeof at !== 'string') return this.#handles.text(at)
    const known = this.#texts.get(at)
    if (known !== undefined) return known
    const text = this.#handles.text(at)
    this.#texts.set(at, text)
    return text
  }

  change<R>(fn: (draft: Draft<T>) => R, options: { readonly message?: string } = {}): R {
    this.#begin(options.message)
    let result: R
    try {
      result = this.replica.draft(fn)
    } catch (error) {
      this.replica.abandon()
      throw error
    }
    this.end()
    return result
  }

  begin(): Recorder {
    this.#begin(undefined)
    return this.replica.document.recorder
  }

  end(): void {
    const from = this.#from
    const count = this.replica.finish()
    if (count > 0) this.#told(from, count)
  }

  abandon(): void {
    this.replica.abandon()
  }

  receive(delta: Uint8Array, { patches = true }: { readonly patches?: boolean } = {}): DocReceived {
    this.replica.listening = patches || this.#emitter.count('patch') > 0
    return this.#received(this.replica.receiveDelta(delta))
  }

  #received(received: Received): DocReceived {
    for (const event of received.events) this.#emitter.emit('patch', event)
    if (received.changed) this.#emitter.emit('change', { local: false })
    const [refusal] = received.refused
    if (refusal !== undefined) throw refusal.error
    const { merged, events } = received
    const [only] = events
    const all = events.length > 1 ? events.flatMap((event) => event.patches) : (only?.patches ?? nothing)
    return { merged, pending: this.replica.pending, patches: all }
  }

  delta(version?: Version): Uint8Array {
    const { history } = this.replica
    const counts = this.#countsOf(version ?? new Map())
    return this.#deltas.all(rangesSince(history, (branch) => counts[branch] ?? 0))
  }

  session(version: Version = this.version): DocSession {
    const { history } = this.replica
    const encoder = new SessionEncoder(history)
    const decoder = new SessionDecoder(history.actors)
    const sent = this.#countsOf(version)
    return {
      send: () => {
        const ranges = rangesSince(history, (branch) => sent[branch] ?? 0)
        for (const { branch, endSeq } of ranges) sent[branch] = endSeq
        return ranges.length === 0 ? new Uint8Array(0) : encoder.all(ranges)
      },
      receive: (message, { patches = true } = {}) => {
        this.replica.listening = patches || this.#emitter.count('patch') > 0
        const known = this.replica.history.graph.length
        const received = this.#received(this.replica.receiveSession(message, decoder))
        this.#noteSent(sent, known)
        return received
      },
    }
  }

  at(version: Version): { readonly value: Value<T> } {
    return { value: this.replica.awake().at(headsOf(this.replica.history, version)) as Value<T> }
  }

  diff(from: Version, to: Version): readonly Patch[] {
    return diffValues(this.at(from).value, this.at(to).value)
  }

  history(options: { readonly path?: Path; readonly limit?: number } = {}): readonly HistoryEntry[] {
    return changesOf(this.replica.history, this.replica.awake(), options)
  }

  conflicts(path: Path): readonly DocConflict[] {
    const { graph, actors } = this.replica.history
    return this.replica
      .awake()
      .conflicts(path)
      .map(({ value, branch, lv }) => ({
        value,
        actor: actors.nameOf(branch),
        seq: graph.seqAt(lv),
      }))
  }

  blame(path: Path): readonly Blame[] {
    return blameOf(this.replica.history, this.replica.awake(), path)
  }

  cursor(path: Path, index: number, side: Side = 'before'): Cursor {
    return cursorAt(this.replica.history, this.replica.awake(), path, index, side)
  }

  openCursor(bytes: Uint8Array): Cursor {
    return decodeCursor(this.replica.history, this.replica.awake(), bytes)
  }

  snapshot({ history = 'full', codec }: DocSnapshotOptions = {}): Uint8Array {
    return this.replica.snapshot({
      live: history === 'live',
      ...(codec === undefined ? {} : { deflate: codec.deflate }),
    })
  }

  undo(options: UndoOptions = {}): Undo {
    this.replica.awake()
    return undoOf(
      {
        replica: this.replica,
        now: () => this.#clock.now(),
        revoke: (level, targets) => {
          this.begin().revoke(level, targets)
          this.end()
        },
        onLocal: (fn) => {
          this.#locals.add(fn)
          return () => this.#locals.delete(fn)
        },
      },
      options,
    )
  }

  on<Name extends keyof DocEvents>(name: Name, listener: (event: DocEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  subscribe(fn: () => void): Off {
    return this.#emitter.on('change', fn)
  }

  /** By branch: how many ops a version has. */
  #countsOf(version: Version): number[] {
    const { history } = this.replica
    const counts: number[] = []
    for (const [actor, count] of version) {
      const branch = history.branchOf(actor)
      if (branch >= 0) counts[branch] = history.changeEndAtMost(branch, count)
    }
    return counts
  }

  /** What came from the other end, from LV `from` on, need not go back to it. */
  #noteSent(sent: number[], from: number): void {
    const { graph } = this.replica.history
    for (let lv = from; lv < graph.length; ) {
      const row = graph.rowAt(lv)
      const branch = graph.branchOfRow(row)
      const end = graph.endOfRow(row)
      if ((sent[branch] ?? 0) === graph.seqAt(lv)) sent[branch] = graph.seqAt(end - 1) + 1
      lv = end
    }
  }

  #begin(message: string | undefined): void {
    this.replica.listening = this.#emitter.count('patch') > 0
    this.#from = this.replica.begin(message)
  }

  #told(from: number, count: number): void {
    const { length } = this.replica.history.graph
    const event = this.replica.localEvent
    const isStale = this.replica.isStale
    if (this.#locals.size > 0) for (const fn of [...this.#locals]) fn(length - count, length)
    if (this.#emitter.count('delta') > 0)
      this.#emitter.emit('delta', this.#deltas.one(this.replica.branch, from, from + count))
    if (event !== undefined) this.#emitter.emit('patch', event)
    if (isStale && this.#emitter.count('change') > 0) this.#emitter.emit('change', { local: true })
  }
}

const nothing: readonly Patch[] = []
