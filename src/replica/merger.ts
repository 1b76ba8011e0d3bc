// Merges held changes into the document once everything their authors saw is merged (Invariant 3). An iterative work-list: a chain of any
// length, arriving in any order, costs one step per change and no stack.

import { present } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import type { Branch, Held, Log } from '../core/log.ts'
import type { Change, Ref } from '../core/op.ts'
import { unitsOf } from '../core/op.ts'
import { Seen } from '../core/seen.ts'
import type { Document } from '../crdt/document.ts'
import type { Stamp } from '../crdt/stamp.ts'

/** Where in causality a change stands. */
export interface Standing {
  readonly base: Seen
  readonly lamport: number
}

/** What is told of merging. */
export interface MergeListener {
  /** A change was merged. */
  merged(branch: Branch, held: Held): void
  /** The next change of a branch, and what follows it, cannot be part of any history. */
  malformed(branch: Branch, error: JoineryError): void
}

const { nothing } = Seen

export class Merger {
  /** Merged changes no merged change builds on: the parents of the next local one. Actor to last seq. */
  readonly heads = new Map<number, number>()
  /** Branches with held changes that are not merged. */
  readonly waiting = new Set<Branch>()
  readonly #log: Log
  readonly #document: Document
  readonly #listener: MergeListener
  /** By actor and seq: the branches whose next change links there. */
  readonly #waiters = new Map<number, Map<number, Set<Branch>>>()

  constructor(log: Log, document: Document, listener: MergeListener) {
    this.#log = log
    this.#document = document
    this.#listener = listener
  }

  mergedOf(actor: number): number {
    return this.#log.branches.get(actor)?.merged ?? 0
  }

  /** Merges what can be merged now that this branch holds more. */
  advance(branch: Branch): void {
    const work = [branch]
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      while (this.#step(next)) for (const ready of this.#wake(next)) work.push(ready)
    }
  }

  /** Where a change with these links stands, whose own previous change is `own`. */
  standing(branch: Branch, own: Held | undefined, links: readonly Ref[]): Standing {
    const ownBase = own?.base ?? nothing
    if (branch.isInit) return { base: nothing, lamport: 0 }
    let lamport = lastLamport(branch, own)
    if (links.length === 0) return { base: ownBase, lamport: lamport + 1 }
    let base = ownBase
    for (const link of links) {
      const { branch: other, held } = this.#target(link)
      base = base.join(held.base ?? nothing).with(link.actor, link.seq + 1)
      lamport = Math.max(lamport, lastLamport(other, held))
    }
    return { base, lamport: lamport + 1 }
  }

  /** The first links that each waiting branch waits for. */
  unmet(): Ref[] {
    return [...this.waiting].flatMap((branch) => {
      const next = branch.changes[branch.mergedChanges]
      return next?.links.filter((link) => this.mergedOf(link.actor) <= link.seq) ?? []
    })
  }

  /** Merges the next change of a branch; false if there is none or it must wait. */
  #step(branch: Branch): boolean {
    const held = branch.changes[branch.mergedChanges]
    if (held === undefined) {
      this.waiting.delete(branch)
      return false
    }
    this.waiting.add(branch)
    const unmet = held.links.find((link) => this.mergedOf(link.actor) <= link.seq)
    if (unmet !== undefined) {
      this.#await(branch, unmet)
      return false
    }
    const fault = this.#faultOf(branch, held.links)
    if (fault !== undefined) {
      this.waiting.delete(branch)
      this.#listener.malformed(branch, new JoineryError('bad-message', fault))
      return false
    }
    this.#merge(branch, held)
    return true
  }

  #merge(branch: Branch, held: Held): void {
    if (held.base === undefined) {
      const { base, lamport } = this.standing(branch, branch.changes[branch.mergedChanges - 1], held.links)
      held.base = base
      held.lamport = lamport
      const change = this.#log.changeOf(branch, held)
      for (const [op, stamp] of stamped(change, branch, { base, lamport })) this.#document.apply(op, stamp)
    }
    held.change = undefined
    branch.mergedChanges++
    for (const link of held.links) if (this.heads.get(link.actor) === link.seq) this.heads.delete(link.actor)
    // A head of its own is the one before it: a change sees all of its own.
    this.heads.set(branch.actor, held.end - 1)
    this.#listener.merged(branch, held)
  }

  /** Links point at the ends of changes, and none is implied by the own previous op or another link. */
  #faultOf(branch: Branch, links: readonly Ref[]): string | undefined {
    if (links.length === 0) return undefined
    const own = branch.changes[branch.mergedChanges - 1]?.base ?? nothing
    for (const link of links) {
      if (this.#log.branches.get(link.actor)?.endingAt(link.seq + 1) === undefined)
        return 'a link points into the middle of a change'
      if (own.get(link.actor) > link.seq) return 'a link points at what the change before it had seen'
    }
    for (const link of links) {
      const { base } = this.#target(link).held
      if (links.some((other) => other !== link && (base?.get(other.actor) ?? 0) > other.seq))
        return 'a link is implied by another'
    }
    return undefined
  }

  #target(link: Ref): { branch: Branch; held: Held } {
    const branch = present(this.#log.branches.get(link.actor), 'the branch of a met link is held')
    return { branch, held: present(branch.endingAt(link.seq + 1), 'a met link is held') }
  }

  #await(branch: Branch, link: Ref): void {
    const bySeq = this.#waiters.get(link.actor) ?? new Map<number, Set<Branch>>()
    this.#waiters.set(link.actor, bySeq)
    const waiters = bySeq.get(link.seq) ?? new Set()
    bySeq.set(link.seq, waiters)
    waiters.add(branch)
  }

  /** The branches that waited for an op of the change just merged. */
  #wake(branch: Branch): Branch[] {
    const bySeq = this.#waiters.get(branch.actor)
    const merged = branch.changes[branch.mergedChanges - 1]
    if (bySeq === undefined || merged === undefined) return []
    const ready: Branch[] = []
    for (const seq of keysWithin(bySeq, merged.seq, merged.end)) {
      for (const waiter of bySeq.get(seq) ?? []) ready.push(waiter)
      bySeq.delete(seq)
    }
    if (bySeq.size === 0) this.#waiters.delete(branch.actor)
    return ready
  }
}

/** The keys in [from, end), by whichever way is shorter. */
function keysWithin(map: ReadonlyMap<number, unknown>, from: number, end: number): number[] {
  if (end - from > map.size) return [...map.keys()].filter((key) => key >= from && key < end)
  const keys: number[] = []
  for (let key = from; key < end; key++) if (map.has(key)) keys.push(key)
  return keys
}

/** Each op of a change with its stamp. */
export function* stamped(
  change: Change,
  branch: Branch,
  standing: Standing,
): Generator<[Change['ops'][number], Stamp]> {
  let { seq } = change
  for (const op of change.ops) {
    yield [op, stampAt(branch, standing, seq, change.seq)]
    seq += unitsOf(op)
  }
}

export function stampAt(branch: Branch, { base, lamport }: Standing, seq: number, start: number): Stamp {
  return { actor: branch.actor, seq, lamport: branch.isInit ? 0 : lamport + seq - start, base }
}

function lastLamport(branch: Branch, held: Held | undefined): number {
  if (held === undefined || branch.isInit) return 0
  return held.lamport + held.end - held.seq - 1
}
