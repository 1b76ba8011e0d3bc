// What ranges that wait for one another go on from, where they do not say it: another one of them, or what is held.

import type { LV } from '../core/graph.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Means } from './circle.ts'
import type { History } from './history.ts'

export class Befores {
  readonly #history: History
  readonly #means: Means
  /** Ops from there on are not held yet. */
  readonly #length: LV
  readonly #ranges: ReadonlyMap<ActorId, readonly SignedRange[]>
  readonly #branchOf: (range: SignedRange) => number | undefined
  readonly #chosen = new Map<SignedRange, LV | SignedRange>()

  /** `branchOf` gives where a range was placed. */
  constructor(
    history: History,
    ranges: readonly SignedRange[],
    means: Means,
    branchOf: (range: SignedRange) => number | undefined,
  ) {
    this.#history = history
    this.#means = means
    this.#length = history.graph.length
    this.#branchOf = branchOf
    this.#ranges = Map.groupBy(ranges, ({ actor }) => actor)
  }

  /** Of some branches, those that have what a range goes on from. */
  among(range: SignedRange, branches: readonly number[]): readonly number[] {
    const { graph } = this.#history
    const { fromSeq, base } = range
    if (fromSeq === 0 || base !== undefined || branches.length === 0) return branches
    const before = this.#before(range)
    if (before === undefined) return []
    const branch = typeof before === 'number' ? undefined : this.#branchOf(before)
    const lv = typeof before === 'number' ? before : branch === undefined ? -1 : graph.lvOf(branch, fromSeq - 1)
    return lv < 0 ? [] : branches.filter((one) => graph.lvOf(one, fromSeq - 1) === lv)
  }

  /** Most likely it is another range that ends there. */
  #before(range: SignedRange): LV | SignedRange | undefined {
    const known = this.#chosen.get(range)
    if (known !== undefined) return known
    const { graph, actors } = this.#history
    const { actor, fromSeq } = range
    const own = this.#ranges.get(actor) ?? []
    const others = own.filter((one) => one.fromSeq < fromSeq && one.endSeq >= fromSeq)
    const options = new Set<LV | SignedRange>(others.filter(({ endSeq }) => endSeq === fromSeq))
    // What goes on from nothing that is held was tried upon that.
    const branches = this.#means.isAstray(range) ? [] : actors.branchesOf(actors.indexOf(actor))
    for (const branch of branches) {
      const lv = graph.lvOf(branch, fromSeq - 1)
      if (lv >= 0 && lv < this.#length) options.add(lv)
    }
    for (const other of others) if (other.endSeq > fromSeq) options.add(other)
    const chosen = [...options][this.#means.choices.pick(options.size)]
    if (chosen !== undefined) this.#chosen.set(range, chosen)
    return chosen
  }
}
