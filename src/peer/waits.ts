// What an application waits for in a space: that a member was met, that edits are stored by others, that what a session saw elsewhere is here. Each ends when it
// is so, when it can never be, or in time, and says what is missing.

import { Emitter, type Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import type { SettledOptions, Status, WaitOptions } from './api.ts'
import type { PeerContext } from './context.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'
import { type Following, staleSentence } from './following.ts'
import type { Members } from './members.ts'
import type { SpaceFacts } from './space-facts.ts'
import { checkWait, type Explanation, waitUntil } from './wait.ts'
import type { Wanted } from './wanted.ts'

export interface WaitsOptions {
  readonly context: Pick<PeerContext, 'clock' | 'leading' | 'paused' | 'storage' | 'writer'>
  /** The space's, for messages. */
  readonly label: string
  readonly documents: Documents
  readonly members: Members
  readonly facts: SpaceFacts
  readonly status: () => Status
  /** Why the space is closed; undefined while it is open. */
  readonly closed: () => JoineryError | undefined
}

export class Waits {
  readonly #options: WaitsOptions
  readonly #looks = new Emitter<{ look: undefined }>()
  /** What somebody waits for others to have stored. */
  readonly #wanted = new Set<Wanted>()

  constructor(options: WaitsOptions) {
    this.#options = options
  }

  /** Something is otherwise than before: everybody who waits looks again. */
  look(): void {
    this.#looks.emit('look', undefined)
  }

  /** A document was deleted. */
  forget(document: Document): void {
    for (const wanted of this.#wanted) wanted.forget(document)
  }

  async met(options: WaitOptions): Promise<void> {
    checkWait(options)
    const { facts, label } = this.#options
    await this.#wait(options, {
      done: () => facts.lastAgreedAt !== undefined,
      explain: () => `No member of "${label}" was met in time: ${this.#whoIsThere()}`,
    })
  }

  /** What this device wrote in a document, or in all, is on disk, and stored by so many others. */
  async settled(document: Document | 'all', options: SettledOptions): Promise<void> {
    checkWait(options)
    const { members } = this.#options
    const wanted = document === 'all' ? members.ownIn() : members.ownIn([document])
    this.#wanted.add(wanted)
    try {
      await this.#settled(wanted, document, options)
    } finally {
      this.#wanted.delete(wanted)
    }
  }

  async #settled(wanted: Wanted, document: Document | 'all', options: SettledOptions): Promise<void> {
    const { writer, storage } = this.#options.context
    const { peers = 0 } = options
    await writer.flush()
    if (peers === 0 && storage.forgets !== undefined) throw storage.forgets
    if (peers === 0) return
    await this.#wait(options, {
      done: () => this.#holders(wanted) >= peers,
      explain: () => this.#whoHasWhat(wanted, peers),
      // What is deleted meanwhile nobody stores any more.
      vain: () => (document !== 'all' && wanted.size === 0 ? deletedError(document) : undefined),
    })
  }

  async caughtUp(following: Following, options: WaitOptions): Promise<void> {
    checkWait(options)
    const { document } = following
    const left = (): string => (following.isStale ? staleSentence(document.id.name, following) : '')
    await this.#wait(options, {
      done: () => !following.isStale,
      explain: () => `${left()} ${this.#whoIsThere()}`,
      vain: () => (this.#options.documents.has(document) ? undefined : deletedError(document)),
    })
  }

  #wait(
    options: WaitOptions,
    wait: {
      readonly done: () => boolean
      readonly explain: () => string | Explanation
      readonly vain?: () => JoineryError | undefined
    },
  ): Promise<void> {
    const { clock, writer } = this.#options.context
    const { done, explain, vain } = wait
    const failed = (): JoineryError | undefined => this.#options.closed() ?? writer.error ?? vain?.()
    const listen = (look: () => void): Off => this.#looks.on('look', look)
    return waitUntil({ ...options, clock, done, failed, explain, listen })
  }

  /** How many other members have stored what is wanted; through another tab's eyes, how many have stored everything. */
  #holders(wanted: Wanted): number {
    const { facts, members } = this.#options
    if (!facts.isReported) return members.holders(wanted).length
    return facts.peers(undefined).filter(({ stored }) => stored).length
  }

  /** Who has stored what of what is wanted: the error of a wait in vain. */
  #whoHasWhat(wanted: Wanted, peers: number): Explanation {
    const { context, facts, members } = this.#options
    const each = facts.peers(undefined).map(({ id, name, connected, unstored }) => {
      const left = context.leading ? members.unstored(id, wanted) : unstored
      return { peer: id, name, connected, unstored: left }
    })
    const message = `Stored by ${this.#holders(wanted)} of ${peers} other members in time. ${this.#whoIsThere()}`
    return { message: [message, ...each.map(storedWords)].join(' '), details: { peers: each } }
  }

  #whoIsThere(): string {
    const { peers } = this.#options.status()
    if (peers.length === 0) return this.#options.context.paused ? 'This peer is paused.' : 'Nobody was in contact.'
    return peers.map((peer) => peer.why ?? `${peer.name} agrees.`).join(' ')
  }
}

function storedWords({ name, unstored }: { readonly name: string; readonly unstored: number | undefined }): string {
  if (unstored === undefined) return `${name} has not said what it has stored.`
  return unstored === 0 ? `${name} has stored all of it.` : `${name} has not stored ${unstored} of these edits.`
}

export function deletedError({ id: { name } }: Document): JoineryError {
  return new JoineryError('document-deleted', `"${name}" was deleted. Opening the name again begins a new document.`)
}
