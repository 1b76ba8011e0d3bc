// A segment of the log, as bytes: a head and frames. A frame is one group of records, so it is there whole or not at all.
//
//   segment = 'JNRYlog' ‖ version u8 ‖ number u32 ‖ seed u32 ‖ cursor u64 (of the first record) ‖ crc32 of these 24 bytes ‖ frame*
//   frame   = mark f5 4a 46 fa ‖ length u32 ‖ ~length u32 ‖ crc32 of table ‖ table (of this length) ‖ bytes of each record
//   table   = cursor ‖ count ‖ count × (kind u8 ‖ stream ‖ upTo if a snapshot ‖ length ‖ crc32 of the bytes u32)     (varints)
//
// The table is checked apart from the bytes, so damage to bytes costs one record and names its stream. The length stands twice, so that a
// frame cut short by a crash and a flipped length are told apart. Checksums start from the segment's secret seed: a record that holds
// somebody's hand-made frames is never taken for frames when the search for the next mark runs over it.

import { crc32 } from 'node:zlib'
import { assert } from '../../base/assert.ts'
import { ByteReader, ByteWriter, equalBytes, utf8 } from '../../base/bytes.ts'
import type { Cursor, StreamName } from '../store.ts'
import { formatVersion, newerError } from './files.ts'

export interface SegmentHead {
  readonly number: number
  readonly seed: number
  readonly firstCursor: Cursor
}

/** What a frame holds: data, a snapshot that replaces all up to a cursor, or the end of a stream. */
export type FrameRecord =
  | { readonly type: 'data'; readonly stream: StreamName; readonly bytes: Uint8Array }
  | { readonly type: 'snapshot'; readonly stream: StreamName; readonly bytes: Uint8Array; readonly upTo: Cursor }
  | { readonly type: 'drop'; readonly stream: StreamName; readonly bytes: Uint8Array }

/** Where a record lies in its segment. */
export interface Placed {
  readonly type: FrameRecord['type']
  readonly stream: StreamName
  readonly cursor: Cursor
  readonly upTo: Cursor | undefined
  readonly offset: number
  readonly length: number
  readonly sum: number
}

export interface Frame {
  readonly records: readonly Placed[]
  readonly end: number
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
  /** Where a frame begins that was never finished: a crash during a write. */
  readonly tornAt: number | undefined
}

export const segmentHeadBytes = 28
const frameHeadBytes = 16
const mark = Uint8Array.of(0xf5, 0x4a, 0x46, 0xfa)
const magic = utf8('JNRYlog')
const kinds = ['data', 'snapshot', 'drop'] as const

export function encodeHead({ number, seed, firstCursor }: SegmentHead): Uint8Array {
  const writer = new ByteWriter(segmentHeadBytes).raw(magic).u8(formatVersion).u32(number).u32(seed)
  const checked = writer
    .u32(Math.floor(firstCursor / 2 ** 32))
    .u32(firstCursor % 2 ** 32)
    .finish()
  return new ByteWriter(segmentHeadBytes).raw(checked).u32(crc32(checked)).finish()
}

/** The head of a segment, undefined if it is damaged. Throws 'store-newer'. Its layout stays the same in all versions. */
export function decodeHead(bytes: Uint8Array, path: string): SegmentHead | undefined {
  if (bytes.length < segmentHeadBytes || !equalBytes(bytes.subarray(0, 7), magic)) return undefined
  const reader = new ByteReader(bytes.subarray(7, segmentHeadBytes))
  const version = reader.u8()
  const [number, seed, high, low, sum] = [reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32()]
  if (crc32(bytes.subarray(0, segmentHeadBytes - 4)) !== sum) return undefined
  if (version > formatVersion) throw newerError(path, version)
  return { number, seed, firstCursor: high * 2 ** 32 + low }
}

/** Encodes one group; `offset` is where the frame will stand in the segment. */
export function encodeFrame(
  records: readonly FrameRecord[],
  at: { readonly cursor: Cursor; readonly offset: number; readonly seed: number },
): { readonly bytes: Uint8Array; readonly records: readonly Placed[] } {
  const sums = records.map(({ bytes }) => crc32(bytes, at.seed))
  const table = encodeTable(records, sums, at.cursor)
  const size = records.reduce((sum, { bytes }) => sum + bytes.length, frameHeadBytes + table.length)
  const writer = new ByteWriter(size)
    .raw(mark)
    .u32(table.length)
    .u32(~table.length >>> 0)
  writer.u32(crc32(table, at.seed)).raw(table)
  const placed = records.map((record, i) => {
    const offset = at.offset + writer.length
    writer.raw(record.bytes)
    const upTo = record.type === 'snapshot' ? record.upTo : undefined
    const { type, stream, bytes } = record
    return { type, stream, cursor: at.cursor + i, upTo, offset, length: bytes.length, sum: sums[i] ?? 0 }
  })
  assert(writer.length === size, `a frame of ${size} bytes came out as ${writer.length}`)
  return { bytes: writer.finish(), records: placed }
}

