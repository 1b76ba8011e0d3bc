// What other tabs on the same store appended to its log, read in order, one reading at a time. The cursor says how far this tab has read.

import type { Store, StoredRecord, StreamName } from '../store/store.ts'

export interface TailOptions {
  readonly store: Store
  readonly isClosing: () => boolean
  /** Records of one stream that another tab appended. */
  readonly take: (stream: StreamName, records: readonly StoredRecord[]) => Promise<void>
  /** All was taken. */
  readonly taken: () => Promise<void>
  /** What cannot be read, as what a newer joinery wrote in another tab, must not be compacted away by one that goes on without it. */
  readonly unreadable: (cause: unknown) => void
  readonly failed: (cause: unknown) => void
}

export class Tail {
  readonly #options: TailOptions
  #reading: Promise<void> = Promise.resolve()
  #cursor: number
  #unread = false

  constructor(options: TailOptions) {
    this.#options = options
    this.#cursor = options.store.cursor()
  }

  /** All that the store holds now was read otherwise. */
  begin(): void {
    this.#cursor = this.#options.store.cursor()
  }

  /** Reads what other tabs appended. False if not all of it is read: nothing may be put in its place. */
  readonly catchUp = async (): Promise<boolean> => {
    await this.inTurn(() => this.#read())
    return !this.#options.isClosing()
  }

  /** What other tabs did is taken note of one thing after another. */
  inTurn(act: () => Promise<void>): Promise<void> {
    this.#reading = this.#reading
      .then(() => (this.#options.isClosing() ? undefined : act()))
      .catch((cause: unknown) => this.#options.failed(cause))
    return this.#reading
  }

  async #read(): Promise<void> {
    const { store, take, taken, unreadable } = this.#options
    try {
      const { records, cursor } = await store.tail(this.#cursor)
      this.#cursor = cursor
      const streams = Map.groupBy(records, ({ stream }) => stream)
      for (const [stream, own] of streams) await take(stream, own)
    } catch (cause) {
      return unreadable(cause)
    }
    await taken()
  }

  /** This tab appended: the log's cursor covers that only once it read what others wrote before it. */
  async passOwn(): Promise<void> {
    this.#unread = true
    await this.catchUp()
    this.#unread = false
  }

  /** Whether somebody who read the log up to `cursor` has read all that this tab wrote. */
  readonly seenAll = (cursor: number): boolean => !this.#unread && cursor >= this.#options.store.cursor()

  /** Resolves when nothing is being read. */
  get settled(): Promise<void> {
    return this.#reading
  }
}
