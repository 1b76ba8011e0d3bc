// The state of an append-only log: its items in the order (lamport, actor, seq), the same on all peers. What is appended here comes last; what
// comes from others may go between.

import { inSpans, type LV, type Spans } from '../../core/graph.ts'
import type { Scalar } from '../../core/value.ts'
import type { IsLater } from './map-state.ts'
import { State } from './state.ts'

export class LogState extends State {
  readonly type = 'log'
  readonly lvs: LV[] = []
  readonly values: Scalar[] = []

  get length(): number {
    return this.lvs.length
  }

  /** Where an item goes. */
  placeOf(lv: LV, isLater: IsLater): number {
    let low = 0
    let high = this.lvs.length
    if (high === 0 || isLater(lv, this.lvs[high - 1] as LV)) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (isLater(lv, this.lvs[middle] as LV)) low = middle + 1
      else high = middle
    }
    return low
  }

  insert(index: number, lv: LV, value: Scalar): void {
    if (index === this.lvs.length) {
      this.lvs.push(lv)
      this.values.push(value)
    } else {
      this.lvs.splice(index, 0, lv)
      this.values.splice(index, 0, value)
    }
  }

  /** Drops what is seen. */
  clear(unseen: Spans): boolean {
    const kept = unseen.length === 0 ? [] : this.lvs.flatMap((lv, i) => (inSpans(unseen, lv) ? [i] : []))
    if (kept.length === this.lvs.length) return false
    const [lvs, values] = [kept.map((i) => this.lvs[i] as LV), kept.map((i) => this.values[i] as Scalar)]
    this.reset()
    for (const [i, lv] of lvs.entries()) this.insert(i, lv, values[i] as Scalar)
    return true
  }

  reset(): void {
    this.lvs.length = 0
    this.values.length = 0
  }

  /** Takes back the newest `count`: for a change that threw. */
  withdraw(count: number): void {
    this.lvs.length -= count
    this.values.length -= count
  }
}
