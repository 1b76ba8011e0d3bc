// One space on this peer, as the application sees it. It joins its documents, its members and, while there is a network, its links.

import { type SpaceKeys, type SpaceSecret, spaceKeys } from '../auth/keys.ts'
import { encodeTicket } from '../auth/ticket.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { type ActorId, actorOf, isOwn, ownerOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { Network, NodeId } from '../net/network.ts'
import type { Received } from '../replica/replica.ts'
import { encodeName } from '../store/journal.ts'
import type { StreamName } from '../store/store.ts'
import { docKey } from '../sync/holdings.ts'
import type { ByeReason, DocName } from '../sync/messages.ts'
import type { TokenSection } from '../sync/session-token.ts'
import { Ages } from './ages.ts'
import type {
  Asked,
  ChangeOptions,
  Compacted,
  DocHandle,
  Observable,
  OpenOptions,
  PeerStatus,
  SettledOptions,
  Snapshot,
  Space,
  SpaceEvents,
  Status,
  WaitOptions,
} from './api.ts'
import type { BundlePart } from './bundle.ts'
import type { Contact } from './contacts.ts'
import type { PeerContext } from './context.ts'
import { Crossing } from './crossing.ts'
import { markDeleted } from './directory.ts'
import { DocHandleImpl } from './doc-handle.ts'
import type { Document } from './document.ts'
import { Documents } from './documents.ts'
import { chooseAddresses } from './first-contact.ts'
import { Following, staleSentence } from './following.ts'
import { dependsOn, snapshotOf } from './frontier.ts'
import { least } from './joined-status.ts'
import { Links } from './links.ts'
import { Members } from './members.ts'
import { documentName } from './names.ts'
import { ObservableValue } from './observable.ts'
import { TOLD_MAX, type WaitingOps } from './pending.ts'
import { SpacePresence } from './presence.ts'
import type { Handed, ReplicatorHost } from './replicator-host.ts'
import type { Session } from './session.ts'
import { sectionOf, seenIn } from './session-tokens.ts'
import {
  bookKey,
  decodeSpaceRecord,
  encodeSpaceRecord,
  HINTS_MAX,
  indexKey,
  leftKey,
  type SpaceRecord,
  spaceKey,
  wantsKey,
} from './shelf.ts'
import { equalStatus, type Facts, makeStatus } from './status.ts'
import { peersAsReported, type TabReport } from './tabs.ts'
import type { Unsaved } from './unsaved.ts'
import { verifiedNews } from './verified.ts'
import { checkWait, type Explanation, waitUntil } from './wait.ts'
import type { Wanted } from './wanted.ts'
import { whyNotSynced } from './why.ts'

const TOUCH_MS = 20
const CLAIMS_MAX = 8
const CLAIMANTS_MAX = 16

/** A document's handle, of whatever type. */
interface Handle {
  readonly document: Document
  readonly following: Following
  touch(): void
  tellStatus(): void
  ended(error: JoineryError | undefined): void
}

export class SpaceImpl implements Space, ReplicatorHost {
  readonly id: string
  readonly label: string
  readonly keys: SpaceKeys
  readonly presence: SpacePresence
  readonly #secret: SpaceSecret
  readonly #context: PeerContext
  readonly #documents: Documents
  readonly #members: Members
  readonly #crossing: Crossing
  readonly #handles = new Set<Handle>()
  readonly #emitter: Emitter<SpaceEvents>
  readonly #claims = new Map<string, ReadonlySet<ActorId>>()
  /** What somebody waits for others to have stored. */
  readonly #wanted = new Set<Wanted>()
  readonly #touches = new Emitter<{ touch: undefined }>()
  readonly #status: ObservableValue<Status>
  /** Since when what is pending is so. */
  readonly ages = new Ages()
  #links: Links | undefined
  #hints: readonly string[]
  #report: TabReport | undefined
  #cancelTouch: (() => void) | undefined
  #lastAgreedAt: number | undefined
  #closed: JoineryError | undefined

