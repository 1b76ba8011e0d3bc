// Lets ranges in: decoded beside the log, checked, entered, their chain compared with what their tip says, and only then merged. What is not what it
// said leaves no trace (Invariants 1, 2, 3 and 12; FORMAT §2, "two-stage verification").

import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Dot } from '../core/ids.ts'
import { type SignedRange, unsignedRange } from '../core/range.ts'
import { Staging } from '../core/staging.ts'
import { anywhere } from '../core/wire.ts'
import { BodyDecoder } from '../core/wire-decoder.ts'
import { type AdmissionHost, type Entered, Entering, outside, ready, type Staged } from './entering.ts'
import { type ForkPoint, ForkPoints, Tries } from './fork-points.ts'
import { GroupAdmission } from './group-admission.ts'
import type { History } from './history.ts'
import type { Attempt } from './intake.ts'
import {
  ambiguous,
  forkedAt,
  linkMeanings,
  nothingMeant,
  notItsTip,
  tooManyForks,
  unlessForked,
} from './link-meanings.ts'

export class Admission {
  readonly #history: History
  readonly #host: AdmissionHost
  readonly #entering: Entering
  /** What waits for one another, and what several writers say at once. */
  readonly groups: GroupAdmission
  /** Used again and again for ranges that come alone. */
  readonly #staging = new Staging()
  readonly #decoder: BodyDecoder
  /** What is decoded in there, as long as no actor was heard of since: it may be tried again at once. */
  #decoded: SignedRange | undefined
  #actorsThen = 0
  /** Whether what is tried links to others: as long as one of their branches is not here, it may make no sense. */
  #linksToOthers = false
  /** Whose ops were entered from there last, and up to which: where they ended, the staging still says. */
  #lastBranch = -1
  #lastEnd = 0

  constructor(history: History, host: AdmissionHost) {
    this.#history = history
    this.#host = host
    this.#entering = new Entering(history, host)
    this.groups = new GroupAdmission(history, host)
    this.#decoder = new BodyDecoder(history.actors, this.#staging, history.forks)
  }

  /**
   * Tries a range whose own predecessor is held. What contradicts what is held of its actor, and is what its tip says, is held beside it, as another
   * branch (FORMAT §1). Throws 'bad-message' for what cannot be taken, 'forked' for what cannot be told apart.
   */
  attempt(range: SignedRange, table?: readonly number[]): Attempt {
    this.#linksToOthers = false
    try {
      return this.#attempt(range, table)
    } catch (error) {
      throw this.#linksToOthers ? unlessForked(error, range) : error
    }
  }

  #attempt(range: SignedRange, table: readonly number[] | undefined): Attempt {
    const { actors, graph } = this.#history
    const first = actors.indexOf(range.actor)
    const tries = new Tries(range)
    const points = new ForkPoints(this.#history, range, tries, table)
    if (range.tipHash.length === 0) this.#checkMeant(range, first, points)
    const branches = points.candidates(first)
    let failure: unknown
    for (const branch of branches) {
      try {
        const attempt = this.#attemptOn(range, branch, branches.length === 1 ? undefined : points, tries, table)
        if (attempt !== undefined) return attempt
      } catch (error) {
        // Read as ops of the wrong branch, anything is nonsense.
        const isAlone = branches.length === 1 && graph.endOf(branch) <= range.fromSeq
        if (!(error instanceof JoineryError) || isAlone) throw error
        failure = error
      }
    }
    const forked = this.#attemptFork(range, branches, points, tries, table)
    if (forked !== undefined) return forked
    const hasTip = range.tipHash.length > 0
    // It is kept: what it goes on from may be an unknown branch, and who serves it will say more of what it names, once that is known there.
    const contradicts = hasTip && range.fromSeq > 0 && branches.some((branch) => graph.endOf(branch) > range.fromSeq)
    const isOpen = contradicts || (hasTip && (tries.isOver || actors.isForked(first)))
    if (failure !== undefined && !isOpen) throw failure
    if (isOpen || actors.isForked(first) || range.base !== undefined) return { type: 'astray' }
    throw notItsTip(range)
  }

