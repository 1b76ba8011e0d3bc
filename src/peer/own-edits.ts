// What this device wrote in the documents of a space, as whatever instance: counted where a document changes, so that nobody looks through all of them.

import { isOwn } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import type { Document } from './document.ts'

export class OwnEdits {
  readonly #keyHex: string
  /** Of those in which it wrote something. */
  readonly #counts = new Map<Document, number>()
  readonly #touched = new Set<Document>()
  #total = 0

  constructor(keyHex: string) {
    this.#keyHex = keyHex
  }

  touched(document: Document): void {
    this.#touched.add(document)
  }

  forget(document: Document): void {
    this.#touched.delete(document)
    this.#set(document, 0)
  }

  versionIn({ version }: Document): Version {
    return new Map([...version].filter(([branch]) => isOwn(branch, this.#keyHex)))
  }

  countIn(document: Document): number {
    this.#look()
    return this.#counts.get(document) ?? 0
  }

  get total(): number {
    this.#look()
    return this.#total
  }

  /** Those in which it wrote something. */
  get documents(): Iterable<Document> {
    this.#look()
    return this.#counts.keys()
  }

  #look(): void {
    for (const document of this.#touched) this.#set(document, this.#count(document))
    this.#touched.clear()
  }

  #count({ version }: Document): number {
    let count = 0
    for (const [branch, end] of version) if (isOwn(branch, this.#keyHex)) count += end
    return count
  }

  #set(document: Document, count: number): void {
    this.#total += count - (this.#counts.get(document) ?? 0)
    if (count === 0) this.#counts.delete(document)
    else this.#counts.set(document, count)
  }
}
