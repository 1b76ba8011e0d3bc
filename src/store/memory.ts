// A store that forgets when the process ends. Stores opened at the same path of the same disk share their data, as tabs of a browser do, so
// tests can close and reopen, run tabs side by side, fill the disk and cut the power. It keeps the contract of the other two.

import { toHex } from '../base/bytes.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { checkKey, checkRecords, checkSize, checkStream, checkUpTo, closedError, outdatedError } from './checks.ts'
import { GroupQueue } from './group-queue.ts'
import { type Entry, MemoryLog } from './memory-log.ts'
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

export interface MemoryDiskOptions {
  /** Makes incarnations; seeded in simulations. */
  readonly random?: Random
  /** Awaited before each group counts as written: a simulator's slow disk. */
  readonly sync?: () => Promise<void>
}

/** What holds the data of memory stores, and outlives them. */
export interface MemoryDisk {
  /** While true every append is refused with 'store-full'. */
  full: boolean
  /**
   * Ends everything open at `path` as a crash would: what was not acknowledged is lost, leases are free. A 'power' cut loses relaxed appends
   * after the last strict one too.
   */
  crash(path: string, how?: 'process' | 'power'): void
  /** @internal */
  readonly volume: (path: string) => Volume
  /** @internal */
  readonly options: Required<MemoryDiskOptions>
}

interface Volume {
  readonly path: string
  readonly incarnation: string
  readonly log: MemoryLog
  /** All of the log, to be looked at, harmed, or set back to. */
  entries: readonly Entry[]
  synced: Cursor
  writers: number
  term: number
  leader: MemoryStore | undefined
  /** Those waiting to lead, first come first served. */
  candidates: (() => void)[]
  readonly shelf: Map<string, Uint8Array>
  readonly keyPairs: Map<string, CryptoKeyPair>
  readonly leased: Map<number, MemoryStore>
  readonly open: Set<MemoryStore>
}

/**
 * A new empty disk: what is opened at the same path of it again finds its data.
 *
 * @example
 * const disk = memoryDisk()
 * const first = await openPeer({ store: memoryStore(disk), path: 'ada' })
 * await first.close()
 * const again = await openPeer({ store: memoryStore(disk), path: 'ada' })
 * console.log(again.id === first.id) // true
 */
export function memoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const random = options.random ?? systemRandom
  const volumes = new Map<string, Volume>()
  const volume = (path: string): Volume => {
    const found = volumes.get(path) ?? emptyVolume(path, toHex(random.bytes(16)))
    volumes.set(path, found)
    return found
  }
  return {
    full: false,
    crash: (path, how = 'process') => crash(volume(path), how),
    volume,
    options: { random, sync: options.sync ?? (() => Promise.resolve()) },
  }
}

/**
 * Opens stores that live in memory.
 *
 * @example
 * const disk = memoryDisk()
 * const peer = await openPeer({ store: memoryStore(disk) })
 */
export function memoryStore(disk: MemoryDisk = memoryDisk()): StoreFactory {
  return async (path) => new MemoryStore(disk, disk.volume(path))
}

function emptyVolume(path: string, incarnation: string): Volume {
  const log = new MemoryLog()
  return {
    path,
    incarnation,
    log,
    get entries() {
      return log.after(0)
    },
    set entries(entries) {
      log.setBack(entries)
    },
    synced: 0,
    writers: 0,
    term: 0,
    leader: undefined,
    candidates: [],
    shelf: new Map(),
    keyPairs: new Map(),
    leased: new Map(),
    open: new Set(),
  }
}

function crash(volume: Volume, how: 'process' | 'power'): void {
  for (const store of [...volume.open]) store.crash()
  if (how === 'power') volume.log.cut(volume.synced)
}

type Job =
  | { readonly type: 'append'; readonly records: readonly StoreRecord[]; readonly strict: boolean }
  | Compaction
  | { readonly type: 'drop'; readonly stream: StreamName; outdated: boolean }

interface Compaction {
  readonly type: 'compact'
  readonly stream: StreamName
  readonly snapshot: Uint8Array
  readonly upTo: Cursor
  /** Set when it was refused because another writer leads: it must not take down the appends that share its group. */
  outdated: boolean
}

