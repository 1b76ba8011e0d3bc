// One copy of one document on one peer, and the one door (Invariant 4): whatever was typed here, gossiped, reconciled or loaded enters by
// receive(). Pure and synchronous; who signs, stores and sends stands above.
//
//   receive ─► own predecessor and all links held? ─ no ─► intake.ts: waits
//                    │ yes
//              admission.ts: decoded beside the log, checked, its chain compared with the tip ─ differs ─► refused
//                    │
//                  held and merged ─► value, patches

import { assert, present } from '../base/assert.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import { noTrace, type Trace } from '../base/trace.ts'
import type { BufferPool } from '../core/buffer-pool.ts'
import type { LV } from '../core/graph.ts'
import { type ActorId, isSelfCertifying, ownerOf } from '../core/ids.ts'
import { Kind, type Meta } from '../core/kinds.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import { readDelta, ShortDelta, shortIdAt, type WireRange } from '../core/wire-delta.ts'
import type { SessionDecoder } from '../core/wire-session.ts'
import { EngineDocument } from '../crdt/engine/document.ts'
import type { Drafts } from '../crdt/engine/drafts.ts'
import { checkText } from '../crdt/engine/input.ts'
import { itemOrders } from '../crdt/engine/noting.ts'
import type { Recorder } from '../crdt/engine/recorder.ts'
import { exportValue } from '../crdt/export.ts'
import type { Patch, PatchEvent } from '../crdt/patch.ts'
import type { Draft, Value } from '../crdt/types.ts'
import { Admission } from './admission.ts'
import { BareRanges } from './bare-ranges.ts'
import type { AdmissionHost, Stretch } from './entering.ts'
import { Gathering, type Held } from './gathering.ts'
import { History } from './history.ts'
import { recordInit } from './init.ts'
import { Intake, type IntakeHost } from './intake.ts'
import { Outward } from './outward.ts'
import {
  LocalReceived,
  nothingPending,
  nothingReceived,
  type Origin,
  type Pending,
  type Received,
  strokesReceived,
} from './received.ts'
import { encodeSnapshot } from './snapshot-encode.ts'
import type { Deflate, Inflate } from './snapshot-format.ts'
import { openSnapshot, type Replay } from './snapshot-open.ts'
import { Strokes } from './strokes.ts'

export type { Origin, Pending, Received, Refusal } from './received.ts'

export interface ReplicaOptions {
  /** Names the document in its chains: the same on every peer, unlike for every two documents. */
  readonly docTag: Uint8Array
  readonly actor: ActorId
  /** Wall time in milliseconds, for people to read in the history. */
  readonly now: () => number
  /** Where a member's salt comes from (FORMAT §2). Without it nothing is salted: for tests. */
  readonly random?: Random
  /** Whether what a change of an actor follows in other documents is here. Without it, nothing is waited for. Throws 'bad-message'. */
  readonly isMet?: (actor: ActorId, depends: Uint8Array) => boolean
  /** What waits in many documents, counted together. */
  readonly pool?: BufferPool
  readonly trace?: Trace
}

/** What a change says besides its edits. */
export interface Said {
  readonly message?: string
  /** Edits of other documents that it follows: carried, and waited for where `isMet` says so. */
  readonly depends?: Uint8Array
}

/** Wall time is written when it moved by more than this. */
const timeStepMs = 60_000

interface House {
  readonly history: History
  readonly document: EngineDocument
  readonly drafts: Drafts
  readonly intake: Intake
  readonly bare: BareRanges
  readonly strokes: Strokes
  readonly outward: Outward
  /** The snapshot had dropped what does not show. */
  isLive: boolean
}

export class Replica<T = unknown> {
  /** Patches are made only while this is true. */
  listening = false
  readonly #now: () => number
  readonly #random: Random | undefined
  readonly #trace: Trace
  readonly #pool: BufferPool | undefined
  readonly #isMet: NonNullable<ReplicaOptions['isMet']>
  readonly #docTag: Uint8Array
  #house: House
  #actor: ActorId
  #branch: number
  #gathering: Gathering | undefined
  readonly #short = new ShortDelta()
  /** Where graph and log stood before heads were joined for the change that is being recorded. */
  #joined: { readonly length: LV; readonly frontier: readonly LV[]; readonly values: number } | undefined
  /** What the clock showed when the time was last found not to be due; NaN if it must be asked again. */
  #undue = Number.NaN
  /** Whether the actor made a change here. */
  #hasWritten = false
  /** Whether the change under way says anything besides edits. */
  #hasMeta = false
  #localPatches: readonly Patch[] | undefined

