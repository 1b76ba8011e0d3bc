// Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). What is sealed can be read and made by holders of the key alone.
//
//   gossip envelope = version u8 (0) ‖ suite u8 (1) ‖ epoch varint (0) ‖ nonce 24 ‖ ciphertext and tag
//   session frame   = ciphertext and tag; the nonce is the frame's number in its direction, under a key of that session and direction

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { EPOCH, type SpaceKeys, SUITE } from './keys.ts'

const NONCE_BYTES = 24

/** How bytes become unreadable to strangers, and back. Tests hand in one that does not, to show that they would notice. */
export interface Sealer {
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array
}

export const xchacha: Sealer = {
  seal: (key, nonce, plain, associated) => xchacha20poly1305(key, nonce, associated).encrypt(plain),
  open: (key, nonce, sealed, associated) => xchacha20poly1305(key, nonce, associated).decrypt(sealed),
}

export function sealGossip(sealer: Sealer, keys: SpaceKeys, plain: Uint8Array, random: Random): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES)
  const sealed = sealer.seal(keys.gossipKey, nonce, plain, utf8(keys.topic))
  return new ByteWriter(sealed.length + 32).u8(0).u8(SUITE).varint(EPOCH).raw(nonce).raw(sealed).finish()
}

/** Errors: 'bad-message' where it was not sealed for this space, or is of another version. */
export function openGossip(sealer: Sealer, keys: SpaceKeys, bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  const suite = reader.u8()
  const epoch = reader.varint()
  if (version !== 0 || suite !== SUITE || epoch !== EPOCH)
    throw new JoineryError(
      'bad-message',
      `an envelope of version ${version}, suite ${suite}, epoch ${epoch} is unknown here`,
    )
  const nonce = reader.raw(NONCE_BYTES)
  return openSealed(sealer, keys.gossipKey, nonce, reader.raw(reader.left), utf8(keys.topic))
}

/** Seals the frames of one direction of one session, or opens them: numbered, so that none can be dropped, repeated or swapped. */
export class FrameSealer {
  readonly #sealer: Sealer
  readonly #key: Uint8Array
  #number = 0

  constructor(sealer: Sealer, key: Uint8Array) {
    this.#sealer = sealer
    this.#key = key
  }

  seal(plain: Uint8Array): Uint8Array {
    return this.#sealer.seal(this.#key, this.#nonce(), plain, new Uint8Array())
  }

  open(sealed: Uint8Array): Uint8Array {
    return openSealed(this.#sealer, this.#key, this.#nonce(), sealed, new Uint8Array())
  }

  #nonce(): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES)
    const view = new DataView(nonce.buffer)
    view.setUint32(16, Math.floor(this.#number / 2 ** 32))
    view.setUint32(20, this.#number >>> 0)
    this.#number++
    return nonce
  }
}

function openSealed(
  sealer: Sealer,
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  try {
    return sealer.open(key, nonce, sealed, associated)
  } catch (cause) {
    throw new JoineryError('bad-message', 'bytes that were not sealed for us, or were altered on the way', { cause })
  }
}
