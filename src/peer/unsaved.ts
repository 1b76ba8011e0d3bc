// What was not on disk when the end came. A page is not waited for: it leaves a note of what is still on its way, and the next to write under its
// name compares it with what is there (Invariant 13: what was lost is said).

import { isJoineryError, JoineryError } from '../base/errors.ts'
import { type ActorId, actorOf, isOwn } from '../core/ids.ts'
import type { LastWords, StreamName } from '../store/store.ts'
import type { Document } from './document.ts'

/** Own edits of one document that are not durable: up to `seq` of `actor`. */
export interface Unsaved {
  readonly stream: StreamName
  readonly name: string
  readonly actor: ActorId
  readonly seq: number
}

export interface UnsavedOptions {
  readonly lastWords: LastWords
  /** Under which this peer writes now: its notes are found by who has the instance next. */
  readonly instance: () => number
  readonly unsaved: () => readonly Unsaved[]
  readonly flush: () => Promise<void>
}

export class UnsavedNotes {
  readonly #options: UnsavedOptions

  constructor(options: UnsavedOptions) {
    this.#options = options
  }

  /** What the one before left, once. */
  take(): readonly Unsaved[] {
    const { lastWords, instance } = this.#options
    const note = lastWords.find(instance())
    if (note === undefined) return []
    lastWords.leave(instance(), undefined)
    return decodeNote(note)
  }

  /** The end may be near: what is on its way is noted first, and the note taken back when it is there. */
  async lastCall(): Promise<void> {
    this.#leave()
    await this.#options.flush().catch(() => {}) // Told by the writer; and by the note, which stays.
    this.#leave()
  }

  #leave(): void {
    const { lastWords, instance, unsaved } = this.#options
    const left = unsaved()
    lastWords.leave(instance(), left.length === 0 ? undefined : JSON.stringify(left))
  }
}

/** Total: what does not read as a note of ours tells of nothing. */
function decodeNote(note: string): readonly Unsaved[] {
  try {
    const read: unknown = JSON.parse(note)
    return Array.isArray(read) ? read.filter(isUnsaved) : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

function isUnsaved(value: unknown): value is Unsaved {
  if (typeof value !== 'object' || value === null) return false
  const { stream, name, actor, seq } = { stream: 0, name: 0, actor: 0, seq: '', ...value }
  return (
    typeof stream === 'string' && typeof name === 'string' && typeof actor === 'string' && Number.isSafeInteger(seq)
  )
}

/** Own edits in some documents that are not on disk. */
export function unsavedIn(documents: readonly Document[], keyHex: string): Unsaved[] {
  return documents.flatMap(({ id, stream, version, durable }) =>
    [...version]
      .filter(([branch, seq]) => (durable.get(branch) ?? 0) < seq && isOwn(branch, keyHex))
      .map(([branch, seq]) => ({ stream, name: id.name, actor: actorOf(branch), seq })),
  )
}

/** The error that tells of them; undefined where there are none. */
export function unsavedError(unsaved: readonly Unsaved[], cause?: unknown): JoineryError | undefined {
  if (unsaved.length === 0) return undefined
  const documents = [...new Set(unsaved.map(({ name }) => name))]
  const names = documents.map((name) => (name === '' ? 'the list of documents' : `"${name}"`)).join(', ')
  const why = isJoineryError(cause) ? ` (${cause.message})` : ''
  return new JoineryError(
    'unsaved',
    `The end came before the latest edits were on disk, and they are lost: look at ${names}.${why}`,
    { cause, details: { documents } },
  )
}
