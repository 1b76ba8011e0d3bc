// Where a container's history can be cut in two so that every op after the cut has seen every op before it, and switches none of them:
// critical versions (Gentle & Kleppmann 2025, section 3.5), but of one container's own ops. A tracker need not look below the cut it is opened
// at. Kept as a stack of intervals of ordinals, with the container's length at the end of each; 0 is always a cut.

import { assert } from '../base/assert.ts'
import { Int32Column } from '../core/columns.ts'
import type { Graph, LV } from '../core/graph.ts'

/** By how much ops [from, to), each of which saw all before it, changed the length. */
export type Net = (from: number, to: number) => number

export class CriticalCuts {
  readonly #starts = new Int32Column()
  /** Inclusive. That of the last interval may be the present: then its length is the present length. */
  readonly #ends = new Int32Column()
  readonly #lengths = new Int32Column()

  constructor() {
    this.#push(0, 0)
  }

  /** Ops [from, to) have seen all before them. */
  straight(from: number, to: number): void {
    const { data, length } = this.#ends
    if (data[length - 1] === from) data[length - 1] = to
    else this.#push(from, to)
  }

  /** The op at `ordinal` saw everything, and deletes it all: `length` units. */
  clear(ordinal: number, length: number): void {
    this.straight(ordinal, ordinal)
    this.#lengths.data[this.#lengths.length - 1] = length
    this.#push(ordinal + 1, ordinal + 1)
  }

  /** The next op, `ordinal`, has not seen the one at `least`, or switches it: cuts above that are none. `length` is that before the op. */
  cross(ordinal: number, least: number, length: number, net: Net): void {
    let last = this.#ends.length - 1
    if (this.#ends.at(last) === ordinal) this.#lengths.data[last] = length
    while (this.#starts.at(last) > least) last--
    this.#keep(last + 1)
    const end = this.#ends.at(last)
    if (end <= least) return
    this.#lengths.data[last] = this.#lengths.at(last) - net(least, end)
    this.#ends.data[last] = least
  }

  /** Forgets ops from `ordinal` on, which were the newest. */
  truncate(ordinal: number): void {
    let last = this.#ends.length - 1
    while (this.#starts.at(last) > ordinal) last--
    this.#keep(last + 1)
    this.#ends.data[last] = Math.min(this.#ends.at(last), ordinal)
  }

  /** The greatest cut that is known, and the length there; the present may be meant only after cross(). */
  get last(): number {
    return this.#ends.last()
  }

  get lengthAtLast(): number {
    return this.#lengths.last()
  }

  check(ordinal: number): void {
    for (let i = 0; i < this.#starts.length; i++) {
      assert(this.#starts.at(i) <= this.#ends.at(i), `an interval of cuts ${this.#starts.at(i)} … ${this.#ends.at(i)}`)
      assert(i === 0 || this.#ends.at(i - 1) < this.#starts.at(i), `interval ${i} of cuts is not after the one before`)
    }
    assert(this.last <= ordinal && this.#starts.at(0) === 0, `cuts end at ${this.last} of ${ordinal}`)
  }

  /** Keeps the first intervals. */
  #keep(count: number): void {
    this.#starts.truncate(count)
    this.#ends.truncate(count)
    this.#lengths.truncate(count)
  }

  #push(start: number, end: number): void {
    this.#starts.push(start)
    this.#ends.push(end)
    this.#lengths.push(0)
  }
}

/** From where on every op of the document has seen all before it: for the cuts of a history that was loaded. */
export function linearFrom(graph: Graph): LV {
  if (graph.frontier.length !== 1) return graph.length
  let row = graph.rows - 1
  while (row > 0) {
    const parents = graph.parentsOfRow(row)
    if (parents.length !== 1 || parents[0] !== graph.startOfRow(row) - 1) break
    row--
  }
  // The rows above this one are a chain, and the last op has seen everything: so what the chain begins with has.
  return row === 0 ? 0 : graph.endOfRow(row)
}
