// What travels and what rests: whole consecutive changes of one actor, ending at a tip that its actor may have signed.
//
//   range = actor bytes, fromSeq varint, count varint, tip hash (32), signature bytes (0 or 64), body bytes
//
// The signature covers actor, endSeq and tipHash (with space and document): the chain makes it vouch for the whole prefix, so a range may be
// cut anew at any change, and only its end must be a signed tip.

import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, decodeActor, encodeActor } from './ids.ts'

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
  /** In memory, of what nobody signed: the tag of the chain that it goes on from (forks.ts), where the sender knew of a fork. */
  readonly base?: Uint8Array | undefined
}

const empty = new Uint8Array(0)

/** What nobody signed. */
export function unsignedRange(actor: ActorId, fromSeq: number, endSeq: number, body: Uint8Array): SignedRange {
  return { actor, fromSeq, endSeq, body, tipHash: empty, signature: empty }
}

export function encodeRange(writer: ByteWriter, range: SignedRange): void {
  encodeActor(writer, range.actor)
  writer.varint(range.fromSeq).varint(range.endSeq - range.fromSeq)
  writer.raw(range.tipHash).bytes(range.signature).bytes(range.body)
}

export function decodeRange(reader: ByteReader): SignedRange {
  const actor = decodeActor(reader)
  const fromSeq = reader.varint(limits.seq)
  const count = reader.varint(limits.seq - fromSeq)
  if (count === 0) throw new JoineryError('bad-message', 'a range is empty')
  const tipHash = reader.raw(32)
  const signature = reader.bytes(64)
  if (signature.length !== 0 && signature.length !== 64)
    throw new JoineryError('bad-message', `a signature has 64 bytes, not ${signature.length}`)
  return { actor, fromSeq, endSeq: fromSeq + count, tipHash, signature, body: reader.bytes(limits.changeBytes) }
}
