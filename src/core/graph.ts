// The event graph: who made each op and what they had seen. Ops are local versions (LVs), small integers in order of arrival, parents first;
// rows are runs of one branch in which each op's only parent is the one before.
//
//   row   start  branch  seq  lamport  parents          LV  0 1 2 3 4 5 6
//    0    0      a       0    1        -                    a a a ───┐ a a
//    1    3      b       0    1        -                    b b ─────┘        frontier {6}
//    2    5      a       3    4        2, 4
//
// diff and contains follow Gentle & Kleppmann 2025 ("Collaborative Text Editing with Eg-walker", section 3.2) and their diamond-types: a
// heap of LVs walked downwards, so that the cost is that of the part of the graph where two versions differ.

import { assert } from '../base/assert.ts'
import { Int32Column, lastAtMost } from './columns.ts'

/** A local version: the number of an op within one process. */
export type LV = number

/** Spans of LVs, flat and ascending: [start, end, start, end, …], half open, none touching the next. */
export type Spans = readonly number[]

export interface Diff {
  readonly onlyA: Spans
  readonly onlyB: Spans
}

const nothing: Spans = []

/** What a branch's newest op had not seen, so that the branch's next op need not ask again. */
interface Memo {
  readonly lv: LV
  readonly unseen: Spans
  readonly length: number
}

export class Graph {
  readonly #starts = new Int32Column()
  readonly #branches = new Int32Column()
  readonly #seqs = new Int32Column()
  readonly #lamports = new Int32Column()
  /** Where a row's parents begin in #parents; they end where the next row's begin. */
  readonly #parentsAt = new Int32Column()
  readonly #parents = new Int32Column()
  /** By branch: its rows, ascending, and how many ops it has. */
  readonly #rowsOf: Int32Column[] = []
  readonly #ends: number[] = []
  readonly #memos: (Memo | undefined)[] = []
  #shared: { readonly parents: readonly LV[]; readonly memo: Memo } | undefined
  #frontier: LV[] = []
  #length = 0
  /** The row looked at last: most questions are about where the last one was. */
  #hint = 0

  /** The next LV. */
  get length(): number {
    return this.#length
  }

  /** The ops nothing here builds on, ascending. */
  get frontier(): readonly LV[] {
    return this.#frontier
  }

  get rows(): number {
    return this.#starts.length
  }

  get branches(): number {
    return this.#ends.length
  }

  /** How many ops of a branch are here: the next seq. */
  endOf(branch: number): number {
    return this.#ends[branch] ?? 0
  }

