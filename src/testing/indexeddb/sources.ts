// IDBObjectStore, IDBIndex and IDBCursor: what can be asked of a table within a transaction. Left out is what the store has no use for: unique
// and multi-entry indexes, cursors that jump, write, or go backwards by single keys, and the deletion of tables.

import { compareKeys, type Key, keyOf, rangeOf, type SimulatedKeyRange } from './keys.ts'
import type { SimulatedRequest } from './requests.ts'
import { firstThat, type IndexEntry, span } from './tables.ts'
import type { SimulatedTransaction } from './transaction.ts'

type Direction = 'next' | 'nextunique' | 'prev'

/** What tables and indexes have in common. */
abstract class Source {
  readonly name: string
  protected readonly at: SimulatedTransaction
  protected readonly table: string
  readonly #index: string | undefined

  constructor(transaction: SimulatedTransaction, table: string, index?: string) {
    this.name = index ?? table
    this.at = transaction
    this.table = table
    this.#index = index
  }

  get(query: unknown): SimulatedRequest {
    return this.#find('get', query, 1, ([first]) => first && structuredClone(first.value))
  }

  getKey(query: unknown): SimulatedRequest {
    return this.#find('getKey', query, 1, ([first]) => first?.primaryKey)
  }

  getAll(query?: unknown, count?: number): SimulatedRequest {
    return this.#find('getAll', query, count, (found) => found.map(({ value }) => structuredClone(value)))
  }

  getAllKeys(query?: unknown, count?: number): SimulatedRequest {
    return this.#find('getAllKeys', query, count, (found) => found.map(({ primaryKey }) => primaryKey))
  }

  count(query?: unknown): SimulatedRequest {
    return this.#find('count', query, undefined, ({ length }) => length)
  }

  openCursor(query?: unknown, direction: Direction = 'next'): SimulatedRequest {
    return this.#open(query, direction, 'values')
  }

  openKeyCursor(query?: unknown, direction: Direction = 'next'): SimulatedRequest {
    return this.#open(query, direction, 'keys')
  }

  /** All of it, in order, as it is now. */
  entries(): readonly IndexEntry[] {
    return this.at.draft(this.table).by(this.#index)
  }

  #find<Result>(
    name: 'get' | 'getKey' | 'getAll' | 'getAllKeys' | 'count',
    query: unknown,
    count: number | undefined,
    result: (found: readonly IndexEntry[]) => Result,
  ): SimulatedRequest {
    const range = rangeOf(query)
    return this.at.place(name, this.table, this, () => {
      const entries = this.entries()
      const [start, end] = span(entries, range)
      return result(entries.slice(start, count ? Math.min(end, start + count) : end))
    })
  }

  #open(query: unknown, direction: Direction, what: 'keys' | 'values'): SimulatedRequest {
    const range = rangeOf(query)
    const request = this.at.place('openCursor', this.table, this, () => cursor.step())
    const cursor = new SimulatedCursor({ source: this, request, range, direction, what, table: this.table })
    return request
  }
}

/** IDBObjectStore. */
export class SimulatedObjectStore extends Source {
  get transaction(): SimulatedTransaction {
    return this.at
  }

  get keyPath(): string | null {
    return this.at.table(this.table).keyPath ?? null
  }

  get autoIncrement(): boolean {
    return this.at.table(this.table).autoIncrement
  }

  put(value: unknown, key?: unknown): SimulatedRequest {
    return this.#write('put', value, key)
  }

  add(value: unknown, key?: unknown): SimulatedRequest {
    return this.#write('add', value, key)
  }

  delete(query: unknown): SimulatedRequest {
    return this.#delete('delete', rangeOf(query))
  }

  clear(): SimulatedRequest {
    return this.#delete('clear', rangeOf(undefined))
  }

  index(name: string): SimulatedIndex {
    if (!this.at.table(this.table).indexes.has(name))
      throw new DOMException(`there is no index ${name}`, 'NotFoundError')
    return new SimulatedIndex(this.at, this.table, name)
  }

  createIndex(name: string, keyPath: string | readonly string[]): SimulatedIndex {
    this.at.assertActive()
    if (this.at.mode !== 'versionchange') throw new DOMException('Tables stay as they are.', 'InvalidStateError')
    this.at.draft(this.table).addIndex(name, keyPath)
    return this.index(name)
  }

  /** The value is the page's own until here: what it does to it later alters nothing. */
  #write(how: 'add' | 'put', value: unknown, key: unknown): SimulatedRequest {
    this.at.assertActive()
    this.at.assertWritable()
    const own: unknown = structuredClone(value)
    const given = key === undefined ? undefined : keyOf(key)
    return this.at.place(how, this.table, this, () => this.at.draft(this.table).write(own, given, how))
  }

  #delete(name: 'delete' | 'clear', range: SimulatedKeyRange): SimulatedRequest {
    this.at.assertWritable()
    return this.at.place(name, this.table, this, () => this.at.draft(this.table).delete(range))
  }
}

/** IDBIndex. */
export class SimulatedIndex extends Source {}

interface CursorOptions {
  readonly source: Source
  readonly request: SimulatedRequest
  readonly range: SimulatedKeyRange
  readonly direction: Direction
  readonly what: 'keys' | 'values'
  readonly table: string
}

/** IDBCursor: where it stands is a key, so that what is written meanwhile is met or not, as it lies. */
export class SimulatedCursor {
  readonly source: Source
  readonly request: SimulatedRequest
  readonly direction: Direction
  readonly #options: CursorOptions
  #entry: IndexEntry | undefined

  constructor(options: CursorOptions) {
    this.#options = options
    this.source = options.source
    this.request = options.request
    this.direction = options.direction
  }

  get key(): Key | undefined {
    return this.#entry?.key
  }

  get primaryKey(): Key | undefined {
    return this.#entry?.primaryKey
  }

  get value(): unknown {
    return this.#options.what === 'values' ? structuredClone(this.#entry?.value) : undefined
  }

  continue(): void {
    const { request, table } = this.#options
    const transaction = request.transaction as SimulatedTransaction
    transaction.placeAgain(request, 'continue', table, () => this.step())
  }

  /** To the next one: itself, or null at the end. */
  step(): SimulatedCursor | null {
    const { source, range, direction } = this.#options
    const entries = source.entries()
    const [start, end] = span(entries, range)
    const at = direction === 'prev' ? this.#before(entries, end) : Math.max(start, this.#after(entries))
    this.#entry = at >= start && at < end ? entries[at] : undefined
    return this.#entry === undefined ? null : this
  }

  #after(entries: readonly IndexEntry[]): number {
    const stood = this.#entry
    if (stood === undefined) return 0
    const isUnique = this.direction === 'nextunique'
    return firstThat(entries, (entry) => {
      const order = compareKeys(entry.key, stood.key)
      return order > 0 || (order === 0 && !isUnique && compareKeys(entry.primaryKey, stood.primaryKey) > 0)
    })
  }

  #before(entries: readonly IndexEntry[], end: number): number {
    const stood = this.#entry
    if (stood === undefined) return end - 1
    const at = firstThat(entries, (entry) => {
      const order = compareKeys(entry.key, stood.key)
      return order > 0 || (order === 0 && compareKeys(entry.primaryKey, stood.primaryKey) >= 0)
    })
    return Math.min(at, end) - 1
  }
}
