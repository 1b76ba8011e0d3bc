// Which ops are a container's own, and their ordinals: 0, 1, 2 … in the order of local versions. What a container works with is as long as its
// own history, however long the document's is.

import { Int32Column, lastAtMost } from '../core/columns.ts'
import type { LV, Spans } from '../core/graph.ts'

const none: readonly number[] = []

export class OwnOps {
  /** Runs of ops that are neighbours in the log too: the LV of the first, and its ordinal. */
  readonly #starts = new Int32Column()
  readonly #firsts = new Int32Column()
  /** The next ordinal. */
  length = 0
  /** The LV behind the last op. */
  #end = -1

  note(from: LV, to: LV): void {
    if (from !== this.#end) {
      this.#starts.push(from)
      this.#firsts.push(this.length)
    }
    this.#end = to
    this.length += to - from
  }

  truncate(length: number): void {
    while (this.#firsts.length > 0 && this.#firsts.last() >= length) {
      this.#firsts.truncate(this.#firsts.length - 1)
      this.#starts.truncate(this.#starts.length - 1)
    }
    this.length = length
    this.#end = this.#firsts.length === 0 ? -1 : this.#starts.last() + length - this.#firsts.last()
  }

  /** How many have a lesser LV. */
  before(lv: LV): number {
    if (lv >= this.#end) return this.length
    const run = lastAtMost(this.#starts, lv)
    return run < 0 ? 0 : Math.min(this.#firsts.at(run) + lv - this.#starts.at(run), this.#endOf(run))
  }

  lvOf(ordinal: number): LV {
    const run = lastAtMost(this.#firsts, ordinal)
    return this.#starts.at(run) + ordinal - this.#firsts.at(run)
  }

  /** The first ordinal after this one that is not the LV after, too. */
  runEnd(ordinal: number): number {
    return this.#endOf(lastAtMost(this.#firsts, ordinal))
  }

  /** Spans of LVs as spans of ordinals. */
  within(spans: Spans | Int32Array): readonly number[] {
    // Most often nothing is asked, or nothing of it is here.
    if (spans.length === 0 || this.length === 0) return none
    let out: number[] | undefined
    for (let i = 0; i < spans.length; i += 2) {
      const from = this.before(spans[i] as number)
      const to = this.before(spans[i + 1] as number)
      if (from === to) continue
      if (out === undefined) out = [from, to]
      else if (out[out.length - 1] === from) out[out.length - 1] = to
      else out.push(from, to)
    }
    return out ?? none
  }

  /** The first ordinal in spans of LVs; -1 if there is none. */
  firstWithin(spans: Spans): number {
    if (this.length === 0) return -1
    for (let i = 0; i < spans.length && (spans[i] as number) < this.#end; i += 2) {
      const from = this.before(spans[i] as number)
      if (from < this.before(spans[i + 1] as number)) return from
    }
    return -1
  }

  #endOf(run: number): number {
    return run + 1 < this.#firsts.length ? this.#firsts.at(run + 1) : this.length
  }
}
