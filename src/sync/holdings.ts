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

/** What is held here of each document, by key, as others were told. */
export interface HeldVersions {
  versionOf(key: string): Version | undefined
}

interface Known {
  /** What it told; undefined where it was found to hold what was held here then. */
  readonly entry: Entry | undefined
  revision: number
  version: Version
  seen: Version
}

const nothing: Version = new Map()
const none = { version: nothing, seen: nothing }
const unheard: Known = { entry: undefined, revision: 0, ...none }
const DOCUMENTS_MAX = 2 * limits.documents

export class Holdings {
  readonly #known = new Map<string, Known>()
  readonly #guesses = new Map<string, Version>()
  /** What it holds of all documents but those that are known one by one: nothing that is known of, or just what is held here. */
  #others: HeldVersions | undefined
  #meetings = 0
  readonly #news = new Set<string>()
  /**
   * It was met, and not yet found to hold what is held here but for what it tells: its folder may have been set back since it was last known. Within a
   * session what it holds only grows.
   */
  #isDoubted = true
  /** What it told of since then. */
  readonly #heard = new Set<string>()
  readonly #understanding: Understanding

  constructor(understanding: Understanding) {
    this.#understanding = understanding
  }

  /** Takes entries: each replaces what was known of its document (its giver may have lost something: receipts are withdrawn). Errors: 'bad-message'. */
  take(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const key = docKey(entry.document)
      if (this.#isDoubted) this.#heard.add(key)
      this.#know(key, { entry, revision: -1, ...none })
    }
    // Invariant 9: those of a space, and as many that were deleted since.
    if (this.#known.size > DOCUMENTS_MAX)
      throw new JoineryError('bad-message', `a member that tells of more than ${DOCUMENTS_MAX} documents`)
  }

  /** It is met again: what it holds is as before, until it tells otherwise. */
  meet(): void {
    this.#isDoubted = true
    this.#heard.clear()
  }

  #know(key: string, known: Known): void {
    this.#known.set(key, known)
    this.#news.add(key)
  }

  /**
   * It was found to hold just what is held here. Of single documents nothing is noted, so that two who agree on a hundred thousand take no longer to know it
   * than two who agree on ten.
   */
  agree(ours: HeldVersions): void {
    this.#known.clear()
    this.#agreed(ours)
  }

  /** The same but for these documents: of them it holds what it told. `changed` are those that became others here since it was last known to hold them. */
  agreeBut(but: ReadonlySet<string>, ours: HeldVersions, changed: ReadonlySet<string>): void {
    const isFirst = this.#others === undefined
    for (const key of this.#known.keys()) if (!but.has(key) && (isFirst || changed.has(key))) this.#known.delete(key)
    // Of what it holds otherwise it may hold nothing any more, and then it does not tell of it.
    if (this.#isDoubted) for (const key of but) if (!this.#heard.has(key)) this.#known.set(key, unheard)
    this.#agreed(ours)
  }

  #agreed(ours: HeldVersions): void {
    this.#isDoubted = false
    this.#heard.clear()
    this.#set(ours)
  }

  #set(ours: HeldVersions | undefined): void {
    this.#others = ours
    this.#meetings++
    this.#news.clear()
    for (const key of this.#known.keys()) this.#news.add(key)
  }

  /** What is held here of a document is about to be something else: what it was is what the other holds still. */
  keep(key: string): void {
    if (this.#others === undefined || this.#known.has(key)) return
    const version = this.#others.versionOf(key) ?? nothing
    this.#know(key, { entry: undefined, revision: 0, version, seen: version })
  }

  /** What is held here changes from now on without `keep`: of documents that are not known one by one nothing is known any more. */
  lose(): void {
    this.#isDoubted = true
    this.#set(undefined)
  }

  /** Whether it was found to hold what is held here, but for the documents that are known one by one. */
  get hasAgreed(): boolean {
    return this.#others !== undefined
  }

  /** How often it was found so. */
  get meetings(): number {
    return this.#meetings
  }

  /** Documents of which it is known one by one what it holds of them, by key. */
  get keys(): ReadonlyMap<string, unknown> {
    return this.#known
  }

  /** Those of them that came, or are known otherwise, since this was last asked. */
  takeNews(): readonly string[] {
    const news = [...this.#news]
    this.#news.clear()
    return news
  }

  /** It asks for what comes after `since`: what it was taken to hold beyond that, and is not found to hold yet, it may have lost (Invariant 13). */
  asked(document: DocName, since: Version): void {
    if (this.#isDoubted && !containsVersion(this.#understanding.understood(document, since), this.#read(document).seen))
      this.#know(docKey(document), unheard)
  }

  version(document: DocName): Version {
    return this.#read(document).version
  }

  #read(document: DocName): Pick<Known, 'version' | 'seen'> {
    const key = docKey(document)
    const known = this.#known.get(key)
    if (known === undefined) {
      const version = this.#others?.versionOf(key)
      return version === undefined ? none : { version, seen: version }
    }
    if (known.entry === undefined) return known
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
    for (const { entry } of this.#known.values()) if (entry !== undefined) yield entry
  }

  /** It holds all that `version` names. A receipt: only what can be seen here to be the same counts (Invariant 13). */
  contains(document: DocName, version: Version): boolean {
    return containsVersion(this.#read(document).seen, version)
  }
}

/** One string for a document's name and generation: names hold no control characters. */
export function docKey(document: DocName): string {
  return `${document.generation}\0${document.name}`
}

/** The document that a key is of. */
export function docOf(key: string): DocName {
  const divide = key.indexOf('\0')
  return { generation: Number(key.slice(0, divide)), name: key.slice(divide + 1) }
}
