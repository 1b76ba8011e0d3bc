// The clock of one simulated peer, by the world's: its wall time may be years off and jump, it may stand still while the world goes on, as in a frozen tab or
// a sleeping laptop, and it ends with its process.

import type { Clock } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'

interface Timer {
  readonly dueAt: number
  readonly fn: () => void
  cancel: () => void
}

export class PeerClock implements Clock {
  readonly #world: Clock
  readonly #timers = new Set<Timer>()
  readonly #held: Timer[] = []
  readonly #emitter = new Emitter<{ thaw: undefined }>()
  readonly #fired: () => void
  #wallOffsetMs: number
  #leapMs = 0
  #thawedAt = 0
  #state: 'runs' | 'frozen' | 'stopped' = 'runs'

  /** `fired` is told of each timer that ran. */
  constructor(world: Clock, wallOffsetMs: number, fired: () => void) {
    this.#world = world
    this.#wallOffsetMs = wallOffsetMs
    this.#fired = fired
  }

  get frozen(): boolean {
    return this.#state === 'frozen'
  }

  /** When it last went on after it had stood still, by the world's clock. */
  get thawedAt(): number {
    return this.#thawedAt
  }

  get wallOffsetMs(): number {
    return this.#wallOffsetMs
  }

  now(): number {
    return Math.max(0, this.#world.now() + this.#leapMs + this.#wallOffsetMs)
  }

  monotonic(): number {
    return this.#world.monotonic() + this.#leapMs
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer: Timer = { dueAt: this.monotonic() + Math.max(0, delayMs), fn, cancel: () => {} }
    this.#schedule(timer)
    return () => {
      timer.cancel()
      this.#timers.delete(timer)
      const held = this.#held.indexOf(timer)
      if (held >= 0) this.#held.splice(held, 1)
    }
  }

  /** The wall clock is set, by somebody or by itself. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** Nothing runs until `thaw`. */
  freeze(): void {
    if (this.#state === 'runs') this.#state = 'frozen'
  }

  /** Tells that it goes on, before any timer does. */
  onThaw(listener: () => void): Off {
    return this.#emitter.on('thaw', listener)
  }

  /** Goes on, so much later by its own reckoning than the world's: whatever was due meanwhile is due at once. */
  thaw(leapMs: number): void {
    if (this.#state !== 'frozen') return
    this.#state = 'runs'
    this.#leapMs += leapMs
    this.#thawedAt = this.#world.now()
    this.#emitter.emit('thaw', undefined)
    const due = [...this.#held.splice(0), ...this.#timers]
    for (const timer of due) timer.cancel()
    this.#timers.clear()
    for (const timer of due.sort((a, b) => a.dueAt - b.dueAt)) this.#schedule(timer)
  }

  /** No timer runs any more, ever. */
  stop(): void {
    this.#state = 'stopped'
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#held.length = 0
  }

  #schedule(timer: Timer): void {
    if (this.#state === 'stopped') return
    this.#timers.add(timer)
    timer.cancel = this.#world.after(Math.max(0, timer.dueAt - this.monotonic()), () => this.#due(timer))
  }

  #due(timer: Timer): void {
    this.#timers.delete(timer)
    if (this.#state === 'frozen') this.#held.push(timer)
    else if (this.#state === 'runs') {
      this.#fired()
      timer.fn()
    }
  }
}
