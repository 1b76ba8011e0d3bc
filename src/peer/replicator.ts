// The replicator of a space: who is in contact, what each of them holds, and what therefore goes where. It routes; deciding is done by pure
// functions beneath it (holdings, pulls, root, trickle).
//
//   own edit, durable ──► gossip (small) or announcement (large), and the state to everybody in contact
//   gossip heard      ──► open, check, receive;  a gap ──► pull after the grace
//   state heard       ──► roots equal: agreed;  different: both find out in which documents (sync/comparison.ts), and tell these; each pulls what it lacks

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
import type { ShortId } from '../reconcile/sip-hash.ts'
import { Comparison, type Step } from '../sync/comparison.ts'
import { decodeGossip, encodeGossip, encodePresence, type Gossip } from '../sync/gossip.ts'
import { docKey, Holdings, type Understanding } from '../sync/holdings.ts'
import { Inventory } from '../sync/inventory.ts'
import { type ByeReason, type DocName, ENTRIES_MAX, type Entry, type Message } from '../sync/messages.ts'
import type { SyncReason } from '../sync/reason.ts'
import { Trickle } from '../sync/trickle.ts'
import { Allowance } from './allowance.ts'
import type { Asked, Progress } from './api.ts'
import type { Document } from './document.ts'
import { lackingOps } from './lacking.ts'
import { joinRanges, Outbox } from './outbox.ts'
import { Exchange, progressOf } from './progress.ts'
import { Pulls, type Source } from './pulls.ts'
import type { Member, Session } from './session.ts'
import { verifiedNews } from './verified.ts'

/** How ranges came, and by whose hand. */
export interface Handed {
  readonly origin: 'gossip' | 'sync' | 'bundle'
  readonly source?: NodeId
}

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
  receive(document: Document, ranges: readonly SignedRange[], from: Handed): number
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
  readonly comparison: Comparison
  /** It was told what of ours it does not hold as it is here, or the roots were equal once: from then on it is told what changes. */
  told: boolean
  /** It told us the same. */
  heard: boolean
  /** What it tells, where that is all it holds, as far as it came; by key. */
  listed: Set<string> | undefined
  /** When the comparison last came nearer to its end, by the monotonic clock. */
  progressAt: number
  /** Beacons in a row at which it differed while nothing was on its way. */
  differed: number
  /** Documents that changed since we last told it. */
  readonly untold: Set<string>
  /** Documents that changed here since it was last known to have them as they are. */
  readonly unconfirmed: Set<string>
  agreedAt: number | undefined
  /** Pulls of its that wait for their turn. */
  readonly serving: Serving[]
  /** What it asks of comparisons. */
  readonly asks: Allowance
}

interface Serving {
  readonly id: number
  readonly document: DocName
  readonly since: Version
  /** It came with what it told: where there is nothing, that is said together. */
  readonly isGuess: boolean
}

/** What is known of a member's store that is not in contact, so that meeting again costs only what changed. */
interface Remembered {
  readonly holdings: Holdings
  readonly unconfirmed: Set<string>
}

