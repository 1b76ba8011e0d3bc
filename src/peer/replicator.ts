// The replicator of a space: who is in contact, what each of them holds, and what therefore goes where. It routes; deciding is done by pure
// functions beneath it (holdings, pulls, root, trickle).
//
//   own edit, durable ──► gossip (small) or announcement (large), and the state to everybody in contact
//   gossip heard      ──► open, check, receive;  a gap ──► pull after the grace
//   state heard       ──► roots equal: agreed;  different: full states are exchanged, and each side pulls what it lacks

import type { SpaceKeys } from '../auth/keys.ts'
import { openGossip, type Sealer, sealGossip } from '../auth/seal.ts'
import type { Signing } from '../auth/signing.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import { actorOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { containsVersion, equalVersions, joinVersions, type Version } from '../core/version.ts'
import type { Connection, Network, NodeId } from '../net/network.ts'
import { decodeGossip, encodeGossip, encodePresence, type Gossip } from '../sync/gossip.ts'
import { docKey, Holdings, type Understanding } from '../sync/holdings.ts'
import { type ByeReason, type DocName, type Entry, type Message, STATE_ENTRIES } from '../sync/messages.ts'
import type { SyncReason } from '../sync/reason.ts'
import { RootDigest } from '../sync/root.ts'
import { Trickle } from '../sync/trickle.ts'
import type { Asked, Progress } from './api.ts'
import type { Document } from './document.ts'
import { lackingOps } from './lacking.ts'
import { Exchange, progressOf } from './progress.ts'
import { Pulls, type Source } from './pulls.ts'
import type { Member, Session } from './session.ts'
import { verifiedNews } from './verified.ts'

/** What the replicator asks of the space it serves. */
export interface ReplicatorHost {
  readonly keys: SpaceKeys
  /** Documents that are not deleted, by key. */
  readonly documentsByKey: ReadonlyMap<string, Document>
  /** The document of that name, made if need be; undefined if it was deleted, or cannot be. */
  admit(document: DocName): Document | undefined
  /** Reads a document that is asleep from the store. Errors: the store's. */
  wake(document: Document): Promise<void>
  /** Whether a document of that name may be: false if it was deleted. Errors: 'bad-message'. */
  admissible(document: DocName): boolean
  /** Ranges that are verified: enters them, and hands what is newly held to the journal. Returns how many ops were new. */
  receive(document: Document, ranges: readonly SignedRange[], origin: 'gossip' | 'sync'): number
  /** A beat of presence, and whether it is to be handed on. */
  heardBeat(beat: Uint8Array, from: NodeId): Promise<'accept' | 'ignore' | 'reject'>
  /** Addresses of members, as somebody told. */
  heardNews(records: readonly Uint8Array[], from: Contact): Promise<void>
  /** Somebody claims more ops of an actor of ours than we have: our store was set back. */
  heardOwn(held: Version, version: Version, from: Contact): void
  /** The status may be another one. */
  touched(): void
  failed(error: JoineryError): void
  agreed(contact: Contact): void
}

export interface ReplicatorOptions {
  readonly host: ReplicatorHost
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  readonly signing: Signing
  readonly trace: Trace
}

/** A member in contact. */
export interface Contact extends Source {
  readonly session: Session
  readonly member: Member
  /** Why the two compare what they hold. */
  readonly reason: SyncReason
  /** Its root, as it last said; undefined until it spoke. */
  root: Uint8Array | undefined
  /** It and we know each other's holdings: by full states, or because the roots were equal once. */
  synced: boolean
  /** Beacons in a row at which it differed while nothing was on its way. */
  differed: number
  /** Documents that changed since we last told it. */
  readonly untold: Set<string>
  /** Documents whose version here it is not known to have. */
  readonly unconfirmed: Set<string>
  agreedAt: number | undefined
  /** Pulls of its that wait for their turn. */
  readonly serving: { readonly id: number; readonly document: DocName; readonly since: Version }[]
}