class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly writer: string
  readonly #disk: MemoryDisk
  readonly #volume: Volume
  readonly #queue: GroupQueue<Job>
  readonly #hints = new Emitter<{ hint: undefined }>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #lost = Promise.withResolvers<void>()
  #open = true
  #closing = false
  #seen: Cursor
  #term: number | undefined

  constructor(disk: MemoryDisk, volume: Volume) {
    this.#disk = disk
    this.#volume = volume
    this.#seen = volume.log.end
    this.writer = `${volume.incarnation.slice(0, 8)}-${++volume.writers}`
    this.#queue = new GroupQueue((jobs) => this.#commit(jobs), limits.segmentBytes)
    volume.open.add(this)
  }

  get incarnation(): string {
    return this.#volume.incarnation
  }

  async append(records: readonly StoreRecord[], options: AppendOptions): Promise<void> {
    this.#check()
    const sizeBytes = checkRecords(records)
    if (records.length === 0) return
    const copies = records.map(({ stream, bytes }) => ({ stream, bytes: bytes.slice() }))
    await this.#queue.push({ type: 'append', records: copies, strict: options.durability === 'strict' }, sizeBytes)
  }

  async streams(): Promise<readonly StreamName[]> {
    this.#check()
    return [...this.#volume.log.streams]
  }

  async read(stream: StreamName): Promise<Loaded> {
    this.#check()
    checkStream(stream)
    const own = this.#volume.log.of(stream)
    const ordered = [...own.filter(isSnapshot), ...own.filter((entry) => !isSnapshot(entry))]
    return { records: ordered.map(({ bytes }) => bytes.slice()), degraded: false }
  }

  async marks(): Promise<ReadonlyMap<StreamName, string>> {
    this.#check()
    const { log } = this.#volume
    const markOf = (entries: readonly Entry[]): string => `${entries.at(-1)?.cursor}.${entries.length}`
    return new Map([...log.streams].map((stream) => [stream, markOf(log.of(stream))]))
  }

  async compact(stream: StreamName, snapshot: Uint8Array, upTo: Cursor): Promise<void> {
    this.#check()
    checkStream(stream)
    checkUpTo(upTo, this.#volume.log.end)
    const job: Compaction = { type: 'compact', stream, snapshot: snapshot.slice(), upTo, outdated: false }
    await this.#queue.push(job, checkSize(stream, snapshot))
    if (job.outdated) throw outdatedError(this.#volume.path)
  }

  async separate(): Promise<void> {
    this.#check()
  }

  async drop(stream: StreamName): Promise<void> {
    this.#check()
    checkStream(stream)
    const job: Job = { type: 'drop', stream, outdated: false }
    await this.#queue.push(job, 0)
    if (job.outdated) throw outdatedError(this.#volume.path)
  }

  cursor(): Cursor {
    return this.#seen
  }

  async tail(cursor: Cursor): Promise<{ readonly records: readonly StoredRecord[]; readonly cursor: Cursor }> {
    this.#check()
    const { log } = this.#volume
    const others = log.after(cursor).filter(({ writer }) => writer !== this.writer)
    // A snapshot is news only where it replaced something this writer never saw.
    const news = others.filter(({ upTo }) => upTo === undefined || upTo > cursor)
    if (cursor <= this.#seen) this.#seen = log.end
    return { records: news.map((entry) => ({ ...entry, bytes: entry.bytes.slice() })), cursor: log.end }
  }

  onHint(listener: () => void): Off {
    return this.#hints.on('hint', listener)
  }

  async lease(): Promise<Lease> {
    this.#check()
    const { leased } = this.#volume
    let instance = 0
    while (leased.has(instance)) instance++
    leased.set(instance, this)
    const release = async (): Promise<void> => {
      if (leased.get(instance) === this) leased.delete(instance)
    }
    return { instance, lost: this.#lost.promise, release }
  }

  async lead(signal: AbortSignal): Promise<Leadership> {
    this.#check()
    while (this.#volume.leader !== undefined) {
      await turn(this.#volume, AbortSignal.any([signal, this.#abortedAtEnd()]))
      this.#check()
    }
    this.#volume.leader = this
    this.#term = ++this.#volume.term
    return { lost: this.#lost.promise, release: async () => this.#abdicate() }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check()
    checkKey(key)
    return this.#volume.shelf.get(key)?.slice()
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.#checkRoom()
    checkKey(key)
    this.#volume.shelf.set(key, value.slice())
  }

  async setOnce(key: string, value: Uint8Array): Promise<Uint8Array> {
    this.#checkRoom()
    checkKey(key)
    const standing = this.#volume.shelf.get(key) ?? value.slice()
    this.#volume.shelf.set(key, standing)
    return standing.slice()
  }

  async delete(key: string): Promise<void> {
    this.#check()
    checkKey(key)
    this.#volume.shelf.delete(key)
  }

  async keys(prefix: string): Promise<readonly string[]> {
    this.#check()
    return [...this.#volume.shelf.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async keyPair(name: string, make: MakeKeyPair): Promise<CryptoKeyPair> {
    this.#check()
    checkKey(name)
    const { keyPairs } = this.#volume
    const made = keyPairs.get(name) ?? (await make({ extractable: false }))
    // Another tab may have been quicker while the keys were made: the first stand.
    const standing = keyPairs.get(name) ?? made
    keyPairs.set(name, standing)
    return standing
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    await this.#queue.idle()
    this.#end()
  }

  /** Ends at once: nothing that waits is written. */
  crash(): void {
    this.#closing = true
    this.#end()
    this.#lost.resolve()
  }

  #end(): void {
    this.#open = false
    this.#volume.open.delete(this)
    for (const [instance, store] of this.#volume.leased) if (store === this) this.#volume.leased.delete(instance)
    this.#abdicate()
    this.#hints.clear()
    this.#ended.resolve()
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    await this.#disk.options.sync()
    if (!this.#open) throw closedError(this.#volume.path)
    if (jobs.some(({ type }) => type !== 'drop')) this.#refuseIfFull()
    for (const job of jobs) this.#apply(job)
    for (const other of this.#volume.open)
      if (other !== this) queueMicrotask(() => other.#hints.emit('hint', undefined))
  }

  #apply(job: Job): void {
    const volume = this.#volume
    const before = volume.log.end
    if (job.type === 'append') {
      for (const record of job.records) volume.log.append({ ...record, writer: this.writer })
      if (job.strict) volume.synced = volume.log.end
    } else if (this.#term !== undefined && this.#term !== volume.term) {
      job.outdated = true
    } else if (job.type === 'compact') {
      this.#replace(job)
    } else {
      volume.log.remove(job.stream, () => true)
    }
    // Others' records may lie between what we saw and what we wrote: then only `tail` moves us on.
    if (this.#seen === before) this.#seen = volume.log.end
  }

  #replace({ stream, snapshot, upTo }: Compaction): void {
    const volume = this.#volume
    const { log } = volume
    const isOld = (entry: Entry): boolean => (entry.upTo ?? entry.cursor) <= upTo
    const reachesFurther = log.of(stream).some((entry) => (entry.upTo ?? -1) > upTo)
    if (reachesFurther || !log.of(stream).some(isOld)) return
    log.remove(stream, isOld)
    log.append({ stream, bytes: snapshot, upTo, writer: this.writer })
    volume.synced = log.end
  }

  #abdicate(): void {
    if (this.#volume.leader !== this) return
    this.#volume.leader = undefined
    this.#volume.candidates.shift()?.()
  }

  #abortedAtEnd(): AbortSignal {
    const controller = new AbortController()
    void this.#ended.promise.then(() => controller.abort(closedError(this.#volume.path)))
    return controller.signal
  }

  #check(): void {
    if (!this.#open || this.#closing) throw closedError(this.#volume.path)
  }

  #checkRoom(): void {
    this.#check()
    this.#refuseIfFull()
  }

  #refuseIfFull(): void {
    if (this.#disk.full) throw new JoineryError('store-full', `The memory disk of ${this.#volume.path} is full.`)
  }
}

function isSnapshot(entry: Entry): boolean {
  return entry.upTo !== undefined
}

/** Resolves when leadership may be free; rejects with the signal's reason. */
function turn(volume: Volume, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      volume.candidates = volume.candidates.filter((candidate) => candidate !== onTurn)
      reject(signal.reason)
    }
    const onTurn = (): void => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    volume.candidates.push(onTurn)
  })
}
