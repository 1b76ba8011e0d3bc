// Which edits do not count for now: those a revoke names that was not itself revoked (FORMAT §3). Level 1 switches edits off, level 2 takes level 1
// back, nothing takes level 2 back.

import { inSpans, type LV, type Spans } from '../../core/graph.ts'
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
  /** Level 1: whether a level 2 names it. */
  undone: boolean
}

const nothing: Spans = []

export class Switches {
  revokes: Revoke[] = []
  /** Ops that are off. */
  off: Spans = nothing

  readonly isOff = (lv: LV): boolean => this.off.length > 0 && inSpans(this.off, lv)

  /** Takes a revoke; what its author had not seen it does not name. */
  add(lv: LV, level: 1 | 2, targets: ArrayLike<number>, unseen: Spans): Revoke {
    const named = minus(below(tidied(targets), lv), unseen)
    const revoke: Revoke = { lv, level, targets: named, sequences: new Set(), undone: false }
    this.revokes.push(revoke)
    if (level === 1) this.off = union(this.off, named)
    else {
      for (const other of this.revokedBy(revoke)) other.undone = true
      this.off = nothing
      for (const other of this.revokes)
        if (other.level === 1 && !other.undone) this.off = union(this.off, other.targets)
    }
    return revoke
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