  constructor({ docTag, actor, now, random, isMet = () => true, pool, trace = noTrace }: ReplicaOptions) {
    assert(!isSelfCertifying(actor), 'a self-certifying actor makes no changes')
    this.#docTag = docTag
    this.#now = now
    this.#random = random
    this.#trace = trace
    this.#isMet = isMet
    this.#pool = pool
    this.#house = this.#build(new History(docTag))
    this.#actor = actor
    this.#branch = this.history.actors.indexOf(actor)
  }

  get history(): History {
    return this.#house.history
  }

  /** What of it is said to others. */
  get outward(): Outward {
    return this.#house.outward
  }

  /** What the ops mean. Of a loaded snapshot, what it shows, until history is needed: awake() then. */
  get document(): EngineDocument {
    return this.#house.document
  }

  /**
   * Takes a snapshot whole, at birth (Invariant 4): this replica has nothing yet. History is decoded when it is needed. Errors: 'bad-message' |
   * 'store-newer'.
   */
  load(snapshot: Uint8Array, options: { readonly inflate?: Inflate['inflate'] } = {}): void {
    assert(this.history.graph.length === 0, 'a snapshot is loaded into an empty replica')
    const opened = openSnapshot(snapshot, { ...options, replay: replayOrders, actors: this.history.actors })
    this.#house = this.#build(new History(this.#docTag, opened))
    this.document.importState(opened.state)
    this.#branch = this.history.actors.indexOf(this.#actor)
    this.#house.isLive = opened.isLive
  }

  /** Whether it was loaded from a snapshot without hidden content: what came with that cannot be said to others. */
  get isLive(): boolean {
    return this.#house.isLive
  }

  /** The document with all its history, from which everything can be asked. */
  awake(): EngineDocument {
    if (this.document.context.isShallow) this.document.deepen()
    return this.document
  }

  /** All that holds a document, made anew when a snapshot is loaded. */
  #build(history: History): House {
    const document = new EngineDocument(history.graph, history.log, history.actors.compare)
    const admissionHost: AdmissionHost = {
      admitted: (range, branch, fromSeq) => this.#admitted(range, branch, fromSeq),
      merge: (stretch) => this.#merge(stretch),
      forked: (actor) => present(this.#gathering, 'ranges come by the door').fork(actor),
      // What the store holds was merged once: what it follows is in there, too.
      isMet: (actor, depends) => this.#gathering?.origin === 'store' || this.#isMet(actor, depends),
    }
    const admission = new Admission(history, admissionHost)
    const intakeHost: IntakeHost = {
      heldOf: (name) => history.endOf(name),
      endOfAll: () => history.graph.length,
      attempt: (range) => admission.attempt(range),
      attemptTogether: (actors, waiting) => admission.groups.attemptTogether(actors, waiting),
      refuse: (range, error) => this.#refuse(range, error),
      forkedActors: () => outward.forkedActors,
      holds: (range) => outward.holds(range),
      linksOf: (range) => admission.groups.linksOf(range),
    }
    const outward = new Outward(history)
    const intake = new Intake(intakeHost, this.#pool)
    const bare = new BareRanges(history, admission, intake, intakeHost.refuse)
    const strokes = new Strokes(history, document)
    return { history, document, drafts: document.drafts, intake, bare, strokes, outward, isLive: false }
  }

  get #drafts(): Drafts {
    return this.#house.drafts
  }

