// Who waits for whom: of actors whose next ranges cannot be held yet, the ops of others for which these wait, and what leads back to where it began.

import type { ActorId, Dot } from '../core/ids.ts'
import { outside, ready, type Unmet } from './entering.ts'

/** Whether what waits for an op links to it, or goes on from it. */
export type Tie = 'link' | 'before'

interface Awaited {
  readonly dot: Dot
  readonly tie: Tie
}

export class Awaiting {
  /** By actor: for what its next ranges wait. There are several where its history was forked. */
  readonly #dots = new Map<ActorId, Map<string, Awaited>>()
  /** The same from the other side, by actor and seq of the op. */
  readonly #waiters = new Map<ActorId, Map<number, Set<ActorId>>>()
  /** Actors whose next range names somebody never heard of. */
  readonly #puzzled = new Set<ActorId>()
  /** Actors whose next range waits for other documents. */
  readonly #outside = new Set<ActorId>()

  /** Whether a range of this actor waits for a known op. */
  has(actor: ActorId): boolean {
    return this.#dots.has(actor)
  }

  get isPuzzled(): boolean {
    return this.#puzzled.size > 0
  }

  isOutside(actor: ActorId): boolean {
    return this.#outside.has(actor)
  }

  /** Whether somebody waits for an op of this actor. */
  isAwaited(actor: ActorId): boolean {
    return this.#waiters.has(actor)
  }

  *dots(): IterableIterator<Dot> {
    for (const awaited of this.#dots.values()) for (const { dot } of awaited.values()) yield dot
  }

  /** Notes for what a range of an actor waits, besides what is noted of its others. */
  add(actor: ActorId, unmet: Unmet, tie: Tie): void {
    if (unmet === ready) return
    if (unmet === undefined) this.#puzzled.add(actor)
    else if (unmet === outside) this.#outside.add(actor)
    else this.#addDot(actor, unmet, tie)
  }

  #addDot(actor: ActorId, dot: Dot, tie: Tie): void {
    const dots = this.#dots.get(actor) ?? new Map<string, Awaited>()
    this.#dots.set(actor, dots.set(`${tie} ${dot.actor} ${dot.seq}`, { dot, tie }))
    const bySeq = this.#waiters.get(dot.actor) ?? new Map<number, Set<ActorId>>()
    this.#waiters.set(dot.actor, bySeq)
    bySeq.set(dot.seq, (bySeq.get(dot.seq) ?? new Set()).add(actor))
  }

  /** To be called when the ranges of an actor are tried again: they say anew for what they wait. */
  forget(actor: ActorId): void {
    this.#puzzled.delete(actor)
    this.#outside.delete(actor)
    for (const { dot } of this.#dots.get(actor)?.values() ?? []) {
      const { actor: other, seq } = dot
      const bySeq = this.#waiters.get(other)
      const waiters = bySeq?.get(seq)
      waiters?.delete(actor)
      if (waiters?.size === 0) bySeq?.delete(seq)
      if (bySeq?.size === 0) this.#waiters.delete(other)
    }
    this.#dots.delete(actor)
  }

  /** Who awaited one of the ops [from, to) of an actor. */
  waitersOf(actor: ActorId, from: number, to: number): Set<ActorId> {
    const found = new Set<ActorId>()
    for (const [seq, waiters] of this.#waiters.get(actor) ?? [])
      if (seq >= from && seq < to) for (const waiter of waiters) found.add(waiter)
    return found
  }

  /** Who named somebody never heard of. */
  puzzled(): ActorId[] {
    return [...this.#puzzled]
  }

  /**
   * Those from `start` to where links lead back to one of them, by ops that wait here themselves. `open` are those from whom they do not; it grows by
   * those that are found.
   */
  circle(start: ActorId, open: Set<ActorId>, isWaiting: (dot: Dot) => boolean): Set<ActorId> | undefined {
    if (open.has(start)) return undefined
    const of = (actor: ActorId): Iterator<Awaited> => (this.#dots.get(actor) ?? nobody).values()
    const path = [{ actor: start, left: of(start) }]
    const onPath = new Set([start])
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { done, value: next } = at.left.next()
      if (done === true) {
        open.add(at.actor)
        onPath.delete(at.actor)
        path.pop()
      } else if (next.tie === 'link' && !open.has(next.dot.actor) && isWaiting(next.dot)) {
        const { actor } = next.dot
        if (onPath.has(actor)) return onPath
        path.push({ actor, left: of(actor) })
        onPath.add(actor)
      }
    }
    return undefined
  }
}

const nobody: ReadonlyMap<string, Awaited> = new Map()
