// The log: segments in a folder, one of them growing. Appends go to its end and nothing else is ever altered; compaction appends too, and
// deletes whole segments once nothing in them is live.
//
//   manifest ── names ──► log/000001.log  log/000004.log  log/000005.log (active)      torn/: what crashes cut off

import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { assert, present } from '../../base/assert.ts'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { isJoineryError, JoineryError, messageOf } from '../../base/errors.ts'
import { systemRandom } from '../../base/random.ts'
import type { Cursor, Loaded, StreamName } from '../store.ts'
import {
  absentIfMissing,
  isFull,
  makeFolder,
  readSmall,
  removeFile,
  storeError,
  syncFolder,
  writeSmall,
} from './files.ts'
import {
  decodeHead,
  encodeFrame,
  encodeHead,
  type FrameRecord,
  isIntact,
  type Placed,
  type Scan,
  type SegmentHead,
  scanSegment,
  segmentHeadBytes,
} from './segment.ts'
import { type Segment, StreamIndex } from './stream-index.ts'

/** One atomic group on its way to disk. */
export interface LogGroup {
  readonly records: readonly FrameRecord[]
  readonly strict: boolean
}

export interface LogOptions {
  readonly segmentBytes: number
  /** Asked at most once a second before writing: may we still write here? */
  readonly holds: () => boolean
  /** fdatasync; another one in tests of disks that fail. */
  readonly sync?: (fd: number) => Promise<void>
}

const openFilesMax = 32
const tornFilesMax = 16
const healthMs = 1000
/** The seed of a segment whose head is damaged and that no manifest knows: its frames cannot be checked. */
const unreadable = -1

export class Log {
  readonly #folder: string
  readonly #options: LogOptions
  readonly #sync: (fd: number) => Promise<void>
  readonly #index = new StreamIndex()
  readonly #readers = new Map<Segment, number>()
  #segments: Segment[] = []
  #writer = -1
  #cursor: Cursor = 0
  /** Bytes were written since the last sync. */
  #dirty = false
  #healthyAt = systemClock.monotonic()
  #failed: JoineryError | undefined

  /** Opens the log in `folder`, or makes one. Throws 'store-newer' before anything is altered. */
  constructor(folder: string, options: LogOptions) {
    this.#folder = folder
    this.#options = options
    this.#sync = options.sync ?? promisify(fs.fdatasync)
    const manifest = this.#readManifest()
    const heads = this.#plan(manifest)
    for (const name of ['log', 'torn']) makeFolder(join(folder, name))
    for (const [i, head] of heads.entries()) this.#load(head, heads[i + 1])
    if (manifest?.length !== heads.length) this.#writeManifest(this.#segments)
    this.#clean()
    const last = this.#segments.at(-1)
    if (last === undefined || !isReadable(last)) this.#begin()
    else this.#writer = fs.openSync(last.path, 'r+')
  }

  get cursor(): Cursor {
    return this.#cursor
  }

  /** Why nothing is taken any more. */
  get failed(): JoineryError | undefined {
    return this.#failed
  }

  get damages(): number {
    return this.#index.damages
  }

  streams(): readonly StreamName[] {
    return this.#index.streams()
  }

  wantsSnapshot(stream: StreamName, upTo: Cursor): boolean {
    return this.#index.wantsSnapshot(stream, upTo)
  }

