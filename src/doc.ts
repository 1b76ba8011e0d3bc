// `joinery/doc`: the documents alone, in memory, without a network or a store. What one makes is bytes that another takes, in any order, any
// batching, again and again.

import { type Clock, turnClock } from './base/clock.ts'
import { Emitter, type Off } from './base/emitter.ts'
import { JoineryError } from './base/errors.ts'
import { systemRandom } from './base/random.ts'
import { type ActorId, actorId, type Dot, isSelfCertifying } from './core/ids.ts'
import { containsVersion, type Version } from './core/version.ts'
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
import type {
  Codec,
  Doc,
  DocConflict,
  DocEvents,
  DocOptions,
  DocReceived,
  DocSession,
  DocSnapshotOptions,
} from './replica/doc-api.ts'
import { type Blame, blameOf, changesOf, type HistoryEntry, headsOf } from './replica/past.ts'
import { type Received, Replica } from './replica/replica.ts'
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
export type {
  Codec,
  Doc,
  DocConflict,
  DocEvents,
  DocOptions,
  DocReceived,
  DocSession,
  DocSnapshotOptions,
} from './replica/doc-api.ts'
export type { Blame, HistoryEntry } from './replica/past.ts'
export type { Pending } from './replica/replica.ts'
export type { Undo, UndoOptions } from './replica/undo.ts'

/** The tag of documents without a network: they are told apart by whoever holds them. */
const docTag = new Uint8Array(32)

/**
 * An empty document, or one that begins with `init`: the same on every peer that begins with the same, so that all edit one document. Errors:
 * 'bad-option' | 'bad-value'.
 *
 * @example
 * const doc = createDoc({ init: { note: text('hi') } })
 * doc.change((d) => { d.note.append('!') })
 */
export function createDoc<T = unknown>(options: DocOptions & { readonly init?: T & object } = {}): Doc<T> {
  const doc = new MemoryDoc<T>(options)
  if (options.init !== undefined) doc.replica.init(options.init)
  return doc
}

