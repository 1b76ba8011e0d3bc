// How edits of others enter the documents of a space: verified by whoever hands them over, received by the one door, handed to the writer; and what waited for
// them, in whatever document, is tried again.
//
//   gossip, sync, bundle ──► receive ──► writer
//                              └──► released: whatever waited for edits of this document ──► what waited for those …

import type { SpaceKeys } from '../auth/keys.ts'
import { JoineryError } from '../base/errors.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Received } from '../replica/replica.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { PeerContext } from './context.ts'
import { type Awaited, Crossing } from './crossing.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'
import type { Doubts } from './doubts.ts'
import type { Handed } from './replicator-host.ts'
import { verifiedNews } from './verified.ts'

export interface DeliveryOptions {
  readonly context: Pick<PeerContext, 'signing' | 'writer'>
  readonly keys: SpaceKeys
  readonly documents: Documents
  readonly doubts: Doubts
  /** Something was received: the status may be another one. */
  readonly touched: () => void
  /** A document holds something for the first time. */
  readonly named: (document: Document) => void
  readonly failed: (cause: unknown) => void
  /** Errors: 'closed', where the space was closed meanwhile. */
  readonly assertOpen: () => void
}

const noRanges: ReadonlySet<SignedRange> = new Set()

export class Delivery {
  readonly #options: DeliveryOptions
  readonly #crossing: Crossing

  constructor(options: DeliveryOptions) {
    const { documents, failed } = options
    this.#options = options
    this.#crossing = new Crossing({
      document: (id) => documents.byKey.get(docKey(id)),
      admissible: (id) => documents.admissible(id),
      wake: (document) => void documents.wake(document).catch(failed),
    })
  }

  /** Whether what a change of an actor follows in other documents is here; if not, it is noted that it waits. Errors: 'bad-message', 'limit'. */
  isMet(document: Document, actor: ActorId, depends: Uint8Array): boolean {
    return this.#crossing.isMet(document, actor, depends)
  }

  /** For how many edits of which other documents something of a document waits. */
  awaited(document: Document): readonly Awaited[] {
    return this.#crossing.awaited(document)
  }

  /** Ranges that are verified (Invariant 12). Returns how many ops were new. Errors: 'bad-message', 'forked', as whoever handed them over is to be told. */
  receive(document: Document, ranges: readonly SignedRange[], { origin, source }: Handed): number {
    const { failed, named } = this.#options
    const before = document.replica.history.graph.length
    const isFile = origin === 'bundle'
    const received = document.receive(ranges, isFile ? 'sync' : origin, source)
    this.#took(document, received, isFile)
    if (before === 0) named(document)
    this.released(document)
    const handed = received.refused.length > 0 ? new Set(ranges) : noRanges
    for (const { range, error } of received.refused) {
      // It waited here, and had come from somebody else, or before its author was known to be forked.
      if (!handed.has(range)) {
        failed(blameless(range, error))
        continue
      }
      // Under a good signature it is the author who contradicts itself, mostly, and not the member that hands it on: their session goes on.
      if (error.code === 'bad-message' && range.signature.length === 0) throw error
      if (origin === 'gossip') throw blameless(range, error)
      failed(error.details.unlessForked === true ? blameless(range, error) : error)
    }
    return document.replica.history.graph.length - before
  }

  #took(document: Document, { held, forked }: Received, isFile: boolean): void {
    const { context, documents, doubts, keys, touched } = this.#options
    if (held.length > 0) context.writer.add(document, keys.spaceId, { received: held, strict: isFile })
    doubts.took(held)
    doubts.waiting(document)
    if (forked.length > 0) doubts.forked(document, forked)
    if (document === documents.directory && held.length > 0) documents.readDirectory()
    touched()
  }

  /** A document holds more, was read, or is gone: what waited for edits of it is tried again, and what waited for that. */
  released(moved: Document): void {
    const { documents, failed } = this.#options
    const queue = [moved]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const isDirectory = next === documents.directory
      const waiters = [...this.#crossing.released(next), ...(isDirectory ? this.#crossing.releasedByDeletion() : [])]
      for (const [document, own] of Map.groupBy(waiters, ({ document }) => document)) {
        // What waited may have been dropped, and then it sleeps.
        if (!documents.has(document) || !document.isAwake) continue
        const received = document.retry(own.map(({ actor }) => actor))
        this.#took(document, received, false)
        for (const { error } of received.refused) failed(error)
        if (received.held.length > 0) queue.push(document)
      }
    }
  }

  /** What a bundle holds of a document: verified, then received. Returns how many ops were new. Errors: 'bad-message', 'limit', 'closed'. */
  async restore(id: DocName, ranges: readonly SignedRange[]): Promise<number> {
    const { assertOpen, context, documents, doubts, keys } = this.#options
    if (!documents.admissible(id)) return 0
    const news = await verifiedNews(keys, id, documents.byKey.get(docKey(id)), ranges, context.signing)
    if (news.length === 0) return 0
    await doubts.restored(news)
    const asleep = documents.byKey.get(docKey(id))
    if (asleep !== undefined) await documents.wake(asleep)
    assertOpen()
    const document = documents.admit(id)
    return document === undefined ? 0 : this.receive(document, news, { origin: 'bundle' })
  }
}

/**
 * Of a signed range that goes on from other ops, or links to them, and cannot be taken: these may be of a history of their author that was not heard of
 * yet (FORMAT §1, forks), and then its author and whoever handed it on did right. A pull, which brings that history from where the two part, says more.
 */
function blameless(range: SignedRange, error: JoineryError): JoineryError {
  if (error.code !== 'bad-message' || (range.fromSeq === 0 && error.details.unlessForked !== true)) return error
  return new JoineryError('forked', error.message, { cause: error })
}
