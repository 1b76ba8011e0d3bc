// What travels and what rests: whole consecutive changes of one actor, ending at a tip that its actor may have signed.
//
//   range = actor bytes, fromSeq varint, count varint, tip hash (32), head u8, [base tag (8)], [signature (64)], body bytes
//   head  = 64 if there is a signature, and 1 if there is a base tag: without one the bytes are those of before there were any
//
// The signature covers actor, endSeq and tipHash (with space and document): the chain makes it vouch for the whole prefix, so a range may be
// cut anew at any change, and only its end must be a signed tip. The base tag is not signed: with a false one a range waits in vain.

import { assert } from '../base/assert.ts'
import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, decodeActor, encodeActor, tagBytes } from './ids.ts'

export interface SignedRange {
  readonly actor: ActorId
  readonly fromSeq: number
  /** Half open. */
  readonly endSeq: number
  /** The changes: core/wire.ts. */
  readonly body: Uint8Array
  /** The chain's hash after op endSeq - 1 (32 bytes). */
  readonly tipHash: Uint8Array
  /** 64 bytes; empty for self-certifying actors and for what is not yet signed. */
  readonly signature: Uint8Array
  /** 8 bytes: the tag of the chain that it goes on from (forks.ts), where the sender knew of a fork and `fromSeq` is not 0. */
  readonly base?: Uint8Array | undefined
}

const empty = new Uint8Array(0)
const signatureBytes = 64

/** What nobody signed. */
export function unsignedRange(actor: ActorId, fromSeq: number, endSeq: number, body: Uint8Array): SignedRange {
  return { actor, fromSeq, endSeq, body, tipHash: empty, signature: empty }
}

export function encodeRange(writer: ByteWriter, range: SignedRange): void {
  const { signature, base } = range
  assert(signature.length === 0 || signature.length === signatureBytes, `a signature has ${signature.length} bytes`)
  assert(base === undefined || base.length === tagBytes, 'a base tag has 8 bytes')
  encodeActor(writer, range.actor)
  writer.varint(range.fromSeq).varint(range.endSeq - range.fromSeq)
  writer.raw(range.tipHash).u8(signature.length + (base === undefined ? 0 : 1))
  if (base !== undefined) writer.raw(base)
  writer.raw(signature).bytes(range.body)
}

export function decodeRange(reader: ByteReader): SignedRange {
  const actor = decodeActor(reader)
  const fromSeq = reader.varint(limits.seq)
  const count = reader.varint(limits.seq - fromSeq)
  if (count === 0) throw new JoineryError('bad-message', 'a range is empty')
  const tipHash = reader.raw(32)
  const head = reader.u8()
  const signed = head & ~1
  if (signed !== 0 && signed !== signatureBytes)
    throw new JoineryError('bad-message', `a signature has ${signatureBytes} bytes, not ${signed}`)
  const base = (head & 1) === 0 ? undefined : reader.raw(tagBytes)
  const signature = reader.raw(signed)
  const range = { actor, fromSeq, endSeq: fromSeq + count, tipHash, signature, body: reader.bytes(limits.changeBytes) }
  return base === undefined ? range : { ...range, base }
}
