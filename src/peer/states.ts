// States: what all of a space comes to here, in one root, with the documents that changed by name. One is said to everybody in contact soon after something
// changed, and to some as a beacon, ever more rarely while nothing does (Trickle): it heals what gossip and states lost, and is the receipt of what was stored.

import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import { ENTRIES_MAX, type Message } from '../sync/messages.ts'
import { Trickle } from '../sync/trickle.ts'
import type { Contact, Contacts } from './contacts.ts'
import type { Held } from './held.ts'
import type { Pulling } from './pulling.ts'
import type { Reconciliation } from './reconciliation.ts'
import type { ReplicatorHost } from './replicator-host.ts'

export interface StatesOptions {
  readonly host: ReplicatorHost
  readonly clock: Clock
  readonly random: Random
  readonly trace: Trace
  readonly held: Held
  readonly contacts: Contacts
  readonly pulling: Pulling
  readonly reconciliation: Reconciliation
}

const DELAY_MS = 40
const REST_MS = 250
/** Said to many it is said more rarely, or states would cost more than the edits they tell of: gossip and beacons go on as ever. */
const REST_EACH_MS = 120
const REST_MAX_MS = 2_000
// A difference that outlasts so many beacons at the shortest interval is no news any more.
const PATIENCE = 16

export class States {
  readonly #options: StatesOptions
  readonly #trickle: Trickle
  #saidAt = Number.NEGATIVE_INFINITY
  #cancelNews: (() => void) | undefined
  #cancelBeacon: () => void = () => {}

  constructor(options: StatesOptions) {
    this.#options = options
    this.#trickle = new Trickle({ minMs: limits.beaconMinMs, maxMs: limits.beaconMaxMs, redundancy: 2 }, options.random)
    this.#scheduleBeacon()
  }

  // ── what is heard ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  take(contact: Contact, state: Message & { type: 'state' }): void {
    const { host, trace, contacts, pulling, reconciliation } = this.#options
    const isFirst = contact.root === undefined
    contact.root = state.root.slice()
    contact.holdings.take(state.entries)
    const agreed = contacts.agreedWith(contact)
    trace('sync', contact.member.id, agreed ? 'agreed' : 'differs', state.entries.length)
    if (agreed) this.#agree(contact)
    for (const entry of state.entries) pulling.heardEntry(contact, entry, 'news', limits.graceMs)
    if (isFirst && !agreed) {
      this.#hurry()
      reconciliation.begin(contact, state.documents)
    }
    host.touched()
  }

  #agree(contact: Contact): void {
    this.#options.contacts.agree(contact)
    this.#trickle.consistent()
    this.#options.host.agreed(contact)
  }

  // ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Something changed here: it is said soon; while more keeps coming, a few times a second. */
  changed(): void {
    if (this.#cancelNews !== undefined) return
    const { clock, contacts, host } = this.#options
    const restMs = Math.min(Math.max(REST_MS, REST_EACH_MS * contacts.size), REST_MAX_MS)
    const dueMs = this.#saidAt + restMs - clock.monotonic()
    this.#cancelNews = clock.after(Math.max(DELAY_MS, dueMs), () => {
      this.#cancelNews = undefined
      this.#saidAt = clock.monotonic()
      for (const contact of contacts) {
        if (contacts.agreedWith(contact)) this.#agree(contact)
        this.#say(contact)
      }
      host.touched()
    })
  }

  /** This peer slept, or has a network again: all in contact are told at once what is here. */
  woke(): void {
    for (const contact of this.#options.contacts) this.#say(contact)
    this.#hurry()
  }

  #say(contact: Contact): void {
    const { held } = this.#options
    // Who was not told yet is told all that differs when it is known.
    const entries = contact.told ? [...contact.untold].flatMap((key) => held.entry(key)) : []
    if (contact.told) contact.untold.clear()
    for (let from = 0; from === 0 || from < entries.length; from += ENTRIES_MAX)
      void contact.session.send(held.state(entries.slice(from, from + ENTRIES_MAX)))
  }

  // ── the beacon ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Our root to some neighbours, ever more rarely. */
  #scheduleBeacon(): void {
    this.#cancelBeacon()
    this.#cancelBeacon = this.#options.clock.after(this.#trickle.next(), () => {
      const contacts = [...this.#options.contacts]
      for (const contact of contacts) this.#options.reconciliation.again(contact)
      if (contacts.some(({ differed }) => differed > 0 && differed < PATIENCE)) this.#trickle.reset()
      const told = this.#trickle.speaks ? this.#some(contacts) : contacts.filter(({ differed }) => differed > 0)
      for (const contact of told) this.#say(contact)
      this.#scheduleBeacon()
    })
  }

  #hurry(): void {
    this.#trickle.reset()
    this.#scheduleBeacon()
  }

  #some(contacts: readonly Contact[]): readonly Contact[] {
    if (contacts.length <= limits.beaconPeers) return contacts
    const start = Math.floor(this.#options.random.unit() * contacts.length)
    return Array.from({ length: limits.beaconPeers }, (_, i) => contacts[(start + i) % contacts.length] as Contact)
  }

  close(): void {
    this.#cancelNews?.()
    this.#cancelBeacon()
  }
}
