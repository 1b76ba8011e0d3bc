// A segment of the log, as bytes: a head and frames. A frame is one group of records, so it is there whole or not at all.
//
//   segment = 'JNRYlog' ‖ version u8 ‖ number u32 ‖ seed u32 ‖ cursor u64 (of the first record) ‖ crc32 of these 24 bytes ‖ frame*
//   frame   = mark f5 4a 46 fa ‖ length u32 ‖ ~length u32 ‖ crc32 of table ‖ table (of this length) ‖ bytes of each record
//   table   = cursor ‖ count ‖ count × (kind u8 ‖ stream ‖ upTo if a snapshot ‖ cursor if carried ‖ length ‖ crc32 of the bytes u32)  (varints)
//   kind    = 0 data, 1 snapshot, 2 drop ‖ flags: 08 carried, 10-40 how the stream is told, 80 the bytes are deflated
//   stream  = a name, a number with its name, or a number (./segment-names.ts)
//
// The table is checked apart from the bytes, so damage to bytes costs one record and names its stream. The length stands twice, so that a
// frame cut short by a crash and a flipped length are told apart. Checksums start from the segment's secret seed: a record that holds
// somebody's hand-made frames is never taken for frames when the search for the next mark runs over it.

import { assert, present } from '../../base/assert.ts'
import { ByteReader, ByteWriter, equalBytes, utf8 } from '../../base/bytes.ts'
import type { Cursor, StreamName } from '../store.ts'
import type { Disk } from './disk.ts'
import { formatVersion, newerError } from './files.ts'
import { type Mention, readMention, type SegmentNames, writeMention } from './segment-names.ts'

export type Crc32 = Disk['crc32']

export interface SegmentHead {
  readonly number: number
  readonly seed: number
  readonly firstCursor: Cursor
}

/**
 * What a frame holds: data, a snapshot that replaces all up to a cursor, or the end of a stream. One that was carried here from an older segment
 * keeps the cursor it had.
 */
export type FrameRecord =
  | { readonly type: 'data'; readonly stream: StreamName; readonly bytes: Uint8Array; readonly carried?: Cursor }
  | {
      readonly type: 'snapshot'
      readonly stream: StreamName
      readonly bytes: Uint8Array
      readonly upTo: Cursor
      readonly carried?: Cursor
      /** The bytes are compressed. */
      readonly deflated?: boolean
    }
  | { readonly type: 'drop'; readonly stream: StreamName; readonly bytes: Uint8Array }

