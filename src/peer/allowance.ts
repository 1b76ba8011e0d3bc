// How much of something each of many may do: a bucket for each that fills with time (Invariant 9). Pure: time is handed in.

interface Bucket {
  left: number
  at: number
}

/** Buckets kept: of whoever was longest not heard of it is forgotten what was used up. */
const BUCKETS_MAX = 1024

export class Allowance {
  readonly #perSecond: number
  readonly #buckets = new Map<string, Bucket>()

  /** So many a second, and twice as many at once after a rest. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Whether one more is allowed; then it is counted. */
  take(who: string, now: number): boolean {
    const most = 2 * this.#perSecond
    const { left, at } = this.#buckets.get(who) ?? { left: most, at: now }
    const filled = Math.min(most, left + ((now - at) / 1000) * this.#perSecond)
    this.#buckets.delete(who)
    this.#buckets.set(who, { left: Math.max(0, filled - 1), at: now })
    if (this.#buckets.size > BUCKETS_MAX) this.#forgetOldest()
    return filled >= 1
  }
  #forgetOldest(): void {
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest)
      return
    }
  }
}
