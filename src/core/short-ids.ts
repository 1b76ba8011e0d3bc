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
  /** Found last: most often it is asked for again. */
  #last = 0

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

  /** The index of the only actor with the short id that stands in these bytes, or unknownActor. */
  find(bytes: Uint8Array, at = 0): number {
    if (this.#ids.length < this.#actors.count) this.#learn()
    const last = this.#ids[this.#last]
    if (last !== undefined && this.#ambiguous.size === 0 && sameId(last, bytes, at)) return this.#last
    const found = this.#found.get(keyOf(bytes, at))
    if (found === undefined) return unknownActor
    if (found.length > 1) return this.#only(found, bytes, at)
    const index = found[0] as number
    if (!sameId(this.idOf(index), bytes, at)) return unknownActor
    this.#last = index
    return index
  }

  #only(found: readonly number[], bytes: Uint8Array, at: number): number {
    const same = found.filter((index) => sameId(this.idOf(index), bytes, at))
    return same.length === 1 ? (same[0] as number) : unknownActor
  }

  /** The newest number is not given any more. */
  forget(index: number): void {
    if (this.#ids.length > index) this.#ids.length = index
    if (this.#last >= index) this.#last = 0
  }

  #learn(): void {
    for (let index = this.#ids.length; index < this.#actors.count; index++) {
      const first = this.#actors.firstOf(index)
      if (first < index) {
        this.#ids.push(this.#ids[first] as Uint8Array)
        continue
      }
      const id = sha256(this.#actors.bytesOf(index)).slice(0, shortIdBytes)
      this.#ids.push(id)
      const key = keyOf(id, 0)
      const found = this.#found.get(key)
      if (found === undefined) this.#found.set(key, [index])
      else {
        for (const other of found) if (sameId(this.idOf(other), id, 0)) this.#ambiguous.add(other).add(index)
        found.push(index)
      }
    }
  }
}

function keyOf(bytes: Uint8Array, at: number): number {
  let high = 0
  let low = 0
  for (let i = 0; i < 4; i++) {
    high = high * 256 + (bytes[at + i] as number)
    low = low * 256 + (bytes[at + i + 4] as number)
  }
  return high * 2 ** 21 + Math.floor(low / 2 ** 11)
}

function sameId(id: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < shortIdBytes; i++) if (id[i] !== bytes[at + i]) return false
  return true
}
