// Web Locks as tabs have them: one holder at a time, the others in a queue; a tab that dies frees what it held, and a lock may be stolen. Left out
// are shared locks.

import { assert } from '../base/assert.ts'

interface Request {
  readonly tab: LockTab
  readonly name: string
  readonly granted: () => void
  readonly stolen: () => void
}

/** A tab as its locks see it: what it is told comes in order, when it runs. */
export interface LockTab {
  post(task: () => void): void
}

type Callback = (lock: { readonly name: string; readonly mode: 'exclusive' } | null) => unknown

export class SimulatedLocks {
  readonly #held = new Map<string, Request>()
  readonly #waiting: Request[] = []

  /** The LockManager of a tab. */
  manager(tab: LockTab): LockManager {
    const request = (
      name: string,
      ...rest: readonly [LockOptions, Callback] | readonly [Callback]
    ): Promise<unknown> =>
      rest.length === 1 ? this.#request(tab, name, {}, rest[0]) : this.#request(tab, name, ...rest)
    // It is what the store asks for, and less than the platform's types promise.
    return { request } as unknown as LockManager
  }

  /** Frees all that a tab held or waited for. */
  forget(tab: LockTab): void {
    for (const request of this.#waiting.filter((one) => one.tab === tab)) this.#leave(request)
    for (const request of [...this.#held.values()].filter((one) => one.tab === tab)) this.#free(request)
  }

  /** Takes a lock away from its holder, as a stranger who stole it and gave it back would. */
  lose(name: string): void {
    const holder = this.#held.get(name)
    if (holder === undefined) return
    holder.tab.post(holder.stolen)
    this.#free(holder)
  }

  #request(tab: LockTab, name: string, options: LockOptions, callback: Callback): Promise<unknown> {
    const { mode = 'exclusive', ifAvailable, signal, steal } = options
    assert(mode === 'exclusive', 'shared locks are not simulated')
    if (signal?.aborted) return Promise.reject(signal.reason)
    const result = Promise.withResolvers<unknown>()
    const run = (lock: Parameters<Callback>[0]): Promise<unknown> => new Promise((resolve) => resolve(callback(lock)))
    const request: Request = {
      tab,
      name,
      granted: () => {
        signal?.removeEventListener('abort', onAbort)
        void run({ name, mode })
          .then(result.resolve, result.reject)
          .finally(() => this.#free(request))
      },
      stolen: () => result.reject(new DOMException('The lock was stolen.', 'AbortError')),
    }
    const onAbort = (): void => {
      if (this.#leave(request)) result.reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    if (ifAvailable && this.#held.has(name)) tab.post(() => void run(null).then(result.resolve, result.reject))
    else if (steal) this.#waiting.unshift(request)
    else this.#waiting.push(request)
    if (steal) this.lose(name)
    this.#grant(name)
    return result.promise
  }

  #leave(request: Request): boolean {
    const at = this.#waiting.indexOf(request)
    if (at >= 0) this.#waiting.splice(at, 1)
    return at >= 0
  }

  #free(request: Request): void {
    if (this.#held.get(request.name) !== request) return
    this.#held.delete(request.name)
    this.#grant(request.name)
  }

  #grant(name: string): void {
    const next = this.#waiting.find((request) => request.name === name)
    if (next === undefined || this.#held.has(name)) return
    this.#leave(next)
    this.#held.set(name, next)
    next.tab.post(next.granted)
  }
}
