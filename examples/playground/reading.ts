// What bytes on their way say, for those who look on. In this world seals hide nothing: a message is followed by eight bytes that notice when it was altered.

import { ByteReader } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { decodeGossip } from '../../src/sync/gossip.ts'
import { decodeMessage, type Message } from '../../src/sync/messages.ts'
import type { Kind, Saying, Span } from './flights.ts'

const CHECK_BYTES = 8
/** Version, suite and epoch, then the nonce (auth/seal.ts). */
const ENVELOPE_BYTES = 3 + 24
/** A frame's header: a check of one byte, and its length (net/frames.ts). */
const HEADER_BYTES = 4
const LENGTH_MASK = 0xffffff
/** A part that ends its message, and was not deflated (peer/session.ts). */
const WHOLE = 0

const kinds: Readonly<Record<Message['type'], Kind>> = {
  who: 'hello',
  news: 'hello',
  bye: 'hello',
  state: 'state',
  pull: 'pull',
  delta: 'edits',
  none: 'compare',
  symbols: 'compare',
  ask: 'compare',
  tell: 'compare',
  ranges: 'compare',
  ping: 'pulse',
  pong: 'pulse',
}

/** A gossip message. */
export function readGossip(bytes: Uint8Array): Saying {
  const gossip = tried(() => decodeGossip(bytes.subarray(ENVELOPE_BYTES, -CHECK_BYTES)))
  if (gossip?.type === 'delta') return { kind: 'edits', way: 'gossip', spans: gossip.ranges.map(spanOf) }
  return { kind: gossip?.type === 'announce' ? 'state' : 'pulse', way: 'gossip', spans: [] }
}

/** Bytes of a session's stream; undefined for what only makes room for more. */
export function readStream(bytes: Uint8Array): Saying | undefined {
  if (bytes.length === 0) return { kind: 'hello', way: 'session', spans: [] }
  const length = new ByteReader(bytes).u32() & LENGTH_MASK
  if (length !== bytes.length - HEADER_BYTES) return undefined
  const plain = bytes.subarray(HEADER_BYTES, -CHECK_BYTES)
  const message = plain[0] === WHOLE ? tried(() => decodeMessage(plain.subarray(1))) : undefined
  const spans = message?.type === 'delta' ? message.ranges.map(spanOf) : []
  // What cannot be read is the first word of a session, or one that was deflated.
  return { kind: message === undefined ? 'hello' : kinds[message.type], way: 'session', spans }
}

/** The edits in what a peer has opened; `plain` as the seal gave it. */
export function readOpened(plain: Uint8Array, isGossip: boolean): readonly Span[] {
  if (isGossip) {
    const gossip = tried(() => decodeGossip(plain))
    return gossip?.type === 'delta' ? gossip.ranges.map(spanOf) : []
  }
  const message = plain[0] === WHOLE ? tried(() => decodeMessage(plain.subarray(1))) : undefined
  return message?.type === 'delta' ? message.ranges.map(spanOf) : []
}

export function spanOf({ actor, fromSeq, endSeq }: SignedRange): Span {
  return { actor, from: fromSeq, end: endSeq }
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isJoineryError(error, 'bad-message')) return undefined
    throw error
  }
}
