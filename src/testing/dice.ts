// Small questions to a seeded random.

import { type Random, seededRandom } from '../base/random.ts'

export class Dice implements Random {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  unit(): number {
    return this.#random.unit()
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length)
  }

  /** An integer in [0, end). */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }

  /** An integer in [from, end). */
  between(from: number, end: number): number {
    return from + this.below(end - from)
  }

  maybe(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** A seed for somebody who draws on: what one draws does not alter what another does. */
  seed(): number {
    return this.below(2 ** 32)
  }
}
