// Whether staged ops are those that are held under the same names: of what comes without a hash that would tell (FORMAT §1, forks). What stands in
// the rows is compared, however runs were cut here and there.

import { ByteWriter, equalBytes } from '../base/bytes.ts'
import { linksOf } from './canonical.ts'
import type { LV } from './graph.ts'
import { type Cut, Kind, type Make, type Meta } from './kinds.ts'
import { advanceA, advanceB } from './op-log.ts'
import { unknownActor } from './short-ids.ts'
import { DotRuns, Ends, hasValues, type Staging, targetsOf } from './staging.ts'
import type { Scalar } from './value.ts'
import { hasKey, ownBranch, rootBranch, type Source } from './wire.ts'
import { writeAmount, writeCut, writeItem, writeMeta } from './wire-contents.ts'

/** Whether the first `ops` staged ops are those of the branch from there on, which are all here. */
export function isHeld(staging: Staging, ops: number, source: Source): boolean {
  return sharedOps(staging, ops, source, staging.branch) === ops
}

/**
 * How many of the first `most` staged ops are those of a branch from there on, which are all here. What was staged as ops of `ownBranch` is compared
 * with any.
 */
export function sharedOps(staging: Staging, most: number, source: Source, own: number): number {
  const linked = linkedAlike(staging, most, source, own)
  return new Comparison(staging, source, own).run(linked)
}

/** Before which op links first differ. */
function linkedAlike(staging: Staging, most: number, source: Source, own: number): number {
  const { graph } = source
  const { fromSeq } = staging
  let stretch = 0
  for (let at = 0; at < most; ) {
    const lv = graph.lvOf(own, fromSeq + at)
    const row = graph.rowAt(lv)
    const held = graph.startOfRow(row) === lv ? linksOf(source, row) : []
    const isHere = stretch < staging.stretches && staging.stretchOps.at(stretch) === at
    if (!areAlike(staging, isHere ? stretch : -1, held, source, own)) return at
    if (isHere) stretch++
    const next = Math.min(most, at + graph.endIn(own, lv) - lv)
    // Within a row of the graph nobody links to others.
    for (; stretch < staging.stretches && staging.stretchOps.at(stretch) < next; stretch++)
      if (staging.stretchLinks.at(stretch) < staging.endLinkOf(stretch)) return staging.stretchOps.at(stretch)
    at = next
  }
  return most
}

/** Whether the links of a stretch, none if it is below 0, are those that are held. */
function areAlike(staging: Staging, stretch: number, held: readonly LV[], source: Source, own: number): boolean {
  const from = stretch < 0 ? 0 : staging.stretchLinks.at(stretch)
  const end = stretch < 0 ? 0 : staging.endLinkOf(stretch)
  if (end - from !== held.length) return false
  for (let at = from; at < end; at++) {
    const other = staging.linkBranches.at(at)
    // A short name that says nothing here may be the right one.
    if (other === unknownActor) continue
    if (!opsNamed(staging, source, own, other, staging.linkSeqs.at(at)).some((lv) => held.includes(lv))) return false
  }
  return true
}

/** A run of one kind: as a row has it, from some op of it on. */
interface Run {
  readonly kind: Kind
  readonly a: number
  readonly b: number
}

class Comparison {
  readonly #staging: Staging
  readonly #source: Source
  readonly #own: number
  readonly #ours = new ByteWriter(64)
  readonly #theirs = new ByteWriter(64)

  constructor(staging: Staging, source: Source, own: number) {
    this.#staging = staging
    this.#source = source
    this.#own = own
  }

