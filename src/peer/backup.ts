// Writing and reading bundles (bundle.ts): what of the spaces goes into one, and how one is merged. What is merged enters by the same door, verified,
// as if a member had sent it.

import { never } from '../base/assert.ts'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import { docKey } from '../sync/holdings.ts'
import type { BackupOptions, BundleSource, Restored } from './api.ts'
import {
  type BundleItem,
  type BundlePart,
  badBundle,
  encodeBundleEnd,
  encodeBundleHead,
  encodeInvitation,
  encodeSpace,
  openChunk,
  readBundle,
} from './bundle.ts'
import type { PeerContext } from './context.ts'
import { directoryName } from './directory.ts'
import type { SpaceImpl } from './space.ts'

type Chunk = BundleItem & { type: 'chunk' }

/** A bundle of these spaces, as it is asked for. */
export async function* writeBundle(
  context: PeerContext,
  spaces: readonly SpaceImpl[],
  { withKeys }: { readonly withKeys: boolean },
): AsyncGenerator<Uint8Array> {
  // Invariant 8: what leaves is durable here.
  await context.writer.flush()
  yield encodeBundleHead()
  for (const space of spaces) {
    if (withKeys) yield encodeInvitation(await space.invite())
    const { sealer, random } = context
    yield* encodeSpace(space.parts(), { keys: space.keys, sealer, random })
  }
  yield encodeBundleEnd()
}

export interface RestoreHost {
  readonly context: PeerContext
  /** The spaces that this peer belongs to now. */
  spaces(): readonly SpaceImpl[]
  join(ticket: string): Promise<unknown>
  /** Throws if the peer was closed. */
  assertOpen(): void
}

interface Tally {
  readonly documents: Set<string>
  edits: number
}

/** The section that is being read: whose it is, once a chunk of it could be read, and how many could not. */
interface Section {
  space: SpaceImpl | undefined
  unread: number
}

/** Merges a bundle, chunk by chunk. What can be read of a damaged one is merged, and then it is told. */
export class Restoring {
  readonly #host: RestoreHost
  readonly #tallies = new Map<SpaceImpl, Tally>()
  #section: Section = { space: undefined, unread: 0 }
  #sealed = 0
  #damaged = 0

  constructor(host: RestoreHost) {
    this.#host = host
  }

  /** Errors: 'bad-bundle', 'bundle-newer', 'no-such-space' (no part of it is for this peer), 'closed', and those of the store. */
  async run(source: BundleSource): Promise<Restored> {
    const why = await this.#read(source)
    this.#endSection()
    await this.#host.context.writer.flush()
    if (why !== undefined && this.#tallies.size === 0) throw why
    if (why !== undefined) throw damagedError(this.#restored, why.message)
    const { size } = this.#tallies
    if (size === 0 && this.#sealed > 0) throw notOurs(this.#sealed)
    if (this.#damaged > 0)
      throw damagedError(this.#restored, badBundle(`parts that cannot be read: ${this.#damaged}`).message)
    return this.#restored
  }

  get #restored(): Restored {
    const spaces = [...this.#tallies].map(([{ id, label }, { documents, edits }]) => ({
      id,
      label,
      documents: documents.size,
      edits,
    }))
    return { spaces, sealed: this.#sealed }
  }

  /** Reads to the end, or to where nothing more can be read: then it says why. */
  async #read(source: BundleSource): Promise<JoineryError | undefined> {
    try {
      for await (const item of readBundle(piecesOf(source))) {
        this.#host.assertOpen()
        await this.#take(item)
      }
      return undefined
    } catch (cause) {
      if (isJoineryError(cause, 'bad-bundle')) return cause
      throw cause
    }
  }

  async #take(item: BundleItem): Promise<void> {
    switch (item.type) {
      case 'invitation':
        return this.#join(item.ticket)
      case 'space':
        return this.#endSection()
      case 'chunk':
        return this.#takeChunk(item)
      default:
        never(item)
    }
  }

  #endSection(): void {
    const { space, unread } = this.#section
    if (space !== undefined) this.#damaged += unread
    else if (unread > 0) this.#sealed++
    this.#section = { space: undefined, unread: 0 }
  }

  async #join(ticket: string): Promise<void> {
    try {
      await this.#host.join(ticket)
    } catch (cause) {
      if (!isJoineryError(cause, 'bad-ticket')) throw cause
      this.#damaged++ // The rest may be of spaces that this peer belongs to already.
    }
  }

  async #takeChunk(chunk: Chunk): Promise<void> {
    const opened = await this.#open(chunk)
    if (opened === undefined) {
      this.#section.unread++
      return
    }
    const { space, parts } = opened
    this.#section.space = space
    const tally = this.#tallies.get(space) ?? { documents: new Set(), edits: 0 }
    this.#tallies.set(space, tally)
    for (const { document, ranges } of parts) {
      // The directory is the space's own, and no document of its members.
      if (document.name !== directoryName.name) tally.documents.add(docKey(document))
      tally.edits += await space.restore(document, ranges)
    }
    await this.#host.context.writer.flush() // One chunk at a time waits for the disk (Invariant 9).
  }

  /** Tries the space of the section, or all of them while that is not known. */
  async #open({ sealed, place }: Chunk): Promise<{ space: SpaceImpl; parts: readonly BundlePart[] } | undefined> {
    const { sealer } = this.#host.context
    const { space: known } = this.#section
    for (const space of known === undefined ? this.#host.spaces() : [known]) {
      const parts = await openChunk(sealed, place, { keys: space.keys, sealer })
      if (parts !== undefined) return { space, parts }
    }
    return undefined
  }
}

/** Errors: 'bad-option'. */
export function checkBackup(options: BackupOptions): BackupOptions {
  const stray = Object.keys(options).find((key) => key !== 'spaces' && key !== 'withKeys')
  if (stray !== undefined)
    throw new JoineryError('bad-option', `backup has no option "${stray}". It has: spaces, withKeys.`)
  if (options.withKeys !== undefined && typeof options.withKeys !== 'boolean')
    throw new JoineryError('bad-option', 'The option "withKeys" is true or false.')
  if (options.spaces !== undefined && !Array.isArray(options.spaces))
    throw new JoineryError('bad-option', 'The option "spaces" is a list of spaces of this very peer.')
  return options
}

/** Errors: 'bad-option'. */
export function checkSource(source: unknown): void {
  const isSource =
    typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || 'getReader' in source)
  if (source instanceof Uint8Array || isSource) return
  throw new JoineryError('bad-option', 'A bundle is restored from bytes, or from a stream of them.')
}

/** A generator as a stream, which is what browsers save and Node writes. */
export function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
}

async function* piecesOf(source: BundleSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source
  else if (Symbol.asyncIterator in source) yield* source
  else yield* drained(source)
}

/** Some browsers' streams cannot be iterated yet. */
async function* drained(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function damagedError(restored: Restored, message: string): JoineryError {
  const edits = restored.spaces.reduce((sum, space) => sum + space.edits, 0)
  return new JoineryError('bad-bundle', `${message} What could be read was merged: ${edits} edits were new here.`, {
    details: { restored },
  })
}

function notOurs(sealed: number): JoineryError {
  const what = sealed === 1 ? 'a space' : `${sealed} spaces`
  return new JoineryError(
    'no-such-space',
    `This bundle is of ${what} that this peer does not belong to, or was altered. Join with an invitation, and restore it again.`,
  )
}
