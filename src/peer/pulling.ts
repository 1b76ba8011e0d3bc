// Pulling what is lacking here: it hears what others have more of, asks one of them for it (pulls.ts decides whom), takes what comes, and knows how far that
// has come. A gap, which is what the causal buffer waits for, is pulled after the grace.

import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../base/trace.ts'
import type { Dot } from '../core/ids.ts'
import { containsVersion, type Version } from '../core/version.ts'
import type { NodeId } from '../net/network.ts'
import { docKey, docOf } from '../sync/holdings.ts'
import type { DocName, Entry, Message } from '../sync/messages.ts'
import type { SyncReason } from '../sync/reason.ts'
import type { Asked, Progress } from './api.ts'
import type { Contact, Contacts } from './contacts.ts'
import type { Document } from './document.ts'
import type { Entrance } from './entrance.ts'
import type { Held } from './held.ts'
import { lackingOps } from './lacking.ts'
import { Exchange, progressOf } from './progress.ts'
import { Pulls } from './pulls.ts'
import type { ReplicatorHost } from './replicator-host.ts'
import type { Wants } from './wants.ts'

export interface PullingOptions {
  readonly host: ReplicatorHost
  readonly clock: Clock
  readonly trace: Trace
  readonly held: Held
  readonly contacts: Contacts
  readonly entrance: Entrance
  readonly wants: Wants | undefined
}

interface Waiting {
  readonly reason: SyncReason
  /** As many as somebody said then that it has more: there may be a hundred thousand of these, so nobody counts anew. */
  readonly ops: number
}

export class Pulling {
  readonly #options: PullingOptions
  readonly #pulls = new Pulls<Contact>()
  readonly #exchange = new Exchange()
  /** Documents to be pulled when those who have them are less busy; and how many ops of all of them were lacking when they began to wait. */
  readonly #waiting = new Map<string, Waiting>()
  #waitingOps = 0
  #closed = false

  constructor(options: PullingOptions) {
    this.#options = options
  }

  /** Whether anything is on its way. */
  get isActive(): boolean {
    return this.#pulls.active > 0
  }

  // ── what is heard ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A contact said what it holds of a document. One that is only spoken of is not made: that is done when edits of it arrive. */
  heardEntry(contact: Contact, { document: id }: Entry, reason: SyncReason, delayMs: number): void {
    const { host, held, clock, trace } = this.#options
    if (!host.admissible(id)) return
    const version = contact.holdings.version(id)
    host.heardOwn(held.version(id), version, contact)
    if (containsVersion(held.version(id), version)) return
    if (delayMs === 0) this.plan(id, reason)
    else clock.after(delayMs, () => this.plan(id, reason))
    trace('sync', contact.member.id, 'has more of', id.name)
  }

