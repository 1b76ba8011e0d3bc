// The replicator of a space: it conducts the parts that keep members alike, and decides nothing but when a contact is given up.
//
//   contacts        who is met, told, agreed                    held      what is here, as others are told of it
//   gossip          own edits out, others' in: a hint           states    roots and news, beacons
//   reconciliation  in what we differ: the promise              pulling   asking for what is lacking here
//   entrance        nothing unverified comes in                 serving   answering what others lack
//
//   own edit, durable ──► gossip (small) or announcement (large), and the state to everybody in contact
//   gossip heard      ──► open, check, receive;  a gap ──► pull after the grace
//   state heard       ──► roots equal: agreed;  different: reconciliation; each pulls what it lacks

import type { Sealer } from '../auth/seal.ts'
import type { Signing } from '../auth/signing.ts'
import type { Clock } from '../base/clock.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import type { SignedRange } from '../core/range.ts'
import type { Network, NodeId } from '../net/network.ts'
import { docKey } from '../sync/holdings.ts'
import type { ByeReason, Message } from '../sync/messages.ts'
import type { SyncReason } from '../sync/reason.ts'
import type { Asked, Progress } from './api.ts'
import { type Contact, Contacts } from './contacts.ts'
import type { Document } from './document.ts'
import { Entrance } from './entrance.ts'
import { SpaceGossip } from './gossip.ts'
import { Held } from './held.ts'
import { Pulling } from './pulling.ts'
import { Reconciliation } from './reconciliation.ts'
import type { ReplicatorHost } from './replicator-host.ts'
import { Serving } from './serving.ts'
import type { Session } from './session.ts'
import { States } from './states.ts'
import type { Wants } from './wants.ts'

export interface ReplicatorOptions {
  readonly host: ReplicatorHost
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  readonly signing: Signing
  readonly trace: Trace
  /** What is missing, across a restart. */
  readonly wants?: Wants
}

const STALL_CHECK_MS = 1_000

export class Replicator {
  readonly #host: ReplicatorHost
  readonly #network: Network
  readonly #clock: Clock
  readonly #trace: Trace
  readonly #wants: Wants | undefined
  readonly #held: Held
  readonly #contacts: Contacts
  readonly #entrance: Entrance
  readonly #pulling: Pulling
  readonly #serving: Serving
  readonly #reconciliation: Reconciliation
  readonly #gossip: SpaceGossip
  readonly #states: States
  #cancelStall: () => void = () => {}
  #closed = false

