// Two members find out in which documents they differ (DESIGN §6, L1). Each learns which of its own documents the other holds otherwise, or not at all, and
// tells these; what it is told it pulls. Mostly one of them knows that it changed, and about in how much: its symbols come unasked, before its root, and the
// other answers with what differs and the ids that it lacks, which says it all. Where both have symbols to send, neither waits for the other's results.
//
//   met, or roots differ ──► our first symbols, unasked ──► the other subtracts its own: known, or it asks for as many more as it seems to take
//   symbols do not tell, or were told and the roots differ still ──► ranges of terms, which always do
//
// Pure: it decides what to say, the replicator says it. Symbols are of one moment: `stamp` names it. Whoever is asked for more of a moment keeps a copy of
// it, and begins anew where that moment was not kept.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { CodedSet } from '../reconcile/coded-set.ts'
import { decodeRanges, encodeRanges } from '../reconcile/range-message.ts'
import { RangeReconciler } from '../reconcile/range-reconciler.ts'
import type { ShortId } from '../reconcile/sip-hash.ts'
import { SymbolDecoder } from '../reconcile/symbol-decoder.ts'
import { decodeSymbols, encodeSymbols, type Symbols } from '../reconcile/symbols.ts'
import type { Inventory, Terms } from './inventory.ts'
import { LACKING_MAX, type Message } from './messages.ts'

/** What comes of a message: what to say next; and, once it is known, which of our documents the other lacks as they are here. */
export interface Step {
  readonly send: readonly Message[]
  /** It was asked for, and brings the comparison nearer to its end: nothing else keeps it alive. */
  readonly isNearer: boolean
  /** Keys; or 'all', where so much differs that all that is held is told. */
  readonly differing?: ReadonlySet<string> | 'all'
  /** With it, where the other does not have our symbols: the ids that it gave and we do not have, by which it knows what to tell us. */
  readonly lacking?: readonly ShortId[]
}

/** Symbols as they come in, all of one moment of the other's. */
interface Incoming {
  readonly stamp: number
  readonly batches: Symbols[]
  decoder: SymbolDecoder
  /** Our own moment that the decoder compares with. */
  revision: number
}

interface Ranging {
  readonly side: RangeReconciler
  readonly terms: Terms
}

const OPENING_MAX = 48
/** At least so many more at a time. */
const MORE_LEAST = 6
const BATCH_MAX = 4096
/** Moments of the other's that are begun with before it is told apart from one that never comes to an end. */
const MOMENTS_MAX = 8
/** Symbols for each difference: enough on the average of many. */
const SYMBOLS_EACH = 1.5
/** Times the root of how many there are: with so many more they are enough 19 of 20 times. */
const SYMBOLS_SPREAD = 3

export class Comparison {
  readonly #inventory: Inventory
  /** Whether symbols are wanted. */
  #awaits = false
  /** Whether the other has symbols of ours. */
  #hasOpened = false
  /** How many more of a moment were asked for. */
  #asked = 0
  #incoming: Incoming | undefined
  #moments = 0
  #frozen: { readonly stamp: number; readonly set: CodedSet } | undefined
  #asking: Ranging | undefined
  #answering: Ranging | undefined

  constructor(inventory: Inventory) {
    this.#inventory = inventory
  }

  /** Whether something was asked that is not answered yet. */
  get isOpen(): boolean {
    return this.#awaits || this.#asking !== undefined
  }

  /** Whether symbols are wanted, and none came. */
  get isInVain(): boolean {
    return this.#awaits && this.#incoming === undefined
  }

  /** Our first symbols, of about as many differences as are expected; undefined if nobody can tell. The other's may come, too. */
  open(differences: number | undefined): Message {
    this.#awaits = true
    this.#hasOpened = true
    const wanted = differences === undefined ? OPENING_MAX : symbolsFor(differences)
    return this.#symbols(this.#inventory.coded, this.#inventory.revision, 0, Math.min(wanted, OPENING_MAX))
  }

  /** Symbols come unasked, from one who knows that it changed: ours need not be sent. */
  welcome(): void {
    this.#awaits = true
  }

  /** Asks for the other's symbols anew. */
  ask(): Message {
    this.#awaits = true
    this.#hasOpened = true
    this.#incoming = undefined
    this.#moments = 0
    return { type: 'ask', stamp: 0, from: 0, count: OPENING_MAX }
  }

