// Presence in one document, as whoever has it open sees it. What it shows of itself goes with its handle.

import type { Off } from '../base/emitter.ts'
import type { DocName } from '../sync/messages.ts'
import type { Json } from '../sync/presence.ts'
import type { Presence, Present } from './api.ts'
import { ObservableValue } from './observable.ts'
import type { SpacePresence } from './presence.ts'

export class DocPresence implements Presence {
  readonly #space: SpacePresence
  readonly #document: DocName
  readonly #others: ObservableValue<readonly Present[]>
  readonly #off: Off
  readonly #assertOpen: () => void
  #isShown = false

  constructor(
    space: SpacePresence,
    document: DocName,
    { onThrow, assertOpen }: { readonly onThrow: (error: unknown) => void; readonly assertOpen: () => void },
  ) {
    this.#space = space
    this.#document = document
    this.#assertOpen = assertOpen
    this.#others = new ObservableValue<readonly Present[]>(() => Object.freeze([...space.of(document)]), equal, onThrow)
    this.#off = space.onChange(() => {
      this.#others.touch()
      this.#others.tell()
    })
  }

  get current(): readonly Present[] {
    return this.#others.current
  }

  get own(): Json | undefined {
    return this.#isShown ? this.#space.own(this.#document) : undefined
  }

  readonly subscribe = (listener: (others: readonly Present[]) => void): Off => this.#others.subscribe(listener)

  set(state: unknown): void {
    this.#assertOpen()
    this.#space.set(this.#document, state)
    this.#isShown = state !== undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly Present[]> {
    return this.#others[Symbol.asyncIterator]()
  }

  close(): void {
    if (this.#isShown) this.#space.set(this.#document, undefined)
    this.#isShown = false
    this.#off()
    this.#others.close()
  }
}

function equal(a: readonly Present[], b: readonly Present[]): boolean {
  return a.length === b.length && a.every((present, index) => present === b[index])
}
