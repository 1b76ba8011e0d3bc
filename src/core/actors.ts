// Actors by small numbers, inside one replica: never written, never compared between replicas.

import { AssertionError } from '../base/assert.ts'
import { type ActorId, actorBytes, compareActors } from './ids.ts'
import { ShortIds } from './short-ids.ts'

export class Actors {
  readonly #names: ActorId[] = []
  readonly #bytes: Uint8Array[] = []
  readonly #indexes = new Map<ActorId, number>()
  /** Their short names, for the wire. */
  readonly shortIds = new ShortIds(this)

  get count(): number {
    return this.#names.length
  }

  nameOf(index: number): ActorId {
    return this.#names[index] ?? missing(index)
  }

  bytesOf(index: number): Uint8Array {
    return this.#bytes[index] ?? missing(index)
  }

  indexOf(name: ActorId): number {
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const index = this.#names.push(name) - 1
    this.#bytes.push(actorBytes(name))
    this.#indexes.set(name, index)
    return index
  }

  /** The index of a name that is known. */
  find(name: ActorId): number | undefined {
    return this.#indexes.get(name)
  }

  /** By the bytes of their names. */
  readonly compare = (a: number, b: number): number => (a === b ? 0 : compareActors(this.nameOf(a), this.nameOf(b)))
}

function missing(index: number): never {
  throw new AssertionError(`no actor has the index ${index}`)
}
