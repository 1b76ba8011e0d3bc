// The documents of one space, each opened once, so that the list can say what is in them and the page can show one at once.

import type { Space } from 'joinery'
import { type Begun, beginnings } from './edits.ts'
import type { AnyDocument } from './notes.ts'

interface Entry {
  readonly opening: Promise<AnyDocument>
  document?: AnyDocument
  offs: (() => void)[]
}

export class Shelf {
  readonly #space: Space
  readonly #onChange: (name: string) => void
  readonly #entries = new Map<string, Entry>()

  /** `onChange` is told the name of each document that was opened or whose value changed. */
  constructor(space: Space, onChange: (name: string) => void) {
    this.#space = space
    this.#onChange = onChange
  }

  /** The document, opened if it is not yet; begun as `kind` if it is empty. */
  async open(name: string, kind?: Begun): Promise<AnyDocument> {
    const kept = this.#entries.get(name)
    if (kept) return kept.opening
    const init = kind === undefined ? {} : { init: beginnings[kind]() }
    const entry: Entry = { opening: this.#space.open<Record<string, unknown>>(name, init), offs: [] }
    this.#entries.set(name, entry)
    try {
      const document = await entry.opening
      if (this.#entries.get(name) !== entry) document.close() // The shelf was closed meanwhile.
      entry.document = document
      entry.offs = [document.subscribe(() => this.#onChange(name)), document.on('close', () => this.#forget(name))]
      this.#onChange(name)
      return document
    } catch (error) {
      this.#forget(name)
      throw error
    }
  }

  /** What is in a document that has been opened; undefined before that. */
  value(name: string): unknown {
    return this.#entries.get(name)?.document?.value
  }

  close(): void {
    for (const [name, { document }] of [...this.#entries]) {
      this.#forget(name)
      document?.close()
    }
  }

  #forget(name: string): void {
    for (const off of this.#entries.get(name)?.offs ?? []) off()
    this.#entries.delete(name)
  }
}