const STATE_DELAY_MS = 40
const STATE_REST_MS = 250
/** Said to many it is said more rarely, or states would cost more than the edits they tell of: gossip and beacons go on as ever. */
const STATE_REST_EACH_MS = 120
const STATE_REST_MAX_MS = 2_000
/** Who holds so few documents lists them: symbols would take as much. */
const LISTED_FEW = 3
const REMEMBERED_MAX = 64
const ASKS_PER_SECOND = 16
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
  readonly #inventory: Inventory
  /** By device and store; the one longest away first. */
  readonly #remembered = new Map<string, Remembered>()
  readonly #trickle: Trickle
  readonly #outbox: Outbox<Document>
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
    this.#outbox = new Outbox({
      clock: options.clock,
      send: (document, own) =>
        this.#publish(
          document,
          joinRanges(own, (first, last) => joined(document, first, last)),
        ),
    })
    this.#inventory = new Inventory(options.host.keys.compareKey)
    for (const document of this.#host.documentsByKey.values()) this.#updateInventory(document)
    this.#off = this.#network.subscribe(this.#host.keys.topic, ({ bytes, from }) => this.#heardGossip(bytes, from))
    this.#scheduleBeacon()
    this.#scheduleStallCheck()
  }

  get contacts(): ReadonlyMap<NodeId, Contact> {
    return this.#contacts
  }

  agreedWith(contact: Contact): boolean {
    return contact.root !== undefined && equalBytes(contact.root, this.#inventory.root)
  }

  /** Both name the same versions of all documents: if the roots differ all the same, news is under way. */
  namesTheSame(contact: Contact): boolean {
    const { holdings } = contact
    const { documentsByKey } = this.#host
    // Of all others it is known that they are the same.
    for (const key of holdings.hasAgreed ? holdings.keys.keys() : documentsByKey.keys()) {
      const document = documentsByKey.get(key)
      if (document !== undefined && !equalVersions(holdings.version(document.id), document.outward)) return false
    }
    return true
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
    const key = docKey(document.id)
    for (const { untold } of this.#contacts.values()) untold.add(key)
    for (const { holdings, unconfirmed } of [...this.#contacts.values(), ...this.#remembered.values()]) {
      holdings.keep(key)
      unconfirmed.add(key)
    }
    this.#updateInventory(document)
    if (own.length > 0) this.#outbox.add(document, own)
    this.#scheduleState()
  }

  /** A document was deleted here. */
  forget(document: Document): void {
    this.#inventory.set(docKey(document.id), document.tag, undefined)
    this.#scheduleState()
  }

  #updateInventory(document: Document): void {
    const { outward } = document
    this.#inventory.set(docKey(document.id), document.tag, outward.size === 0 ? undefined : document.digest, outward)
  }

  #publish(document: Document, own: readonly SignedRange[]): void {
    if (this.#host.documentsByKey.get(docKey(document.id)) !== document) return
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
    const known = this.#remembered.get(storeOf(session.member))
    this.#remembered.delete(storeOf(session.member))
    const contact: Contact = {
      session,
      member: session.member,
      reason,
      holdings: known?.holdings ?? new Holdings(this.#understanding),
      get direct() {
        return isDirect(network.connections.get(session.member.node))
      },
      root: undefined,
      comparison: new Comparison(this.#inventory),
      told: false,
      heard: false,
      listed: undefined,
      progressAt: this.#clock.monotonic(),
      differed: 0,
      untold: new Set(),
      unconfirmed: known?.unconfirmed ?? new Set(),
      agreedAt: undefined,
      serving: [],
      asks: new Allowance(ASKS_PER_SECOND),
    }
    this.#contacts.set(session.member.node, contact)
    this.#trace('sync', session.member.id, 'met', reason)
    // What changed while it was away is what differs, if nothing changed there.
    const changed = known?.unconfirmed.size ?? 0
    if (changed > 0 && this.#inventory.count > LISTED_FEW) void session.send(contact.comparison.open(2 * changed))
    void session.send(this.#stateFor([]))
    this.#host.touched()
    return contact
  }

  #leave(contact: Contact): void {
    if (this.#contacts.get(contact.member.node) === contact) this.#contacts.delete(contact.member.node)
    this.#remember(contact)
    for (const key of this.#pulls.drop(contact)) this.#plan(documentName(key), 'news')
    this.#planWaiting()
    if (this.#pulls.active === 0) this.#exchange.end()
    this.#host.touched()
  }

  /** What is known of its store stays good while it is away, but for what changes here meanwhile. */
  #remember({ member, agreedAt, holdings, unconfirmed }: Contact): void {
    if (agreedAt === undefined) return
    this.#remembered.delete(storeOf(member))
    this.#remembered.set(storeOf(member), { holdings, unconfirmed })
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= REMEMBERED_MAX) return
      this.#remembered.delete(oldest)
    }
  }

  #silent(contact: Contact): void {
    this.#trace('sync', contact.member.id, 'silent')
    contact.session.abort(new JoineryError('timeout', 'the member fell silent'))
    const { node } = contact.member
    // What was made by hand may come back, and a new session on it.
    const isByHand = this.#network.connections.get(node)?.some(({ byHand }) => byHand) === true
    // A session that was replaced falls silent too, while its successor lives on the same connection.
    if (this.#contacts.get(node) === contact && !isByHand) void this.#network.hangUp(node)
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
      case 'symbols':
        return this.#takeSymbols(contact, message)
      case 'ask':
        return this.#takeAsk(contact, message)
      case 'tell':
        return this.#takeTell(contact, message)
      case 'none':
        return this.#takeNone(contact, message.ids)
      case 'ranges':
        return this.#takeRanges(contact, message)
      case 'news':
        // Waited for: whoever sends faster than it can be checked is slowed down (Invariant 9).
        return this.#host.heardNews(message.records, contact)
      default:
        throw new JoineryError('bad-message', `a ${message.type} has no place here`)
    }
  }

  #takeState(contact: Contact, state: Message & { type: 'state' }): void {
    const isFirst = contact.root === undefined
    contact.root = state.root.slice()
    contact.holdings.take(state.entries)
    const agreed = this.agreedWith(contact)
    this.#trace('sync', contact.member.id, agreed ? 'agreed' : 'differs', state.entries.length)
    if (agreed) this.#agree(contact)
    for (const entry of state.entries) this.#heardEntry(contact, entry, 'news', limits.graceMs)
    if (isFirst && !agreed) {
      this.#trickle.reset()
      this.#scheduleBeacon()
      this.#compare(contact, state.documents)
    }
    this.#host.touched()
  }

  #agree(contact: Contact): void {
    contact.told = true
    contact.heard = true
    contact.comparison.end()
    contact.agreedAt = this.#clock.now()
    this.#trickle.consistent()
    // Equal roots say that it holds, durably, just what we hold durably.
    contact.holdings.agree(this.#inventory)
    contact.unconfirmed.clear()
    this.#host.agreed(contact)
  }

  /** It holds our documents as they are here, but for some. */
  #confirm({ holdings, unconfirmed }: Contact, except: ReadonlySet<string>): void {
    holdings.agreeBut(except, this.#inventory, unconfirmed)
    for (const key of unconfirmed) if (!except.has(key)) unconfirmed.delete(key)
  }

  // ── comparing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The first time that a member's root differs: what it needs to find out what of ours it lacks. */
  #compare(contact: Contact, theirs: number): void {
    contact.progressAt = this.#clock.monotonic()
    // Its symbols came before its root, and said it all.
    if (contact.told) return
    const ours = this.#inventory.count
    if (isListed(ours, theirs)) this.#tell(contact, 'all')
    // Who lists is told what differs from the list.
    else if (!isListed(theirs, ours) && !contact.comparison.isOpen)
      void contact.session.send(contact.comparison.open(undefined))
  }

  #step(contact: Contact, { send, isNearer, differing, lacking }: Step): void {
    if (isNearer) contact.progressAt = this.#clock.monotonic()
    for (const message of send) void contact.session.send(message)
    if (differing === undefined) return
    if (differing !== 'all') this.#confirm(contact, differing)
    this.#tell(contact, differing, lacking === undefined ? {} : { lacking })
  }

  #takeSymbols(contact: Contact, symbols: Message & { type: 'symbols' }): void {
    const { comparison, told } = contact
    // Invariant 9: what comes unasked is taken a few times a second.
    if (!told && !comparison.isOpen && contact.asks.take('', this.#clock.monotonic())) comparison.welcome()
    this.#step(contact, comparison.takeSymbols(symbols))
  }

  #takeAsk(contact: Contact, ask: Message & { type: 'ask' }): void {
    // Invariant 9: who asks without end is not answered.
    if (!contact.asks.take('', this.#clock.monotonic())) return
    void contact.session.send(contact.comparison.answer(ask))
    this.#repeat(contact)
  }

  #takeRanges(contact: Contact, ranges: Message & { type: 'ranges' }): void {
    if (!ranges.isAnswer && !contact.asks.take('', this.#clock.monotonic())) return
    this.#step(contact, contact.comparison.takeRanges(ranges))
    if (!ranges.isAnswer) this.#repeat(contact)
  }

  /** It asks, so to it we differ. Where we do not, it heard something else of us than we said: only our word mends that, and a beacon may keep silent. */
  #repeat(contact: Contact): void {
    if (this.agreedWith(contact)) void contact.session.send(this.#stateFor([]))
  }

  /**
   * Tells a member in which documents it differs from us, or all. What it may have more of is asked for in the same breath, where it has not told that
   * itself; with the ids of its symbols that are lacking here, it need not be sent ours.
   */
  #tell(
    contact: Contact,
    differing: ReadonlySet<string> | 'all',
    { lacking, guesses = true }: { readonly lacking?: readonly ShortId[]; readonly guesses?: boolean } = {},
  ): void {
    const all = differing === 'all'
    const keys = all ? [...this.#inventory.keys()] : [...differing]
    contact.told = true
    contact.untold.clear()
    const guessed = this.#pulls.guess(
      guesses ? keys.filter((key) => this.#isPlain(key)) : [],
      contact,
      contact.reason,
      this.#clock.monotonic(),
    )
    const first = new Set(guessed.keys)
    const entries = [...guessed.keys, ...keys.filter((key) => !first.has(key))].flatMap((key) => this.#entry(key))
    this.#trace('sync', contact.member.id, 'tell', entries.length, first.size)
    for (let from = 0; from === 0 || from < entries.length; from += ENTRIES_MAX) {
      const more = from + ENTRIES_MAX < entries.length
      const pulls = from === 0 ? first.size : 0
      const part = entries.slice(from, from + ENTRIES_MAX)
      const ids = lacking === undefined || more ? {} : { lacking }
      void contact.session.send({ type: 'tell', more, all, pulls, firstId: guessed.firstId, entries: part, ...ids })
    }
    this.#host.touched()
  }

  /** Whether what is lacking of it can be asked for by its version alone: not where an actor has several chains. */
  #isPlain(key: string): boolean {
    const document = this.#host.documentsByKey.get(key)
    if (document === undefined) return false
    return document.asleep !== undefined || document.replica.outward.forkedActors.length === 0
  }

  #takeTell(contact: Contact, tell: Message & { type: 'tell' }): void {
    if (!tell.more || tell.entries.length > 0) contact.progressAt = this.#clock.monotonic()
    contact.holdings.take(tell.entries)
    for (const [index, { document, version: since }] of tell.entries.entries())
      if (index < tell.pulls) this.#serve(contact, { id: tell.firstId + index, document, since, isGuess: true })
    for (const entry of tell.entries) this.#heardEntry(contact, entry, contact.reason, 0)
    if (tell.all) {
      contact.listed ??= new Set()
      for (const { document } of tell.entries) contact.listed.add(docKey(document))
    }
    const served = tell.entries.slice(0, tell.pulls).map(({ document }) => docKey(document))
    if (tell.lacking !== undefined && !contact.told) this.#tellLacking(contact, tell.lacking, served)
    if (!tell.more) this.#heardAll(contact)
    this.#host.touched()
  }

  /** It named what it lacks of our symbols: all but what it asked for in the same breath is told, and what changed since they were made. */
  #tellLacking(contact: Contact, ids: readonly ShortId[], served: readonly string[]): void {
    const differing = new Set([...this.#inventory.keysOf(ids), ...contact.untold])
    this.#confirm(contact, differing)
    for (const key of served) if (!contact.untold.has(key)) differing.delete(key)
    contact.comparison.end()
    this.#tell(contact, differing, { guesses: false })
  }

  /** It told all that it has to tell. */
  #heardAll(contact: Contact): void {
    const { listed, comparison } = contact
    contact.listed = undefined
    contact.heard = true
    if (listed !== undefined && !contact.told) {
      comparison.end()
      const differing = new Set([...this.#inventory.keys()].filter((key) => !this.#isSame(contact, key, listed)))
      this.#confirm(contact, differing)
      this.#tell(contact, differing)
    } else if (!contact.told && (comparison.isInVain || !comparison.isOpen) && !this.agreedWith(contact))
      // It was taken for one who lists, or its symbols were not for us.
      void contact.session.send(comparison.ask())
  }

  #isSame(contact: Contact, key: string, listed: ReadonlySet<string>): boolean {
    const document = this.#host.documentsByKey.get(key)
    if (document === undefined || !listed.has(key)) return false
    return equalVersions(contact.holdings.version(document.id), document.outward)
  }

  #takeNone(contact: Contact, ids: readonly number[]): void {
    for (const id of ids) {
      const found = this.#pulls.byId(id, contact)
      if (found === undefined) continue
      const document = documentName(found.key)
      this.#pulls.finish(document, found.key, this.#held(document))
      this.#plan(document, found.pull.reason)
    }
    this.#pulls.progressed(contact, this.#clock.monotonic())
    this.#planWaiting()
    if (this.#pulls.active === 0) this.#exchange.end()
    this.#host.touched()
  }

  // ── pulls of others ────────────────────────────────────────────────────────────────────────────────────────────────────────────

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

  #takePull(contact: Contact, { id, document, since }: Message & { type: 'pull' }): void {
    this.#serve(contact, { id, document, since, isGuess: false })
  }

  #serve(contact: Contact, serving: Serving): void {
    if (contact.serving.length >= limits.pulls)
      throw new JoineryError('bad-message', `more than ${limits.pulls} pulls at once`)
    contact.serving.push(serving)
    // Served beside the reading, or two members who send much to one another would both wait.
    if (contact.serving.length === 1) void this.#servePulls(contact)
  }

  async #servePulls(contact: Contact): Promise<void> {
    // Not before all that came with this one is queued, so that what there is nothing of is said together.
    await Promise.resolve()
    const none: number[] = []
    for (let pull = contact.serving[0]; pull !== undefined && !contact.session.ended; pull = contact.serving[0]) {
      if (pull.isGuess && !this.#hasMore(pull)) none.push(pull.id)
      else await this.#servePull(contact, pull)
      contact.serving.shift()
    }
    if (none.length > 0) await contact.session.send({ type: 'none', ids: none })
  }

  /** Whether more of a document may leave than somebody has: seen without reading it. */
  #hasMore({ document: id, since }: Serving): boolean {
    const document = this.#host.documentsByKey.get(docKey(id))
    return document !== undefined && !containsVersion(document.understood(since), document.outward)
  }

  async #servePull(contact: Contact, { id, document: name, since }: Serving): Promise<void> {
    const document = await this.#awake(name).catch((error: unknown) => {
      // A disk that cannot be read: whoever asked is told that nothing is here, and may ask another.
      if (!isJoineryError(error)) throw error
      this.#host.failed(error)
      return undefined
    })
    if (document !== undefined) document.pins++
    try {
      await this.#sendParts(contact, document, { id, name, since })
    } finally {
      if (document !== undefined) document.pins--
    }
  }

  async #sendParts(
    contact: Contact,
    document: Document | undefined,
    { id, name, since }: { readonly id: number; readonly name: DocName; readonly since: Version },
  ): Promise<void> {
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
    const ops = await this.#admitRanges(id, delta.ranges, { origin: 'sync', source: contact.member.node })
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
    const ops = await this.#admitRanges(id, gossip.ranges, { origin: 'gossip', source: from })
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
      if (this.#closed || document.waitingOps === 0) return
      const { missing } = document.replica.pending
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
  async #admitRanges(id: DocName, ranges: readonly SignedRange[], from: Handed): Promise<number> {
    const known = this.#host.documentsByKey.get(docKey(id))
    const news = await verifiedNews(this.#host.keys, id, known, ranges, this.#signing)
    // Closed meanwhile: nothing is written to what was left. And what nobody signed makes no document: anybody can have any number of that.
    if (news.length === 0 || this.#closed) return 0
    if (known === undefined && news.every(({ signature }) => signature.length === 0)) return 0
    await this.#awake(id)
    if (this.#closed) return 0
    const document = this.#host.admit(id)
    return document === undefined ? 0 : this.#host.receive(document, news, from)
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
  /** This peer slept, or has a network again: all in contact are told at once what is here. */
  woke(): void {
    this.#forgive(this.#clock.monotonic())
    this.#trickle.reset()
    for (const contact of this.#contacts.values()) this.#tellNews(contact)
    this.#scheduleBeacon()
  }

  /** What nobody answered while this peer slept is nobody's failure. */
  #forgive(now: number): void {
    for (const contact of this.#contacts.values()) {
      contact.progressAt = now
      this.#pulls.progressed(contact, now)
    }
  }

  #scheduleStallCheck(): void {
    const since = this.#clock.monotonic()
    this.#cancelStall = this.#clock.after(STALL_CHECK_MS, () => {
      const now = this.#clock.monotonic()
      if (now - since > 2 * STALL_CHECK_MS) this.#forgive(now)
      const before = now - limits.answerMs
      for (const { source } of this.#pulls.stalled(before)) this.#silent(source)
      for (const contact of this.#contacts.values()) if (this.#isStuck(contact, before)) this.#silent(contact)
      this.#scheduleStallCheck()
    })
  }

  /** It differs, and does not say in what, or not whether it does. */
  #isStuck(contact: Contact, before: number): boolean {
    if (contact.progressAt >= before || this.agreedWith(contact)) return false
    return contact.comparison.isOpen || !contact.told || !contact.heard
  }

  // ── states ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #stateFor(entries: readonly Entry[]): Message {
    return { type: 'state', root: this.#inventory.root, documents: this.#inventory.count, entries }
  }

  /** What may leave of a document, as it is told; of one that holds nothing there is nothing to tell. */
  #entry(key: string): Entry[] {
    const document = this.#host.documentsByKey.get(key)
    return document === undefined ? [] : [{ document: document.id, version: document.stated }]
  }

  #tellNews(contact: Contact): void {
    // Who was not told yet is told all that differs when it is known.
    const entries = contact.told ? [...contact.untold].flatMap((key) => this.#entry(key)) : []
    if (contact.told) contact.untold.clear()
    for (let from = 0; from === 0 || from < entries.length; from += ENTRIES_MAX)
      void contact.session.send(this.#stateFor(entries.slice(from, from + ENTRIES_MAX)))
  }

  /** Soon after the first news; while more keeps coming, a few times a second. */
  #scheduleState(): void {
    if (this.#cancelState !== undefined) return
    const restMs = Math.min(Math.max(STATE_REST_MS, STATE_REST_EACH_MS * this.#contacts.size), STATE_REST_MAX_MS)
    const dueMs = this.#statedAt + restMs - this.#clock.monotonic()
    this.#cancelState = this.#clock.after(Math.max(STATE_DELAY_MS, dueMs), () => {
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

  /** A difference that lasts while nothing is on its way: something was lost. All is compared anew, ever more rarely. */
  #compareAgain(contact: Contact): void {
    if (this.agreedWith(contact) || this.#pulls.active > 0) {
      contact.differed = 0
      return
    }
    contact.differed++
    for (const entry of contact.holdings.entries()) this.#heardEntry(contact, entry, 'digest', 0)
    this.#host.touched()
    // At 2, 4, 8, 16 …: the first difference is mostly news under way. Where symbols were told, and it differs still, ranges tell.
    const times = Math.log2(contact.differed)
    if (times < 1 || !Number.isInteger(times) || contact.comparison.isOpen) return
    contact.progressAt = this.#clock.monotonic()
    void contact.session.send(times % 2 === 1 ? contact.comparison.ask() : contact.comparison.askRanges())
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
    this.#outbox.close()
    this.#cancelState?.()
    this.#cancelBeacon()
    this.#cancelStall()
    await Promise.all([...this.#contacts.values()].map(({ session }) => session.close(reason)))
    this.#contacts.clear()
  }
}

function storeOf({ device, incarnation }: Member): string {
  return `${device}/${incarnation}`
}

/** Whether whoever holds so many documents lists them to one who holds `theirs`, since most of those it has are others. */
function isListed(ours: number, theirs: number): boolean {
  return ours <= LISTED_FEW || 4 * ours < theirs
}

function documentName(key: string): DocName {
  const divide = key.indexOf('\0')
  return { generation: Number(key.slice(0, divide)), name: key.slice(divide + 1) }
}

/** What lies between two ranges of an actor and both of them, under the signature of the newer one; undefined if that is large, or the actor was forked. */
function joined({ replica: { history } }: Document, first: SignedRange, last: SignedRange): SignedRange | undefined {
  const branch = history.branchOf(first.actor)
  if (branch < 0 || history.actors.isForked(branch)) return undefined
  if (history.weights(branch).reach(first.fromSeq, last.endSeq, limits.gossipInlineBytes) < last.endSeq)
    return undefined
  return history.range(branch, first.fromSeq, last.endSeq)
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
