// A store in a browser's IndexedDB. Tabs of one origin open the same database side by side: each appends for itself, the keys of the log put
// all in one order, a BroadcastChannel says when to look. No transaction waits for anything but the database, or it would commit half-way.

import { toHex } from '../base/bytes.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import type { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { checkRecords, checkSize, checkStream, checkUpTo, closedError } from './checks.ts'
import { Commits } from './indexeddb/commits.ts'
import { type Database, databaseError, openDatabase } from './indexeddb/database.ts'
import { LastCalls, Notes } from './indexeddb/last-words.ts'
import { Leader, type LeaderMessage } from './indexeddb/leader.ts'
import { holdInstance } from './indexeddb/locks.ts'
import { type Row, unpackRows } from './indexeddb/packs.ts'
import { askToPersist, usageOfSite } from './indexeddb/room.ts'
import { Shelf } from './indexeddb/shelf.ts'
import { every, pageHost, type TabChannel, type TabHost } from './indexeddb/tab-host.ts'
import { endOfLog } from './indexeddb/transactions.ts'
import { Turns } from './indexeddb/turns.ts'
import type {
  AppendOptions,
  Cursor,
  LastWords,
  Leadership,
  Lease,
  Loaded,
  MakeKeyPair,
  Store,
  StoredRecord,
  StoreFactory,
  StoreRecord,
  StreamName,
  Usage,
} from './store.ts'

/** @internal What stands for the page in tests. */
export type IndexeddbStoreOptions = Partial<TabHost>

/**
 * Opens stores in IndexedDB; the path is part of the database's name. Rejects 'no-indexeddb' where the browser gives none, 'store-newer' (a
 * newer joinery wrote it; it stays as it is), 'store-full', 'store-locked' (a tab holds an older version open).
 *
 * @example
 * const peer = await openPeer({ store: indexeddbStore(), path: 'joinery' })
 */
export function indexeddbStore(): StoreFactory
/** @internal */
export function indexeddbStore(options: IndexeddbStoreOptions): StoreFactory
export function indexeddbStore(options: IndexeddbStoreOptions = {}): StoreFactory {
  return async (path) => {
    const name = `joinery:${path}`
    const gone = Promise.withResolvers<string>()
    const host = { ...pageHost(), ...options }
    const calls = new LastCalls()
    const database = await openDatabase(name, { host, lastCall: () => calls.call(), onGone: gone.resolve })
    try {
      const transaction = database.transaction(['packs', 'meta'])
      transaction.done.catch(() => {}) // The requests tell.
      const [end, incarnation] = await Promise.all([
        endOfLog(transaction),
        transaction.objectStore('meta').get('incarnation'),
      ])
      const opened = { name, database, calls, end, incarnation: String(incarnation), gone: gone.promise }
      return new IndexeddbStore(opened, host)
    } catch (error) {
      database.close()
      throw databaseError(error, name)
    }
  }
}

interface Opened {
  readonly name: string
  readonly database: Database
  readonly calls: LastCalls
  readonly end: Cursor
  readonly incarnation: string
  readonly gone: Promise<string>
}

type Message = 'appended' | LeaderMessage

class IndexeddbStore implements Store {
  readonly kind = 'indexeddb'
  readonly incarnation: string
  readonly writer: string
  readonly lastWords: LastWords
  readonly #name: string
  readonly #host: TabHost
  readonly #database: Database
  readonly #commits: Commits
  readonly #shelf: Shelf
  readonly #channel: TabChannel
  readonly #leader: Leader
  readonly #hints = new Emitter<{ hint: undefined }>()
  readonly #lost = Promise.withResolvers<void>()
  readonly #closed = new AbortController()
  readonly #leases = new Set<Lease | Leadership>()
  readonly #offs: Off[] = []
  #seen: Cursor
  #failed: JoineryError | undefined
  #closing: Promise<void> | undefined