  /** A contact was met that handed on, in an earlier life of this peer, what builds on edits that are not here. */
  met({ member, holdings }: Contact): void {
    for (const { document, missing } of this.#options.wants?.of(member.device) ?? []) {
      if (!this.#options.host.admissible(document)) continue
      holdings.guess(document, versionOf(missing))
      this.plan(document, 'gap')
    }
  }

  /** Ops came before what caused them, and nobody in contact said that it has the cause: the one who sent them is asked. */
  heardGap(document: Document, from: NodeId): void {
    const { clock, contacts, wants } = this.#options
    wants?.note(document, contacts.get(from)?.member.device)
    clock.after(limits.graceMs, () => {
      if (this.#closed || document.waitingOps === 0) return
      contacts.get(from)?.holdings.guess(document.id, versionOf(document.replica.pending.missing))
      this.plan(document.id, document.replica.hasDropped ? 'overflow' : 'gap')
    })
  }

  // ── what is asked ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks for a document, if somebody has more of it and it is not on its way already. */
  plan(id: DocName, reason: SyncReason): void {
    if (this.#closed) return
    const { held, contacts, clock, trace } = this.#options
    const key = docKey(id)
    const source = this.#pulls.choose(id, key, held.version(id), contacts)
    if (source === 'busy') this.#wait(key, reason)
    if (source === undefined || source === 'busy') return
    const pull = this.#pulls.start(key, source, reason, clock.monotonic())
    this.#exchange.begin(pull.startedAt)
    trace('sync', source.member.id, 'pull', id.name, reason)
    const since = held.statedTo(key, source.holdings)
    void source.session.send({ type: 'pull', id: pull.id, document: id, since })
  }

  #wait(key: string, reason: SyncReason): void {
    this.#forget(key)
    const ops = Math.max(0, ...[...this.#options.contacts].map((contact) => this.#opsLeftOf(key, contact)))
    this.#waiting.set(key, { reason, ops })
    this.#waitingOps += ops
  }

  #forget(key: string): void {
    this.#waitingOps -= this.#waiting.get(key)?.ops ?? 0
    this.#waiting.delete(key)
  }

  /** Somebody has time again: what waits is planned, as far as it goes. */
  #planWaiting(): void {
    for (const [key, { reason }] of this.#waiting) {
      this.#forget(key)
      this.plan(docOf(key), reason)
      if (this.#waiting.has(key)) return
    }
  }

  /** Asks a contact for documents of which it may have more, in the breath in which it is told of them. Returns which, and the id of the first. */
  guess(keys: readonly string[], contact: Contact): { readonly keys: readonly string[]; readonly firstId: number } {
    return this.#pulls.guess(keys, contact, contact.reason, this.#options.clock.monotonic())
  }

  // ── what comes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async takeDelta(contact: Contact, delta: Message & { type: 'delta' }): Promise<void> {
    const { host, entrance } = this.#options
    const found = this.#pulls.byId(delta.id, contact)
    // An answer to a pull that was given up: what it holds is good all the same, but which document it is of is forgotten.
    if (found === undefined) return
    const { key, pull } = found
    const ops = await entrance.admit(docOf(key), delta.ranges, { origin: 'sync', source: contact.member.node })
    const bytes = delta.ranges.reduce((sum, { body }) => sum + body.length, 0)
    pull.ops += ops
    pull.bytes += bytes
    this.#exchange.took(ops, bytes)
    host.touched()
    // Every state must progress: parts that bring nothing do not keep a pull alive.
    if (ops > 0 || !delta.more) this.progressed(contact)
    if (delta.more) return
    this.#finish(key, pull.reason)
    this.#settle()
  }

  /** There is no more of what was guessed. */
  takeNone(contact: Contact, ids: readonly number[]): void {
    for (const id of ids) {
      const found = this.#pulls.byId(id, contact)
      if (found !== undefined) this.#finish(found.key, found.pull.reason)
    }
    this.progressed(contact)
    this.#settle()
  }

  /** A contact left: what it was asked for, others may have. */
  left(contact: Contact): void {
    for (const key of this.#pulls.drop(contact)) this.plan(docOf(key), 'news')
    this.#settle()
  }

  #finish(key: string, reason: SyncReason): void {
    const id = docOf(key)
    this.#pulls.finish(id, key, this.#options.held.version(id))
    this.plan(id, reason)
  }

  #settle(): void {
    this.#planWaiting()
    if (!this.isActive) this.#exchange.end()
    this.#options.host.touched()
  }

  /** A contact answered: what it is asked for is not stalled. */
  progressed(contact: Contact): void {
    this.#pulls.progressed(contact, this.#options.clock.monotonic())
  }

  /** Contacts that have answered nothing since `before`. Who holds just what is held here owes nothing: its answer was lost, and is not missed. */
  stalled(before: number): readonly Contact[] {
    const { contacts, held } = this.#options
    const stalled = this.#pulls.stalled(before)
    const moot = stalled.filter(({ source }) => contacts.agreedWith(source))
    for (const { key } of moot) this.#pulls.finish(docOf(key), key, held.version(docOf(key)))
    // Where all agree nobody has more, whatever somebody had said of it.
    if (![...contacts].every((one) => contacts.agreedWith(one)))
      for (const { key, reason } of moot) this.plan(docOf(key), reason)
    if (moot.length > 0) this.#settle()
    return stalled.flatMap(({ source }) => (contacts.agreedWith(source) ? [] : source))
  }

  // ── how far it has come ────────────────────────────────────────────────────────────────────────────────────────────────────────

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
    const now = this.#options.clock.monotonic()
    if (document === undefined) return this.#exchange.progress(() => this.#opsLeft(), now)
    const pull = this.#pulls.running.get(docKey(document.id))
    return pull && progressOf(pull, this.#opsLeftOf(docKey(document.id), pull.source), now)
  }

  #opsLeft(): number {
    let left = 0
    for (const [key, { source }] of this.#pulls.running) left += this.#opsLeftOf(key, source)
    return left + this.#waitingOps
  }

  #opsLeftOf(key: string, { holdings }: Contact): number {
    const id = docOf(key)
    return lackingOps(this.#options.held.version(id), holdings.promised(id))
  }

  /** Nothing is asked for any more. */
  close(): void {
    this.#closed = true
  }
}

/** What holds all of these. */
function versionOf(missing: readonly Dot[]): Version {
  return new Map(missing.map(({ actor, seq }) => [actor, seq + 1]))
}
