// One space on this peer, as the application sees it. It joins its documents, its members and, while there is a network, its links.

import { type SpaceKeys, type SpaceSecret, spaceKeys } from '../auth/keys.ts'
import { encodeTicket } from '../auth/ticket.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { isOwn } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { Network, NodeId } from '../net/network.ts'
import { encodeName } from '../store/journal.ts'
import type { StreamName } from '../store/store.ts'
import { docKey } from '../sync/holdings.ts'
import type { ByeReason, DocName } from '../sync/messages.ts'
import type { TokenSection } from '../sync/session-token.ts'
import { Ages } from './ages.ts'
import type {
  ChangeOptions,
  Compacted,
  DocHandle,
  Observable,
  OpenOptions,
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
import { Delivery } from './delivery.ts'
import { markDeleted } from './directory.ts'
import { DocHandleImpl } from './doc-handle.ts'
import type { Document } from './document.ts'
import { Documents } from './documents.ts'
import { Doubts } from './doubts.ts'
import { chooseAddresses } from './first-contact.ts'
import type { Following } from './following.ts'
import { Followings } from './followings.ts'
import { dependsOn, snapshotOf } from './frontier.ts'
import { Links } from './links.ts'
import { Members } from './members.ts'
import { documentName } from './names.ts'
import { ObservableValue } from './observable.ts'
import { SpacePresence } from './presence.ts'
import type { Handed, ReplicatorHost } from './replicator-host.ts'
import type { Session } from './session.ts'
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
import { SpaceFacts } from './space-facts.ts'
import { equalStatus, makeStatus } from './status.ts'
import type { TabReport } from './tabs.ts'
import { type Unsaved, unsavedIn } from './unsaved.ts'
import { deletedError, Waits } from './waits.ts'
import { whyNotSynced } from './why.ts'

const TOUCH_MS = 20

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
  readonly #doubts: Doubts
  readonly #delivery: Delivery
  readonly #followings: Followings
  readonly #facts: SpaceFacts
  readonly #waits: Waits
  readonly #handles = new Set<Handle>()
  readonly #emitter: Emitter<SpaceEvents>
  readonly #status: ObservableValue<Status>
  /** Since when what is pending is so. */
  readonly ages = new Ages()
  #links: Links | undefined
  #hints: readonly string[]
  #cancelTouch: (() => void) | undefined
  #closed: JoineryError | undefined

  constructor(context: PeerContext, { secret, label, lastAgreedAt, hints }: SpaceRecord) {
    this.#hints = hints
    this.#context = context
    this.#secret = secret
    this.label = label
    this.keys = spaceKeys(secret)
    this.id = `space:${this.keys.idHex}`
    this.#emitter = new Emitter(context.onThrow)
    const failed = (cause: unknown): void => this.#fail(cause)
    this.#documents = new Documents({
      context,
      keys: this.keys,
      label,
      failed,
      touched: (document) => this.#members.touched(document),
      removed: (document) => this.#removed(document),
      altered: (document) => this.becameDurable(document, []),
      forked: (actors) => this.#doubts.retireOwn(actors),
      isMet: (document, actor, depends) => this.#delivery.isMet(document, actor, depends),
      moved: (document) => this.#delivery.released(document),
    })
    const documents = this.#documents
    this.#members = new Members(context, documents)
    this.#doubts = new Doubts({ context, failed })
    this.#delivery = new Delivery({
      ...{ context, documents, failed, keys: this.keys, doubts: this.#doubts },
      touched: () => this.touched(),
      named: (document) => this.#tellName(document),
      assertOpen: () => this.#assertOpen(),
    })
    this.#followings = new Followings({ documents, keys: this.keys, handles: this.#handles })
    this.#facts = new SpaceFacts({
      ...{ context, documents, lastAgreedAt, members: this.#members, delivery: this.#delivery, space: this.id },
      replicator: () => this.#links?.replicator,
      wants: () => this.#links?.wants ?? [],
    })
    this.#waits = new Waits({
      ...{ context, documents, label, members: this.#members, facts: this.#facts },
      status: () => this.#status.current,
      closed: () => this.#closed,
    })
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
    this.#delivery.released(this.#documents.directory)
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

  met(options: WaitOptions = {}): Promise<void> {
    return this.#waits.met(options)
  }

  async settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    await this.#waits.settled('all', options)
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

  /** A handle reads what a session saw. Errors: 'bad-session', 'session-newer', 'limit'. */
  follow(handle: Handle, session: Uint8Array): void {
    this.#followings.follow(handle, session)
    this.touched()
  }

  followingOf(document: Document): Following {
    return this.#followings.begin(document)
  }

  caughtUp({ following }: Handle, options: WaitOptions): Promise<void> {
    return this.#waits.caughtUp(following, options)
  }

  /** For the token of a session, of some handles or of all documents that were opened. Made when all of it may leave (Invariant 8). */
  sessionSection(handles: ReadonlySet<object> | undefined): () => TokenSection {
    return this.#followings.section(handles)
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

  settle(document: Document, options: SettledOptions): Promise<void> {
    return this.#waits.settled(document, options)
  }

  forgetHandle(handle: Handle): void {
    this.#handles.delete(handle)
  }

  /** The status of one document, or of all of them. `ages` remembers since when what is pending is so, for whoever looks. */
  statusOf(handle: Handle | undefined, ages: Ages): Status {
    const facts =
      handle === undefined
        ? this.#facts.of(undefined, this.#followings.all)
        : this.#facts.of(handle.document, [handle.following])
    return makeStatus(facts, ages, this.#context.clock.now())
  }

  /** Own edits that are not on disk. */
  unsaved(): Unsaved[] {
    return unsavedIn(this.#documents.unsettled.all, this.#context.device.keyHex)
  }

  /** Which of those that were not on disk when a page ended never came there. */
  lost(unsaved: readonly Unsaved[]): Unsaved[] {
    return unsaved.filter(({ stream, actor, seq }) => {
      const durable = this.#documents.ofStream(stream)?.durable.get(actor) ?? 0
      return stream.startsWith(`${this.keys.idHex}/`) && durable < seq
    })
  }

  /** What this tab, which carries the connection, tells the others. */
  report(): TabReport {
    return this.#facts.report()
  }

  heardReport(report: TabReport): void {
    this.#facts.heardReport(report)
    this.presence.begin() // By way of that tab.
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
    const { lastAgreedAt } = this.#facts
    const record = { secret: this.#secret, label: this.label, lastAgreedAt, hints: this.#hints }
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
    if (!this.#documents.has(document)) return
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

  receive(document: Document, ranges: readonly SignedRange[], from: Handed): number {
    return this.#delivery.receive(document, ranges, from)
  }

  /** What a bundle holds of a document. Returns how many ops were new. Errors: 'bad-message', 'limit', 'closed'. */
  restore(id: DocName, ranges: readonly SignedRange[]): Promise<number> {
    return this.#delivery.restore(id, ranges)
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

  heardOwn(held: Version, version: Version, from: Contact): void {
    this.#doubts.claimed(held, version, from.member.device)
  }

  agreed(contact: Contact): void {
    const first = this.#facts.lastAgreedAt === undefined
    this.#facts.agreed(contact)
    this.#links?.agreed(contact.member.device)
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
      // Looked at though nobody may listen: it remembers since when things are so.
      void this.#status.current
      for (const handle of [...this.#handles]) handle.tellStatus()
      this.#status.tell()
      this.#context.statusTold()
      this.#context.tellTabs(this)
      this.#waits.look()
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
    this.#waits.look()
    this.#status.close()
    this.#emitter.emit('close', undefined)
    this.#emitter.clear()
  }

  #removed(document: Document): void {
    this.#links?.replicator.forget(document)
    this.#delivery.released(document)
    this.#waits.forget(document)
    this.#members.forget(document)
    const error = deletedError(document)
    for (const listener of [...document.listeners]) listener.ended(error)
    this.#tellName(document)
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
