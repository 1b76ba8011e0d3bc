// A segment of the log, as bytes: a head and frames (./frame.ts).
//
//   segment = 'JNRYlog' ‖ version u8 ‖ number u32 ‖ seed u32 ‖ cursor u64 (of the first record) ‖ crc32 of these 24 bytes ‖ frame*

import { ByteReader, ByteWriter, equalBytes, utf8 } from '../../base/bytes.ts'
import type { Cursor, StreamName } from '../store.ts'
import { formatVersion, newerError } from './files.ts'
import { type Crc32, decodeFrame, findFrame, type Listed, type Placed } from './frame.ts'
import { nameIn, spaceIn } from './segment-names.ts'

export interface SegmentHead {
  readonly number: number
  readonly seed: number
  readonly firstCursor: Cursor
}

/** Bytes from `start` to `end` that hold no frame; what they held came before `cursor`, or before anything new if that is undefined. */
export interface Hole {
  readonly start: number
  readonly end: number
  readonly cursor: Cursor | undefined
}

export interface Scan {
  readonly records: readonly Placed[]
  readonly holes: readonly Hole[]
  /** Records whose stream's name was lost with the frames that gave it. */
  readonly nameless: readonly Cursor[]
  /** Where a frame begins that was never finished: a crash during a write. */
  readonly tornAt: number | undefined
}

export const segmentHeadBytes = 28
const magic = utf8('JNRYlog')

export function encodeHead({ number, seed, firstCursor }: SegmentHead, crc32: Crc32): Uint8Array {
  const writer = new ByteWriter(segmentHeadBytes).raw(magic).u8(formatVersion).u32(number).u32(seed)
  const checked = writer
    .u32(Math.floor(firstCursor / 2 ** 32))
    .u32(firstCursor % 2 ** 32)
    .finish()
  return new ByteWriter(segmentHeadBytes).raw(checked).u32(crc32(checked)).finish()
}

/** The head of a segment, undefined if it is damaged. Throws 'store-newer'. Its layout stays the same in all versions. */
export function decodeHead(bytes: Uint8Array, path: string, crc32: Crc32): SegmentHead | undefined {
  if (bytes.length < segmentHeadBytes || !equalBytes(bytes.subarray(0, 7), magic)) return undefined
  const reader = new ByteReader(bytes.subarray(7, segmentHeadBytes))
  const version = reader.u8()
  const [number, seed, high, low, sum] = [reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32()]
  if (crc32(bytes.subarray(0, segmentHeadBytes - 4)) !== sum) return undefined
  if (version > formatVersion) throw newerError(path, version)
  return { number, seed, firstCursor: high * 2 ** 32 + low }
}

/**
 * Finds all frames of a segment. Total: any bytes give a result, or 'store-newer'. `isLast` tells whether an unfinished frame at the end is what a
 * crash leaves; in a segment that was finished it is damage.
 */
export function scanSegment(bytes: Uint8Array, seed: number, isLast: boolean, crc32: Crc32): Scan {
  const listed: Listed[] = []
  const holes: Hole[] = []
  let tornAt: number | undefined
  let at = segmentHeadBytes
  while (at < bytes.length) {
    const frame = decodeFrame(bytes, at, seed, crc32)
    if (frame !== 'bad' && frame !== 'short') {
      for (const record of frame.records) listed.push(record)
      at = frame.end
      continue
    }
    const next = findFrame(bytes, at + 1, seed, crc32)
    // Some filesystems leave zeros where a crash cut off a write.
    const isTorn = frame === 'short' || bytes.subarray(at).every((byte) => byte === 0)
    if (next === undefined && isTorn && isLast) {
      tornAt = at
      break
    }
    holes.push({ start: at, end: next?.start ?? bytes.length, cursor: next?.cursor })
    at = next?.start ?? bytes.length
  }
  return { ...named(listed), holes, tornAt }
}

/** Gives each record its stream's name, and what it has in common with others: both may stand in a later frame too. */
function named(listed: readonly Listed[]): Pick<Scan, 'records' | 'nameless'> {
  const words = new Map<number, Uint8Array>()
  for (const { mention, common } of listed)
    for (const word of [common?.word, spaceIn(mention)]) if (word?.bytes !== undefined) words.set(word.id, word.bytes)
  const names = new Map<number, StreamName>()
  for (const { mention } of listed) {
    const name = nameIn(mention, words)
    if (mention.id !== undefined && name !== undefined) names.set(mention.id, name)
  }
  const records: Placed[] = []
  const nameless: Cursor[] = []
  for (const { mention, common, ...record } of listed) {
    const stream = mention.id === undefined ? nameIn(mention, words) : names.get(mention.id)
    if (stream === undefined) nameless.push(record.at)
    else records.push({ ...record, stream, common: common && { at: common.at, bytes: words.get(common.word.id) } })
  }
  return { records, nameless }
}
