// What two sides of a reconciliation by ranges say to one another. The ranges of a message follow one another from the least id on: each begins where the
// one before it ends.
//
//   message = round varint ‖ count varint ‖ range …
//   range   = end: length u8 (0-32), bytes     the ids below these bytes, zeros behind them; length 0: to the end of all, in the last range only
//           ‖ kind u8, then
//   0 skip          nothing to say of it
//   1 fingerprint   fingerprint 16: "this is what I have there"
//   2 ids           count varint, id 32 …: "all I have there; what of it do you lack, and what else have you?"
//   3 answer        length varint, bits (1 where I lack the id of yours; the first is the lowest bit of the first byte), count varint, id 32 …: what I have
//                   besides

import { assert, never } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { FINGERPRINT_BYTES, ID_BYTES } from './sorted-ids.ts'

export interface RangeMessage {
  readonly round: number
  readonly ranges: readonly Range[]
}

/** `end` is exclusive; undefined is the end of all. */
export type Range = { readonly end: Uint8Array | undefined } & (
  | { readonly type: 'skip' }
  | { readonly type: 'fingerprint'; readonly fingerprint: Uint8Array }
  | { readonly type: 'ids'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'answer'; readonly lacking: Uint8Array; readonly ids: readonly Uint8Array[] }
)

const kinds = ['skip', 'fingerprint', 'ids', 'answer'] as const

export function encodeRanges({ round, ranges }: RangeMessage): Uint8Array {
  const writer = new ByteWriter().varint(round).varint(ranges.length)
  for (const range of ranges) writeRange(writer, range)
  return writer.finish()
}

function writeRange(writer: ByteWriter, range: Range): void {
  const end = range.end ?? new Uint8Array()
  let length = end.length
  while (length > 0 && end[length - 1] === 0) length--
  assert(range.end === undefined || length > 0, 'a range that ends before the first id')
  writer.u8(length).raw(end.subarray(0, length)).u8(kinds.indexOf(range.type))
  switch (range.type) {
    case 'skip':
      return
    case 'fingerprint':
      writer.raw(range.fingerprint)
      return
    case 'ids':
      writeIds(writer, range.ids)
      return
    case 'answer':
      writeIds(writer.bytes(range.lacking), range.ids)
      return
    default:
      never(range)
  }
}

function writeIds(writer: ByteWriter, ids: readonly Uint8Array[]): void {
  writer.varint(ids.length)
  for (const id of ids) writer.raw(id)
}

/** Total: any bytes give a message or JoineryError('bad-message'). */
export function decodeRanges(bytes: Uint8Array): RangeMessage {
  const reader = new ByteReader(bytes)
  const round = reader.varint(limits.rangeRounds)
  const ranges: Range[] = []
  let idsLeft = limits.rangeIds
  for (let left = reader.varint(limits.ranges); left > 0; left--) {
    const end = readEnd(reader, left === 1)
    const range = readRange(reader, end, idsLeft)
    if ('ids' in range) idsLeft -= range.ids.length
    ranges.push(range)
  }
  reader.end()
  return { round, ranges }
}

function readEnd(reader: ByteReader, isLast: boolean): Uint8Array | undefined {
  const length = reader.u8()
  if (length > ID_BYTES || (length === 0) !== isLast)
    throw new JoineryError('bad-message', `a range ends after ${length} bytes`)
  if (length === 0) return undefined
  const end = new Uint8Array(ID_BYTES)
  end.set(reader.raw(length))
  if (end[length - 1] === 0) throw new JoineryError('bad-message', 'the end of a range is longer than it need be')
  return end
}

function readRange(reader: ByteReader, end: Uint8Array | undefined, idsMax: number): Range {
  const kind = reader.u8()
  switch (kinds[kind]) {
    case 'skip':
      return { end, type: 'skip' }
    case 'fingerprint':
      return { end, type: 'fingerprint', fingerprint: reader.raw(FINGERPRINT_BYTES).slice() }
    case 'ids':
      return { end, type: 'ids', ids: readIds(reader, idsMax) }
    case 'answer':
      return { end, type: 'answer', lacking: reader.bytes(limits.rangeIds / 8).slice(), ids: readIds(reader, idsMax) }
    default:
      throw new JoineryError('bad-message', `a range of kind ${kind} is unknown here`)
  }
}

function readIds(reader: ByteReader, max: number): Uint8Array[] {
  const count = reader.varint(Math.min(max, Math.floor(reader.left / ID_BYTES)))
  return Array.from({ length: count }, () => reader.raw(ID_BYTES).slice())
}
