// What two members say in a session, after hello. Every frame is sealed; it holds one message. Numbers are varints, strings are UTF-8 with a length.
//
//   message   = type u8, then
//   0 who     = device key 32, signature 64 (device, over the session's transcript, its role and its store), name string, incarnation 16,
//               durable u8 (0 memory, 1 disk), address record
//   1 state   = root 32, document count, entries: what I hold durably, as far as it changed since I last told you (all of it where full = 1)
//               = root 32, count, full u8, more u8, entry count, entry …
//   2 pull    = id, document, version           "send me what I lack of this document"
//   3 delta   = id, more u8, ops, range count, range …      an answer to a pull, in parts; more = 0 in the last
//   4 news    = record count, address record …  where other members can be reached
//   5 ping    6 pong
//   7 bye     = reason u8 (0 closing, 1 paused, 2 left)
//   entry     = document, version;   document = name string, generation;   version = count, (actor, seq) …
//
// Anything else is JoineryError('bad-message'), which ends the session, never the process. A state is what receipts are counted from: it says
// "has stored" (Invariant 8: everything that leaves is computed at the durable frontier).

import { never } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'
import { decodeVersion, encodeVersion, type Version } from '../core/version.ts'

/** A document as members name it to one another. */
export interface DocName {
  readonly name: string
  readonly generation: number
}

export interface Entry {
  readonly document: DocName
  readonly version: Version
}

export type ByeReason = 'closing' | 'paused' | 'left'

export type Message =
  | {
      readonly type: 'who'
      readonly device: Uint8Array
      readonly signature: Uint8Array
      readonly name: string
      readonly incarnation: Uint8Array
      readonly durable: boolean
      readonly record: Uint8Array
    }
  | {
      readonly type: 'state'
      readonly root: Uint8Array
      readonly documents: number
      readonly full: boolean
      readonly more: boolean
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

const byeReasons: readonly ByeReason[] = ['closing', 'paused', 'left']
const RECORD_BYTES = 8 * 1024
/** Entries in one state message: a full state of a large space goes in parts. */
export const STATE_ENTRIES = 4096
const RANGES_MAX = 65_536

export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter()
  switch (message.type) {
    case 'who':
      writer.u8(0).raw(message.device).raw(message.signature).string(message.name).raw(message.incarnation)
      return writer
        .u8(message.durable ? 1 : 0)
        .bytes(message.record)
        .finish()
    case 'state':
      writer
        .u8(1)
        .raw(message.root)
        .varint(message.documents)
        .u8(message.full ? 1 : 0)
        .u8(message.more ? 1 : 0)
        .varint(message.entries.length)
      for (const entry of message.entries) writeEntry(writer, entry)
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
    default:
      throw new JoineryError('bad-message', `a message of type ${type} is unknown here`)
  }
}

function readWho(reader: ByteReader): Message {
  const device = reader.raw(32).slice()
  const signature = reader.raw(64).slice()
  const name = reader.string(limits.labelBytes)
  const incarnation = reader.raw(16).slice()
  return {
    type: 'who',
    device,
    signature,
    name,
    incarnation,
    durable: readFlag(reader),
    record: reader.bytes(RECORD_BYTES).slice(),
  }
}

function readState(reader: ByteReader): Message {
  const root = reader.raw(32).slice()
  const documents = reader.varint(limits.documents)
  const full = readFlag(reader)
  const more = readFlag(reader)
  return {
    type: 'state',
    root,
    documents,
    full,
    more,
    entries: readMany(reader, STATE_ENTRIES, () => readEntry(reader)),
  }
}

function readDelta(reader: ByteReader): Message {
  const id = reader.varint()
  const more = readFlag(reader)
  const ops = reader.varint(limits.seq)
  return { type: 'delta', id, more, ops, ranges: readMany(reader, RANGES_MAX, () => decodeRange(reader)) }
}

function writeEntry(writer: ByteWriter, entry: Entry): void {
  writeDocument(writer, entry.document)
  encodeVersion(writer, entry.version)
}

function readEntry(reader: ByteReader): Entry {
  return { document: readDocument(reader), version: decodeVersion(reader) }
}

export function writeDocument(writer: ByteWriter, document: DocName): void {
  writer.string(document.name).varint(document.generation)
}

export function readDocument(reader: ByteReader): DocName {
  return { name: reader.string(limits.documentNameBytes), generation: reader.varint(limits.seq) }
}

export function readMany<T>(reader: ByteReader, max: number, readOne: () => T): T[] {
  const count = reader.varint(max)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(readOne())
  return items
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8()
  if (flag > 1) throw new JoineryError('bad-message', `a flag is ${flag}, not 0 or 1`)
  return flag === 1
}