/**
 * A document from a snapshot. `actor` is a new one by default: hand in the one that wrote before, so that its edits can still be undone, only if nobody
 * writes with it any more and nothing it made later was given to others. Errors: 'bad-message' | 'bad-option' | 'store-newer' | 'store-older' |
 * 'unsupported' where it is compressed and no codec is given.
 *
 * @example
 * const copy = openDoc<Board>(doc.snapshot())
 */
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
  /** Who listens, at hand for each change. */
  #wantsDeltas = false
  #wantsPatches = false
  #wantsChanges = false
  readonly #locals = new Set<(from: number, to: number) => void>()
  #deltas: DeltaEncoder
  /** What came with a snapshot without hidden content: it cannot be said to others. */
  #unsaid: Version = new Map()
  /** Where the change under way begins, as a seq. */
  #from = 0

  constructor(options: DocOptions) {
    const { actor = (options.random ?? systemRandom).bytes(16), clock = turnClock, random } = options
    this.actor = checkActor(actor)
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
    const { history, version } = this.replica
    if (!history.actors.hasForks) return version
    return new Map([...version].map(([id, end]) => [history.forks.outwardIdOf(history.branchOf(id)), end]))
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
    if (this.replica.isLive) this.#unsaid = this.version
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

  ready(units: number): Recorder | undefined {
    if (this.#wantsPatches || this.#locals.size > 0) return undefined
    this.replica.listening = false
    return this.replica.ready(units)
  }

  struck(units: number): void {
    const { replica } = this
    const end = replica.history.graph.endOf(replica.branch)
    const delta = this.#wantsDeltas ? this.#deltas.one(replica.branch, end - units, end) : undefined
    const isChange = this.#wantsChanges && replica.isStale
    if (delta !== undefined && !isChange) this.#emitter.tell('delta', delta)
    else if (isChange) this.#tell(delta, undefined, true)
  }

  receive(
    delta: Uint8Array | readonly Uint8Array[],
    { patches = true }: { readonly patches?: boolean } = {},
  ): DocReceived {
    const { replica } = this
    const isOne = delta instanceof Uint8Array
    if (!isOne) checkDeltas(delta)
    replica.listening = patches || this.#wantsPatches
    return this.#received(isOne ? replica.receiveDelta(delta) : replica.receiveDeltas(delta))
  }

  #received(received: Received): DocReceived {
    const { merged, events, refused, changed, forked } = received
    if (events.length > 0 || changed)
      this.#emitter.inOrder(() => {
        for (const event of events) this.#emitter.emit('patch', event)
        if (changed) this.#emitter.emit('change', { local: false })
      })
    if (refused[0] !== undefined) throw refused[0].error
    const all = events.length > 1 ? events.flatMap((event) => event.patches) : (events[0]?.patches ?? nothing)
    return { merged, pending: this.replica.pending, patches: all, forked }
  }

  delta(version?: Version): Uint8Array {
    const { history } = this.replica
    const counts = this.#countsOf(version ?? new Map())
    this.#checkSaid(version ?? new Map())
    return this.#deltas.all(rangesSince(history, (branch) => counts[branch] ?? 0))
  }

  session(version: Version = this.version): DocSession {
    const { history } = this.replica
    const encoder = new SessionEncoder(history)
    const decoder = new SessionDecoder(history.actors, history.forks)
    const sent = this.#countsOf(version)
    this.#checkSaid(version)
    return {
      send: () => {
        const ranges = rangesSince(history, (branch) => sent[branch] ?? 0)
        for (const { branch, endSeq } of ranges) sent[branch] = endSeq
        return ranges.length === 0 ? new Uint8Array(0) : encoder.all(ranges)
      },
      receive: (message, { patches = true } = {}) => {
        this.replica.listening = patches || this.#wantsPatches
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
    if (history !== 'full' && history !== 'live')
      throw new JoineryError('bad-option', `history is 'full' or 'live', not ${JSON.stringify(history)}`)
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
    const off = this.#emitter.on(name, listener)
    this.#noteListeners()
    return () => {
      off()
      this.#noteListeners()
    }
  }

  subscribe(fn: () => void): Off {
    return this.on('change', fn)
  }

  #noteListeners(): void {
    this.#wantsDeltas = this.#emitter.count('delta') > 0
    this.#wantsPatches = this.#emitter.count('patch') > 0
    this.#wantsChanges = this.#emitter.count('change') > 0
  }

  #checkSaid(version: Version): void {
    if (this.#unsaid.size === 0 || containsVersion(version, this.#unsaid)) return
    throw new JoineryError(
      'bad-option',
      'this document came from a live snapshot, without history: give the other one a snapshot first, deltas say only what is newer',
    )
  }

  /** By branch: how many ops a version has. */
  #countsOf(version: Version): number[] {
    const { history } = this.replica
    const counts: number[] = []
    for (const [id, count] of version) {
      const branch = history.branchOf(id)
      // Whoever knows of no fork may hold any of the branches: they share what all of them do.
      const isVague = branch >= 0 && history.actors.isForked(branch) && id === history.actors.nameOf(branch)
      const branches = isVague ? history.actors.branchesOf(branch) : [branch]
      const shared = isVague ? Math.min(...branches.map((one) => history.graph.common(branch, one))) : count
      for (const one of branches)
        if (one >= 0) counts[one] = Math.max(counts[one] ?? 0, history.changeEndAtMost(one, Math.min(count, shared)))
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
    this.replica.listening = this.#wantsPatches
    this.#from = this.replica.begin(message === undefined ? undefined : { message })
  }

  #told(from: number, count: number): void {
    const { length } = this.replica.history.graph
    const event = this.replica.localEvent
    const isStale = this.replica.isStale
    if (this.#locals.size > 0) for (const fn of [...this.#locals]) fn(length - count, length)
    const delta = this.#wantsDeltas ? this.#deltas.one(this.replica.branch, from, from + count) : undefined
    const isChange = isStale && this.#wantsChanges
    if (delta !== undefined && event === undefined && !isChange) this.#emitter.tell('delta', delta)
    else if (event !== undefined || isChange) this.#tell(delta, event, isChange)
  }

  #tell(delta: Uint8Array | undefined, event: PatchEvent | undefined, isChange: boolean): void {
    this.#emitter.inOrder(() => {
      if (delta !== undefined) this.#emitter.emit('delta', delta)
      if (event !== undefined) this.#emitter.emit('patch', event)
      if (isChange) this.#emitter.emit('change', { local: true })
    })
  }
}

function checkDeltas(deltas: unknown): void {
  if (!Array.isArray(deltas) || !deltas.every((delta) => delta instanceof Uint8Array))
    throw new JoineryError('bad-message', 'what is received is a Uint8Array, or an array of them')
}

function checkActor(bytes: Uint8Array): ActorId {
  if (bytes.length < 1 || bytes.length > 64)
    throw new JoineryError('bad-option', `an actor has 1-64 bytes, not ${bytes.length}`)
  const actor = actorId(bytes)
  if (isSelfCertifying(actor))
    throw new JoineryError(
      'bad-option',
      '37 bytes that begin with 0 name what a document begins with: take another actor',
    )
  return actor
}

const nothing: readonly Patch[] = []
