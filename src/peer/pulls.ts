// Pulling: what a document lacks is asked of one member at a time (DESIGN §4), so that nothing travels twice; a member that promised and did not
// deliver is asked again only when it says something new. Pure: it decides, the replicator acts.

import { containsVersion, type Version } from '../core/version.ts'
import type { Holdings } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { SyncReason } from '../sync/reason.ts'

/** What the decision looks at: a member in contact. */
export interface Source {
  readonly holdings: Holdings
  /** Better to ask: a direct connection. */
  readonly direct: boolean
}

export interface Pull<S> {
  readonly id: number
  readonly source: S
  readonly reason: SyncReason
  readonly startedAt: number
  /** When the last part came, by the monotonic clock. */
  heardAt: number
  /** Ops that came, and their bytes. */
  ops: number
  bytes: number
  /** It was asked for before it said what it has: that it has nothing more breaks no promise. */
  readonly isGuess: boolean
}

/** What was asked for in vain; and what of it the source had said that it has, since the rest it was only taken to have. */
interface Fruitless {
  readonly promised: Version
  readonly said: Version
}

/** So many at once of one member: each is answered in its turn, and a member that is asked for more ends the session. */
const AT_ONCE = 32

export class Pulls<S extends Source> {
  readonly #running = new Map<string, Pull<S>>()
  /** What was promised but not delivered, by source and document: not asked for again. */
  readonly #fruitless = new Map<S, Map<string, Fruitless>>()
  readonly #counts = new Map<S, number>()
  #nextId = 0

  get active(): number {
    return this.#running.size
  }

  get running(): ReadonlyMap<string, Pull<S>> {
    return this.#running
  }

  byId(id: number, source: S): { readonly key: string; readonly pull: Pull<S> } | undefined {
    for (const [key, pull] of this.#running) if (pull.id === id && pull.source === source) return { key, pull }
    return undefined
  }

  /**
   * Whom to ask for a document, given what is held here; undefined if nobody has more, or it is being asked for already; 'busy' if whoever has more
   * is asked for enough at the moment.
   */
  choose(document: DocName, key: string, held: Version, sources: Iterable<S>): S | 'busy' | undefined {
    if (this.#running.has(key)) return undefined
    let best: S | 'busy' | undefined
    for (const source of sources) {
      const theirs = source.holdings.promised(document)
      if (containsVersion(held, theirs) || this.#wasFruitless(document, key, source)) continue
      if ((this.#counts.get(source) ?? 0) >= AT_ONCE) best ??= 'busy'
      else if (best === undefined || best === 'busy' || (source.direct && !best.direct)) best = source
    }
    return best
  }

  start(key: string, source: S, reason: SyncReason, now: number): Pull<S> {
    return this.#start(key, source, reason, now, false)
  }

  /**
   * Asks for documents before it is known whether there is more of them, as many as may be asked for at once. Returns which, and the id of the
   * first; those of the others follow.
   */
  guess(
    keys: readonly string[],
    source: S,
    reason: SyncReason,
    now: number,
  ): { readonly keys: readonly string[]; readonly firstId: number } {
    const room = Math.max(0, AT_ONCE - (this.#counts.get(source) ?? 0))
    const free = keys.filter((key) => !this.#running.has(key)).slice(0, room)
    const firstId = this.#nextId
    for (const key of free) this.#start(key, source, reason, now, true)
    return { keys: free, firstId }
  }

  #start(key: string, source: S, reason: SyncReason, now: number, isGuess: boolean): Pull<S> {
    const pull = { id: this.#nextId++, source, reason, startedAt: now, heardAt: now, ops: 0, bytes: 0, isGuess }
    this.#running.set(key, pull)
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1)
    return pull
  }

  /** A member answered: none of what it is asked for is stalled, since it answers one after the other. */
  progressed(source: S, now: number): void {
    for (const pull of this.#running.values()) if (pull.source === source) pull.heardAt = now
  }

  /** Ends a pull. If what was promised is still lacking, and nothing came, its source is not asked for that again. */
  finish(document: DocName, key: string, held: Version): void {
    const pull = this.#running.get(key)
    if (pull === undefined) return
    this.#running.delete(key)
    this.#counts.set(pull.source, (this.#counts.get(pull.source) ?? 1) - 1)
    const promised = pull.source.holdings.promised(document)
    if (pull.isGuess || pull.ops > 0 || containsVersion(held, promised)) return
    const marks = this.#fruitless.get(pull.source) ?? new Map<string, Fruitless>()
    marks.set(key, { promised, said: pull.source.holdings.version(document) })
    this.#fruitless.set(pull.source, marks)
  }

  /** A member left: its pulls end. Returns the documents that were being pulled from it. */
  drop(source: S): string[] {
    this.#fruitless.delete(source)
    this.#counts.delete(source)
    const keys = [...this.#running].filter(([, pull]) => pull.source === source).map(([key]) => key)
    for (const key of keys) this.#running.delete(key)
    return keys
  }

  /** Pulls that made no progress since `before`. */
  stalled(before: number): { readonly key: string; readonly source: S; readonly reason: SyncReason }[] {
    return [...this.#running].flatMap(([key, { heardAt, source, reason }]) =>
      heardAt < before ? { key, source, reason } : [],
    )
  }

  /** It was asked in vain, and neither is it taken to have more since, nor has it said that it has what it was only taken to have. */
  #wasFruitless(document: DocName, key: string, source: S): boolean {
    const mark = this.#fruitless.get(source)?.get(key)
    if (mark === undefined || !containsVersion(mark.promised, source.holdings.promised(document))) return false
    return containsVersion(mark.said, source.holdings.version(document))
  }
}