  get #intake(): Intake {
    return this.#house.intake
  }

  /** Immutable and structurally shared: the same reference until it changes. */
  get value(): Value<T> {
    return this.document.value as Value<T>
  }

  /** What is held. */
  get version(): Version {
    return this.history.version
  }

  /** What is merged: what new changes build on. */
  get merged(): Version {
    return this.history.merged
  }

  get pending(): Pending {
    const { bytes } = this.#intake
    const { bare } = this.#house
    const ops = this.waitingOps
    return ops === 0 ? nothingPending : { ops, bytes: bytes + bare.waiting.bytes, missing: this.#intake.missing }
  }

  /** How many ops wait: of those whose author is not known, each range has one at least. */
  get waitingOps(): number {
    return this.#intake.ops + this.#house.bare.waiting.ranges
  }

  /** Whether something of an actor waits. */
  waits(actor: ActorId): boolean {
    return this.#intake.waits(actor)
  }

  /** Something that waited had to be dropped, and has not come again. */
  get hasDropped(): boolean {
    return this.#intake.hasDropped
  }

  /** The document is gone: what waits for something takes no room any more. */
  discard(): void {
    this.#intake.discard()
  }

  /** Whether a snapshot would leave nothing out that the store holds. */
  get holdsAll(): boolean {
    return !this.#intake.holdsStored
  }

  /** The ops that something here waits for. */
  get missing(): Pending['missing'] {
    return this.#intake.missing
  }

  /**
   * The door. Ranges come in any order, any batching and again and again (Invariant 5). Whoever calls has verified the signatures
   * (Invariant 12); what a range says is checked here, and one that cannot be taken is refused by itself, in the result.
   */
  receive(
    ranges: readonly SignedRange[],
    { origin, source }: { readonly origin: Origin; readonly source?: string | undefined },
  ): Received {
    if (this.document.recorder.isOpen)
      throw new JoineryError('bad-change', 'ops cannot be received inside a change function')
    assert(this.#gathering === undefined, 'receive is not called from within itself')
    const gathering = this.#gather(origin)
    const isStored = origin === 'store' || origin === 'tab'
    try {
      for (const range of ranges) this.#intake.take(range, { isStored, source })
      this.#intake.settle()
    } finally {
      this.#settle(gathering)
    }
    return this.#receivedOf(
      gathering,
      gathering.held.flatMap((one) => this.#newPart(one)),
    )
  }

  /** What waits of some actors for other documents is tried again, as if it came now. */
  retry(actors: Iterable<ActorId>, { origin }: { readonly origin: Origin }): Received {
    const gathering = this.#gather(origin)
    try {
      for (const actor of actors) this.#intake.retry(actor)
      this.#intake.settle()
    } finally {
      this.#settle(gathering)
    }
    return this.#receivedOf(
      gathering,
      gathering.held.flatMap((one) => this.#newPart(one)),
    )
  }

  /**
   * The door for deltas that nobody signed (wire-delta.ts): those of documents without a network. Errors: 'bad-message' for bytes that are none;
   * ranges that cannot be taken are refused in the result.
   */
  receiveDelta(delta: Uint8Array): Received {
    if (this.document.recorder.isOpen)
      throw new JoineryError('bad-change', 'ops cannot be received inside a change function')
    const short = this.#short
    if (short.read(delta)) {
      const { actors, graph } = this.history
      const branch = actors.shortIds.find(delta, shortIdAt)
      if (branch >= 0 && short.fromSeq === graph.endOf(branch) && !actors.isForked(branch)) {
        const { root } = this.document
        const before = root.cache
        const isAlone = !this.listening && this.#intake.ops === 0 && !this.#house.bare.isWaiting
        const merged = isAlone ? this.#house.strokes.take(branch, delta, short.bodyAt) : 0
        if (merged > 0) return strokesReceived(merged, before === undefined || root.cache !== before)
        const gathering = this.#gather('sync')
        try {
          this.#house.bare.takeNext(branch, short.fromSeq, delta, short.bodyAt)
          this.#intake.settle()
        } finally {
          this.#settle(gathering)
        }
        return this.#receivedOf(gathering, nothingReceived.held)
      }
    }
    return this.#takeAll([readDelta(delta)], undefined)
  }

  /** Many of them: merged together, which is faster where many wrote at once. Errors: 'bad-message' if one is none, before any is taken. */
  receiveDeltas(deltas: readonly Uint8Array[]): Received {
    if (this.document.recorder.isOpen)
      throw new JoineryError('bad-change', 'ops cannot be received inside a change function')
    return this.#takeAll(deltas.map(readDelta), undefined)
  }

  /** The same for what comes in an ordered stream (wire-session.ts), whose sender knows what is here: nothing of it may have to wait. */
  receiveSession(message: Uint8Array, decoder: SessionDecoder): Received {
    if (this.document.recorder.isOpen)
      throw new JoineryError('bad-change', 'ops cannot be received inside a change function')
    return this.#takeAll([decoder.read(message)], decoder)
  }

  #takeAll(deltas: readonly (readonly WireRange[])[], session: SessionDecoder | undefined): Received {
    const gathering = this.#gather('sync')
    try {
      for (const ranges of deltas) {
        if (session === undefined) this.#house.bare.take(ranges)
        else for (const range of ranges) this.#house.bare.takeOfSession(range, session)
      }
      this.#intake.settle()
    } finally {
      this.#settle(gathering)
    }
    return this.#receivedOf(gathering, nothingReceived.held)
  }

  #gather(origin: Origin): Gathering {
    const gathering = new Gathering(origin, this.document.root.cache)
    this.#gathering = gathering
    return gathering
  }

  /** Merges what came while nobody listened. */
  #settle(gathering: Gathering): void {
    this.#gathering = undefined
    this.#undue = Number.NaN
    const { first, stretches } = gathering
    if (first !== undefined) this.document.merge(first.start, first.end, first.unseen)
    else if (stretches.length > 0) this.document.mergeAll(stretches)
  }

  #receivedOf({ events, refused, merged, before, forked }: Gathering, held: readonly SignedRange[]): Received {
    const changed = merged > 0 && (before === undefined || this.document.root.cache !== before)
    return { held, merged, events, refused, changed, forked }
  }

  /**
   * Runs `fn` on a draft and records what it did as one change. Synchronous and atomic: if `fn` throws, nothing happened. The result is passed
   * on, with drafts in it turned into values. Errors: 'bad-change' | 'bad-value' | 'limit' | 'unsupported'.
   */
  change<R>(fn: (draft: Draft<T>) => R, options: Said = {}): { readonly result: R; readonly received: Received } {
    let result: R | undefined
    const received = this.record(() => {
      result = this.#drafts.run(fn as (draft: unknown) => R) as R
    }, options)
    return { result: result as R, received }
  }

  /** Runs `fn` on a draft of the change under way. */
  draft<R>(fn: (draft: Draft<T>) => R): R {
    return this.#drafts.run(fn as (draft: unknown) => R) as R
  }

  /** The same for edits made by the document's recorder. */
  record(fn: () => void, said?: Said): Received {
    const from = this.begin(said)
    try {
      fn()
    } catch (error) {
      this.abandon()
      throw error
    }
    return this.end(from)
  }

  /** Begins a local change; gives the seq it begins at. Errors: 'bad-change' | 'bad-value' | 'unsupported'. */
  begin(said?: Said): number {
    assert(this.#gathering === undefined, 'a change is not made from within receive')
    const { recorder } = this.document
    if (!recorder.isOpen) this.#checkOwn()
    if (this.history.isStopping) throw needsNewer()
    // Of a forked actor, that its own branch goes on is certain only where this replica wrote on it.
    if (!this.#hasWritten && this.outward.isForked(this.#actor)) throw forkedAway(this.#actor)
    if (this.document.isCut(this.#branch))
      throw new JoineryError('bad-change', 'this actor was cut off here: what it does would count for nothing')
    const from = this.history.graph.endOf(this.#branch)
    const meta = this.#metaFor(said)
    this.#hasMeta = meta !== undefined
    if (!recorder.isOpen && this.history.graph.frontier.length > limits.links) this.#joinHeads()
    recorder.begin(this.#branch, meta)
    if (this.listening) this.document.patches = []
    return from
  }

  /**
   * Whether a change of one edit of so many ops, which was checked, can be made at once (a stroke): there is nothing to say or to ask besides. Then it
   * gives what is to record it; else it is to go by begin().
   */
  ready(units: number): Recorder | undefined {
    const { history, document } = this.#house
    const { graph } = history
    const branch = this.#branch
    if (this.listening || document.recorder.isOpen || !graph.isAhead(branch) || graph.mayHaveCuts) return undefined
    if (history.actors.isForked(branch)) return undefined
    if (units >= limits.changeOps || graph.length + units >= limits.seq) return undefined
    if (this.#intake.ops > 0 || history.isStopping || this.#gathering !== undefined || this.#isDueNow())
      return undefined
    this.#localPatches = undefined
    this.#hasWritten = true
    return document.recorder.strokesOf(branch)
  }

  /** Ends it: through the door, like everything else, only that the document has the ops already. `from` is what begin() gave. */
  end(from: number): Received {
    const to = from + this.finish()
    if (from === to) return nothingReceived
    const event = this.localEvent
    const ops = { branch: this.#branch, from, to }
    return new LocalReceived(this.history, ops, event === undefined ? noEvents : [event], this.isStale)
  }

  /** Ends it and gives only how many ops it has; the rest is asked for: localEvent, isStale. */
  finish(): number {
    const { recorder } = this.document
    if (recorder.count === 0) {
      this.abandon()
      return 0
    }
    const before = this.#joined?.length
    this.#joined = undefined
    this.#localPatches = this.document.patches
    this.document.patches = undefined
    const start = recorder.commit()
    const { length } = this.history.graph
    this.#hasWritten = true
    if (this.#hasMeta) {
      this.history.noteMetas(this.#branch, start, length)
      this.#undue = Number.NaN
    }
    return length - (before ?? start)
  }

  /** What the last local change altered, if anybody listened. */
  get localEvent(): PatchEvent | undefined {
    const patches = this.#localPatches
    if (patches === undefined || patches.length === 0) return undefined
    return { patches, local: true, author: this.#actor, time: this.history.timeOf(this.#branch) }
  }

  /** Whether `value` may be another one since it was read. */
  get isStale(): boolean {
    return this.document.root.cache === undefined
  }

  /** As if it had never begun. */
  abandon(): void {
    this.document.patches = undefined
    this.document.recorder.rollBack()
    if (this.#joined === undefined) return
    const { length, frontier, values } = this.#joined
    this.#joined = undefined
    this.history.graph.truncate(length, frontier)
    this.history.log.truncate(length, this.history.log.units.length, values)
  }

  /**
   * Gives an empty document its first value. The change is the same on every peer that gives the same value, so all begin as one. A no-op in a
   * document that holds anything. Errors: 'bad-value'.
   */
  init(value: object): Received {
    // Something may wait: it is not seen yet, and whoever begins here must find what they begin with.
    if (this.history.graph.length > 0) return nothingReceived
    const range = recordInit(value, this.#docTag)
    if (range === undefined) return nothingReceived
    const received = this.receive([range], { origin: 'local' })
    const refusal = received.refused.find((one) => one.range === range)
    if (refusal !== undefined) throw refusal.error
    return received
  }

  get actor(): ActorId {
    return this.#actor
  }

  /** The number of the actor's branch. */
  get branch(): number {
    return this.#branch
  }

  /** Who writes from now on. */
  setActor(actor: ActorId): void {
    if (this.document.recorder.isOpen)
      throw new JoineryError('bad-change', 'the actor cannot change inside a change function')
    // Of another one it is not known which branch is here.
    if (actor !== this.#actor) this.#hasWritten = false
    this.#actor = actor
    this.#branch = this.history.actors.indexOf(actor)
    this.#undue = Number.NaN
  }

  /**
   * Everything held. Without signatures and compression, equal sets of ops give equal bytes (Invariant 6). `live` drops deleted content: what was
   * deleted can never be read again, while all later edits merge as ever.
   */
  snapshot({ signatures = true, live = false, deflate }: SnapshotForm = {}): Uint8Array {
    const document = this.awake()
    const { actors, graph, log } = this.history
    const source = { actors, graph, log, state: document.exportState(), orders: document.orders() }
    const tips = signatures ? this.history.sparseTips() : []
    const { stops } = this.history
    const dropsContent = live || this.#house.isLive
    // What is not merged does not show, and must not be dropped.
    if (dropsContent && stops.length > 0) throw needsNewer()
    return encodeSnapshot(source, {
      tips,
      stops,
      live: dropsContent,
      ...(deflate === undefined ? {} : { deflate }),
    })
  }

  /** What a snapshot holds: to be received, with the origin 'store', by a replica that holds something already. Errors: 'bad-message' | 'store-newer'. */
  static ranges(snapshot: Uint8Array): readonly SignedRange[] {
    const opened = openSnapshot(snapshot, { replay: replayOrders })
    return new History(nowhere, opened).piecesAt(opened.tips)
  }

  /** The value as plain JSON. */
  export(): unknown {
    return exportValue(this.value)
  }

  /** Throws with a picture if an invariant is broken. */
  check(): void {
    this.history.check()
    this.document.check()
  }

  // Receiving.

  #admitted(range: SignedRange, branch: number, fromSeq: number): void {
    const gathering = present(this.#gathering, 'ranges come by the door')
    gathering.hold({ range, branch, fromSeq })
    if (range.signature.length > 0) this.history.tips(branch).add(range.endSeq, range.signature)
    this.#trace('held', range.actor, fromSeq, range.endSeq, gathering.origin)
  }

  #merge(stretch: Stretch): void {
    const gathering = present(this.#gathering, 'merging happens within receive')
    const { branch, start, end, unseen } = stretch
    gathering.merged += end - start
    if (!this.listening) {
      gathering.add(stretch)
      this.history.noteMetas(branch, start, end)
      return
    }
    const { changeEnds } = this.history.log
    const local = gathering.origin === 'local'
    const author = this.history.actors.nameOf(branch)
    for (let from = start; from < end; ) {
      const to = changeEnds.next(from, 1) + 1
      this.document.patches = []
      this.document.take(from, to, unseen)
      if (to === end) this.document.settle(end)
      this.history.noteMetas(branch, from, to)
      const { patches } = this.document
      if (patches !== undefined && patches.length > 0)
        gathering.tell({ patches, local, author, time: this.history.timeOf(branch) })
      from = to
    }
    this.document.patches = undefined
  }

  #refuse(range: SignedRange, error: JoineryError): void {
    present(this.#gathering, 'ranges come by the door').refuse({ range, error })
    this.#trace('refused', range.actor, range.fromSeq, range.endSeq, messageOf(error))
  }

  /** What of a range was not held before. The range itself, if that is all of it. */
  #newPart({ range, branch, fromSeq }: Held): SignedRange {
    const isWhole = fromSeq === range.fromSeq && range.tipHash.length > 0
    return isWhole ? range : this.history.range(branch, fromSeq, range.endSeq)
  }

  // Local changes.

  /** A local change builds on all own ones, so none of them may be waiting: the next seq comes from what is held. */
  #checkOwn(): void {
    if (this.#intake.ops === 0 || !this.waits(this.#actor)) return
    const message =
      'earlier changes of this actor wait for ops that are not here: take another actor until they have come'
    throw new JoineryError('bad-change', message, { details: { actor: this.#actor } })
  }

  #wholeNow(): number {
    return Math.max(0, Math.round(this.#now()))
  }

  #isTimeDue(now = this.#wholeNow()): boolean {
    return Math.abs(now - (this.history.timeOf(this.#branch) ?? 0)) > timeStepMs
  }

  /** The same for what says nothing else: the clock shows the same time to many. */
  #isDueNow(): boolean {
    const now = this.#now()
    if (now === this.#undue) return false
    if (this.#isTimeDue()) return true
    this.#undue = now
    return false
  }

  /** What is said before a change, if anything is: the time if it moved, a message, a salt before a member's first op. */
  #metaFor({ message, depends }: Said = {}): Meta | undefined {
    const isSalted = this.#random !== undefined && this.history.graph.endOf(this.#branch) === 0
    if (message === undefined && depends === undefined && !isSalted && !this.#isDueNow()) return undefined
    const now = this.#wholeNow()
    const isDue = this.#isTimeDue(now)
    if (message !== undefined) checkText(message, ['message'])
    const salt = isSalted && ownerOf(this.#actor).kind === 1 ? this.#random?.bytes(16) : undefined
    const meta: Meta = {
      ...(isDue ? { time: now } : {}),
      ...(message === undefined ? {} : { message }),
      ...(salt === undefined ? {} : { salt }),
      ...(depends === undefined ? {} : { depends }),
    }
    return Object.keys(meta).length === 0 ? undefined : meta
  }

  /** A change links to 32 others at most: changes that say nothing else join what is more (FORMAT §2). */
  #joinHeads(): void {
    const { graph, log } = this.history
    this.#joined = { length: graph.length, frontier: [...graph.frontier], values: log.values.length }
    while (graph.frontier.length > limits.links) {
      const own = graph.lvOf(this.#branch, graph.endOf(this.#branch) - 1)
      const others = graph.frontier.filter((lv) => lv !== own).slice(0, limits.links)
      // The own previous op is a parent unless one of the others builds on it.
      const parents = own < 0 || graph.contains(others, own) ? others : [...others, own].sort((x, y) => x - y)
      const start = graph.append(this.#branch, 1, parents)
      log.push(Kind.meta, 0, 0, log.values.push({}) - 1, 1, graph.startOfRow(graph.rowAt(start)) < start)
      log.endChange(1)
    }
  }
}

export interface SnapshotForm {
  readonly signatures?: boolean
  readonly live?: boolean
  readonly deflate?: Deflate['deflate']
}

const nowhere = new Uint8Array(32)

const replayOrders: Replay = (graph, log, actors) => itemOrders(graph, log, actors.compare)

const noEvents: readonly PatchEvent[] = []

function forkedAway(actor: ActorId): JoineryError {
  const message = `${actor} has made different ops under one name: a device or folder was copied. Nothing is lost; go on with another actor.`
  return new JoineryError('forked', message, { details: { actor } })
}

function needsNewer(): JoineryError {
  return new JoineryError('unsupported', 'this document needs a newer joinery: somebody edits it with one')
}
