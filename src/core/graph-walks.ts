// Questions about two places of the event graph, answered by walking down from them, newest first, until what is left can say nothing more: the cost
// is that of the part of the graph where they differ. After Gentle & Kleppmann 2025 ("Collaborative Text Editing with Eg-walker", section 3.2) and
// their diamond-types. Entries of heaps are LVs with a few bits for whose past they are in; an entry in the same row as a newer one is in its past.

import type { Graph } from './graph.ts'
import { Heap } from './heap.ts'
import { ascendingSpans, type LV, minus, noSpans, type Spans, sameVersion, startOfSpan } from './spans.ts'

export interface Diff {
  readonly onlyA: Spans
  readonly onlyB: Spans
}

/** Where two versions part: `common` is a version that every op in either, but not in it, has seen whole; the spans are those ops. */
export interface Parting extends Diff {
  readonly common: readonly LV[]
  readonly shared: Spans
}

/** Whether `lv` is in a version: one of its heads, or in the past of one. */
export function contains(graph: Graph, version: readonly LV[], lv: LV): boolean {
  // A branch has always seen itself.
  const branch = graph.branchAt(lv)
  const heap = new Heap()
  for (const head of version) {
    if (head === lv || (head > lv && graph.branchAt(head) === branch)) return true
    if (head > lv) heap.push(head)
  }
  while (heap.size > 0) {
    const row = graph.rowAt(heap.pop())
    if (graph.branchOfRow(row) === branch) return true
    const start = graph.startOfRow(row)
    while (heap.size > 0 && heap.top() >= start) heap.pop()
    for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++) {
      const parent = graph.parent(i)
      if (parent === lv) return true
      if (parent > lv) heap.push(parent)
    }
  }
  return false
}

const ofA = 1
const ofB = 2
const ofBoth = 3

/** What is in one of two versions only. */
export function diff(graph: Graph, a: readonly LV[], b: readonly LV[]): Diff {
  if (sameVersion(a, b)) return { onlyA: noSpans, onlyB: noSpans }
  const onlyA: number[] = []
  const onlyB: number[] = []
  const heap = new Heap()
  // From the greatest on: then each push is a step.
  for (let i = a.length - 1; i >= 0; i--) heap.push((a[i] as LV) * 4 + ofA)
  for (let i = b.length - 1; i >= 0; i--) heap.push((b[i] as LV) * 4 + ofB)
  // Done when all that is left is in both.
  let open = heap.size
  while (open > 0) {
    let entry = heap.pop()
    const lv = Math.floor(entry / 4)
    let whose = entry % 4
    if (whose !== ofBoth) open--
    while (heap.size > 0 && Math.floor(heap.top() / 4) === lv) {
      entry = heap.pop()
      if (entry % 4 !== ofBoth) open--
      whose |= entry % 4
    }
    const row = graph.rowAt(lv)
    const start = graph.startOfRow(row)
    // Another head within the row ends this one's stretch: below it, it is in both pasts.
    const next = heap.size > 0 ? Math.floor(heap.top() / 4) : -1
    const from = next >= start ? next + 1 : start
    if (whose === ofA) onlyA.push(from, lv + 1)
    else if (whose === ofB) onlyB.push(from, lv + 1)
    if (next >= start) {
      heap.push(next * 4 + whose)
      if (whose !== ofBoth) open++
    } else
      for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++) {
        heap.push(graph.parent(i) * 4 + whose)
        if (whose !== ofBoth) open++
      }
  }
  return { onlyA: ascendingSpans(onlyA), onlyB: ascendingSpans(onlyB) }
}

/**
 * Of `unseen`, what `heads` leave unseen. It must be all that some version of this kind lacks: so what is not in it has its whole past outside of it
 * too, and the walk costs no more than what it finds.
 */
export function stillUnseen(graph: Graph, unseen: Spans, heads: readonly LV[]): Spans {
  const seen: number[] = []
  const heap = new Heap()
  for (const head of heads) heap.push(head)
  while (heap.size > 0) {
    const lv = heap.pop()
    const span = startOfSpan(unseen, lv)
    if (span < 0) continue
    const row = graph.rowAt(lv)
    const start = graph.startOfRow(row)
    while (heap.size > 0 && heap.top() >= start) heap.pop()
    seen.push(Math.max(start, span), lv + 1)
    if (span <= start)
      for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++) heap.push(graph.parent(i))
  }
  return minus(unseen, ascendingSpans(seen))
}

