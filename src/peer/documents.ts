// The documents of one space on this peer: which there are, what the store holds of them, which generation of a name stands. One of them, the
// directory, is the space's own.

import type { SpaceKeys } from '../auth/keys.ts'
import { docTag } from '../auth/keys.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { SignedRange } from '../core/range.ts'
import { equalVersions, joinVersions, type Version } from '../core/version.ts'
import { Replica } from '../replica/replica.ts'
import { decodeRecord, encodeSnapshot } from '../store/journal.ts'
import type { StreamName } from '../store/store.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { Compacted } from './api.ts'
import type { BundlePart } from './bundle.ts'
import type { PeerContext } from './context.ts'
import { directoryName, generations } from './directory.ts'
import { Document } from './document.ts'
import { isDocumentName } from './names.ts'

export interface DocumentsOptions {
  readonly context: PeerContext
  readonly keys: SpaceKeys
  /** The space's label, for messages. */
  readonly label: string
  /** A document was deleted, here or elsewhere, and is gone from the list. */
  readonly removed: (document: Document) => void
  readonly failed: (cause: unknown) => void
}

interface Content {
  readonly id: DocName | undefined
  readonly snapshots: readonly Uint8Array[]
  readonly ranges: readonly SignedRange[]
  readonly damaged: boolean
}

const COMPACT_RECORDS = 2_048

export class Documents {
  readonly byKey = new Map<string, Document>()
  readonly directory: Document
  readonly #options: DocumentsOptions
  #generations: ReadonlyMap<string, number> = new Map()

  constructor(options: DocumentsOptions) {
    this.#options = options
    this.directory = this.#make(directoryName)
  }

  get all(): readonly Document[] {
    return [...this.byKey.values()]
  }

  /** Names of those that hold something, or were opened; sorted. */
  get names(): readonly string[] {
    const shown = this.all.filter(({ id, opened, isEmpty }) => id.name !== '' && (opened || !isEmpty))
    return [...new Set(shown.map(({ id }) => id.name))].sort()
  }

