// What a handle is to catch up with: a session that went on elsewhere, on another device or in another tab, has seen ops that may not be here yet. Until they
// are, what is read here is older than what was read there, and that is said (Invariant 13).

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { actorOf, type BranchId } from '../core/ids.ts'
import { joinVersions, type Version } from '../core/version.ts'
import type { Document } from './document.ts'

/** Ops of one document that are to come. */
class Ahead {
  readonly #document: Document
  /** By their names on the wire. */
  #heads: Version = new Map()
  #revision = Number.NaN

  constructor(document: Document) {
    this.#document = document
  }

  /** Errors: 'limit'. */
  add(heads: Version): void {
    const joined = joinVersions(this.heads, heads)
    if (joined.size > limits.sessionHeads)
      throw new JoineryError('limit', `more than ${limits.sessionHeads} ops of one document would be waited for`)
    this.#heads = joined
    this.#revision = Number.NaN
  }

  /** Those that are not here. */
  get heads(): Version {
    const { revision } = this.#document
    if (this.#heads.size > 0 && revision !== this.#revision) {
      this.#revision = revision
      this.#heads = new Map([...this.#heads].filter((head) => !this.#isHere(head)))
    }
    return this.#heads
  }

  /** At least so many edits are lacking: of each writer those up to its newest. */
  get edits(): number {
    const { version } = this.#document
    const ends = new Map<string, number>()
    for (const [id, end] of this.heads) ends.set(actorOf(id), Math.max(end, ends.get(actorOf(id)) ?? 0))
    let edits = 0
    for (const [actor, end] of ends) edits += Math.max(1, end - (version.get(actor as BranchId) ?? 0))
    return edits
  }

  #isHere([id, end]: readonly [BranchId, number]): boolean {
    return this.#document.seen(new Map([[id, end]])).size > 0
  }
}

/** What was seen elsewhere of one generation of a document. */
export interface Seen {
  readonly generation: number
  readonly heads: Version
}

export class Following {
  readonly document: Document
  readonly #own: Ahead
  /** The directory, which says what was deleted. */
  readonly #directory: Ahead
  /** Of a generation after this one: the document was deleted there, and begun anew. */
  #later: Seen | undefined

  constructor(document: Document, directory: Document) {
    this.document = document
    this.#own = new Ahead(document)
    this.#directory = new Ahead(directory)
  }

  /** What was seen of the document and of the directory elsewhere. Errors: 'limit'. */
  add(own: Seen | undefined, directory: Seen | undefined): void {
    if (directory !== undefined) this.#directory.add(directory.heads)
    if (own === undefined || own.generation < this.document.id.generation) return
    if (own.generation === this.document.id.generation) this.#own.add(own.heads)
    else if (own.generation > (this.#later?.generation ?? 0)) this.#later = own
  }

  /** More was seen elsewhere than is here. */
  get isStale(): boolean {
    return this.#later !== undefined || this.#own.heads.size > 0 || this.#directory.heads.size > 0
  }

  /** At least so many edits are lacking. */
  get edits(): number {
    return this.#own.edits + this.#directory.edits + (this.#later === undefined ? 0 : 1)
  }

  /** What of the document is to come, to be handed on with what is here; and of the directory. */
  get unmet(): { readonly own: Seen | undefined; readonly directory: Seen | undefined } {
    const of = (heads: Version, generation: number): Seen | undefined =>
      heads.size === 0 ? undefined : { generation, heads }
    return {
      own: this.#later ?? of(this.#own.heads, this.document.id.generation),
      directory: of(this.#directory.heads, 0),
    }
  }
}

/** What a handle lacks, in words. */
export function staleSentence(name: string, { edits }: Following): string {
  const count = edits === 1 ? 'an edit was' : `${edits} edits or more were`
  return `Of "${name}", ${count} seen elsewhere that ${edits === 1 ? 'is' : 'are'} not here yet.`
}