  constructor({ name, database, calls, end, incarnation, gone }: Opened, host: TabHost) {
    this.#name = name
    this.#host = host
    this.writer = toHex(host.random.bytes(8))
    this.#database = database
    this.incarnation = incarnation
    this.#seen = end
    const turns = new Turns()
    this.#shelf = new Shelf(database, turns, (action) => this.#attempt(action))
    this.#commits = new Commits({
      name,
      database,
      turns,
      writer: this.writer,
      failed: () => this.#failed,
      fail: (cause) => this.#fail(cause),
      outdated: () => this.#leader.resign(),
      done: (keys) => this.#wrote(keys),
    })
    this.#channel = host.channel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data)
    this.#leader = new Leader({
      name: `${name}:leader`,
      host,
      post: (message) => this.#post(message),
      begin: async (isLost) => this.#commits.lead(await this.#shelf.beginTerm(isLost)),
    })
    const notes = new Notes(name, host.notes)
    this.lastWords = {
      onCall: (listener) => calls.on(listener),
      leave: (instance, note) => notes.leave(instance, note),
      find: (instance) => notes.find(instance),
    }
    this.#watch(host, calls, turns)
    void gone.then((why) => this.#fail(new Error(why)))
  }

  /** Hints may be lost, with the tab that meant to give one or while this one slept: we look by ourselves, too. */
  #watch({ clock, life }: TabHost, calls: LastCalls, turns: Turns): void {
    const hint = (): void => this.#hints.emit('hint', undefined)
    const look = (): void => void ((life.isVisible() || this.#leader.leads) && hint())
    const callIfHidden = (): void => void (life.isVisible() || calls.call())
    this.#offs.push(
      every(clock, limits.tailLookMs, look),
      life.onWake(() => {
        turns.wake()
        hint()
      }),
      life.onSleep((how) => {
        void calls.call()
        if (how === 'frozen') turns.sleep()
      }),
      life.onVisibility(callIfHidden),
    )
  }

  async append(records: readonly StoreRecord[], options: AppendOptions): Promise<void> {
    this.#check()
    const sizeBytes = checkRecords(records)
    if (records.length === 0) return
    const strict = options.durability === 'strict'
    await this.#commits.append(records, { strict, sizeBytes })
    // Somebody has written something here: now it is worth asking.
    if (strict) askToPersist(this.#host.storage)
  }

  async streams(): Promise<readonly StreamName[]> {
    return this.#shelf.read('packs', async (packs) => {
      const streams: StreamName[] = []
      let cursor = await packs.index('stream').openKeyCursor(null, 'nextunique')
      for (; cursor !== null; cursor = await cursor.continue()) streams.push(cursor.key)
      return streams
    })
  }

  async marks(): Promise<ReadonlyMap<StreamName, string>> {
    return this.#shelf.read('packs', async (packs) => {
      const rows = new Map<StreamName, { last: Cursor; count: number }>()
      let cursor = await packs.index('stream').openKeyCursor()
      for (; cursor !== null; cursor = await cursor.continue())
        rows.set(cursor.key, { last: cursor.primaryKey, count: (rows.get(cursor.key)?.count ?? 0) + 1 })
      return new Map([...rows].map(([stream, { last, count }]) => [stream, `${last}.${count}`]))
    })
  }

  async read(stream: StreamName): Promise<Loaded> {
    checkStream(stream)
    const rows = await this.#shelf.read('packs', (packs) => packs.index('stream').getAll(stream))
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
    await this.#commits.asLeader({ type: 'compact', stream, snapshot, upTo }, checkSize(stream, snapshot))
  }

  async separate(): Promise<void> {
    this.#check()
  }

  async drop(stream: StreamName): Promise<void> {
    this.#check()
    checkStream(stream)
    await this.#commits.asLeader({ type: 'drop', stream }, 0)
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
    const held = await holdInstance(this.#host.locks, `${this.#name}:actor`)
    const mark = await this.#shelf.beginLease(held.instance).catch(async (error: unknown) => {
      await held.release()
      throw error
    })
    const off = this.#commits.holdLease(mark)
    const release = (): Promise<void> => {
      off()
      return held.release()
    }
    return this.#keep({ ...held, release })
  }

  async lead(signal: AbortSignal): Promise<Leadership> {
    this.#check()
    return this.#keep(await this.#leader.lead(AbortSignal.any([signal, this.#closed.signal])))
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#shelf.get(key)
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.#shelf.set(key, value)
  }

  async setOnce(key: string, value: Uint8Array): Promise<Uint8Array> {
    return this.#shelf.setOnce(key, value)
  }

  async delete(key: string): Promise<void> {
    await this.#shelf.delete(key)
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return this.#shelf.keys(prefix)
  }

  async keyPair(name: string, make: MakeKeyPair): Promise<CryptoKeyPair> {
    return this.#shelf.keyPair(name, make)
  }

  usage(): Promise<Usage> {
    return usageOfSite(this.#host.storage)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.#commits.idle()
    this.#closed.abort(closedError(this.#name))
    for (const off of this.#offs) off()
    this.#leader.close()
    await Promise.all([...this.#leases].map((lease) => lease.release()))
    this.#database.close()
    this.#channel.close()
    this.#hints.clear()
  }

  #wrote(keys: readonly Cursor[]): void {
    // Other tabs' rows may lie between what we saw and what we wrote: then only `tail` moves us on.
    const [first] = keys
    if (first === this.#seen + 1) this.#seen = keys.at(-1) ?? this.#seen
    this.#post('appended')
  }

  #rowsAfter(cursor: Cursor): Promise<Row[]> {
    return this.#shelf.read('packs', async (packs) => {
      const rows: Row[] = []
      for (let last: Cursor | undefined = cursor; last !== undefined; ) {
        const some: Row[] = await packs.getAll(IDBKeyRange.lowerBound(last, true), rowsAtOnce)
        for (const row of some) rows.push(row)
        last = some.length < rowsAtOnce ? undefined : some.at(-1)?.cursor
      }
      return rows
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
