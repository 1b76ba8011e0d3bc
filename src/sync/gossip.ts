// What is sealed inside a gossip envelope: small deltas whole, large ones by name, to be pulled (DESIGN §6). Gossip is a hint.
//
//   payload  = kind u8, document, then
//   0 delta    = range count, range …
//   1 announce = version: "I hold this much; pull it"
//   2 presence = no document, but a beat (presence.ts)

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'
import { decodeVersion, encodeVersion, type Version } from '../core/version.ts'
import { type DocName, readDocument, readMany, writeDocument } from './messages.ts'

export type Gossip =
  | { readonly type: 'delta'; readonly document: DocName; readonly ranges: readonly SignedRange[] }
  | { readonly type: 'announce'; readonly document: DocName; readonly version: Version }
  | { readonly type: 'presence'; readonly beat: Uint8Array }

const RANGES_MAX = 1024
// What sealing and framing add to the ranges themselves.
const OVERHEAD_BYTES = 512

/** The delta itself where it is small enough to travel by gossip, else the announcement of it. */
export function encodeGossip(document: DocName, ranges: readonly SignedRange[], version: Version): Uint8Array {
  const sizeBytes = ranges.reduce((sum, range) => sum + range.body.length + 192, OVERHEAD_BYTES)
  if (sizeBytes <= limits.gossipInlineBytes && ranges.length <= RANGES_MAX) {
    const writer = new ByteWriter(sizeBytes).u8(0)
    writeDocument(writer, document)
    writer.varint(ranges.length)
    for (const range of ranges) encodeRange(writer, range)
    return writer.finish()
  }
  const writer = new ByteWriter().u8(1)
  writeDocument(writer, document)
  encodeVersion(writer, version)
  return writer.finish()
}

export function encodePresence(beat: Uint8Array): Uint8Array {
  return new ByteWriter(beat.length + 1).u8(2).raw(beat).finish()
}

/** Total: any bytes give a gossip or JoineryError('bad-message'). */
export function decodeGossip(bytes: Uint8Array): Gossip {
  const reader = new ByteReader(bytes)
  const kind = reader.u8()
  if (kind === 2) return { type: 'presence', beat: reader.raw(reader.left).slice() }
  if (kind > 1) throw new JoineryError('bad-message', `gossip of kind ${kind} is unknown here`)
  const document = readDocument(reader)
  const gossip: Gossip =
    kind === 0
      ? { type: 'delta', document, ranges: readMany(reader, RANGES_MAX, () => decodeRange(reader)) }
      : { type: 'announce', document, version: decodeVersion(reader) }
  reader.end()
  return gossip
}
