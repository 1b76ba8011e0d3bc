// A store in a browser's IndexedDB. Tabs of one origin open the same database side by side: each appends for itself, the keys of the log put
// all in one order, a BroadcastChannel says when to look. No transaction waits for anything but the database, or it would commit half-way.

import type { IDBPObjectStore } from 'idb'
import { toHex } from '../base/bytes.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import type { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { systemRandom } from '../base/random.ts'
import { checkKey, checkRecords, checkSize, checkStream, checkUpTo, closedError, outdatedError } from './checks.ts'
import { GroupQueue } from './group-queue.ts'
import { type Database, databaseError, openDatabase, type Tables } from './indexeddb/database.ts'
import { Leader, type LeaderMessage, leaseInstance, pageVisibility, type Visibility } from './indexeddb/leader.ts'
import { type Row, unpackRows } from './indexeddb/packs.ts'
import { appendRows, dropStream, endOfLog, type LogTransaction, replaceRows } from './indexeddb/transactions.ts'
import type {
  AppendOptions,
  Cursor,
  Leadership,
  Lease,
  Loaded,
  MakeKeyPair,
  Store,
  StoredRecord,
  StoreFactory,
  StoreRecord,
  StreamName,
} from './store.ts'

export interface IndexeddbStoreOptions {
  /** @internal Stands for the page's visibility in tests. */
  readonly visibility?: Visibility
}

/**
 * Opens stores in IndexedDB; the path is part of the database's name. Rejects 'no-indexeddb' where the browser gives none, 'store-newer' (a
 * newer joinery wrote it; it stays as it is), 'store-full', 'store-locked' (a tab holds an older version open).
 *
 * @example
 * const peer = await openPeer({ store: indexeddbStore(), path: 'joinery' })
 */
export function indexeddbStore(options: IndexeddbStoreOptions = {}): StoreFactory {
  return async (path) => {
    const name = `joinery:${path}`
    const gone = Promise.withResolvers<string>()
    const database = await openDatabase(name, gone.resolve)
    askToPersist()
    try {
      const transaction = database.transaction(['packs', 'meta'])
      transaction.done.catch(() => {}) // The requests tell.
      const [end, incarnation] = await Promise.all([
        endOfLog(transaction),
        transaction.objectStore('meta').get('incarnation'),
      ])
      return new IndexeddbStore(name, database, { end, incarnation: String(incarnation), gone: gone.promise }, options)
    } catch (error) {
      database.close()
      throw databaseError(error, name)
    }
  }
}

interface Opened {
  readonly end: Cursor
  readonly incarnation: string
  readonly gone: Promise<string>
}

/** What may stand in one group. */
type Job =
  | { readonly type: 'append'; readonly records: readonly StoreRecord[]; readonly strict: boolean }
  | { readonly type: 'compact'; readonly stream: StreamName; readonly snapshot: Uint8Array; readonly upTo: Cursor }
  | { readonly type: 'drop'; readonly stream: StreamName }

type Message = 'appended' | LeaderMessage

class IndexeddbStore implements Store {
  readonly kind = 'indexeddb'
  readonly incarnation: string
  readonly writer: string = toHex(systemRandom.bytes(8))
  readonly #name: string
  readonly #database: Database
  readonly #queue: GroupQueue<Job>
  readonly #channel: BroadcastChannel
  readonly #leader: Leader
  readonly #hints = new Emitter<{ hint: undefined }>()
  readonly #lost = Promise.withResolvers<void>()
  readonly #closed = new AbortController()
  /** Compactions and drops that were refused since another tab leads: the appends that shared their transaction stand. */
  readonly #refused = new WeakSet<Job>()
  readonly #leases = new Set<Lease | Leadership>()
  #seen: Cursor
  #term: number | undefined
  #failed: JoineryError | undefined
  #closing: Promise<void> | undefined

