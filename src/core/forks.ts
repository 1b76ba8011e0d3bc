// Forked actors: who made different ops under one name, since a folder was set back or a device copied (FORMAT section 1). Every continuation is kept
// as a branch of its own, which shares the first ops with another; LVs do not move.
//
//   a   0 1 2 3 4 5          the branch heard of first
//            \- 3 4           a fork with base 3: its ops 0-2 are those of a, its chain goes on from theirs
//
// A branch is named by the hash of its chain at any point behind the fork: whoever holds it finds it so, whatever else is known there. Fork points as
// names, as FORMAT has them, would alter when another fork is heard of.

import { compareBytes, equalBytes } from '../base/bytes.ts'
import type { Actors } from './actors.ts'
import type { Graph } from './graph.ts'
import { actorOf, type BranchId, forkedBranch, forkPoint } from './ids.ts'
import type { OpLog } from './op-log.ts'

/** What hashes the chains. */
export interface Chains {
  hashAt(branch: number, end: number): Uint8Array
  tag(branch: number, end: number): Uint8Array
}

export class Forks {
  readonly #graph: Graph
  readonly #log: OpLog
  readonly #actors: Actors
  readonly #chains: Chains
  readonly #ids = new Map<number, BranchId>()
  readonly #branches = new Map<BranchId, number>()

  constructor(graph: Graph, log: OpLog, actors: Actors, chains: Chains) {
    this.#graph = graph
    this.#log = log
    this.#actors = actors
    this.#chains = chains
  }

  /** The least end at which the chains of two branches differ. */
  difference(a: number, b: number): number {
    let low = this.#graph.common(a, b) + 1
    let high = Math.min(this.#graph.endOf(a), this.#graph.endOf(b))
    // Once two chains differ they do so for ever.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (equalBytes(this.#chains.hashAt(a, middle), this.#chains.hashAt(b, middle))) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * Branches of one actor, by the chains' hashes where they first differ: what comes later, or is heard of later, alters nothing. One that has no ops yet
   * but those of the other comes last.
   */
  readonly compare = (a: number, b: number): number => {
    if (a === b) return 0
    const common = this.#graph.common(a, b)
    const [isShort, isOtherShort] = [this.#graph.endOf(a) <= common, this.#graph.endOf(b) <= common]
    if (isShort || isOtherShort) return Number(isShort) - Number(isOtherShort)
    const end = this.difference(a, b)
    return compareBytes(this.#chains.hashAt(a, end), this.#chains.hashAt(b, end))
  }

  /** Puts an actor's branches in order, once what they hold can be hashed. */
  sort(branch: number): void {
    this.#actors.sortBranches(branch, this.compare)
  }

  /** The name of a branch inside this replica, which never alters: the actor, of the one heard of first. */
  idOf(branch: number): BranchId {
    if (this.#graph.forkedFrom(branch) < 0) return this.#actors.nameOf(branch)
    const known = this.#ids.get(branch)
    if (known !== undefined) return known
    // Behind its first change no other branch is the same; within it one may be.
    const first = this.#graph.lvOf(branch, this.#graph.baseOf(branch))
    const made = this.named(branch, this.#graph.seqAt(this.#log.changeEnds.next(first, 1)) + 1)
    this.#ids.set(branch, made)
    this.#branches.set(made, branch)
    return made
  }

  /** A name that tells the branch from all others that are known here, for another replica. */
  outwardIdOf(branch: number): BranchId {
    const others = this.#actors.branchesOf(branch).filter((other) => other !== branch)
    if (others.length === 0) return this.#actors.nameOf(branch)
    return this.named(branch, Math.max(...others.map((other) => this.difference(branch, other))))
  }

  /** A name that says the branch by its chain after `end` ops: all who share these ops have it. */
  named(branch: number, end: number): BranchId {
    return forkedBranch(this.#actors.nameOf(branch), end, this.#chains.tag(branch, end))
  }

  /** The branch of a name; -1 if it is not here. */
  find(id: BranchId): number {
    const known = this.#branches.get(id)
    if (known !== undefined) return known
    const first = this.#actors.find(actorOf(id)) ?? -1
    const point = forkPoint(id)
    return first < 0 || point === undefined ? first : this.at(first, point.end, point.tag)
  }

  /** The branch of an actor whose chain has this tag after `end` ops; -1 if it is not here. */
  at(actor: number, end: number, tag: Uint8Array): number {
    const isIt = (branch: number): boolean =>
      end <= this.#graph.endOf(branch) && equalBytes(this.#chains.tag(branch, end), tag)
    return this.#actors.branchesOf(actor).find(isIt) ?? -1
  }

  /** Forgets the name of a branch that is no more. */
  forget(branch: number): void {
    const id = this.#ids.get(branch)
    if (id !== undefined) this.#branches.delete(id)
    this.#ids.delete(branch)
  }
}
