// The encoding side of a rateless IBLT: a set of 64-bit ids that may change, and as many of its coded symbols as anybody asks for. Each further symbol
// says something new of the whole set, so that no number of differences has to be guessed beforehand.
//
// Yang, Gilad, Alizadeh, "Practical Rateless Set Reconciliation" (SIGCOMM 2024). Departure: symbols are not drawn one by one from a heap of the ids, but
// made for a stretch of indices in one pass over all ids, each of which knows the next index it is part of. What was made is kept and follows every
// change of the set, so that what most sessions ask for costs nothing. XOR is sound here, unlike in a digest: each id that comes out is checked.

import { assert } from '../base/assert.ts'
import { IndexWalk, NEVER } from './index-walk.ts'
import { type ShortId, SipHash } from './sip-hash.ts'
import { emptySymbols, type Symbols } from './symbols.ts'

const FIRST_SLOTS = 16
const FIRST_SYMBOLS = 64

/**
 * A set of 64-bit ids, coded. Both sides of a reconciliation need the same key (16 bytes): whoever does not know it cannot make ids that hinder one
 * another. Ids should be hashes themselves; an id must not be added twice.
 *
 * @example
 * const key = new Uint8Array(16)
 * const [ours, theirs] = [new CodedSet(key), new CodedSet(key)]
 * for (let n = 0; n < 1000; n++) ours.add({ high: 7, low: n })
 * for (let n = 3; n < 1000; n++) theirs.add({ high: 7, low: n })
 * const decoder = new SymbolDecoder(ours)
 * let symbols = theirs.symbols(0, 4)
 * while (decoder.add(symbols) === 'more') symbols = theirs.symbols(decoder.length, decoder.length + 4)
 * console.log(decoder.ours.map(({ low }) => low).sort()) // [0, 1, 2]
 */
export class CodedSet {
  readonly hash: SipHash
  readonly #key: Uint8Array
  // By slot: the id, and its walk, which stands at its first index beyond the symbols that are made. A free slot's walk stands at NEVER.
  #highs = new Uint32Array(FIRST_SLOTS)
  #lows = new Uint32Array(FIRST_SLOTS)
  #s0s = new Int32Array(FIRST_SLOTS)
  #s1s = new Int32Array(FIRST_SLOTS)
  #indices = new Uint32Array(FIRST_SLOTS)
  #taken = new Uint8Array(FIRST_SLOTS)
  #used = 0
  readonly #free: number[] = []
  #made: Symbols = emptySymbols(0, 0, 0)
  readonly #walk = new IndexWalk()

  constructor(key: Uint8Array) {
    this.#key = key.slice()
    this.hash = new SipHash(key)
  }

  /** How many ids there are. */
  get size(): number {
    return this.#used - this.#free.length
  }

  /** Adds an id that is not in the set. Returns its slot, by which it is taken out again. */
  add({ high, low }: ShortId): number {
    const slot = this.#free.pop() ?? this.#newSlot()
    this.#highs[slot] = high
    this.#lows[slot] = low
    this.#taken[slot] = 1
    const walk = this.#begin(slot)
    this.#toggle(slot, walk, this.#made.length, 1)
    this.#keep(slot, walk)
    return slot
  }

  remove(slot: number): void {
    assert(this.has(slot), `slot ${slot} is free`)
    this.#toggle(slot, this.#begin(slot), this.#made.length, -1)
    this.#indices[slot] = NEVER
    this.#taken[slot] = 0
    this.#free.push(slot)
  }

  has(slot: number): boolean {
    return this.#taken[slot] === 1
  }

