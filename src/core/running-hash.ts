// SHA-256 of bytes that grow: what did not change since the last time is not read again. A few bytes that are the same as the last ones are not
// read at all: a delete of a million units is 4,096 equal blocks.

import { sha256 } from '@noble/hashes/sha2.js'

/** Below, hashing anew is faster than going on. */
const smallBytes = 256
/** Up to here the last bytes are remembered. */
const rememberedBytes = 64

export class RunningHash {
  #hasher: ReturnType<typeof sha256.create> | undefined
  #read = 0
  readonly #last = new Uint8Array(rememberedBytes)
  #lastLength = -1
  #lastHash = this.#last

  /** Other bytes begin. */
  restart(): void {
    this.#hasher = undefined
    this.#read = 0
  }

  /** The hash of `bytes`, of which the first `settled` are as they will stay. To be kept, not altered. */
  of(bytes: Uint8Array, settled: number): Uint8Array {
    if (bytes.length <= rememberedBytes) return this.#ofFew(bytes)
    if (settled < smallBytes) return sha256(bytes)
    this.#hasher ??= sha256.create()
    this.#hasher.update(bytes.subarray(this.#read, settled))
    this.#read = settled
    return this.#hasher.clone().update(bytes.subarray(settled)).digest()
  }

  #ofFew(bytes: Uint8Array): Uint8Array {
    if (this.#isLast(bytes)) return this.#lastHash
    this.#lastHash = sha256(bytes)
    this.#last.set(bytes)
    this.#lastLength = bytes.length
    return this.#lastHash
  }

  #isLast(bytes: Uint8Array): boolean {
    if (bytes.length !== this.#lastLength) return false
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== this.#last[i]) return false
    return true
  }
}
