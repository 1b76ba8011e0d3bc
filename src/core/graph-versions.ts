// Versions of the event graph in their other form, how much of each branch; and where the whole graph can be cut in two.

import type { Graph } from './graph.ts'
import { diff, dominators } from './graph-walks.ts'
import type { LV, Spans } from './spans.ts'

/** By branch: how many of its ops are in a version. Of a fork, no more than its base says nothing: those are another's. */
export function endsAt(graph: Graph, version: readonly LV[]): number[] {
  const ends = Array.from({ length: graph.branches }, (_, branch) => graph.endOf(branch))
  // What is not in it is the newest of each branch.
  const { onlyA } = diff(graph, graph.frontier, version)
  for (let i = 0; i < onlyA.length; i += 2)
    for (let lv = onlyA[i] as LV, to = onlyA[i + 1] as LV; lv < to; ) {
      const row = graph.rowAt(lv)
      const branch = graph.branchOfRow(row)
      ends[branch] = Math.min(ends[branch] as number, graph.seqAt(lv))
      lv = graph.endOfRow(row)
    }
  return ends
}

/**
 * The frontier of a version that is given as how many ops of each branch. Clipped: ops that are not here are left out, and so is every op of whose past
 * something is left out.
 */
export function frontierOf(graph: Graph, ends: readonly number[]): LV[] {
  const here = Array.from({ length: graph.branches }, (_, branch) =>
    Math.max(graph.baseOf(branch), Math.min(ends[branch] ?? 0, graph.endOf(branch))),
  )
  const heads = dominators(graph, newest(graph, here))
  const closed = endsAt(graph, heads)
  if (closed.every((end, branch) => end === here[branch])) return heads
  return dominators(graph, newest(graph, clipped(graph, here)))
}

function newest(graph: Graph, ends: readonly number[]): LV[] {
  return ends.flatMap((end, branch) => (end > graph.baseOf(branch) ? [graph.lvOf(branch, end - 1)] : []))
}

/** In one pass over the rows, parents first: what is left of each branch when ops with something missing in their past go. */
function clipped(graph: Graph, ends: readonly number[]): number[] {
  const out = ends.map((_, branch) => graph.baseOf(branch))
  for (let row = 0; row < graph.rows; row++) {
    const branch = graph.branchOfRow(row)
    const seq = graph.seqOfRow(row)
    const end = Math.min(ends[branch] as number, seq + graph.endOfRow(row) - graph.startOfRow(row))
    const isIn = (lv: LV): boolean => graph.seqAt(lv) < (out[graph.branchAt(lv)] as number)
    if (end > seq && out[branch] === seq && graph.parentsOfRow(row).every(isIn)) out[branch] = end
  }
  return out
}

/**
 * Where the whole graph can be cut: c is critical if every op from c on has every op below c in its past (Gentle & Kleppmann 2025, section 3.5).
 * Spans of such c, from 0 to the graph's length, both of which always are.
 *
 *   a a a a ──────┐ a a          cuts 0, 1, 2 (b began there), 6, 7
 *       └── b b ──┘
 */
export function criticalCuts(graph: Graph): Spans {
  const { joins, least } = cutsByRow(graph)
  const out: number[] = [graph.length + 1, graph.length]
  let limit = graph.length
  // From the newest row down: no cut is above what a later row builds on.
  const add = (from: LV, to: LV): void => {
    if (from >= to) return
    if (out.at(-1) === to) out[out.length - 1] = from
    else out.push(to, from)
  }
  for (let row = graph.rows - 1; row >= 0; row--) {
    if (joins[row] === 1) add(graph.startOfRow(row), Math.min(graph.endOfRow(row), limit))
    limit = Math.min(limit, least[row] as LV)
  }
  return out.reverse()
}

/**
 * By row: whether its first op has seen all before it, and the least cut that the row forbids. A row that builds on [0, m] but on nothing of (m, start)
 * forbids the cuts above m + 1, and m + 1 too unless its parents are all heads there.
 */
function cutsByRow(graph: Graph): { joins: Uint8Array; least: Float64Array } {
  const joins = new Uint8Array(graph.rows)
  const least = new Float64Array(graph.rows).fill(Infinity)
  const asking = rowsByParent(graph)
  const heads = new Set<LV>()
  let asked = 0
  for (let row = 0; row < graph.rows; row++) {
    const parents = graph.parentsOfRow(row)
    const end = graph.endOfRow(row)
    joins[row] = parents.length === heads.size && parents.every((lv) => heads.has(lv)) ? 1 : 0
    for (const parent of parents) heads.delete(parent)
    // Later rows whose newest parent is in this one: are their parents all that was a head then?
    for (; asked < asking.length; asked++) {
      const later = asking[asked] as number
      const theirs = graph.parentsOfRow(later)
      const last = theirs[theirs.length - 1] ?? -1
      if (last >= end) break
      const isAll = last < 0 || (theirs.length === heads.size + 1 && theirs.every((lv) => lv === last || heads.has(lv)))
      least[later] = isAll ? last + 2 : last + 1
    }
    heads.add(end - 1)
  }
  return { joins, least }
}

/** Rows that do not begin at their newest parent's end, in the order of those parents. */
function rowsByParent(graph: Graph): number[] {
  const last = (row: number): LV =>
    graph.parentsEnd(row) === graph.parentsStart(row) ? -1 : graph.parent(graph.parentsEnd(row) - 1)
  const rows: number[] = []
  for (let row = 0; row < graph.rows; row++) if (last(row) + 1 < graph.startOfRow(row)) rows.push(row)
  return rows.sort((x, y) => last(x) - last(y))
}
