// What two members say in a session, after hello. Every frame is sealed; it holds one message. Numbers are varints, strings are UTF-8 with a length.
//
//   message   = type u8, then
//   0 who     = device key 32, signature 64 (device, over the session's transcript, its role and its store), name string, incarnation 16,
//               durable u8 (0 memory, 1 disk), book u32: a digest of what I know of where members are
//   1 state   = root 32, document count, entries: what I hold durably, and of which documents that is something else than I last told you
//   2 pull    = id, document, version           "send me what I lack of this document"
//   3 delta   = id, more u8, ops, range count, range …      an answer to a pull, in parts; more = 0 in the last
//   4 news    = record count, address record …  where other members can be reached
//   5 ping    6 pong
//   7 bye     = reason u8 (0 closing, 1 paused, 2 left)
//   8 symbols = stamp, symbols                  coded symbols of all I hold, at a moment that the stamp names (reconcile/symbols.ts)
//   9 ask     = stamp, from, count              "more of them"; from 0: "the first ones, of now"
//  10 tell    = flags u8 (1: more of it follows, 2: these are all documents I hold, 4: ids follow), pull count, first id, entries, [id count, id 8 …]
//                                               documents that you hold otherwise, or not at all; the first of them I pull, with ids from the first on;
//                                               and ids of your symbols that I do not have
//  11 none    = id count, id …                  pulls to which I have nothing to give
//  12 ranges  = answer u8, message of reconcile/range-message.ts with its length
//   document = name string, generation;   version = count, (actor, seq) …;   entries: sync/entries.ts
//
// Anything else is JoineryError('bad-message'), which ends the session, never the process. A state is what receipts are counted from: it says
// "has stored" (Invariant 8: everything that leaves is computed at the durable frontier).

import { never } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'
import { decodeVersion, encodeVersion, type Version } from '../core/version.ts'
import type { ShortId } from '../reconcile/sip-hash.ts'
import { type DocName, readDocument, readMany, writeDocument } from './document-name.ts'
import { ENTRIES_MAX, type Entry, readEntries, writeEntries } from './entries.ts'

export { type DocName, ENTRIES_MAX, type Entry, readDocument, readMany, writeDocument }

/** Ids that are named in a message; of more differences, symbols tell. */
export const LACKING_MAX = 1024

export type ByeReason = 'closing' | 'paused' | 'left'

export type Message =
  | {
      readonly type: 'who'
      readonly device: Uint8Array
      readonly signature: Uint8Array
      readonly name: string
      readonly incarnation: Uint8Array
      readonly durable: boolean
      readonly book: number
    }
  | {
      readonly type: 'state'
      readonly root: Uint8Array
      readonly documents: number
      readonly entries: readonly Entry[]
    }
  | { readonly type: 'pull'; readonly id: number; readonly document: DocName; readonly since: Version }
  | {
      readonly type: 'delta'
      readonly id: number
      readonly more: boolean
      readonly ops: number
      readonly ranges: readonly SignedRange[]
    }
  | { readonly type: 'news'; readonly records: readonly Uint8Array[] }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | { readonly type: 'bye'; readonly reason: ByeReason }
  | { readonly type: 'symbols'; readonly stamp: number; readonly bytes: Uint8Array }
  | { readonly type: 'ask'; readonly stamp: number; readonly from: number; readonly count: number }
  | {
      readonly type: 'tell'
      readonly more: boolean
      /** These, with the parts before, are all that is held. */
      readonly all: boolean
      /** So many of the entries, the first ones, are pulls as well. */
      readonly pulls: number
      readonly firstId: number
      readonly entries: readonly Entry[]
      readonly lacking?: readonly ShortId[]
    }
  | { readonly type: 'none'; readonly ids: readonly number[] }
  | { readonly type: 'ranges'; readonly isAnswer: boolean; readonly bytes: Uint8Array }

const byeReasons: readonly ByeReason[] = ['closing', 'paused', 'left']
const RECORD_BYTES = 8 * 1024
const RANGES_MAX = 65_536

