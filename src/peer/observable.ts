// The one shape of every status: read it, be told of it, or wait for the next one. What is read is never older than what is known (Invariant 13):
// reading computes it anew if anything was touched since; telling comes a moment later, once for many touches. What nobody reads or listens to is not computed.

import { Emitter, type Off } from '../base/emitter.ts'
import type { Observable } from './api.ts'

export class ObservableValue<T> implements Observable<T> {
  /** Undefined until somebody looks. */
  #current: { readonly value: T } | undefined
  /** What was told last, or read before anybody listened. */
  #told: T | undefined
  #isStale = false
  #isClosed = false
  readonly #compute: () => T
  readonly #equal: (a: T, b: T) => boolean
  readonly #emitter: Emitter<{ value: T; close: undefined }>

  constructor(compute: () => T, equal: (a: T, b: T) => boolean, onThrow: (error: unknown) => void) {
    this.#compute = compute
    this.#equal = equal
    this.#emitter = new Emitter(onThrow)
  }

  get current(): T {
    const known = this.#current
    if (known !== undefined && (!this.#isStale || this.#isClosed)) return known.value
    const value = this.#compute()
    this.#isStale = false
    if (known !== undefined && this.#equal(known.value, value)) return known.value
    this.#current = { value }
    return value
  }

  readonly subscribe = (listener: (value: T) => void): Off => {
    if (!this.isHeard) this.#told = this.#current?.value
    return this.#emitter.on('value', listener)
  }

  /** Whether somebody waits to be told. */
  get isHeard(): boolean {
    return this.#emitter.count('value') > 0
  }

  /** The value may be another one by now. */
  touch(): void {
    this.#isStale = true
  }

  /** Tells listeners, unless the value equals the one they were told last. */
  tell(): void {
    if (this.#isClosed || !this.isHeard) return
    const { current } = this
    if (this.#told !== undefined && this.#equal(this.#told, current)) return
    this.#told = current
    this.#emitter.emit('value', current)
  }

  /** Ends every iteration and forgets every listener. */
  close(): void {
    this.#isClosed = true
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
        if (this.#isClosed) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      for (const off of offs) off()
    }
  }
}
