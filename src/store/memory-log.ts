// The log of a store in memory: what stands in one stream, and what was appended after some cursor, is found without a look at the rest.

import type { Cursor, StoredRecord, StreamName } from './store.ts'

export interface Entry extends StoredRecord {
  /** Of a snapshot: the cursor it reaches to. */
  readonly upTo?: Cursor
}

export class MemoryLog {
  readonly #byCursor = new Map<Cursor, Entry>()
  readonly #byStream = new Map<StreamName, Entry[]>()
  #end: Cursor = 0

  /** The cursor of what was appended last. */
  get end(): Cursor {
    return this.#end
  }

  get streams(): Iterable<StreamName> {
    return this.#byStream.keys()
  }

  /** What stands in a stream, in the order in which it was appended. */
  of(stream: StreamName): readonly Entry[] {
    return this.#byStream.get(stream) ?? []
  }

  after(cursor: Cursor): Entry[] {
    const entries: Entry[] = []
    for (let at = Math.max(cursor, 0) + 1; at <= this.#end; at++) {
      const entry = this.#byCursor.get(at)
      if (entry !== undefined) entries.push(entry)
    }
    return entries
  }

  append(entry: Omit<Entry, 'cursor'>): void {
    this.#add({ ...entry, cursor: ++this.#end })
  }

  #add(entry: Entry): void {
    this.#byCursor.set(entry.cursor, entry)
    const own = this.#byStream.get(entry.stream)
    if (own === undefined) this.#byStream.set(entry.stream, [entry])
    else own.push(entry)
  }

  /** Sets it back to what it once was: its end stays, as another writer may have seen it. */
  setBack(entries: readonly Entry[]): void {
    this.#byCursor.clear()
    this.#byStream.clear()
    for (const entry of entries) this.#add(entry)
  }

  /** Takes out some of what stands in a stream. */
  remove(stream: StreamName, isOld: (entry: Entry) => boolean): void {
    const own = this.of(stream)
    for (const entry of own) if (isOld(entry)) this.#byCursor.delete(entry.cursor)
    const left = own.filter((entry) => !isOld(entry))
    if (left.length > 0) this.#byStream.set(stream, left)
    else this.#byStream.delete(stream)
  }

  /** Forgets what was appended after a cursor: it was not synced when the power was cut. */
  cut(synced: Cursor): void {
    for (const { stream } of this.after(synced)) this.remove(stream, ({ cursor }) => cursor > synced)
  }
}