  /** The coded symbols with indices [from, to), as the set is now. */
  symbols(from: number, to: number): Symbols {
    assert(from <= to, `symbols [${from}, ${to}) are none`)
    if (to > this.#made.length) this.#extend(to)
    const { highs, lows, checks, counts } = this.#made
    return {
      from,
      length: to - from,
      size: this.size,
      highs: highs.slice(from, to),
      lows: lows.slice(from, to),
      checks: checks.slice(from, to),
      counts: counts.slice(from, to),
    }
  }

  /** The slots of those ids that are in the set: one pass over all. */
  slotsOf(ids: Iterable<ShortId>): number[] {
    const wanted = new Map<number, Set<number>>()
    for (const { high, low } of ids) wanted.set(low, (wanted.get(low) ?? new Set()).add(high))
    const slots: number[] = []
    for (let slot = 0; slot < this.#used; slot++)
      if (wanted.get(this.#lows[slot] as number)?.has(this.#highs[slot] as number) && this.has(slot)) slots.push(slot)
    return slots
  }

  /** The same set, to be asked for symbols while this one changes. */
  copy(): CodedSet {
    const copy = new CodedSet(this.#key)
    copy.#highs = this.#highs.slice()
    copy.#lows = this.#lows.slice()
    copy.#s0s = this.#s0s.slice()
    copy.#s1s = this.#s1s.slice()
    copy.#indices = this.#indices.slice()
    copy.#taken = this.#taken.slice()
    copy.#used = this.#used
    copy.#free.push(...this.#free)
    copy.#made = this.symbols(0, this.#made.length)
    return copy
  }

  /** Throws unless the symbols that are kept are those of the set, made anew. */
  check(): void {
    const anew = new CodedSet(this.#key)
    for (let slot = 0; slot < this.#used; slot++)
      if (this.has(slot)) anew.add({ high: this.#highs[slot] as number, low: this.#lows[slot] as number })
    const [kept, made] = [this.symbols(0, this.#made.length), anew.symbols(0, this.#made.length)]
    for (let i = 0; i < kept.length; i++)
      for (const column of ['highs', 'lows', 'checks', 'counts'] as const)
        assert(kept[column][i] === made[column][i], `${column} of symbol ${i} are not those of the set`)
  }

  /** One pass over all ids makes the symbols up to `to`, and some more, so that asking for few at a time does not cost a pass each. */
  #extend(to: number): void {
    const old = this.#made
    const made = emptySymbols(0, Math.max(to, FIRST_SYMBOLS, Math.ceil(old.length * 1.5)), 0)
    made.highs.set(old.highs)
    made.lows.set(old.lows)
    made.checks.set(old.checks)
    made.counts.set(old.counts)
    this.#made = made
    const walk = this.#walk
    for (let slot = 0; slot < this.#used; slot++) {
      if ((this.#indices[slot] as number) >= made.length) continue
      walk.index = this.#indices[slot] as number
      walk.s0 = this.#s0s[slot] as number
      walk.s1 = this.#s1s[slot] as number
      this.#toggle(slot, walk, made.length, 1)
      this.#keep(slot, walk)
    }
  }

  /** Puts an id into, or takes it out of, the symbols from where its walk stands up to index `end`. */
  #toggle(slot: number, walk: IndexWalk, end: number, more: 1 | -1): void {
    if (walk.index >= end) return
    const { highs, lows, checks, counts } = this.#made
    const [high, low] = [this.#highs[slot] as number, this.#lows[slot] as number]
    const check = this.hash.ofId(high, low).low
    for (; walk.index < end; walk.next()) {
      const { index } = walk
      highs[index] = (highs[index] as number) ^ high
      lows[index] = (lows[index] as number) ^ low
      checks[index] = (checks[index] as number) ^ check
      counts[index] = (counts[index] as number) + more
    }
  }

  #begin(slot: number): IndexWalk {
    const { high, low } = this.hash.ofId(this.#highs[slot] as number, this.#lows[slot] as number)
    return this.#walk.begin(high, low)
  }

  #keep(slot: number, walk: IndexWalk): void {
    this.#indices[slot] = walk.index
    this.#s0s[slot] = walk.s0
    this.#s1s[slot] = walk.s1
  }

  #newSlot(): number {
    if (this.#used === this.#highs.length) {
      const size = this.#used * 2
      this.#highs = grown(this.#highs, new Uint32Array(size))
      this.#lows = grown(this.#lows, new Uint32Array(size))
      this.#s0s = grown(this.#s0s, new Int32Array(size))
      this.#s1s = grown(this.#s1s, new Int32Array(size))
      this.#indices = grown(this.#indices, new Uint32Array(size))
      this.#taken = grown(this.#taken, new Uint8Array(size))
    }
    return this.#used++
  }
}

function grown<A extends Uint32Array | Int32Array | Uint8Array>(old: A, young: A): A {
  young.set(old)
  return young
}
