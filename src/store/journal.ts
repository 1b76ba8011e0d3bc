// The journal: what one record of a document's stream says. A stream starts with the document's name, so that a store can be read with nothing else.
//
//   record   = version u8 (0) ‖ kind u8, then
//   0 name     = name string, generation varint
//   4 snapshot = name string, generation varint, snapshot bytes
//   5 range    = range          whole changes of one actor up to a signed tip
//
// 1, 2 and 3 were ranges and snapshots of earlier drafts, whose ops nobody reads any more: to leave them out would lose them unseen.

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'

export type JournalRecord =
  | { readonly type: 'name'; readonly name: string; readonly generation: number }
  | { readonly type: 'range'; readonly range: SignedRange }
  | { readonly type: 'snapshot'; readonly name: string; readonly generation: number; readonly snapshot: Uint8Array }

export function encodeName(name: string, generation: number): Uint8Array {
  return new ByteWriter(64).u8(0).u8(0).string(name).varint(generation).finish()
}

export function encodeRangeRecord(range: SignedRange): Uint8Array {
  const writer = new ByteWriter(range.body.length + 192).u8(0).u8(5)
  encodeRange(writer, range)
  return writer.finish()
}

/** Where the record of a range says whose it is, as those of all that its author wrote do: its bytes with their length. */
export function authorIn(record: Uint8Array): { readonly at: number; readonly length: number } {
  return { at: 2, length: 1 + (record[2] ?? 0) }
}

export function encodeSnapshot(name: string, generation: number, snapshot: Uint8Array): Uint8Array {
  return new ByteWriter(snapshot.length + 64).u8(0).u8(4).string(name).varint(generation).raw(snapshot).finish()
}

/** Total. Errors: 'store-newer', 'store-older', and 'bad-message' for bytes that no journal wrote. */
export function decodeRecord(bytes: Uint8Array): JournalRecord {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version !== 0) throw newer(`version ${version}`)
  const kind = reader.u8()
  if (kind === 0) return finish(reader, { type: 'name', ...readName(reader) })
  if (kind === 1 || kind === 2 || kind === 3)
    throw new JoineryError(
      'store-older',
      'These documents were written by an early draft of joinery 0.1, which this version cannot read. Export them with that one, or use another folder.',
    )
  if (kind === 5) return finish(reader, { type: 'range', range: decodeRange(reader) })
  if (kind === 4) return { type: 'snapshot', ...readName(reader), snapshot: reader.raw(reader.left) }
  // The store has seen to it that these are the bytes that were written: so somebody knows what they mean.
  throw newer(`kind ${kind}`)
}

function newer(what: string): JoineryError {
  const words = `A record of ${what} was written by a newer joinery. It stays as it is. Update joinery to read it.`
  return new JoineryError('store-newer', words)
}

function readName(reader: ByteReader): { name: string; generation: number } {
  return { name: reader.string(limits.documentNameBytes), generation: reader.varint(limits.seq) }
}

function finish(reader: ByteReader, record: JournalRecord): JournalRecord {
  reader.end()
  return record
}
