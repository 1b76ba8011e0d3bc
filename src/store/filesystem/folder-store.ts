// The store in a folder, on whatever disk it is handed. One process at a time; everything in it is readable by its owner alone.
//
//   <folder>/lock  incarnation  manifest  log/  torn/  shelf/          what is in them: the files beside this one

import { toHex } from '../../base/bytes.ts'
import type { Off } from '../../base/emitter.ts'
import { limits } from '../../base/limits.ts'
import { checkKey, checkRecords, checkSize, checkStream, checkUpTo, closedError } from '../checks.ts'
import { GroupQueue } from '../group-queue.ts'
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
} from '../store.ts'
import type { Disk, Host } from './disk.ts'
import { makeFolder, storeError } from './files.ts'
import { Home } from './home.ts'
import { decodeKeyPair, encodeKeyPair } from './key-pair.ts'
import { type FolderLock, takeLock } from './lock.ts'
import { Log, type LogGroup } from './log.ts'
import { Shelf } from './shelf.ts'

export interface FolderStoreOptions {
  /** Size at which the next segment is begun. */
  readonly segmentBytes?: number
}

/** Opens stores in folders of a disk; a missing folder is made. Rejects 'store-locked', 'store-denied', 'store-full', 'store-newer', 'store-failed'. */
export function folderStore(host: Host, options: FolderStoreOptions = {}): StoreFactory {
  return async (path) => {
    let lock: FolderLock | undefined
    try {
      const folder = host.disk.resolve(path)
      makeFolder(host.disk, folder)
      lock = takeLock(host, folder)
      return new FolderStore(host, folder, lock, options)
    } catch (error) {
      release(lock)
      throw storeError(error, path)
    }
  }
}

function release(lock: FolderLock | undefined): void {
  // Twice, since a lock that stays keeps this very process out as long as it lives.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      lock?.release()
      return
    } catch {
      // A lock that cannot be removed is free when this process ends.
    }
  }
}

class FolderStore implements Store {
  readonly kind = 'filesystem'
  readonly writer: string
  readonly #disk: Disk
  readonly #folder: string
  readonly #lock: FolderLock
  readonly #log: Log
  readonly #home: Home
  readonly #shelf: Shelf
  readonly #queue: GroupQueue<LogGroup | 'carry' | 'separate'>
  readonly #leased = new Set<number>()
  readonly #lost = Promise.withResolvers<void>()
  #isCarrying = false
  #closing: Promise<void> | undefined

  constructor(host: Host, folder: string, lock: FolderLock, options: FolderStoreOptions) {
    this.writer = toHex(host.random.bytes(8))
    this.#disk = host.disk
    this.#folder = folder
    this.#lock = lock
    const segmentBytes = options.segmentBytes ?? limits.segmentBytes
    // Read before anything is altered: a folder of a newer joinery stays as it is.
    const expectations = Home.expectations(host, folder)
    this.#log = new Log(host, folder, { segmentBytes, holds: lock.holds, ...expectations })
    const { damages, base, cursor, isHomeForeign } = this.#log
    const { succeeds } = lock
    this.#home = new Home(host, folder, { damages, base, isHomeForeign, hasData: cursor > 0, cursor, succeeds })
    this.#shelf = new Shelf(host, host.disk.join(folder, 'shelf'))
    this.#queue = new GroupQueue((items) => this.#commit(items), limits.segmentBytes)
  }

  get incarnation(): string {
    return this.#home.incarnation
  }

  async append(records: readonly StoreRecord[], options: AppendOptions): Promise<void> {
    this.#check()
    const sizeBytes = checkRecords(records)
    if (records.length === 0) return
    const data = records.map(({ stream, bytes, common }) => ({ type: 'data', stream, bytes, common }) as const)
    await this.#queue.push({ records: data, strict: options.durability === 'strict' }, sizeBytes)
  }

  async streams(): Promise<readonly StreamName[]> {
    this.#check()
    return this.#log.streams()
  }

  async read(stream: StreamName): Promise<Loaded> {
    this.#check()
    checkStream(stream)
    return this.#words(() => this.#log.read(stream))
  }

  async marks(): Promise<ReadonlyMap<StreamName, string | undefined>> {
    this.#check()
    return this.#log.marks()
  }