/** Those of the LVs that are in no other's past, ascending. */
export function dominators(graph: Graph, lvs: readonly LV[]): LV[] {
  if (lvs.length <= 1) return [...lvs]
  const out: LV[] = []
  const heap = new Heap()
  // An odd entry is one of the LVs, an even one in the past of one that was taken before: below an equal odd one, so it comes after it.
  for (const lv of new Set(lvs)) heap.push(lv * 2 + 1)
  let left = heap.size
  while (left > 0) {
    const entry = heap.pop()
    const lv = Math.floor(entry / 2)
    let isFirst = entry % 2 === 1
    if (isFirst) left--
    const row = graph.rowAt(lv)
    const start = graph.startOfRow(row)
    while (heap.size > 0 && heap.top() >= start * 2) {
      const other = heap.pop()
      if (other % 2 === 1) left--
      else if (other === lv * 2) isFirst = false
    }
    if (isFirst) out.push(lv)
    for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++) heap.push(graph.parent(i) * 2)
  }
  return out.reverse()
}

/** A version on the way down, its heads descending, and in whose past it is. */
interface Point {
  readonly heads: readonly LV[]
  readonly whose: number
}

/**
 * Where two versions part, as find_conflicting of diamond-types: a replay of all but `common` needs nothing of what was before. It may be more
 * than need be: `common` is a version some op had as its parents, or a part of a row.
 */
export function conflicting(graph: Graph, a: readonly LV[], b: readonly LV[]): Parting {
  const found: number[][] = [[], [], [], []]
  const points = new Points()
  points.push({ heads: [...a].reverse(), whose: ofA })
  points.push({ heads: [...b].reverse(), whose: ofB })
  const common = collapse(graph, points, (whose, from, to) => found[whose]?.push(from, to))
  const [, onlyA = [], onlyB = [], shared = []] = found
  return {
    common,
    onlyA: ascendingSpans(onlyA),
    onlyB: ascendingSpans(onlyB),
    shared: ascendingSpans(shared),
  }
}

/** Walks down until all that is left is one version. What is above it goes to `visit`. */
function collapse(graph: Graph, points: Points, visit: (whose: number, from: LV, to: LV) => void): LV[] {
  for (;;) {
    const { heads, whose: first } = points.pop()
    let whose = first
    while (points.size > 0 && sameVersion(points.top().heads, heads)) whose |= points.pop().whose
    const [lv, ...others] = heads
    if (points.size === 0 || lv === undefined) return [...heads].reverse()
    for (const other of others) points.push({ heads: [other], whose })
    const row = graph.rowAt(lv)
    const start = graph.startOfRow(row)
    let end = lv + 1
    while (points.size > 0 && (points.top().heads[0] ?? -1) >= start) {
      const next = points.pop()
      const [head = 0, ...rest] = next.heads
      if (head + 1 < end) visit(whose, head + 1, end)
      end = Math.min(end, head + 1)
      for (const other of rest) points.push({ heads: [other], whose: next.whose })
      whose |= next.whose
    }
    if (points.size === 0) return [end - 1]
    visit(whose, start, end)
    points.push({ heads: graph.parentsOfRow(row).reverse(), whose })
  }
}

/** Points in order: the greatest first head is on top, and of equal ones that with fewer heads last. There are never many. */
class Points {
  readonly #points: Point[] = []

  get size(): number {
    return this.#points.length
  }

  top(): Point {
    return this.#points[this.#points.length - 1] as Point
  }

  pop(): Point {
    return this.#points.pop() as Point
  }

  push(point: Point): void {
    let at = this.#points.length
    while (at > 0 && isBelow(point, this.#points[at - 1] as Point)) at--
    this.#points.splice(at, 0, point)
  }
}

function isBelow({ heads: a }: Point, { heads: b }: Point): boolean {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return (a[i] as LV) < (b[i] as LV)
  return a.length < b.length
}