export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter()
  switch (message.type) {
    case 'who':
      writer.u8(0).raw(message.device).raw(message.signature).string(message.name).raw(message.incarnation)
      return writer
        .u8(message.durable ? 1 : 0)
        .u32(message.book)
        .finish()
    case 'state':
      writeEntries(writer.u8(1).raw(message.root).varint(message.documents), message.entries)
      return writer.finish()
    case 'pull':
      writeDocument(writer.u8(2).varint(message.id), message.document)
      encodeVersion(writer, message.since)
      return writer.finish()
    case 'delta':
      writer
        .u8(3)
        .varint(message.id)
        .u8(message.more ? 1 : 0)
        .varint(message.ops)
        .varint(message.ranges.length)
      for (const range of message.ranges) encodeRange(writer, range)
      return writer.finish()
    case 'news':
      writer.u8(4).varint(message.records.length)
      for (const record of message.records) writer.bytes(record)
      return writer.finish()
    case 'ping':
      return writer.u8(5).finish()
    case 'pong':
      return writer.u8(6).finish()
    case 'bye':
      return writer.u8(7).u8(byeReasons.indexOf(message.reason)).finish()
    case 'symbols':
      return writer.u8(8).varint(message.stamp).bytes(message.bytes).finish()
    case 'ask':
      return writer.u8(9).varint(message.stamp).varint(message.from).varint(message.count).finish()
    case 'tell':
      writer
        .u8(10)
        .u8((message.more ? 1 : 0) | (message.all ? 2 : 0) | (message.lacking === undefined ? 0 : 4))
        .varint(message.pulls)
        .varint(message.firstId)
      writeEntries(writer, message.entries)
      if (message.lacking !== undefined) writeIds(writer, message.lacking)
      return writer.finish()
    case 'none':
      writer.u8(11).varint(message.ids.length)
      for (const id of message.ids) writer.varint(id)
      return writer.finish()
    case 'ranges':
      return writer
        .u8(12)
        .u8(message.isAnswer ? 1 : 0)
        .bytes(message.bytes)
        .finish()
    default:
      return never(message)
  }
}

/** Total: any bytes give a message or JoineryError('bad-message'). */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes)
  const message = readMessage(reader)
  reader.end()
  return message
}

function readMessage(reader: ByteReader): Message {
  const type = reader.u8()
  switch (type) {
    case 0:
      return readWho(reader)
    case 1:
      return readState(reader)
    case 2:
      return { type: 'pull', id: reader.varint(), document: readDocument(reader), since: decodeVersion(reader) }
    case 3:
      return readDelta(reader)
    case 4:
      return { type: 'news', records: readMany(reader, limits.bookPeers, () => reader.bytes(RECORD_BYTES).slice()) }
    case 5:
      return { type: 'ping' }
    case 6:
      return { type: 'pong' }
    case 7:
      return { type: 'bye', reason: byeReasons[reader.u8()] ?? 'closing' }
    case 8:
      return { type: 'symbols', stamp: reader.varint(), bytes: reader.bytes().slice() }
    case 9:
      return {
        type: 'ask',
        stamp: reader.varint(),
        from: reader.varint(limits.symbols),
        count: reader.varint(limits.symbols),
      }
    case 10:
      return readTell(reader)
    case 11:
      return { type: 'none', ids: readMany(reader, limits.pulls, () => reader.varint()) }
    case 12:
      return { type: 'ranges', isAnswer: readFlag(reader), bytes: reader.bytes().slice() }
    default:
      throw new JoineryError('bad-message', `a message of type ${type} is unknown here`)
  }
}

function readWho(reader: ByteReader): Message {
  const device = reader.raw(32).slice()
  const signature = reader.raw(64).slice()
  const name = reader.string(limits.labelBytes)
  const incarnation = reader.raw(16).slice()
  return { type: 'who', device, signature, name, incarnation, durable: readFlag(reader), book: reader.u32() }
}

function readState(reader: ByteReader): Message {
  const root = reader.raw(32).slice()
  return { type: 'state', root, documents: reader.varint(limits.documents + 1), entries: readEntries(reader) }
}

function readTell(reader: ByteReader): Message {
  const flags = reader.u8()
  if (flags > 7) throw new JoineryError('bad-message', `flags of ${flags} are unknown here`)
  const pulls = reader.varint(limits.pulls)
  const firstId = reader.varint()
  const entries = readEntries(reader)
  if (pulls > entries.length)
    throw new JoineryError('bad-message', `${pulls} pulls of ${entries.length} documents that are told of`)
  const tell = { type: 'tell', more: (flags & 1) === 1, all: (flags & 2) === 2, pulls, firstId, entries } as const
  return (flags & 4) === 0 ? tell : { ...tell, lacking: readIds(reader) }
}

function writeIds(writer: ByteWriter, ids: readonly ShortId[]): void {
  writer.varint(ids.length)
  for (const { high, low } of ids) writer.u32(high).u32(low)
}

function readIds(reader: ByteReader): ShortId[] {
  return readMany(reader, Math.min(LACKING_MAX, reader.left >> 3), () => ({ high: reader.u32(), low: reader.u32() }))
}

function readDelta(reader: ByteReader): Message {
  const id = reader.varint()
  const more = readFlag(reader)
  const ops = reader.varint(limits.seq)
  return { type: 'delta', id, more, ops, ranges: readMany(reader, RANGES_MAX, () => decodeRange(reader)) }
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8()
  if (flag > 1) throw new JoineryError('bad-message', `a flag is ${flag}, not 0 or 1`)
  return flag === 1
}