  constructor(options: ReplicatorOptions) {
    const { host, network, clock, random, sealer, signing, trace, wants } = options
    this.#host = host
    this.#network = network
    this.#clock = clock
    this.#trace = trace
    const held = new Held(host)
    const entrance = new Entrance(host, signing)
    const contacts = new Contacts({ network, clock, held })
    const pulling = new Pulling({ host, clock, trace, held, contacts, entrance, wants })
    const serving = new Serving({ held, entrance, trace, failed: (error) => host.failed(error) })
    const touched = (): void => host.touched()
    const reconciliation = new Reconciliation({ clock, trace, held, contacts, pulling, serving, touched })
    this.#wants = wants
    this.#held = held
    this.#entrance = entrance
    this.#contacts = contacts
    this.#pulling = pulling
    this.#serving = serving
    this.#reconciliation = reconciliation
    this.#gossip = new SpaceGossip({
      ...{ host, network, clock, random, sealer, trace },
      ...{ held, contacts, entrance, pulling },
    })
    this.#states = new States({ host, clock, random, trace, held, contacts, pulling, reconciliation })
    this.#scheduleStallCheck()
  }

  // ── what is asked of it ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get contacts(): ReadonlyMap<NodeId, Contact> {
    return this.#contacts.byNode
  }

  agreedWith(contact: Contact): boolean {
    return this.#contacts.agreedWith(contact)
  }

  /** Both name the same versions of all documents: if the roots differ all the same, news is under way. */
  namesTheSame(contact: Contact): boolean {
    return this.#held.isAllSame(contact.holdings)
  }

  /** Who is being asked for a document, or by a member for any, and why. */
  asked(of: { readonly document?: Document; readonly contact?: Contact }): readonly Asked[] {
    return this.#pulling.asked(of)
  }

  /** How far what is being fetched has come, of one document or of all. */
  progress(document: Document | undefined): Progress | undefined {
    return this.#pulling.progress(document)
  }

  // ── what happened here ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A document's durable frontier moved. Invariant 8: this is the one place from which edits leave. */
  durable(document: Document, own: readonly SignedRange[]): void {
    this.#contacts.changing(docKey(document.id))
    this.#held.note(document)
    this.#wants?.came(document)
    if (own.length > 0) this.#gossip.add(document, own)
    this.#states.changed()
  }

  /** A document was deleted here. */
  forget(document: Document): void {
    this.#held.forget(document)
    this.#wants?.forget(document)
    this.#states.changed()
  }

  /** Tells all of the space who is here. Never rejects. */
  publishBeat(beat: Uint8Array): Promise<void> {
    return this.#gossip.publishBeat(beat)
  }

  /** This peer slept, or has a network again. */
  woke(): void {
    this.#forgive(this.#clock.monotonic())
    this.#states.woke()
  }

  // ── sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Serves a session until it ends. Of two with the same node, the one opened by the smaller node id stays. */
  async serve(session: Session, reason: SyncReason): Promise<void> {
    const rival = this.#contacts.get(session.member.node)
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
    const contact = this.#contacts.meet(session, reason)
    this.#trace('sync', session.member.id, 'met', reason)
    this.#reconciliation.open(contact)
    void session.send(this.#held.state([]))
    this.#pulling.met(contact)
    this.#host.touched()
    return contact
  }

  #leave(contact: Contact): void {
    this.#contacts.leave(contact)
    this.#pulling.left(contact)
  }

  #take(contact: Contact, message: Message): void | Promise<void> {
    switch (message.type) {
      case 'state':
        return this.#states.take(contact, message)
      case 'pull':
        return this.#serving.take(contact, { ...message, isGuess: false })
      case 'delta':
        return this.#pulling.takeDelta(contact, message)
      case 'none':
        return this.#pulling.takeNone(contact, message.ids)
      case 'symbols':
        return this.#reconciliation.takeSymbols(contact, message)
      case 'ask':
        return this.#reconciliation.takeAsk(contact, message)
      case 'ranges':
        return this.#reconciliation.takeRanges(contact, message)
      case 'tell':
        return this.#reconciliation.takeTell(contact, message)
      case 'news':
        // Waited for: whoever sends faster than it can be checked is slowed down (Invariant 9).
        return this.#host.heardNews(message.records, contact)
      default:
        throw new JoineryError('bad-message', `a ${message.type} has no place here`)
    }
  }

  // ── silence ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Every state must progress: a member that does not answer is left for another. */
  #scheduleStallCheck(): void {
    const since = this.#clock.monotonic()
    this.#cancelStall = this.#clock.after(STALL_CHECK_MS, () => {
      const now = this.#clock.monotonic()
      if (now - since > 2 * STALL_CHECK_MS) this.#forgive(now)
      const before = now - limits.answerMs
      for (const contact of this.#pulling.stalled(before)) this.#silent(contact)
      for (const contact of this.#contacts) if (this.#reconciliation.isStuck(contact, before)) this.#silent(contact)
      this.#scheduleStallCheck()
    })
  }

  /** What nobody answered while this peer slept is nobody's failure. */
  #forgive(now: number): void {
    for (const contact of this.#contacts) {
      contact.progressAt = now
      this.#pulling.progressed(contact)
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

  /** Ends all sessions, with a reason the others understand. */
  async close(reason: ByeReason): Promise<void> {
    this.#closed = true
    this.#entrance.close()
    this.#pulling.close()
    this.#gossip.close()
    this.#states.close()
    this.#cancelStall()
    await Promise.all([...this.#contacts].map(({ session }) => session.close(reason)))
    this.#contacts.clear()
  }
}