  async compact(stream: StreamName, snapshot: Uint8Array, upTo: Cursor): Promise<void> {
    this.#check()
    checkStream(stream)
    checkUpTo(upTo, this.#log.cursor)
    const sizeBytes = checkSize(stream, snapshot)
    if (!this.#log.wantsSnapshot(stream, upTo)) return
    const packed = await this.#pack(snapshot)
    this.#check() // It may have been closed meanwhile.
    await this.#queue.push({ records: [{ type: 'snapshot', stream, ...packed, upTo }], strict: true }, sizeBytes)
  }

  /** A snapshot rests for long, so it is compressed where that is any use. */
  async #pack(bytes: Uint8Array): Promise<{ readonly bytes: Uint8Array; readonly deflated: boolean }> {
    const deflated = await this.#disk.codec?.deflate(bytes)
    return deflated !== undefined && deflated.length < bytes.length
      ? { bytes: deflated, deflated: true }
      : { bytes, deflated: false }
  }

  async separate(): Promise<void> {
    this.#check()
    await this.#queue.push('separate', 0)
  }

  async drop(stream: StreamName): Promise<void> {
    this.#check()
    checkStream(stream)
    await this.#queue.push({ records: [{ type: 'drop', stream, bytes: new Uint8Array(0) }], strict: true }, 0)
  }

  cursor(): Cursor {
    return this.#log.cursor
  }

  /** Nobody else can write: one process has the folder. */
  async tail(): Promise<{ readonly records: readonly StoredRecord[]; readonly cursor: Cursor }> {
    this.#check()
    return { records: [], cursor: this.#log.cursor }
  }

  onHint(): Off {
    return () => {}
  }

  async lease(): Promise<Lease> {
    this.#check()
    let instance = this.#home.firstInstance
    while (this.#leased.has(instance)) instance++
    this.#leased.add(instance)
    this.#words(() => this.#home.use(instance))
    return { instance, lost: this.#lost.promise, release: async () => void this.#leased.delete(instance) }
  }

  /** At once: whoever has the folder leads. */
  async lead(signal: AbortSignal): Promise<Leadership> {
    this.#check()
    signal.throwIfAborted()
    return { lost: this.#lost.promise, release: async () => {} }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check()
    checkKey(key)
    return this.#words(() => this.#shelf.get(key))
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.#check()
    checkKey(key)
    this.#words(() => this.#shelf.set(key, value))
  }

  async setOnce(key: string, value: Uint8Array): Promise<Uint8Array> {
    this.#check()
    checkKey(key)
    return this.#words(() => this.#shelf.setOnce(key, value))
  }

  async delete(key: string): Promise<void> {
    this.#check()
    checkKey(key)
    this.#words(() => this.#shelf.delete(key))
  }

  async keys(prefix: string): Promise<readonly string[]> {
    this.#check()
    return this.#words(() => this.#shelf.keys(prefix))
  }

  async keyPair(name: string, make: MakeKeyPair): Promise<CryptoKeyPair> {
    const key = `key-pair/${name}`
    const kept = await this.get(key)
    return decodeKeyPair(kept ?? (await this.setOnce(key, await encodeKeyPair(await make({ extractable: true })))))
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.#queue.idle()
    try {
      if ((await this.#log.close()) && this.#lock.holds()) this.#home.rest(this.#log.cursor)
    } catch {
      // A courtesy to the next opening: without it, a log that is cut meanwhile is not missed.
    }
    release(this.#lock)
  }

  async #commit(items: readonly (LogGroup | 'carry' | 'separate')[]): Promise<void> {
    const groups = items.filter((item) => typeof item !== 'string')
    try {
      if (items.includes('separate')) await this.#log.separate()
      if (groups.length > 0) await this.#log.commit(groups)
      if (items.includes('carry')) await this.#carry()
    } finally {
      if (this.#log.failed !== undefined) this.#fail()
    }
    this.#carryLater()
  }

  /** Compaction goes in small steps, each behind whatever was appended before it, as long as there is something to do. */
  #carryLater(): void {
    if (this.#isCarrying || this.#closing !== undefined || !this.#log.isSparse) return
    this.#isCarrying = true
    const over = (): void => {
      this.#isCarrying = false
      this.#carryLater()
    }
    this.#queue.push('carry', 0).then(over, over)
  }

  async #carry(): Promise<void> {
    try {
      await this.#log.carry()
    } catch {
      // No room, or the disk failed: then `failed` says so, and else nothing was asked of us that was not done.
    }
  }

  /** What reached the disk is unknown, so what we wrote last may be gone later: this actor's next seq could be used twice. */
  #fail(): void {
    try {
      // A folder that is no longer ours is not written to, and holds nothing of ours to doubt.
      if (this.#lock.holds()) this.#home.doubt()
    } catch {
      // The disk that failed may refuse this too; then only the peers that saw a later tip can tell.
    }
    this.#lost.resolve()
  }

  #words<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw storeError(error, this.#folder)
    }
  }

  #check(): void {
    if (this.#closing !== undefined) throw closedError(this.#folder)
  }
}
