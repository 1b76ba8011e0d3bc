// A store in a folder, for Node. One process at a time; everything in it is readable by its owner alone.
//
//   <folder>/lock  incarnation  manifest  log/  torn/  shelf/          what is in them: ./filesystem/*.ts

import { join, resolve } from 'node:path'
import { toHex } from '../base/bytes.ts'
import type { Off } from '../base/emitter.ts'
import { limits } from '../base/limits.ts'
import { systemRandom } from '../base/random.ts'
import { checkKey, checkRecords, checkSize, checkStream, checkUpTo, closedError } from './checks.ts'
import { makeFolder, storeError } from './filesystem/files.ts'
import { Home } from './filesystem/home.ts'
import { decodeKeyPair, encodeKeyPair } from './filesystem/key-pair.ts'
import { type FolderLock, takeLock } from './filesystem/lock.ts'
import { Log, type LogGroup } from './filesystem/log.ts'
import { Shelf } from './filesystem/shelf.ts'
import { GroupQueue } from './group-queue.ts'
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

export interface FilesystemStoreOptions {
  /** @internal Size at which the next segment is begun; small in tests. */
  readonly segmentBytes?: number
  /** @internal Stands for fdatasync in tests of disks that fail. */
  readonly sync?: (fd: number) => Promise<void>
}

/**
 * Opens stores in folders; a missing folder is made. Rejects 'store-locked' (another process has it), 'store-denied' (it cannot be read and
 * written), 'store-full', 'store-newer' (a newer joinery wrote it; it stays as it is).
 *
 * @example
 * const peer = await openPeer({ store: filesystemStore(), path: './.joinery' })
 */
export function filesystemStore(options: FilesystemStoreOptions = {}): StoreFactory {
  return async (path) => {
    const folder = resolve(path)
    let lock: FolderLock | undefined
    try {
      makeFolder(folder)
      lock = takeLock(folder)
      return new FilesystemStore(folder, lock, options)
    } catch (error) {
      lock?.release()
      throw storeError(error, folder)
    }
  }
}

class FilesystemStore implements Store {
  readonly kind = 'filesystem'
  readonly writer: string = toHex(systemRandom.bytes(8))
  readonly #folder: string
  readonly #lock: FolderLock
  readonly #log: Log
  readonly #home: Home
  readonly #shelf: Shelf
  readonly #queue: GroupQueue<LogGroup>
  readonly #leased = new Set<number>()
  readonly #lost = Promise.withResolvers<void>()
  #closing: Promise<void> | undefined

  constructor(folder: string, lock: FolderLock, options: FilesystemStoreOptions) {
    this.#folder = folder
    this.#lock = lock
    // Before anything is altered: a folder of a newer joinery stays as it is.
    Home.refuseNewer(folder)
    this.#log = new Log(folder, { segmentBytes: limits.segmentBytes, holds: lock.holds, ...options })
    this.#home = new Home(folder, this.#log.damages, this.#log.cursor > 0)
    this.#shelf = new Shelf(join(folder, 'shelf'))
    this.#queue = new GroupQueue((groups) => this.#commit(groups), limits.segmentBytes)
  }

  get incarnation(): string {
    return this.#home.incarnation
  }

  async append(records: readonly StoreRecord[], options: AppendOptions): Promise<void> {
    this.#check()
    const sizeBytes = checkRecords(records)
    if (records.length === 0) return
    const data = records.map(({ stream, bytes }) => ({ type: 'data', stream, bytes }) as const)
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

  async compact(stream: StreamName, snapshot: Uint8Array, upTo: Cursor): Promise<void> {
    this.#check()
    checkStream(stream)
    checkUpTo(upTo, this.#log.cursor)
    const sizeBytes = checkSize(stream, snapshot)
    if (!this.#log.wantsSnapshot(stream, upTo)) return
    await this.#queue.push({ records: [{ type: 'snapshot', stream, bytes: snapshot, upTo }], strict: true }, sizeBytes)
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
    await this.#log.close()
    this.#lock.release()
  }

  async #commit(groups: readonly LogGroup[]): Promise<void> {
    try {
      await this.#log.commit(groups)
    } finally {
      if (this.#log.failed !== undefined) this.#fail()
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
