// What somebody has seen and written, as bytes to carry along: of each document the newest ops, whose past is all the rest (Invariant 3). Whoever holds
// these ops somewhere else holds all that was seen, so the four guarantees of a session (Terry et al. 1994: read your writes, monotonic reads, writes follow
// reads, monotonic writes) are kept there by waiting for them.
//
//   token   = version u8 (0) ‖ count varint ‖ section … ‖ first 4 bytes of SHA-256 of all before
//   section = mark of the space 8 ‖ length varint, body ‖ mac 16                                                 ascending by mark
//   body    = count varint, actor bytes … ‖ count varint, entry …
//   entry   = mark of the document 16 ‖ generation varint ‖ count varint, (number of the actor varint, seq varint, tag 8) …
//   mark of the space, of a document = first bytes of HMAC-SHA-256(token key, 'space'), of the document's tag in its first generation
//   mac     = first bytes of HMAC-SHA-256(token key, 'joinery/session/0' ‖ body)
//
// A stranger learns neither which spaces nor which documents, and can make none. A member can: whoever follows it waits for what never comes, and sees so.

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ByteReader, ByteWriter, compareBytes, concatBytes, equalBytes, toHex, utf8 } from '../base/bytes.ts'
import { isJoineryError, JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, actorOf, decodeActor, encodeActor, forkedBranch, forkPoint, tagBytes } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import { readMany } from './messages.ts'

export interface TokenEntry {
  /** The first bytes of the tag of the document's first generation. */
  readonly mark: Uint8Array
  readonly generation: number
  /** The newest ops, with the tags of their chains, as Outward.stated gives them. */
  readonly heads: Version
}

export interface TokenSection {
  readonly key: Uint8Array
  readonly entries: readonly TokenEntry[]
}

export const documentMarkBytes = 16
const SPACE_MARK_BYTES = 8
const MAC_BYTES = 16
const CHECKSUM_BYTES = 4
const VERSION = 0

/** Errors: 'limit'. */
export function encodeToken(sections: readonly TokenSection[]): Uint8Array {
  const marked = sections.map((section) => ({ ...section, mark: spaceMark(section.key) }))
  marked.sort((a, b) => compareBytes(a.mark, b.mark))
  const writer = new ByteWriter().u8(VERSION).varint(marked.length)
  for (const { key, mark, entries } of marked) {
    const body = encodeBody(entries)
    writer.raw(mark).bytes(body).raw(mac(key, body))
  }
  const content = writer.finish()
  const token = concatBytes(content, checksum(content))
  if (token.length <= limits.sessionBytes) return token
  throw new JoineryError(
    'limit',
    `A session of so many documents takes ${token.length} bytes, and ${limits.sessionBytes} is the most: name those it is about.`,
  )
}

/**
 * What a token says of the space with this key; undefined if nothing. Errors: 'bad-session' for what is none, or was not made by a member of that space;
 * 'session-newer'.
 */
export function readToken(token: Uint8Array, key: Uint8Array): readonly TokenEntry[] | undefined {
  if (!(token instanceof Uint8Array) || token.length === 0) throw bad('it is not bytes, or none')
  if (token.length > limits.sessionBytes) throw bad(`it is longer than ${limits.sessionBytes} bytes`)
  if (token[0] !== VERSION)
    throw new JoineryError(
      'session-newer',
      `This session is of version ${token[0]}; this joinery knows version ${VERSION}. Update joinery and try again.`,
    )
  try {
    const content = token.slice(0, -CHECKSUM_BYTES)
    if (!equalBytes(checksum(content), token.subarray(-CHECKSUM_BYTES)))
      throw new JoineryError('bad-message', 'its checksum does not fit')
    return readSections(new ByteReader(content), key)
  } catch (cause) {
    if (isJoineryError(cause, 'bad-message')) throw bad(cause.message, cause)
    throw cause
  }
}

function readSections(reader: ByteReader, key: Uint8Array): readonly TokenEntry[] | undefined {
  reader.u8()
  const mark = spaceMark(key)
  const sections = readMany(reader, limits.spaces, () => ({
    mark: reader.raw(SPACE_MARK_BYTES).slice(),
    body: reader.bytes(limits.sessionBytes),
    mac: reader.raw(MAC_BYTES).slice(),
  }))
  reader.end()
  for (const [i, section] of sections.entries()) {
    const before = sections[i - 1]
    if (before !== undefined && compareBytes(before.mark, section.mark) >= 0)
      throw new JoineryError('bad-message', 'its spaces are not in order')
  }
  const own = sections.find((section) => equalBytes(section.mark, mark))
  if (own === undefined) return undefined
  if (!equalBytes(own.mac, mac(key, own.body)))
    throw new JoineryError('bad-message', 'no member of this space made it, or it was altered')
  return decodeBody(own.body)
}

function encodeBody(entries: readonly TokenEntry[]): Uint8Array {
  const numbers = new Map<ActorId, number>()
  for (const { heads } of entries)
    for (const id of heads.keys()) if (!numbers.has(actorOf(id))) numbers.set(actorOf(id), numbers.size)
  const writer = new ByteWriter().varint(numbers.size)
  for (const actor of numbers.keys()) encodeActor(writer, actor)
  writer.varint(entries.length)
  for (const { mark, generation, heads } of entries) {
    writer.raw(mark).varint(generation).varint(heads.size)
    for (const [id, end] of heads)
      writer
        .varint(numbers.get(actorOf(id)) ?? 0)
        .varint(end)
        .raw(forkPoint(id)?.tag ?? new Uint8Array(tagBytes))
  }
  return writer.finish()
}

function decodeBody(body: Uint8Array): readonly TokenEntry[] {
  const reader = new ByteReader(body)
  const actors = readMany(reader, reader.left, () => decodeActor(reader))
  const entries = readMany(reader, limits.documents, () => ({
    mark: reader.raw(documentMarkBytes).slice(),
    generation: reader.varint(limits.seq),
    heads: new Map(readMany(reader, limits.sessionHeads, () => readHead(reader, actors))),
  }))
  reader.end()
  return entries
}

function readHead(reader: ByteReader, actors: readonly ActorId[]): [ReturnType<typeof forkedBranch>, number] {
  const actor = actors[reader.varint()]
  const end = reader.varint(limits.seq)
  if (actor === undefined || end === 0) throw new JoineryError('bad-message', 'it names an op of nobody')
  return [forkedBranch(actor, end, reader.raw(tagBytes)), end]
}

function checksum(content: Uint8Array): Uint8Array {
  return sha256(content).slice(0, CHECKSUM_BYTES)
}

function spaceMark(key: Uint8Array): Uint8Array {
  return hmac(sha256, key, utf8('space')).slice(0, SPACE_MARK_BYTES)
}

function mac(key: Uint8Array, body: Uint8Array): Uint8Array {
  return hmac(sha256, key, concatBytes(utf8('joinery/session/0'), body)).slice(0, MAC_BYTES)
}

/** How a mark is looked up. */
export function markKey(mark: Uint8Array): string {
  return toHex(mark.subarray(0, documentMarkBytes))
}

function bad(why: string, cause?: unknown): JoineryError {
  return new JoineryError('bad-session', `This is not a session of a member: ${why}.`, { cause })
}
