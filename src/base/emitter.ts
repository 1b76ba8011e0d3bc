// A typed emitter: a listener that throws never stops the others, and never the one who emits.

export type Off = () => void

export class Emitter<Events extends object> {
  /** Copied when they change, so that emitting, which is what happens often, copies nothing. */
  readonly #listeners = new Map<keyof Events, readonly ((event: never) => void)[]>()
  readonly #onThrow: (error: unknown) => void

  /** `onThrow` is told what a listener threw; by default it is rethrown in a microtask, where the platform reports it. */
  constructor(onThrow: (error: unknown) => void = rethrowLater) {
    this.#onThrow = onThrow
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Off {
    // A wrapper of its own, so that one function listening twice is two listeners.
    const own = (event: Events[Name]): void => listener(event)
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), own])
    return () => {
      const others = this.#listeners.get(name)?.filter((other) => other !== own)
      if (others !== undefined) this.#listeners.set(name, others)
    }
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        ;(listener as (event: Events[Name]) => void)(event)
      } catch (error) {
        this.#onThrow(error)
      }
    }
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
