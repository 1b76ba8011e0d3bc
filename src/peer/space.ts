// One space on this peer: its documents, its members, its replicator while there is a network. It joins what the other parts decide.

import { type AddressRecord, readRecord, signRecord, writeRecord } from '../auth/address-record.ts'
import { deviceId } from '../auth/device.ts'
import { docTag, type SpaceKeys, type SpaceSecret, spaceKeys } from '../auth/keys.ts'
import { encodeTicket } from '../auth/ticket.ts'
import { ByteReader, ByteWriter, fromHex, toHex } from '../base/bytes.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { ownerOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { Value } from '../crdt/types.ts'
import type { Network, NodeId } from '../net/network.ts'
import { Replica } from '../replica/replica.ts'
import { decodeRecord, encodeSnapshot } from '../store/journal.ts'
import type { StreamName } from '../store/store.ts'
import { docKey, type Holdings } from '../sync/holdings.ts'
import type { ByeReason, DocName } from '../sync/messages.ts'
import type {
  DocHandle,
  Observable,
  PeerStatus,
  SettledOptions,
  Space,
  SpaceEvents,
  Status,
  WaitOptions,
} from './api.ts'
import { Book } from './book.ts'
import type { PeerContext } from './context.ts'
import { directoryName, generations, markDeleted } from './directory.ts'
import { DocHandleImpl } from './doc-handle.ts'
import { Document } from './document.ts'
import { chooseAddresses, nodeOf } from './first-contact.ts'
import { documentName, isDocumentName } from './names.ts'
import { ObservableValue } from './observable.ts'
import { type Contact, describeConnections, Replicator, type ReplicatorHost } from './replicator.ts'
import type { Introduction, Session } from './session.ts'
import { equalStatus, makeStatus } from './status.ts'
import { waitUntil } from './wait.ts'

/** What a member's store is known to hold, also after it went: receipts are counted once per incarnation. */
interface Receipt {
  readonly id: string
  readonly name: string
  readonly device: string
  readonly holdings: Holdings
}

const TOUCH_MS = 20
const COMPACT_RECORDS = 2_048
const NEWS_RECORDS = 64

export class SpaceImpl implements Space, ReplicatorHost {
  readonly id: string
  readonly label: string
  readonly secret: SpaceSecret
  readonly keys: SpaceKeys
  readonly #documents = new Map<string, Document>()
  readonly #handles = new Set<DocHandleImpl<object>>()
  readonly #receipts = new Map<string, Receipt>()
  readonly #seen = new Map<string, { readonly id: string; readonly name: string; readonly at: number }>()
  readonly #emitter: Emitter<SpaceEvents>
  readonly #touches = new Emitter<{ touch: undefined }>()
  readonly #context: PeerContext
  readonly #status: ObservableValue<Status>
  readonly #directory: Document
  #generations: ReadonlyMap<string, number> = new Map()
  #replicator: Replicator | undefined
  #book: Book | undefined
  #record: AddressRecord | undefined
  #offNetwork: Off = () => {}
  #hints: readonly string[] = []
  #cancelTouch: (() => void) | undefined
  #lastAgreedAt: number | undefined
  #shownDocuments = ''
  #closed: JoineryError | undefined

  constructor(context: PeerContext, secret: SpaceSecret, label: string, lastAgreedAt: number | undefined) {
    this.#context = context
    this.secret = secret
    this.label = label
    this.keys = spaceKeys(secret)
    this.id = `space:${this.keys.idHex}`
    this.#lastAgreedAt = lastAgreedAt
    this.#emitter = new Emitter(context.onThrow)
    this.#directory = this.#makeDocument(directoryName)
    this.#status = new ObservableValue<Status>(this.#statusNow(), equalStatus, context.onThrow)
  }

  // ── the public face ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get documents(): readonly string[] {
    const names = new Set<string>()
    for (const { id, opened, isEmpty } of this.#documents.values())
      if (id.name !== '' && (opened || !isEmpty)) names.add(id.name)
    return [...names].sort()
  }

