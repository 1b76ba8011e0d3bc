// The state of a multi-value register: the assignments that no other has seen (Shapiro et al. 2011). It reads as the greatest of them; the others
// are listed as conflicts until somebody who saw them assigns again.

import { inSpans, type LV, type Spans } from '../../core/graph.ts'
import type { Scalar } from '../../core/value.ts'
import type { IsLater } from './map-state.ts'
import { State } from './state.ts'

export interface Assigned {
  readonly lv: LV
  readonly value: Scalar
}

export class RegisterState extends State {
  readonly type = 'register'
  /** The greatest by (lamport, actor) first. */
  heads: readonly Assigned[] = []

  get value(): Scalar {
    return this.heads[0]?.value ?? null
  }

  assign(lv: LV, value: Scalar, unseen: Spans, isLater: IsLater): void {
    const heads = [...this.#unseenOf(unseen)]
    // They stand in order, so that many who assign at once do not have them sorted each time.
    let low = 0
    let high = heads.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isLater(lv, (heads[middle] as Assigned).lv)) high = middle
      else low = middle + 1
    }
    heads.splice(low, 0, { lv, value })
    this.heads = heads
  }

  clear(unseen: Spans): boolean {
    const before = this.heads
    this.heads = this.#unseenOf(unseen)
    return this.heads.length < before.length
  }

  reset(): void {
    this.heads = []
  }

  #unseenOf(unseen: Spans): readonly Assigned[] {
    return unseen.length === 0 ? [] : this.heads.filter((head) => inSpans(unseen, head.lv))
  }
}
