// A frame of a segment, as bytes: one group of records, so it is there whole or not at all.
//
//   frame   = mark f5 4a 46 fa ‖ length u32 ‖ ~length u32 ‖ crc32 of table ‖ table (of this length) ‖ bytes of each record
//   table   = cursor ‖ count ‖ count × (kind u8 ‖ stream ‖ upTo if a snapshot ‖ cursor if carried ‖ common ‖ length ‖ crc32 of all its bytes u32)  (varints)
//   kind    = 0 data, 1 snapshot, 2 drop ‖ flags: 04 has words, 08 carried, 10-40 how the stream is told, 80 the bytes are deflated
//   stream  = a name, a number with its name, or a number; a word (./segment-names.ts)
//   common  = word ‖ where it belongs in the bytes, if it is one             of data with words only: `length` is what is left
//
// The table is checked apart from the bytes, so damage to bytes costs one record and names its stream. The length stands twice, so that a
// frame cut short by a crash and a flipped length are told apart. Checksums start from the segment's secret seed: a record that holds
// somebody's hand-made frames is never taken for frames when the search for the next mark runs over it.

import { assert } from '../../base/assert.ts'
import { ByteReader, ByteWriter, concatBytes, equalBytes } from '../../base/bytes.ts'
import type { Cursor, StoreRecord, StreamName } from '../store.ts'
import type { Disk } from './disk.ts'
import { formatVersion, newerError } from './files.ts'
import {
  type Mention,
  readMention,
  readWord,
  type SegmentNames,
  type Word,
  withWords,
  writeMention,
  writeWord,
} from './segment-names.ts'

export type Crc32 = Disk['crc32']

/**
 * What a frame holds: data, a snapshot that replaces all up to a cursor, or the end of a stream. One that was carried here from an older segment
 * keeps the cursor it had.
 */
export type FrameRecord =
  | (StoreRecord & { readonly type: 'data'; readonly carried?: Cursor })
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
  /** On disk. */
  readonly length: number
  /** Bytes it has in common with others, which stand elsewhere, and where they belong; undefined bytes were lost. */
  readonly common: { readonly at: number; readonly bytes: Uint8Array | undefined } | undefined
  readonly sum: number
}

/** A record as its table has it: its stream may be but a number yet. */
export interface Listed extends Omit<Placed, 'stream' | 'common'> {
  readonly mention: Mention
  readonly common: Common | undefined
}

interface Common {
  readonly at: number
  readonly word: Word
}

export interface Frame {
  readonly records: readonly Listed[]
  readonly end: number
}

const frameHeadBytes = 16
const mark = Uint8Array.of(0xf5, 0x4a, 0x46, 0xfa)
const kinds = ['data', 'snapshot', 'drop'] as const
const kindMask = 0x03
const carriedFlag = 0x08
const deflatedFlag = 0x80

/** Encodes one group; `offset` is where the frame will stand in the segment, `names` what the segment's frames before it said. */
export function encodeFrame(
  records: readonly FrameRecord[],
  at: { readonly cursor: Cursor; readonly offset: number; readonly seed: number; readonly names: SegmentNames },
  crc32: Crc32,
): { readonly bytes: Uint8Array; readonly records: readonly Placed[] } {
  const rows = records.map((record, i) => rowOf(record, at.cursor + i, at, crc32))
  const table = encodeTable(rows, at.cursor)
  const size = rows.reduce((sum, { stored }) => sum + stored.length, frameHeadBytes + table.length)
  const writer = new ByteWriter(size)
    .raw(mark)
    .u32(table.length)
    .u32(~table.length >>> 0)
  writer.u32(crc32(table, at.seed)).raw(table)
  const placed = rows.map(({ record, stored, common, sum }, i): Placed => {
    const offset = at.offset + writer.length
    writer.raw(stored)
    const upTo = record.type === 'snapshot' ? record.upTo : undefined
    const { type, stream } = record
    const cursors = { cursor: carriedFrom(record) ?? at.cursor + i, at: at.cursor + i, upTo }
    const where = { deflated: isDeflated(record), offset, length: stored.length }
    return { type, stream, ...cursors, ...where, common: common && { at: common.at, bytes: common.bytes }, sum }
  })
  assert(writer.length === size, `a frame of ${size} bytes came out as ${writer.length}`)
  return { bytes: writer.finish(), records: placed }
}

