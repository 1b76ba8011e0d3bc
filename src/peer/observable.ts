// The one shape of every status: read it, be told of it, or wait for the next one. What is read is never older than what is known (Invariant 13):
// reading computes it anew if anything was touched since; telling comes a moment later, once for many touches.

import { Emitter, type Off } from '../base/emitter.ts'
import type { Observable } from './api.ts'

export class ObservableValue<T> implements Observable<T> {
  #current: T
  #told: T
  #stale = false
  #closed = false
  readonly #compute: () => T
  readonly #equal: (a: T, b: T) => boolean
  readonly #emitter: Emitter<{ value: T; close: undefined }>

  constructor(compute: () => T, equal: (a: T, b: T) => boolean, onThrow: (error: unknown) => void) {
    this.#compute = compute
    this.#equal = equal
    this.#current = compute()
    this.#told = this.#current
    this.#emitter = new Emitter(onThrow)
  }

  get current(): T {
    if (this.#stale && !this.#closed) {
      const value = this.#compute()
      if (!this.#equal(this.#current, value)) this.#current = value
      this.#stale = false
    }
    return this.#current
  }

  readonly subscribe = (listener: (value: T) => void): Off => this.#emitter.on('value', listener)

  /** The value may be another one by now. */
  touch(): void {
    this.#stale = true
  }

  /** Tells listeners, unless the value equals the one they were told last. */
  tell(): boolean {
    const { current } = this
    if (this.#closed || this.#equal(this.#told, current)) return false
    this.#told = current
    this.#emitter.emit('value', current)
    return true
  }

  /** Ends every iteration and forgets every listener. */
  close(): void {
    this.#closed = true
    this.#emitter.emit('close', undefined)
    this.#emitter.clear()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    let wake: () => void = () => {}
    let seen: T | undefined
    const offs = [this.#emitter.on('value', () => wake()), this.#emitter.on('close', () => wake())]
    try {
      while (true) {
        if (seen !== this.current) {
          seen = this.current
          yield seen
          continue
        }
        if (this.#closed) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      for (const off of offs) off()
    }
  }
}