  constructor(name: string, database: Database, opened: Opened, options: IndexeddbStoreOptions) {
    this.#name = name
    this.#database = database
    this.incarnation = opened.incarnation
    this.#seen = opened.end
    this.#queue = new GroupQueue((jobs) => this.#commit(jobs), limits.segmentBytes)
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data)
    this.#leader = new Leader({
      name: `${name}:leader`,
      visibility: options.visibility ?? pageVisibility,
      post: (message) => this.#post(message),
      begin: () => this.#beginTerm(),
    })
    void opened.gone.then((why) => this.#fail(new Error(why)))
  }

  async append(records: readonly StoreRecord[], options: AppendOptions): Promise<void> {
    this.#check()
    const sizeBytes = checkRecords(records)
    if (records.length === 0) return
    await this.#queue.push({ type: 'append', records, strict: options.durability === 'strict' }, sizeBytes)
  }

  async streams(): Promise<readonly StreamName[]> {
    return this.#read('packs', async (packs) => {
      const streams: StreamName[] = []
      let cursor = await packs.index('stream').openKeyCursor(null, 'nextunique')
      for (; cursor !== null; cursor = await cursor.continue()) streams.push(cursor.key)
      return streams
    })
  }

  async read(stream: StreamName): Promise<Loaded> {
    checkStream(stream)
    const rows = await this.#read('packs', (packs) => packs.index('stream').getAll(stream))
    const packs = unpackRows(rows)
    const ordered = [
      ...packs.filter(({ upTo }) => upTo !== undefined),
      ...packs.filter(({ upTo }) => upTo === undefined),
    ]
    return {
      records: ordered.flatMap(({ records }) => records ?? []),
      degraded: packs.some(({ records }) => records === undefined),
    }
  }

  async compact(stream: StreamName, snapshot: Uint8Array, upTo: Cursor): Promise<void> {
    this.#check()
    checkStream(stream)
    checkUpTo(upTo, this.#seen)
    await this.#asLeader({ type: 'compact', stream, snapshot, upTo }, checkSize(stream, snapshot))
  }

  async drop(stream: StreamName): Promise<void> {
    this.#check()
    checkStream(stream)
    await this.#asLeader({ type: 'drop', stream }, 0)
  }

  cursor(): Cursor {
    return this.#seen
  }

  async tail(cursor: Cursor): Promise<{ readonly records: readonly StoredRecord[]; readonly cursor: Cursor }> {
    const rows = await this.#rowsAfter(cursor)
    const end = Math.max(cursor, rows.at(-1)?.cursor ?? 0)
    if (cursor <= this.#seen) this.#seen = Math.max(this.#seen, end)
    // A snapshot is news only where it replaced something this tab never saw.
    const packs = unpackRows(rows.filter(({ writer, upTo = Infinity }) => writer !== this.writer && upTo > cursor))
    const records = packs.flatMap(({ stream, writer, cursor, records = [] }) =>
      records.map((bytes): StoredRecord => ({ stream, writer, cursor, bytes })),
    )
    return { records, cursor: end }
  }

  onHint(listener: () => void): Off {
    return this.#hints.on('hint', listener)
  }

  async lease(): Promise<Lease> {
    this.#check()
    return this.#keep(await leaseInstance(`${this.#name}:actor`))
  }

  async lead(signal: AbortSignal): Promise<Leadership> {
    this.#check()
    return this.#keep(await this.#leader.lead(AbortSignal.any([signal, this.#closed.signal])))
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key)
    return this.#read('shelf', (shelf) => shelf.get(key))
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    checkKey(key)
    await this.#write('shelf', (table) => table.put(value, key))
  }

  async setOnce(key: string, value: Uint8Array): Promise<Uint8Array> {
    checkKey(key)
    return this.#write('shelf', async (table) => {
      const standing = await table.get(key)
      if (standing === undefined) await table.put(value, key)
      return standing ?? value.slice()
    })
  }

  async delete(key: string): Promise<void> {
    checkKey(key)
    await this.#write('shelf', (table) => table.delete(key))
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const keys = await this.#read('shelf', (shelf) => shelf.getAllKeys())
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  async keyPair(name: string, make: MakeKeyPair): Promise<CryptoKeyPair> {
    checkKey(name)
    const kept = await this.#read('keyPairs', (pairs) => pairs.get(name))
    if (kept !== undefined) return kept
    // Made before the transaction, which must not wait for it; another tab may be quicker, then its keys stand.
    const made = await make({ extractable: false })
    return this.#write('keyPairs', async (table) => {
      const standing = await table.get(name)
      if (standing === undefined) await table.put(made, name)
      return standing ?? made
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.#queue.idle()
    this.#closed.abort(closedError(this.#name))
    this.#leader.close()
    await Promise.all([...this.#leases].map((lease) => lease.release()))
    this.#database.close()
    this.#channel.close()
    this.#hints.clear()
  }

  /** One transaction for all jobs of a group, in their order: all of it is there, or none. */
  async #commit(jobs: readonly Job[]): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed
    const isStrict = jobs.some((job) => job.type !== 'append' || job.strict)
    let keys: readonly Cursor[] = []
    try {
      const durability = isStrict ? 'strict' : 'relaxed'
      const transaction = this.#database.transaction(['packs', 'meta'], 'readwrite', { durability })
      const work = this.#run(jobs, transaction).catch((error: unknown) => {
        abort(transaction)
        throw error
      })
      // Only `complete` means written: a request may succeed and the commit fail.
      const results = await Promise.allSettled([work, transaction.done])
      for (const result of results) if (result.status === 'rejected') throw transaction.error ?? result.reason
      keys = await work
    } catch (error) {
      const known = databaseError(error, this.#name)
      throw known.code === 'store-full' ? known : this.#fail(error)
    }
    // Other tabs' rows may lie between what we saw and what we wrote: then only `tail` moves us on.
    const [first] = keys
    if (first === this.#seen + 1) this.#seen = keys.at(-1) ?? this.#seen
    this.#post('appended')
  }

  async #run(jobs: readonly Job[], transaction: LogTransaction): Promise<readonly Cursor[]> {
    const keys: Cursor[] = []
    let waiting: StoreRecord[] = []
    // Appends that follow one another are packed together.
    const flush = async (): Promise<void> => {
      const records = waiting
      waiting = []
      for (const key of await appendRows(transaction, this.writer, records)) keys.push(key)
    }
    for (const job of jobs) {
      if (job.type === 'append') {
        for (const record of job.records) waiting.push(record)
        continue
      }
      await flush()
      if (await this.#isOutdated(transaction)) this.#refused.add(job)
      else if (job.type === 'drop') await dropStream(transaction, job.stream)
      else keys.push(...(await replaceRows(transaction, this.writer, job)))
    }
    const last = flush()
    transaction.commit() // Nothing more comes: the database need not ask.
    await last
    return keys
  }

  async #asLeader(job: Job, sizeBytes: number): Promise<void> {
    await this.#queue.push(job, sizeBytes)
    if (this.#refused.has(job)) throw outdatedError(this.#name)
  }

  /** Whether another tab has led since we did. Asked within the transaction that deletes, so no leader can begin in between. */
  async #isOutdated(transaction: LogTransaction): Promise<boolean> {
    return this.#term !== undefined && (await transaction.objectStore('meta').get('term')) !== this.#term
  }

  async #beginTerm(): Promise<void> {
    this.#term = await this.#write('meta', async (table) => {
      const term = Number((await table.get('term')) ?? 0) + 1
      await table.put(term, 'term')
      return term
    })
  }

  #rowsAfter(cursor: Cursor): Promise<Row[]> {
    return this.#read('packs', async (packs) => {
      const rows: Row[] = []
      for (let last: Cursor | undefined = cursor; last !== undefined; ) {
        const some: Row[] = await packs.getAll(IDBKeyRange.lowerBound(last, true), rowsAtOnce)
        for (const row of some) rows.push(row)
        last = some.length < rowsAtOnce ? undefined : some.at(-1)?.cursor
      }
      return rows
    })
  }

  async #read<Name extends 'packs' | 'shelf' | 'keyPairs', T>(
    name: Name,
    act: (table: IDBPObjectStore<Tables, [Name], Name, 'readonly'>) => Promise<T>,
  ): Promise<T> {
    return this.#attempt(() => {
      const transaction = this.#database.transaction(name)
      transaction.done.catch(() => {}) // What it read is told by the requests; it may still be cut off after the last.
      return act(transaction.store)
    })
  }

  /** A strict transaction on one table; `act` waits for nothing but that table. */
  async #write<Name extends 'shelf' | 'keyPairs' | 'meta', T>(
    name: Name,
    act: (table: IDBPObjectStore<Tables, [Name], Name, 'readwrite'>) => Promise<T>,
  ): Promise<T> {
    return this.#attempt(async () => {
      const transaction = this.#database.transaction(name, 'readwrite', { durability: 'strict' })
      const [result] = await Promise.all([act(transaction.store), transaction.done])
      return result
    })
  }

  async #attempt<T>(action: () => Promise<T>): Promise<T> {
    this.#check()
    if (this.#failed !== undefined) throw this.#failed
    try {
      return await action()
    } catch (error) {
      throw this.#failed ?? databaseError(error, this.#name)
    }
  }

  /** Ends all leases too: who lost the database writes nothing more (Invariant 11). */
  #fail(cause: unknown): JoineryError {
    this.#failed ??= databaseError(cause, this.#name)
    this.#lost.resolve()
    return this.#failed
  }

  #keep<Kept extends Lease | Leadership>(lease: Kept): Kept {
    const release = async (): Promise<void> => {
      this.#leases.delete(kept)
      await lease.release()
    }
    const kept: Kept = { ...lease, lost: Promise.race([lease.lost, this.#lost.promise]), release }
    this.#leases.add(kept)
    return kept
  }

  #hear(message: Message): void {
    if (message === 'appended') this.#hints.emit('hint', undefined)
    else this.#leader.hear(message)
  }

  #post(message: Message): void {
    if (!this.#closed.signal.aborted) this.#channel.postMessage(message)
  }

  #check(): void {
    if (this.#closing !== undefined) throw closedError(this.#name)
  }
}

const rowsAtOnce = 256

function abort(transaction: LogTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It has ended already, which is what was wanted.
  }
}

let asked = false

/** Asks the browser, once, not to clear this site's data by itself. It may say no. */
function askToPersist(): void {
  if (asked) return
  asked = true
  void navigator.storage?.persist?.().catch(() => false)
}
