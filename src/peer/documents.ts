// The documents of one space on this peer: which there are, what the store holds of them, which generation of a name stands. One of them, the
// directory, is the space's own.

import type { SpaceKeys } from '../auth/keys.ts'
import { docTag } from '../auth/keys.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { equalVersions, joinVersions, type Version } from '../core/version.ts'
import { Replica } from '../replica/replica.ts'
import { decodeRecord } from '../store/journal.ts'
import type { StreamName } from '../store/store.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { Compacted } from './api.ts'
import type { BundlePart } from './bundle.ts'
import { Compaction } from './compaction.ts'
import type { PeerContext } from './context.ts'
import { deflate, inflate } from './deflate.ts'
import { directoryName, generations } from './directory.ts'
import { decodeIndex, encodeIndex, type IndexEntry } from './doc-index.ts'
import { Document, type DocumentHost } from './document.ts'
import { isDocumentName } from './names.ts'
import { indexKey } from './shelf.ts'
import { Unsettled } from './unsettled.ts'

/** What of a peer its documents need. */
export type DocumentsContext = Pick<
  PeerContext,
  'actor' | 'awake' | 'catchUp' | 'clock' | 'leading' | 'pool' | 'random' | 'store' | 'trace' | 'writer'
>

export interface DocumentsOptions {
  readonly context: DocumentsContext
  readonly keys: SpaceKeys
  /** The space's label, for messages. */
  readonly label: string
  /** A document was deleted, here or elsewhere, and is gone from the list. */
  readonly removed: (document: Document) => void
  readonly failed: (cause: unknown) => void
  /** What is known of a document may be something else by now. */
  readonly touched: (document: Document) => void
  /** What was said of a document while it slept is not so: it was read, and holds something else. */
  readonly altered: (document: Document) => void
  /** Whether what a change of an actor follows in other documents is here. Errors: 'bad-message', 'limit'. */
  readonly isMet: (document: Document, actor: ActorId, depends: Uint8Array) => boolean
  /** A document was read, or holds what another tab wrote. */
  readonly moved: (document: Document) => void
  /** A document that was read has actors who wrote from two copies. */
  readonly forked: (actors: readonly ActorId[]) => void
}

interface Content {
  readonly id: DocName | undefined
  readonly snapshots: readonly Uint8Array[]
  readonly ranges: readonly SignedRange[]
  readonly damaged: boolean
}

/** Fewer are read as fast as an index of them. */
const INDEX_DOCUMENTS = 16

