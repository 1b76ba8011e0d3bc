// The files of the segments, and the manifest that names them: begun, written, read, deleted or laid aside. The manifest is written before anything
// depends on it: before the first frame goes into a new segment, and before an old one is deleted.

import { assert, present } from '../../base/assert.ts'
import { isJoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Cursor } from '../store.ts'
import type { Disk, FileHandle, Host } from './disk.ts'
import { prepareSmall, readFile, removeFile, syncError, writeAll } from './files.ts'
import { wholeOf } from './frame.ts'
import { encodeManifest, isOf, seedOf } from './manifest.ts'
import { layAside, type Recovery, segmentPath } from './recovery.ts'
import { decodeHead, encodeHead, segmentHeadBytes } from './segment.ts'
import { SegmentNames } from './segment-names.ts'
import type { Entry, Segment } from './stream-index.ts'

const openFilesMax = 32

/** The bytes of a record as they were appended; undefined if nobody can inflate them here. */
export function contentOf(
  { codec }: Pick<Disk, 'codec'>,
  bytes: Uint8Array,
  deflated: boolean,
): Uint8Array | undefined {
  if (!deflated) return bytes
  try {
    return codec?.inflate(bytes, limits.recordBytes)
  } catch {
    // Their checksum held, and yet: as good as lost.
    return undefined
  }
}

export class Segments {
  readonly #host: Host
  readonly #folder: string
  readonly #base: number
  readonly #readers = new Map<Segment, FileHandle>()
  #all: readonly Segment[]
  /** Numbers are used once, though a segment may never come to be. */
  #lastNumber: number
  #writer: FileHandle = -1
  #names = new SegmentNames(0)

  /** Goes on with the last segment, or begins one. */
  constructor(host: Host, folder: string, { plan, segments, cursor }: Recovery) {
    this.#host = host
    this.#folder = folder
    this.#base = plan.base
    this.#all = [...segments]
    this.#lastNumber = this.#all.at(-1)?.number ?? 0
    this.#clean()
    const last = this.#all.at(-1)
    if (last !== undefined) this.#settle(last)
    // Nothing is written behind damage: what was lost there would not be told from what was never written.
    if (last === undefined || last.damaged) {
      this.begin(cursor)
      return
    }
    if (!plan.isWritten) this.#stand(this.#prepare(this.#all))
    this.#writer = host.disk.open(last.path, 'write-own')
    this.#names = new SegmentNames(last.firstCursor)
  }

  /**
   * What a killed process left unsynced is in the system's memory, and may be nowhere else: from here on it is shown, told to others and built on, so it
   * must be on the platter first (Invariant 8). Segments before the last one were synced when that was begun.
   */
  #settle({ path, damaged }: Segment): void {
    const { disk } = this.#host
    let file: FileHandle = -1
    try {
      file = disk.open(path, 'write-own')
      disk.sync(file)
    } catch (error) {
      // Of what is damaged, or no file at all, it is said that something is missing.
      if (!damaged) throw file < 0 ? error : syncError(this.#folder, error)
    } finally {
      if (file >= 0) disk.close(file)
    }
  }

