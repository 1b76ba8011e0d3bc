// Short names of actors for the wire: the first 8 bytes of the SHA-256 of their bytes. Whoever merges a range knows every actor in its past by
// full name, so 8 bytes find it; where two actors here share them, the full name is written. A wrong guess is found by the chain (FORMAT §1).

import { sha256 } from '@noble/hashes/sha2.js'
import type { Actors } from './actors.ts'

export const shortIdBytes = 8
/** No actor here has this short id, or more than one has. */
export const unknownActor = -2

export class ShortIds {
  readonly #actors: Actors
  readonly #ids: Uint8Array[] = []
  /** By the first 53 bits. Those who share them stand in one list; nearly always it has one. */
  readonly #found = new Map<number, number[]>()
  readonly #ambiguous = new Set<number>()

  constructor(actors: Actors) {
    this.#actors = actors
  }

  idOf(index: number): Uint8Array {
    if (index >= this.#ids.length) this.#learn()
    return this.#ids[index] as Uint8Array
  }

  /** Whether another actor here has the same short id. */
  isAmbiguous(index: number): boolean {
    if (this.#ids.length < this.#actors.count) this.#learn()
    return this.#ambiguous.size > 0 && this.#ambiguous.has(index)
  }

  /** The index of the only actor with this short id, or unknownActor. */
  find(id: Uint8Array): number {
    if (this.#ids.length < this.#actors.count) this.#learn()
    const found = this.#found.get(keyOf(id))
    if (found === undefined) return unknownActor
    if (found.length > 1) return this.#only(found, id)
    const index = found[0] as number
    return sameId(this.idOf(index), id) ? index : unknownActor
  }

  #only(found: readonly number[], id: Uint8Array): number {
    const same = found.filter((index) => sameId(this.idOf(index), id))
    return same.length === 1 ? (same[0] as number) : unknownActor
  }

  #learn(): void {
    for (let index = this.#ids.length; index < this.#actors.count; index++) {
      const id = sha256(this.#actors.bytesOf(index)).slice(0, shortIdBytes)
      this.#ids.push(id)
      const key = keyOf(id)
      const found = this.#found.get(key)
      if (found === undefined) this.#found.set(key, [index])
      else {
        for (const other of found) if (sameId(this.idOf(other), id)) this.#ambiguous.add(other).add(index)
        found.push(index)
      }
    }
  }
}

function keyOf(id: Uint8Array): number {
  let high = 0
  let low = 0
  for (let i = 0; i < 4; i++) {
    high = high * 256 + (id[i] as number)
    low = low * 256 + (id[i + 4] as number)
  }
  return high * 2 ** 21 + Math.floor(low / 2 ** 11)
}

function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < shortIdBytes; i++) if (a[i] !== b[i]) return false
  return true
}
