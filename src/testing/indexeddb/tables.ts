// What a database holds, as values that never alter: each transaction works on drafts of its tables, and what it commits is a new state beside the
// old. So an abort is to forget a draft, and what a power cut leaves is one of the states that there were.

import { assert } from '../../base/assert.ts'
import { compareKeys, type Key, keyAt, keyOf, type SimulatedKeyRange } from './keys.ts'

export interface Entry {
  readonly key: Key
  readonly value: unknown
}

/** An entry as an index has it: under another key than its own. */
export interface IndexEntry extends Entry {
  readonly primaryKey: Key
}

export interface TableState {
  readonly keyPath: string | undefined
  readonly autoIncrement: boolean
  /** What the next key is that the database gives. */
  readonly nextKey: number
  readonly indexes: ReadonlyMap<string, string | readonly string[]>
  /** In the order of their keys. */
  readonly entries: readonly Entry[]
}

export interface DatabaseState {
  readonly version: number
  readonly tables: ReadonlyMap<string, TableState>
}

export const emptyDatabase: DatabaseState = { version: 0, tables: new Map() }

/** Entries by the keys of an index, made when asked for. */
const indexed = new WeakMap<readonly Entry[], Map<string, readonly IndexEntry[]>>()

export class TableDraft {
  readonly #before: TableState
  #nextKey: number
  #indexes: ReadonlyMap<string, string | readonly string[]>
  #entries: readonly Entry[]
  /** The same as #entries once this draft has its own. */
  #own: Entry[] | undefined

  constructor(before: TableState) {
    this.#before = before
    this.#nextKey = before.nextKey
    this.#indexes = before.indexes
    this.#entries = before.entries
  }

  /** What it became: the same value where nothing was written. */
  get state(): TableState {
    if (this.#own === undefined && this.#indexes === this.#before.indexes) return this.#before
    return { ...this.#before, nextKey: this.#nextKey, indexes: this.#indexes, entries: this.#entries }
  }

  addIndex(name: string, keyPath: string | readonly string[]): void {
    this.#indexes = new Map([...this.#indexes, [name, keyPath]])
  }

  /** Writes a value that is nobody else's, and tells its key. Throws a ConstraintError where one stands already and must not be replaced. */
  write(value: unknown, given: Key | undefined, how: 'add' | 'put'): Key {
    const key = given ?? this.#keyFor(value)
    if (this.#before.autoIncrement && typeof key === 'number')
      this.#nextKey = Math.max(this.#nextKey, Math.floor(key) + 1)
    const entries = this.#writable()
    const at = firstFrom(entries, key)
    const isThere = isAt(entries, at, key)
    if (isThere && how === 'add') throw new DOMException(`${String(key)} stands there already`, 'ConstraintError')
    entries.splice(at, isThere ? 1 : 0, { key, value })
    return key
  }

  delete(range: SimulatedKeyRange): void {
    const [start, end] = span(this.#entries, range)
    this.#writable().splice(start, end - start)
  }

  /** In the order of their keys. */
  within(range: SimulatedKeyRange): readonly Entry[] {
    return this.#entries.slice(...span(this.#entries, range))
  }

  /** All of it by the keys of an index, or by its own. */
  by(index: string | undefined): readonly IndexEntry[] {
    const known = indexed.get(this.#entries) ?? new Map<string, readonly IndexEntry[]>()
    indexed.set(this.#entries, known)
    const name = index ?? ''
    const made = known.get(name) ?? this.#sorted(index)
    known.set(name, made)
    return made
  }

  #sorted(index: string | undefined): readonly IndexEntry[] {
    if (index === undefined) return this.#entries.map(({ key, value }) => ({ key, primaryKey: key, value }))
    const path = this.#indexes.get(index)
    assert(path !== undefined, `there is no index ${index}`)
    const entries = this.#entries.flatMap(({ key: primaryKey, value }) => {
      const key = keyAt(value, path)
      return key === undefined ? [] : [{ key, primaryKey, value }]
    })
    return entries.sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.primaryKey, b.primaryKey))
  }

  #keyFor(value: unknown): Key {
    const { keyPath, autoIncrement } = this.#before
    const inside = keyPath === undefined ? undefined : keyAt(value, keyPath)
    if (inside !== undefined) return inside
    if (!autoIncrement || typeof value !== 'object' || value === null)
      throw new DOMException('There is no key.', 'DataError')
    const key = this.#nextKey++
    if (keyPath !== undefined) Reflect.set(value, keyPath, key)
    return keyOf(key)
  }

  #writable(): Entry[] {
    this.#own ??= [...this.#entries]
    this.#entries = this.#own
    indexed.delete(this.#own)
    return this.#own
  }
}

/** Where the entries of a range stand among sorted ones: from start to before end. */
export function span(entries: readonly Entry[], range: SimulatedKeyRange): [start: number, end: number] {
  const start = firstThat(entries, ({ key }) => !range.isAbove(key))
  return [
    start,
    Math.max(
      start,
      firstThat(entries, ({ key }) => range.isBelow(key)),
    ),
  ]
}

/** The first of sorted entries that is so, where all behind it are so too. */
export function firstThat<One>(entries: readonly One[], isSo: (entry: One) => boolean): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = entries[middle]
    if (entry !== undefined && isSo(entry)) high = middle
    else low = middle + 1
  }
  return low
}

function firstFrom(entries: readonly Entry[], key: Key): number {
  return firstThat(entries, (entry) => compareKeys(entry.key, key) >= 0)
}

function isAt(entries: readonly Entry[], at: number, key: Key): boolean {
  const entry = entries[at]
  return entry !== undefined && compareKeys(entry.key, key) === 0
}
