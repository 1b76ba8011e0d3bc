// Edits of one document that follow edits of others: they are merged after these, on every peer (COPS: Lloyd et al., SOSP 2011; DESIGN §6). What waits so
// is in the causal buffer of its document; here is noted for what, so that it is tried again when that comes, and only then.
//
//   orders: [paid, after prices:5] ── prices has 5? ─ no ─► waits ── prices grows to 5 ─► tried again
//
// A document that was deleted holds nobody up. Of each actor that waits in a document one op is noted, the first that is not here, so that what is waited
// for is looked at once for each: whoever names what never comes costs a number to compare, and no more (Invariant 9).

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, actorOf } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import { decodeDepends } from '../sync/depends.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { Document } from './document.ts'

export interface CrossingHost {
  document(id: DocName): Document | undefined
  /** Whether a document of that name may still come: false if it was deleted. Errors: 'bad-message'. */
  admissible(id: DocName): boolean
  /** Its journal is to be read; released() follows. */
  wake(document: Document): void
}

/** What waits: the next range of an actor in a document. */
export interface Waiter {
  readonly document: Document
  readonly actor: ActorId
}

interface Wait extends Waiter {
  readonly on: DocName
  readonly needed: ActorId
  readonly end: number
  /** How many ops of that actor were held then, and how many branches there were; undefined if the document was asleep, or not here. */
  readonly held: number
  readonly branches: number | undefined
}

/** A document that somebody waits for, and how many edits of it are lacking at least. */
export interface Awaited {
  readonly document: string
  readonly edits: number
}

const nobody: readonly Waiter[] = []

export class Crossing {
  readonly #host: CrossingHost
  /** By the document that is waited for. */
  readonly #waits = new Map<string, Set<Wait>>()
  readonly #byWaiter = new Map<Document, Map<ActorId, Wait>>()
  #count = 0

  constructor(host: CrossingHost) {
    this.#host = host
  }

  /** Whether all that a change follows is here; if not, it is noted who waits. Errors: 'bad-message', 'limit' (more would wait than is looked after). */
  isMet(document: Document, actor: ActorId, depends: Uint8Array): boolean {
    for (const { document: on, version } of decodeDepends(depends)) {
      if (!this.#host.admissible(on)) continue
      const unmet = this.#unmet(on, version)
      if (unmet === undefined) continue
      this.#note({ document, actor, on, ...unmet })
      return false
    }
    return true
  }

  /** The first of some ops that is not here. */
  #unmet(on: DocName, heads: Version): Omit<Wait, 'document' | 'actor' | 'on'> | undefined {
    const other = this.#host.document(on)
    for (const [id, end] of heads) {
      if (other !== undefined && other.seen(new Map([[id, end]])).size > 0) continue
      const needed = actorOf(id)
      const isAsleep = other !== undefined && other.asleep !== undefined
      const held = other?.version.get(needed) ?? 0
      // Asleep, no hash can be looked at: it is read, and then known.
      if (isAsleep && held >= end) this.#host.wake(other)
      return { needed, end, held, branches: isAsleep ? undefined : other?.version.size }
    }
    return undefined
  }

  #note(wait: Wait): void {
    this.#forget(this.#byWaiter.get(wait.document)?.get(wait.actor))
    if (this.#count >= limits.crossings)
      throw new JoineryError('limit', `more than ${limits.crossings} edits would wait for other documents`)
    this.#count++
    const key = docKey(wait.on)
    const waits = this.#waits.get(key) ?? new Set()
    this.#waits.set(key, waits.add(wait))
    const own = this.#byWaiter.get(wait.document) ?? new Map<ActorId, Wait>()
    this.#byWaiter.set(wait.document, own.set(wait.actor, wait))
  }

  #forget(wait: Wait | undefined): void {
    if (wait === undefined) return
    this.#count--
    const key = docKey(wait.on)
    const waits = this.#waits.get(key)
    waits?.delete(wait)
    if (waits?.size === 0) this.#waits.delete(key)
    const own = this.#byWaiter.get(wait.document)
    own?.delete(wait.actor)
    if (own?.size === 0) this.#byWaiter.delete(wait.document)
  }

  /** A document holds more, was read, or is gone: who may go on now. They are to be tried again. */
  released(document: Document): readonly Waiter[] {
    const isGone = this.#host.document(document.id) !== document
    // What waited in a document that is gone waits no more.
    if (isGone) for (const wait of [...(this.#byWaiter.get(document)?.values() ?? [])]) this.#forget(wait)
    const waits = this.#waits.get(docKey(document.id))
    if (waits === undefined || document.asleep !== undefined) return nobody
    return this.#take(waits, isGone ? () => true : (wait) => mayBeMet(wait, document.version))
  }

  /** The directory says more: who waits for what was deleted, and perhaps never came here. */
  releasedByDeletion(): readonly Waiter[] {
    return [...this.#waits.values()].flatMap((waits) => this.#take(waits, ({ on }) => !this.#host.admissible(on)))
  }

  /** For how many edits of which other documents something of a document waits, each time for the first that is lacking. */
  awaited(document: Document): readonly Awaited[] {
    const lacking = new Map<string, number>()
    for (const { on, needed, end } of this.#byWaiter.get(document)?.values() ?? []) {
      const held = this.#host.document(on)?.version.get(needed) ?? 0
      lacking.set(on.name, Math.max(lacking.get(on.name) ?? 1, end - held))
    }
    return [...lacking].map(([name, edits]) => ({ document: name, edits }))
  }

  #take(waits: Iterable<Wait>, isDue: (wait: Wait) => boolean): readonly Waiter[] {
    const due = [...waits].filter(isDue)
    for (const wait of due) this.#forget(wait)
    return due
  }
}

/** What was here under that name is another op, as long as no other branch of its actor comes or goes on. */
function mayBeMet({ needed, end, held, branches }: Wait, version: Version): boolean {
  if ((version.get(needed) ?? 0) < end && version.size === branches) return false
  const wasOther = branches !== undefined && held >= end && version.size === branches
  return !wasOther || [...version.keys()].some((id) => id !== needed && actorOf(id) === needed)
}
