// The one shape of every status: read it, be told of it, or wait for the next one.

import { Emitter, type Off } from '../base/emitter.ts'
import type { Observable } from './api.ts'

export class ObservableValue<T> implements Observable<T> {
  #current: T
  #closed = false
  readonly #equal: (a: T, b: T) => boolean
  readonly #emitter: Emitter<{ value: T; close: undefined }>

  constructor(first: T, equal: (a: T, b: T) => boolean, onThrow: (error: unknown) => void) {
    this.#current = first
    this.#equal = equal
    this.#emitter = new Emitter(onThrow)
  }

  get current(): T {
    return this.#current
  }

  readonly subscribe = (listener: (value: T) => void): Off => this.#emitter.on('value', listener)

  /** Tells listeners, unless the new value equals the old one. */
  set(value: T): boolean {
    if (this.#closed || this.#equal(this.#current, value)) return false
    this.#current = value
    this.#emitter.emit('value', value)
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
        if (seen !== this.#current) {
          seen = this.#current
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
