// What one other member is known to hold, from its state messages, and what follows: what to pull from it, and what it has stored of ours.
// What others lead us to believe of it is kept apart: good enough to ask for, never a receipt (Invariant 13).

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { containsVersion, joinVersions, type Version } from '../core/version.ts'
import type { DocName, Entry } from './messages.ts'

/** What others state, by the names that branches have here (Outward.understood): it may say more once more is held. */
export interface Understanding {
  /** Another number whenever `understood` may give something else. */
  revision(document: DocName): number
  understood(document: DocName, stated: Version): Version
  /** Of that, only what is seen here to be so (Outward.seen). */
  seen(document: DocName, stated: Version): Version
}

interface Known {
  readonly entry: Entry
  revision: number
  version: Version
  seen: Version
}

const nothing: Version = new Map()
const DOCUMENTS_MAX = 2 * limits.documents

export class Holdings {
  readonly #known = new Map<string, Known>()
  readonly #guesses = new Map<string, Version>()
  readonly #understanding: Understanding

  constructor(understanding: Understanding) {
    this.#understanding = understanding
  }

  /** Takes entries: each replaces what was known of its document (its giver may have lost something: receipts are withdrawn). Errors: 'bad-message'. */
  take(entries: readonly Entry[]): void {
    for (const entry of entries)
      this.#known.set(docKey(entry.document), { entry, revision: -1, version: nothing, seen: nothing })
    // Invariant 9: those of a space, and as many that were deleted since.
    if (this.#known.size > DOCUMENTS_MAX)
      throw new JoineryError('bad-message', `a member that tells of more than ${DOCUMENTS_MAX} documents`)
  }

  version(document: DocName): Version {
    return this.#read(document)?.version ?? nothing
  }

  #read(document: DocName): Known | undefined {
    const known = this.#known.get(docKey(document))
    if (known === undefined) return undefined
    const revision = this.#understanding.revision(document)
    if (known.revision !== revision) {
      known.version = this.#understanding.understood(document, known.entry.version)
      known.seen = this.#understanding.seen(document, known.entry.version)
      known.revision = revision
    }
    return known
  }

  /** It may hold this too: it passed on what names it. */
  guess(document: DocName, version: Version): void {
    const key = docKey(document)
    // Invariant 9. What is not guessed is told.
    if (this.#guesses.size >= DOCUMENTS_MAX && !this.#guesses.has(key)) return
    this.#guesses.set(key, joinVersions(this.#guesses.get(key) ?? new Map(), version))
  }

  /** What is worth asking it for. */
  promised(document: DocName): Version {
    const guess = this.#guesses.get(docKey(document))
    return guess === undefined ? this.version(document) : joinVersions(this.version(document), guess)
  }

  *entries(): IterableIterator<Entry> {
    for (const { entry } of this.#known.values()) yield entry
  }

  /** It holds all that `version` names. A receipt: only what can be seen here to be the same counts (Invariant 13). */
  contains(document: DocName, version: Version): boolean {
    return containsVersion(this.#read(document)?.seen ?? nothing, version)
  }
}

/** One string for a document's name and generation: names hold no control characters. */
export function docKey(document: DocName): string {
  return `${document.generation}\0${document.name}`
}