  /** What has neither a tip nor a tag goes to a forked actor only where one branch alone can be meant. Throws 'forked'. */
  #checkMeant(range: SignedRange, first: number, points: ForkPoints): void {
    const { actors, graph, log } = this.#history
    const { fromSeq, endSeq, base } = range
    const isForked = actors.isForked(first)
    // Branches are told apart by what they say: what nobody has had to read is read now.
    if (graph.endOf(first) > fromSeq && (fromSeq === 0 || base !== undefined || isForked)) log.thaw()
    if (base !== undefined || !isForked) return
    const isPossible = (branch: number): boolean =>
      graph.endOf(branch) <= fromSeq || points.sharedEnd(branch) >= Math.min(graph.endOf(branch), endSeq)
    const possible = actors.branchesOf(first).filter(isPossible)
    if (possible.length > 1 && possible.every((branch) => graph.endOf(branch) < endSeq)) throw forkedAt(range)
  }

  /** Tries a range as ops of one branch; undefined if it is not what its tip, or what is held there, says. Among several, it is looked at first. */
  #attemptOn(
    range: SignedRange,
    branch: number,
    points: ForkPoints | undefined,
    tries: Tries,
    table: readonly number[] | undefined,
  ): Attempt | undefined {
    if (range.endSeq <= this.#history.graph.endOf(branch))
      return this.#isKnown(range, branch, table) ? { type: 'known' } : undefined
    if (points?.goesOn(branch) === false || !tries.take()) return undefined
    const staged = this.#stage(range, branch, table)
    if (staged === undefined) return undefined
    const dot = this.#entering.unmet(staged)
    if (dot !== ready) return waiting(dot)
    const entered = this.#enterVerified(staged, tries)
    if (entered === undefined) return undefined
    this.#entering.merge([staged], entered)
    return { type: 'held', fromSeq: staged.fromSeq }
  }

  /** Enters all of a range whose links are here; undefined, and nothing is altered, if it is not what its tip says. */
  #enterVerified(staged: Staged, tries: Tries): Entered[] | undefined {
    const entering = this.#entering
    if (staged.staging.linkBranches.length > 0) this.#linksToOthers = true
    const meanings = linkMeanings(staged.staging, this.#history)
    if (meanings.length > 1 && staged.range.tipHash.length === 0) throw ambiguous(staged.range)
    let failure: unknown
    for (const meaning of meanings) {
      if (meaning !== meanings[0] && !tries.take()) break
      const mark = entering.mark()
      const entered: Entered[] = []
      entering.meaning = meaning
      staged.next = staged.first
      try {
        while (staged.next < staged.staging.stretches) entered.push(entering.enterNext(staged))
        if (entering.matches(staged)) return entered
        entering.rollBack(mark)
      } catch (error) {
        entering.rollBack(mark)
        // Another meaning of the same names may make sense.
        failure = error
        if (!(error instanceof JoineryError) || meanings.length === 1) throw error
      } finally {
        entering.meaning = nothingMeant
      }
    }
    if (failure !== undefined) throw failure
    return undefined
  }

  /** Tries a range that contradicts what is held as another branch, from the last change on that it shares with one of these. */
  #attemptFork(
    range: SignedRange,
    branches: readonly number[],
    points: ForkPoints,
    tries: Tries,
    table: readonly number[] | undefined,
  ): Attempt | undefined {
    const { actors, graph } = this.#history
    const [first] = branches.filter((branch) => graph.endOf(branch) > range.fromSeq)
    if (first === undefined) return undefined
    // What has neither a tip nor a tag says nothing of what it goes on from.
    if (range.tipHash.length === 0 && range.base === undefined && range.fromSeq > 0) throw forkedAt(range)
    const starts = points.starts(branches)
    if (starts.length > 0 && actors.branchesOf(first).length >= limits.branches) throw tooManyForks(range.actor)
    let failure: unknown
    for (const start of starts) {
      if (!tries.take()) break
      try {
        const attempt = this.#attemptForkAt(range, start, tries, table)
        if (attempt !== undefined) return attempt
      } catch (error) {
        // Upon the wrong branch, anything is nonsense.
        if (!(error instanceof JoineryError) || starts.length === 1) throw error
        failure = error
      }
    }
    if (failure !== undefined) throw failure
    return undefined
  }

  #attemptForkAt(
    range: SignedRange,
    { from, base }: ForkPoint,
    tries: Tries,
    table: readonly number[] | undefined,
  ): Attempt | undefined {
    const branch = this.#history.fork(from, base)
    let attempt: Attempt | undefined
    try {
      const staged = this.#stage(range, branch, table)
      const dot = staged === undefined ? ready : this.#entering.unmet(staged)
      const entered = staged === undefined || dot !== ready ? undefined : this.#enterVerified(staged, tries)
      if (dot !== ready) attempt = waiting(dot)
      else if (staged !== undefined && entered !== undefined) {
        this.#history.forks.sort(branch)
        attempt = { type: 'held', fromSeq: base }
        this.#host.forked(range.actor)
        this.#entering.merge([staged], entered)
      }
    } finally {
      if (attempt?.type !== 'held') {
        this.#forget()
        this.#history.unfork(branch)
      }
    }
    return attempt
  }

  /**
   * Tries a body without a tip that follows what is held of its branch: what a document without a network is sent. It goes from `at` to the end of the
   * bytes. Gives the range if it waits for something.
   */
  attemptBody(
    branch: number,
    fromSeq: number,
    bytes: Uint8Array,
    at: number,
    table?: readonly number[],
  ): SignedRange | undefined {
    const { graph, actors } = this.#history
    const staging = this.#staging
    const goesOn = branch === this.#lastBranch && fromSeq === this.#lastEnd
    const before = goesOn ? staging.after : fromSeq === 0 ? undefined : this.#history.placeBefore(branch, fromSeq)
    this.#forget()
    this.#decoder.decode(bytes, at, { branch, fromSeq, before, table })
    const isAlone = staging.stretches === 1 && !this.#history.isInit(branch)
    if (!isAlone || staging.plain.size > 0 || this.#entering.unmetAt(staging, 0) !== ready) {
      // Bodies are views of what came, and what waits is kept.
      const range = unsignedRange(actors.nameOf(branch), fromSeq, staging.endSeq, bytes.slice(at))
      this.#isIn(range)
      const { type } = this.attempt(range)
      return type === 'waits' || type === 'astray' ? range : undefined
    }
    const units = this.#history.log.units.length
    const values = this.#history.log.values.length
    const length = graph.length
    let entered: Entered
    try {
      entered = this.#entering.enter(staging, branch, 0)
    } catch (error) {
      if (graph.length > length) this.#entering.rollBack({ length, frontier: graph.frontierBefore, units, values })
      throw error
    }
    this.#lastBranch = branch
    this.#lastEnd = staging.endSeq
    if (!entered.isStopped) this.#host.merge(entered)
    return undefined
  }

  /** The staging has something else in it now. */
  #forget(): void {
    this.#decoded = undefined
    this.#lastBranch = -1
  }

  #isIn(range: SignedRange): void {
    this.#decoded = range
    this.#actorsThen = this.#history.actors.count
  }

  /** How many ops a body has, whatever it builds on. Throws 'bad-message'. */
  countOf(branch: number, fromSeq: number, body: Uint8Array, table?: readonly number[]): number {
    this.#forget()
    this.#decoder.decode(body, 0, { branch, fromSeq, before: anywhere, table })
    return this.#staging.length
  }

  #stage(range: SignedRange, branch: number, table: readonly number[] | undefined): Staged | undefined {
    const staging = this.#staging
    const isDecoded =
      range === this.#decoded && this.#history.actors.count === this.#actorsThen && staging.branch === branch
    if (!isDecoded) {
      const before = this.#history.placeBefore(branch, range.fromSeq)
      this.#forget()
      this.#decoder.decode(range.body, 0, { branch, fromSeq: range.fromSeq, before, table })
    }
    return this.#entering.staged(range, branch, staging)
  }

  /** Whether a range whose ops are all held of a branch, by their names, is what is held there. */
  #isKnown(range: SignedRange, branch: number, table: readonly number[] | undefined): boolean {
    const { graph } = this.#history
    if (range.tipHash.length > 0)
      return (
        this.#history.endsChange(branch, range.endSeq) &&
        equalBytes(this.#history.hashAt(branch, range.endSeq), range.tipHash)
      )
    // Only what is compared is decoded: it may be in a snapshot that nobody has had to read.
    if (!this.#history.isKnown(graph.lvOf(branch, range.fromSeq))) return true
    const before = this.#history.placeBefore(branch, range.fromSeq)
    this.#forget()
    this.#decoder.decode(range.body, 0, { branch, fromSeq: range.fromSeq, before, table })
    const count = range.endSeq - range.fromSeq
    return this.#staging.length === count && this.#entering.isOurs(range, branch, this.#staging, count)
  }
}

function waiting(unmet: Dot | undefined | typeof outside): Attempt {
  return unmet === outside ? { type: 'outside' } : { type: 'waits', dot: unmet }
}
