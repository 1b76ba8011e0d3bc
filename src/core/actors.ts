// Actors by small numbers, inside one replica: never written, never compared between replicas. The numbers are those of branches: of an actor whose
// history was forked, each continuation has one, the one heard of first being the actor's own.

import { AssertionError } from '../base/assert.ts'
import { type ActorId, actorBytes, compareActors } from './ids.ts'
import { ShortIds } from './short-ids.ts'

export class Actors {
  readonly #names: ActorId[] = []
  readonly #bytes: Uint8Array[] = []
  readonly #indexes = new Map<ActorId, number>()
  /** Of forked actors, by each of their branches: all of them, in the order that is the same on every peer. */
  readonly #forks = new Map<number, number[]>()
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

  /** Whether any actor here has more than one branch. */
  get hasForks(): boolean {
    return this.#forks.size > 0
  }

  isForked(index: number): boolean {
    return this.#forks.size > 0 && this.#forks.has(index)
  }

  /** All branches of the same actor, in order. */
  branchesOf(index: number): readonly number[] {
    return this.#forks.get(index) ?? [index]
  }

  /** The branch of the same actor that was heard of first. */
  firstOf(index: number): number {
    return this.isForked(index) ? Math.min(...this.branchesOf(index)) : index
  }

  /** Another branch of the same actor. Its place in the order is the last, until sortBranches says otherwise. */
  fork(index: number): number {
    const made = this.#names.push(this.nameOf(index)) - 1
    this.#bytes.push(this.bytesOf(index))
    const branches = this.#forks.get(index) ?? [index]
    branches.push(made)
    for (const branch of branches) this.#forks.set(branch, branches)
    return made
  }

  /** Takes back the newest number, which was a fork. */
  unfork(index: number): void {
    if (index !== this.#names.length - 1) throw new AssertionError(`branch ${index} is not the newest`)
    const branches = this.#forks.get(index) ?? missing(index)
    branches.splice(branches.indexOf(index), 1)
    this.#forks.delete(index)
    for (const branch of branches) if (branches.length === 1) this.#forks.delete(branch)
    this.#names.pop()
    this.#bytes.pop()
    this.shortIds.forget(index)
  }

  sortBranches(index: number, compare: (a: number, b: number) => number): void {
    this.#forks.get(index)?.sort(compare)
  }

  /** By the bytes of their names; branches of one actor by what sortBranches said. */
  readonly compare = (a: number, b: number): number => {
    if (a === b) return 0
    const order = compareActors(this.nameOf(a), this.nameOf(b))
    if (order !== 0) return order
    const branches = this.branchesOf(a)
    return branches.indexOf(a) - branches.indexOf(b)
  }
}

function missing(index: number): never {
  throw new AssertionError(`no actor has the index ${index}`)
}
