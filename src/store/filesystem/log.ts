// The log: segments in a folder, one of them growing. Appends go to its end and nothing else is ever altered. Compaction appends too: a snapshot
// in the place of many records, and the few records that are still needed of a segment that is mostly not, so that whole segments can be deleted.
//
//   manifest ── names ──► log/000001.log  log/000004.log  log/000005.log (active)      torn/: what crashes cut off, what damage left

import { concatBytes } from '../../base/bytes.ts'
import { isJoineryError, type JoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Cursor, Loaded, StreamName } from '../store.ts'
import type { Host } from './disk.ts'
import { codeOf, isFull, storeError, syncError } from './files.ts'
import { encodeFrame, type FrameRecord, type Placed } from './frame.ts'
import { Recovery, type RecoveryOptions } from './recovery.ts'
import { contentOf, Segments } from './segments.ts'
import type { Entry, Segment, StreamIndex } from './stream-index.ts'

/** One atomic group on its way to disk. */
export interface LogGroup {
  readonly records: readonly FrameRecord[]
  readonly strict: boolean
}

export interface LogOptions extends RecoveryOptions {
  /** Asked before each writing: may we still write here? It costs a small part of what the sync after it does. */
  readonly holds: () => boolean
}

interface Framed {
  readonly bytes: Uint8Array
  readonly records: readonly Placed[]
}

/** A segment that cannot be followed by another, since the disk refuses one, may grow so many times as large. */
const overfull = 4

export class Log {
  readonly #host: Host
  readonly #folder: string
  readonly #options: LogOptions
  readonly #index: StreamIndex
  readonly #segments: Segments
  readonly isHomeForeign: boolean
  #cursor: Cursor
  /** Bytes were written since the last sync. */
  #dirty = false
  #failed: JoineryError | undefined
  /** A segment whose live records are being carried forward, and those that are left. */
  #carrying: { readonly segment: Segment; readonly entries: Entry[] } | undefined
  /** Segments with live records that cannot be read any more: they stay. */
  readonly #stuck = new WeakSet<Segment>()

  /** Opens the log in `folder`, or makes one. Throws 'store-newer' before anything is altered. */
  constructor(host: Host, folder: string, options: LogOptions) {
    this.#host = host
    this.#folder = folder
    this.#options = options
    const recovery = new Recovery(host, folder, options)
    this.#index = recovery.index
    this.#cursor = recovery.cursor
    this.#segments = new Segments(host, folder, recovery)
    this.isHomeForeign = recovery.plan.isHomeForeign
  }

  get cursor(): Cursor {
    return this.#cursor
  }