  /** Synchronous, so that no compaction can come between an entry and its bytes. What it reads was just written or just scanned. */
  read(stream: StreamName): Loaded {
    const records: Uint8Array[] = []
    let isLost = false
    for (const entry of this.#index.entries(stream)) {
      const bytes = new Uint8Array(entry.length)
      const count = fs.readSync(this.#reader(entry.segment), bytes, 0, entry.length, entry.offset)
      // The disk may have lost what was whole when it was scanned.
      if (count === entry.length && isIntact(bytes, entry.sum, entry.segment.seed)) records.push(bytes)
      else isLost = true
    }
    return { records, degraded: isLost || this.#index.isDegraded(stream) }
  }

  /** Writes groups with one write and, if any is strict, one fdatasync: all of them, or none. */
  async commit(groups: readonly LogGroup[]): Promise<void> {
    this.#checkHealth()
    if (this.#active.sizeBytes >= this.#options.segmentBytes) await this.#rotate()
    const frames = this.#encode(groups)
    if (frames.length === 0) return
    this.#write(
      frames.length === 1 ? present(frames[0], 'one').bytes : concatBytes(...frames.map(({ bytes }) => bytes)),
    )
    if (groups.some(({ strict }) => strict)) await this.#syncActive()
    let isCompaction = false
    for (const record of frames.flatMap(({ records }) => records)) {
      this.#index.apply(record, this.#active)
      this.#cursor = record.cursor
      isCompaction ||= record.type !== 'data'
    }
    if (isCompaction) this.#free()
  }

  /** Ends it: everything handed to the system is synced first. Never throws. */
  async close(): Promise<void> {
    try {
      if (this.#failed === undefined) await this.#syncActive()
    } catch {
      // Only relaxed appends can be concerned: they never promised more.
    }
    for (const fd of [this.#writer, ...this.#readers.values()]) fs.closeSync(fd)
    this.#readers.clear()
  }

  get #active(): Segment {
    return present(this.#segments.at(-1), 'a log has a segment that grows')
  }

  // ---- opening

  /** What segments there are to load, in order. Reads only, so that a newer store stays as it is. */
  #plan(manifest: readonly SegmentHead[] | undefined): readonly SegmentHead[] {
    const files = absentIfMissing(() => fs.readdirSync(join(this.#folder, 'log'))) ?? []
    const found = files
      .filter((name) => /^\d+\.log$/.test(name))
      .map((name) => this.#readHead(Number.parseInt(name, 10)))
      .sort((a, b) => a.number - b.number)
    // Without a manifest the files speak for themselves. Behind it stand only segments begun when a crash came: empty, or it is an old one.
    if (manifest === undefined) return found
    const last = manifest.at(-1)?.number ?? 0
    return [
      ...manifest,
      ...found.filter(({ number, seed }) => number > last && seed !== unreadable && !this.#isEmpty(number)),
    ]
  }

  #readManifest(): SegmentHead[] | undefined {
    try {
      const bytes = readSmall(join(this.#folder, 'manifest'))
      if (bytes === undefined) return undefined
      return (JSON.parse(new TextDecoder().decode(bytes)) as { segments: SegmentHead[] }).segments
    } catch (error) {
      if (isJoineryError(error, 'store-damaged')) return undefined
      throw error
    }
  }

  #readHead(number: number): SegmentHead {
    const path = this.#path(number)
    const fd = fs.openSync(path, 'r')
    try {
      const bytes = new Uint8Array(segmentHeadBytes)
      const head = decodeHead(bytes.subarray(0, fs.readSync(fd, bytes)), path)
      return head === undefined ? { number, seed: unreadable, firstCursor: 0 } : { ...head, number }
    } finally {
      fs.closeSync(fd)
    }
  }

  #isEmpty(number: number): boolean {
    return fs.statSync(this.#path(number)).size <= segmentHeadBytes
  }

  #load(head: SegmentHead, next: SegmentHead | undefined): void {
    const path = this.#path(head.number)
    const bytes = absentIfMissing(() => fs.readFileSync(path)) ?? new Uint8Array(0)
    const segment: Segment = { ...head, path, sizeBytes: bytes.length, live: 0, drops: 0, damaged: false }
    this.#cursor = Math.max(this.#cursor, head.firstCursor - 1)
    this.#segments.push(segment)
    if (!isReadable(segment)) this.#lose(segment, next?.firstCursor)
    else this.#replay(segment, bytes, scanSegment(bytes, head.seed, next === undefined), next)
  }

  #replay(segment: Segment, bytes: Uint8Array, scan: Scan, next: SegmentHead | undefined): void {
    const holes = [...scan.holes]
    for (const record of scan.records) {
      while (holes[0] !== undefined && holes[0].start < record.offset) this.#lose(segment, holes.shift()?.cursor)
      this.#cursor = Math.max(this.#cursor, record.cursor)
      const content = bytes.subarray(record.offset, record.offset + record.length)
      if (isIntact(content, record.sum, segment.seed)) this.#index.apply(record, segment)
      else this.#damage(segment, record.stream, record.cursor)
    }
    for (const hole of holes) this.#lose(segment, hole.cursor ?? next?.firstCursor)
    if (scan.tornAt !== undefined) this.#cutTorn(segment, bytes, scan.tornAt)
  }

  /** Notes a hole: it may have held records of anyone, up to the next cursor that is known. */
  #lose(segment: Segment, nextCursor: Cursor | undefined): void {
    // Where nothing tells how many were lost, they were fewer than bytes: cursors are skipped rather than used twice.
    const most = Math.max(segment.sizeBytes, this.#options.segmentBytes)
    this.#cursor = nextCursor ? Math.max(this.#cursor, nextCursor - 1) : this.#cursor + most
    this.#damage(segment, undefined, this.#cursor)
  }

  #damage(segment: Segment, stream: StreamName | undefined, cursor: Cursor): void {
    segment.damaged = true
    this.#index.damage(stream, cursor)
  }

  /** A write that a crash cut short was never acknowledged: it goes, but a copy is kept. */
  #cutTorn(segment: Segment, bytes: Uint8Array, at: number): void {
    const folder = join(this.#folder, 'torn')
    try {
      for (const name of fs
        .readdirSync(folder)
        .sort()
        .slice(0, -(tornFilesMax - 1)))
        removeFile(join(folder, name))
      fs.writeFileSync(join(folder, `${basename(segment.path)}-${at}`), bytes.subarray(at), { mode: 0o600 })
    } catch (error) {
      if (!isFull(error)) throw error // A full disk must not keep a store from opening for the sake of a courtesy.
    }
    const fd = fs.openSync(segment.path, 'r+')
    try {
      fs.ftruncateSync(fd, at)
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
    segment.sizeBytes = at
  }

  /** Removes what a crash left: segments begun and still empty, or freed and not yet deleted. */
  #clean(): void {
    const known = new Set(this.#segments.map(({ path }) => basename(path)))
    for (const name of fs.readdirSync(join(this.#folder, 'log'))) {
      if (!known.has(name)) removeFile(join(this.#folder, 'log', name))
    }
  }

  // ---- writing

  #encode(groups: readonly LogGroup[]): { readonly bytes: Uint8Array; readonly records: readonly Placed[] }[] {
    const { seed } = this.#active
    const dropped = new Set<StreamName>()
    const frames: { readonly bytes: Uint8Array; readonly records: readonly Placed[] }[] = []
    let cursor = this.#cursor + 1
    let offset = this.#active.sizeBytes
    for (const { records } of groups) {
      // A snapshot of a stream that was dropped meanwhile must not bring it back.
      const wanted = records.filter((record) => record.type !== 'snapshot' || this.#wants(record, dropped))
      for (const record of wanted) if (record.type === 'drop') dropped.add(record.stream)
      if (wanted.length === 0) continue
      const frame = encodeFrame(wanted, { cursor, offset, seed })
      frames.push(frame)
      cursor += wanted.length
      offset += frame.bytes.length
    }
    return frames
  }

  #wants(record: FrameRecord & { type: 'snapshot' }, dropped: ReadonlySet<StreamName>): boolean {
    return !dropped.has(record.stream) && this.#index.wantsSnapshot(record.stream, record.upTo)
  }

  #write(bytes: Uint8Array): void {
    const { sizeBytes } = this.#active
    try {
      // One call for all but the rarest writes: the system may take less than it is given.
      for (let at = 0; at < bytes.length; ) {
        at += fs.writeSync(this.#writer, bytes, at, bytes.length - at, sizeBytes + at)
      }
    } catch (error) {
      this.#retreat(sizeBytes)
      throw isFull(error) ? storeError(error, this.#folder) : this.#fail(error)
    }
    this.#active.sizeBytes = sizeBytes + bytes.length
    this.#dirty = true
  }

  /** Cuts a write that failed half-way, so that later ones stand right after the last good group. */
  #retreat(sizeBytes: number): void {
    try {
      fs.ftruncateSync(this.#writer, sizeBytes)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #syncActive(): Promise<void> {
    if (!this.#dirty) return
    try {
      await this.#sync(this.#writer)
      this.#dirty = false
    } catch (error) {
      // After a failed fsync the system may call pages clean that never reached the disk: nothing here can be trusted to be durable.
      throw this.#fail(error)
    }
  }

  #fail(cause: unknown): JoineryError {
    const words = `The disk under ${this.#folder} failed, nothing more is taken: check it and open the store again. (${messageOf(cause)})`
    this.#failed ??= new JoineryError('store-failed', words, { cause })
    return this.#failed
  }

  #checkHealth(): void {
    if (this.#failed !== undefined) throw this.#failed
    const now = systemClock.monotonic()
    if (now - this.#healthyAt < healthMs) return
    // Invariant 11: who lost the folder writes nothing more to it.
    if (!this.#options.holds()) throw this.#fail(new Error('the folder was removed, or its lock taken'))
    this.#healthyAt = now
  }

  // ---- segments

  async #rotate(): Promise<void> {
    await this.#syncActive() // Order on disk: nothing of the next segment is durable before all of this one.
    const writer = this.#writer
    this.#begin()
    fs.closeSync(writer)
  }

  /** Begins a new segment: the file first, then the manifest that names it. */
  #begin(): void {
    const head = { number: (this.#segments.at(-1)?.number ?? 0) + 1, seed: randomU32(), firstCursor: this.#cursor + 1 }
    const path = this.#path(head.number)
    try {
      fs.writeFileSync(path, encodeHead(head), { mode: 0o600, flush: true })
      syncFolder(join(this.#folder, 'log'))
      const sizeBytes = segmentHeadBytes
      const segments = [...this.#segments, { ...head, path, sizeBytes, live: 0, drops: 0, damaged: false }]
      this.#writeManifest(segments)
      this.#writer = fs.openSync(path, 'r+')
      this.#segments = segments
    } catch (error) {
      throw storeError(error, this.#folder)
    }
  }

  /** Deletes segments in which nothing is live. Their replacement is durable by now, since compactions are strict. */
  #free(): void {
    const isOldest = (segment: Segment): boolean => segment === this.#segments[0]
    // A damaged segment is never deleted: it is what tells that something is missing.
    const isNeeded = (segment: Segment): boolean =>
      segment.damaged || segment.live > 0 || (segment.drops > 0 && !isOldest(segment))
    for (;;) {
      const freed = this.#segments.filter((segment) => segment !== this.#active && !isNeeded(segment))
      if (freed.length === 0) return
      const kept = this.#segments.filter((segment) => !freed.includes(segment))
      try {
        this.#writeManifest(kept)
      } catch (error) {
        if (isFull(error)) return // They stay until the next compaction.
        throw this.#fail(error)
      }
      this.#segments = kept
      for (const segment of freed) this.#remove(segment)
    }
  }

  #remove(segment: Segment): void {
    assert(segment.live === 0, `segment ${segment.number} holds ${segment.live} live records`)
    const fd = this.#readers.get(segment)
    if (fd !== undefined) fs.closeSync(fd)
    this.#readers.delete(segment)
    fs.rmSync(segment.path, { force: true })
  }

  #writeManifest(segments: readonly Segment[]): void {
    const heads = segments.map(({ number, seed, firstCursor }): SegmentHead => ({ number, seed, firstCursor }))
    writeSmall(join(this.#folder, 'manifest'), utf8(JSON.stringify({ segments: heads })))
  }

  #reader(segment: Segment): number {
    const known = this.#readers.get(segment)
    if (known !== undefined) return known
    const [oldest] = this.#readers
    if (oldest !== undefined && this.#readers.size >= openFilesMax) {
      fs.closeSync(oldest[1])
      this.#readers.delete(oldest[0])
    }
    const fd = fs.openSync(segment.path, 'r')
    this.#readers.set(segment, fd)
    return fd
  }

  #path(number: number): string {
    return join(this.#folder, 'log', `${String(number).padStart(6, '0')}.log`)
  }
}

function isReadable(segment: Segment): boolean {
  return segment.seed !== unreadable && segment.sizeBytes >= segmentHeadBytes
}

function randomU32(): number {
  return new DataView(systemRandom.bytes(4).buffer).getUint32(0)
}
