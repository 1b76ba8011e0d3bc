// What one other member is known to hold, from its state messages, and what follows: what to pull from it, and what it has stored of ours.
// What others lead us to believe of it is kept apart: good enough to ask for, never a receipt (Invariant 13).

import { containsVersion, joinVersions, type Version } from '../core/version.ts'
import type { DocName, Entry } from './messages.ts'

export class Holdings {
  readonly #versions = new Map<string, Entry>()
  readonly #guesses = new Map<string, Version>()

  /** Takes entries; a full state replaces what was known (its giver may have lost something: receipts are withdrawn). */
  take(entries: readonly Entry[], full: boolean): void {
    if (full) this.#versions.clear()
    for (const entry of entries) this.#versions.set(docKey(entry.document), entry)
  }

  version(document: DocName): Version {
    return this.#versions.get(docKey(document))?.version ?? new Map()
  }

  /** It may hold this too: it passed on what names it. */
  guess(document: DocName, version: Version): void {
    const key = docKey(document)
    this.#guesses.set(key, joinVersions(this.#guesses.get(key) ?? new Map(), version))
  }

  /** What is worth asking it for. */
  promised(document: DocName): Version {
    const guess = this.#guesses.get(docKey(document))
    return guess === undefined ? this.version(document) : joinVersions(this.version(document), guess)
  }

  entries(): IterableIterator<Entry> {
    return this.#versions.values()
  }

  /** It holds all that `version` names. */
  contains(document: DocName, version: Version): boolean {
    return containsVersion(this.version(document), version)
  }
}

/** One string for a document's name and generation: names hold no control characters. */
export function docKey(document: DocName): string {
  return `${document.generation}\0${document.name}`
}
