// A clock that stands still until it is told to go on: simulations run hours in seconds, and in the same order each time.

import type { Clock } from '../base/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fn: () => void
}

/**
 * A clock whose time passes in `advance` alone.
 *
 * @example
 * const clock = new ManualClock()
 * clock.after(1000, () => console.log('a second later'))
 * await clock.advance(1000)
 */
export class ManualClock implements Clock {
  #now: number
  #order = 0
  readonly #timers = new Set<Timer>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** When the next timer is due, in ms from now; undefined where none is set. */
  get nextMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : next.at - this.#now
  }

  /** Goes on by `ms`, running what falls due on the way in its order, and calling `between` after each. */
  async advance(ms: number, between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const end = this.#now + ms
    await between()
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#now = next.at
      this.#timers.delete(next)
      next.fn()
      await between()
    }
    this.#now = end
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer
    }
    return first
  }
}
