// Serving the pulls of others: of each contact one after the other, in parts, and the next part when the one before is on its way (the credit of the stream,
// net/frames.ts). So a slow reader costs no memory, and keeps nobody else waiting.

import { isJoineryError, JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../base/trace.ts'
import { containsVersion, joinVersions, type Version } from '../core/version.ts'
import type { DocName } from '../sync/messages.ts'
import type { Contact } from './contacts.ts'
import type { Document } from './document.ts'
import type { Entrance } from './entrance.ts'
import type { Held } from './held.ts'

/** What a contact asks for. */
export interface PullRequest {
  readonly id: number
  readonly document: DocName
  /** What it holds. */
  readonly since: Version
  /** It came with what it told: where there is nothing, that is said together. */
  readonly isGuess: boolean
}

export interface ServingOptions {
  readonly held: Held
  readonly entrance: Entrance
  readonly trace: Trace
  readonly failed: (error: JoineryError) => void
}

const nothing: Version = new Map()

export class Serving {
  readonly #options: ServingOptions
  /** What waits for its turn; the first of each is being served. */
  readonly #queues = new WeakMap<Contact, PullRequest[]>()

  constructor(options: ServingOptions) {
    this.#options = options
  }

  /** Errors: 'bad-message' for a contact that asks for more at once than any honest one does. */
  take(contact: Contact, request: PullRequest): void {
    const queue = this.#queues.get(contact) ?? []
    this.#queues.set(contact, queue)
    // Invariant 9.
    if (queue.length >= limits.pulls) throw new JoineryError('bad-message', `more than ${limits.pulls} pulls at once`)
    queue.push(request)
    contact.holdings.asked(request.document, request.since)
    // Served beside the reading, or two members who send much to one another would both wait.
    if (queue.length === 1) void this.#serveAll(contact, queue)
  }

  async #serveAll(contact: Contact, queue: PullRequest[]): Promise<void> {
    // Not before all that came with this one is queued, so that what there is nothing of is said together.
    await Promise.resolve()
    const none: number[] = []
    for (let next = queue[0]; next !== undefined && !contact.session.ended; next = queue[0]) {
      if (next.isGuess && !this.#hasMore(next)) none.push(next.id)
      else await this.#serve(contact, next)
      queue.shift()
    }
    if (none.length > 0) await contact.session.send({ type: 'none', ids: none })
  }

  /** Whether more of a document may leave than somebody has: seen without reading it. */
  #hasMore({ document: id, since }: PullRequest): boolean {
    const document = this.#options.held.find(id)
    return document !== undefined && !containsVersion(document.understood(since), document.outward)
  }

  async #serve(contact: Contact, request: PullRequest): Promise<void> {
    const { entrance, failed } = this.#options
    const document = await entrance.awake(request.document).catch((error: unknown) => {
      // A disk that cannot be read: whoever asked is told that nothing is here, and may ask another.
      if (!isJoineryError(error)) throw error
      failed(error)
      return undefined
    })
    if (document !== undefined) document.pins++
    try {
      await this.#sendParts(contact, document, request)
    } finally {
      if (document !== undefined) document.pins--
    }
  }

  async #sendParts(
    contact: Contact,
    document: Document | undefined,
    { id, document: { name }, since }: PullRequest,
  ): Promise<void> {
    let version = document === undefined ? since : document.replica.outward.understood(since)
    let more = true
    while (more && !contact.session.ended) {
      const part =
        document === undefined
          ? { ranges: [], more: false, ops: 0 }
          : document.replica.outward.rangesSince(version, document.outward, limits.deltaPartBytes)
      more = part.more && part.ranges.length > 0
      this.#options.trace('sync', contact.member.id, 'serve', name, part.ops, 'asked')
      await contact.session.send({ type: 'delta', id, more, ops: part.ops, ranges: part.ranges })
      version = joinVersions(version, document?.replica.outward.versionOf(part.ranges) ?? nothing)
    }
  }
}
