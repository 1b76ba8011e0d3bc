// Which ops do not count for now (FORMAT §3): edits that a revoke names that was not itself revoked. Level 1 switches edits off, level 2 takes level 1
// back, nothing takes level 2 back. And all ops of those who were cut off, revokes too.

import { type Graph, inSpans, type LV, type Spans } from '../../core/graph.ts'
import type { Cuts } from '../cuts.ts'
import type { ListState } from './list-state.ts'
import { below, minus, tidied, union } from './spans.ts'
import type { TextState } from './text-state.ts'

export interface Revoke {
  readonly lv: LV
  readonly level: 1 | 2
  /** Those its author saw. */
  readonly targets: Spans
  /** Level 1: the texts and lists it concerns. */
  readonly sequences: Set<TextState | ListState>
}

const nothing: Spans = []

export class Switches {
  revokes: Revoke[] = []
  /** Ops that are off. */
  off: Spans = nothing
  readonly #graph: Graph
  readonly #cuts: Cuts

  constructor(graph: Graph, cuts: Cuts) {
    this.#graph = graph
    this.#cuts = cuts
  }

  readonly isOff = (lv: LV): boolean => this.off.length > 0 && inSpans(this.off, lv)

  /** Takes a revoke; what its author had not seen it does not name. */
  add(lv: LV, level: 1 | 2, targets: ArrayLike<number>, unseen: Spans): Revoke {
    const named = minus(below(tidied(targets), lv), unseen)
    const revoke: Revoke = { lv, level, targets: named, sequences: new Set() }
    this.revokes.push(revoke)
    if (level === 1 && this.#cuts.acts.length === 0) this.off = union(this.off, named)
    else this.renew(lv + 1)
    return revoke
  }

  /** Ops that are off as they come: their author was cut off. */
  addOff(from: LV, to: LV): void {
    this.off = union(this.off, [from, to])
  }

  /** Finds anew which ops below `end` are off. */
  renew(end: LV): void {
    const cut = this.#cuts.off(this.#graph, end)
    const inForce = this.revokes.filter(({ lv }) => !inSpans(cut, lv))
    const undone = new Set(inForce.flatMap((revoke) => (revoke.level === 2 ? this.revokedBy(revoke) : [])))
    this.off = cut
    for (const revoke of inForce)
      if (revoke.level === 1 && !undone.has(revoke)) this.off = union(this.off, revoke.targets)
  }

  /** Takes over what others say. */
  become({ revokes, off }: Switches): void {
    this.revokes = revokes
    this.off = off
  }

  /** The level-1 revokes that a level-2 revoke names. */
  revokedBy({ targets }: Revoke): readonly Revoke[] {
    return this.revokes.filter((other) => other.level === 1 && inSpans(targets, other.lv))
  }
}
