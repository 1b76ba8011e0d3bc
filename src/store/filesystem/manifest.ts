// The manifest: which segments the log has, and where each finished one ends, so that what vanished is missed. And which files are this store's:
// the seeds of all its segments come from one number, the store's base, which stands in the manifest and in the incarnation file. So a file that
// was swapped with another store's is found out by the other two.

import { utf8 } from '../../base/bytes.ts'
import { isJoineryError } from '../../base/errors.ts'
import type { Cursor } from '../store.ts'
import type { Disk, Host } from './disk.ts'
import { absentIfMissing, readFile, readSmall } from './files.ts'
import { decodeHead, type SegmentHead, segmentHeadBytes } from './segment.ts'

export interface Listed extends SegmentHead {
  /** Where a finished segment ends; undefined of the one that grows, and in early drafts. */
  readonly endCursor?: Cursor | undefined
}

interface Manifest {
  /** Undefined in early drafts. */
  readonly base: number | undefined
  readonly segments: readonly Listed[]
}

/** The segments to load, in order. */
export interface Plan {
  readonly base: number
  readonly segments: readonly Listed[]
  /** The manifest says just this. */
  readonly isWritten: boolean
  /** What the incarnation file says is not of this store. */
  readonly isHomeForeign: boolean
}

export function encodeManifest(base: number, segments: readonly Listed[]): Uint8Array {
  return utf8(JSON.stringify({ base, segments }))
}

/** The seed of a segment's checksums. */
export function seedOf(number: number, base: number, { crc32 }: Pick<Disk, 'crc32'>): number {
  return crc32(utf8(String(number)), base)
}

/** What segments there are. Reads only, so that a newer store stays as it is: throws 'store-newer'. `homeBase` stands in the incarnation file. */
export function planSegments(host: Host, folder: string, homeBase: number | undefined): Plan {
  const manifest = readManifest(host, folder)
  const found = findHeads(host, folder)
  const ofHome = found.filter(({ head }) => isOf(host.disk, head, homeBase))
  const differs = manifest?.base !== undefined && homeBase !== undefined && manifest.base !== homeBase
  // Where manifest and incarnation file speak of two stores, the segments decide.
  if (manifest === undefined || (differs && ofHome.length > 0))
    return planWithout(host, ofHome.length > 0 ? ofHome : found, homeBase)
  const base = manifest.base ?? homeBase ?? newBase(host)
  const last = manifest.segments.at(-1)?.number ?? 0
  // Behind the manifest stand only segments begun when a crash came, which are empty; or the manifest is an old one.
  const behind = found.flatMap(({ number, head, isEmpty }) =>
    number > last && head !== undefined && !isEmpty && (manifest.base === undefined || isOf(host.disk, head, base))
      ? [head]
      : [],
  )
  const isWritten = behind.length === 0 && manifest.base !== undefined
  return { base, segments: [...manifest.segments, ...behind], isWritten, isHomeForeign: differs }
}

/** Without a manifest the files speak for themselves. */
function planWithout(host: Host, found: readonly Found[], homeBase: number | undefined): Plan {
  const base = homeBase ?? newBase(host)
  const segments = found.map(
    ({ number, head }) => head ?? { number, seed: seedOf(number, base, host.disk), firstCursor: 0 },
  )
  return { base, segments, isWritten: false, isHomeForeign: false }
}

/** Whether a segment is of the store of that base. */
export function isOf(disk: Disk, head: SegmentHead | undefined, base: number | undefined): boolean {
  return head !== undefined && base !== undefined && head.seed === seedOf(head.number, base, disk)
}

function readManifest(host: Host, folder: string): Manifest | undefined {
  try {
    const bytes = readSmall(host, host.disk.join(folder, 'manifest'))
    if (bytes === undefined) return undefined
    return JSON.parse(new TextDecoder().decode(bytes)) as Manifest
  } catch (error) {
    if (isJoineryError(error, 'store-damaged')) return undefined
    throw error
  }
}

interface Found {
  readonly number: number
  /** Undefined if it is damaged. */
  readonly head: SegmentHead | undefined
  readonly isEmpty: boolean
}

function findHeads(host: Host, folder: string): Found[] {
  const { disk } = host
  const log = disk.join(folder, 'log')
  const names = absentIfMissing(() => disk.list(log)) ?? []
  return names
    .filter((name) => /^\d+\.log$/.test(name))
    .map((name) => readHead(disk, disk.join(log, name), Number.parseInt(name, 10)))
    .sort((a, b) => a.number - b.number)
}

function readHead(disk: Disk, path: string, number: number): Found {
  try {
    const bytes = readFile(disk, path, 'read-own', segmentHeadBytes + 1)
    const head = decodeHead(bytes, path, disk.crc32)
    return { number, head: head && { ...head, number }, isEmpty: bytes.length <= segmentHeadBytes }
  } catch (error) {
    if (!isJoineryError(error, 'store-damaged')) throw error
    return { number, head: undefined, isEmpty: false }
  }
}

function newBase({ random }: Host): number {
  return new DataView(random.bytes(4).buffer).getUint32(0)
}
