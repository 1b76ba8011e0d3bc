// Reconciliation with each contact: where the roots differ, both find out in which documents (sync/comparison.ts decides what to say), and each tells the other
// these, or all that it holds where that is little. It ends when both told and heard; a difference that lasts is compared anew, ever more rarely.
//
//   met            ──► symbols, if we changed meanwhile       root differs ──► a list of all (few documents), or symbols
//   it is known in what we differ ──► tell, and ask in the same breath for what the other may have more of
//   told           ──► what it lacks is served, what is lacking here is pulled; symbols that say it all are answered with ids

import type { Clock } from '../base/clock.ts'
import type { Trace } from '../base/trace.ts'
import type { ShortId } from '../reconcile/sip-hash.ts'
import type { Step } from '../sync/comparison.ts'
import { docKey } from '../sync/holdings.ts'
import { ENTRIES_MAX, type Message } from '../sync/messages.ts'
import type { Contact, Contacts } from './contacts.ts'
import type { Held } from './held.ts'
import type { Pulling } from './pulling.ts'
import type { Serving } from './serving.ts'

export interface ReconciliationOptions {
  readonly clock: Clock
  readonly trace: Trace
  readonly held: Held
  readonly contacts: Contacts
  readonly pulling: Pulling
  readonly serving: Serving
  /** The status may be another one. */
  readonly touched: () => void
}

/** Who holds so few documents lists them: symbols would take as much. */
const LISTED_FEW = 3

export class Reconciliation {
  readonly #options: ReconciliationOptions

  constructor(options: ReconciliationOptions) {
    this.#options = options
  }

  // ── from the first word to the last ────────────────────────────────────────────────────────────────────────────────────────────

  /** A contact was met: what changed here while it was away is what differs, if nothing changed there. */
  open(contact: Contact): void {
    const { changed, session, comparison } = contact
    if (changed > 0 && this.#options.held.inventory.count > LISTED_FEW) void session.send(comparison.open(2 * changed))
  }

  /** The first time that a contact's root differs: what it needs to find out what of ours it lacks. `theirs` is how many documents it holds. */
  begin(contact: Contact, theirs: number): void {
    this.#progressed(contact)
    // Its symbols came before its root, and said it all.
    if (contact.told) return
    const ours = this.#options.held.inventory.count
    if (isListed(ours, theirs)) this.#tell(contact, 'all')
    // Who lists is told what differs from the list.
    else if (!isListed(theirs, ours) && !contact.comparison.isOpen)
      void contact.session.send(contact.comparison.open(undefined))
  }

  /** A difference that lasts while nothing is on its way: something was lost. All is compared anew, ever more rarely. */
  again(contact: Contact): void {
    const { pulling, contacts, touched } = this.#options
    if (contacts.agreedWith(contact) || pulling.isActive) {
      contact.differed = 0
      return
    }
    contact.differed++
    for (const entry of contact.holdings.entries()) pulling.heardEntry(contact, entry, 'digest', 0)
    touched()
    // At 2, 4, 8, 16 …: the first difference is mostly news under way. Where symbols were told, and it differs still, ranges tell.
    const times = Math.log2(contact.differed)
    if (times < 1 || !Number.isInteger(times) || contact.comparison.isOpen) return
    this.#progressed(contact)
    void contact.session.send(times % 2 === 1 ? contact.comparison.ask() : contact.comparison.askRanges())
  }

  /** It differs, and since `before` does not say in what, or not whether it does. */
  isStuck(contact: Contact, before: number): boolean {
    if (contact.progressAt >= before || this.#options.contacts.agreedWith(contact)) return false
    return contact.comparison.isOpen || !contact.told || !contact.heard
  }

  #progressed(contact: Contact): void {
    contact.progressAt = this.#options.clock.monotonic()
  }

  // ── symbols and ranges ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeSymbols(contact: Contact, symbols: Message & { type: 'symbols' }): void {
    const { comparison, told } = contact
    // Invariant 9: what comes unasked is taken a few times a second.
    if (!told && !comparison.isOpen && this.#mayAsk(contact)) comparison.welcome()
    this.#step(contact, comparison.takeSymbols(symbols))
  }

  takeAsk(contact: Contact, ask: Message & { type: 'ask' }): void {
    if (!this.#mayAsk(contact)) return
    void contact.session.send(contact.comparison.answer(ask))
    this.#repeat(contact)
  }

  takeRanges(contact: Contact, ranges: Message & { type: 'ranges' }): void {
    if (!ranges.isAnswer && !this.#mayAsk(contact)) return
    this.#step(contact, contact.comparison.takeRanges(ranges))
    if (!ranges.isAnswer) this.#repeat(contact)
  }

  /** Invariant 9: who asks without end is not answered. */
  #mayAsk({ asks }: Contact): boolean {
    return asks.take('', this.#options.clock.monotonic())
  }

  /** It asks, so to it we differ. Where we do not, it heard something else of us than we said: only our word mends that, and a beacon may keep silent. */
  #repeat(contact: Contact): void {
    const { contacts, held } = this.#options
    if (contacts.agreedWith(contact)) void contact.session.send(held.state([]))
  }

  #step(contact: Contact, { send, isNearer, differing, lacking }: Step): void {
    if (isNearer) this.#progressed(contact)
    for (const message of send) void contact.session.send(message)
    if (differing === undefined) return
    if (differing !== 'all') this.#options.contacts.confirm(contact, differing)
    this.#tell(contact, differing, lacking === undefined ? {} : { lacking })
  }

  // ── telling ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Tells a contact in which documents it differs from us, or all. What it may have more of is asked for in the same breath, where it has not told that
   * itself; with the ids of its symbols that are lacking here, it need not be sent ours.
   */
  #tell(
    contact: Contact,
    differing: ReadonlySet<string> | 'all',
    { lacking, guesses = true }: { readonly lacking?: readonly ShortId[]; readonly guesses?: boolean } = {},
  ): void {
    const { held, pulling, trace, touched } = this.#options
    const all = differing === 'all'
    const keys = all ? [...held.inventory.keys()] : [...differing]
    contact.told = true
    contact.untold.clear()
    const guessed = pulling.guess(guesses ? keys.filter((key) => held.isPlain(key)) : [], contact)
    const first = new Set(guessed.keys)
    const entries = [...guessed.keys, ...keys.filter((key) => !first.has(key))].flatMap((key) => held.entry(key))
    trace('sync', contact.member.id, 'tell', entries.length, first.size)
    for (let from = 0; from === 0 || from < entries.length; from += ENTRIES_MAX) {
      const more = from + ENTRIES_MAX < entries.length
      const pulls = from === 0 ? first.size : 0
      const part = entries.slice(from, from + ENTRIES_MAX)
      const ids = lacking === undefined || more ? {} : { lacking }
      void contact.session.send({ type: 'tell', more, all, pulls, firstId: guessed.firstId, entries: part, ...ids })
    }
    touched()
  }

