// About how many bytes an actor's ops are, from its first on: for cutting what is served into pieces that any reader takes. Estimated lazily, row by
// row, and remembered sparsely, so that asking costs nothing for histories that nobody serves.

import { Int32Column, lastAtMost } from '../core/columns.ts'
import type { Graph } from '../core/graph.ts'
import { Kind } from '../core/kinds.ts'
import type { OpLog } from '../core/op-log.ts'

/** Remembered at least so far apart, in bytes and in ops. */
const step = 16_384

export class Weights {
  readonly #graph: Graph
  readonly #log: OpLog
  readonly #branch: number
  readonly #seqs = new Int32Column()
  readonly #sums: number[] = []
  #seq = 0
  #sum = 0

  constructor(graph: Graph, log: OpLog, branch: number) {
    this.#graph = graph
    this.#log = log
    this.#branch = branch
  }

  /** The estimated bytes of the first `seq` ops. */
  at(seq: number): number {
    this.#advance(seq)
    const index = lastAtMost(this.#seqs, seq)
    const [from, sum] = index < 0 ? [0, 0] : [this.#seqs.at(index), this.#sums[index] ?? 0]
    return sum + this.#between(from, seq)
  }

  /** The greatest seq up to `to` such that [from, seq) weighs at most `bytes`; at least from + 1. */
  reach(from: number, to: number, bytes: number): number {
    const limit = this.at(from) + bytes
    if (this.at(to) <= limit) return to
    let low = from + 1
    let high = to
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.at(middle) <= limit) low = middle
      else high = middle - 1
    }
    return low
  }

  #advance(to: number): void {
    while (this.#seq < to) {
      const next = Math.min(to, this.#seq + step)
      this.#sum += this.#between(this.#seq, next)
      this.#seq = next
      this.#seqs.push(next)
      this.#sums.push(this.#sum)
    }
  }

  #between(from: number, to: number): number {
    let sum = 0
    for (let seq = from; seq < to; ) {
      const lv = this.#graph.lvOf(this.#branch, seq)
      const row = this.#log.rowAt(lv)
      const count = Math.min(this.#graph.endIn(this.#branch, lv), this.#log.endOf(row), lv + to - seq) - lv
      sum += this.#weigh(row, lv - this.#log.startOf(row), count)
      seq += count
    }
    return sum
  }

  #weigh(row: number, skipped: number, count: number): number {
    const kind = this.#log.kindOf(row)
    if (kind === Kind.type) return 4 + 2 * count
    if (kind === Kind.erase || kind === Kind.eraseBack) return 8
    const b = this.#log.bOf(row)
    if (kind === Kind.make || kind === Kind.unset || (kind === Kind.add && this.#log.aOf(row) === 0)) return 16
    if (kind !== Kind.insert && kind !== Kind.append) return 16 + weightOf(this.#log.values[b])
    let sum = 8
    for (let i = 0; i < count; i++) sum += weightOf(this.#log.values[b + skipped + i])
    return sum
  }
}

/** About how many bytes a value is. */
function weightOf(value: unknown): number {
  if (typeof value === 'string') return 2 + value.length + (value.length >> 1)
  if (value instanceof Uint8Array || value instanceof Int32Array) return 4 + value.byteLength
  if (typeof value === 'bigint') return 16 + Math.ceil(value.toString(16).length / 2)
  return typeof value === 'object' && value !== null ? weightOfObject(value) : 9
}

/** An iterative walk: opaque values may be nested. */
function weightOfObject(object: object): number {
  let sum = 0
  const work: unknown[] = [object]
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next !== 'object' || next === null) sum += weightOf(next)
    else if (next instanceof Uint8Array || next instanceof Int32Array) sum += 4 + next.byteLength
    else
      for (const [key, value] of Object.entries(next)) {
        sum += key.length + 4
        if (value !== undefined) work.push(value)
      }
  }
  return sum
}