export class Documents {
  readonly byKey = new Map<string, Document>()
  /** Those of which there is something to tell. */
  readonly unsettled = new Unsettled()
  readonly #byStream = new Map<StreamName, Document>()
  /** Of each name its generations; mostly there is one. */
  readonly #byName = new Map<string, Document | Set<Document>>()
  readonly #shown = new Set<string>()
  readonly directory: Document
  readonly #options: DocumentsOptions
  /** Something that was loaded was damaged, and its damage is on disk still, whatever members gave back. */
  #isHurt = false
  #generations: ReadonlyMap<string, number> = new Map()
  readonly #waking = new Map<Document, Promise<void>>()
  #isIndexStale = false
  readonly #compaction: Compaction
  readonly #host: DocumentHost = {
    makeReplica: (document) => this.#makeReplica(document),
    touched: (document) => this.#touched(document),
  }

  constructor(options: DocumentsOptions) {
    this.#options = options
    this.#compaction = new Compaction({ context: options.context, documents: this, failed: options.failed })
    this.directory = this.#make(directoryName)
  }

  /** Whether it is one of them, and was not deleted. */
  has(document: Document): boolean {
    return this.byKey.get(docKey(document.id)) === document
  }

  get all(): readonly Document[] {
    return [...this.byKey.values()]
  }

  /** Names of those that hold something, or were opened; sorted. */
  get names(): readonly string[] {
    return [...this.#shown].sort()
  }

  /** Notes whether a name is among these by now. False where that is as it was. */
  noteName({ id: { name } }: Document): boolean {
    const isShown = name !== '' && this.#named(name).some(({ opened, isEmpty }) => opened || !isEmpty)
    if (isShown === this.#shown.has(name)) return false
    if (isShown) this.#shown.add(name)
    else this.#shown.delete(name)
    return true
  }

  #named(name: string): readonly Document[] {
    const named = this.#byName.get(name)
    return named instanceof Set ? [...named] : named === undefined ? [] : [named]
  }

  /** The newest generation of a name: of those after the standing one only such as hold something, since anybody can speak of any. */
  standing(name: string): Document | undefined {
    const standing = this.#generations.get(name) ?? 0
    const held = this.#named(name).filter(({ id, isEmpty }) => id.generation === standing || !isEmpty)
    return held.sort((a, b) => b.id.generation - a.id.generation)[0]
  }

  /** The document of that name, made if there is none. Errors: 'limit'. */
  open(name: string): Document {
    const document = this.standing(name) ?? this.#make({ name, generation: this.#generations.get(name) ?? 0 })
    document.opened = true
    return document
  }

  /** Whether a document that a member speaks of may be: false if that generation was deleted. Errors: 'bad-message'. */
  admissible(id: DocName): boolean {
    if (this.byKey.has(docKey(id))) return true
    if (!isDocumentName(id.name))
      throw new JoineryError('bad-message', `a document named ${JSON.stringify(id.name)} cannot be`)
    return id.generation >= (this.#generations.get(id.name) ?? 0)
  }

  /** The document edits arrive for; undefined if that generation was deleted. Errors: 'bad-message', 'limit'. */
  admit(id: DocName): Document | undefined {
    if (!this.admissible(id)) return undefined
    return this.byKey.get(docKey(id)) ?? this.#make(id)
  }

  /** What may leave of each, the directory first, in parts of some size. What comes meanwhile may be missing. */
  async *parts(): AsyncGenerator<BundlePart> {
    for (const document of new Set([this.directory, ...this.byKey.values()])) {
      document.pins++
      try {
        await this.wake(document)
        yield* this.#partsOf(document)
      } finally {
        document.pins--
      }
    }
  }

  *#partsOf(document: Document): Generator<BundlePart> {
    const { id, outward, replica } = document
    let version: Version = new Map()
    for (let more = outward.size > 0; more && this.has(document); ) {
      const part = replica.outward.rangesSince(version, outward, limits.deltaPartBytes)
      more = part.more && part.ranges.length > 0
      if (part.ranges.length > 0) yield { document: id, ranges: part.ranges }
      version = joinVersions(version, new Map(part.ranges.map(({ actor, endSeq }) => [actor, endSeq])))
    }
  }

  /** Looks at the directory: deletions that were made here, or arrived. What they name goes, here as everywhere. */
  readDirectory(): void {
    this.#generations = generations(this.directory)
    for (const [name, standing] of this.#generations)
      for (const document of this.#named(name))
        if (document !== this.directory && document.id.generation < standing) this.#remove(document)
  }

  #remove(document: Document): void {
    this.#unlist(document)
    this.#options.removed(document)
    document.discard()
    this.#drop(document)
  }

  /** Invariant 11: another instance of our actor from now on. */
  renewActor(): void {
    for (const document of this.all) document.setActor(this.#options.context.actor)
  }

  #make(id: DocName): Document {
    const { keys, label } = this.#options
    // Besides the directory, which is the first.
    if (this.byKey.size > limits.documents)
      throw new JoineryError(
        'limit',
        `"${label}" holds ${limits.documents} documents, which is the most it can. Delete some, or make another space.`,
      )
    const document = new Document(id, docTag(keys.nameKey, id.name, id.generation), keys.idHex, this.#host)
    this.byKey.set(docKey(id), document)
    this.#byStream.set(document.stream, document)
    const named = this.#byName.get(id.name)
    if (named instanceof Set) named.add(document)
    else this.#byName.set(id.name, named === undefined ? document : new Set([named, document]))
    return document
  }

  #makeReplica(document: Document): Replica {
    const { context, isMet } = this.#options
    this.#used(document)
    return new Replica({
      docTag: document.tag,
      actor: context.actor,
      now: () => context.clock.now(),
      random: context.random,
      isMet: (actor, depends) => isMet(document, actor, depends),
      pool: context.pool,
      trace: context.trace,
    })
  }

  #touched(document: Document): void {
    // Of what is gone nothing is told.
    if (!this.has(document)) return
    this.unsettled.touched(document)
    this.#options.touched(document)
  }

  #unlist(document: Document): void {
    const { id, stream } = document
    this.byKey.delete(docKey(id))
    this.#byStream.delete(stream)
    const named = this.#byName.get(id.name)
    if (named instanceof Set) named.delete(document)
    if (named === document || (named instanceof Set && named.size === 0)) this.#byName.delete(id.name)
    this.unsettled.forget(document)
    this.#options.context.awake.forget(document)
  }

  /** It is awake, and may go back to sleep when it has not been used for long. */
  #used(document: Document): void {
    this.#options.context.awake.used(document, () => this.#putToSleep(document))
  }

  /** Only what the journal holds whole, and nobody has in hand. The directory never sleeps. */
  #putToSleep(document: Document): boolean {
    if (!document.isAwake || !this.has(document)) return true
    const isInHand = document.pins > 0 || document.hasListeners || this.#options.context.writer.has(document)
    const mayNot = document === this.directory || document.waitingOps > 0 || document.hasForks
    if (isInHand || mayNot || !document.isWhole) return false
    document.rest()
    return true
  }

  /** Dropped only when the deletion itself is durable: a crash between would leave neither. */
  #drop(document: Document): void {
    const { writer, store } = this.#options.context
    writer.forget(document)
    const dropped = writer.flush().then(() => store.drop(document.stream))
    dropped.catch((cause: unknown) => this.#options.failed(cause))
  }

  // ── the store ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Loads what the store holds of this space: exactly what was acknowledged. Documents that the index knows as they are stay asleep, so that a thousand of
   * them cost an index and not their contents.
   */
  async load(streams: readonly StreamName[]): Promise<void> {
    const own = streams.filter((stream) => stream.startsWith(`${this.#options.keys.idHex}/`))
    const known = own.length < INDEX_DOCUMENTS ? new Set<StreamName>() : await this.#loadIndex()
    const unknown = own.filter((stream) => !known.has(stream))
    for (const stream of unknown) await this.#load(stream)
    this.#isIndexStale = unknown.length > 1 // The directory's is always read.
    this.readDirectory()
    for (const document of this.byKey.values()) this.noteName(document)
  }

  /** Reads what is asleep. Errors: the store's. */
  async wake(document: Document): Promise<void> {
    this.#used(document)
    if (document.asleep === undefined) return
    const waking = this.#waking.get(document) ?? this.#read(document)
    this.#waking.set(document, waking)
    try {
      await waking
    } finally {
      this.#waking.delete(document)
    }
  }

  ofStream(stream: StreamName): Document | undefined {
    return this.#byStream.get(stream)
  }

  async wakeStream(stream: StreamName): Promise<void> {
    const document = this.#byStream.get(stream)
    if (document !== undefined) await this.wake(document)
  }

  /** Puts to sleep what the index knows as the store has it. What of the index cannot be read is as if it were not there. */
  async #loadIndex(): Promise<ReadonlySet<StreamName>> {
    const { context, keys } = this.#options
    const asleep = new Set<StreamName>()
    try {
      const bytes = await context.store.get(indexKey(keys.idHex))
      if (bytes === undefined) return asleep
      const marks = await context.store.marks()
      for (const { id, mark, face } of decodeIndex(await inflate(bytes, limits.snapshotBytes))) {
        if (this.byKey.has(docKey(id))) continue
        const document = this.#make(id)
        if (marks.get(document.stream) === mark) {
          document.sleep(face)
          asleep.add(document.stream)
        } else this.#unlist(document)
      }
    } catch (cause) {
      if (!isJoineryError(cause)) throw cause
      context.trace('store', 'index', 'not read', cause.message)
    }
    return asleep
  }

  /**
   * Notes of each document what must be known of it before it is read. A courtesy to the next opening: nothing depends on it. What others appended to
   * the streams meanwhile must be known here too, or nobody would ever look; while the peer closes, that cannot be read any more, and is left out.
   */
  async saveIndex(when: 'open' | 'closing'): Promise<void> {
    const { store, catchUp } = this.#options.context
    if (!this.#isIndexStale || this.byKey.size < INDEX_DOCUMENTS) return
    const marks = await store.marks()
    if (when === 'open' && !(await catchUp())) return
    const unread = when === 'open' ? [] : (await store.tail(store.cursor())).records
    const entries = this.#indexEntries(marks, new Set(unread.map(({ stream }) => stream)))
    await store.set(indexKey(this.#options.keys.idHex), await deflate(encodeIndex(entries)))
    this.#isIndexStale = false
  }

  #indexEntries(marks: ReadonlyMap<StreamName, string | undefined>, unread: ReadonlySet<StreamName>): IndexEntry[] {
    return this.all.flatMap((document) => {
      const mark = marks.get(document.stream)
      if (mark === undefined || unread.has(document.stream) || document === this.directory) return []
      if (!document.isWhole || document.hasForks) return []
      const { id, version, outward, stated, digest, records } = document
      return [{ id, mark, face: { version, outward, stated, digest, records } }]
    })
  }

  /** Its journal is another one than the index knows. */
  outdated(): void {
    this.#isIndexStale = true
  }

  async #load(stream: StreamName): Promise<void> {
    const { context, label, failed } = this.#options
    const { records, degraded } = await context.store.read(stream)
    const content = this.#parse(stream, records)
    const document = this.#of(stream, content.id)
    if (document !== undefined) return this.#fill(document, content, { records: records.length, degraded })
    this.#isHurt = true
    failed(
      new JoineryError(
        'store-damaged',
        `A document of "${label}" lost its name on disk; it comes back from other members.`,
      ),
    )
  }

  /** Reads what is asleep, unless it was deleted or woken meanwhile. */
  async #read(document: Document): Promise<void> {
    const { records, degraded } = await this.#options.context.store.read(document.stream)
    const face = document.asleep
    if (face === undefined) return
    document.wake()
    if (!this.has(document)) return
    this.#fill(document, this.#parse(document.stream, records), { records: records.length, degraded })
    // Invariant 13: what was said of it while it slept is taken back where the disk lost something meanwhile.
    if (document.degraded || !equalVersions(face.version, document.version)) this.#options.altered(document)
    this.#options.moved(document)
  }

  #fill(
    document: Document,
    content: Content,
    { records, degraded }: { readonly records: number; readonly degraded: boolean },
  ): void {
    document.records = records
    const isRead = content.snapshots.every((snapshot) => this.#takeSnapshot(document, snapshot, 'store'))
    const { refused } = document.receive(content.ranges, 'store')
    // What was acknowledged and cannot be taken now is missing here, whatever the reason: others have it.
    document.degraded = degraded || content.damaged || !isRead || refused.length > 0
    this.#isHurt ||= document.degraded
    document.durable = document.replica.version
    const { forkedActors } = document.replica.outward
    if (forkedActors.length > 0) this.#options.forked(forkedActors)
  }

  /** Records that another tab appended, durable already. Returns the document and what it newly holds. */
  take(
    stream: StreamName,
    records: readonly Uint8Array[],
  ): { readonly document: Document; readonly held: readonly SignedRange[] } | undefined {
    const { id, snapshots, ranges } = this.#parse(stream, records)
    const document = this.#of(stream, id)
    if (document === undefined) return undefined
    for (const snapshot of snapshots) this.#takeSnapshot(document, snapshot, 'tab')
    const { held } = document.receive(ranges, 'tab')
    document.records += records.length
    const durable = new Map(document.durable)
    for (const range of held) durable.set(range.actor, Math.max(durable.get(range.actor) ?? 0, range.endSeq))
    document.durable = durable
    if (document === this.directory) this.readDirectory()
    this.#options.moved(document)
    return { document, held }
  }

  /** A snapshot is loaded whole into a document that has nothing yet; else it is received as any ranges are. False if it is damaged. */
  #takeSnapshot(document: Document, snapshot: Uint8Array, origin: 'store' | 'tab'): boolean {
    try {
      if (document.isEmpty) document.replica.load(snapshot)
      else document.receive(Replica.ranges(snapshot), origin)
      return true
    } catch (cause) {
      if (!isJoineryError(cause, 'bad-message')) throw cause
      this.#options.context.trace('store', document.stream, 'damaged snapshot', messageOf(cause))
      return false
    }
  }

  #of(stream: StreamName, id: DocName | undefined): Document | undefined {
    const known = this.#byStream.get(stream)
    if (known !== undefined || id === undefined) return known
    const made = this.byKey.get(docKey(id)) ?? this.#make(id)
    return made.stream === stream ? made : undefined
  }

  #parse(stream: StreamName, records: readonly Uint8Array[]): Content {
    let id: DocName | undefined
    let damaged = false
    const ranges: SignedRange[] = []
    const snapshots: Uint8Array[] = []
    for (const bytes of records) {
      try {
        const record = decodeRecord(bytes)
        if (record.type === 'range') ranges.push(record.range)
        else id = { name: record.name, generation: record.generation }
        if (record.type === 'snapshot') snapshots.push(record.snapshot)
      } catch (cause) {
        if (!isJoineryError(cause, 'bad-message')) throw cause
        damaged = true
        this.#options.context.trace('store', stream, 'damaged record', messageOf(cause))
      }
    }
    return { id, snapshots, ranges, damaged }
  }

  /** Compacts a document whose journal has grown long. Never rejects. */
  compact(document: Document): Promise<void> {
    return this.#compaction.compact(document)
  }

  /** Compacts what has grown long, one after another: whoever lives too briefly to do so leaves it to the next. */
  compactLong(): Promise<void> {
    return this.#compaction.compactLong()
  }

  /** Compacts all that take less room so. */
  compactAll(): Promise<Compacted> {
    return this.#compaction.compactAll()
  }

  /** Somebody holds just what is held here, so what damage took has come back: it is said no longer. Never rejects. */
  async healed(): Promise<void> {
    for (const document of this.unsettled.all) if (document.degraded) document.degraded = false
    if (!this.#isHurt || !this.#options.context.leading) return
    this.#isHurt = false
    await this.#compaction.replaceDamaged()
  }
}
