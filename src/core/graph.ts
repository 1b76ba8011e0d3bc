// The event graph: who made each op and what they had seen. Ops are local versions (LVs), small integers in order of arrival, parents first;
// rows are runs of one branch in which each op's only parent is the one before.
//
//   row   start  branch  seq  lamport  parents          LV  0 1 2 3 4 5 6
//    0    0      a       0    1        -                    a a a ───┐ a a
//    1    3      b       0    1        -                    b b ─────┘        frontier {6}
//    2    5      a       3    4        2, 4
//
// What is kept is here. Questions that walk it are in graph-walks.ts and graph-versions.ts, its picture in graph-draw.ts.

import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { Int32Column, lastAtMost } from './columns.ts'
import { contains, type Diff, diff, dominators, stillUnseen } from './graph-walks.ts'
import { extendedSpans, inSpans, type LV, noSpans, type Spans, sameVersion } from './spans.ts'

export type { Diff } from './graph-walks.ts'
export { inSpans, type LV, noSpans, type Spans, sameVersion } from './spans.ts'

/** What a branch's newest op had not seen, so that the branch's next op need not ask again. */
interface Memo {
  lv: LV
  unseen: Spans
  length: number
}

export class Graph {
  readonly #starts = new Int32Column()
  readonly #branches = new Int32Column()
  readonly #seqs = new Int32Column()
  readonly #lamports = new Int32Column()
  /** Where a row's parents begin in #parents; they end where the next row's begin. */
  readonly #parentsAt = new Int32Column()
  readonly #parents = new Int32Column()
  /** The rows that these are in. */
  readonly #parentRows = new Int32Column()
  /** By branch: its rows, ascending, and how many ops it has, with those before a fork. */
  readonly #rowsOf: Int32Column[] = []
  readonly #ends: number[] = []
  /** By branch that goes on from another: where, and which. */
  readonly #forks: ({ readonly from: number; readonly base: number } | undefined)[] = []
  readonly #families = new Map<number, readonly number[]>()
  readonly #memos: (Memo | undefined)[] = []
  #shared: { readonly parents: readonly LV[]; readonly memo: Readonly<Memo> } | undefined
  #frontier: LV[] = []
  /** Heads that the newest append took the place of. */
  readonly #replaced: LV[] = []
  #length = 0
  #mayHaveCuts = false
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

