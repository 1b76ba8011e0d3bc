// The root digest of a space: what a peer holds durably of all its documents, in 32 bytes, kept up to date by adding and subtracting (DESIGN §6, L0).
//
//   root = SHA-256( sum mod 2^256 of SHA-256(docTag ‖ frontier digest) ‖ count )
//
// A sum, never XOR: with XOR equal terms cancel, and terms that give any wanted result are found by linear algebra.

import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, fromHex, toHex, utf8 } from '../base/bytes.ts'

const MODULUS = 1n << 256n

export class RootDigest {
  readonly #terms = new Map<string, bigint>()
  #sum = 0n
  #root: Uint8Array | undefined

  get count(): number {
    return this.#terms.size
  }

  /** Sets a document's frontier digest, or takes the document out. */
  set(docTagHex: string, frontierDigest: Uint8Array | undefined): void {
    const old = this.#terms.get(docTagHex) ?? 0n
    if (frontierDigest === undefined) this.#terms.delete(docTagHex)
    else this.#terms.set(docTagHex, toBigInt(sha256(concatBytes(fromHex(docTagHex), frontierDigest))))
    this.#sum = (this.#sum - old + (this.#terms.get(docTagHex) ?? 0n) + MODULUS) % MODULUS
    this.#root = undefined
  }

  get value(): Uint8Array {
    this.#root ??= sha256(concatBytes(fromHex(this.#sum.toString(16).padStart(64, '0')), utf8(String(this.count))))
    return this.#root
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`)
}