function encodeTable(records: readonly FrameRecord[], sums: readonly number[], cursor: Cursor): Uint8Array {
  const writer = new ByteWriter().varint(cursor).varint(records.length)
  for (const [i, record] of records.entries()) {
    writer.u8(kinds.indexOf(record.type)).string(record.stream)
    if (record.type === 'snapshot') writer.varint(record.upTo)
    writer.varint(record.bytes.length).u32(sums[i] ?? 0)
  }
  return writer.finish()
}

/**
 * Finds all frames of a segment. Total: any bytes give a result. `isLast` tells whether an unfinished frame at the end is what a crash leaves;
 * in a segment that was finished it is damage.
 */
export function scanSegment(bytes: Uint8Array, seed: number, isLast: boolean): Scan {
  const records: Placed[] = []
  const holes: Hole[] = []
  let at = segmentHeadBytes
  while (at < bytes.length) {
    const frame = decodeFrame(bytes, at, seed)
    if (frame !== 'bad' && frame !== 'short') {
      records.push(...frame.records)
      at = frame.end
      continue
    }
    const next = findFrame(bytes, at + 1, seed)
    // Some filesystems leave zeros where a crash cut off a write.
    const isTorn = frame === 'short' || bytes.subarray(at).every((byte) => byte === 0)
    if (next === undefined && isTorn && isLast) return { records, holes, tornAt: at }
    holes.push({ start: at, end: next?.start ?? bytes.length, cursor: next?.cursor })
    at = next?.start ?? bytes.length
  }
  return { records, holes, tornAt: undefined }
}

/** Whether the bytes of a record are those that were written. */
export function isIntact(bytes: Uint8Array, sum: number, seed: number): boolean {
  return crc32(bytes, seed) === sum
}

function decodeFrame(bytes: Uint8Array, start: number, seed: number): Frame | 'bad' | 'short' {
  const head = bytes.subarray(start, start + frameHeadBytes)
  if (!equalBytes(head.subarray(0, 4), mark.subarray(0, Math.min(4, head.length)))) return 'bad'
  if (head.length < frameHeadBytes) return 'short'
  const view = new DataView(head.buffer, head.byteOffset)
  const length = view.getUint32(4)
  if (length !== ~view.getUint32(8) >>> 0) return 'bad'
  const table = bytes.subarray(start + frameHeadBytes, start + frameHeadBytes + length)
  if (table.length < length) return 'short'
  if (crc32(table, seed) !== view.getUint32(12)) return 'bad'
  const records = decodeTable(table, start + frameHeadBytes + length)
  const last = records.at(-1)
  const end = last === undefined ? start + frameHeadBytes + length : last.offset + last.length
  return end > bytes.length ? 'short' : { records, end }
}

/** Reads a table whose checksum held, so it is what we wrote. */
function decodeTable(table: Uint8Array, bytesStart: number): Placed[] {
  const reader = new ByteReader(table)
  const cursor = reader.varint()
  const count = reader.varint()
  let offset = bytesStart
  const records = Array.from({ length: count }, (_, i): Placed => {
    const type = kinds[reader.u8()]
    assert(type !== undefined, 'a checked table holds only known kinds')
    const stream = reader.string()
    const upTo = type === 'snapshot' ? reader.varint() : undefined
    const length = reader.varint()
    const placed = { type, stream, cursor: cursor + i, upTo, offset, length, sum: reader.u32() }
    offset += length
    return placed
  })
  reader.end()
  return records
}

function findFrame(bytes: Uint8Array, from: number, seed: number): { start: number; cursor: Cursor } | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = buffer.indexOf(mark, from); at >= 0; at = buffer.indexOf(mark, at + 1)) {
    const frame = decodeFrame(bytes, at, seed)
    if (frame === 'bad' || frame === 'short') continue
    const first = frame.records[0]
    if (first !== undefined) return { start: at, cursor: first.cursor }
  }
  return undefined
}