  get status(): Observable<Status> {
    return this.#status
  }

  async open<T extends object = Record<string, unknown>>(
    name: string,
    options: { readonly init?: Value<T> | T } = {},
  ): Promise<DocHandle<T>> {
    this.#assertOpen()
    const normal = documentName(name)
    const document =
      this.#standing(normal) ?? this.#makeDocument({ name: normal, generation: this.#generations.get(normal) ?? 0 })
    document.opened = true
    if (options.init !== undefined && document.isEmpty) {
      const { held } = document.announce(document.replica.init(options.init as object))
      if (held.length > 0) this.#context.writer.add(document, this.keys.spaceId, { received: held })
    }
    const handle = new DocHandleImpl<T>(this, document, this.#context.onThrow)
    this.#handles.add(handle as unknown as DocHandleImpl<object>)
    this.#tellDocuments()
    return handle
  }

  async delete(name: string): Promise<void> {
    this.#assertOpen()
    const normal = documentName(name)
    const document = this.#standing(normal)
    if (document === undefined)
      throw new JoineryError('no-such-document', `There is no document "${normal}" in "${this.label}".`)
    this.change(this.#directory, markDeleted(document.id), undefined)
    this.#readDirectory()
    await this.#context.writer.flush()
  }

  async invite(): Promise<string> {
    this.#assertOpen()
    const own = chooseAddresses(this.#context.network?.addresses ?? [])
    const others = [...(this.#replicator?.contacts.keys() ?? [])]
      .slice(0, 2)
      .flatMap((node) => chooseAddresses(this.#book?.addressesOf(node) ?? [], 2))
    return encodeTicket({ ...this.secret, label: this.label, addresses: own.length > 0 ? own : others })
  }

  async met(options: WaitOptions = {}): Promise<void> {
    await this.#wait(
      options,
      () => this.#lastAgreedAt !== undefined,
      () => `No member of "${this.label}" was met in time: ${this.#whoIsThere()}`,
    )
  }

  settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    return this.settle([...this.#documents.values()], options)
  }

  async leave(): Promise<void> {
    this.#assertOpen()
    this.#context.left(this)
    await this.#end('left', new JoineryError('closed', `"${this.label}" was left. Join it again with an invitation.`))
    const { store } = this.#context
    await store.delete(spaceShelfKey(this.keys.idHex))
    await store.delete(this.#bookKey)
    for (const stream of await store.streams()) if (stream.startsWith(`${this.keys.idHex}/`)) await store.drop(stream)
  }

  on<Name extends keyof SpaceEvents>(name: Name, listener: (event: SpaceEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  // ── documents ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Records an edit of our own: merged at once, durable next, then sent. */
  change<R>(document: Document, fn: (draft: never) => R, message: string | undefined): R {
    const { writer, actor } = this.#context
    if (writer.error !== undefined) throw writer.error
    const result = document.change(fn, message)
    writer.add(document, this.keys.spaceId, { actor })
    this.touched()
    return result
  }

  async settle(documents: readonly Document[], options: SettledOptions): Promise<void> {
    const wanted = documents
      .map((document) => ({ document, version: this.#ownVersion(document) }))
      .filter(({ version }) => version.size > 0)
    await this.#context.writer.flush()
    const { peers = 0 } = options
    if (peers === 0) return
    const holders = (): Receipt[] =>
      [...this.#receipts.values()].filter(({ holdings }) =>
        wanted.every(({ document, version }) => holdings.contains(document.id, version)),
      )
    await this.#wait(
      options,
      () => holders().length >= peers,
      () => {
        const have = holders().map(({ name }) => name)
        return `Stored by ${have.length} of ${peers} other members${have.length > 0 ? ` (${have.join(', ')})` : ''} in time; ${this.#whoIsThere()}`
      },
    )
  }

  /** What this device wrote in a document: what a receipt must cover. */
  #ownVersion(document: Document): Version {
    const { keyHex } = this.#context.device
    return new Map([...document.replica.version].filter(([actor]) => isOwn(actor, keyHex)))
  }

  #standing(name: string): Document | undefined {
    let newest: Document | undefined
    for (const document of this.#documents.values())
      if (document.id.name === name && document.id.generation >= (newest?.id.generation ?? 0)) newest = document
    return newest
  }

  #makeDocument(id: DocName): Document {
    if (this.#documents.size >= limits.documents)
      throw new JoineryError(
        'limit',
        `"${this.label}" holds ${limits.documents} documents, which is the most it can. Delete some, or make another space.`,
      )
    const tag = docTag(this.keys.nameKey, id.name, id.generation)
    const { actor, clock, trace } = this.#context
    const replica = new Replica({ docTag: tag, actor, now: () => clock.now(), trace })
    const document = new Document(id, tag, this.keys.idHex, replica)
    this.#documents.set(docKey(id), document)
    return document
  }

  /** Deletions that were made here, or arrived: what they name goes, here as everywhere. */
  #readDirectory(): void {
    this.#generations = generations(this.#directory)
    for (const document of [...this.#documents.values()]) {
      if (document.id.name !== '' && document.id.generation < (this.#generations.get(document.id.name) ?? 0))
        this.#remove(document)
    }
    this.#tellDocuments()
  }

  #remove(document: Document): void {
    this.#documents.delete(docKey(document.id))
    this.#context.writer.forget(document)
    this.#replicator?.forget(document)
    const error = new JoineryError(
      'document-deleted',
      `"${document.id.name}" was deleted. Opening the name again begins a new document.`,
    )
    for (const listener of [...document.listeners]) listener.ended(error)
    // Dropped only when the deletion itself is durable, or a crash between would leave neither.
    const dropped = this.#context.writer.flush().then(() => this.#context.store.drop(document.stream))
    dropped.catch((cause: unknown) => this.#fail(cause))
  }

  forgetHandle(handle: { readonly document: Document }): void {
    this.#handles.delete(handle as DocHandleImpl<object>)
  }

  /** Another instance of our actor from now on (Invariant 11). */
  renewActor(): void {
    for (const document of this.#documents.values()) document.replica.setActor(this.#context.actor)
  }

  // ── the store ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Loads what the store holds of this space: exactly what was acknowledged. */
  async load(streams: readonly StreamName[]): Promise<void> {
    for (const stream of streams) if (stream.startsWith(`${this.keys.idHex}/`)) await this.#loadStream(stream)
    this.#readDirectory()
  }

  async #loadStream(stream: StreamName): Promise<void> {
    const { records, degraded } = await this.#context.store.read(stream)
    const content = this.#readRecords(stream, records)
    const document =
      content.id === undefined ? undefined : (this.#documents.get(docKey(content.id)) ?? this.#makeDocument(content.id))
    if (document === undefined || document.stream !== stream)
      return this.#fail(
        new JoineryError(
          'store-damaged',
          `A document of "${this.label}" lost its name on disk; it comes back from other members.`,
        ),
      )
    document.records = records.length
    document.degraded = degraded || content.damaged
    document.receive(content.ranges, 'store')
    document.durable = document.replica.version
  }

  #readRecords(
    stream: StreamName,
    records: readonly Uint8Array[],
  ): { id: DocName | undefined; ranges: SignedRange[]; damaged: boolean } {
    let id: DocName | undefined
    let damaged = false
    const ranges: SignedRange[] = []
    for (const bytes of records) {
      try {
        const record = decodeRecord(bytes)
        if (record.type === 'range') ranges.push(record.range)
        else id = { name: record.name, generation: record.generation }
        if (record.type === 'snapshot') ranges.push(...Replica.ranges(record.snapshot))
      } catch (cause) {
        if (!isJoineryError(cause, 'bad-message')) throw cause
        damaged = true
        this.#context.trace('store', stream, 'damaged record', messageOf(cause))
      }
    }
    return { id, ranges, damaged }
  }

  /** Records that another tab appended: durable already. */
  takeRecords(stream: StreamName, records: readonly Uint8Array[]): void {
    const { id, ranges } = this.#readRecords(stream, records)
    const document =
      [...this.#documents.values()].find((candidate) => candidate.stream === stream) ??
      (id === undefined ? undefined : this.admit(id))
    if (document === undefined || document.stream !== stream) return
    const { held } = document.receive(ranges, 'tab')
    document.records += records.length
    const durable = new Map(document.durable)
    for (const range of held) durable.set(range.actor, Math.max(durable.get(range.actor) ?? 0, range.endSeq))
    document.durable = durable
    if (document === this.#directory) this.#readDirectory()
    const { keyHex } = this.#context.device
    this.becameDurable(
      document,
      held.filter(({ actor }) => isOwn(actor, keyHex)),
    )
  }

  /** A document's durable frontier moved: what is ours may leave. */
  becameDurable(document: Document, own: readonly SignedRange[]): void {
    if (this.#documents.get(docKey(document.id)) !== document) return
    this.#replicator?.durable(document, own)
    this.touched()
    if (document.records > COMPACT_RECORDS) void this.#compact(document)
  }

  /** One snapshot instead of many records. Only what is durable and whole goes in, and nothing that another tab wrote is left out. */
  async #compact(document: Document): Promise<void> {
    const { store, writer, leading } = this.#context
    const whole = (): boolean => writer.idle && !document.degraded && document.replica.pending.ops === 0
    if (!leading || !whole()) return
    document.records = 0
    try {
      await this.#context.catchUp()
      const upTo = store.cursor()
      if (!whole()) return
      await store.compact(
        document.stream,
        encodeSnapshot(document.id.name, document.id.generation, document.replica.snapshot()),
        upTo,
      )
    } catch (cause) {
      this.#fail(cause)
    }
  }

  // ── the network ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async connect(network: Network): Promise<void> {
    const { clock, random, sealer, trace, store, device } = this.#context
    this.#replicator = new Replicator({ host: this, network, clock, random, sealer, trace })
    this.#book = new Book({
      spaceId: this.keys.spaceId,
      self: device.keyHex,
      shelf: store,
      shelfKey: this.#bookKey,
      network,
      clock,
      random,
      trace,
      inContact: (node) => this.#replicator?.contacts.has(node) ?? false,
      reached: (node) => this.#context.greet(this, node),
    })
    this.hint(this.#hints)
    await this.#book.load()
    await this.#makeRecord()
    this.#offNetwork = network.on(
      'addresses',
      () => void this.#tellAddresses().catch((cause: unknown) => this.#fail(cause)),
    )
    this.touched()
  }

  async disconnect(reason: ByeReason): Promise<void> {
    this.#offNetwork()
    await this.#replicator?.close(reason)
    await this.#book?.close()
    this.#replicator = undefined
    this.#book = undefined
    this.touched()
  }

  inContact(node: NodeId): boolean {
    return this.#replicator?.contacts.has(node) ?? false
  }

  /** Addresses from a ticket, or of somebody found nearby. */
  hint(addresses: readonly string[]): void {
    this.#hints = addresses
    for (const address of addresses) {
      const node = nodeOf(address)
      if (node !== undefined)
        this.#book?.hint(
          node,
          addresses.filter((other) => nodeOf(other) === node),
        )
    }
  }

  hurry(): void {
    this.#book?.hurry()
  }

  strange(node: NodeId): void {
    this.#book?.strange(node)
  }

  async introduction(): Promise<Introduction> {
    const record = this.#record ?? (await this.#makeRecord())
    const { name, store } = this.#context
    return {
      name,
      incarnation: fromHex(store.incarnation),
      durable: store.kind !== 'memory',
      record: encodeAddressRecord(record),
    }
  }

  /** Serves a session until it ends. */
  async serve(session: Session): Promise<void> {
    if (this.#replicator === undefined) return session.close('closing')
    const { member } = session
    this.#seen.set(member.device, { id: member.id, name: member.name, at: this.#context.clock.now() })
    const news = this.#book?.records.slice(0, NEWS_RECORDS).map(encodeAddressRecord) ?? []
    if (news.length > 0) void session.send({ type: 'news', records: news })
    void this.#learn([member.record], member.node).then(() => this.#book?.met(member.node))
    await this.#context.network
      ?.useRelay(member.node)
      .catch((cause: unknown) => this.#context.trace('net', 'no relay', messageOf(cause)))
    await this.#replicator.serve(session)
    this.#seen.set(member.device, { id: member.id, name: member.name, at: this.#context.clock.now() })
  }

  async #makeRecord(): Promise<AddressRecord> {
    const { device, network, name, clock } = this.#context
    this.#record = await signRecord(device, this.keys.spaceId, {
      node: network?.id ?? '',
      name,
      madeAt: clock.now(),
      addresses: network?.addresses.slice(0, limits.bookAddresses) ?? [],
    })
    return this.#record
  }

  async #tellAddresses(): Promise<void> {
    const record = await this.#makeRecord()
    for (const { session } of this.#replicator?.contacts.values() ?? [])
      void session.send({ type: 'news', records: [encodeAddressRecord(record)] })
  }

  /** New records are written down and passed on to the others in contact. */
  async #learn(records: readonly Uint8Array[], from: NodeId): Promise<void> {
    const news: Uint8Array[] = []
    for (const bytes of records) {
      const record = readRecord(new ByteReader(bytes))
      if ((await this.#book?.learn(record)) !== true) continue
      news.push(bytes)
      this.#seen.set(toHex(record.device), {
        id: deviceId(record.device),
        name: record.name,
        at: this.#seen.get(toHex(record.device))?.at ?? 0,
      })
    }
    if (news.length === 0) return
    for (const [node, { session }] of this.#replicator?.contacts ?? [])
      if (node !== from) void session.send({ type: 'news', records: news })
  }

  // ── what the replicator asks ───────────────────────────────────────────────────────────────────────────────────────────────────

  get documentsByKey(): ReadonlyMap<string, Document> {
    return this.#documents
  }

  admit(id: DocName): Document | undefined {
    const known = this.#documents.get(docKey(id))
    if (known !== undefined) return known
    if (id.name === '' || !isDocumentName(id.name))
      throw new JoineryError('bad-message', `a document named ${JSON.stringify(id.name)} cannot be`)
    if (id.generation < (this.#generations.get(id.name) ?? 0)) return undefined
    return this.#makeDocument(id)
  }

  receive(document: Document, ranges: readonly SignedRange[], origin: 'gossip' | 'sync'): number {
    const before = count(document.replica.version)
    const wasEmpty = document.isEmpty
    const { held, refused } = document.receive(ranges, origin)
    if (held.length > 0) this.#context.writer.add(document, this.keys.spaceId, { received: held })
    if (document === this.#directory && held.length > 0) this.#readDirectory()
    if (wasEmpty) this.#tellDocuments()
    this.touched()
    for (const { error } of refused) {
      if (error.code === 'forked') this.#fail(error)
      else if (error.code === 'bad-message') throw error
      else this.#context.trace('sync', 'refused', error.message)
    }
    return count(document.replica.version) - before
  }

  heardNews(records: readonly Uint8Array[], from: Contact): void {
    this.#learn(records, from.member.node).catch((cause: unknown) =>
      this.#context.trace('book', 'bad news', messageOf(cause)),
    )
  }

  /** Invariant 11: somebody holds ops of ours that we do not. Our store was set back, or copied: we go on under another instance. */
  heardOwn(document: Document, version: Version): void {
    const { actor } = this.#context
    if ((version.get(actor) ?? 0) > (document.replica.version.get(actor) ?? 0)) this.#context.renew()
  }

  agreed(contact: Contact): void {
    const first = this.#lastAgreedAt === undefined
    this.#lastAgreedAt = contact.agreedAt
    if (first) void this.save().catch((cause: unknown) => this.#fail(cause))
    this.touched()
  }

  failed(error: JoineryError): void {
    this.#fail(error)
  }

  /** Looks at every status once, soon. */
  touched(): void {
    if (this.#closed !== undefined) return
    this.#cancelTouch ??= this.#context.clock.after(TOUCH_MS, () => {
      this.#cancelTouch = undefined
      this.#noteReceipts()
      for (const handle of [...this.#handles]) handle.refresh()
      if (this.#status.set(this.#statusNow())) this.#emitter.emit('status', this.#status.current)
      this.#touches.emit('touch', undefined)
    })
  }

  #noteReceipts(): void {
    for (const { member, holdings } of this.#replicator?.contacts.values() ?? []) {
      // Our own tabs and stores that forget give no receipts.
      if (!member.durable || member.incarnation === this.#context.store.incarnation) continue
      this.#receipts.set(member.incarnation, { id: member.id, name: member.name, device: member.device, holdings })
    }
  }

  // ── status ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  statusOf(document: Document): Status {
    const { writer, actor, paused, leading } = this.#context
    return makeStatus({
      saved: document.saved(actor),
      saveError: writer.error?.message,
      paused,
      leading,
      degraded: document.degraded,
      waitingOps: document.replica.pending.ops,
      peers: this.#peers(document),
      lastAgreedAt: this.#lastAgreedAt,
    })
  }

  #statusNow(): Status {
    const { writer, actor, paused, leading } = this.#context
    const documents = [...this.#documents.values()]
    return makeStatus({
      saved: documents.every((document) => document.saved(actor)),
      saveError: writer.error?.message,
      paused,
      leading,
      degraded: documents.some(({ degraded }) => degraded),
      waitingOps: documents.reduce((sum, { replica }) => sum + replica.pending.ops, 0),
      peers: this.#peers(undefined),
      lastAgreedAt: this.#lastAgreedAt,
    })
  }

  #peers(document: Document | undefined): PeerStatus[] {
    const contacts = [...(this.#replicator?.contacts.values() ?? [])]
    const present = contacts.map((contact) => this.#presentPeer(contact, document))
    const devices = new Set(contacts.map(({ member }) => member.device))
    const absent = [...this.#seen]
      .filter(([device]) => !devices.has(device))
      .map(([device, seen]) => this.#absentPeer(device, seen))
    return [...present, ...absent].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  #presentPeer(contact: Contact, document: Document | undefined): PeerStatus {
    const { member } = contact
    const why = this.#whyNot(contact, document)
    return {
      id: member.id,
      name: member.name,
      connected: true,
      ...describeConnections(this.#context.network?.connections.get(member.node)),
      agreed: why === undefined,
      why,
      stored: member.durable && this.#hasStored(contact.holdings, document),
      lastSeenAt: this.#seen.get(member.device)?.at,
    }
  }

  #absentPeer(device: string, seen: { readonly id: string; readonly name: string; readonly at: number }): PeerStatus {
    const receipt = [...this.#receipts.values()].find((candidate) => candidate.device === device)
    return {
      id: seen.id,
      name: seen.name,
      connected: false,
      transport: undefined,
      direct: false,
      agreed: false,
      why: `${seen.name} is not in contact.`,
      stored: receipt !== undefined && this.#hasStored(receipt.holdings, undefined),
      lastSeenAt: seen.at === 0 ? undefined : seen.at,
    }
  }

  #hasStored(holdings: Holdings, document: Document | undefined): boolean {
    const documents = document === undefined ? [...this.#documents.values()] : [document]
    return documents.every((one) => holdings.contains(one.id, this.#ownVersion(one)))
  }

  #whyNot(contact: Contact, document: Document | undefined): string | undefined {
    const { name } = contact.member
    if (this.#replicator?.agreedWith(contact) === true) return undefined
    if (contact.root === undefined) return `${name} has not yet said what it holds.`
    if (document === undefined)
      return `${name} holds something else than this peer; they are exchanging what each lacks.`
    if (!contact.synced) return `${name} and this peer have yet to compare what they hold.`
    const theirs = contact.holdings.version(document.id)
    const ours = document.outward
    const lackHere = count(theirs) - countShared(theirs, ours)
    const lackThere = count(ours) - countShared(ours, theirs)
    if (lackHere === 0 && lackThere === 0) return undefined
    return `${name} lacks ${lackThere} edits of this peer's, and has ${lackHere} that are lacking here.`
  }

  #whoIsThere(): string {
    const { peers } = this.#statusNow()
    if (peers.length === 0) return this.#context.paused ? 'this peer is paused.' : 'nobody was in contact.'
    return peers
      .map((peer) => (peer.connected ? (peer.why ?? `${peer.name} agrees.`) : `${peer.name} is not in contact.`))
      .join(' ')
  }

  // ── life ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async save(): Promise<void> {
    const writer = new ByteWriter().u8(0).raw(this.secret.genesis).raw(this.secret.secret).string(this.label)
    await this.#context.store.set(spaceShelfKey(this.keys.idHex), writer.varint(this.#lastAgreedAt ?? 0).finish())
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    await this.#end(
      'closing',
      new JoineryError('closed', `"${this.label}" is closed, since its peer was. Open the peer again.`),
    )
  }

  async #end(reason: ByeReason, error: JoineryError): Promise<void> {
    this.#closed = error
    await this.disconnect(reason)
    this.#cancelTouch?.()
    for (const handle of [...this.#handles]) handle.ended(undefined)
    this.#touches.emit('touch', undefined)
    this.#status.close()
    this.#emitter.emit('close', undefined)
    this.#emitter.clear()
  }

  export(): Record<string, unknown> {
    return Object.fromEntries(this.documents.map((name) => [name, this.#standing(name)?.replica.export()]))
  }

  get #bookKey(): string {
    return `books/${this.keys.idHex}`
  }

  #wait(options: WaitOptions, done: () => boolean, explain: () => string): Promise<void> {
    return waitUntil({
      ...options,
      clock: this.#context.clock,
      done,
      failed: () => this.#closed ?? this.#context.writer.error,
      explain,
      listen: (look) => this.#touches.on('touch', look),
    })
  }

  #tellDocuments(): void {
    const names = this.documents
    const shown = names.join('\n')
    if (shown === this.#shownDocuments) return
    this.#shownDocuments = shown
    this.#emitter.emit('documents', names)
  }

  #fail(cause: unknown): void {
    if (this.#closed !== undefined) return
    const error = isJoineryError(cause) ? cause : new JoineryError('internal', messageOf(cause), { cause })
    this.#emitter.emit('error', error)
    this.#context.report(error)
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw this.#closed
  }
}

export function spaceShelfKey(idHex: string): string {
  return `spaces/${idHex}`
}

/** What the shelf keeps of a space: version u8 (0) ‖ genesis 50 ‖ secret 32 ‖ label string ‖ last agreed (ms, 0 for never) varint. */
export function readSpaceRecord(bytes: Uint8Array): {
  secret: SpaceSecret
  label: string
  lastAgreedAt: number | undefined
} {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version !== 0)
    throw new JoineryError(
      'store-newer',
      `A space record of version ${version} was written by a newer joinery. Update joinery to open it.`,
    )
  const secret = { genesis: reader.raw(50).slice(), secret: reader.raw(32).slice() }
  const label = reader.string(limits.labelBytes)
  const agreedAt = reader.varint()
  return { secret, label, lastAgreedAt: agreedAt === 0 ? undefined : agreedAt }
}

function encodeAddressRecord(record: AddressRecord): Uint8Array {
  const writer = new ByteWriter()
  writeRecord(writer, record)
  return writer.finish()
}

function isOwn(actor: Parameters<typeof ownerOf>[0], keyHex: string): boolean {
  const owner = ownerOf(actor)
  return owner.kind === 1 && toHex(owner.publicKey) === keyHex
}

function count(version: Version): number {
  let sum = 0
  for (const seq of version.values()) sum += seq
  return sum
}

/** How many of the ops of `a` are also in `b`. */
function countShared(a: Version, b: Version): number {
  let sum = 0
  for (const [actor, seq] of a) sum += Math.min(seq, b.get(actor) ?? 0)
  return sum
}
