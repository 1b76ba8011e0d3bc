// Which documents are awake, of all spaces of a peer: held in memory whole, and not only known by the index. Those used longest ago go back to sleep when
// they take too much together (Invariant 9), so that a peer with a hundred thousand documents holds those that somebody works with.

import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Document } from './document.ts'

/** Puts a document to sleep. False if it cannot sleep now: it is open, or not on disk as it is here. */
export type PutToSleep = () => boolean

/** What a document takes awake, however small; and each op of it, its characters included. */
const DOCUMENT_BYTES = 32 * 1024
const OP_BYTES = 16
/** So many more are woken before it is looked at again what they take. */
const LOOK_EVERY = 64

export class Awake {
  readonly #clock: Clock
  readonly #maxBytes: number
  /** In the order of their last use. */
  readonly #all = new Map<Document, PutToSleep>()
  #news = 0
  #isScheduled = false
  /** More is awake than may be, since it was in hand when it was looked at: uses of it count, too. */
  #isOver = false

  constructor(clock: Clock, maxBytes: number = limits.awakeBytes) {
    this.#clock = clock
    this.#maxBytes = maxBytes
  }

  get count(): number {
    return this.#all.size
  }

  /** It is awake, and in use. */
  used(document: Document, putToSleep: PutToSleep): void {
    if (!this.#all.delete(document) || this.#isOver) this.#news++
    this.#all.set(document, putToSleep)
    if (this.#news < LOOK_EVERY || this.#isScheduled) return
    this.#isScheduled = true
    // Not at once: whoever woke it goes on with it in this turn.
    this.#clock.after(0, () => this.#look())
  }

  /** It was deleted, or its space was left. */
  forget(document: Document): void {
    this.#all.delete(document)
  }

  #look(): void {
    this.#isScheduled = false
    this.#news = 0
    let left = [...this.#all.keys()].reduce((sum, document) => sum + weightOf(document), 0)
    for (const [document, putToSleep] of [...this.#all]) {
      if (left <= this.#maxBytes) break
      const weight = weightOf(document)
      if (!putToSleep()) continue
      this.#all.delete(document)
      left -= weight
    }
    this.#isOver = left > this.#maxBytes
  }
}

function weightOf(document: Document): number {
  return document.isAwake ? DOCUMENT_BYTES + OP_BYTES * document.replica.history.graph.length : 0
}