  /** It named what it lacks of our symbols: all but what it asked for in the same breath is told, and what changed since they were made. */
  #tellLacking(contact: Contact, ids: readonly ShortId[], served: readonly string[]): void {
    const { contacts, held } = this.#options
    const differing = new Set([...held.inventory.keysOf(ids), ...contact.untold])
    contacts.confirm(contact, differing)
    for (const key of served) if (!contact.untold.has(key)) differing.delete(key)
    contact.comparison.end()
    this.#tell(contact, differing, { guesses: false })
  }

  // ── being told ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeTell(contact: Contact, tell: Message & { type: 'tell' }): void {
    const { serving, pulling, touched } = this.#options
    if (!tell.more || tell.entries.length > 0) this.#progressed(contact)
    contact.holdings.take(tell.entries)
    for (const [index, { document, version: since }] of tell.entries.entries())
      if (index < tell.pulls) serving.take(contact, { id: tell.firstId + index, document, since, isGuess: true })
    for (const entry of tell.entries) pulling.heardEntry(contact, entry, contact.reason, 0)
    if (tell.all) {
      contact.listed ??= new Set()
      for (const { document } of tell.entries) contact.listed.add(docKey(document))
    }
    const served = tell.entries.slice(0, tell.pulls).map(({ document }) => docKey(document))
    if (tell.lacking !== undefined && !contact.told) this.#tellLacking(contact, tell.lacking, served)
    if (!tell.more) this.#heardAll(contact)
    touched()
  }

  /** It told all that it has to tell. */
  #heardAll(contact: Contact): void {
    const { contacts, held } = this.#options
    const { listed, comparison, holdings } = contact
    contact.listed = undefined
    contact.heard = true
    if (listed !== undefined) {
      const isSame = (key: string): boolean => listed.has(key) && held.isSame(key, holdings)
      const differing = new Set([...held.inventory.keys()].filter((key) => !isSame(key)))
      // What it does not list it does not hold, whatever it held before (Invariant 13): also where both listed at once.
      contacts.confirm(contact, new Set([...differing, ...[...listed].filter((key) => !isSame(key))]))
      if (contact.told) return
      comparison.end()
      this.#tell(contact, differing)
    } else if (!contact.told && (comparison.isInVain || !comparison.isOpen) && !contacts.agreedWith(contact))
      // It was taken for one who lists, or its symbols were not for us.
      void contact.session.send(comparison.ask())
  }
}

/** Whether whoever holds so many documents lists them to one who holds `theirs`, since most of those it has are others. */
function isListed(ours: number, theirs: number): boolean {
  return ours <= LISTED_FEW || 4 * ours < theirs
}
