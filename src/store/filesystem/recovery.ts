// Opening a log: the frames of all segments are replayed, what a crash cut short is cut off (a copy is kept), and what is damaged is noted: whose
// it was, and up to which place in the log. Nothing is altered before all files were found to be of a version that is known here.

import { toHex } from '../../base/bytes.ts'
import { isJoineryError } from '../../base/errors.ts'
import type { Cursor } from '../store.ts'
import type { Host } from './disk.ts'
import { absentIfMissing, isFull, makeFolder, readFile, removeDrafts, removeFile, writeAll } from './files.ts'
import { wholeOf } from './frame.ts'
import { type Listed, type Plan, planSegments } from './manifest.ts'
import { type Scan, scanSegment, segmentHeadBytes } from './segment.ts'
import { type Segment, StreamIndex } from './stream-index.ts'

export interface RecoveryOptions {
  readonly segmentBytes: number
  /** What the incarnation file says: the store's base, and how far the log was known to reach. */
  readonly homeBase: number | undefined
  readonly reached: Cursor
}

const tornFilesMax = 16

export function segmentPath(host: Host, folder: string, number: number): string {
  return host.disk.join(host.disk.join(folder, 'log'), `${String(number).padStart(6, '0')}.log`)
}

export class Recovery {
  readonly plan: Plan
  readonly index = new StreamIndex()
  readonly segments: Segment[] = []
  cursor: Cursor = 0
  readonly #host: Host
  readonly #folder: string
  readonly #options: RecoveryOptions

  constructor(host: Host, folder: string, options: RecoveryOptions) {
    this.#host = host
    this.#folder = folder
    this.#options = options
    this.plan = planSegments(host, folder, options.homeBase)
    for (const name of ['log', 'torn']) makeFolder(host.disk, host.disk.join(folder, name))
    clearTheWay(host, folder)
    removeDrafts(host.disk, folder)
    for (const i of this.plan.segments.keys()) this.#load(i)
    // When the store was last closed, the log reached further: it was cut, or an older one was put in its place.
    if (this.cursor < options.reached) this.#lose(this.segments.at(-1), options.reached)
  }

  /** Undefined where the file is missing, or no file of ours. */
  #read({ number }: Listed): Uint8Array | undefined {
    try {
      return absentIfMissing(() => readFile(this.#host.disk, segmentPath(this.#host, this.#folder, number), 'read-own'))
    } catch (error) {
      if (isJoineryError(error, 'store-damaged')) return undefined
      throw error
    }
  }

  #load(i: number): void {
    const [listed, next] = this.plan.segments.slice(i)
    if (listed === undefined) return
    const { number, seed, firstCursor } = listed
    const bytes = this.#read(listed) ?? new Uint8Array(0)
    const isFollowed = next?.number === number + 1 && next.firstCursor > 0
    const endCursor = listed.endCursor ?? (isFollowed ? next.firstCursor - 1 : undefined)
    const path = segmentPath(this.#host, this.#folder, number)
    const state = { sizeBytes: bytes.length, live: 0, liveBytes: 0, drops: 0, damaged: false }
    const segment: Segment = { number, seed, firstCursor, endCursor, path, ...state }
    this.cursor = Math.max(this.cursor, firstCursor - 1)
    this.segments.push(segment)
    if (bytes.length < segmentHeadBytes) this.#lose(segment, endCursor)
    else this.#replay(segment, bytes, scanSegment(bytes, seed, next === undefined, this.#host.disk.crc32))
  }

  #replay(segment: Segment, bytes: Uint8Array, scan: Scan): void {
    const { disk } = this.#host
    const { endCursor } = segment
    const holes = [...scan.holes]
    for (const record of scan.records) {
      while (holes[0] !== undefined && holes[0].start < record.offset)
        this.#lose(segment, before(holes.shift()?.cursor))
      this.cursor = Math.max(this.cursor, record.at)
      const content = bytes.subarray(record.offset, record.offset + record.length)
      if (wholeOf(content, record, segment.seed, disk.crc32) !== undefined) this.index.apply(record, segment)
      else this.index.damage(segment, record.stream, record.cursor)
    }
    for (const at of scan.nameless) this.#lose(segment, at)
    for (const hole of holes) this.#lose(segment, before(hole.cursor) ?? endCursor)
    // Cut at the end of a frame, a file looks whole: but it was known to reach further.
    if (endCursor !== undefined && this.cursor < endCursor) this.#lose(segment, endCursor)
    if (scan.tornAt !== undefined) this.#cutTorn(segment, bytes, scan.tornAt)
  }

  /** Notes a hole: it may have held records of anyone, up to `lastCursor`. */
  #lose(segment: Segment | undefined, lastCursor: Cursor | undefined): void {
    // Where nothing tells how many were lost, they were fewer than bytes: cursors are skipped rather than used twice.
    const most = Math.max(segment?.sizeBytes ?? 0, this.#options.segmentBytes)
    this.cursor = Math.max(this.cursor, lastCursor ?? this.cursor + most)
    this.index.damage(segment, undefined, this.cursor)
  }

  /** A write that a crash cut short was never acknowledged: it goes, but a copy is kept. */
  #cutTorn(segment: Segment, bytes: Uint8Array, at: number): void {
    const { disk } = this.#host
    try {
      keepTorn(this.#host, this.#folder, `${String(segment.number).padStart(6, '0')}-${at}`, bytes.subarray(at))
    } catch (error) {
      if (!isFull(error)) throw error // A full disk must not keep a store from opening for the sake of a courtesy.
    }
    const file = disk.open(segment.path, 'write-own')
    try {
      disk.truncate(file, at)
      disk.sync(file)
    } finally {
      disk.close(file)
    }
    segment.sizeBytes = at
  }
}

function before(cursor: Cursor | undefined): Cursor | undefined {
  return cursor === undefined ? undefined : cursor - 1
}

/** Keeps a copy of what was cut off, and not too many of them. */
function keepTorn(host: Host, folder: string, name: string, bytes: Uint8Array): void {
  const { disk } = host
  const file = disk.open(tornPath(host, folder, name), 'create')
  try {
    writeAll(disk, file, bytes, 0)
  } finally {
    disk.close(file)
  }
}

/** Moves out of the way what nobody reads any more, or nobody can: it is kept for people to look at. */
export function layAside(host: Host, folder: string, path: string, name: string): void {
  host.disk.rename(path, tornPath(host, folder, name))
  host.disk.syncFolder(host.disk.join(folder, 'torn'))
  host.disk.syncFolder(host.disk.parent(path))
}

/** A free name among what is kept, of which there are never too many. */
function tornPath({ disk, random }: Host, folder: string, name: string): string {
  const torn = disk.join(folder, 'torn')
  makeFolder(disk, torn)
  const paths = [...disk.list(torn)].sort().map((other) => disk.join(torn, other))
  for (const path of paths.slice(0, -(tornFilesMax - 1))) if (disk.facts(path)?.type === 'file') removeFile(disk, path)
  return disk.join(torn, `${name}-${toHex(random.bytes(4))}`)
}

/** What stands where a file of ours has to be and is none, a folder for instance, is laid aside. */
function clearTheWay(host: Host, folder: string): void {
  for (const name of ['manifest', 'incarnation']) {
    const path = host.disk.join(folder, name)
    const facts = host.disk.facts(path)
    if (facts !== undefined && facts.type !== 'file') layAside(host, folder, path, name)
  }
}
