// SHA-256 of bytes that grow: what did not change since the last time is not read again.

import { sha256 } from '@noble/hashes/sha2.js'

/** Below, hashing anew is faster than going on. */
const smallBytes = 1024

export class RunningHash {
  #hasher: ReturnType<typeof sha256.create> | undefined
  #read = 0

  /** Other bytes begin. */
  restart(): void {
    this.#hasher = undefined
    this.#read = 0
  }

  /** The hash of `bytes`, of which the first `settled` are as they will stay. */
  of(bytes: Uint8Array, settled: number): Uint8Array {
    if (settled < smallBytes) return sha256(bytes)
    this.#hasher ??= sha256.create()
    this.#hasher.update(bytes.subarray(this.#read, settled))
    this.#read = settled
    return this.#hasher.clone().update(bytes.subarray(settled)).digest()
  }
}
