// Since when something is pending. A status is made anew at each look and remembers nothing, so this does: what was pending at the look before, and since
// when. Pure: time is handed in.

import type { Pending } from './api.ts'
import type { Found } from './pending.ts'

export class Ages {
  #since = new Map<string, number>()

  /**
   * Adds to each since when it was seen at every look. `notBefore` says of which it is known that it was otherwise later than that, between two looks;
   * undefined where nothing is.
   */
  mark(found: readonly Found[], now: number, notBefore: (found: Found) => number | undefined): Pending[] {
    const since = new Map<string, number>()
    const pending = found.map((each) => {
      const key = [each.reason, each.document, each.peer].join('\0')
      const at = Math.max(this.#since.get(key) ?? now, notBefore(each) ?? Number.NEGATIVE_INFINITY)
      since.set(key, at)
      return { ...each, since: at }
    })
    this.#since = since
    return pending
  }
}
