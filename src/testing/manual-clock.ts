// A clock that stands still until it is told to go on: simulations run hours in seconds, and in the same order each time.

import type { Clock } from '../base/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  /** Undefined once it ran, or was cancelled. */
  fn: (() => void) | undefined
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
  /** A heap: no timer is due before the one that it stands under, at half its place. */
  readonly #heap: Timer[] = []

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
    // Whole milliseconds, as platforms have them: sums of these are exact, so that what is to happen in order does.
    const timer: Timer = { at: Math.ceil(this.#now + Math.max(0, delayMs)), order: this.#order++, fn }
    this.#push(timer)
    return () => {
      timer.fn = undefined
    }
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
      this.#pop()
      this.#now = next.at
      next.fn?.()
      await between()
    }
    this.#now = end
  }

  /** The first that was not cancelled. */
  #next(): Timer | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].fn === undefined) this.#pop()
    return this.#heap[0]
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    for (let above = heap[(at - 1) >> 1]; at > 0 && above !== undefined && isBefore(timer, above); ) {
      heap[at] = above
      at = (at - 1) >> 1
      above = heap[(at - 1) >> 1]
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (let below = this.#firstBelow(at); below !== undefined; below = this.#firstBelow(at)) {
      const timer = heap[below]
      if (timer === undefined || !isBefore(timer, last)) break
      heap[at] = timer
      at = below
    }
    heap[at] = last
  }

  /** Of the two that stand under one, the place of the one that is due first. */
  #firstBelow(at: number): number | undefined {
    const [left, right] = [this.#heap[2 * at + 1], this.#heap[2 * at + 2]]
    if (left === undefined) return undefined
    return right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
