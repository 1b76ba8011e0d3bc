// A typed emitter: a listener that throws never stops the others, and never the one who emits.

export type Off = () => void

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()
  readonly #onThrow: (error: unknown) => void

  /** `onThrow` is told what a listener threw; by default it is rethrown in a microtask, where the platform reports it. */
  constructor(onThrow: (error: unknown) => void = rethrowLater) {
    this.#onThrow = onThrow
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Off {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    // A wrapper of its own, so that one function listening twice is two listeners.
    const own = (event: Events[Name]): void => listener(event)
    listeners.add(own)
    return () => listeners.delete(own)
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        ;(listener as (event: Events[Name]) => void)(event)
      } catch (error) {
        this.#onThrow(error)
      }
    }
  }

  /** How many listen to `name`: patches are only made when someone does. */
  count(name: keyof Events): number {
    return this.#listeners.get(name)?.size ?? 0
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
