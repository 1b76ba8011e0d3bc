// SipHash-2-4 (Aumasson, Bernstein 2012): a short keyed hash that whoever lacks the key cannot aim. In halves of 32 bits, since a bigint for each step
// would cost fifty times as much.

import { assert } from '../base/assert.ts'

/** A 64-bit number: two unsigned halves of 32 bits. */
export interface ShortId {
  readonly high: number
  readonly low: number
}

/**
 * SipHash-2-4 under one key of 16 bytes. The result of the latest call stands in `high` and `low`, as unsigned 32-bit numbers.
 *
 * @example
 * const hash = new SipHash(new Uint8Array(16)).of(new TextEncoder().encode('groceries'))
 * console.log(hash.high, hash.low)
 */
export class SipHash implements ShortId {
  high = 0
  low = 0
  readonly #key: Int32Array
  // v0 … v3 of the paper, low half first.
  readonly #v = new Int32Array(8)

  constructor(key: Uint8Array) {
    assert(key.length === 16, `a SipHash key has 16 bytes, not ${key.length}`)
    const view = new DataView(key.buffer, key.byteOffset, 16)
    this.#key = Int32Array.from({ length: 4 }, (_, i) => view.getInt32(4 * i, true))
  }

  /** Hashes bytes. */
  of(bytes: Uint8Array): this {
    this.#begin()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const whole = bytes.length & ~7
    for (let at = 0; at < whole; at += 8) this.#block(view.getInt32(at, true), view.getInt32(at + 4, true))
    let low = 0
    let high = bytes.length << 24
    for (let i = bytes.length - 1; i >= whole; i--) {
      const byte = bytes[i] as number
      if (i - whole < 4) low |= byte << (8 * (i - whole))
      else high |= byte << (8 * (i - whole - 4))
    }
    return this.#end(low, high)
  }

  /** Hashes the eight bytes of a short id, least significant first. */
  ofId(high: number, low: number): this {
    this.#begin()
    this.#block(low, high)
    return this.#end(0, 8 << 24)
  }

  #begin(): void {
    const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = this.#key
    const v = this.#v
    v[0] = k0 ^ 0x70736575
    v[1] = k1 ^ 0x736f6d65
    v[2] = k2 ^ 0x6e646f6d
    v[3] = k3 ^ 0x646f7261
    v[4] = k0 ^ 0x6e657261
    v[5] = k1 ^ 0x6c796765
    v[6] = k2 ^ 0x79746573
    v[7] = k3 ^ 0x74656462
  }

  #block(low: number, high: number): void {
    const v = this.#v
    v[6] = (v[6] as number) ^ low
    v[7] = (v[7] as number) ^ high
    rounds(v, 2)
    v[0] = (v[0] as number) ^ low
    v[1] = (v[1] as number) ^ high
  }

  #end(low: number, high: number): this {
    this.#block(low, high)
    const v = this.#v
    v[4] = (v[4] as number) ^ 0xff
    rounds(v, 4)
    this.low = ((v[0] as number) ^ (v[2] as number) ^ (v[4] as number) ^ (v[6] as number)) >>> 0
    this.high = ((v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number)) >>> 0
    return this
  }
}

/** SipRound, `times` over: figure 2.1 of the paper, each 64-bit step in halves. */
function rounds(v: Int32Array, times: number): void {
  let [a0 = 0, a1 = 0, b0 = 0, b1 = 0] = [v[0], v[1], v[2], v[3]]
  let [c0 = 0, c1 = 0, d0 = 0, d1 = 0] = [v[4], v[5], v[6], v[7]]
  for (; times > 0; times--) {
    let kept: number
    // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
    kept = (a0 >>> 0) + (b0 >>> 0)
    a1 = (a1 + b1 + (kept > 0xffffffff ? 1 : 0)) | 0
    a0 = kept | 0
    kept = (b0 << 13) | (b1 >>> 19)
    b1 = ((b1 << 13) | (b0 >>> 19)) ^ a1
    b0 = kept ^ a0
    kept = a0
    a0 = a1
    a1 = kept
    // v2 += v3; v3 <<<= 16; v3 ^= v2
    kept = (c0 >>> 0) + (d0 >>> 0)
    c1 = (c1 + d1 + (kept > 0xffffffff ? 1 : 0)) | 0
    c0 = kept | 0
    kept = (d0 << 16) | (d1 >>> 16)
    d1 = ((d1 << 16) | (d0 >>> 16)) ^ c1
    d0 = kept ^ c0
    // v0 += v3; v3 <<<= 21; v3 ^= v0
    kept = (a0 >>> 0) + (d0 >>> 0)
    a1 = (a1 + d1 + (kept > 0xffffffff ? 1 : 0)) | 0
    a0 = kept | 0
    kept = (d0 << 21) | (d1 >>> 11)
    d1 = ((d1 << 21) | (d0 >>> 11)) ^ a1
    d0 = kept ^ a0
    // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
    kept = (c0 >>> 0) + (b0 >>> 0)
    c1 = (c1 + b1 + (kept > 0xffffffff ? 1 : 0)) | 0
    c0 = kept | 0
    kept = (b0 << 17) | (b1 >>> 15)
    b1 = ((b1 << 17) | (b0 >>> 15)) ^ c1
    b0 = kept ^ c0
    kept = c0
    c0 = c1
    c1 = kept
  }
  v[0] = a0
  v[1] = a1
  v[2] = b0
  v[3] = b1
  v[4] = c0
  v[5] = c1
  v[6] = d0
  v[7] = d1
}
