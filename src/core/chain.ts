// The hash chain of one actor in one document, version 0 (Invariant 1: its hash determines an op's bytes):
//
//   H₋₁ = SHA-256("joinery/chain/0" ‖ docTag ‖ actor bytes)
//   H_i = SHA-256(H_{i-1} ‖ SHA-256(canonical bytes of change i))

import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../base/bytes.ts'
import { type ActorId, actorBytes, selfActor } from './ids.ts'

const start = utf8('joinery/chain/0')
const zeroActor = new Uint8Array(36)

export function chainStart(docTag: Uint8Array, actor: ActorId): Uint8Array {
  return sha256.create().update(start).update(docTag).update(actorBytes(actor)).digest()
}

export function chainNext(hash: Uint8Array, canonical: Uint8Array): Uint8Array {
  return sha256.create().update(hash).update(sha256(canonical)).digest()
}

/**
 * The self-certifying actor of an init change: SHA-256 over 36 zero bytes, where an actor would stand, and the canonical bytes, which do not
 * name their own actor. Equal init values have equal actors, on every peer and in every document.
 */
export function initActor(canonical: Uint8Array): ActorId {
  return selfActor(sha256.create().update(zeroActor).update(canonical).digest())
}
