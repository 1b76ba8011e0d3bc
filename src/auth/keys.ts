// The keys of a space. One secret opens it; every use has a key of its own, derived from the secret and bound to the space's id.
// In version 0 whoever holds the secret reads and writes, for ever: epochs and roles come with the roster.
//
//   genesis = version u8 (0) ‖ suite u8 (1) ‖ creator's device key 32 ‖ salt 16
//   spaceId = SHA-256(genesis)

import { expand, extract } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ByteReader, ByteWriter, concatBytes, toHex, utf8 } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'

/** Ed25519, SHA-256, HKDF-SHA-256, XChaCha20-Poly1305. */
export const SUITE = 1
/** The only epoch until keys rotate. */
export const EPOCH = 0

const GENESIS_BYTES = 50

export interface SpaceSecret {
  readonly genesis: Uint8Array
  readonly secret: Uint8Array
}

export interface SpaceKeys {
  readonly spaceId: Uint8Array
  /** The space's id in lower-case hex. */
  readonly idHex: string
  /** The gossip topic: tells a stranger nothing. */
  readonly topic: string
  readonly gossipKey: Uint8Array
  readonly helloKey: Uint8Array
  readonly nameKey: Uint8Array
  /** 16 bytes: hashes what is held to the ids by which members compare it. */
  readonly compareKey: Uint8Array
  /** Seals what is carried as a file. */
  readonly bundleKey: Uint8Array
  /** Shows that a member made the token of a session. */
  readonly tokenKey: Uint8Array
}

/** A new space: its genesis and its secret. */
export function makeSpace(creatorKey: Uint8Array, random: Random): SpaceSecret {
  const genesis = new ByteWriter(GENESIS_BYTES).u8(0).u8(SUITE).raw(creatorKey).raw(random.bytes(16)).finish()
  return { genesis, secret: random.bytes(32) }
}

/** Refuses a genesis of another shape. Errors: 'bad-message'. */
export function checkGenesis(genesis: Uint8Array): void {
  const reader = new ByteReader(genesis)
  const version = reader.u8()
  const suite = reader.u8()
  if (version !== 0 || suite !== SUITE || genesis.length !== GENESIS_BYTES)
    throw new JoineryError(
      'bad-message',
      `a genesis of version ${version}, suite ${suite} and ${genesis.length} bytes is unknown here`,
    )
}

/** A space's id: the hash of how it began. */
export function spaceIdOf(genesis: Uint8Array): Uint8Array {
  return sha256(genesis)
}

export function spaceKeys(space: SpaceSecret): SpaceKeys {
  const spaceId = spaceIdOf(space.genesis)
  const root = extract(sha256, space.secret, spaceId)
  const derive = (use: string): Uint8Array => expand(sha256, root, utf8(`joinery/0/${use}`), 32)
  return {
    spaceId,
    idHex: toHex(spaceId),
    topic: `joinery/0/${toHex(derive('topic'))}`,
    gossipKey: derive('gossip'),
    helloKey: derive('hello'),
    nameKey: derive('name'),
    compareKey: derive('compare').subarray(0, 16),
    bundleKey: derive('bundle'),
    tokenKey: derive('session'),
  }
}

/**
 * The tag of one generation of a document: the same on every member, not guessable outside. Names hold no control characters, so a zero byte
 * divides name and generation.
 */
export function docTag(nameKey: Uint8Array, name: string, generation: number): Uint8Array {
  const text = generation === 0 ? utf8(name) : concatBytes(utf8(name), Uint8Array.of(0), utf8(String(generation)))
  return hmac(sha256, nameKey, text)
}
