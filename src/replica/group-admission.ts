// Ranges that wait for one another, since each links into the middle of the other, and what several writers say in one delta: entered together, stretch
// by stretch.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import { type SignedRange, unsignedRange } from '../core/range.ts'
import { Staging } from '../core/staging.ts'
import type { WirePlace } from '../core/wire.ts'
import { decodeBody } from '../core/wire-decoder.ts'
import { type AdmissionHost, bad, type Entered, Entering, outside, ready, type Staged, type Unmet } from './entering.ts'
import { ForkPoints, Tries } from './fork-points.ts'
import type { History } from './history.ts'
import type { Together } from './intake.ts'
import { forkedAt, nothingMeant, unlessForked } from './link-meanings.ts'

/** What goes on from what is held of its branch. */
export interface NextBody {
  readonly branch: number
  readonly fromSeq: number
  readonly body: Uint8Array
}

export class GroupAdmission {
  readonly #history: History
  readonly #host: AdmissionHost
  readonly #entering: Entering

  constructor(history: History, host: AdmissionHost) {
    this.#history = history
    this.#host = host
    this.#entering = new Entering(history, host)
  }

  /** Tries bodies that may link to one another: all of them, or none if one has to wait or cannot be taken. Then each is to be tried by itself. */
  attemptBodies(bodies: readonly NextBody[]): boolean {
    const { actors, graph } = this.#history
    const group: Staged[] = []
    let isWhole = true
    const refuse = (_: SignedRange, error: unknown): void => {
      if (!(error instanceof JoineryError)) throw error
      isWhole = false
    }
    const branches = new Set<number>()
    for (const { branch, fromSeq, body } of bodies) {
      if (fromSeq !== graph.endOf(branch) || branches.has(branch)) return false
      branches.add(branch)
      const staging = new Staging()
      const before = this.#history.placeBefore(branch, fromSeq)
      try {
        decodeBody(body, { actors, branch, fromSeq, before }, staging)
        const range = unsignedRange(actors.nameOf(branch), fromSeq, staging.endSeq, body)
        this.#entering.checkForm(range, branch, staging)
        group.push({ range, branch, staging, fromSeq, first: 0, next: 0 })
      } catch (error) {
        if (!(error instanceof JoineryError)) throw error
        return false
      }
    }
    const mark = this.#entering.mark()
    const { entered, stuck } = this.#enterAll(group, refuse)
    if (stuck.length > 0 || this.#faulty(group, refuse).length > 0) isWhole = false
    if (!isWhole) this.#entering.rollBack(mark)
    else for (const stretch of entered) if (!stretch.isStopped) this.#host.merge(stretch)
    return isWhole
  }

  /** Tries ranges that wait for one another: the largest part of them that waits for nothing else is held. */
  attemptTogether(ranges: readonly SignedRange[], waiting: (actor: ActorId) => readonly SignedRange[]): Together {
    const refused: { range: SignedRange; error: JoineryError }[] = []
    const refuse = (range: SignedRange, error: unknown): void => {
      if (!(error instanceof JoineryError)) throw error
      refused.push({ range, error })
    }
    const refuseEntered = (range: SignedRange, error: unknown): void => refuse(range, unlessForked(error, range))
    const made = this.#forkFor(ranges, waiting)
    let group = this.#stageAll(ranges, waiting, refuse)
    const { actors, forks } = this.#history
    let dot: Dot | undefined
    let isPuzzled = false
    let isOutside = false
    for (;;) {
      const mark = this.#entering.mark()
      this.#entering.meaning = new Map(made.map((branch) => [actors.firstOf(branch), branch]))
      const { entered, stuck, unmet } = this.#enterAll(group, refuseEntered)
      this.#entering.meaning = nothingMeant
      if (unmet === undefined) isPuzzled = true
      else if (unmet === outside) isOutside = true
      else if (unmet !== ready) dot ??= unmet
      const faulty = stuck.length > 0 ? stuck : this.#faulty(group, refuseEntered)
      if (faulty.length === 0 && made.every((branch) => group.some((staged) => staged.branch === branch))) {
        for (const branch of made) {
          forks.sort(branch)
          this.#host.forked(actors.nameOf(branch))
        }
        this.#entering.merge(group, entered)
        return {
          held: group.map(({ range, fromSeq }) => ({ actor: range.actor, seq: fromSeq })),
          refused,
          dot,
          isPuzzled,
          isOutside,
        }
      }
      this.#entering.rollBack(mark)
      group = this.#without(group, faulty)
      if (made.some((branch) => !group.some((staged) => staged.branch === branch))) {
        const onMade = group.filter(({ branch }) => made.includes(branch))
        group = this.#without(group, onMade)
        for (let branch = made.pop(); branch !== undefined; branch = made.pop()) this.#history.unfork(branch)
        // Names that were found in there are to be found elsewhere.
        const left = group.map(({ range }) => range)
        group = this.#stageAll(left, () => [], refuse)
      }
      for (const staged of group) staged.next = staged.first
    }
  }

  /** Begins the branches that ranges of a group need which contradict what is held. */
  #forkFor(ranges: readonly SignedRange[], waiting: (actor: ActorId) => readonly SignedRange[]): number[] {
    const made: number[] = []
    // Staged again once all branches are there, since names say another thing then: what cannot be is refused at that time.
    this.#stageAll(ranges, waiting, () => {}, made)
    return made
  }

