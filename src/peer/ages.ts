// Since when something is pending. A status is made anew at each look and remembers nothing, so this does: what was pending at the look before, and since
// when. Pure: time is handed in.
//
// At the status of a space somebody looks at every touch; of ten thousand open documents few have somebody who listens. What is so of a document exactly as
// it is of its space is known all the same; of the rest it is known since somebody looks again.

import type { Pending } from './api.ts'
import type { Found } from './pending.ts'

/** Own edits of a document are on their way to disk no longer than is known of it by itself (`notBefore`). */
const asInSpace: ReadonlySet<Found['reason']> = new Set(['alone', 'paused', 'storage', 'saving', 'ops'])

export class Ages {
  #since = new Map<string, number>()
  readonly #ofSpace: Ages | undefined

  /** Of a document: with those of its space. */
  constructor(ofSpace?: Ages) {
    this.#ofSpace = ofSpace
  }

  /**
   * Adds to each since when it was seen at every look. `notBefore` says of which it is known that it was otherwise later than that, between two looks;
   * undefined where nothing is.
   */
  mark(found: readonly Found[], now: number, notBefore: (found: Found) => number | undefined): Pending[] {
    const since = new Map<string, number>()
    const pending = found.map((each) => {
      const key = [each.reason, each.document, each.peer].join('\0')
      const at = Math.max(this.#at(each, key) ?? now, notBefore(each) ?? Number.NEGATIVE_INFINITY)
      since.set(key, at)
      return { ...each, since: at }
    })
    this.#since = since
    return pending
  }

  #at({ reason }: Found, key: string): number | undefined {
    const knows = this.#ofSpace !== undefined && asInSpace.has(reason) ? this.#ofSpace : this
    return knows.#since.get(key)
  }

  /** Nobody looked for a moment, in which all may have been otherwise. */
  forget(): void {
    if (this.#since.size > 0) this.#since = new Map()
  }
}
