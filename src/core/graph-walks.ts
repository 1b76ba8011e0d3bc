// Questions about two places of the event graph, answered by walking down from them, newest first, until what is left can say nothing more: the cost
// is that of the part of the graph where they differ. After Gentle & Kleppmann 2025 ("Collaborative Text Editing with Eg-walker", section 3.2) and
// their diamond-types. An entry in the same row as a newer one is in its past.

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
  const open = opened()
  for (let i = 0; i < version.length; i++) {
    const head = version[i] as LV
    if (head < lv) continue
    const row = graph.rowAt(head)
    if (head === lv || graph.branchOfRow(row) === branch) return true
    open.add(head, row, ofBoth)
  }
  while (open.size > 0) {
    const row = open.takeRow()
    if (graph.branchOfRow(row) === branch) return true
    open.dropFrom(graph.startOfRow(row))
    for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++) {
      const parent = graph.parent(i)
      if (parent === lv) return true
      if (parent > lv) open.add(parent, graph.parentRow(i), ofBoth)
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
  const open = opened()
  for (let i = 0; i < a.length; i++) open.add(a[i] as LV, graph.rowAt(a[i] as LV), ofA)
  for (let i = 0; i < b.length; i++) open.add(b[i] as LV, graph.rowAt(b[i] as LV), ofB)
  // Done when all that is left is in both.
  while (open.single > 0) {
    const lv = open.newest
    const whose = open.whoseNewest
    if (whose !== ofBoth) open.single--
    const row = open.takeRow()
    const start = graph.startOfRow(row)
    // Another head within the row ends this one's stretch: below it, it is in both pasts.
    const next = open.newest
    const from = next >= start ? next + 1 : start
    if (whose === ofA) onlyA.push(from, lv + 1)
    else if (whose === ofB) onlyB.push(from, lv + 1)
    if (next >= start) open.join(open.size - 1, whose)
    else
      for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++)
        open.add(graph.parent(i), graph.parentRow(i), whose)
  }
  return { onlyA: ascendingSpans(onlyA), onlyB: ascendingSpans(onlyB) }
}

/**
 * The heads of two versions on the way down, ascending, with their rows and in whose past they are: the newest is taken from the end. One for all
 * walks, since none begins within another.
 */
class Open {
  #lvs = new Int32Array(64)
  #rows = new Int32Array(64)
  #whose = new Uint8Array(64)
  size = 0
  /** How many are in one past only. */
  single = 0

  /** -1 if there is none. */
  get newest(): LV {
    return this.size > 0 ? (this.#lvs[this.size - 1] as LV) : -1
  }

  get whoseNewest(): number {
    return this.#whose[this.size - 1] as number
  }

  add(lv: LV, row: number, whose: number): void {
    let at = this.size
    // Nearly always it is among the last.
    if (at > fewOpen && (this.#lvs[at - fewOpen] as LV) > lv) at = this.#countAtMost(lv)
    else while (at > 0 && (this.#lvs[at - 1] as LV) > lv) at--
    if (at > 0 && this.#lvs[at - 1] === lv) {
      this.join(at - 1, whose)
      return
    }
    if (whose !== ofBoth) this.single++
    if (this.size === this.#lvs.length) this.#grow()
    if (at < this.size) {
      this.#lvs.copyWithin(at + 1, at, this.size)
      this.#rows.copyWithin(at + 1, at, this.size)
      this.#whose.copyWithin(at + 1, at, this.size)
    }
    this.#lvs[at] = lv
    this.#rows[at] = row
    this.#whose[at] = whose
    this.size++
  }

  /** Takes the newest; gives its row. */
  takeRow(): number {
    return this.#rows[--this.size] as number
  }

  /** Forgets those from `start` on: they are in the past of the one just taken. */
  dropFrom(start: LV): void {
    while (this.size > 0 && (this.#lvs[this.size - 1] as LV) >= start) this.size--
  }

  /** The head at an index is in this past too. */
  join(at: number, whose: number): void {
    const before = this.#whose[at] as number
    if (before !== ofBoth && (before | whose) === ofBoth) this.single--
    this.#whose[at] = before | whose
  }

  /** How many are at most `lv`. */
  #countAtMost(lv: LV): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#lvs[middle] as LV) <= lv) low = middle + 1
      else high = middle
    }
    return low
  }

  #grow(): void {
    const [lvs, rows, whose] = [this.#lvs, this.#rows, this.#whose]
    this.#lvs = new Int32Array(2 * lvs.length)
    this.#rows = new Int32Array(2 * lvs.length)
    this.#whose = new Uint8Array(2 * lvs.length)
    this.#lvs.set(lvs)
    this.#rows.set(rows)
    this.#whose.set(whose)
  }
}

const shared = new Open()

function opened(): Open {
  shared.size = 0
  shared.single = 0
  return shared
}

const fewOpen = 8

/**
 * Of `unseen`, what `heads` leave unseen. It must be all that some version of this kind lacks: so what is not in it has its whole past outside of it
 * too, and the walk costs no more than what it finds.
 */
export function stillUnseen(graph: Graph, unseen: Spans, heads: readonly LV[]): Spans {
  const seen: number[] = []
  const open = opened()
  for (let i = 0; i < heads.length; i++) open.add(heads[i] as LV, graph.rowAt(heads[i] as LV), ofBoth)
  while (open.size > 0) {
    const lv = open.newest
    const row = open.takeRow()
    const span = startOfSpan(unseen, lv)
    if (span < 0) continue
    const start = graph.startOfRow(row)
    open.dropFrom(start)
    seen.push(Math.max(start, span), lv + 1)
    if (span <= start)
      for (let i = graph.parentsStart(row), end = graph.parentsEnd(row); i < end; i++)
        open.add(graph.parent(i), graph.parentRow(i), ofBoth)
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
