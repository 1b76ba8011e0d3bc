// What is said and done when a page may end at any moment, and nobody waits for it.

import type { Off } from '../../base/emitter.ts'
import type { TabHost } from './tab-host.ts'

type Listener = () => void | Promise<void>

/** Tells those who have something to save that now is the time. */
export class LastCalls {
  readonly #listeners = new Set<Listener>()

  on(listener: Listener): Off {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when all have done what they could. */
  async call(): Promise<void> {
    await Promise.allSettled([...this.#listeners].map((listener) => listener()))
  }
}

/** Notes that are there at once, and that the next page finds: what else is synchronous in a browser? One for each actor's instance. */
export class Notes {
  readonly #prefix: string
  readonly #notes: TabHost['notes']

  constructor(name: string, notes: TabHost['notes']) {
    this.#notes = notes
    this.#prefix = `${name}:unsaved:`
  }

  leave(instance: number, note: string | undefined): void {
    try {
      if (note === undefined) this.#notes?.removeItem(this.#prefix + instance)
      else this.#notes?.setItem(this.#prefix + instance, note)
    } catch {
      // No room, or none given to this page: a note is a courtesy, and what it would tell of is lost either way.
    }
  }

  find(instance: number): string | undefined {
    try {
      return this.#notes?.getItem(this.#prefix + instance) ?? undefined
    } catch {
      return undefined
    }
  }
}