  /** Stages ranges, and those that wait of the actors that they link to. Branches are begun where they are noted in `made`. */
  #stageAll(
    ranges: readonly SignedRange[],
    waiting: (actor: ActorId) => readonly SignedRange[],
    refuse: (range: SignedRange, error: unknown) => void,
    made?: number[],
  ): Staged[] {
    const { actors, graph } = this.#history
    const group: Staged[] = []
    const last = new Map<number, Staged>()
    const ends = new Map<string, Staged>()
    const asked = new Set(ranges.map(({ actor }) => actor))
    const add = (range: SignedRange): void => {
      try {
        const follows = ends.get(`${range.actor} ${range.fromSeq}`)
        const branch = follows?.branch ?? this.#branchFor(range, made)
        const before = last.get(branch)
        if (branch < 0) return
        if (before === undefined ? range.fromSeq > graph.endOf(branch) : range.fromSeq !== before.range.endSeq) return
        const staged = this.#stage(range, branch, before?.staging.after)
        if (staged === undefined) throw forkedAt(range)
        group.push(staged)
        last.set(branch, staged)
        ends.set(`${range.actor} ${range.endSeq}`, staged)
      } catch (error) {
        refuse(range, error)
      }
    }
    for (const range of ranges) add(range)
    // The list grows while it is walked.
    for (const { staging, first } of group)
      for (let link = staging.stretchLinks.at(first); link < staging.linkBranches.length; link++) {
        const code = staging.linkBranches.at(link)
        const name = code < 0 ? staging.strangerAt(code) : actors.nameOf(code)
        if (name === undefined || (code >= 0 && staging.linkSeqs.at(link) < graph.endOf(code))) continue
        if (asked.has(name)) continue
        asked.add(name)
        for (const range of waiting(name)) add(range)
      }
    return group
  }

  /** The branch that a range of a group goes on from, below 0 if there is none: one that is begun for it, where it contradicts what is held. */
  #branchFor(range: SignedRange, made: number[] | undefined): number {
    const { actors, graph } = this.#history
    const first = actors.find(range.actor) ?? -1
    const points = new ForkPoints(this.#history, range, new Tries(range))
    const branches = first < 0 ? [] : points.candidates(first)
    const [best = -1] = branches
    if (best < 0 || graph.endOf(best) <= range.fromSeq || range.tipHash.length === 0) return best
    const same = branches.find((branch) => points.sharedEnd(branch) >= Math.min(graph.endOf(branch), range.endSeq))
    if (same !== undefined || made === undefined || actors.branchesOf(first).length >= limits.branches)
      return same ?? best
    const [start] = points.starts(branches)
    if (start === undefined) return best
    const branch = this.#history.fork(start.from, start.base)
    made.push(branch)
    return branch
  }

  /** Enters what can be entered, round after round. A branch goes on as long as it can, so that the order does not ping-pong. */
  #enterAll(
    group: readonly Staged[],
    refuse: (range: SignedRange, error: unknown) => void,
  ): { entered: Entered[]; stuck: Staged[]; unmet: Unmet } {
    const { graph } = this.#history
    const entered: Entered[] = []
    const bad = new Set<Staged>()
    for (let progress = true; progress; ) {
      progress = false
      for (const staged of group) {
        if (bad.has(staged) || graph.endOf(staged.branch) < staged.fromSeq) continue
        try {
          while (
            staged.next < staged.staging.stretches &&
            this.#entering.unmetAt(staged.staging, staged.next) === ready
          ) {
            entered.push(this.#entering.enterNext(staged))
            progress = true
          }
        } catch (error) {
          refuse(staged.range, error)
          bad.add(staged)
        }
      }
    }
    const stuck = group.filter((staged) => bad.has(staged) || staged.next < staged.staging.stretches)
    return { entered, stuck, unmet: this.#unmetOutside(group, stuck) }
  }

  /**
   * An op that the stuck ones wait for and that none of the group has; undefined if its actor was never heard of, `outside` if only edits of other documents
   * are, `ready` if there is nothing.
   */
  #unmetOutside(group: readonly Staged[], stuck: readonly Staged[]): Unmet {
    let isPuzzled = false
    let isOutside = false
    for (const staged of stuck) {
      const dot = staged.next < staged.staging.stretches ? this.#entering.unmetAt(staged.staging, staged.next) : ready
      if (dot === ready) continue
      if (dot === outside) {
        isOutside = true
        continue
      }
      if (dot === undefined) {
        isPuzzled = true
        continue
      }
      const isInside = group.some(({ range }) => range.actor === dot.actor && dot.seq < range.endSeq)
      if (!isInside) return dot
    }
    if (isOutside) return outside
    return isPuzzled ? undefined : ready
  }

  /** Those whose chain is not what their tip says. */
  #faulty(group: readonly Staged[], refuse: (range: SignedRange, error: unknown) => void): Staged[] {
    return group.filter((staged) => {
      try {
        if (this.#entering.matches(staged)) return false
        throw this.#history.actors.isForked(staged.branch)
          ? forkedAt(staged.range)
          : bad(`the ops of ${staged.range.actor} up to ${staged.range.endSeq} are not what their tip says`)
      } catch (error) {
        refuse(staged.range, error)
        return true
      }
    })
  }

  /** A group without some of it, and without what builds on these. */
  #without(group: readonly Staged[], out: readonly Staged[]): Staged[] {
    let rest = group.filter((staged) => !out.includes(staged))
    for (;;) {
      const kept = rest.filter((staged) => this.#standsOn(staged, rest))
      if (kept.length === rest.length) return kept
      rest = kept
    }
  }

  /** Whether all that a range links to and follows is held or in the group. */
  #standsOn(staged: Staged, group: readonly Staged[]): boolean {
    const { graph } = this.#history
    const has = (branch: number, seq: number): boolean =>
      seq < graph.endOf(branch) ||
      group.some((other) => other.branch === branch && seq >= other.fromSeq && seq < other.staging.endSeq)
    if (staged.fromSeq > 0 && !has(staged.branch, staged.fromSeq - 1)) return false
    const { staging } = staged
    for (let link = staging.stretchLinks.at(staged.first); link < staging.linkBranches.length; link++)
      if (!has(staging.linkBranches.at(link), staging.linkSeqs.at(link))) return false
    return true
  }

  #stage(range: SignedRange, branch: number, after: WirePlace | undefined): Staged | undefined {
    const { actors, forks } = this.#history
    const { body, fromSeq } = range
    const staging = new Staging()
    const before = after ?? this.#history.placeBefore(branch, fromSeq)
    decodeBody(body, { actors, forks, branch, fromSeq, before }, staging)
    return this.#entering.staged(range, branch, staging)
  }
}
