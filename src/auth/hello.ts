// The first frames of a session: each side proves that it holds the space's secret, before anything else is said. A stranger learns nothing,
// not even which space was meant (DESIGN §6): the frames are a nonce and a tag, and a frame that fits no space is answered by silence.
//
//   initiator → responder   version u8 (1) ‖ nonceA 16 ‖ HMAC(hello key, 0 ‖ nodeA ‖ nodeB ‖ nonceA)
//   responder → initiator   version u8 (1) ‖ nonceB 16 ‖ HMAC(hello key, 1 ‖ nodeA ‖ nodeB ‖ nonceA ‖ nonceB)
//
// Tags are cut to 16 bytes, which is as much as RFC 2104 (§5) asks for: a peer meets others often, and mostly there is nothing new to say.
//
// The node ids are those the connection itself has proved, so a frame overheard cannot be used from elsewhere. Then each direction has a key:
// HKDF(hello key, nonceA ‖ nonceB, direction).

import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ByteReader, ByteWriter, concatBytes, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'

const VERSION = 1
export const NONCE_BYTES = 16
const TAG_BYTES = 16
const HELLO_BYTES = 1 + NONCE_BYTES + TAG_BYTES

export interface Ends {
  readonly initiator: string
  readonly responder: string
}

export interface Nonces {
  readonly initiator: Uint8Array
  readonly responder: Uint8Array
}

export interface SessionKeys {
  readonly toResponder: Uint8Array
  readonly toInitiator: Uint8Array
  /** What both sides saw, the node ids too, so that no member can pass on another's as its own: devices sign it to show who they are. */
  readonly transcript: Uint8Array
}

export function firstHello(helloKey: Uint8Array, ends: Ends, nonce: Uint8Array): Uint8Array {
  return helloFrame(nonce, firstTag(helloKey, ends, nonce))
}

/** The initiator's nonce, if the frame was made with this key. */
export function readFirstHello(helloKey: Uint8Array, ends: Ends, frame: Uint8Array): Uint8Array | undefined {
  const { nonce, tag } = parseHello(frame)
  return equalTags(tag, firstTag(helloKey, ends, nonce)) ? nonce : undefined
}

export function secondHello(helloKey: Uint8Array, ends: Ends, nonces: Nonces): Uint8Array {
  return helloFrame(nonces.responder, secondTag(helloKey, ends, nonces))
}

export function readSecondHello(
  helloKey: Uint8Array,
  ends: Ends,
  nonceA: Uint8Array,
  frame: Uint8Array,
): Nonces | undefined {
  const { nonce, tag } = parseHello(frame)
  const nonces = { initiator: nonceA, responder: nonce }
  return equalTags(tag, secondTag(helloKey, ends, nonces)) ? nonces : undefined
}

export function sessionKeys(helloKey: Uint8Array, spaceId: Uint8Array, ends: Ends, nonces: Nonces): SessionKeys {
  const salt = concatBytes(nonces.initiator, nonces.responder)
  const derive = (use: string): Uint8Array => hkdf(sha256, helloKey, salt, utf8(`joinery/0/${use}`), 32)
  return {
    toResponder: derive('to-responder'),
    toInitiator: derive('to-initiator'),
    transcript: sha256(
      new ByteWriter()
        .raw(utf8('joinery/hello/0'))
        .raw(spaceId)
        .string(ends.initiator)
        .string(ends.responder)
        .raw(salt)
        .finish(),
    ),
  }
}

function helloFrame(nonce: Uint8Array, tag: Uint8Array): Uint8Array {
  return new ByteWriter(HELLO_BYTES).u8(VERSION).raw(nonce).raw(tag).finish()
}

function parseHello(frame: Uint8Array): { nonce: Uint8Array; tag: Uint8Array } {
  const reader = new ByteReader(frame)
  const version = reader.u8()
  if (version !== VERSION || frame.length !== HELLO_BYTES)
    throw new JoineryError('bad-message', `a hello of version ${version} and ${frame.length} bytes is unknown here`)
  return { nonce: reader.raw(NONCE_BYTES).slice(), tag: reader.raw(TAG_BYTES) }
}

function firstTag(helloKey: Uint8Array, ends: Ends, nonceA: Uint8Array): Uint8Array {
  return tagOf(helloKey, new ByteWriter().u8(0).string(ends.initiator).string(ends.responder).raw(nonceA))
}

function secondTag(helloKey: Uint8Array, ends: Ends, nonces: Nonces): Uint8Array {
  return tagOf(
    helloKey,
    new ByteWriter().u8(1).string(ends.initiator).string(ends.responder).raw(nonces.initiator).raw(nonces.responder),
  )
}

function tagOf(helloKey: Uint8Array, said: ByteWriter): Uint8Array {
  return hmac(sha256, helloKey, said.finish()).subarray(0, TAG_BYTES)
}

/** Compares in time that does not depend on where the tags differ. */
function equalTags(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