  get base(): number {
    return this.#segments.base
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

  marks(): ReadonlyMap<StreamName, string | undefined> {
    return new Map(this.streams().map((stream) => [stream, this.#index.markOf(stream)]))
  }

  wantsSnapshot(stream: StreamName, upTo: Cursor): boolean {
    return this.#index.wantsSnapshot(stream, upTo)
  }

  /** Synchronous, so that no compaction can come between an entry and its bytes. What it reads was just written or just scanned. */
  read(stream: StreamName): Loaded {
    const records: Uint8Array[] = []
    let isLost = false
    for (const entry of this.#index.entries(stream)) {
      const stored = this.#segments.read(entry)
      const bytes = stored && contentOf(this.#host.disk, stored, entry.deflated)
      if (bytes === undefined) isLost = true
      else records.push(bytes)
    }
    return { records, degraded: isLost || this.#index.isDegraded(stream) }
  }

  /** Writes groups with one write and, if any is strict, one fdatasync: all of them, or none. */
  async commit(groups: readonly LogGroup[]): Promise<void> {
    this.#checkHealth()
    await this.#rotate(groups)
    const frames = this.#encode(groups)
    if (frames.length === 0) return
    await this.#append(
      frames,
      groups.some(({ strict }) => strict),
    )
    if (frames.some(({ records }) => records.some(({ type }) => type !== 'data'))) this.#free()
  }

  /**
   * One bounded step of what compaction leaves to do: carries a few live records forward, out of a segment that is mostly dead, and deletes the
   * segment after the last.
   */
  async carry(): Promise<void> {
    this.#carrying ??= this.#sparse()
    const carrying = this.#carrying
    if (carrying === undefined) return
    this.#checkHealth()
    await this.#rotate([])
    const records = this.#takeLive(carrying.entries)
    if (records.length > 0) await this.#append([this.#frame(records, this.#cursor + 1, 0)], true)
    if (carrying.entries.length > 0) return
    this.#carrying = undefined
    if (carrying.segment.live > 0) this.#stuck.add(carrying.segment)
    this.#free()
  }

  /** Begins a new segment, unless the active one is new itself. */
  async separate(): Promise<void> {
    this.#checkHealth()
    if (this.#segments.active.live > 0) await this.#begin()
  }

  /** Whether `carry` has something to do. */
  get isSparse(): boolean {
    return this.#failed === undefined && (this.#carrying !== undefined || this.#findSparse() !== undefined)
  }

  /** Ends it: everything handed to the system is synced first. False if that failed. Never throws. */
  async close(): Promise<boolean> {
    try {
      if (this.#failed === undefined) await this.#sync()
    } catch {
      // Only relaxed appends can be concerned: they never promised more.
    }
    this.#segments.close()
    return this.#failed === undefined
  }

  // ---- writing

  #encode(groups: readonly LogGroup[]): Framed[] {
    const dropped = new Set<StreamName>()
    const frames: Framed[] = []
    let cursor = this.#cursor + 1
    let offset = 0
    for (const { records } of groups) {
      // A snapshot of a stream that was dropped meanwhile must not bring it back.
      const wanted = records.filter((record) => record.type !== 'snapshot' || this.#wants(record, dropped))
      for (const record of wanted) if (record.type === 'drop') dropped.add(record.stream)
      if (wanted.length === 0) continue
      const frame = this.#frame(wanted, cursor, offset)
      frames.push(frame)
      cursor += wanted.length
      offset += frame.bytes.length
    }
    return frames
  }

  /** A frame for the active segment, `behind` bytes after what it holds now. */
  #frame(records: readonly FrameRecord[], cursor: Cursor, behind: number): Framed {
    const { active, names } = this.#segments
    const at = { cursor, offset: active.sizeBytes + behind, seed: active.seed, names }
    return encodeFrame(records, at, this.#host.disk.crc32)
  }

  #wants(record: FrameRecord & { type: 'snapshot' }, dropped: ReadonlySet<StreamName>): boolean {
    return !dropped.has(record.stream) && this.#index.wantsSnapshot(record.stream, record.upTo)
  }

  async #append(frames: readonly Framed[], strict: boolean): Promise<void> {
    const [first] = frames
    try {
      this.#segments.write(
        first !== undefined && frames.length === 1 ? first.bytes : concatBytes(...frames.map(({ bytes }) => bytes)),
      )
    } catch (error) {
      throw this.#refuse(error)
    }
    this.#dirty = true
    if (strict) await this.#sync()
    for (const { records } of frames) {
      for (const record of records) {
        this.#index.apply(record, this.#segments.active)
        this.#cursor = record.at
      }
    }
  }

  async #sync(): Promise<void> {
    if (!this.#dirty) return
    try {
      await this.#segments.sync()
      this.#dirty = false
    } catch (error) {
      throw this.#fail(error)
    }
  }

  /** An error of the disk, as what it means: no room loses nothing, all else ends writing. */
  #refuse(error: unknown): JoineryError {
    return isFull(error) ? storeError(error, this.#folder) : this.#fail(error)
  }

  #fail(cause: unknown): JoineryError {
    this.#failed ??= isJoineryError(cause, 'store-failed') ? cause : syncError(this.#folder, cause)
    return this.#failed
  }

  #checkHealth(): void {
    if (this.#failed !== undefined) throw this.#failed
    // Invariant 11: who lost the folder writes nothing more to it, not even once: two who write at one place spoil what the other wrote.
    if (!this.#holds()) throw this.#fail(new Error('the folder was removed, or its lock taken'))
  }

  #holds(): boolean {
    try {
      return this.#options.holds()
    } catch (error) {
      // Too many open files say nothing about the lock.
      if (['EMFILE', 'ENFILE'].includes(codeOf(error))) return true
      throw this.#fail(error)
    }
  }

  // ---- segments

  async #rotate(groups: readonly LogGroup[]): Promise<void> {
    const { sizeBytes } = this.#segments.active
    if (sizeBytes >= this.#options.segmentBytes || this.#leavesLittle(groups)) await this.#begin()
  }

  async #begin(): Promise<void> {
    const { sizeBytes } = this.#segments.active
    await this.#sync() // Order on disk: nothing of the next segment is durable before all of this one.
    try {
      this.#segments.begin(this.#cursor)
    } catch (error) {
      if (isJoineryError(error, 'store-failed')) throw this.#fail(error)
      // No room for a new file, or too many open: this one goes on, within reason.
      if (sizeBytes >= overfull * this.#options.segmentBytes) throw storeError(error, this.#folder)
    }
  }

  /** Whether snapshots replace so much of the active segment that it had better end, and go. */
  #leavesLittle(groups: readonly LogGroup[]): boolean {
    const { active } = this.#segments
    if (active.sizeBytes < Math.min(limits.sparseBytes, this.#options.segmentBytes)) return false
    const snapshots = groups.flatMap(({ records }) => records.filter((record) => record.type === 'snapshot'))
    const replaced = snapshots.flatMap(({ stream }) =>
      this.#index.entries(stream).filter((entry) => entry.segment === active),
    )
    if (replaced.length === 0) return false
    const liveBytes = active.liveBytes - replaced.reduce((sum, { length }) => sum + length, 0)
    return liveBytes < active.sizeBytes / 2
  }

  /** Deletes segments in which nothing is live. Their replacement is durable by now, since compactions are strict. */
  #free(): void {
    for (;;) {
      const freed = this.#segments.all.filter(
        (segment) => segment !== this.#segments.active && !this.#isNeeded(segment),
      )
      if (freed.length === 0) return
      try {
        this.#segments.delete(freed)
      } catch (error) {
        // What was asked for is done and durable. They stay until the next compaction; and if the disk is not to be trusted, the next write is told.
        if (isJoineryError(error, 'store-failed')) this.#fail(error)
        return
      }
      for (const segment of freed) this.#index.forget(segment)
    }
  }

  #isNeeded(segment: Segment): boolean {
    if (segment.live > 0) return true
    // A damaged segment is what tells that something is missing.
    if (segment.damaged && !this.#index.isHealed(segment)) return true
    return segment.drops > 0 && segment !== this.#segments.all[0]
  }

  #sparse(): { segment: Segment; entries: Entry[] } | undefined {
    const segment = this.#findSparse()
    return segment && { segment, entries: this.#index.entriesIn(segment) }
  }

  /** The oldest segment that is mostly dead, but not all. */
  #findSparse(): Segment | undefined {
    const { all, active } = this.#segments
    return all.find(
      (segment) =>
        segment !== active &&
        segment.live > 0 &&
        segment.liveBytes < segment.sizeBytes / 2 &&
        !this.#stuck.has(segment) &&
        (!segment.damaged || this.#index.isHealed(segment)),
    )
  }

  /** Takes as many records as one step may carry, of those that still live. What cannot be read any more stays where it is. */
  #takeLive(entries: Entry[]): FrameRecord[] {
    const records: FrameRecord[] = []
    let sizeBytes = 0
    while (sizeBytes < limits.carryBytes) {
      const entry = entries.shift()
      if (entry === undefined) break
      const bytes = this.#index.isLive(entry) ? this.#segments.read(entry) : undefined
      if (bytes === undefined) continue
      const { type, stream, cursor, upTo, deflated } = entry
      const common = entry.common?.bytes && { at: entry.common.at, length: entry.common.bytes.length }
      if (type === 'snapshot' && upTo !== undefined)
        records.push({ type, stream, bytes, upTo, carried: cursor, deflated })
      else if (type === 'data') records.push({ type, stream, bytes, carried: cursor, common })
      sizeBytes += bytes.length
    }
    return records
  }
}