/** A record on its way into a frame. */
interface Row {
  readonly record: FrameRecord
  readonly mention: Mention
  readonly common: (Common & { readonly bytes: Uint8Array }) | undefined
  /** What of its bytes stands behind the table. */
  readonly stored: Uint8Array
  readonly sum: number
}

function rowOf(
  record: FrameRecord,
  cursor: Cursor,
  at: { readonly cursor: Cursor; readonly seed: number; readonly names: SegmentNames },
  crc32: Crc32,
): Row {
  const { bytes, stream } = record
  const mention = at.names.mention(stream, cursor, at.cursor)
  const row = { record, mention, sum: crc32(bytes, at.seed) }
  const span = record.type === 'data' ? record.common : undefined
  if (span === undefined) return { ...row, common: undefined, stored: bytes }
  const end = span.at + span.length
  const common = { at: span.at, ...at.names.word(bytes.subarray(span.at, end), cursor, at.cursor) }
  const stored = concatBytes(bytes.subarray(0, span.at), bytes.subarray(end))
  return { ...row, common, stored }
}

function encodeTable(rows: readonly Row[], cursor: Cursor): Uint8Array {
  const writer = new ByteWriter().varint(cursor).varint(rows.length)
  for (const { record, mention, common, stored, sum } of rows) {
    const carried = carriedFrom(record)
    const flags = (carried === undefined ? 0 : carriedFlag) | (isDeflated(record) ? deflatedFlag : 0)
    const words = mention.flags | (common === undefined ? 0 : withWords)
    writer.u8(kinds.indexOf(record.type) | flags | words)
    writeMention(writer, mention)
    if (record.type === 'snapshot') writer.varint(record.upTo)
    if (carried !== undefined) writer.varint(carried)
    if (record.type === 'data' && words & withWords) writeWord(writer, common?.word)
    if (common !== undefined) writer.varint(common.at)
    writer.varint(stored.length).u32(sum)
  }
  return writer.finish()
}

function carriedFrom(record: FrameRecord): Cursor | undefined {
  return record.type === 'drop' ? undefined : record.carried
}

function isDeflated(record: FrameRecord): boolean {
  return record.type === 'snapshot' && record.deflated === true
}

/** The bytes of a record as they were given, of those that stand in the file; undefined unless they are what was written. */
export function wholeOf(
  stored: Uint8Array,
  { common, sum }: Pick<Placed, 'common' | 'sum'>,
  seed: number,
  crc32: Crc32,
): Uint8Array | undefined {
  if (common !== undefined && common.bytes === undefined) return undefined
  const bytes =
    common?.bytes === undefined
      ? stored
      : concatBytes(stored.subarray(0, common.at), common.bytes, stored.subarray(common.at))
  return crc32(bytes, seed) === sum ? bytes : undefined
}

/** The frame that begins there; 'short' if the bytes end before it does. */
export function decodeFrame(bytes: Uint8Array, start: number, seed: number, crc32: Crc32): Frame | 'bad' | 'short' {
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
    const word = type === 'data' && flags & withWords ? readWord(reader) : undefined
    const common = word && { at: reader.varint(), word }
    const length = reader.varint()
    const deflated = (flags & deflatedFlag) !== 0
    const listed = { type, mention, cursor, at, upTo, deflated, offset, length, common, sum: reader.u32() }
    offset += length
    return listed
  })
  reader.end()
  return records
}

/** The next frame of those that begin there or later. */
export function findFrame(
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
