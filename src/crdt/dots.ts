// Finds items and containers by the op that made them. Runs are kept, not ops, so memory and lookups cost what exists.

import type { Ref } from '../core/op.ts'
import type { Container, Ordered } from './container.ts'
import type { Item } from './sequence.ts'

/** Consecutive ops of one actor that inserted into one list or text. */
interface Run {
  readonly list: unknown
  readonly start: number
  readonly items: unknown[]
}

export class Dots {
  readonly #runs = new Map<number, Run[]>()
  readonly #made = new Map<number, Map<number, Container>>()

  addRun<V>(list: Ordered<V>, items: readonly Item<V>[]): void {
    const [first] = items
    if (first === undefined) return
    const runs = this.#runs.get(first.actor) ?? []
    this.#runs.set(first.actor, runs)
    const last = runs.at(-1)
    if (last !== undefined && last.list === list && last.start + last.items.length === first.seq) {
      for (const item of items) last.items.push(item)
    } else runs.push({ list, start: first.seq, items: [...items] })
  }

  /** Takes back the newest `count` items of an actor: for a change that threw. */
  withdrawRun(actor: number, count: number): void {
    const runs = this.#runs.get(actor)
    const last = runs?.at(-1)
    if (runs === undefined || last === undefined) return
    if (last.items.length > count) last.items.length -= count
    else runs.pop()
  }

  addContainer(dot: Ref, container: Container): void {
    const made = this.#made.get(dot.actor) ?? new Map<number, Container>()
    this.#made.set(dot.actor, made)
    made.set(dot.seq, container)
  }

  withdrawContainer(dot: Ref): void {
    this.#made.get(dot.actor)?.delete(dot.seq)
  }

  container(dot: Ref): Container | undefined {
    return this.#made.get(dot.actor)?.get(dot.seq)
  }

  /** The item of this list that the op inserted. */
  item<V>(list: Ordered<V>, dot: Ref): Item<V> | undefined {
    return this.items(list, dot, 1)[0]
  }

  /** The items of this list that the `count` ops from `dot` on inserted. */
  items<V>(list: Ordered<V>, dot: Ref, count: number): Item<V>[] {
    const runs = this.#runs.get(dot.actor) ?? []
    const out: Item<V>[] = []
    const end = dot.seq + count
    for (let i = Math.max(0, lastAtOrBefore(runs, dot.seq)); i < runs.length; i++) {
      const run = runs[i]
      if (run === undefined || run.start >= end) break
      if (run.list !== list) continue
      // A run's items are of its list's kind: it was added so.
      const items = run.items as Item<V>[]
      const to = Math.min(items.length, end - run.start)
      for (let at = Math.max(0, dot.seq - run.start); at < to; at++) out.push(items[at] as Item<V>)
    }
    return out
  }
}

/** The index of the last run that starts at or before `seq`, -1 if none does. */
function lastAtOrBefore(runs: readonly Run[], seq: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((runs[middle]?.start ?? 0) <= seq) low = middle + 1
    else high = middle
  }
  return low - 1
}
