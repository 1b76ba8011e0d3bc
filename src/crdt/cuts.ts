// Who was cut off a document, and who was let in again (FORMAT §3). A cut switches off every op of an actor behind the one it links to, those too
// that come later; an uncut takes the cut back that it links to. In the order of arrival, for the whole document.

import type { Graph, LV, Spans } from '../core/graph.ts'
import type { OpLog } from '../core/op-log.ts'
import { union } from './engine/spans.ts'

export interface Cut {
  readonly lv: LV
  /** Whom it cuts off, and the last op that stays: with it what is before it in its chain, and no other branch of its actor. */
  readonly branch: number
  readonly afterSeq: number
  /** Whether an uncut has come. */
  isUndone: boolean
}

/** A cut, or the taking back of one. */
export interface CutAct {
  readonly type: 'cut' | 'uncut'
  readonly lv: LV
  readonly cut: Cut
}

export class Cuts {
  readonly #acts: CutAct[] = []
  /** Those in force. */
  #cuts: readonly Cut[] = []

  get acts(): readonly CutAct[] {
    return this.#acts
  }

  /** Takes the op at `lv`, of the kind cut; undefined if it is void: by no self-certifying actor, or not the only op, upon the one it is about. */
  take(graph: Graph, log: OpLog, lv: LV): CutAct | undefined {
    const [link, ...others] = graph.parentsAt(lv)
    if (graph.lamportAt(lv) !== 0 || graph.seqAt(lv) !== 0 || link === undefined || others.length > 0) return undefined
    const act = log.aOf(log.rowAt(lv)) === 1 ? this.#cut(graph, lv, link) : this.#uncut(lv, link)
    if (act === undefined) return undefined
    this.#acts.push(act)
    this.#cuts = this.#acts.flatMap(({ type, cut }) => (type === 'cut' && !cut.isUndone ? [cut] : []))
    return act
  }

  /** Whether what a branch does next counts for nothing. */
  isCut(graph: Graph, branch: number): boolean {
    return this.#cuts.some((cut) => graph.familyOf(cut.branch).includes(branch))
  }

  /** The first of the ops [from, to), of one row of the graph, that is off; `to` if none is. */
  firstOff(graph: Graph, from: LV, to: LV): LV {
    let first = to
    if (this.#cuts.length === 0) return first
    const branch = graph.branchAt(from)
    const seq = graph.seqAt(from)
    for (const cut of this.#cuts) first = Math.min(first, Math.max(from, from + keptOf(graph, cut, branch) - seq))
    return first
  }

  /** All ops below `end` that are off. */
  off(graph: Graph, end: LV): Spans {
    let off: Spans = []
    for (const cut of this.#cuts) off = union(off, behind(graph, cut, end))
    return off
  }

  #cut(graph: Graph, lv: LV, link: LV): CutAct {
    const cut: Cut = { lv, branch: graph.branchAt(link), afterSeq: graph.seqAt(link), isUndone: false }
    return { type: 'cut', lv, cut }
  }

  #uncut(lv: LV, link: LV): CutAct | undefined {
    const cut = this.#acts.find((act) => act.type === 'cut' && act.lv === link)?.cut
    if (cut === undefined) return undefined
    cut.isUndone = true
    return { type: 'uncut', lv, cut }
  }
}

/** How many first ops of a branch a cut lets stay: of another actor's all. */
export function keptOf(graph: Graph, cut: Cut, branch: number): number {
  if (branch === cut.branch) return cut.afterSeq + 1
  if (!graph.familyOf(cut.branch).includes(branch)) return Number.POSITIVE_INFINITY
  return Math.min(cut.afterSeq + 1, graph.common(branch, cut.branch))
}

/** The ops below `end` that a cut is about: behind the one that it links to, and whatever else its actor made. */
export function behind(graph: Graph, cut: Cut, end: LV): Spans {
  let off: Spans = []
  for (const branch of graph.familyOf(cut.branch)) off = union(off, behindIn(graph, cut, branch, end))
  return off
}

function behindIn(graph: Graph, cut: Cut, branch: number, end: LV): Spans {
  const spans: LV[] = []
  for (let seq = Math.max(graph.baseOf(branch), keptOf(graph, cut, branch)); seq < graph.endOf(branch); ) {
    const lv = graph.lvOf(branch, seq)
    const stop = Math.min(end, graph.endOfRow(graph.rowAt(lv)))
    if (lv >= stop) break
    if (spans.at(-1) === lv) spans[spans.length - 1] = stop
    else spans.push(lv, stop)
    seq += stop - lv
  }
  return spans
}
