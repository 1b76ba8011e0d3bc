// Which documents of a space are not at rest: something of them is not on disk yet, waits for what caused it, or was damaged. All others, asleep or awake, have
// nothing to tell, so that a status costs as much as there is to say (test/peer/at-rest.test.ts).

import type { Document } from './document.ts'

export class Unsettled {
  /** All that may be: whoever comes to rest is taken out when somebody looks. */
  readonly #documents = new Set<Document>()

  touched(document: Document): void {
    this.#documents.add(document)
  }

  forget(document: Document): void {
    this.#documents.delete(document)
  }

  get all(): readonly Document[] {
    for (const document of this.#documents) if (isAtRest(document)) this.#documents.delete(document)
    return [...this.#documents]
  }
}

function isAtRest({ isDurable, degraded, waitingOps }: Document): boolean {
  return isDurable && !degraded && waitingOps === 0
}
