// The tips of one actor that it has signed (FORMAT §2, "signature record"): the newest ones, and sparse older ones, so that old tips cost little
// memory and yet everything can be cut and served in pieces that any reader takes.

import { Int32Column, lastAtMost } from '../core/columns.ts'

/** The newest tips are all kept. */
const tipsKept = 256
/** Of the older ones, the first at or after every so many ops (FORMAT §2). */
const tipSpacing = 4096
/** Ranges of several changes have about so many bytes at most, far below what a reader takes; older tips are kept as close as that. */
export const rangeBytes = 4 * 1024 * 1024

const signatureLength = 64

export interface SignedTip {
  /** Half open: how many ops it covers. */
  readonly end: number
  readonly signature: Uint8Array
}

export class SignedTips {
  readonly #ends = new Int32Column()
  #signatures = new Uint8Array(4 * signatureLength)
  #thinAt = 2 * tipsKept
  readonly #kept = new Set<number>()
  /** About how many bytes the first `end` ops of the actor are. */
  readonly #bytesAt: (end: number) => number

  constructor(bytesAt: (end: number) => number) {
    this.#bytesAt = bytesAt
  }

  get count(): number {
    return this.#ends.length
  }

  endOf(index: number): number {
    return this.#ends.at(index)
  }

  signatureOf(index: number): Uint8Array {
    return this.#signatures.slice(index * signatureLength, (index + 1) * signatureLength)
  }

  get newest(): SignedTip | undefined {
    const last = this.count - 1
    return last < 0 ? undefined : { end: this.endOf(last), signature: this.signatureOf(last) }
  }

  /** The end of the newest tip at or below `seq`; 0 if there is none. */
  endAt(seq: number): number {
    const index = lastAtMost(this.#ends, seq)
    return index < 0 ? 0 : this.#ends.at(index)
  }

  /** The end of the first tip above `seq`, -1 if there is none. */
  endAfter(seq: number): number {
    const index = lastAtMost(this.#ends, seq) + 1
    return index < this.count ? this.#ends.at(index) : -1
  }

  /** The signature of the tip that ends exactly there. */
  signatureAt(end: number): Uint8Array | undefined {
    const index = lastAtMost(this.#ends, end)
    return index >= 0 && this.#ends.at(index) === end ? this.signatureOf(index) : undefined
  }

  add(end: number, signature: Uint8Array): void {
    const index = lastAtMost(this.#ends, end) + 1
    if (index > 0 && this.#ends.at(index - 1) === end) return
    this.#ends.insert(index, end)
    const bytes = this.count * signatureLength
    if (bytes > this.#signatures.length) {
      const grown = new Uint8Array(2 * bytes)
      grown.set(this.#signatures)
      this.#signatures = grown
    }
    this.#signatures.copyWithin((index + 1) * signatureLength, index * signatureLength, bytes - signatureLength)
    this.#signatures.set(signature, index * signatureLength)
    if (this.count > this.#thinAt) this.#thin()
  }

  /** Says that a cut is about the op before `end`: if a tip ends there, it stays, so that the cut can be served with its past (FORMAT §2). */
  keep(end: number): void {
    this.#kept.add(end)
  }

  /** The newest tip, and some before it: what a snapshot keeps. */
  sparse(): SignedTip[] {
    const out: SignedTip[] = []
    let last = 0
    for (let i = 0; i < this.count; i++) {
      const end = this.endOf(i)
      if (end < last + tipSpacing && i < this.count - 1 && !this.#kept.has(end)) continue
      out.push({ end, signature: this.signatureOf(i) })
      last = end
    }
    return out
  }

  #thin(): void {
    const recent = this.count - tipsKept
    let block = -1
    let keptBytes = 0
    let to = 0
    for (let i = 0; i < this.count; i++) {
      const end = this.endOf(i)
      const isFar = Math.floor(end / tipSpacing) > block
      const isLarge = i + 1 < this.count && this.#bytesAt(this.endOf(i + 1)) - keptBytes > rangeBytes
      block = Math.floor(end / tipSpacing)
      if (i < recent && !isFar && !isLarge && !this.#kept.has(end)) continue
      keptBytes = this.#bytesAt(end)
      this.#ends.data[to] = end
      this.#signatures.copyWithin(to * signatureLength, i * signatureLength, (i + 1) * signatureLength)
      to++
    }
    this.#ends.truncate(to)
    this.#thinAt = to + tipsKept
  }
}