  get active(): Segment {
    return present(this.#all.at(-1), 'a log has a segment that grows')
  }

  /** Oldest first. */
  get all(): readonly Segment[] {
    return this.#all
  }

  /** What the frames of the active segment call its streams. */
  get names(): SegmentNames {
    return this.#names
  }

  get base(): number {
    return this.#base
  }

  /** Begins a segment for what comes after `cursor`. Where it throws, all is as it was; 'store-failed' if that is not sure. */
  begin(cursor: Cursor): void {
    const { disk } = this.#host
    const number = ++this.#lastNumber
    const head = { number, seed: seedOf(number, this.#base, disk), firstCursor: cursor + 1 }
    const path = segmentPath(this.#host, this.#folder, number)
    const state = { endCursor: undefined, sizeBytes: segmentHeadBytes, live: 0, liveBytes: 0, drops: 0, damaged: false }
    const all = [...this.#all, { ...head, path, ...state }]
    const writer = this.#create(path, encodeHead(head, disk.crc32))
    const before = this.#all.at(-1)
    if (before !== undefined) before.endCursor = cursor
    try {
      this.#stand(this.#prepare(all))
    } catch (error) {
      if (before !== undefined) before.endCursor = undefined
      disk.close(writer)
      // Where it is not sure whether the manifest names it, it stays.
      if (!isJoineryError(error)) disk.remove(path)
      throw error
    }
    if (this.#writer >= 0) disk.close(this.#writer)
    this.#writer = writer
    this.#names = new SegmentNames(head.firstCursor)
    this.#all = all
  }

  /** A new file with a head in it, both on the platter. */
  #create(path: string, head: Uint8Array): FileHandle {
    const { disk } = this.#host
    const file = disk.open(path, 'create')
    try {
      writeAll(disk, file, head, 0)
      disk.sync(file)
      disk.syncFolder(disk.parent(path))
      return file
    } catch (error) {
      disk.close(file)
      disk.remove(path)
      throw error
    }
  }

  /** Appends to the active segment. Where it throws, nothing was appended; 'store-failed' if that is not sure. */
  write(bytes: Uint8Array): void {
    const { active } = this
    try {
      writeAll(this.#host.disk, this.#writer, bytes, active.sizeBytes)
    } catch (error) {
      this.#names.forget()
      this.#retreat()
      throw error
    }
    active.sizeBytes += bytes.length
  }

  /** Cuts a write that failed half-way, and makes sure of it: what was refused must not show after a crash. */
  #retreat(): void {
    const { disk } = this.#host
    try {
      disk.truncate(this.#writer, this.active.sizeBytes)
      disk.sync(this.#writer)
    } catch (error) {
      throw syncError(this.#folder, error)
    }
  }

  /** All that was appended is on the platter. */
  async sync(): Promise<void> {
    try {
      await this.#host.disk.syncData(this.#writer)
    } catch (error) {
      // After a failed fsync the system may call pages clean that never reached the disk: nothing here can be trusted to be durable.
      throw syncError(this.#folder, error)
    }
  }

  /** The bytes of a record as they stand there, undefined if the disk has lost what was whole when it was scanned. */
  read(entry: Entry): Uint8Array | undefined {
    const { disk } = this.#host
    const { segment, offset, length } = entry
    const stored = new Uint8Array(length)
    const count = disk.read(this.#reader(segment), stored, offset)
    return count === length ? wholeOf(stored, entry, segment.seed, disk.crc32) : undefined
  }

  /** Deletes segments that nobody needs; a damaged one is only laid aside. Where it throws, they are still there. */
  delete(freed: readonly Segment[]): void {
    for (const { number, live } of freed) assert(live === 0, `segment ${number} holds ${live} live records`)
    const kept = this.#all.filter((segment) => !freed.includes(segment))
    this.#stand(this.#prepare(kept))
    this.#all = kept
    for (const segment of freed) {
      this.#closeReader(segment)
      if (segment.damaged && this.#host.disk.facts(segment.path) !== undefined) this.#layAside(segment.path)
      else this.#host.disk.remove(segment.path)
    }
  }

  close(): void {
    for (const segment of [...this.#readers.keys()]) this.#closeReader(segment)
    this.#host.disk.close(this.#writer)
  }

  #reader(segment: Segment): FileHandle {
    const known = this.#readers.get(segment)
    if (known !== undefined) return known
    const [oldest] = this.#readers.keys()
    if (oldest !== undefined && this.#readers.size >= openFilesMax) this.#closeReader(oldest)
    const reader = this.#host.disk.open(segment.path, 'read-own')
    this.#readers.set(segment, reader)
    return reader
  }

  #closeReader(segment: Segment): void {
    const reader = this.#readers.get(segment)
    if (reader !== undefined) this.#host.disk.close(reader)
    this.#readers.delete(segment)
  }

  /** Removes what a crash left: segments begun and still empty, or freed and not yet deleted. What is not ours is laid aside. */
  #clean(): void {
    const { disk } = this.#host
    const log = disk.join(this.#folder, 'log')
    const known = new Set(this.#all.map(({ path }) => path))
    const names = disk.list(log).filter((name) => /^\d+\.log$/.test(name))
    for (const path of names.map((name) => disk.join(log, name)).filter((path) => !known.has(path))) {
      if (this.#isLeftover(path)) removeFile(disk, path)
      else this.#layAside(path)
    }
  }

  #isLeftover(path: string): boolean {
    const { disk } = this.#host
    const facts = disk.facts(path)
    if (facts === undefined || facts.type !== 'file') return false
    if (facts.sizeBytes <= segmentHeadBytes) return true
    const head = decodeHead(readFile(disk, path, 'read', segmentHeadBytes), path, disk.crc32)
    return isOf(disk, head, this.#base)
  }

  #layAside(path: string): void {
    layAside(this.#host, this.#folder, path, path.slice(-'000000.log'.length))
  }

  #prepare(segments: readonly Segment[]): string {
    const listed = segments.map(({ number, seed, firstCursor, endCursor }) => ({
      number,
      seed,
      firstCursor,
      endCursor,
    }))
    return prepareSmall(this.#host, this.#manifest, encodeManifest(this.#base, listed))
  }

  #stand(draft: string): void {
    const { disk } = this.#host
    try {
      disk.rename(draft, this.#manifest)
      disk.syncFolder(this.#folder)
    } catch (error) {
      throw syncError(this.#folder, error)
    }
  }

  get #manifest(): string {
    return this.#host.disk.join(this.#folder, 'manifest')
  }
}
