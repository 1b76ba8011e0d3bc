// The state of a counter: its sum. Who clears it drops the adds it saw; which adds those were is looked up in the op log, in the stretch that the
// clearing author had not seen, so that an add costs one addition and no memory.

import type { LV, Spans } from '../../core/graph.ts'
import { type Amount, sum } from './amounts.ts'
import { minus, union } from './spans.ts'
import { type Place, State } from './state.ts'

/** Adds of this counter within spans of ops, each row's as one amount. Adds that count for nothing are left out. */
export type AddsWithin = (counter: CounterState, spans: Spans, each: (amount: Amount) => void) => void

/** What clears have left over, up to the last of them. */
interface Cleared {
  readonly lv: LV
  /** What that one's author had not seen. */
  readonly unseen: Spans
  /** Ops below `lv` that none of the clears had seen, and the sum of the adds among them. */
  readonly left: Spans
  readonly value: Amount
}

export class CounterState extends State {
  readonly type: 'counter' | 'gcounter'
  value: Amount = 0
  clears: Cleared | undefined = undefined

  constructor(type: 'counter' | 'gcounter', place: Place | undefined, maker: LV) {
    super(place, maker)
    this.type = type
  }

  add(by: Amount): void {
    this.value = sum(this.value, by)
  }

  /** Drops the adds that were seen. */
  clear(lv: LV, unseen: Spans, addsWithin: AddsWithin): boolean {
    const before = this.value
    const { clears } = this
    // Who clears again in the same stretch drops what he added since, and leaves what was left: so that many clears cost no more than one.
    if (clears !== undefined && clears.unseen === unseen) {
      this.value = clears.value
      this.clears = { ...clears, lv }
    } else {
      const left = clears === undefined ? unseen : common(union(clears.left, [clears.lv, lv]), unseen)
      this.value = 0
      addsWithin(this, left, (amount) => this.add(amount))
      this.clears = { lv, unseen, left, value: this.value }
    }
    return this.value !== before
  }

  reset(): void {
    this.value = 0
    this.clears = undefined
  }
}

/** What is in both. */
function common(a: Spans, b: Spans): Spans {
  return minus(a, minus(a, b))
}
