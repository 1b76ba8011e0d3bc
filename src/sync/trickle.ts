// The beacon's timer: Trickle (RFC 6206 §4.2) as a pure machine. Quiet networks fall silent; a lasting difference brings the interval back to its minimum.

import type { Random } from '../base/random.ts'

export interface TrickleOptions {
  readonly minMs: number
  readonly maxMs: number
  /** Suppress our own beacon when so many consistent ones were heard in this interval. */
  readonly redundancy: number
}

export class Trickle {
  readonly #options: TrickleOptions
  readonly #random: Random
  #intervalMs: number
  #heard = 0

  constructor(options: TrickleOptions, random: Random) {
    this.#options = options
    this.#random = random
    this.#intervalMs = options.minMs
  }

  /** A new interval begins: how long until we may speak, a random point in its second half. */
  next(): number {
    this.#heard = 0
    const half = this.#intervalMs / 2
    const delayMs = half + this.#random.unit() * half
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#options.maxMs)
    return delayMs
  }

  /** Somebody said what we would have said. */
  consistent(): void {
    this.#heard++
  }

  /** Whether to speak at the point that `next` named. */
  get speaks(): boolean {
    return this.#heard < this.#options.redundancy
  }

  /** Something differs and stays so: start over at the minimum. */
  reset(): void {
    this.#intervalMs = this.#options.minMs
    this.#heard = 0
  }
}
