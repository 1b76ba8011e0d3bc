// A typed emitter: a listener that throws never stops the others, and never the one who emits.

import { JoineryError } from './errors.ts'

export type Off = () => void

/** So much that listeners bring about while they are told is no accident any more. */
const waitingMax = 10_000

interface Listener {
  readonly hear: (event: never) => void
}

export class Emitter<Events extends object> {
  /** Copied when they change, so that emitting, which is what happens often, copies nothing. */
  readonly #listeners = new Map<keyof Events, readonly Listener[]>()
  readonly #onThrow: (error: unknown) => void
  #isTelling = false
  /** What is to be told after what is being told. */
  #waiting: (() => void)[] = []

  /** `onThrow` is told what a listener threw; by default it is rethrown in a microtask, where the platform reports it. */
  constructor(onThrow: (error: unknown) => void = rethrowLater) {
    this.#onThrow = onThrow
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Off {
    // An object of its own, so that one function listening twice is two listeners.
    const own: Listener = { hear: listener as (event: never) => void }
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), own])
    return () => {
      const others = this.#listeners.get(name)?.filter((other) => other !== own)
      if (others !== undefined) this.#listeners.set(name, others)
    }
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (let i = 0; i < listeners.length; i++) {
      try {
        const { hear } = listeners[i] as Listener
        hear(event as never)
      } catch (error) {
        this.#onThrow(error)
      }
    }
  }

  /**
   * Runs `tell`, which emits. If a listener of what is being told calls it, then afterwards: all listeners hear everything in one order, also what
   * some of them bring about themselves. Throws where that has no end.
   */
  inOrder(tell: () => void): void {
    if (this.#isTelling) this.#later(tell)
    else {
      this.#isTelling = true
      try {
        tell()
        if (this.#waiting.length > 0) this.#tellWaiting()
      } finally {
        this.#end()
      }
    }
  }

  /** Emits one event so. */
  tell<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    if (this.#isTelling) this.#later(() => this.emit(name, event))
    else {
      this.#isTelling = true
      try {
        this.emit(name, event)
        if (this.#waiting.length > 0) this.#tellWaiting()
      } finally {
        this.#end()
      }
    }
  }

  #later(tell: () => void): void {
    if (this.#waiting.length > waitingMax)
      throw new JoineryError('bad-change', 'listeners bring about what they listen to, again and again')
    this.#waiting.push(tell)
  }

  #tellWaiting(): void {
    for (let next = 0; next < this.#waiting.length; next++) this.#waiting[next]?.()
  }

  #end(): void {
    this.#isTelling = false
    if (this.#waiting.length > 0) this.#waiting = []
  }

  /** How many listen to `name`: patches are only made when someone does. */
  count(name: keyof Events): number {
    return this.#listeners.get(name)?.length ?? 0
  }

  clear(): void {
    this.#listeners.clear()
  }
}

function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
