// What leaves a replica: which ops, in which pieces, in which order. All of it is computed at a version handed in, the durable frontier
// (Invariant 8). Pieces end at signed tips, since only there can a receiver tell who wrote them.

import { sha256 } from '@noble/hashes/sha2.js'
import { ByteWriter } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { BranchId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'
import type { History } from './history.ts'
import { rangeBytes } from './signed-tips.ts'

export interface Served {
  readonly ranges: readonly SignedRange[]
  /** Whether to ask again. */
  readonly more: boolean
  readonly ops: number
}

/** Where a replica may be cut: at signed tips, or, for documents nobody signs, at any change. */
export type Cuts = 'signed' | 'any'

/** What of `upTo` may leave. An init change or a cut goes only with a signed op that builds on it: it must never spread by itself. */
export function servedVersion(history: History, upTo: Version, cuts: Cuts): Version {
  const version = new Map<BranchId, number>()
  const inits: number[] = []
  for (let branch = 0; branch < history.graph.branches; branch++) {
    if (history.isInit(branch)) {
      inits.push(branch)
      continue
    }
    if (history.graph.endOf(branch) === history.graph.baseOf(branch)) continue
    const id = history.forks.idOf(branch)
    const end = cutAtMost(history, branch, upTo.get(id) ?? 0, cuts)
    if (end > history.graph.baseOf(branch)) version.set(id, end)
  }
  // A cut comes after what it links to.
  const firstOf = (branch: number): number => history.graph.lvOf(branch, 0)
  for (const branch of inits.sort((a, b) => firstOf(a) - firstOf(b))) {
    const end = history.graph.endOf(branch)
    if (end > 0 && (cuts === 'any' ? hasLink(history, branch, version) : isBuiltOn(history, branch, version)))
      version.set(history.actors.nameOf(branch), end)
  }
  return version
}

/** Whether what a cut links to is served; an init links to nothing. */
function hasLink({ graph, forks }: History, branch: number, served: Version): boolean {
  const links = graph.parentsAt(graph.lvOf(branch, 0))
  return links.every((link) => (served.get(forks.idOf(graph.branchAt(link))) ?? 0) > graph.seqAt(link))
}

/** SHA-256 over the tips of what may leave: equal exactly if that is equal. */
export function digestOf(history: History, served: Version): Uint8Array {
  const writer = new ByteWriter()
  for (const branch of inOrder(history, served))
    writer
      .bytes(history.actors.bytesOf(branch))
      .varint(served.get(history.forks.idOf(branch)) ?? 0)
      .raw(history.hashAt(branch, served.get(history.forks.idOf(branch)) ?? 0))
  return sha256(writer.finish())
}

/** What a holder of `since` lacks of `served`, parents first where the tips allow it, until `maxBytes` are reached. */
export function servedRanges(history: History, since: Version, served: Version, maxBytes: number, cuts: Cuts): Served {
  const plan = new ServePlan(history, since, served, cuts)
  const ranges: SignedRange[] = []
  let bytes = 0
  let ops = 0
  while (bytes < maxBytes) {
    const piece = plan.next(maxBytes - bytes)
    if (piece === undefined) return { ranges, more: false, ops }
    // Counts are charged like bytes (FORMAT §2): deletes of a whole text are a few bytes and a million ops.
    const count = piece.to - piece.from
    if (ranges.length > 0 && ops + count > limits.changeOps) return { ranges, more: true, ops }
    plan.take(piece)
    const range = history.range(piece.branch, piece.from, piece.to)
    ranges.push(range)
    bytes += range.body.length + range.tipHash.length + range.signature.length
    ops += count
  }
  return { ranges, more: !plan.done, ops }
}

/** The branches of a version in the order that is the same on every peer. */
function inOrder(history: History, version: Version): number[] {
  return [...version.keys()].map((id) => history.branchOf(id)).sort(history.actors.compare)
}

/** How much of a branch somebody has who has a version, what it shares with another one counted. */
function hadOf(history: History, branch: number, since: Version): number {
  const { graph, forks } = history
  const own = since.get(forks.idOf(branch)) ?? 0
  const from = graph.forkedFrom(branch)
  return from < 0 ? own : Math.max(own, Math.min(graph.baseOf(branch), hadOf(history, from, since)))
}

/** The greatest cut at or below `seq`. */
function cutAtMost(history: History, branch: number, seq: number, cuts: Cuts): number {
  const end = Math.min(seq, history.graph.endOf(branch))
  return cuts === 'signed' ? history.tips(branch).endAt(end) : history.changeEndAtMost(branch, end)
}

/** The least cut above `seq`; -1 if there is none. */
function cutAfter(history: History, branch: number, seq: number, cuts: Cuts): number {
  return cuts === 'signed' ? history.tips(branch).endAfter(seq) : history.changeEndAfter(branch, seq)
}

function isBuiltOn(history: History, init: number, served: Version): boolean {
  const { graph } = history
  const lv = graph.lvOf(init, graph.endOf(init) - 1)
  for (const [name, end] of served) {
    const branch = history.branchOf(name)
    if (end > 0 && graph.contains([graph.lvOf(branch, end - 1)], lv)) return true
  }
  return false
}

/** How far the serving of one branch has come, in seqs. */
interface Course {
  readonly branch: number
  at: number
  readonly to: number
}

interface Piece {
  readonly branch: number
  readonly from: number
  readonly to: number
}

class ServePlan {
  readonly #history: History
  readonly #cuts: Cuts
  readonly #courses: Course[] = []
  /** By branch: what the receiver will have; and what it can ever get from us. */
  readonly #given: number[] = []
  readonly #served: number[] = []

  constructor(history: History, since: Version, served: Version, cuts: Cuts) {
    this.#history = history
    this.#cuts = cuts
    for (const branch of inOrder(history, served)) {
      const to = served.get(history.forks.idOf(branch)) ?? 0
      const had = hadOf(history, branch, since)
      const at = history.changeEndAtMost(branch, had)
      this.#served[branch] = to
      this.#given[branch] = had
      if (at < to) this.#courses.push({ branch, at, to })
    }
  }

  get done(): boolean {
    return this.#courses.every((course) => course.at >= course.to)
  }

  next(maxBytes: number): Piece | undefined {
    for (const course of this.#courses) {
      this.#skipGiven(course)
      if (course.at >= course.to) continue
      const to = this.#reach(course, Math.min(maxBytes, rangeBytes))
      if (to > course.at) return { branch: course.branch, from: course.at, to }
    }
    // Pieces that wait for one another cannot be put in order: the one that begins first goes first, and the receiver holds it.
    let first: Course | undefined
    for (const course of this.#courses)
      if (course.at < course.to && (first === undefined || this.#lvOf(course) < this.#lvOf(first))) first = course
    if (first === undefined) return undefined
    return { branch: first.branch, from: first.at, to: this.#nextCut(first) }
  }

  /** What a fork shares with another branch need not be given twice. */
  #skipGiven(course: Course): void {
    const { graph } = this.#history
    const from = graph.forkedFrom(course.branch)
    if (from >= 0) course.at = Math.max(course.at, Math.min(graph.baseOf(course.branch), this.#given[from] ?? 0))
  }

  take({ branch, to }: Piece): void {
    const course = this.#courses.find((other) => other.branch === branch)
    if (course !== undefined) course.at = to
    this.#given[branch] = Math.max(to, this.#given[branch] ?? 0)
  }

  /** How far a branch can be given with all parents given before, ending at a cut, within the bytes; at least one cut if any is ready. */
  #reach(course: Course, maxBytes: number): number {
    const { branch, at, to } = course
    const ready = this.#readyUntil(course)
    const first = cutAfter(this.#history, branch, at, this.#cuts)
    if (first < 0 || first > ready) return to <= ready ? to : at
    const most = Math.min(ready, at + limits.changeOps)
    const fits = this.#history.weights(branch).reach(at, Math.max(first, most), maxBytes)
    return Math.min(to, Math.max(first, cutAtMost(this.#history, branch, fits, this.#cuts)))
  }

  /** The end of the rows whose parents are given. */
  #readyUntil({ branch, at, to }: Course): number {
    const { graph } = this.#history
    let seq = at
    while (seq < to) {
      const lv = graph.lvOf(branch, seq)
      const row = graph.rowAt(lv)
      if (graph.startOfRow(row) === lv && !this.#isReady(branch, graph.parentsOfRow(row))) return seq
      seq += graph.endIn(branch, lv) - lv
    }
    return to
  }

  #isReady(own: number, parents: readonly number[]): boolean {
    const { graph } = this.#history
    for (const parent of parents) {
      const branch = graph.branchAt(parent)
      if (branch === own) continue
      const seq = graph.seqAt(parent)
      if ((this.#served[branch] ?? 0) > seq && (this.#given[branch] ?? 0) <= seq) return false
    }
    return true
  }

  #nextCut({ branch, at, to }: Course): number {
    const cut = cutAfter(this.#history, branch, at, this.#cuts)
    return cut < 0 ? to : Math.min(cut, to)
  }

  #lvOf({ branch, at }: Course): number {
    return this.#history.graph.lvOf(branch, at)
  }
}
