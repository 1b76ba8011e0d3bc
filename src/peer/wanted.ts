// What somebody waits for others to have stored: of some documents, what this device had written when the wait began.

import type { Version } from '../core/version.ts'
import type { Document } from './document.ts'
import { lackingOps } from './lacking.ts'

const nothing: Version = new Map()

export class Wanted implements Iterable<readonly [Document, Version]> {
  readonly #versions: Map<Document, Version>
  #edits = 0

  constructor(versions: Iterable<readonly [Document, Version]>) {
    this.#versions = new Map(versions)
    for (const version of this.#versions.values()) this.#edits += lackingOps(nothing, version)
  }

  /** How many edits that is. */
  get edits(): number {
    return this.#edits
  }

  get size(): number {
    return this.#versions.size
  }

  /** What is deleted meanwhile nobody stores any more. */
  forget(document: Document): void {
    this.#edits -= lackingOps(nothing, this.#versions.get(document) ?? nothing)
    this.#versions.delete(document)
  }

  [Symbol.iterator](): MapIterator<[Document, Version]> {
    return this.#versions[Symbol.iterator]()
  }
}
