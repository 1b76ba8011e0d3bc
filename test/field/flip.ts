// One bit of many, turned over: where it stood is told, so that a run which fails says what it did.

import type { Random } from '../../src/base/random.ts'

export interface Flipped {
  /** When, by performance.now(). */
  readonly at: number
  /** What was hit: a protocol, or a side of a proxy. */
  readonly what: string
  readonly bit: number
  readonly ofBytes: number
}

/** Turns over one bit of what passes next, once it is armed. */
export class Flipper {
  readonly #random: Random
  #armed: { readonly within: string; readonly hit: (flipped: Flipped) => void } | undefined

  constructor(random: Random) {
    this.#random = random
  }

  /** The next bytes that pass are hit, of those whose place bears this in its name. Resolves when they were. */
  arm(within: string): Promise<Flipped> {
    return new Promise((resolve) => {
      this.#armed = { within, hit: resolve }
    })
  }

  /** The bytes as they go on: themselves, or a copy with a bit turned over. */
  pass(bytes: Uint8Array, what: string): Uint8Array {
    if (this.#armed === undefined || bytes.length === 0 || !what.includes(this.#armed.within)) return bytes
    const bit = Math.floor(this.#random.unit() * bytes.length * 8)
    const spoilt = bytes.slice()
    spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    this.#armed.hit({ at: performance.now(), what, bit, ofBytes: bytes.length })
    this.#armed = undefined
    return spoilt
  }
}
