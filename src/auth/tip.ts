// Signed tips: a signature over an actor's chain hash at a tip authenticates the actor's whole prefix, whatever the ranges it travels in (DESIGN §4).
//
//   signed = 'joinery/tip/0' ‖ spaceId 32 ‖ docTag 32 ‖ actor (length, bytes) ‖ epoch varint ‖ endSeq varint ‖ tip hash 32
//
// Version 0 leaves out fromSeq and the hash before it (FORMAT §2): the chain binds them.

import { ByteWriter, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { type ActorId, actorBytes, ownerOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { EPOCH } from './keys.ts'
import { ed25519Signing, type Signing } from './signing.ts'

export interface DocumentAt {
  readonly spaceId: Uint8Array
  readonly docTag: Uint8Array
}

const label = utf8('joinery/tip/0')

export function tipBytes(
  document: DocumentAt,
  tip: { readonly actor: ActorId; readonly endSeq: number; readonly tipHash: Uint8Array },
): Uint8Array {
  return new ByteWriter(192)
    .raw(label)
    .raw(document.spaceId)
    .raw(document.docTag)
    .bytes(actorBytes(tip.actor))
    .varint(EPOCH)
    .varint(tip.endSeq)
    .raw(tip.tipHash)
    .finish()
}

/**
 * Invariant 12: no op from outside is merged before its signature is checked. Self-certifying actors (kind 0) need none: their name is their hash,
 * which the replica recomputes. Errors: 'bad-message'.
 */
export async function verifyRange(
  document: DocumentAt,
  range: SignedRange,
  { verify }: Pick<Signing, 'verify'> = ed25519Signing,
): Promise<void> {
  const owner = ownerOf(range.actor)
  if (owner.kind === 0) {
    // One change that nobody continues: what claims to follow it would wait for ever.
    if (range.fromSeq > 0) throw new JoineryError('bad-message', 'a range goes on after an init, which nothing does')
    return
  }
  if (owner.kind !== 1 || owner.publicKey === undefined)
    throw new JoineryError('bad-message', `an actor of kind ${owner.kind} is unknown here`)
  const good = await verify(owner.publicKey, range.signature, tipBytes(document, range))
  if (!good)
    throw new JoineryError(
      'bad-message',
      `the signature on ${range.actor.slice(2, 18)}:${range.endSeq} is not by its author`,
    )
}
