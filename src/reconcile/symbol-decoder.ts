// The decoding side of a rateless IBLT: the other side's symbols minus our own are the symbols of the difference, and these are peeled as they arrive. A
// symbol of one id alone gives it away; taken out of all its other symbols it may leave another one alone there; and so on until nothing is left.
//
// Yang, Gilad, Alizadeh, "Practical Rateless Set Reconciliation" (SIGCOMM 2024), §3 and §4.3. Symbols come from outside and may be anything: honest ones
// give each id once, and never more ids than symbols, which bounds what any others can make us do.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { CodedSet } from './coded-set.ts'
import { IndexWalk } from './index-walk.ts'
import type { ShortId } from './sip-hash.ts'
import type { Symbols } from './symbols.ts'

/** An id that came out, on its way along its indices. */
interface Found extends ShortId {
  readonly check: number
  /** 1 if they have it, -1 if we do. */
  readonly side: 1 | -1
  readonly walk: IndexWalk
}

/**
 * Finds what two sets do not share from the other one's symbols, handed in in order, any number at a time: about 1.4 to 1.7 for each difference. `ours`
 * must not change meanwhile (`CodedSet.copy`). An example stands at `CodedSet`.
 */
export class SymbolDecoder {
  readonly #set: CodedSet
  // The symbols of the difference, as far as it was not peeled.
  #highs = new Uint32Array(64)
  #lows = new Uint32Array(64)
  #checks = new Uint32Array(64)
  #counts = new Int32Array(64)
  #length = 0
  readonly #found: Found[] = []
  readonly #seen = new Set<string>()

  constructor(ours: CodedSet) {
    this.#set = ours
  }

  /** How many symbols were taken: the index of the next. */
  get length(): number {
    return this.#length
  }

  /** What only they have, as far as it came out. */
  get theirs(): ShortId[] {
    return this.#found.filter(({ side }) => side === 1)
  }

  /** What only we have, as far as it came out. */
  get ours(): ShortId[] {
    return this.#found.filter(({ side }) => side === -1)
  }

  /**
   * How many differences there are, roughly: known when done. Until then, each of d differences adds p·(1 − p) to the variance of a symbol's count,
   * p being its chance to be part of the symbol, so d is how far the counts vary.
   */
  get estimate(): number {
    const net = this.#counts[0] as number
    let varied = 0
    let chances = 0
    for (let i = 1; i < this.#length; i++) {
      const p = 2 / (2 + i)
      varied += ((this.#counts[i] as number) - net * p) ** 2
      chances += p * (1 - p)
    }
    const left = chances === 0 ? 0 : varied / chances
    return this.#found.length + Math.ceil(Math.max(left, Math.abs(net)))
  }

  /**
   * Takes the next symbols, and says whether all differences are known now. Errors: 'bad-message' for what no set has as symbols; 'limit' beyond
   * limits.symbols.
   */
  add(theirs: Symbols): 'done' | 'more' {
    const { from, length } = theirs
    if (from !== this.#length)
      throw new JoineryError('bad-message', `symbols from ${from} on, expected from ${this.#length} on`)
    if (from + length > limits.symbols)
      throw new JoineryError('limit', `${from + length} symbols, at most ${limits.symbols} are taken`)
    this.#append(theirs)
    this.#peel(from)
    return this.#length > 0 && this.#isEmpty(0) ? this.#end() : 'more'
  }

  #append({ from, length, highs, lows, checks, counts }: Symbols): void {
    this.#reserve(from + length)
    const ours = this.#set.symbols(from, from + length)
    for (let i = 0; i < length; i++) {
      this.#highs[from + i] = (highs[i] as number) ^ (ours.highs[i] as number)
      this.#lows[from + i] = (lows[i] as number) ^ (ours.lows[i] as number)
      this.#checks[from + i] = (checks[i] as number) ^ (ours.checks[i] as number)
      this.#counts[from + i] = (counts[i] as number) - (ours.counts[i] as number)
    }
    this.#length = from + length
    for (const found of this.#found) this.#takeOut(found, () => {})
  }

  /** A work-list of symbols that may hold one id alone. */
  #peel(from: number): void {
    const waiting: number[] = []
    for (let index = this.#length - 1; index >= from; index--) waiting.push(index)
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      const found = this.#single(index)
      if (found === undefined) continue
      const id = `${found.high}/${found.low}`
      if (this.#seen.has(id)) throw new JoineryError('bad-message', 'symbols that give one id twice')
      // Of honest symbols each one that gives an id away is used up by it.
      if (this.#found.length === this.#length) throw new JoineryError('bad-message', 'more ids than symbols')
      this.#seen.add(id)
      this.#found.push(found)
      this.#takeOut(found, (other) => void waiting.push(other))
    }
  }

  /** The id that a symbol holds alone. */
  #single(index: number): Found | undefined {
    const count = this.#counts[index] as number
    if (count !== 1 && count !== -1) return undefined
    const [high, low] = [this.#highs[index] as number, this.#lows[index] as number]
    const hash = this.#set.hash.ofId(high, low)
    if (hash.low !== this.#checks[index]) return undefined
    return { high, low, check: hash.low, side: count, walk: new IndexWalk().begin(hash.high, hash.low) }
  }

  /** Takes an id out of all symbols it is part of, from where its walk stands. */
  #takeOut({ high, low, check, side, walk }: Found, visit: (index: number) => void): void {
    for (; walk.index < this.#length; walk.next()) {
      const { index } = walk
      this.#highs[index] = (this.#highs[index] as number) ^ high
      this.#lows[index] = (this.#lows[index] as number) ^ low
      this.#checks[index] = (this.#checks[index] as number) ^ check
      this.#counts[index] = (this.#counts[index] as number) - side
      visit(index)
    }
  }

  /** Every id is part of symbol 0: when that is empty, all are, or they are not of one set. */
  #end(): 'done' {
    for (let index = 1; index < this.#length; index++)
      if (!this.#isEmpty(index)) throw new JoineryError('bad-message', 'symbols that contradict one another')
    return 'done'
  }

  #isEmpty(index: number): boolean {
    const sum = (this.#highs[index] as number) | (this.#lows[index] as number) | (this.#checks[index] as number)
    return sum === 0 && this.#counts[index] === 0
  }

  #reserve(length: number): void {
    if (length <= this.#highs.length) return
    const size = Math.max(length, 2 * this.#highs.length)
    const grown = <A extends Uint32Array | Int32Array>(old: A, young: A): A => {
      young.set(old)
      return young
    }
    this.#highs = grown(this.#highs, new Uint32Array(size))
    this.#lows = grown(this.#lows, new Uint32Array(size))
    this.#checks = grown(this.#checks, new Uint32Array(size))
    this.#counts = grown(this.#counts, new Int32Array(size))
  }
}
