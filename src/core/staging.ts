// Decoded ops that are not in the log yet: columns that are filled again and again, and belong to nobody. What is here was checked for form
// only. Rows are as in the log (kinds.ts), but containers are numbers of this table, keys and offsets are those of this staging, and targets of
// revokes are dots.
//
//   stretch   whole changes of which only the first has links: what merges as one. Each later change only builds on the one before.

import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { Int32Column, UnitColumn } from './columns.ts'
import type { Forks } from './forks.ts'
import { type Graph, inSpans, type LV, type Spans } from './graph.ts'
import { type ActorId, actorOf, type BranchId, forkPoint } from './ids.ts'
import { Kind } from './kinds.ts'
import type { OpLog } from './op-log.ts'
import { unknownActor } from './short-ids.ts'
import { rootBranch, type Source, type WirePlace } from './wire.ts'

/** How the ops of a row end changes. */
export const Ends = { none: 0, last: 1, each: 2 } as const

/** What a revoke names: (branch, seq, count)*. A branch below 0 is not known here. */
export class DotRuns {
  readonly runs: Int32Array
  constructor(runs: Int32Array) {
    this.runs = runs
  }
}

export class Staging {
  branch = 0
  fromSeq = 0
  /** Ops. */
  length = 0
  /** Whether a change says that it follows edits of other documents. */
  hasDepends = false
  /** How many of the stretches may be merged: those from the first critical op of an unknown kind on may not. */
  mergeable = 0
  /** Where the last op ended: what the branch's next body may refer to. */
  readonly after: WirePlace = { branch: rootBranch, seq: 0, position: 0 }

  readonly kinds = new Int32Column()
  readonly refs = new Int32Column()
  readonly as = new Int32Column()
  readonly bs = new Int32Column()
  readonly counts = new Int32Column()
  readonly ends = new Int32Column()
  readonly units = new UnitColumn()
  readonly values: unknown[] = []
  readonly keys: string[] = []
  /** Containers by the ops that made them; the first is the root. */
  readonly makerBranches = new Int32Column()
  readonly makerSeqs = new Int32Column()

  /** By stretch: its first row, how many ops are before it, and where its links begin. */
  readonly stretchRows = new Int32Column()
  readonly stretchOps = new Int32Column()
  readonly stretchLinks = new Int32Column()
  readonly linkBranches = new Int32Column()
  readonly linkSeqs = new Int32Column()
  /** The branches of forked actors that the body names without saying which is meant: whoever wrote it knew of one. */
  readonly plain = new Set<number>()
  /** Actors that are named in full and not known here, or branches of theirs (forks.ts). They stand for branches below unknownActor. */
  readonly #strangers: BranchId[] = []

  get rows(): number {
    return this.kinds.length
  }

  get stretches(): number {
    return this.stretchRows.length
  }

  get endSeq(): number {
    return this.fromSeq + this.length
  }

