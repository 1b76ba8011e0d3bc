// What takes back a change that threw: the inverse of each step, run backwards, and the values as they were built before (so that they keep
// their references). Empty and free unless a change is being recorded.

import type { State } from './container.ts'

export class UndoLog {
  #steps: (() => void)[] | undefined
  readonly #values = new Map<State, { readonly cache: unknown; readonly last: unknown }>()

  get recording(): boolean {
    return this.#steps !== undefined
  }

  begin(): void {
    this.#steps = []
  }

  push(inverse: () => void): void {
    this.#steps?.push(inverse)
  }

  /** Called before a container's value is forgotten. True if this is the first time in this change. */
  keepValue(container: State): boolean {
    if (this.#steps === undefined || this.#values.has(container)) return false
    this.#values.set(container, { cache: container.cache, last: container.last })
    return true
  }

  commit(): void {
    this.#steps = undefined
    this.#values.clear()
  }

  rollBack(): void {
    for (const step of (this.#steps ?? []).reverse()) step()
    for (const [container, { cache, last }] of this.#values) {
      container.cache = cache
      container.last = last
    }
    this.commit()
  }
}