  /** How many of the first `most` ops are the same. */
  run(most: number): number {
    const { graph, log } = this.#source
    const { fromSeq, counts } = this.#staging
    for (let row = 0, before = 0; before < most; before += counts.at(row), row++)
      for (let at = 0, end = Math.min(counts.at(row), most - before); at < end; ) {
        const lv = graph.lvOf(this.#own, fromSeq + before + at)
        const logRow = log.rowAt(lv)
        const count = Math.min(end - at, log.endOf(logRow) - lv, graph.endIn(this.#own, lv) - lv)
        if (!this.#isSame(row, at, logRow, lv, count)) return before + at + this.#sameIn(row, at, logRow, lv, count)
        at += count
      }
    return most
  }

  /** How many of some ops that are not all the same are so: fewer than `count`. */
  #sameIn(row: number, at: number, logRow: number, lv: number, count: number): number {
    let low = 0
    for (let high = count - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1
      if (this.#isSame(row, at, logRow, lv, middle)) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Whether `count` ops are the same: of a staged row from its op `at` on, of one of the log from `lv` on. */
  #isSame(row: number, at: number, logRow: number, lv: number, count: number): boolean {
    const theirs = runAt(this.#staging.kinds.at(row), this.#staging.as.at(row), this.#staging.bs.at(row), at, count)
    const { log } = this.#source
    const skipped = lv - log.startOf(logRow)
    const ours = runAt(log.kindOf(logRow), log.aOf(logRow), log.bOf(logRow), skipped, count)
    if (theirs.kind !== ours.kind || !this.#isSameContainer(this.#staging.refs.at(row), log.refOf(logRow))) return false
    return (
      this.#isSamePlace(theirs, ours) && this.#endsAlike(row, at, lv, count) && this.#isSameContent(theirs, ours, count)
    )
  }

  #isSameContainer(code: number, ref: number): boolean {
    const { log } = this.#source
    const maker = log.makerOf(ref)
    const branch = this.#staging.makerBranches.at(code)
    if (maker < 0 || branch === rootBranch) return maker < 0 && branch === rootBranch
    if (branch === unknownActor) return true
    const seq = this.#staging.makerSeqs.at(code)
    return opsNamed(this.#staging, this.#source, this.#own, branch, seq).includes(maker)
  }

  #isSamePlace(theirs: Run, ours: Run): boolean {
    if (hasKey(theirs.kind)) return this.#staging.keys[theirs.a] === this.#source.log.keys[ours.a]
    return theirs.a === ours.a
  }

  #endsAlike(row: number, at: number, lv: number, count: number): boolean {
    const { changeEnds } = this.#source.log
    const ends = this.#staging.ends.at(row)
    if (ends === Ends.each) return changeEnds.next(lv, 0) >= lv + count
    const isLast = ends === Ends.last && at + count === this.#staging.counts.at(row)
    return changeEnds.next(lv, 1) >= lv + count - (isLast ? 1 : 0) && (!isLast || changeEnds.get(lv + count - 1) === 1)
  }

  #isSameContent(theirs: Run, ours: Run, count: number): boolean {
    const { kind } = theirs
    const { log } = this.#source
    if (kind === Kind.type) {
      const { units } = this.#staging
      for (let i = 0; i < count; i++) if (units.data[theirs.b + i] !== log.units.data[ours.b + i]) return false
      return true
    }
    if (!hasValues(kind, theirs.a)) return theirs.b === ours.b
    const n = kind === Kind.insert || kind === Kind.append ? count : 1
    for (let i = 0; i < n; i++)
      if (!this.#isSameValue(kind, this.#staging.values[theirs.b + i], log.values[ours.b + i])) return false
    return true
  }

  #isSameValue(kind: Kind, theirs: unknown, ours: unknown): boolean {
    if (kind === Kind.revoke) return this.#isSameTargets(theirs as DotRuns, ours as Int32Array)
    if (kind === Kind.unknown) return equalBytes(theirs as Uint8Array, ours as Uint8Array)
    write(this.#theirs.clear(), kind, theirs)
    write(this.#ours.clear(), kind, ours)
    return equalBytes(this.#theirs.view(), this.#ours.view())
  }

  #isSameTargets(theirs: DotRuns, ours: Int32Array): boolean {
    const { graph, actors } = this.#source
    const runs = theirs.runs.slice()
    for (let i = 0; i < runs.length; i += 3) {
      const [branch, last] = [runs[i] as number, (runs[i + 1] as number) + (runs[i + 2] as number) - 1]
      if (branch === unknownActor) return true
      const isMeant = (one: number): boolean => isIn(ours, graph.lvOf(one, last))
      const plain = this.#staging.plain.has(branch) ? actors.branchesOf(branch).find(isMeant) : branch
      const meant = branch === ownBranch ? this.#own : plain
      if (meant === undefined || graph.endOf(meant) <= last) return false
      runs[i] = meant
    }
    const spans = targetsOf(new DotRuns(runs), graph)
    return spans.length === ours.length && spans.every((lv, i) => lv === ours[i])
  }
}

/** The ops that a name may mean: more than one where only a forked actor was said, none where it says nothing here. */
function opsNamed(staging: Staging, { graph, actors }: Source, own: number, branch: number, seq: number): LV[] {
  if (branch === ownBranch) return [graph.lvOf(own, seq)]
  if (branch < 0) return []
  const branches = staging.plain.has(branch) ? actors.branchesOf(branch) : [branch]
  return branches.map((one) => graph.lvOf(one, seq))
}

function isIn(spans: Int32Array, lv: LV): boolean {
  for (let i = 0; i < spans.length; i += 2) if (lv >= (spans[i] as number) && lv < (spans[i + 1] as number)) return true
  return false
}

function runAt(kind: number, a: number, b: number, skipped: number, count: number): Run {
  // One erase has no direction.
  const isOne = kind === Kind.eraseBack && count === 1
  return {
    kind: (isOne ? Kind.erase : kind) as Kind,
    a: advanceA(kind as Kind, a, skipped),
    b: advanceB(kind as Kind, b, skipped),
  }
}

/** Values are what kinds.ts says for each kind. */
function write(writer: ByteWriter, kind: Kind, value: unknown): void {
  if (kind === Kind.meta) writeMeta(writer, value as Meta, 0)
  else if (kind === Kind.cut) writeCut(writer, value as Cut)
  else if (kind === Kind.add) writeAmount(writer, value)
  else writeItem(writer, value as Scalar | Make)
}