  /** The heads before the newest append: kept for whoever takes that back at once. */
  get frontierBefore(): readonly LV[] {
    return [...this.#frontier.slice(0, -1), ...this.#replaced].sort((a, b) => a - b)
  }

  get rows(): number {
    return this.#starts.length
  }

  /** Whether a self-certifying actor ever linked to something: nothing but a cut does. */
  get mayHaveCuts(): boolean {
    return this.#mayHaveCuts
  }

  get branches(): number {
    return this.#ends.length
  }

  /** How many ops of a branch are here: the next seq. */
  endOf(branch: number): number {
    return this.#ends[branch] ?? 0
  }

  /** How many of a branch's first ops are another one's too, which has them in its rows: 0 but for forks. */
  baseOf(branch: number): number {
    return this.#forks[branch]?.base ?? 0
  }

  /** The branch whose ops a forked one goes on from; -1 for one that began by itself. */
  forkedFrom(branch: number): number {
    return this.#forks[branch]?.from ?? -1
  }

  /** Begins a branch that has the first `base` ops of another, and none of its own yet (FORMAT section 1, forks). */
  fork(branch: number, from: number, base: number): void {
    assert(base <= this.endOf(from) && this.endOf(branch) === 0, `no fork of ${from} begins at ${base}`)
    this.#room(branch)
    // It goes on from whoever has the op before in its rows.
    let trunk = from
    while (this.baseOf(trunk) >= base && this.forkedFrom(trunk) >= 0) trunk = this.forkedFrom(trunk)
    this.#forks[branch] = { from: trunk, base }
    this.#ends[branch] = base
    const family = [...this.familyOf(from), branch]
    for (const one of family) this.#families.set(one, family)
  }

  /** Forgets a fork, which has no ops of its own. */
  unfork(branch: number): void {
    assert(this.endOf(branch) === this.baseOf(branch), `branch ${branch} has ops of its own`)
    const family = this.familyOf(branch).filter((one) => one !== branch)
    for (const one of family)
      if (family.length > 1) this.#families.set(one, family)
      else this.#families.delete(one)
    this.#families.delete(branch)
    this.#forks[branch] = undefined
    this.#ends[branch] = 0
    if (branch < this.#ends.length - 1) return
    this.#ends.pop()
    this.#rowsOf.pop()
    this.#memos.pop()
  }

  /** A branch, and those that it was forked from or into: all of one actor. */
  familyOf(branch: number): readonly number[] {
    return this.#families.get(branch) ?? [branch]
  }

  /** How many first ops two branches of one family share. */
  common(a: number, b: number): number {
    const reach = new Map<number, number>()
    for (let at = a, end = this.endOf(a); at >= 0; end = Math.min(end, this.baseOf(at)), at = this.forkedFrom(at))
      reach.set(at, end)
    for (let at = b, end = this.endOf(b); at >= 0; end = Math.min(end, this.baseOf(at)), at = this.forkedFrom(at)) {
      const other = reach.get(at)
      if (other !== undefined) return Math.min(end, other)
    }
    return 0
  }

  /** Whether an op is one of a branch's, its first ones shared with another or not. */
  isOf(branch: number, lv: LV): boolean {
    const owner = this.branchAt(lv)
    return owner === branch || (this.baseOf(branch) > 0 && this.lvOf(branch, this.seqAt(lv)) === lv)
  }

  /**
   * Appends `count` ops of a branch, each the parent of the next; gives the LV of the first. `parents` are those of the first: ascending,
   * pairwise concurrent. `lamport` is given for self-certifying actors only, whose ops have 0. Errors: 'limit', and nothing is altered.
   */
  append(branch: number, count: number, parents: readonly LV[], lamport?: 0): LV {
    const start = this.#length
    const seq = this.endOf(branch)
    if (count > limits.seq - start)
      throw new JoineryError('limit', `the document is full: it holds at most ${limits.seq} ops`)
    this.#length += count
    if (this.#goesOn(branch, parents, start)) {
      // The newest op is always a head, and the last of them.
      this.#replaceOne(start - 1)
      this.#frontier[this.#frontier.length - 1] = this.#length - 1
    } else {
      this.#newRow(branch, seq, start, parents, lamport ?? this.lamportAfter(parents))
      this.#moveFrontier(parents, this.#length - 1)
    }
    this.#ends[branch] = seq + count
    return start
  }

  /** Whether a branch has the newest op, and that has seen everything: what the branch does next goes on from there. */
  isAhead(branch: number): boolean {
    return this.#frontier.length === 1 && this.#branches.data[this.#starts.length - 1] === branch
  }

  /** Appends ops of the branch that is ahead: append(), with nothing to ask. There must be room. */
  goOn(branch: number, count: number): void {
    this.#replaced[0] = this.#length - 1
    if (this.#replaced.length > 1) this.#replaced.length = 1
    this.#length += count
    this.#frontier[0] = this.#length - 1
    this.#ends[branch] = (this.#ends[branch] as number) + count
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
      this.#parentRows.truncate(this.#parentsAt.at(row))
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
    const { data, length } = this.#starts
    if (hint < length && (data[hint] as number) <= lv && lv < this.endOfRow(hint)) return hint
    const last = length - 1
    this.#hint = last >= 0 && (data[last] as number) <= lv ? last : lastAtMost(this.#starts, lv)
    return this.#hint
  }

  startOfRow(row: number): LV {
    return this.#starts.data[row] as LV
  }

  endOfRow(row: number): LV {
    return row + 1 < this.#starts.length ? (this.#starts.data[row + 1] as LV) : this.#length
  }

  /** The end of the stretch from `lv` on that is both of one row and of a branch, whose op it is: a fork may begin within another's row. */
  endIn(branch: number, lv: LV): LV {
    let end = this.endOfRow(this.rowAt(lv))
    let fork = this.#forks[branch]
    if (fork === undefined) return end
    for (const seq = this.seqAt(lv); fork !== undefined && seq < fork.base; fork = this.#forks[fork.from])
      end = Math.min(end, lv + fork.base - seq)
    return end
  }

  branchOfRow(row: number): number {
    return this.#branches.data[row] as number
  }

  seqOfRow(row: number): number {
    return this.#seqs.data[row] as number
  }

  parentsOfRow(row: number): LV[] {
    const parents: LV[] = []
    for (let i = this.parentsStart(row), end = this.parentsEnd(row); i < end; i++) parents.push(this.#parents.at(i))
    return parents
  }

  /** Where a row's parents are, for parent(i): without an array. */
  parentsStart(row: number): number {
    return this.#parentsAt.data[row] as number
  }

  parentsEnd(row: number): number {
    return row + 1 < this.#parentsAt.length ? (this.#parentsAt.data[row + 1] as number) : this.#parents.length
  }

  parent(index: number): LV {
    return this.#parents.data[index] as LV
  }

  /** The row that the parent with this index is in. */
  parentRow(index: number): number {
    return this.#parentRows.data[index] as number
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
    const fork = this.#forks[branch]
    if (fork !== undefined && seq < fork.base) return this.lvOf(fork.from, seq)
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
    return contains(this, version, lv)
  }

  /** Whether a branch's newest op, of which there must be one, has `lv` in its past. Free for one that came from elsewhere. */
  sees(branch: number, lv: LV): boolean {
    const newest = this.lvOf(branch, this.endOf(branch) - 1)
    const memo = this.#memos[branch]
    if (memo?.lv === newest) return lv <= newest && !inSpans(memo.unseen, lv)
    return this.contains([newest], lv)
  }

  /** What is in one of two versions only. */
  diff(a: readonly LV[], b: readonly LV[]): Diff {
    return diff(this, a, b)
  }

  /** Those of the LVs that are in no other's past, ascending. */
  dominators(lvs: readonly LV[]): LV[] {
    return dominators(this, lvs)
  }

  /**
   * What an op with these parents, about to be appended to `branch`, has not seen of all that is here. Empty in a linear history; and free where
   * a branch goes on from its own newest op, or many go on from the same place.
   */
  unseen(branch: number, parents: readonly LV[]): Spans {
    if (sameVersion(parents, this.#frontier)) return noSpans
    const memo = this.#memoFor(branch, parents)
    const unseen =
      memo === undefined ? this.#unseenAnew(branch, parents) : extendedSpans(memo.unseen, memo.length, this.#length)
    const made: Memo = { lv: this.#length, unseen, length: this.#length }
    this.#shared = { parents: [...parents], memo: made }
    return unseen
  }

  /** Says that a branch's newest op, just appended, had not seen these: what unseen() gave before. */
  remember(branch: number, unseen: Spans): void {
    const memo = this.#memos[branch]
    if (memo === undefined) this.#memos[branch] = { lv: this.#length - 1, unseen, length: this.#length }
    else {
      memo.lv = this.#length - 1
      memo.unseen = unseen
      memo.length = this.#length
    }
  }

  #unseenAnew(branch: number, parents: readonly LV[]): Spans {
    const own = this.#memos[branch]
    // A branch goes on: it lacks what it did, and what came since, but for what it has linked to.
    if (own !== undefined && own.lv === this.lvOf(branch, this.endOf(branch) - 1))
      return stillUnseen(this, extendedSpans(own.unseen, own.length, this.#length), parents)
    return this.diff(this.#frontier, parents).onlyA
  }

  #memoFor(branch: number, parents: readonly LV[]): Readonly<Memo> | undefined {
    const own = this.#memos[branch]
    if (own !== undefined && parents.length === 1 && parents[0] === own.lv) return own
    return this.#shared !== undefined && sameVersion(parents, this.#shared.parents) ? this.#shared.memo : undefined
  }

  #goesOn(branch: number, parents: readonly LV[], start: LV): boolean {
    const last = this.#starts.length - 1
    return last >= 0 && parents.length === 1 && parents[0] === start - 1 && this.#branches.at(last) === branch
  }

  #room(branch: number): void {
    while (this.#ends.length <= branch) {
      this.#ends.push(0)
      this.#rowsOf.push(new Int32Column())
      this.#memos.push(undefined)
    }
  }

  #newRow(branch: number, seq: number, start: LV, parents: readonly LV[], lamport: number): void {
    this.#room(branch)
    if (lamport === 0 && parents.length > 0) this.#mayHaveCuts = true
    ;(this.#rowsOf[branch] as Int32Column).push(this.rows)
    this.#starts.push(start)
    this.#branches.push(branch)
    this.#seqs.push(seq)
    this.#lamports.push(lamport)
    this.#parentsAt.push(this.#parents.length)
    for (let i = 0; i < parents.length; i++) {
      const parent = parents[i] as LV
      if (parent < 0 || parent >= this.#length)
        assert(false, `parent ${parent} is not among the ${this.#length} ops here`)
      this.#parentRows.push(this.rowAt(parent))
      this.#parents.push(parent)
    }
  }

  /** The Lamport time of an op with these parents. A cut counts for nothing, so that time goes on from what it links to. */
  lamportAfter(parents: readonly LV[]): number {
    let lamport = 0
    for (let i = 0; i < parents.length; i++) {
      let lv = parents[i] as LV
      for (let row = this.rowAt(lv); this.#lamports.at(row) === 0 && this.parentsEnd(row) > this.parentsStart(row); ) {
        lv = this.parent(this.parentsStart(row))
        row = this.rowAt(lv)
      }
      lamport = Math.max(lamport, this.lamportAt(lv))
    }
    return lamport + 1
  }

  /** Heads are ascending, since a new one is above all. Parents that are no heads are passed over. */
  #replaceOne(head: LV): void {
    this.#replaced[0] = head
    // Setting it costs more than all the rest.
    if (this.#replaced.length > 1) this.#replaced.length = 1
  }

  #moveFrontier(parents: readonly LV[], head: LV): void {
    const frontier = this.#frontier
    if (this.#replaced.length > 0) this.#replaced.length = 0
    if (parents.length > 0) {
      let kept = firstAtLeast(frontier, parents[0] as LV)
      let at = kept
      for (let next = 0; at < frontier.length && next < parents.length; at++) {
        const lv = frontier[at] as LV
        while (next < parents.length && (parents[next] as LV) < lv) next++
        if (parents[next] === lv) {
          this.#replaced.push(lv)
          next++
        } else frontier[kept++] = lv
      }
      frontier.splice(kept, at - kept)
    }
    frontier.push(head)
  }
}

/** The first index in an ascending list whose value is not below `value`. */
function firstAtLeast(list: readonly number[], value: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
