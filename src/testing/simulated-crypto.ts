// Signatures and seals for simulations: they notice every altered byte, and cost next to nothing; they hide nothing and prove nothing. Each is computed at
// once, where a platform's own come from its threads in an order of their own, so that a run depends on its seed alone.
//
//   signature = 64 bytes mixed of public key and message          sealed = plain ‖ 8 bytes mixed of key, nonce, associated and plain

import type { Device } from '../auth/device.ts'
import type { Sealer } from '../auth/seal.ts'
import type { Signing } from '../auth/signing.ts'
import { concatBytes, equalBytes, toHex } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'

const CHECK_BYTES = 8

/** Keys are drawn from `random`; `known` is told of every signature that was made here, or found good. */
export function simulatedSigning(random: Random, known: (signature: Uint8Array) => void = () => {}): Signing {
  return {
    open: async (store) => simulatedDevice(await store.setOnce('simulated/device', random.bytes(32)), known),
    admit: () => {},
    verify: async (publicKey, signature, message) => {
      const good = equalBytes(signature, signatureOf(publicKey, message))
      if (good) known(signature)
      return good
    },
  }
}

export function simulatedDevice(publicKey: Uint8Array, signed: (signature: Uint8Array) => void = () => {}): Device {
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const signature = signatureOf(publicKey, message)
    signed(signature)
    return signature
  }
  return { publicKey, keyHex: toHex(publicKey), sign }
}

export const simulatedSealer: Sealer = {
  seal: (key, nonce, plain, associated) => concatBytes(plain, checkOf(key, nonce, plain, associated)),
  open: (key, nonce, sealed, associated) => {
    const plain = sealed.slice(0, Math.max(0, sealed.length - CHECK_BYTES))
    if (!equalBytes(sealed.subarray(plain.length), checkOf(key, nonce, plain, associated)))
      throw new Error('the seal is broken')
    return plain
  },
}

function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return expand(mix(mix(0x51_6e, publicKey), message), 64)
}

function checkOf(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array {
  return expand(mix(mix(mix(mix(0x5e_a1, key), nonce), associated), plain), CHECK_BYTES)
}

/** Murmur3's rounds (public domain, Austin Appleby), a byte at a time: 32 bits are plenty against chance, and nothing against a mind. */
export function mix(seed: number, bytes: Uint8Array): number {
  let sum = seed ^ bytes.length
  for (const byte of bytes) {
    sum = Math.imul(sum ^ byte, 0x5b_d1_e9_95)
    sum ^= sum >>> 15
  }
  return sum >>> 0
}

function expand(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let word = seed
  for (let i = 0; i < length; i++) {
    word = Math.imul(word ^ (word >>> 16), 0x85_eb_ca_6b) + i
    bytes[i] = word >>> 24
  }
  return bytes
}
