// What two peers hand each other, by paste or QR code, so that they connect with nobody between them: who it is, where it waits, and the fingerprint
// of the certificate it will show. Both hand over the same kind of code, in any order. Of an RTCPeerConnection's description of 700 bytes this is what
// the other side cannot know beforehand; it builds the description anew from it (session-description.ts), so no text of a stranger is ever parsed there.
//
//   'joinery-meet:' base64url( version u8 (0) ‖ node key 32 ‖ fingerprint 32 ‖ ufrag string ‖ password string ‖ count varint ‖ candidate … ‖ checksum 4 )
//   candidate = kind u8 (0 name 16, 1 ip4 4, 2 ip6 16), port u16 (big endian)
//
// A name is the UUID of a `….local` name, which browsers say in place of their address; it is found by multicast DNS. The checksum (first bytes of
// SHA-256 of all before it) tells a mistyped code from a good one.

import { sha256 } from '@noble/hashes/sha2.js'
import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { ByteReader, ByteWriter, concatBytes, equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { NodeId } from './network.ts'

export interface MeetingPoint {
  /** Whose code it is: the handshake proves it. */
  readonly node: NodeId
  /** SHA-256 of the certificate. */
  readonly fingerprint: Uint8Array
  /** The user name and the password that the two use to find a way to each other (ICE). */
  readonly ufrag: string
  readonly password: string
  readonly candidates: readonly Candidate[]
}

/** A UDP socket that waits. */
export interface Candidate {
  readonly kind: 'name' | 'ip4' | 'ip6'
  /** The bytes of the address, or of the UUID of a name. */
  readonly host: Uint8Array
  readonly port: number
}

const PREFIX = 'joinery-meet:'
const kinds = ['name', 'ip4', 'ip6'] as const
const hostBytes = { name: 16, ip4: 4, ip6: 16 } as const
/** A node's id is base58 of these and its Ed25519 key. */
const nodePrefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const iceChars = /^[A-Za-z0-9+/]+$/
const ufragBytes = { min: 4, max: 32 }
const passwordBytes = { min: 22, max: 64 }

export function encodeMeetingCode(point: MeetingPoint): string {
  const writer = new ByteWriter().u8(0).raw(keyOf(point.node)).raw(point.fingerprint)
  writer.string(point.ufrag).string(point.password)
  const candidates = point.candidates.slice(0, limits.meetingCandidates)
  writer.varint(candidates.length)
  for (const { kind, host, port } of candidates) {
    writer
      .u8(kinds.indexOf(kind))
      .raw(host)
      .u8(port >> 8)
      .u8(port & 0xff)
  }
  const body = writer.finish()
  return PREFIX + bytesToString(concatBytes(body, checksum(body)), 'base64url')
}

/** Reads a code, with whatever text stands before it. Errors: 'bad-code', 'code-newer'. */
export function decodeMeetingCode(text: string): MeetingPoint {
  const bytes = codeBytes(text)
  if (bytes[0] !== 0)
    throw new JoineryError(
      'code-newer',
      `This code is of version ${bytes[0]}; this joinery knows version 0. Update joinery and make new codes.`,
    )
  const body = bytes.subarray(0, -4)
  if (!equalBytes(checksum(body), bytes.subarray(-4))) throw damaged('its checksum does not fit')
  try {
    return readPoint(new ByteReader(body))
  } catch (cause) {
    throw damaged('it does not read as one', cause)
  }
}

function codeBytes(text: string): Uint8Array {
  const from = typeof text === 'string' ? text.indexOf(PREFIX) : -1 // Programs without types hand in anything.
  if (from < 0)
    throw new JoineryError(
      'bad-code',
      `This is not a code for meeting: these start with "${PREFIX}". Copy the whole of it and try again.`,
    )
  // Mail programs break long lines.
  const encoded = text
    .slice(from + PREFIX.length, from + PREFIX.length + 2 * limits.meetingCodeBytes)
    .replaceAll(/\s/g, '')
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) throw damaged('it holds characters that no code has')
  try {
    const bytes = fromString(encoded, 'base64url')
    if (bytes.length > 4 && bytes.length <= limits.meetingCodeBytes) return bytes
  } catch (cause) {
    throw damaged('it does not read as one', cause)
  }
  throw damaged('its length is wrong')
}

function readPoint(reader: ByteReader): MeetingPoint {
  reader.u8()
  const node = nodeOf(reader.raw(32))
  const fingerprint = reader.raw(32).slice()
  const ufrag = readIce(reader, ufragBytes)
  const password = readIce(reader, passwordBytes)
  const count = reader.varint(limits.meetingCandidates)
  const candidates = Array.from({ length: count }, () => readCandidate(reader))
  reader.end()
  return { node, fingerprint, ufrag, password, candidates }
}

/** These stand in a description that the platform parses: nothing but what may stand there passes. */
function readIce(reader: ByteReader, { min, max }: { readonly min: number; readonly max: number }): string {
  const text = reader.string(max)
  if (text.length < min || !iceChars.test(text)) throw new JoineryError('bad-message', 'not a name or password of ICE')
  return text
}

function readCandidate(reader: ByteReader): Candidate {
  const kind = kinds[reader.u8()]
  if (kind === undefined) throw new JoineryError('bad-message', 'a candidate of an unknown kind')
  const host = reader.raw(hostBytes[kind]).slice()
  const port = reader.u8() * 256 + reader.u8()
  if (port === 0) throw new JoineryError('bad-message', 'a candidate without a port')
  return { kind, host, port }
}

function nodeOf(key: Uint8Array): NodeId {
  return bytesToString(concatBytes(nodePrefix, key), 'base58btc')
}

function keyOf(node: NodeId): Uint8Array {
  const bytes = fromString(node, 'base58btc')
  const key = bytes.subarray(nodePrefix.length)
  if (key.length !== 32 || !equalBytes(bytes.subarray(0, nodePrefix.length), nodePrefix))
    throw new JoineryError('internal', `${node} is not the id of an Ed25519 key`)
  return key
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, 4)
}

function damaged(why: string, cause?: unknown): JoineryError {
  return new JoineryError('bad-code', `This code is damaged: ${why}. Copy the whole of it and try again.`, { cause })
}