const STATE_DELAY_MS = 40
const STATE_REST_MS = 250
const SERVE_MAX = 1024
const GOSSIP_WAITING_MAX = 512
const STALL_CHECK_MS = 1_000
// A difference that outlasts so many beacons at the shortest interval is no news any more.
const PATIENCE = 16
const nothing: Version = new Map()

export class Replicator {
  readonly #host: ReplicatorHost
  readonly #network: Network
  readonly #clock: Clock
  readonly #random: Random
  readonly #sealer: Sealer
  readonly #signing: Signing
  readonly #trace: Trace
  readonly #contacts = new Map<NodeId, Contact>()
  readonly #pulls = new Pulls<Contact>()
  readonly #exchange = new Exchange()
  readonly #root = new RootDigest()
  readonly #trickle: Trickle
  readonly #off: () => void
  #cancelState: (() => void) | undefined
  #cancelBeacon: () => void = () => {}
  #cancelStall: () => void = () => {}
  /** Documents to be pulled when those who have them are less busy. */
  readonly #waiting = new Map<string, SyncReason>()
  /** What others state of documents, in our terms; of one that is not here, by actor. */
  readonly #understanding: Understanding = {
    revision: (id) => this.#host.documentsByKey.get(docKey(id))?.revision ?? -2,
    understood: (id, stated) =>
      this.#host.documentsByKey.get(docKey(id))?.understood(stated) ??
      new Map([...stated].map(([branch, end]) => [actorOf(branch), end])),
    seen: (id, stated) => this.#host.documentsByKey.get(docKey(id))?.seen(stated) ?? nothing,
  }
  #gossipWaiting = 0
  #statedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: ReplicatorOptions) {
    this.#host = options.host
    this.#network = options.network
    this.#clock = options.clock
    this.#random = options.random
    this.#sealer = options.sealer
    this.#signing = options.signing
    this.#trace = options.trace
    this.#trickle = new Trickle({ minMs: limits.beaconMinMs, maxMs: limits.beaconMaxMs, redundancy: 2 }, options.random)
    for (const document of this.#host.documentsByKey.values()) this.#updateRoot(document)
    this.#off = this.#network.subscribe(this.#host.keys.topic, ({ bytes, from }) => this.#heardGossip(bytes, from))
    this.#scheduleBeacon()
    this.#scheduleStallCheck()
  }

  get contacts(): ReadonlyMap<NodeId, Contact> {
    return this.#contacts
  }

  agreedWith(contact: Contact): boolean {
    return contact.root !== undefined && equalBytes(contact.root, this.#root.value)
  }

  /** Both name the same versions of all documents: if the roots differ all the same, news is under way. */
  namesTheSame(contact: Contact): boolean {
    const same = ({ id, outward }: Document): boolean => equalVersions(contact.holdings.version(id), outward)
    return [...this.#host.documentsByKey.values()].every(same)
  }

  /** Who is being asked for a document, or by a member for any, and why. */
  asked(of: { readonly document?: Document; readonly contact?: Contact }): readonly Asked[] {
    const key = of.document === undefined ? undefined : docKey(of.document.id)
    const pulls = [...this.#pulls.running].filter(
      ([each, { source }]) => (key ?? each) === each && (of.contact ?? source) === source,
    )
    const told = pulls.map(
      ([, { source, reason }]) => [`${source.member.id} ${reason}`, source.member, reason] as const,
    )
    const each = new Map(told.map(([same, { id, name }, because]) => [same, { peer: id, name, because }]))
    return [...each.values()]
  }

  /** How far what is being fetched has come, of one document or of all. */
  progress(document: Document | undefined): Progress | undefined {
    const now = this.#clock.monotonic()
    if (document === undefined) return this.#exchange.progress(() => this.#opsLeft(), now)
    const pull = this.#pulls.running.get(docKey(document.id))
    return pull && progressOf(pull, this.#opsLeftOf(docKey(document.id), pull.source), now)
  }

  #opsLeft(): number {
    let left = 0
    for (const [key, { source }] of this.#pulls.running) left += this.#opsLeftOf(key, source)
    const contacts = [...this.#contacts.values()]
    for (const key of this.#waiting.keys())
      left += Math.max(0, ...contacts.map((contact) => this.#opsLeftOf(key, contact)))
    return left
  }

  #opsLeftOf(key: string, { holdings }: Contact): number {
    const id = documentName(key)
    return lackingOps(this.#held(id), holdings.promised(id))
  }

  // ── what happened here ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A document's durable frontier moved. Invariant 8: this is the one place from which edits leave. */
  durable(document: Document, own: readonly SignedRange[]): void {
    this.#updateRoot(document)
    const key = docKey(document.id)
    for (const contact of this.#contacts.values()) {
      contact.untold.add(key)
      contact.unconfirmed.add(key)
    }
    if (own.length > 0) this.#publish(document, own)
    this.#scheduleState()
  }

  /** A document was deleted here. */
  forget(document: Document): void {
    this.#root.set(document.tagHex, undefined)
    this.#scheduleState()
  }

  #updateRoot(document: Document): void {
    const { outward } = document
    this.#root.set(document.tagHex, outward.size === 0 ? undefined : document.digest)
  }

  #publish(document: Document, own: readonly SignedRange[]): void {
    const plain = encodeGossip(document.id, this.#withInits(document, own), document.stated)
    // Gossip is a hint: what it cannot carry, reconciliation does.
    void this.#send(plain, document.id.name)
  }

  /** Tells all of the space who is here. Never rejects. */
  publishBeat(beat: Uint8Array): Promise<void> {
    return this.#send(encodePresence(beat), 'presence')
  }

  async #send(plain: Uint8Array, what: string): Promise<void> {
    const sealed = sealGossip(this.#sealer, this.#host.keys, plain, this.#random)
    this.#trace('gossip', 'sent', what, sealed.length)
    try {
      await this.#network.publish(this.#host.keys.topic, sealed)
    } catch (error) {
      this.#trace('gossip', 'not sent', messageOf(error))
    }
  }

  /** The first edit travels with the init it builds on: that one is signed by nobody, and was sent by nobody before. */
  #withInits(document: Document, own: readonly SignedRange[]): readonly SignedRange[] {
    if (own.every((range) => range.fromSeq > 0)) return own
    const { ranges, more } = document.replica.outward.rangesSince(new Map(), document.outward, limits.gossipInlineBytes)
    const inits = ranges.filter((range) => range.signature.length === 0)
    return more ? own : [...inits, ...own]
  }

  // ── contacts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Serves a session until it ends. Of two with the same node, the one opened by the smaller node id stays. */
  async serve(session: Session, reason: SyncReason): Promise<void> {
    const { node } = session.member
    const rival = this.#contacts.get(node)
    if (rival !== undefined && !rival.session.ended) {
      if (this.#keeps(rival.session, session)) return session.close('closing')
      this.#leave(rival)
      void rival.session.close('closing')
    }
    if (this.#closed) return session.close('closing')
    const contact = this.#meet(session, reason)
    const error = await session.run(
      (message) => this.#take(contact, message),
      () => this.#silent(contact),
    )
    if (error !== undefined) this.#trace('sync', session.member.id, 'ended', error.code, error.message)
    this.#leave(contact)
    if (error?.code === 'bad-message')
      this.#host.failed(
        new JoineryError('bad-message', `${session.member.id} sent what cannot be taken: ${error.message}`, {
          cause: error,
        }),
      )
  }

  #keeps(old: Session, young: Session): boolean {
    const weAreSmaller = this.#network.id < old.member.node
    return old.initiator !== young.initiator && old.initiator === weAreSmaller
  }

  #meet(session: Session, reason: SyncReason): Contact {
    const network = this.#network
    const contact: Contact = {
      session,
      member: session.member,
      reason,
      holdings: new Holdings(this.#understanding),
      get direct() {
        return isDirect(network.connections.get(session.member.node))
      },
      root: undefined,
      synced: false,
      differed: 0,
      untold: new Set(),
      unconfirmed: new Set(this.#host.documentsByKey.keys()),
      agreedAt: undefined,
      serving: [],
    }
    this.#contacts.set(session.member.node, contact)
    this.#trace('sync', session.member.id, 'met', reason)
    void session.send(this.#stateFor([], false, false))
    this.#trickle.reset()
    this.#scheduleBeacon()
    this.#host.touched()
    return contact
  }

  #leave(contact: Contact): void {
    if (this.#contacts.get(contact.member.node) === contact) this.#contacts.delete(contact.member.node)
    for (const key of this.#pulls.drop(contact)) this.#plan(documentName(key), 'news')
    this.#planWaiting()
    if (this.#pulls.active === 0) this.#exchange.end()
    this.#host.touched()
  }

  #silent(contact: Contact): void {
    this.#trace('sync', contact.member.id, 'silent')
    contact.session.abort(new JoineryError('timeout', 'the member fell silent'))
    // A session that was replaced falls silent too, while its successor lives on the same connection.
    if (this.#contacts.get(contact.member.node) === contact) void this.#network.hangUp(contact.member.node)
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #take(contact: Contact, message: Message): void | Promise<void> {
    switch (message.type) {
      case 'state':
        return this.#takeState(contact, message)
      case 'pull':
        return this.#takePull(contact, message)
      case 'delta':
        return this.#takeDelta(contact, message)
      case 'news':
        // Waited for: whoever sends faster than it can be checked is slowed down (Invariant 9).
        return this.#host.heardNews(message.records, contact)
      default:
        throw new JoineryError('bad-message', `a ${message.type} has no place here`)
    }
  }

  #takeState(contact: Contact, state: Message & { type: 'state' }): void {
    contact.root = state.root.slice()
    contact.holdings.take(state.entries, state.full)
    const agreed = this.agreedWith(contact)
    this.#trace('sync', contact.member.id, agreed ? 'agreed' : 'differs', state.entries.length)
    if (agreed) this.#agree(contact)
    for (const entry of state.entries)
      if (state.full) this.#heardEntry(contact, entry, contact.reason, 0)
      else this.#heardEntry(contact, entry, 'news', limits.graceMs)
    if (!agreed && !state.more && !contact.synced) this.#tellFull(contact)
    // It tells all that it holds, so to it we differ: what it last heard of us was not so. Only our word mends that, and a beacon may keep silent.
    if (agreed && state.full && !state.more) void contact.session.send(this.#stateFor([], false, false))
    this.#host.touched()
  }

  #agree(contact: Contact): void {
    contact.synced = true
    contact.agreedAt = this.#clock.now()
    this.#trickle.consistent()
    // Equal roots say that it holds, durably, just what we hold durably.
    const entries: Entry[] = []
    for (const key of contact.unconfirmed) {
      const document = this.#host.documentsByKey.get(key)
      if (document !== undefined) entries.push(entryOf(document))
    }
    contact.holdings.take(entries, false)
    contact.unconfirmed.clear()
    this.#host.agreed(contact)
  }

  /** A document that is only spoken of is not made: that is done when edits of it arrive. */
  #heardEntry(contact: Contact, { document: id }: Entry, reason: SyncReason, delayMs: number): void {
    if (!this.#host.admissible(id)) return
    const held = this.#held(id)
    const version = contact.holdings.version(id)
    this.#host.heardOwn(held, version, contact)
    if (containsVersion(held, version)) return
    this.#planAfter(id, reason, delayMs)
    this.#trace('sync', contact.member.id, 'has more of', id.name)
  }

  #held(id: DocName): Version {
    return this.#host.documentsByKey.get(docKey(id))?.version ?? nothing
  }

  #takePull(contact: Contact, pull: Message & { type: 'pull' }): void {
    if (contact.serving.length >= SERVE_MAX)
      throw new JoineryError('bad-message', `more than ${SERVE_MAX} pulls at once`)
    contact.serving.push(pull)
    // Served beside the reading, or two members who send much to one another would both wait.
    if (contact.serving.length === 1) void this.#servePulls(contact)
  }

  async #servePulls(contact: Contact): Promise<void> {
    for (let pull = contact.serving[0]; pull !== undefined && !contact.session.ended; pull = contact.serving[0]) {
      await this.#servePull(contact, pull)
      contact.serving.shift()
    }
  }

  async #servePull(
    contact: Contact,
    { id, document: name, since }: { id: number; document: DocName; since: Version },
  ): Promise<void> {
    const document = await this.#awake(name).catch((error: unknown) => {
      // A disk that cannot be read: whoever asked is told that nothing is here, and may ask another.
      if (!isJoineryError(error)) throw error
      this.#host.failed(error)
    })
    let version = document === undefined ? since : document.replica.outward.understood(since)
    let more = true
    while (more && !contact.session.ended) {
      const part =
        document === undefined
          ? { ranges: [], more: false, ops: 0 }
          : document.replica.outward.rangesSince(version, document.outward, limits.deltaPartBytes)
      more = part.more && part.ranges.length > 0
      this.#trace('sync', contact.member.id, 'serve', name.name, part.ops, 'asked')
      await contact.session.send({ type: 'delta', id, more, ops: part.ops, ranges: part.ranges })
      version = joinVersions(version, document?.replica.outward.versionOf(part.ranges) ?? nothing)
    }
  }

  async #takeDelta(contact: Contact, delta: Message & { type: 'delta' }): Promise<void> {
    const found = this.#pulls.byId(delta.id, contact)
    // An answer to a pull that was given up: what it holds is good all the same, but which document it is of is forgotten.
    if (found === undefined) return
    const id = documentName(found.key)
    const ops = await this.#admitRanges(id, delta.ranges, 'sync')
    const bytes = delta.ranges.reduce((sum, { body }) => sum + body.length, 0)
    found.pull.ops += ops
    found.pull.bytes += bytes
    this.#exchange.took(ops, bytes)
    this.#host.touched()
    // Every state must progress: parts that bring nothing do not keep a pull alive.
    if (ops > 0 || !delta.more) this.#pulls.progressed(contact, this.#clock.monotonic())
    if (delta.more) return
    this.#pulls.finish(id, found.key, this.#held(id))
    this.#plan(id, found.pull.reason)
    this.#planWaiting()
    if (this.#pulls.active === 0) this.#exchange.end()
    this.#host.touched()
  }

  // ── gossip ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #heardGossip(bytes: Uint8Array, from: NodeId): Promise<'accept' | 'ignore' | 'reject'> {
    if (this.#closed) return 'ignore'
    // Invariant 9: what floods in faster than it can be checked is dropped here, and pulled later.
    if (this.#gossipWaiting >= GOSSIP_WAITING_MAX) return 'ignore'
    this.#gossipWaiting++
    try {
      const gossip = decodeGossip(openGossip(this.#sealer, this.#host.keys, bytes))
      if (gossip.type === 'presence') return await this.#host.heardBeat(gossip.beat, from)
      await this.#takeGossip(gossip, from)
      return 'accept'
    } catch (error) {
      if (!isJoineryError(error)) throw error
      const verdict = error.code === 'bad-message' ? 'reject' : 'ignore'
      this.#trace('gossip', from, verdict, error.message)
      return verdict
    } finally {
      this.#gossipWaiting--
    }
  }

  async #takeGossip(gossip: Exclude<Gossip, { type: 'presence' }>, from: NodeId): Promise<void> {
    const { document: id } = gossip
    if (!this.#host.admissible(id)) return
    if (gossip.type === 'announce') return this.#takeAnnouncement(id, gossip.version, from)
    const ops = await this.#admitRanges(id, gossip.ranges, 'gossip')
    this.#trace('gossip', from, id.name, ops)
    const document = this.#host.documentsByKey.get(docKey(id))
    if (document !== undefined && document.waitingOps > 0) this.#planGap(document, from)
  }

  #takeAnnouncement(id: DocName, stated: Version, from: NodeId): void {
    const version = this.#understanding.understood(id, stated)
    if (containsVersion(this.#held(id), version)) return
    // The neighbour that passed it on may not have it yet: its state will say when it does.
    this.#contacts.get(from)?.holdings.guess(id, version)
    this.#planAfter(id, 'news', 0)
  }

  /** Ops came before what caused them, and nobody in contact said that it has the cause: the one who sent them is asked. */
  #planGap(document: Document, from: NodeId): void {
    this.#clock.after(limits.graceMs, () => {
      const { missing } = document.replica.pending
      if (missing.length === 0 || this.#closed) return
      const wanted = new Map(missing.map((dot) => [dot.actor, dot.seq + 1]))
      this.#contacts.get(from)?.holdings.guess(document.id, wanted)
      this.#plan(document.id, document.replica.hasDropped ? 'overflow' : 'gap')
    })
  }

  /** The document of that name, read from the store if it was not yet. */
  async #awake(id: DocName): Promise<Document | undefined> {
    const document = this.#host.documentsByKey.get(docKey(id))
    if (document?.asleep !== undefined) await this.#host.wake(document)
    return this.#host.documentsByKey.get(docKey(id))
  }

  /** Invariant 12: every range is checked before it enters. One that is not good refuses the whole message. Returns how many ops were new. */
  async #admitRanges(id: DocName, ranges: readonly SignedRange[], origin: 'gossip' | 'sync'): Promise<number> {
    const known = this.#host.documentsByKey.get(docKey(id))
    const news = await verifiedNews(this.#host.keys, id, known, ranges, this.#signing)
    // Closed meanwhile: nothing is written to what was left.
    if (news.length === 0 || this.#closed) return 0
    await this.#awake(id)
    if (this.#closed) return 0
    const document = this.#host.admit(id)
    return document === undefined ? 0 : this.#host.receive(document, news, origin)
  }

  // ── pulls ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #planAfter(id: DocName, reason: SyncReason, delayMs: number): void {
    if (delayMs === 0) this.#plan(id, reason)
    else this.#clock.after(delayMs, () => this.#plan(id, reason))
  }

  #plan(id: DocName, reason: SyncReason): void {
    if (this.#closed) return
    const key = docKey(id)
    const held = this.#held(id)
    const source = this.#pulls.choose(id, key, held, this.#contacts.values())
    if (source === 'busy') this.#waiting.set(key, reason)
    if (source === undefined || source === 'busy') return
    const pull = this.#pulls.start(key, source, reason, this.#clock.monotonic())
    this.#exchange.begin(pull.startedAt)
    this.#trace('sync', source.member.id, 'pull', id.name, reason)
    const since = this.#host.documentsByKey.get(key)?.statedTo(source.holdings.version(id)) ?? nothing
    void source.session.send({ type: 'pull', id: pull.id, document: id, since })
  }

  /** Somebody has time again: what waits is planned, as far as it goes. */
  #planWaiting(): void {
    for (const [key, reason] of this.#waiting) {
      this.#waiting.delete(key)
      this.#plan(documentName(key), reason)
      if (this.#waiting.has(key)) return
    }
  }

  /** Every state must progress: a member that does not answer is left for another. */
  #scheduleStallCheck(): void {
    this.#cancelStall = this.#clock.after(STALL_CHECK_MS, () => {
      for (const { source } of this.#pulls.stalled(this.#clock.monotonic() - limits.answerMs)) this.#silent(source)
      this.#scheduleStallCheck()
    })
  }

  // ── states ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #stateFor(entries: readonly Entry[], full: boolean, more: boolean): Message {
    return { type: 'state', root: this.#root.value, documents: this.#root.count, full, more, entries }
  }

  #entry(key: string): Entry[] {
    const document = this.#host.documentsByKey.get(key)
    return document === undefined ? [] : [entryOf(document)]
  }

  #tellFull(contact: Contact): void {
    contact.synced = true
    contact.untold.clear()
    const entries = [...this.#host.documentsByKey.keys()]
      .flatMap((key) => this.#entry(key))
      .filter((entry) => entry.version.size > 0)
    for (let from = 0; from === 0 || from < entries.length; from += STATE_ENTRIES) {
      const part = entries.slice(from, from + STATE_ENTRIES)
      void contact.session.send(this.#stateFor(part, from === 0, from + STATE_ENTRIES < entries.length))
    }
  }

  #tellNews(contact: Contact): void {
    const entries = contact.synced ? [...contact.untold].flatMap((key) => this.#entry(key)) : []
    contact.untold.clear()
    for (let from = 0; from === 0 || from < entries.length; from += STATE_ENTRIES) {
      const more = from + STATE_ENTRIES < entries.length
      void contact.session.send(this.#stateFor(entries.slice(from, from + STATE_ENTRIES), false, more))
    }
  }

  /** Soon after the first news; while more keeps coming, a few times a second. */
  #scheduleState(): void {
    if (this.#cancelState !== undefined) return
    const restMs = this.#statedAt + STATE_REST_MS - this.#clock.monotonic()
    this.#cancelState = this.#clock.after(Math.max(STATE_DELAY_MS, restMs), () => {
      this.#cancelState = undefined
      this.#statedAt = this.#clock.monotonic()
      for (const contact of this.#contacts.values()) {
        if (this.agreedWith(contact)) this.#agree(contact)
        this.#tellNews(contact)
      }
      this.#host.touched()
    })
  }

  /** The beacon: our root to some neighbours, ever more rarely. It heals what gossip and states lost. */
  #scheduleBeacon(): void {
    this.#cancelBeacon()
    this.#cancelBeacon = this.#clock.after(this.#trickle.next(), () => {
      const contacts = [...this.#contacts.values()]
      for (const contact of contacts) this.#compareAgain(contact)
      if (contacts.some(({ differed }) => differed > 0 && differed < PATIENCE)) this.#trickle.reset()
      const told = this.#trickle.speaks ? this.#some(contacts) : contacts.filter(({ differed }) => differed > 0)
      for (const contact of told) this.#tellNews(contact)
      this.#scheduleBeacon()
    })
  }

  /** A difference that lasts while nothing is on its way: something was lost. Everything is told anew, ever more rarely. */
  #compareAgain(contact: Contact): void {
    if (this.agreedWith(contact) || this.#pulls.active > 0) {
      contact.differed = 0
      return
    }
    contact.differed++
    for (const entry of contact.holdings.entries()) this.#heardEntry(contact, entry, 'digest', 0)
    this.#host.touched()
    // At 2, 4, 8, 16 …: the first difference is mostly news under way.
    if (contact.differed > 1 && (contact.differed & (contact.differed - 1)) === 0) this.#tellFull(contact)
  }

  #some(contacts: readonly Contact[]): readonly Contact[] {
    if (contacts.length <= limits.beaconPeers) return contacts
    const start = Math.floor(this.#random.unit() * contacts.length)
    return Array.from({ length: limits.beaconPeers }, (_, i) => contacts[(start + i) % contacts.length] as Contact)
  }

  /** Ends all sessions, with a reason the others understand. */
  async close(reason: ByeReason): Promise<void> {
    this.#closed = true
    this.#off()
    this.#cancelState?.()
    this.#cancelBeacon()
    this.#cancelStall()
    await Promise.all([...this.#contacts.values()].map(({ session }) => session.close(reason)))
    this.#contacts.clear()
  }
}

/** What is told of a document: its durable frontier, with what tells its chains from others. */
function entryOf(document: Document): Entry {
  return { document: document.id, version: document.stated }
}

function documentName(key: string): DocName {
  const divide = key.indexOf('\0')
  return { generation: Number(key.slice(0, divide)), name: key.slice(divide + 1) }
}

function isDirect(connections: readonly Connection[] | undefined): boolean {
  return connections?.some((connection) => connection.direct) ?? false
}

/** The words for how a node is connected: the best connection there is. */
export function describeConnections(connections: readonly Connection[] | undefined): {
  readonly transport: string | undefined
  readonly direct: boolean
} {
  const best = connections?.find((connection) => connection.direct) ?? connections?.[0]
  return { transport: best?.transport, direct: best?.direct ?? false }
}
