// How far an exchange has come: what arrived, what is left, and how long that takes if it goes on as it did. What is left is as others stated it, so it may
// grow on the way. Pure: time is handed in.

import type { Progress } from './api.ts'

/** What came since an exchange began. */
export interface Taken {
  readonly startedAt: number
  readonly ops: number
  readonly bytes: number
}

export function progressOf({ startedAt, ops, bytes }: Taken, editsLeft: number, now: number): Progress {
  const perEdit = ops === 0 ? undefined : { bytes: bytes / ops, ms: (now - startedAt) / ops }
  return Object.freeze({
    editsReceived: ops,
    bytesReceived: bytes,
    editsLeft,
    bytesLeft: perEdit && Math.round(perEdit.bytes * editsLeft),
    msLeft: perEdit && Math.round(perEdit.ms * editsLeft),
  })
}

/** How often what is left is counted anew: it takes a look at each document that is on its way. */
const COUNT_EVERY_MS = 200

/** The exchange of a whole space: from when something begins to be on its way until nothing is. */
export class Exchange {
  #taken: Taken | undefined
  #left = 0
  #countedAt = Number.NEGATIVE_INFINITY

  /** Something is on its way. */
  begin(now: number): void {
    this.#taken ??= { startedAt: now, ops: 0, bytes: 0 }
  }

  took(ops: number, bytes: number): void {
    const taken = this.#taken
    if (taken !== undefined) this.#taken = { ...taken, ops: taken.ops + ops, bytes: taken.bytes + bytes }
  }

  /** Nothing is on its way any more. */
  end(): void {
    this.#taken = undefined
    this.#countedAt = Number.NEGATIVE_INFINITY
  }

  progress(count: () => number, now: number): Progress | undefined {
    if (this.#taken === undefined) return undefined
    if (now - this.#countedAt >= COUNT_EVERY_MS) {
      this.#countedAt = now
      this.#left = count()
    }
    return progressOf(this.#taken, this.#left, now)
  }
}
