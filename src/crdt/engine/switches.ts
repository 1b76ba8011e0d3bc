// Which ops do not count for now (FORMAT §3): edits that a revoke names that was not itself revoked. Level 1 switches edits off, level 2 takes level 1
// back, nothing takes level 2 back. And all ops of those who were cut off, revokes too. A counter for each op that was ever named, so that a revoke
// costs what it names, however many there are.

import { type Graph, inSpans, type LV, type Spans } from '../../core/graph.ts'
import type { Cuts } from '../cuts.ts'
import type { ListState } from './list-state.ts'
import { below, joined, minus, tidied, union } from './spans.ts'
import type { TextState } from './text-state.ts'

export interface Revoke {
  readonly lv: LV
  readonly level: 1 | 2
  /** Those its author saw. */
  readonly targets: Spans
  /** Level 1: the texts and lists it concerns. */
  readonly sequences: Set<TextState | ListState>
}

/** How many level-2 revokes in force name it, and whether its author was cut off. */
interface Noted extends Revoke {
  undone: number
  isCut: boolean
}

const nothing: Spans = []

export class Switches {
  /** Ascending. */
  #revokes: Noted[] = []
  /** Level-1 revokes in force, by op they name. */
  #named = new Counters()
  /** Ops of those who were cut off. */
  #cut: Spans = nothing
  readonly #graph: Graph
  readonly #cuts: Cuts

  constructor(graph: Graph, cuts: Cuts) {
    this.#graph = graph
    this.#cuts = cuts
  }

  get revokes(): readonly Revoke[] {
    return this.#revokes
  }

  /** Ops that are off. */
  get off(): Spans {
    return union(this.#cut, this.#named.spans)
  }

  readonly isOff = (lv: LV): boolean => this.#named.has(lv) || (this.#cut.length > 0 && inSpans(this.#cut, lv))

  /** Takes a revoke, the newest; what its author had not seen it does not name. `switched` are the ops that are off by it, or on again. */
  add(
    lv: LV,
    level: 1 | 2,
    targets: ArrayLike<number>,
    unseen: Spans,
  ): { readonly revoke: Revoke; readonly switched: Spans } {
    const named = minus(below(tidied(targets), lv), unseen)
    const isCut = inSpans(this.#cut, lv)
    const revoke: Noted = { lv, level, targets: named, sequences: new Set(), undone: 0, isCut }
    this.#revokes.push(revoke)
    const switched: LV[] = []
    if (level === 1 && !isCut) this.#named.turn(named, 1, switched)
    if (level === 2 && !isCut)
      for (const other of this.#revokedBy(revoke))
        if (other.undone++ === 0 && !other.isCut) this.#named.turn(other.targets, -1, switched)
    return { revoke, switched: minus(joined(switched), this.#cut) }
  }

  /** Ops that are off as they come: their author was cut off. */
  addOff(from: LV, to: LV): void {
    this.#cut = union(this.#cut, [from, to])
  }

  /** Finds anew which ops below `end` are off. */
  renew(end: LV): void {
    this.#cut = this.#cuts.off(this.#graph, end)
    this.#named = new Counters()
    for (const revoke of this.#revokes) {
      revoke.undone = 0
      revoke.isCut = inSpans(this.#cut, revoke.lv)
    }
    for (const revoke of this.#revokes)
      if (revoke.level === 2 && !revoke.isCut) for (const other of this.#revokedBy(revoke)) other.undone++
    for (const revoke of this.#revokes)
      if (revoke.level === 1 && !revoke.isCut && revoke.undone === 0) this.#named.turn(revoke.targets, 1, [])
  }

  /** Takes over what others say. */
  become(others: Switches): void {
    this.#revokes = others.#revokes
    this.#named = others.#named
    this.#cut = others.#cut
  }

  /** The revoke that an op is. */
  revokeAt(lv: LV): Revoke | undefined {
    const revoke = this.#revokes[this.#firstFrom(lv)]
    return revoke?.lv === lv ? revoke : undefined
  }

  /** The level-1 revokes that a level-2 revoke names. */
  revokedBy(revoke: Revoke): readonly Revoke[] {
    return this.#revokedBy(revoke)
  }

  #revokedBy({ targets }: Revoke): Noted[] {
    const found: Noted[] = []
    for (let i = 0; i < targets.length; i += 2)
      for (let at = this.#firstFrom(targets[i] as LV); at < this.#revokes.length; at++) {
        const other = this.#revokes[at] as Noted
        if (other.lv >= (targets[i + 1] as LV)) break
        if (other.level === 1) found.push(other)
      }
    return found
  }

  /** The index of the first revoke that is not older than this. */
  #firstFrom(lv: LV): number {
    let low = 0
    let high = this.#revokes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#revokes[middle] as Noted).lv < lv) low = middle + 1
      else high = middle
    }
    return low
  }
}

const blockShift = 10
const blockMask = (1 << blockShift) - 1

/** A number for each op, most of them 0: in blocks, of which only those are there that were ever needed. */
class Counters {
  readonly #blocks = new Map<number, Int32Array>()

  has(lv: LV): boolean {
    return this.#blocks.size > 0 && (this.#blocks.get(lv >> blockShift)?.[lv & blockMask] ?? 0) > 0
  }

  /** Adds 1 or -1 to those of some ops; to `turned` come the spans of those that are 0 now or were. */
  turn(spans: Spans, by: 1 | -1, turned: LV[]): void {
    const edge = by === 1 ? 1 : 0
    for (let i = 0; i < spans.length; i += 2)
      for (let lv = spans[i] as LV; lv < (spans[i + 1] as LV); lv++) {
        const block = this.#blockAt(lv)
        const count = (block[lv & blockMask] as number) + by
        block[lv & blockMask] = count
        if (count !== edge) continue
        if (turned.length > 0 && turned[turned.length - 1] === lv) turned[turned.length - 1] = lv + 1
        else turned.push(lv, lv + 1)
      }
  }

  /** Of what is more than 0. */
  get spans(): Spans {
    const out: LV[] = []
    for (const [index, block] of [...this.#blocks].sort(([a], [b]) => a - b))
      for (let i = 0; i <= blockMask; i++) {
        if (block[i] === 0) continue
        const lv = (index << blockShift) + i
        if (out.length > 0 && out[out.length - 1] === lv) out[out.length - 1] = lv + 1
        else out.push(lv, lv + 1)
      }
    return out
  }

  #blockAt(lv: LV): Int32Array {
    const known = this.#blocks.get(lv >> blockShift)
    if (known !== undefined) return known
    const block = new Int32Array(blockMask + 1)
    this.#blocks.set(lv >> blockShift, block)
    return block
  }
}