  /** Asks by ranges, which is slower and cannot fail. */
  askRanges(): Message {
    this.#awaits = false
    this.#incoming = undefined
    this.#asking = this.#ranging()
    return { type: 'ranges', isAnswer: false, bytes: encodeRanges(this.#asking.side.begin()) }
  }

  /** The roots are equal, or everything was told: what was kept for this is let go. */
  end(): void {
    this.#awaits = false
    this.#hasOpened = false
    this.#incoming = undefined
    this.#frozen = undefined
    this.#asking = undefined
    this.#answering = undefined
  }

  /** More symbols of the moment that was asked about, or the first ones of this one. */
  answer({ stamp, from, count }: Message & { type: 'ask' }): Message {
    const { coded, revision } = this.#inventory
    if (from === 0) return this.#symbols(coded, revision, 0, Math.min(count, BATCH_MAX))
    if (this.#frozen?.stamp !== stamp) this.#frozen = { stamp: revision, set: coded.copy() }
    const { set, stamp: kept } = this.#frozen
    if (kept === stamp)
      return this.#symbols(set, stamp, from, Math.min(from + Math.min(count, BATCH_MAX), limits.symbols))
    return this.#symbols(set, kept, 0, Math.min(from + count, BATCH_MAX))
  }

  /** Errors: 'bad-message' for symbols that no honest member sends. */
  takeSymbols({ stamp, bytes }: Message & { type: 'symbols' }): Step {
    const symbols = decodeSymbols(bytes)
    if (!this.#awaits) return { send: [], isNearer: false }
    const incoming = this.#begun(stamp, symbols)
    // Whoever drips them keeps a comparison from ever coming to its end.
    const least = symbols.from === 0 ? 1 : this.#asked
    if (symbols.length < least)
      throw new JoineryError('bad-message', `${least} symbols were asked for, and ${symbols.length} came`)
    incoming.batches.push(symbols)
    try {
      return this.#decode(incoming)
    } catch (error) {
      // Ids that hinder one another, or a member that lies: ranges tell.
      if (!(error instanceof JoineryError)) throw error
      return { send: [this.askRanges()], isNearer: true }
    }
  }

  #begun(stamp: number, { from }: Symbols): Incoming {
    if (this.#incoming?.stamp === stamp) return this.#incoming
    if (from !== 0) throw new JoineryError('bad-message', `symbols from ${from} on, of a moment without a beginning`)
    if (++this.#moments > MOMENTS_MAX)
      throw new JoineryError('bad-message', `symbols of ${MOMENTS_MAX} moments, and of none enough`)
    this.#incoming = this.#anew(stamp, [])
    return this.#incoming
  }

  #anew(stamp: number, batches: Symbols[]): Incoming {
    return { stamp, batches, decoder: new SymbolDecoder(this.#inventory.coded), revision: this.#inventory.revision }
  }

  #decode(incoming: Incoming): Step {
    const { revision } = this.#inventory
    const last = incoming.batches.at(-1) as Symbols
    let outcome = 'more'
    if (incoming.revision === revision) outcome = incoming.decoder.add(last)
    else {
      // Meanwhile something changed here: all is compared with what is held now.
      incoming.decoder = new SymbolDecoder(this.#inventory.coded)
      incoming.revision = revision
      for (const batch of incoming.batches) outcome = incoming.decoder.add(batch)
    }
    if (outcome === 'more') return this.#wantMore(incoming, last.size)
    this.#awaits = false
    this.#incoming = undefined
    const { ours, theirs } = incoming.decoder
    const differing = new Set(this.#inventory.keysOf(ours))
    if (this.#hasOpened) return { send: [], isNearer: true, differing }
    if (theirs.length <= LACKING_MAX) return { send: [], isNearer: true, differing, lacking: theirs }
    // It has our symbols then; its own are not wanted any more.
    const send = [this.open(ours.length + theirs.length)]
    this.#awaits = false
    return { send, isNearer: true, differing }
  }

  #wantMore({ stamp, decoder }: Incoming, theirs: number): Step {
    const { length, estimate } = decoder
    // Beyond, symbols take more than naming what need not be named.
    if (estimate >= Math.max(this.#inventory.count, theirs) || estimate > limits.symbols / 2) {
      this.#awaits = false
      this.#incoming = undefined
      return { send: [], isNearer: true, differing: 'all' }
    }
    const lacking = Math.ceil(estimate * SYMBOLS_EACH) - length
    const count = Math.min(Math.max(lacking, MORE_LEAST, length >> 2), BATCH_MAX)
    if (length + count > limits.symbols) return { send: [this.askRanges()], isNearer: true }
    this.#asked = count
    return { send: [{ type: 'ask', stamp, from: length, count }], isNearer: true }
  }

  /** Errors: 'bad-message' for ranges that do not come nearer. */
  takeRanges({ isAnswer, bytes }: Message & { type: 'ranges' }): Step {
    const message = decodeRanges(bytes)
    if (!isAnswer && message.round === 0) this.#answering = this.#ranging()
    const ranging = isAnswer ? this.#asking : this.#answering
    // Of a comparison that ended meanwhile.
    if (ranging === undefined) return { send: [], isNearer: false }
    const { side, terms } = ranging
    const reply = side.receive(message)
    const send: Message[] = []
    if (reply !== undefined) send.push({ type: 'ranges', isAnswer: !isAnswer, bytes: encodeRanges(reply) })
    if (!side.isOver) return { send, isNearer: isAnswer }
    if (isAnswer) this.#asking = undefined
    else this.#answering = undefined
    // What changed here while ranges went to and fro is not what was compared (Invariant 13).
    const differing = new Set([...side.ours.flatMap((term) => terms.keyOf(term) ?? []), ...terms.changed()])
    return { send, isNearer: isAnswer, differing }
  }

  #ranging(): Ranging {
    const terms = this.#inventory.terms()
    return { side: new RangeReconciler(terms.ids), terms }
  }

  #symbols(set: CodedSet, stamp: number, from: number, to: number): Message {
    return { type: 'symbols', stamp, bytes: encodeSymbols(set.symbols(from, Math.max(from, to))) }
  }
}

/** Measured from 2 to 64: fewer vary more. */
function symbolsFor(differences: number): number {
  return Math.ceil(differences * SYMBOLS_EACH + Math.sqrt(differences) * SYMBOLS_SPREAD)
}