  /** The newest generation of a name: of those after the standing one only such as hold something, since anybody can speak of any. */
  standing(name: string): Document | undefined {
    const standing = this.#generations.get(name) ?? 0
    const held = this.all.filter(({ id, isEmpty }) => id.name === name && (id.generation === standing || !isEmpty))
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
  *parts(): Generator<BundlePart> {
    for (const document of new Set([this.directory, ...this.byKey.values()])) {
      const { id, outward, replica } = document
      let version: Version = new Map()
      for (let more = outward.size > 0; more && this.byKey.get(docKey(id)) === document; ) {
        const part = replica.rangesSince(version, outward, limits.deltaPartBytes)
        more = part.more && part.ranges.length > 0
        if (part.ranges.length > 0) yield { document: id, ranges: part.ranges }
        version = joinVersions(version, new Map(part.ranges.map(({ actor, endSeq }) => [actor, endSeq])))
      }
    }
  }

  /** Looks at the directory: deletions that were made here, or arrived. What they name goes, here as everywhere. */
  readDirectory(): void {
    this.#generations = generations(this.directory)
    for (const document of this.all) {
      if (document === this.directory || document.id.generation >= (this.#generations.get(document.id.name) ?? 0))
        continue
      this.byKey.delete(docKey(document.id))
      this.#options.removed(document)
      this.#drop(document)
    }
  }

  /** Invariant 11: another instance of our actor from now on. */
  renewActor(): void {
    for (const { replica } of this.all) replica.setActor(this.#options.context.actor)
  }

  #make(id: DocName): Document {
    const { context, keys, label } = this.#options
    if (this.byKey.size >= limits.documents)
      throw new JoineryError(
        'limit',
        `"${label}" holds ${limits.documents} documents, which is the most it can. Delete some, or make another space.`,
      )
    const tag = docTag(keys.nameKey, id.name, id.generation)
    const replica = new Replica({
      docTag: tag,
      actor: context.actor,
      now: () => context.clock.now(),
      random: context.random,
      trace: context.trace,
    })
    const document = new Document(id, tag, keys.idHex, replica)
    this.byKey.set(docKey(id), document)
    return document
  }

  /** Dropped only when the deletion itself is durable: a crash between would leave neither. */
  #drop(document: Document): void {
    const { writer, store } = this.#options.context
    writer.forget(document)
    const dropped = writer.flush().then(() => store.drop(document.stream))
    dropped.catch((cause: unknown) => this.#options.failed(cause))
  }

  // ── the store ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Loads what the store holds of this space: exactly what was acknowledged. */
  async load(streams: readonly StreamName[]): Promise<void> {
    for (const stream of streams) if (stream.startsWith(`${this.#options.keys.idHex}/`)) await this.#load(stream)
    this.readDirectory()
  }

  async #load(stream: StreamName): Promise<void> {
    const { context, label, failed } = this.#options
    const { records, degraded } = await context.store.read(stream)
    const content = this.#read(stream, records)
    const document = this.#of(stream, content.id)
    if (document === undefined)
      return failed(
        new JoineryError(
          'store-damaged',
          `A document of "${label}" lost its name on disk; it comes back from other members.`,
        ),
      )
    document.records = records.length
    const isWhole = content.snapshots.every((snapshot) => this.#takeSnapshot(document, snapshot, 'store'))
    const { refused } = document.receive(content.ranges, 'store')
    // What was acknowledged and cannot be taken now is missing here, whatever the reason: others have it.
    document.degraded = degraded || content.damaged || !isWhole || refused.length > 0
    document.durable = document.replica.version
  }

  /** Records that another tab appended, durable already. Returns the document and what it newly holds. */
  take(
    stream: StreamName,
    records: readonly Uint8Array[],
  ): { readonly document: Document; readonly held: readonly SignedRange[] } | undefined {
    const { id, snapshots, ranges } = this.#read(stream, records)
    const document = this.#of(stream, id)
    if (document === undefined) return undefined
    for (const snapshot of snapshots) this.#takeSnapshot(document, snapshot, 'tab')
    const { held } = document.receive(ranges, 'tab')
    document.records += records.length
    const durable = new Map(document.durable)
    for (const range of held) durable.set(range.actor, Math.max(durable.get(range.actor) ?? 0, range.endSeq))
    document.durable = durable
    if (document === this.directory) this.readDirectory()
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
    const known = this.all.find((document) => document.stream === stream)
    if (known !== undefined || id === undefined) return known
    const made = this.byKey.get(docKey(id)) ?? this.#make(id)
    return made.stream === stream ? made : undefined
  }

  #read(stream: StreamName, records: readonly Uint8Array[]): Content {
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
  async compact(document: Document): Promise<void> {
    if (document.records < COMPACT_RECORDS || !this.#options.context.leading) return
    await this.#compact(document).catch((cause: unknown) => this.#options.failed(cause))
  }

  /** Compacts all of which there is more than a snapshot, one after another. */
  async compactAll(): Promise<Compacted> {
    let documents = 0
    let kept = 0
    for (const document of this.all) {
      if (document.records <= 1) continue
      if (await this.#compact(document)) documents++
      else kept++
    }
    return { documents, kept }
  }

  /** One snapshot instead of many records. Only what is durable and whole goes in, and nothing that another tab wrote is left out; else false. */
  async #compact(document: Document): Promise<boolean> {
    const { context } = this.#options
    const { store, writer } = context
    const { records } = document
    // Zero, so that the name is written anew with what follows, and nobody else compacts meanwhile.
    document.records = 0
    let isDone = false
    try {
      // We may be called from within an append, which has to end first. An error of the writer's is told by the writer.
      await writer.flush().catch(() => {})
      await context.catchUp()
      const upTo = store.cursor()
      if (isWhole(document)) {
        const { name, generation } = document.id
        await store.compact(document.stream, encodeSnapshot(name, generation, document.replica.snapshot()), upTo)
        isDone = true
      }
    } finally {
      if (!isDone) document.records += records
    }
    return isDone
  }
}

/** What is held is just what the journal holds: nothing is on its way there, nothing of it is damaged, nothing of it waits. */
function isWhole({ degraded, durable, replica }: Document): boolean {
  return !degraded && equalVersions(durable, replica.version) && replica.holdsAll
}
