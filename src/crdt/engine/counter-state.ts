// The state of a counter: its sum. Who clears it drops the adds it saw; which adds those were is looked up in the op log, in the stretch that the
// clearing author had not seen, so that an add costs one addition and no memory.

import { inSpans, type LV, type Spans } from '../../core/graph.ts'
import { type Amount, sum } from './amounts.ts'
import { type Place, State } from './state.ts'

/** Adds of this counter within spans of ops, each as an amount. Adds that count for nothing are left out. */
export type AddsWithin = (counter: CounterState, spans: Spans, each: (lv: LV, amount: Amount) => void) => void

interface Clear {
  readonly lv: LV
  readonly unseen: Spans
}

export class CounterState extends State {
  readonly type: 'counter' | 'gcounter'
  value: Amount = 0
  /** The last clear that had seen all adds, and those since. */
  clears: readonly Clear[] = []

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
    this.value = 0
    if (unseen.length === 0) this.clears = [{ lv, unseen }]
    else {
      addsWithin(this, unseen, (add, amount) => {
        if (!this.clears.some((clear) => add < clear.lv && !inSpans(clear.unseen, add))) this.add(amount)
      })
      this.clears = [...this.clears, { lv, unseen }]
    }
    return this.value !== before
  }

  reset(): void {
    this.value = 0
    this.clears = []
  }
}