/** Where a record lies in its segment. */
export interface Placed {
  readonly type: FrameRecord['type']
  readonly stream: StreamName
  readonly cursor: Cursor
  /** The place in the log of the frame it stands in: beyond `cursor` where it was carried. */
  readonly at: Cursor
  readonly upTo: Cursor | undefined
  readonly deflated: boolean
  readonly offset: number
  readonly length: number
  readonly sum: number
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

/** A record as its table has it: its stream may be but a number yet. */
interface Listed extends Omit<Placed, 'stream'> {
  readonly mention: Mention
}

interface Frame {
  readonly records: readonly Listed[]
  readonly end: number
}

export const segmentHeadBytes = 28
const frameHeadBytes = 16
const mark = Uint8Array.of(0xf5, 0x4a, 0x46, 0xfa)
const magic = utf8('JNRYlog')
const kinds = ['data', 'snapshot', 'drop'] as const
const kindMask = 0x07
const carriedFlag = 0x08
const deflatedFlag = 0x80

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

/** Encodes one group; `offset` is where the frame will stand in the segment, `names` what the segment's frames before it said. */
export function encodeFrame(
  records: readonly FrameRecord[],
  at: { readonly cursor: Cursor; readonly offset: number; readonly seed: number; readonly names: SegmentNames },
  crc32: Crc32,
): { readonly bytes: Uint8Array; readonly records: readonly Placed[] } {
  const sums = records.map(({ bytes }) => crc32(bytes, at.seed))
  const table = encodeTable(records, sums, at)
  const size = records.reduce((sum, { bytes }) => sum + bytes.length, frameHeadBytes + table.length)
  const writer = new ByteWriter(size)
    .raw(mark)
    .u32(table.length)
    .u32(~table.length >>> 0)
  writer.u32(crc32(table, at.seed)).raw(table)
  const placed = records.map((record, i): Placed => {
    const offset = at.offset + writer.length
    writer.raw(record.bytes)
    const upTo = record.type === 'snapshot' ? record.upTo : undefined
    const { type, stream, bytes } = record
    const cursors = { cursor: carriedFrom(record) ?? at.cursor + i, at: at.cursor + i, upTo }
    const deflated = isDeflated(record)
    return { type, stream, ...cursors, deflated, offset, length: bytes.length, sum: sums[i] ?? 0 }
  })
  assert(writer.length === size, `a frame of ${size} bytes came out as ${writer.length}`)
  return { bytes: writer.finish(), records: placed }
}

function encodeTable(
  records: readonly FrameRecord[],
  sums: readonly number[],
  { cursor, names }: { readonly cursor: Cursor; readonly names: SegmentNames },
): Uint8Array {
  const writer = new ByteWriter().varint(cursor).varint(records.length)
  for (const [i, record] of records.entries()) {
    const mention = names.mention(record.stream, cursor + i, cursor)
    const carried = carriedFrom(record)
    const flags = (carried === undefined ? 0 : carriedFlag) | (isDeflated(record) ? deflatedFlag : 0)
    writer.u8(kinds.indexOf(record.type) | flags | mention.flag)
    writeMention(writer, mention)
    if (record.type === 'snapshot') writer.varint(record.upTo)
    if (carried !== undefined) writer.varint(carried)
    writer.varint(record.bytes.length).u32(sums[i] ?? 0)
  }
  return writer.finish()
}

function carriedFrom(record: FrameRecord): Cursor | undefined {
  return record.type === 'drop' ? undefined : record.carried
}

function isDeflated(record: FrameRecord): boolean {
  return record.type === 'snapshot' && record.deflated === true
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

/** Gives each record its stream's name, which may stand in a later frame too. */
function named(listed: readonly Listed[]): Pick<Scan, 'records' | 'nameless'> {
  const names = new Map<number, StreamName>()
  for (const { mention } of listed)
    if (mention.id !== undefined && mention.name !== undefined) names.set(mention.id, mention.name)
  const records: Placed[] = []
  const nameless: Cursor[] = []
  for (const { mention, ...record } of listed) {
    const stream = mention.name ?? names.get(present(mention.id, 'a mention has a name or a number'))
    if (stream === undefined) nameless.push(record.at)
    else records.push({ ...record, stream })
  }
  return { records, nameless }
}

/** Whether the bytes of a record are those that were written. */
export function isIntact(bytes: Uint8Array, sum: number, seed: number, crc32: Crc32): boolean {
  return crc32(bytes, seed) === sum
}

function decodeFrame(bytes: Uint8Array, start: number, seed: number, crc32: Crc32): Frame | 'bad' | 'short' {
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

/** Reads a table whose checksum held, so it is what we wrote, or somebody newer. */
function decodeTable(table: Uint8Array, bytesStart: number): Listed[] {
  const reader = new ByteReader(table)
  const first = reader.varint()
  const count = reader.varint()
  let offset = bytesStart
  const records = Array.from({ length: count }, (_, i): Listed => {
    const flags = reader.u8()
    const type = kinds[flags & kindMask]
    if (type === undefined) throw newerError('the log', formatVersion + 1)
    const mention = readMention(reader, flags)
    const upTo = type === 'snapshot' ? reader.varint() : undefined
    const at = first + i
    const cursor = flags & carriedFlag ? reader.varint() : at
    const length = reader.varint()
    const deflated = (flags & deflatedFlag) !== 0
    const listed = { type, mention, cursor, at, upTo, deflated, offset, length, sum: reader.u32() }
    offset += length
    return listed
  })
  reader.end()
  return records
}

function findFrame(
  bytes: Uint8Array,
  from: number,
  seed: number,
  crc32: Crc32,
): { start: number; cursor: Cursor } | undefined {
  const [first = 0] = mark
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    const frame = decodeFrame(bytes, at, seed, crc32)
    if (frame === 'bad' || frame === 'short') continue
    const record = frame.records[0]
    if (record !== undefined) return { start: at, cursor: record.at }
  }
  return undefined
}