  constructor(context: PeerContext, { secret, label, lastAgreedAt, hints }: SpaceRecord) {
    this.#hints = hints
    this.#context = context
    this.#secret = secret
    this.label = label
    this.keys = spaceKeys(secret)
    this.id = `space:${this.keys.idHex}`
    this.#lastAgreedAt = lastAgreedAt
    this.#emitter = new Emitter(context.onThrow)
    this.#documents = new Documents({
      context,
      keys: this.keys,
      label,
      touched: (document) => this.#members.touched(document),
      removed: (document) => this.#removed(document),
      failed: (cause) => this.#fail(cause),
      altered: (document) => this.becameDurable(document, []),
      forked: (actors) => this.#retireOwn(actors),
      isMet: (document, actor, depends) => this.#crossing.isMet(document, actor, depends),
      moved: (document) => this.#release(document),
    })
    this.#crossing = new Crossing({
      document: (id) => this.documentsByKey.get(docKey(id)),
      admissible: (id) => this.admissible(id),
      wake: (document) => void this.wake(document).catch((cause: unknown) => this.#fail(cause)),
    })
    this.#members = new Members(context, this.#documents)
    this.presence = new SpacePresence({
      ...{ clock: context.clock, random: context.random, trace: context.trace },
      ...{ spaceId: this.keys.spaceId, device: context.device, signing: context.signing, name: context.name },
      inContact: (device) => this.#links?.isContact(device) ?? false,
      publish: (beat) => this.#publishBeat(beat),
    })
    this.#status = new ObservableValue<Status>(() => this.statusOf(undefined, this.ages), equalStatus, context.onThrow)
  }

  // ── the public face ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get documents(): readonly string[] {
    return this.#documents.names
  }

  get status(): Observable<Status> {
    return this.#status
  }

  why(status: Status = this.#status.current): string | undefined {
    return whyNotSynced(status, this.#context.clock.now())
  }

  async open<T extends object = Record<string, unknown>>(
    name: string,
    options: OpenOptions<T> = {},
  ): Promise<DocHandle<T>> {
    this.#assertOpen()
    checkOpen(options)
    const document = await this.#opened(documentName(name))
    if (options.init !== undefined && document.isEmpty) {
      const { held } = document.announce(document.replica.init(options.init as object))
      if (held.length > 0) this.#context.writer.add(document, this.keys.spaceId, { received: held })
    }
    const handle = new DocHandleImpl<T>(this, document, { ...options, onThrow: this.#context.onThrow })
    this.#handles.add(handle)
    this.#tellName(document)
    return handle
  }

  /** The document of that name, read if it was not yet. */
  async #opened(name: string): Promise<Document> {
    for (;;) {
      const document = this.#documents.open(name)
      if (document.asleep === undefined) return document
      await this.#documents.wake(document)
      this.#assertOpen() // And it may have been deleted meanwhile: then the next one is begun.
    }
  }

  async snapshot<T extends Record<string, object> = Record<string, Record<string, unknown>>>(
    names: readonly (keyof T & string)[],
  ): Promise<Snapshot<T>> {
    this.#assertOpen()
    const normal = names.map(documentName)
    // One may be deleted, and another begun in its place, while the next is read.
    for (;;) {
      const documents = normal.map((name) => this.#standing(name))
      const asleep = documents.filter((document) => document.asleep !== undefined)
      if (asleep.length === 0) return snapshotOf(documents, names, this.keys.idHex)
      for (const document of asleep) await this.wake(document)
      this.#assertOpen()
    }
  }

  #standing(name: string): Document {
    const document = this.#documents.standing(name)
    if (document !== undefined) return document
    throw new JoineryError('no-such-document', `There is no document "${name}" in "${this.label}".`)
  }

  async delete(name: string): Promise<void> {
    this.#assertOpen()
    const document = this.#standing(documentName(name))
    this.change(this.#documents.directory, markDeleted(document.id))
    this.#documents.readDirectory()
    this.#release(this.#documents.directory)
    await this.#context.writer.flush()
  }

  async invite(): Promise<string> {
    this.#assertOpen()
    const own = chooseAddresses(this.#context.network?.addresses ?? [])
    const contacts = [...(this.#links?.replicator.contacts.keys() ?? [])]
    const others = contacts.slice(0, 2).flatMap((node) => chooseAddresses(this.#links?.addressesOf(node) ?? [], 2))
    // Who has no address of its own, and met nobody yet, passes on what brought it here.
    const addresses = [own, others, chooseAddresses(this.#hints)].find((some) => some.length > 0) ?? []
    return encodeTicket({ ...this.#secret, label: this.label, addresses })
  }

  async met(options: WaitOptions = {}): Promise<void> {
    checkWait(options)
    await this.#wait(
      options,
      () => this.#lastAgreedAt !== undefined,
      () => `No member of "${this.label}" was met in time: ${this.#whoIsThere()}`,
    )
  }

  async settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    await this.settle('all', options)
  }

  /** This device wrote something here. */
  get hasOwn(): boolean {
    return this.#members.hasOwn
  }

  async leave(): Promise<void> {
    this.#assertOpen()
    await this.#forget(`"${this.label}" was left. Join it again with an invitation.`)
    const { store } = this.#context
    await store.set(leftKey(this.keys.idHex), new Uint8Array(0))
    await store.delete(spaceKey(this.keys.idHex))
    await store.delete(bookKey(this.keys.idHex))
    await store.delete(indexKey(this.keys.idHex))
    await store.delete(wantsKey(this.keys.idHex))
    await this.#context.forgotten(this.keys.idHex)
  }

  /** Another tab has left it. */
  async leftElsewhere(): Promise<void> {
    if (this.#closed !== undefined) return
    await this.#forget(`"${this.label}" was left in another tab. Join it again with an invitation.`)
  }

  async #forget(sentence: string): Promise<void> {
    this.#context.left(this)
    await this.#end('left', new JoineryError('closed', sentence))
    for (const document of this.#documents.all) this.#context.writer.forget(document)
    // The others remember what this device wrote here: should it come back, it goes on under another instance.
    await this.#context.retire(this.#members.ownInstances(this.#context.actor))
    // What is being written at this moment is on disk before it goes. That others cannot be written is told elsewhere.
    await this.#context.writer.flush().catch(() => {})
  }

  on<Name extends keyof SpaceEvents>(name: Name, listener: (event: SpaceEvents[Name]) => void): Off {
    if (name === 'status') return this.#status.subscribe(listener as (status: Status) => void)
    return this.#emitter.on(name, listener)
  }

  /** A handle of a document that reads what a session saw. Errors: 'bad-session', 'session-newer', 'limit'. */
  follow({ document, following }: Handle, session: Uint8Array): void {
    const { own, directory } = seenIn(session, this.keys, document)
    following.add(own, directory)
    this.touched()
  }

  followingOf(document: Document): Following {
    return new Following(document, this.#documents.directory)
  }

  async caughtUp({ following, name }: Handle & { readonly name: string }, options: WaitOptions): Promise<void> {
    checkWait(options)
    const left = (): string => (following.isStale ? staleSentence(name, following) : '')
    const document = (): boolean => this.documentsByKey.get(docKey(following.document.id)) === following.document
    await this.#wait(
      options,
      () => !following.isStale,
      () => `${left()} ${this.#whoIsThere()}`,
      () => (document() ? undefined : deletedError(following.document)),
    )
  }

  /** What was seen of some documents, or of all that were opened, for the token of a session. Made when all of it may leave (Invariant 8). */
  sessionSection(handles: ReadonlySet<object> | undefined): () => TokenSection {
    const own = [...this.#handles].filter((handle) => handles === undefined || handles.has(handle))
    const opened = handles === undefined ? this.#documents.all.filter(({ opened }) => opened) : []
    const documents = new Set([...opened, ...own.map(({ document }) => document)])
    const followings = own.map(({ following }) => following)
    return () => {
      const here = [...documents].filter((document) => this.documentsByKey.get(docKey(document.id)) === document)
      return sectionOf(this.keys, here, this.#documents.directory, followings)
    }
  }

  // ── what handles ask ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Records an edit of our own: merged at once, durable next, then sent. */
  change<R>(document: Document, fn: (draft: never) => R, { message, after }: ChangeOptions = {}): R {
    const { writer, actor } = this.#context
    if (writer.error !== undefined) throw writer.error
    const find = (id: DocName): Document | undefined => this.documentsByKey.get(docKey(id))
    const depends = after && dependsOn(after, { own: document, spaceHex: this.keys.idHex, find })
    const result = document.change(fn, { ...(message !== undefined && { message }), ...(depends && { depends }) })
    document.unsavedSince ??= this.#context.clock.now()
    writer.add(document, this.keys.spaceId, { actor })
    this.touched()
    return result
  }

  /** Resolves when what this device wrote in a document, or in all, is on disk, and stored by so many others. */
  async settle(document: Document | 'all', options: SettledOptions): Promise<void> {
    checkWait(options)
    const { peers = 0 } = options
    const wanted = document === 'all' ? this.#members.ownIn() : this.#members.ownIn([document])
    this.#wanted.add(wanted)
    try {
      await this.#context.writer.flush()
      const { forgets } = this.#context.storage
      if (peers === 0 && forgets !== undefined) throw forgets
      if (peers === 0) return
      await this.#wait(
        options,
        () => this.#holders(wanted) >= peers,
        () => this.#whoHasWhat(wanted, peers),
        () => (document !== 'all' && wanted.size === 0 ? deletedError(document) : undefined),
      )
    } finally {
      this.#wanted.delete(wanted)
    }
  }

  /** How many other members have stored what is wanted; through another tab's eyes, how many have stored everything. */
  #holders(wanted: Wanted): number {
    if (this.#context.leading || this.#report === undefined) return this.#members.holders(wanted).length
    return this.#peers(undefined).filter(({ stored }) => stored).length
  }

  forgetHandle(handle: Handle): void {
    this.#handles.delete(handle)
  }

  /** The status of one document, or of all of them. `ages` remembers since when what is pending is so, for whoever looks. */
  statusOf(handle: Handle | undefined, ages: Ages): Status {
    const facts =
      handle === undefined
        ? this.#factsOf(undefined, this.#followings)
        : this.#factsOf(handle.document, [handle.following])
    return makeStatus(facts, ages, this.#context.clock.now())
  }

  get #followings(): readonly Following[] {
    return [...this.#handles].map(({ following }) => following)
  }

  #factsOf(document: Document | undefined, followings: readonly Following[]): Facts {
    const documents = document === undefined ? this.#documents.unsettled.all : [document]
    const { writer, device, paused, leading, networked, storage } = this.#context
    const unsaved = documents.filter((one) => !one.saved(device.keyHex))
    return {
      saved: unsaved.length === 0,
      saveError: writer.error,
      unsavedSince: least(unsaved.map(({ unsavedSince }) => unsavedSince)),
      paused,
      leading,
      networked,
      degraded: documents.some(({ degraded }) => degraded),
      stale: followings.filter(({ isStale }) => isStale),
      waiting: documents.filter(({ waitingOps }) => waitingOps > 0).map((one, i) => this.#waitingOf(one, i < TOLD_MAX)),
      reported: this.#report !== undefined,
      peers: this.#peers(document),
      asked: (peer) => this.#asked(peer, document),
      lastAgreedAt: this.#lastAgreedAt,
      progress: this.#links?.replicator.progress(document),
      storage: storage.current,
      forgets: storage.forgets?.message,
    }
  }

  #waitingOf(document: Document, isTold: boolean): WaitingOps {
    const { waitingOps: ops } = document
    if (!isTold) return { document: document.id.name, ops, missing: [], asked: [], after: [] }
    const { missing } = document.replica.pending
    const asked = this.#links?.replicator.asked({ document }) ?? []
    return { document: document.id.name, ops, missing, asked, after: this.#crossing.awaited(document) }
  }

  #asked(peer: string, document: Document | undefined): readonly Asked[] {
    const replicator = this.#links?.replicator
    const contact = [...(replicator?.contacts.values() ?? [])].find(({ member }) => member.id === peer)
    if (replicator === undefined || contact === undefined) return []
    return replicator.asked(document === undefined ? { contact } : { contact, document })
  }

  /** Own edits that are not on disk. */
  unsaved(): Unsaved[] {
    const { keyHex } = this.#context.device
    return this.#documents.unsettled.all.flatMap(({ id, stream, version, durable }) =>
      [...version]
        .filter(([actor, seq]) => (durable.get(actor) ?? 0) < seq && isOwn(actor, keyHex))
        .map(([branch, seq]) => ({ stream, name: id.name, actor: actorOf(branch), seq })),
    )
  }

  /** Which of those that were not on disk when a page ended never came there. */
  lost(unsaved: readonly Unsaved[]): Unsaved[] {
    const reached = new Map(this.#documents.all.map(({ stream, durable }) => [stream, durable]))
    return unsaved.filter(
      ({ stream, actor, seq }) =>
        stream.startsWith(`${this.keys.idHex}/`) && (reached.get(stream)?.get(actor) ?? 0) < seq,
    )
  }

  #peers(document: Document | undefined): readonly PeerStatus[] {
    const { leading, seenAll } = this.#context
    if (leading || this.#report === undefined) return this.#members.list(this.#links?.replicator, document)
    return peersAsReported(this.#report, seenAll(this.#report.cursor))
  }

  /** What this tab, which carries the connection, tells the others. */
  report(): TabReport {
    const peers = this.#members.list(this.#links?.replicator, undefined)
    return { space: this.id, peers, lastAgreedAt: this.#lastAgreedAt, cursor: this.#context.store.cursor() }
  }

  heardReport(report: TabReport): void {
    this.#report = report
    this.presence.begin() // By way of that tab.
    this.#lastAgreedAt = report.lastAgreedAt ?? this.#lastAgreedAt
    this.touched()
  }

  // ── what the peer asks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  saveIndex(when: 'open' | 'closing'): Promise<void> {
    return this.#documents.saveIndex(when)
  }

  async load(streams: readonly StreamName[]): Promise<void> {
    await this.#documents.load(streams)
    // Invariant 13: what was found damaged is told at once, network or not.
    this.#status.touch()
  }

  async save(): Promise<void> {
    const record = { secret: this.#secret, label: this.label, lastAgreedAt: this.#lastAgreedAt, hints: this.#hints }
    await this.#context.store.set(spaceKey(this.keys.idHex), encodeSpaceRecord(record))
  }

  /** Saves what an invitation told, where it may be of use to another tab: a record in the log makes that one look. */
  async invited(addresses: readonly string[]): Promise<void> {
    this.hint(addresses)
    await this.save()
    const { name, generation } = this.#documents.directory.id
    const record = { stream: this.#documents.directory.stream, bytes: encodeName(name, generation) }
    await this.#context.store.append([record], { durability: 'relaxed' })
  }

  renewActor(): void {
    this.#documents.renewActor()
  }

  /** A document's durable frontier moved: what is ours may leave. */
  becameDurable(document: Document, own: readonly SignedRange[]): void {
    if (this.documentsByKey.get(docKey(document.id)) !== document) return
    this.#documents.outdated()
    this.#links?.replicator.durable(document, own)
    this.touched()
    void this.#documents.compact(document)
  }

  /** Records that another tab appended. What this device wrote there is sent from here, where the network is. */
  async takeRecords(stream: StreamName, records: readonly Uint8Array[]): Promise<void> {
    // A record of the directory's own: another tab was given an invitation, or made this space.
    if (stream === this.#documents.directory.stream) void this.#readHints().catch((cause: unknown) => this.#fail(cause))
    await this.#documents.wakeStream(stream)
    const taken = this.#documents.take(stream, records)
    if (taken === undefined) return
    const { keyHex } = this.#context.device
    this.becameDurable(
      taken.document,
      taken.held.filter(({ actor }) => isOwn(actor, keyHex)),
    )
    this.#tellName(taken.document)
  }

  async #readHints(): Promise<void> {
    const bytes = await this.#context.store.get(spaceKey(this.keys.idHex))
    if (bytes !== undefined) this.hint(decodeSpaceRecord(bytes, spaceKey(this.keys.idHex)).hints)
  }

  async connect(network: Network): Promise<void> {
    await this.#unlink('closing')
    const reached = (node: NodeId): void => this.#context.greet(this, node)
    const links = new Links({
      context: this.#context,
      keys: this.keys,
      host: this,
      members: this.#members,
      network,
      reached,
    })
    this.#links = links
    await links.open()
    links.hint(this.#hints)
    this.presence.begin()
    this.touched()
  }

  async disconnect(reason: ByeReason): Promise<void> {
    await this.presence.leave()
    await this.#unlink(reason)
  }

  async #unlink(reason: ByeReason): Promise<void> {
    const links = this.#links
    this.#links = undefined
    await links?.close(reason)
    this.touched()
  }

  /** This peer slept, or has a network again. */
  woke(): void {
    this.#links?.woke()
  }

  get connected(): boolean {
    return this.#links !== undefined
  }

  inContact(node: NodeId): boolean {
    return this.#links?.inContact(node) ?? false
  }

  /** Addresses from an invitation: to be tried now, and whenever the network comes back. */
  hint(addresses: readonly string[]): void {
    this.#hints = [...new Set([...addresses, ...this.#hints])].slice(0, HINTS_MAX)
    this.#links?.hint(addresses)
  }

  /** Somebody nearby: an address to try. */
  found(addresses: readonly string[]): void {
    this.#links?.hint(addresses)
  }

  strange(node: NodeId): void {
    this.#links?.strange(node)
  }

  async serve(session: Session): Promise<void> {
    if (this.#links === undefined) return session.close('closing')
    const served = this.#links.serve(session)
    this.presence.met()
    await served
  }

  introduction(): ReturnType<Links['introduction']> {
    if (this.#links === undefined) throw new JoineryError('closed', `"${this.label}" is not connected`)
    return this.#links.introduction()
  }

  // ── what the replicator asks ───────────────────────────────────────────────────────────────────────────────────────────────────

  get documentsByKey(): ReadonlyMap<string, Document> {
    return this.#documents.byKey
  }

  wake(document: Document): Promise<void> {
    return this.#documents.wake(document)
  }

  admit(id: DocName): Document | undefined {
    return this.#documents.admit(id)
  }

  admissible(id: DocName): boolean {
    return this.#documents.admissible(id)
  }

  receive(document: Document, ranges: readonly SignedRange[], { origin, source }: Handed): number {
    const before = document.replica.history.graph.length
    const isFile = origin === 'bundle'
    const received = document.receive(ranges, isFile ? 'sync' : origin, source)
    this.#took(document, received, isFile)
    if (before === 0) this.#tellName(document)
    this.#release(document)
    for (const { range, error } of received.refused) {
      // Under a good signature it is the author who contradicts itself, mostly, and not the member that hands it on: their session goes on.
      if (error.code === 'bad-message' && range.signature.length === 0) throw error
      if (origin === 'gossip') throw blameless(range, error)
      this.#fail(error.details.unlessForked === true ? blameless(range, error) : error)
    }
    return document.replica.history.graph.length - before
  }

  #took(document: Document, { held, forked }: Received, isFile: boolean): void {
    if (held.length > 0) this.#context.writer.add(document, this.keys.spaceId, { received: held, strict: isFile })
    // Ops of ours, signed by us, that we did not have: the proof of what heardOwn is told.
    const { actor, doubted } = this.#context
    const proven = held.filter((range) => range.actor === actor || doubted.has(range.actor))
    if (proven.length > 0) this.#retireOwn(proven.map((range) => range.actor))
    if (forked.length > 0) this.#tellForks(document, forked)
    if (document === this.#documents.directory && held.length > 0) this.#documents.readDirectory()
    this.touched()
  }

  /** What waited for edits of this document is tried again, and what waited for that. */
  #release(moved: Document): void {
    const queue = [moved]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const isDirectory = next === this.#documents.directory
      const waiters = [...this.#crossing.released(next), ...(isDirectory ? this.#crossing.releasedByDeletion() : [])]
      for (const [document, own] of Map.groupBy(waiters, ({ document }) => document)) {
        // What waited may have been dropped, and then it sleeps.
        if (this.documentsByKey.get(docKey(document.id)) !== document || !document.isAwake) continue
        const received = document.retry(own.map(({ actor }) => actor))
        this.#took(document, received, false)
        for (const { error } of received.refused) this.#fail(error)
        if (received.held.length > 0) queue.push(document)
      }
    }
  }

  /** What a bundle holds of a document: verified, then received. Returns how many ops were new. Errors: 'bad-message', 'limit', 'closed'. */
  async restore(id: DocName, ranges: readonly SignedRange[]): Promise<number> {
    if (!this.admissible(id)) return 0
    const news = await verifiedNews(this.keys, id, this.documentsByKey.get(docKey(id)), ranges, this.#context.signing)
    if (news.length === 0) return 0
    // Invariant 11: edits of this very device that it does not hold: its store was set back. What else it wrote as those instances nobody can tell.
    const own = news.filter(({ actor }) => isOwn(actor, this.#context.device.keyHex)).map(({ actor }) => ownerOf(actor))
    const instances = own.flatMap((owner) => (owner.kind === 1 ? [owner.instance] : []))
    if (instances.length > 0) await this.#context.retire(new Set(instances))
    const asleep = this.documentsByKey.get(docKey(id))
    if (asleep !== undefined) await this.wake(asleep)
    this.#assertOpen()
    const document = this.admit(id)
    return document === undefined ? 0 : this.receive(document, news, { origin: 'bundle' })
  }

  /**
   * Two different edits under one name: a folder was set back, or copied, and both lives of it wrote. Nothing is lost: both are kept, on every peer (FORMAT
   * §1). A device that finds its own instance forked never writes as that one again (Invariant 11).
   */
  #tellForks({ id }: Document, actors: readonly ActorId[]): void {
    const whose = this.#retireOwn(actors) ? 'This device' : 'A device of a member'
    const message = `${whose} wrote in "${id.name}" from two copies of its folder or profile. Both sides are kept.`
    this.#fail(new JoineryError('forked', message, { details: { document: id.name, actors } }))
  }

  /** Whether some of them are instances of this device: what was written from two copies is never gone on with. */
  #retireOwn(actors: readonly ActorId[]): boolean {
    const own = actors.filter((actor) => isOwn(actor, this.#context.device.keyHex)).map(ownerOf)
    const instances = own.flatMap((owner) => (owner.kind === 1 ? [owner.instance] : []))
    if (instances.length === 0) return false
    this.#context.retire(new Set(instances)).catch((cause: unknown) => this.#fail(cause))
    return true
  }

  compactLong(): Promise<void> {
    return this.#documents.compactLong()
  }

  compact(): Promise<Compacted> {
    return this.#documents.compactAll()
  }

  /** All that may leave, in parts: what a bundle is made of. */
  parts(): AsyncGenerator<BundlePart> {
    return this.#documents.parts()
  }

  async heardBeat(beat: Uint8Array, from: NodeId): Promise<'accept' | 'ignore' | 'reject'> {
    const verdict = await this.presence.hear(beat, from)
    if (verdict === 'accept') this.#context.tellBeat(this.keys.idHex, beat)
    return verdict
  }

  /** A beat from another tab: its own, or one that came to it from outside. */
  async heardTabBeat(beat: Uint8Array): Promise<void> {
    const verdict = await this.presence.hear(beat, 'tab')
    if (verdict === 'accept') await this.#links?.replicator.publishBeat(beat)
  }

  async #publishBeat(beat: Uint8Array): Promise<void> {
    this.#context.tellBeat(this.keys.idHex, beat)
    await this.#links?.replicator.publishBeat(beat)
  }

  async heardNews(records: readonly Uint8Array[], from: Contact): Promise<void> {
    await this.#links?.learn(records, from.member.node)
  }

  /**
   * Invariant 11: somebody says that it holds ops of ours that we do not: our store was set back, or copied. We go on under another instance, before
   * anything is written twice. It may have been before, so all instances are looked at. A claim is no proof: one member's claims are believed of a few
   * instances only, and until this peer is closed. The proof comes with the ops (`receive`).
   */
  heardOwn(held: Version, version: Version, from: Contact): void {
    const { keyHex } = this.#context.device
    const claimed: ReadonlySet<ActorId> = this.#claims.get(from.member.device) ?? new Set()
    const news = [...version]
      .filter(([branch, seq]) => isOwn(branch, keyHex) && seq > (held.get(branch) ?? 0))
      .map(([branch]) => actorOf(branch))
      .filter((actor) => !claimed.has(actor))
      .slice(0, CLAIMS_MAX - claimed.size)
    // Devices cost a bad member nothing: few of them are believed.
    if (news.length === 0 || (claimed.size === 0 && this.#claims.size >= CLAIMANTS_MAX)) return
    this.#claims.set(from.member.device, new Set([...claimed, ...news]))
    this.#context.doubt(news)
  }

  agreed(contact: Contact): void {
    const first = this.#lastAgreedAt === undefined
    this.#lastAgreedAt = contact.agreedAt
    this.#members.agreed(contact)
    // Whoever holds just what we hold has given back what damage took.
    void this.#documents.healed()
    if (first) this.save().catch((cause: unknown) => this.#fail(cause))
    this.touched()
  }

  failed(error: JoineryError): void {
    this.#fail(error)
  }

  /** Every status may be another one: whoever reads it sees it at once, whoever listens is told soon, once for many touches. */
  touched(): void {
    if (this.#closed !== undefined) return
    this.#status.touch()
    this.#context.statusTouched()
    for (const handle of this.#handles) handle.touch()
    this.#cancelTouch ??= this.#context.clock.after(TOUCH_MS, () => {
      this.#cancelTouch = undefined
      this.#members.note(this.#links?.replicator.contacts.values() ?? [])
      for (const handle of [...this.#handles]) handle.tellStatus()
      // Looked at though nobody may listen: it remembers since when things are so.
      void this.#status.current
      this.#status.tell()
      this.#context.statusTold()
      this.#context.tellTabs(this)
      this.#touches.emit('touch', undefined)
    })
  }

  // ── life ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async export(): Promise<Record<string, unknown>> {
    const exported: [string, unknown][] = []
    for (const name of this.documents) {
      // One after another: all at once may be more than fits.
      const document = this.#documents.standing(name)
      if (document !== undefined) await this.#documents.wake(document)
      exported.push([name, document?.replica.export()])
    }
    return Object.fromEntries(exported)
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
    for (const document of this.#documents.all) document.discard()
    this.#cancelTouch?.()
    for (const handle of [...this.#handles]) handle.ended(undefined)
    this.#touches.emit('touch', undefined)
    this.#status.close()
    this.#emitter.emit('close', undefined)
    this.#emitter.clear()
  }

  #removed(document: Document): void {
    this.#links?.replicator.forget(document)
    this.#release(document)
    for (const wanted of this.#wanted) wanted.forget(document)
    this.#members.forget(document)
    const error = deletedError(document)
    for (const listener of [...document.listeners]) listener.ended(error)
    this.#tellName(document)
  }

  #wait(
    options: WaitOptions,
    done: () => boolean,
    explain: () => string | Explanation,
    vain: () => JoineryError | undefined = () => undefined,
  ): Promise<void> {
    const failed = (): JoineryError | undefined => this.#closed ?? this.#context.writer.error ?? vain()
    const listen = (look: () => void): Off => this.#touches.on('touch', look)
    return waitUntil({ ...options, clock: this.#context.clock, done, failed, explain, listen })
  }

  /** Who has stored what of what is wanted: the error of a wait in vain. */
  #whoHasWhat(wanted: Wanted, peers: number): Explanation {
    const members = this.#peers(undefined).map(({ id, name, connected, unstored }) => {
      const left = this.#context.leading ? this.#members.unstored(id, wanted) : unstored
      return { peer: id, name, connected, unstored: left }
    })
    const message = `Stored by ${this.#holders(wanted)} of ${peers} other members in time. ${this.#whoIsThere()}`
    return { message: [message, ...members.map(storedWords)].join(' '), details: { peers: members } }
  }

  #whoIsThere(): string {
    const { peers } = this.#status.current
    if (peers.length === 0) return this.#context.paused ? 'This peer is paused.' : 'Nobody was in contact.'
    return peers.map((peer) => peer.why ?? `${peer.name} agrees.`).join(' ')
  }

  /** A document is among those that there are, or no longer. */
  #tellName(document: Document): void {
    if (this.#documents.noteName(document) && this.#emitter.count('documents') > 0)
      this.#emitter.emit('documents', this.documents)
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

function checkOpen(options: OpenOptions<object>): void {
  const known = ['init', 'session', 'whileStale']
  const stray = Object.keys(options).find((key) => !known.includes(key))
  if (stray !== undefined)
    throw new JoineryError('bad-option', `open has no option "${stray}". It has: ${known.join(', ')}.`)
  const { whileStale } = options
  if (whileStale !== undefined && whileStale !== 'edit' && whileStale !== 'refuse')
    throw new JoineryError('bad-option', `"whileStale" is 'edit' or 'refuse', not ${String(whileStale)}.`)
}

function storedWords({ name, unstored }: { readonly name: string; readonly unstored: number | undefined }): string {
  if (unstored === undefined) return `${name} has not said what it has stored.`
  return unstored === 0 ? `${name} has stored all of it.` : `${name} has not stored ${unstored} of these edits.`
}

function deletedError({ id: { name } }: Document): JoineryError {
  return new JoineryError('document-deleted', `"${name}" was deleted. Opening the name again begins a new document.`)
}

/**
 * Of a signed range that goes on from other ops, or links to them, and cannot be taken: these may be of a history of their author that was not heard of
 * yet (FORMAT §1, forks), and then its author and whoever handed it on did right. A pull, which brings that history from where the two part, says more.
 */
function blameless(range: SignedRange, error: JoineryError): JoineryError {
  if (error.code !== 'bad-message' || (range.fromSeq === 0 && error.details.unlessForked !== true)) return error
  return new JoineryError('forked', error.message, { cause: error })
}