  /**
   * Appends `count` ops of a branch, each the parent of the next; gives the LV of the first. `parents` are those of the first: ascending,
   * pairwise concurrent. `lamport` is given for self-certifying actors only, whose ops have 0.
   */
  append(branch: number, count: number, parents: readonly LV[], lamport?: 0): LV {
    const start = this.#length
    const seq = this.endOf(branch)
    if (!this.#goesOn(branch, parents)) this.#newRow(branch, seq, parents, lamport ?? this.#lamportAfter(parents))
    this.#ends[branch] = seq + count
    this.#length += count
    this.#moveFrontier(parents, this.#length - 1)
    return start
  }

  /** Takes the newest `count` ops back, which were the last call's or part of it: for a change that threw. */
  withdraw(branch: number, count: number, parents: readonly LV[], frontier: readonly LV[]): void {
    this.#length -= count
    this.#ends[branch] = this.endOf(branch) - count
    this.#frontier = [...frontier]
    if (this.#starts.length === 0 || this.#starts.last() < this.#length) return
    for (const column of [this.#starts, this.#branches, this.#seqs, this.#lamports, this.#parentsAt])
      column.truncate(column.length - 1)
    this.#parents.truncate(this.#parents.length - parents.length)
    const rows = this.#rowsOf[branch]
    rows?.truncate(rows.length - 1)
    this.#memos[branch] = undefined
    this.#shared = undefined
    this.#hint = 0
  }

  /** Forgets everything from `length` on: for a batch that turned out not to be what it said. `frontier` is what it was then. */
  truncate(length: LV, frontier: readonly LV[]): void {
    while (this.rows > 0 && this.#starts.last() >= length) {
      const row = this.rows - 1
      const branch = this.#branches.at(row)
      const rows = this.#rowsOf[branch]
      this.#ends[branch] = this.#seqs.at(row)
      rows?.truncate(rows.length - 1)
      this.#parents.truncate(this.#parentsAt.at(row))
      for (const column of [this.#starts, this.#branches, this.#seqs, this.#lamports, this.#parentsAt])
        column.truncate(row)
    }
    const row = this.rows - 1
    if (row >= 0) this.#ends[this.#branches.at(row)] = this.#seqs.at(row) + length - this.#starts.at(row)
    this.#length = length
    this.#frontier = [...frontier]
    this.#memos.fill(undefined)
    this.#shared = undefined
    this.#hint = 0
  }

  rowAt(lv: LV): number {
    const hint = this.#hint
    if (hint < this.rows && this.#starts.at(hint) <= lv && lv < this.endOfRow(hint)) return hint
    const last = this.rows - 1
    this.#hint = last >= 0 && this.#starts.at(last) <= lv ? last : lastAtMost(this.#starts, lv)
    return this.#hint
  }

  startOfRow(row: number): LV {
    return this.#starts.at(row)
  }

  endOfRow(row: number): LV {
    return row + 1 < this.#starts.length ? this.#starts.at(row + 1) : this.#length
  }

  branchOfRow(row: number): number {
    return this.#branches.at(row)
  }

  seqOfRow(row: number): number {
    return this.#seqs.at(row)
  }

  parentsOfRow(row: number): LV[] {
    const end = row + 1 < this.rows ? this.#parentsAt.at(row + 1) : this.#parents.length
    return Array.from(this.#parents.data.subarray(this.#parentsAt.at(row), end))
  }

  branchAt(lv: LV): number {
    return this.#branches.at(this.rowAt(lv))
  }

  seqAt(lv: LV): number {
    const row = this.rowAt(lv)
    return this.#seqs.at(row) + lv - this.#starts.at(row)
  }

  /** 1 + the greatest of the parents' (Lamport 1978); 0 for self-certifying actors. */
  lamportAt(lv: LV): number {
    const row = this.rowAt(lv)
    const lamport = this.#lamports.at(row)
    return lamport === 0 ? 0 : lamport + lv - this.#starts.at(row)
  }

  /** The parents of one op, ascending. */
  parentsAt(lv: LV): LV[] {
    const row = this.rowAt(lv)
    return lv > this.#starts.at(row) ? [lv - 1] : this.parentsOfRow(row)
  }

  /** The LV of an op by branch and seq; -1 if it is not here. */
  lvOf(branch: number, seq: number): LV {
    if (seq < 0 || seq >= this.endOf(branch)) return -1
    const rows = this.#rowsOf[branch] as Int32Column
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#seqs.at(rows.at(middle)) <= seq) low = middle + 1
      else high = middle
    }
    const row = rows.at(low - 1)
    return this.#starts.at(row) + seq - this.#seqs.at(row)
  }

  /** Whether `lv` is in a version: one of its heads, or in the past of one. */
  contains(version: readonly LV[], lv: LV): boolean {
    const heap = new Heap()
    for (const head of version) {
      if (head === lv) return true
      if (head > lv) heap.push(head)
    }
    while (heap.size > 0) {
      const head = heap.pop()
      while (heap.size > 0 && heap.top() === head) heap.pop()
      const row = this.rowAt(head)
      if (this.#starts.at(row) <= lv) return true
      for (let i = this.#parentsAt.at(row), end = this.#parentsEnd(row); i < end; i++) {
        const parent = this.#parents.at(i)
        if (parent === lv) return true
        if (parent > lv) heap.push(parent)
      }
    }
    return false
  }

  /** What is in one of two versions only. */
  diff(a: readonly LV[], b: readonly LV[]): Diff {
    if (sameVersion(a, b)) return { onlyA: nothing, onlyB: nothing }
    const onlyA: number[] = []
    const onlyB: number[] = []
    // Each entry is an LV and whose past it is in: 1 of a, 2 of b, 3 of both. Done when all that is left is in both.
    const heap = new Heap()
    let open = 0
    for (const head of a) heap.push(head * 4 + 1)
    for (const head of b) heap.push(head * 4 + 2)
    open = heap.size
    while (open > 0) {
      let entry = heap.pop()
      const lv = Math.floor(entry / 4)
      let whose = entry % 4
      if (whose !== 3) open--
      while (heap.size > 0 && Math.floor(heap.top() / 4) === lv) {
        entry = heap.pop()
        if (entry % 4 !== 3) open--
        whose |= entry % 4
      }
      const row = this.rowAt(lv)
      let from = this.#starts.at(row)
      // Another head within the row ends this one's stretch: below it, it is in both pasts.
      const next = heap.size > 0 ? Math.floor(heap.top() / 4) : -1
      if (next >= from) {
        from = next + 1
        this.#emit(whose, from, lv + 1, onlyA, onlyB)
        heap.push(next * 4 + whose)
        if (whose !== 3) open++
        continue
      }
      this.#emit(whose, from, lv + 1, onlyA, onlyB)
      for (let i = this.#parentsAt.at(row), end = this.#parentsEnd(row); i < end; i++) {
        heap.push(this.#parents.at(i) * 4 + whose)
        if (whose !== 3) open++
      }
    }
    return { onlyA: ascending(onlyA), onlyB: ascending(onlyB) }
  }

  /**
   * What an op with these parents, about to be appended to `branch`, has not seen of all that is here. Empty in a linear history; and free where
   * a branch goes on from its own newest op, or many go on from the same place.
   */
  unseen(branch: number, parents: readonly LV[]): Spans {
    if (sameVersion(parents, this.#frontier)) return nothing
    const memo = this.#memoFor(branch, parents)
    const unseen =
      memo === undefined ? this.diff(this.#frontier, parents).onlyA : extended(memo.unseen, memo.length, this.#length)
    const made: Memo = { lv: this.#length, unseen, length: this.#length }
    this.#shared = { parents: [...parents], memo: made }
    return unseen
  }

  /** Says that a branch's newest op, just appended, had not seen these: what unseen() gave before. */
  remember(branch: number, unseen: Spans): void {
    this.#memos[branch] = { lv: this.#length - 1, unseen, length: this.#length }
  }

  /** Those of the LVs that are in no other's past, ascending. */
  dominators(lvs: readonly LV[]): LV[] {
    const sorted = [...new Set(lvs)].sort((x, y) => y - x)
    const out: LV[] = []
    for (const lv of sorted) if (!this.contains(out, lv)) out.push(lv)
    return out.reverse()
  }

  #memoFor(branch: number, parents: readonly LV[]): Memo | undefined {
    const own = this.#memos[branch]
    if (own !== undefined && parents.length === 1 && parents[0] === own.lv) return own
    return this.#shared !== undefined && sameVersion(parents, this.#shared.parents) ? this.#shared.memo : undefined
  }

  #goesOn(branch: number, parents: readonly LV[]): boolean {
    const last = this.rows - 1
    return last >= 0 && parents.length === 1 && parents[0] === this.#length - 1 && this.#branches.at(last) === branch
  }

  #newRow(branch: number, seq: number, parents: readonly LV[], lamport: number): void {
    const rows = this.#rowsOf[branch] ?? new Int32Column(4)
    while (this.#ends.length <= branch) {
      this.#ends.push(0)
      this.#rowsOf.push(new Int32Column(4))
      this.#memos.push(undefined)
    }
    if (this.#rowsOf[branch] === undefined) this.#rowsOf[branch] = rows
    ;(this.#rowsOf[branch] as Int32Column).push(this.rows)
    this.#starts.push(this.#length)
    this.#branches.push(branch)
    this.#seqs.push(seq)
    this.#lamports.push(lamport)
    this.#parentsAt.push(this.#parents.length)
    for (const parent of parents) {
      assert(parent >= 0 && parent < this.#length, `parent ${parent} is not among the ${this.#length} ops here`)
      this.#parents.push(parent)
    }
  }

  #lamportAfter(parents: readonly LV[]): number {
    let lamport = 0
    for (const parent of parents) lamport = Math.max(lamport, this.lamportAt(parent))
    return lamport + 1
  }

  #moveFrontier(parents: readonly LV[], head: LV): void {
    const frontier = this.#frontier
    if (frontier.length === 1 && parents.length === 1 && frontier[0] === parents[0]) frontier[0] = head
    else {
      if (parents.length > 0) this.#frontier = frontier.filter((lv) => !parents.includes(lv))
      this.#frontier.push(head)
    }
  }

  #parentsEnd(row: number): number {
    return row + 1 < this.rows ? this.#parentsAt.at(row + 1) : this.#parents.length
  }

  #emit(whose: number, from: LV, to: LV, onlyA: number[], onlyB: number[]): void {
    if (whose === 1) onlyA.push(from, to)
    else if (whose === 2) onlyB.push(from, to)
  }
}

/** Whether spans, ascending and flat, hold an LV. */
export function inSpans(spans: Spans, lv: LV): boolean {
  let low = 0
  let high = spans.length >> 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[2 * middle] as number) <= lv) low = middle + 1
    else high = middle
  }
  return low > 0 && lv < (spans[2 * low - 1] as number)
}

export function sameVersion(a: readonly LV[], b: readonly LV[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Spans found from above, as pairs, put in order, with those that touch joined. */
function ascending(pairs: readonly number[]): Spans {
  const out: number[] = []
  for (let i = pairs.length - 2; i >= 0; i -= 2) {
    const start = pairs[i] as number
    if (out.length > 0 && out[out.length - 1] === start) out[out.length - 1] = pairs[i + 1] as number
    else out.push(start, pairs[i + 1] as number)
  }
  return out
}

function extended(spans: Spans, from: LV, to: LV): Spans {
  if (from === to) return spans
  const out = spans.slice()
  if (out.length > 0 && out[out.length - 1] === from) out[out.length - 1] = to
  else out.push(from, to)
  return out
}

/** A binary max-heap of numbers. */
class Heap {
  readonly #items: number[] = []

  get size(): number {
    return this.#items.length
  }

  top(): number {
    return this.#items[0] as number
  }

  push(item: number): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = items[above] as number
      if (other >= item) break
      items[at] = other
      at = above
    }
    items[at] = item
  }

  pop(): number {
    const items = this.#items
    const top = items[0] as number
    const last = items.pop() as number
    const size = items.length
    if (size === 0) return top
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= size) break
      if (below + 1 < size && (items[below + 1] as number) > (items[below] as number)) below++
      if ((items[below] as number) <= last) break
      items[at] = items[below] as number
      at = below
    }
    items[at] = last
    return top
  }
}
