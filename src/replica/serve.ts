// What leaves a replica: which ops, in which pieces, in which order. All of it is computed at a version handed in, the durable frontier
// (Invariant 8). Pieces end at signed tips, since only there can a receiver tell who wrote them.

import { sha256 } from '@noble/hashes/sha2.js'
import { present } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, actorBytes, compareActors } from '../core/ids.ts'
import type { Branch, Held, Log } from '../core/log.ts'
import type { SignedRange } from '../core/range.ts'
import type { Version } from '../core/version.ts'

export interface Served {
  readonly ranges: readonly SignedRange[]
  /** Whether to ask again. */
  readonly more: boolean
  readonly ops: number
}

/** Where a replica may be cut: at signed tips, or, for documents nobody signs, at any change. */
export type Cuts = 'signed' | 'any'

/** What of `upTo` may leave. An init change goes only with a signed op that builds on it: it must never spread by itself. */
export function servedVersion(log: Log, upTo: Version, cuts: Cuts): Version {
  const version = new Map<ActorId, number>()
  for (const branch of log.branches.values()) {
    if (branch.isInit) continue
    const end = cutAt(branch, upTo.get(branch.name) ?? 0, cuts)
    if (end > 0) version.set(branch.name, end)
  }
  for (const branch of log.branches.values())
    if (branch.isInit && branch.end > 0 && (cuts === 'any' || isBuiltOn(log, branch, version)))
      version.set(branch.name, branch.end)
  return version
}

/** SHA-256 over the tips of what may leave: equal exactly if that is equal. */
export function digestOf(log: Log, served: Version): Uint8Array {
  const writer = new ByteWriter()
  for (const [name, end] of [...served].sort(([a], [b]) => compareActors(a, b))) {
    const hash = present(log.branchOf(name)?.hashAt(end), 'what is served ends with a change')
    writer.bytes(actorBytes(name)).varint(end).raw(hash)
  }
  return sha256(writer.finish())
}

/** What a holder of `since` lacks of `served`, parents first where the tips allow it, until `maxBytes` are reached. */
export function servedRanges(log: Log, since: Version, served: Version, maxBytes: number, cuts: Cuts): Served {
  const plan = new ServePlan(log, since, served, cuts)
  const ranges: SignedRange[] = []
  let bytes = 0
  let ops = 0
  while (bytes < maxBytes) {
    const range = plan.next(maxBytes - bytes)
    if (range === undefined) return { ranges, more: false, ops }
    // Counts are charged like bytes (FORMAT §2): deletes of a whole text are a few bytes and a million ops.
    if (ranges.length > 0 && ops + range.endSeq - range.fromSeq > limits.changeOps) return { ranges, more: true, ops }
    ranges.push(range)
    bytes += range.body.length + range.tipHash.length + range.signature.length
    ops += range.endSeq - range.fromSeq
  }
  return { ranges, more: !plan.done, ops }
}

function cutAt(branch: Branch, seq: number, cuts: Cuts): number {
  if (cuts === 'signed') return branch.tipAt(seq)?.end ?? 0
  return branch.changes[branch.countAt(seq) - 1]?.end ?? 0
}

function isBuiltOn(log: Log, init: Branch, served: Version): boolean {
  for (const [name, end] of served) {
    const branch = log.branchOf(name)
    if (branch === undefined || branch.isInit) continue
    const merged = branch.changes[Math.min(branch.countAt(end), branch.mergedChanges) - 1]
    if ((merged?.base?.get(init.actor) ?? 0) > 0) return true
    for (let i = branch.mergedChanges; i < branch.countAt(end); i++)
      if (branch.changes[i]?.links.some((link) => link.actor === init.actor)) return true
  }
  return false
}

/** How far the serving of one branch has come. */
interface Course {
  readonly branch: Branch
  /** Counts of changes. */
  at: number
  readonly to: number
}

class ServePlan {
  readonly #log: Log
  readonly #cuts: Cuts
  readonly #courses: Course[] = []
  /** What the receiver will have, by actor; and what it can ever get from us. */
  readonly #given = new Map<number, number>()
  readonly #served = new Map<number, number>()

  constructor(log: Log, since: Version, served: Version, cuts: Cuts) {
    this.#log = log
    this.#cuts = cuts
    for (const [name, end] of [...served].sort(([a], [b]) => compareActors(a, b))) {
      const branch = log.branchOf(name)
      if (branch === undefined) continue
      const from = since.get(name) ?? 0
      this.#served.set(branch.actor, end)
      this.#given.set(branch.actor, from)
      if (from < end) this.#courses.push({ branch, at: branch.countAt(from), to: branch.countAt(end) })
    }
  }

  get done(): boolean {
    return this.#courses.every((course) => course.at === course.to)
  }

  next(maxBytes: number): SignedRange | undefined {
    for (const course of this.#courses) {
      const to = this.#reach(course, maxBytes)
      if (to > course.at) return this.#take(course, to)
    }
    // Pieces that wait for one another cannot be put in order: the one that begins first goes first, and the receiver holds it.
    const rest = this.#courses.filter((course) => course.at < course.to)
    const [first] = rest.sort((a, b) => lamportOf(a) - lamportOf(b))
    return first === undefined ? undefined : this.#take(first, this.#nextCut(first))
  }

  /** How far a branch can be given with all parents given before, ending at a cut, within the bytes. */
  #reach(course: Course, maxBytes: number): number {
    let reached = course.at
    let bytes = 0
    let ops = 0
    for (let i = course.at; i < course.to; i++) {
      const held = present(course.branch.changes[i], `no change ${i}`)
      bytes += held.canonical.length
      ops += held.end - held.seq
      if (reached > course.at && (bytes > maxBytes || ops > limits.changeOps)) break
      if (!this.#isReady(held)) break
      if (this.#isCut(course, i)) reached = i + 1
    }
    return reached
  }

  #isReady(held: Held): boolean {
    return held.links.every((link) => {
      const isOurs = (this.#served.get(link.actor) ?? 0) > link.seq
      return !isOurs || (this.#given.get(link.actor) ?? 0) > link.seq
    })
  }

  #nextCut(course: Course): number {
    for (let i = course.at; i < course.to; i++) if (this.#isCut(course, i)) return i + 1
    return course.to
  }

  #isCut({ branch, to }: Course, index: number): boolean {
    if (this.#cuts === 'any' || branch.isInit || index === to - 1) return true
    const end = branch.changes[index]?.end ?? 0
    return branch.tipAt(end)?.end === end
  }

  #take(course: Course, to: number): SignedRange {
    const range = this.#log.range(course.branch, course.at, to)
    course.at = to
    this.#given.set(course.branch.actor, range.endSeq)
    return range
  }
}

function lamportOf({ branch, at }: Course): number {
  return branch.changes[at]?.lamport ?? 0
}