  clear(branch: number, fromSeq: number): void {
    this.branch = branch
    this.fromSeq = fromSeq
    this.length = 0
    this.hasDepends = false
    this.mergeable = 0
    this.kinds.length = this.refs.length = this.as.length = this.bs.length = this.counts.length = this.ends.length = 0
    this.units.length = this.makerBranches.length = this.makerSeqs.length = 0
    this.stretchRows.length = this.stretchOps.length = this.stretchLinks.length = 0
    this.linkBranches.length = this.linkSeqs.length = 0
    if (this.values.length > 0) this.values.length = 0
    if (this.keys.length > 0) this.keys.length = 0
    if (this.#strangers.length > 0) this.#strangers.length = 0
    if (this.plain.size > 0) this.plain.clear()
    this.makerBranches.push(rootBranch)
    this.makerSeqs.push(0)
  }

  addStranger(name: BranchId): number {
    return unknownActor - this.#strangers.push(name)
  }

  /** The name behind a branch below 0, if it came. */
  strangerAt(branch: number): ActorId | undefined {
    const name = this.#strangers[unknownActor - 1 - branch]
    return name === undefined ? undefined : actorOf(name)
  }

  /** The branch that a number below 0 stands for, if that has come since: of those that are named by their chains. */
  known(branch: number, forks: Pick<Forks, 'find'> | undefined): number {
    const name = branch < 0 ? this.#strangers[unknownActor - 1 - branch] : undefined
    const found = name === undefined || forkPoint(name) === undefined ? -1 : (forks?.find(name) ?? -1)
    return found < 0 ? branch : found
  }

  push(kind: number, ref: number, a: number, b: number, count: number, ends: number): void {
    this.kinds.push(kind)
    this.refs.push(ref)
    this.as.push(a)
    this.bs.push(b)
    this.counts.push(count)
    this.ends.push(ends)
    this.length += count
  }

  /** The number of the container made by an op: of the newest that were named, or a new one. */
  refTo(branch: number, seq: number): number {
    if (branch === rootBranch) return 0
    const last = this.makerBranches.length - 1
    for (let ref = last; ref > 0 && ref > last - 4; ref--)
      if (this.makerBranches.at(ref) === branch && this.makerSeqs.at(ref) === seq) return ref
    this.makerBranches.push(branch)
    this.makerSeqs.push(seq)
    return last + 1
  }

  startStretch(row: number, ops: number): void {
    this.stretchRows.push(row)
    this.stretchOps.push(ops)
    this.stretchLinks.push(this.linkBranches.length)
  }

  endRowOf(stretch: number): number {
    return stretch + 1 < this.stretches ? this.stretchRows.at(stretch + 1) : this.rows
  }

  opsOf(stretch: number): number {
    const end = stretch + 1 < this.stretches ? this.stretchOps.at(stretch + 1) : this.length
    return end - this.stretchOps.at(stretch)
  }

  endLinkOf(stretch: number): number {
    return stretch + 1 < this.stretches ? this.stretchLinks.at(stretch + 1) : this.linkBranches.length
  }
}

/**
 * Refuses a stretch that names a container or a target that its author had not seen: no honest author can, and it could not be kept, since the
 * log names ops by LV. `unseen` is what graph.unseen gave for the stretch, which is not in the graph yet.
 */
export function checkPast(staging: Staging, stretch: number, source: Names, unseen: Spans): void {
  for (let row = staging.stretchRows.at(stretch), end = staging.endRowOf(stretch); row < end; row++) {
    const ref = staging.refs.at(row)
    if (ref > 0) {
      const maker = seenBranch(staging, source, unseen, staging.makerBranches.at(ref), staging.makerSeqs.at(ref))
      staging.makerBranches.data[ref] = maker
    }
    if (staging.kinds.at(row) !== Kind.revoke) continue
    const { runs } = staging.values[staging.bs.at(row)] as DotRuns
    for (let i = 0; i < runs.length; i += 3) {
      const [branch, from] = [runs[i] as number, runs[i + 1] as number]
      // A branch's ops are seen from the first on, so the last one stands for all.
      runs[i] = seenBranch(staging, source, unseen, branch, from + (runs[i + 2] as number) - 1)
    }
  }
}

type Names = Pick<Source, 'graph' | 'actors' | 'forks'>

/** The branch that is meant: where only its actor was said, the one that the author had seen. */
function seenBranch(
  staging: Staging,
  { graph, actors, forks }: Names,
  unseen: Spans,
  named: number,
  seq: number,
): number {
  // That an own op comes before was checked by the decoder.
  if (named === staging.branch) return named
  const branch = staging.known(named, forks)
  for (const one of staging.plain.has(branch) ? actors.branchesOf(branch) : [branch]) {
    const lv = one < 0 ? -1 : graph.lvOf(one, seq)
    if (lv >= 0 && !inSpans(unseen, lv)) return one
  }
  throw new JoineryError('bad-message', `an op names op ${seq} of another actor, which it had not seen`)
}

/** Pushes the rows of a stretch onto the log, once its ops are in the graph from `start` on. */
export function pushStretch(staging: Staging, stretch: number, graph: Graph, log: OpLog, start: LV): void {
  if (start !== log.length) assert(false, `the log has ${log.length} ops, the graph had ${start}`)
  let goesOn = graph.startOfRow(graph.rowAt(start)) < start
  for (let row = staging.stretchRows.at(stretch), end = staging.endRowOf(stretch); row < end; row++) {
    pushRow(staging, row, graph, log, goesOn)
    goesOn = true
  }
}

function pushRow(staging: Staging, row: number, graph: Graph, log: OpLog, goesOn: boolean): void {
  const kind = staging.kinds.at(row) as Kind
  const count = staging.counts.at(row)
  const code = staging.refs.at(row)
  const ref = code === 0 ? 0 : log.refTo(graph.lvOf(staging.makerBranches.at(code), staging.makerSeqs.at(code)))
  let a = staging.as.at(row)
  let b = staging.bs.at(row)
  if (kind === Kind.type) b = log.units.pushUnits(staging.units.data, b, b + count)
  else if (hasValues(kind, a)) b = pushValues(staging, kind, b, count, graph, log)
  if (kind === Kind.set || kind === Kind.make || kind === Kind.unset) a = log.keyId(staging.keys[a] as string)
  log.push(kind, ref, a, b, count, goesOn)
  const ends = staging.ends.at(row)
  if (ends === Ends.last) log.endChange(count)
  else log.changeEnds.push(ends === Ends.each ? 1 : 0, count)
}

/** Whether `b` of a row says where values stand. */
export function hasValues(kind: Kind, a: number): boolean {
  if (kind === Kind.add) return a === 1
  return kind !== Kind.erase && kind !== Kind.eraseBack && kind !== Kind.make && kind !== Kind.unset
}

function pushValues(staging: Staging, kind: Kind, b: number, count: number, graph: Graph, log: OpLog): number {
  const at = log.values.length
  if (kind === Kind.revoke) log.values.push(targetsOf(staging.values[b] as DotRuns, graph))
  else {
    const n = kind === Kind.insert || kind === Kind.append ? count : 1
    for (let i = b; i < b + n; i++) log.values.push(staging.values[i])
  }
  return at
}

/** Dots as spans of LVs, ascending. They are all here. */
export function targetsOf({ runs }: DotRuns, graph: Graph): Int32Array {
  const spans: [number, number][] = []
  for (let i = 0; i < runs.length; i += 3) {
    const branch = runs[i] as number
    const end = (runs[i + 1] as number) + (runs[i + 2] as number)
    for (let seq = runs[i + 1] as number; seq < end; ) {
      const lv = graph.lvOf(branch, seq)
      if (lv < 0) assert(false, `op ${seq} was checked to be here`)
      const count = Math.min(end - seq, graph.endIn(branch, lv) - lv)
      spans.push([lv, lv + count])
      seq += count
    }
  }
  spans.sort(([x], [y]) => x - y)
  const out: number[] = []
  for (const [start, end] of spans) {
    const last = out.length - 1
    if (last >= 0 && start <= (out[last] as number)) out[last] = Math.max(out[last] as number, end)
    else out.push(start, end)
  }
  return Int32Array.from(out)
}
