// Lets ranges in: decoded beside the log, checked, entered, their chain compared with what their tip says, and only then merged. What is not what it
// said leaves no trace (Invariants 1, 2, 3 and 12; FORMAT §2, "two-stage verification").
//
// Ranges that wait for one another, since each links into the middle of the other, are entered together, stretch by stretch.

import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV, Spans } from '../core/graph.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import { Kind } from '../core/kinds.ts'
import type { SignedRange } from '../core/range.ts'
import { checkPast, pushStretch, Staging } from '../core/staging.ts'
import { isHeld } from '../core/staging-compare.ts'
import { splitStaging } from '../core/staging-split.ts'
import { rootBranch, type WirePlace } from '../core/wire.ts'
import { BodyDecoder, decodeBody } from '../core/wire-decoder.ts'
import { checkSelfCertified, checkSelfNamed } from './cut.ts'
import type { History } from './history.ts'
import type { Attempt, Together } from './intake.ts'
import { ambiguous, forkedAt, linkMeanings, type Meaning, nothingMeant } from './link-meanings.ts'

/** Whole changes that were entered, of which only the first has links: what can be merged as one. */
export interface Stretch {
  readonly branch: number
  readonly start: LV
  readonly end: LV
  readonly unseen: Spans
}

export interface AdmissionHost {
  /** A range's ops from `fromSeq` on are held and verified; its stretches are to be merged, in order. */
  admitted(range: SignedRange, branch: number, fromSeq: number): void
  /** Before the document is looked at again. */
  merge(stretch: Stretch): void
  /** Another branch of this actor is here now. */
  forked(actor: ActorId): void
}

/** What goes on from what is held of its branch. */
export interface NextBody {
  readonly branch: number
  readonly fromSeq: number
  readonly body: Uint8Array
}

/** A range in staging columns. */
interface Staged {
  readonly range: SignedRange
  readonly branch: number
  readonly staging: Staging
  /** The first op and the first stretch that are not held. */
  readonly fromSeq: number
  readonly first: number
  /** The stretch to enter next. */
  next: number
}

interface Entered extends Stretch {
  /** Held and not merged: it needs a newer joinery, or builds on what does (FORMAT §3). */
  readonly isStopped: boolean
}

/** Where graph and log stood. */
interface Mark {
  readonly length: LV
  readonly frontier: readonly LV[]
  readonly units: number
  readonly values: number
}

/** Nothing is waited for. */
const ready = 'ready'
/** An op to wait for: undefined if its actor was never heard of. */
type Unmet = Dot | undefined | typeof ready

export class Admission {
  readonly #history: History
  readonly #host: AdmissionHost
  /** Used again and again for ranges that come alone. */
  readonly #staging = new Staging()
  readonly #decoder: BodyDecoder
  /** What is decoded in there, as long as no actor was heard of since: it may be tried again at once. */
  #decoded: SignedRange | undefined
  #actorsThen = 0
  /** Whose ops were entered from there last, and up to which: where they ended, the staging still says. */
  #lastBranch = -1
  #lastEnd = 0
  /** Which branches are meant where a body says no more than forked actors: as it is tried now. */
  #meaning: Meaning = nothingMeant

  constructor(history: History, host: AdmissionHost) {
    this.#history = history
    this.#host = host
    this.#decoder = new BodyDecoder(history.actors, this.#staging, history.forks)
  }

  /**
   * Tries a range whose own predecessor is held. What contradicts what is held of its actor, and is what its tip says, is held beside it, as another
   * branch (FORMAT §1). Throws 'bad-message' for what cannot be taken, 'forked' for what cannot be told apart.
   */
  attempt(range: SignedRange, table?: readonly number[]): Attempt {
    const { actors } = this.#history
    const first = actors.indexOf(range.actor)
    if (range.tipHash.length === 0) this.#checkMeant(range, first, table)
    const branches = this.#candidates(range, first)
    let failure: unknown
    for (const branch of branches) {
      try {
        const attempt = this.#attemptOn(range, branch, table)
        if (attempt !== undefined) return attempt
      } catch (error) {
        // Read as ops of the wrong branch, anything is nonsense.
        const isAlone = branches.length === 1 && this.#history.graph.endOf(branch) <= range.fromSeq
        if (!(error instanceof JoineryError) || isAlone) throw error
        failure = error
      }
    }
    const forked = this.#attemptFork(range, branches, table)
    if (forked !== undefined) return forked
    if (failure !== undefined && (range.tipHash.length === 0 || !actors.isForked(first))) throw failure
    if (actors.isForked(first) || range.base !== undefined)
      return { type: 'waits', dot: { actor: range.actor, seq: Math.max(0, range.fromSeq - 1) } }
    throw bad(`the ops of ${range.actor} up to ${range.endSeq} are not what their tip says`)
  }

  /** What has neither a tip nor a tag goes to a forked actor only where one branch alone can be meant. Throws 'forked'. */
  #checkMeant(range: SignedRange, first: number, table: readonly number[] | undefined): void {
    const { actors, graph, log } = this.#history
    const { fromSeq, endSeq, base } = range
    const isForked = actors.isForked(first)
    // Branches are told apart by what they say: what nobody has had to read is read now.
    if (graph.endOf(first) > fromSeq && (fromSeq === 0 || base !== undefined || isForked)) log.thaw()
    if (base !== undefined || !isForked) return
    const isPossible = (branch: number): boolean =>
      graph.endOf(branch) <= fromSeq || this.#sharedEnd(range, branch, table) >= Math.min(graph.endOf(branch), endSeq)
    const possible = actors.branchesOf(first).filter(isPossible)
    if (possible.length > 1 && possible.every((branch) => graph.endOf(branch) < endSeq)) throw forkedAt(range)
  }

  /** The branches of an actor that a range may go on from or be in: those that end where it begins before others. */
  #candidates({ fromSeq, base }: SignedRange, first: number): number[] {
    const { actors, graph, chain } = this.#history
    // Before the first op there is nothing to tell apart, nor a salt to hash.
    const isAfter = (branch: number): boolean =>
      base === undefined || fromSeq === 0 || equalBytes(chain.tag(branch, fromSeq), base)
    const isPossible = (branch: number): boolean => graph.endOf(branch) >= fromSeq && isAfter(branch)
    const ends = (branch: number): number => (graph.endOf(branch) === fromSeq ? 0 : 1)
    return [...actors.branchesOf(first)].filter(isPossible).sort((x, y) => ends(x) - ends(y))
  }

  /** Tries a range as ops of one branch; undefined if it is not what its tip, or what is held there, says. */
  #attemptOn(range: SignedRange, branch: number, table: readonly number[] | undefined): Attempt | undefined {
    if (range.endSeq <= this.#history.graph.endOf(branch))
      return this.#isKnown(range, branch, table) ? { type: 'known' } : undefined
    const staged = this.#stage(range, branch, this.#staging, undefined, table)
    if (staged === undefined) return undefined
    const dot = this.#unmet(staged)
    if (dot !== ready) return { type: 'waits', dot }
    const entered = this.#enterVerified(staged)
    if (entered === undefined) return undefined
    this.#merge([staged], entered)
    return { type: 'held', fromSeq: staged.fromSeq }
  }

  /** Enters all of a range whose links are here; undefined, and nothing is altered, if it is not what its tip says. */
  #enterVerified(staged: Staged): Entered[] | undefined {
    const meanings = linkMeanings(staged.staging, this.#history)
    if (meanings.length > 1 && staged.range.tipHash.length === 0) throw ambiguous(staged.range)
    let failure: unknown
    for (const meaning of meanings) {
      const mark = this.#mark()
      const entered: Entered[] = []
      this.#meaning = meaning
      staged.next = staged.first
      try {
        while (staged.next < staged.staging.stretches) entered.push(this.#enterNext(staged))
        if (this.#matches(staged)) return entered
        this.#rollBack(mark)
      } catch (error) {
        this.#rollBack(mark)
        // Another meaning of the same names may make sense.
        failure = error
        if (!(error instanceof JoineryError) || meanings.length === 1) throw error
      } finally {
        this.#meaning = nothingMeant
      }
    }
    if (failure !== undefined) throw failure
    return undefined
  }

  /** Tries a range that contradicts what is held as another branch, from the last change on that it shares with one of these. */
  #attemptFork(
    range: SignedRange,
    branches: readonly number[],
    table: readonly number[] | undefined,
  ): Attempt | undefined {
    const { actors, graph } = this.#history
    const [first] = branches.filter((branch) => graph.endOf(branch) > range.fromSeq)
    if (first === undefined) return undefined
    // What has neither a tip nor a tag says nothing of what it goes on from.
    if (range.tipHash.length === 0 && range.base === undefined && range.fromSeq > 0) throw forkedAt(range)
    const starts = this.#forkStarts(range, branches, table)
    if (starts.length > 0 && actors.branchesOf(first).length >= limits.branches)
      throw new JoineryError(
        'limit',
        `${range.actor} has made more than ${limits.branches} different histories of one document`,
      )
    let failure: unknown
    for (const { from, base } of starts) {
      try {
        const attempt = this.#attemptForkAt(range, from, base, table)
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

  /** Where a range may part from what is held: the longest shared stretches first, one for each chain there. */
  #forkStarts(
    range: SignedRange,
    branches: readonly number[],
    table?: readonly number[],
  ): { readonly from: number; readonly base: number }[] {
    const { graph } = this.#history
    const starts = new Map<LV, { readonly from: number; readonly base: number }>()
    for (const from of branches) {
      if (graph.endOf(from) <= range.fromSeq) continue
      const base = this.#sharedEnd(range, from, table)
      // What is held goes on, and so does the range: else it is no fork.
      if (base < range.fromSeq || base >= graph.endOf(from) || base >= range.endSeq) continue
      const last = graph.lvOf(from, base - 1)
      if (!starts.has(last)) starts.set(last, { from, base })
    }
    return [...starts.values()].sort((x, y) => y.base - x.base)
  }

  #attemptForkAt(
    range: SignedRange,
    from: number,
    base: number,
    table: readonly number[] | undefined,
  ): Attempt | undefined {
    const branch = this.#history.fork(from, base)
    let attempt: Attempt | undefined
    try {
      const staged = this.#stage(range, branch, this.#staging, undefined, table)
      const dot = staged === undefined ? ready : this.#unmet(staged)
      const entered = staged === undefined || dot !== ready ? undefined : this.#enterVerified(staged)
      if (dot !== ready) attempt = { type: 'waits', dot }
      else if (staged !== undefined && entered !== undefined) {
        this.#history.forks.sort(branch)
        attempt = { type: 'held', fromSeq: base }
        this.#host.forked(range.actor)
        this.#merge([staged], entered)
      }
    } finally {
      if (attempt?.type !== 'held') {
        this.#forget()
        this.#history.unfork(branch)
      }
    }
    return attempt
  }

  /** Up to where a range, which begins in what is held of a branch, is the same: an end of a change. Throws 'forked' where that cannot be told. */
  #sharedEnd(range: SignedRange, branch: number, table: readonly number[] | undefined): number {
    const { graph } = this.#history
    if (!this.#history.isKnown(graph.lvOf(branch, range.fromSeq))) throw forkedAt(range)
    const before = this.#history.placeBefore(branch, range.fromSeq)
    this.#forget()
    try {
      this.#decoder.decode(range.body, 0, { branch, fromSeq: range.fromSeq, before, table })
    } catch (error) {
      if (error instanceof JoineryError) return -1
      throw error
    }
    let low = 0
    let high = Math.min(graph.endOf(branch), range.endSeq) - range.fromSeq
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (isHeld(this.#staging, middle, this.#history)) low = middle
      else high = middle - 1
    }
    return this.#history.changeEndAtMost(branch, range.fromSeq + low)
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
    if (!isAlone || staging.plain.size > 0 || this.#unmetAt(staging, 0) !== ready) {
      // Bodies are views of what came, and what waits is kept.
      const range = unsignedRange(actors.nameOf(branch), fromSeq, staging.endSeq, bytes.slice(at))
      this.#isIn(range)
      return this.attempt(range).type === 'waits' ? range : undefined
    }
    const units = this.#history.log.units.length
    const values = this.#history.log.values.length
    const length = graph.length
    let entered: Entered
    try {
      entered = this.#enter(staging, branch, 0)
    } catch (error) {
      if (graph.length > length) this.#rollBack({ length, frontier: graph.frontierBefore, units, values })
      throw error
    }
    this.#lastBranch = branch
    this.#lastEnd = staging.endSeq
    if (!entered.isStopped) this.#host.merge(entered)
    return undefined
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
        this.#checkForm(range, branch, staging)
        group.push({ range, branch, staging, fromSeq, first: 0, next: 0 })
      } catch (error) {
        if (!(error instanceof JoineryError)) throw error
        return false
      }
    }
    const mark = this.#mark()
    const { entered, stuck } = this.#enterAll(group, refuse)
    if (stuck.length > 0 || this.#faulty(group, refuse).length > 0) isWhole = false
    if (!isWhole) this.#rollBack(mark)
    else for (const stretch of entered) if (!stretch.isStopped) this.#host.merge(stretch)
    return isWhole
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
    // Where the op before ended is not known: from the middle of all positions, jumps lead to one in either direction.
    const before = { branch: rootBranch, seq: 0, position: 2 ** 30 }
    this.#forget()
    this.#decoder.decode(body, 0, { branch, fromSeq, before, table })
    return this.#staging.length
  }

  /** Tries ranges that wait for one another: the largest part of them that waits for nothing else is held. */
  attemptTogether(ranges: readonly SignedRange[], waiting: (actor: ActorId) => readonly SignedRange[]): Together {
    const refused: { range: SignedRange; error: JoineryError }[] = []
    const refuse = (range: SignedRange, error: unknown): void => {
      if (!(error instanceof JoineryError)) throw error
      refused.push({ range, error })
    }
    const made = this.#forkFor(ranges, waiting)
    let group = this.#stageAll(ranges, waiting, refuse)
    const { actors, forks } = this.#history
    let dot: Dot | undefined
    let isPuzzled = false
    for (;;) {
      const mark = this.#mark()
      this.#meaning = new Map(made.map((branch) => [actors.firstOf(branch), branch]))
      const { entered, stuck, unmet } = this.#enterAll(group, refuse)
      this.#meaning = nothingMeant
      if (unmet === undefined) isPuzzled = true
      else if (unmet !== ready) dot ??= unmet
      const faulty = stuck.length > 0 ? stuck : this.#faulty(group, refuse)
      if (faulty.length === 0 && made.every((branch) => group.some((staged) => staged.branch === branch))) {
        for (const branch of made) {
          forks.sort(branch)
          this.#host.forked(actors.nameOf(branch))
        }
        this.#merge(group, entered)
        return {
          held: group.map(({ range, fromSeq }) => ({ actor: range.actor, seq: fromSeq })),
          refused,
          dot,
          isPuzzled,
        }
      }
      this.#rollBack(mark)
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
        const staged = this.#stage(range, branch, new Staging(), before?.staging.after)
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
    const branches = first < 0 ? [] : this.#candidates(range, first)
    const [best = -1] = branches
    if (best < 0 || graph.endOf(best) <= range.fromSeq || range.tipHash.length === 0) return best
    const same = branches.find(
      (branch) => this.#sharedEnd(range, branch, undefined) >= Math.min(graph.endOf(branch), range.endSeq),
    )
    if (same !== undefined || made === undefined || actors.branchesOf(first).length >= limits.branches)
      return same ?? best
    const [start] = this.#forkStarts(range, branches)
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
          while (staged.next < staged.staging.stretches && this.#unmetAt(staged.staging, staged.next) === ready) {
            entered.push(this.#enterNext(staged))
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

  /** An op that the stuck ones wait for and that none of the group has; undefined if its actor was never heard of, `ready` if there is none. */
  #unmetOutside(group: readonly Staged[], stuck: readonly Staged[]): Unmet {
    let isPuzzled = false
    for (const staged of stuck) {
      const dot = staged.next < staged.staging.stretches ? this.#unmetAt(staged.staging, staged.next) : ready
      if (dot === ready) continue
      if (dot === undefined) {
        isPuzzled = true
        continue
      }
      const isInside = group.some(({ range }) => range.actor === dot.actor && dot.seq < range.endSeq)
      if (!isInside) return dot
    }
    return isPuzzled ? undefined : ready
  }

  /** Those whose chain is not what their tip says. */
  #faulty(group: readonly Staged[], refuse: (range: SignedRange, error: unknown) => void): Staged[] {
    return group.filter((staged) => {
      try {
        if (this.#matches(staged)) return false
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

  // One range.

  #stage(
    range: SignedRange,
    branch: number,
    staging: Staging,
    after: WirePlace | undefined,
    table?: readonly number[],
  ): Staged | undefined {
    const { actors, graph } = this.#history
    const isDecoded = range === this.#decoded && actors.count === this.#actorsThen && staging.branch === branch
    if (staging !== this.#staging || !isDecoded) {
      const before = after ?? this.#history.placeBefore(branch, range.fromSeq)
      if (staging === this.#staging) this.#forget()
      const { forks } = this.#history
      decodeBody(range.body, { actors, forks, branch, fromSeq: range.fromSeq, before, table }, staging)
    }
    if (staging.endSeq !== range.endSeq)
      throw new JoineryError('bad-message', `a body ends at seq ${staging.endSeq}, its range at ${range.endSeq}`)
    this.#checkForm(range, branch, staging)
    const held = Math.max(graph.endOf(branch) - range.fromSeq, 0)
    if (!splitStaging(staging, held) || !this.#isOurs(range, branch, staging, held)) return undefined
    let first = 0
    while (staging.stretchOps.at(first) < held) first++
    return { range, branch, staging, fromSeq: range.fromSeq + held, first, next: first }
  }

  #checkForm(range: SignedRange, branch: number, staging: Staging): void {
    if (this.#history.isInit(branch)) checkSelfCertified(range, staging)
  }

  /** The first op that a range links to and that is not here; `ready` if there is none, undefined if its actor was never heard of. */
  #unmet(staged: Staged): Unmet {
    for (let stretch = staged.first; stretch < staged.staging.stretches; stretch++) {
      const dot = this.#unmetAt(staged.staging, stretch)
      if (dot !== ready) return dot
    }
    return ready
  }

  #unmetAt(staging: Staging, stretch: number): Unmet {
    for (let link = staging.stretchLinks.at(stretch), end = staging.endLinkOf(stretch); link < end; link++) {
      const branch = staging.known(staging.linkBranches.at(link), this.#history.forks)
      const seq = staging.linkSeqs.at(link)
      staging.linkBranches.data[link] = branch
      if (branch < 0) {
        const actor = staging.strangerAt(branch)
        return actor === undefined ? undefined : { actor, seq }
      }
      const { actors } = this.#history
      const meant = this.#meaning.get(branch)
      const end =
        meant === undefined && staging.plain.has(branch)
          ? this.#history.endOf(actors.nameOf(branch))
          : this.#history.graph.endOf(meant ?? branch)
      if (seq >= end) return { actor: actors.nameOf(branch), seq }
    }
    return ready
  }

  #enterNext(staged: Staged): Entered {
    return this.#enter(staged.staging, staged.branch, staged.next++)
  }

  /** Appends a stretch to graph and log. Throws for links that no honest author makes. */
  #enter(staging: Staging, branch: number, stretch: number): Entered {
    const { graph, log } = this.#history
    const parents = this.#parents(staging, branch, stretch)
    const unseen = graph.unseen(branch, parents)
    checkPast(staging, stretch, this.#history, unseen)
    // A snapshot whose history cannot be read says so before anything is entered.
    if (!log.isWhole && (unseen.length > 0 || revokes(staging, stretch))) log.thaw()
    const start = graph.append(branch, staging.opsOf(stretch), parents, this.#history.isInit(branch) ? 0 : undefined)
    graph.remember(branch, unseen)
    pushStretch(staging, stretch, graph, log, start)
    let isStopped = stretch >= staging.mergeable
    if (this.#history.isStopping) for (const parent of parents) if (this.#history.isStopped(parent)) isStopped = true
    if (isStopped) this.#history.stop(start)
    return { branch, start, end: graph.length, unseen, isStopped }
  }

  /** Links point at the ends of changes, and none is implied by the own previous op or another link (FORMAT §2). */
  #parents(staging: Staging, branch: number, stretch: number): LV[] {
    const { graph, log } = this.#history
    const own = graph.endOf(branch) - 1
    const ownLv = own < 0 ? -1 : graph.lvOf(branch, own)
    const from = staging.stretchLinks.at(stretch)
    const count = staging.endLinkOf(stretch) - from
    if (count === 0) return ownLv < 0 ? [] : [ownLv]
    const links: LV[] = []
    for (let link = from; link < from + count; link++) {
      const named = staging.linkBranches.at(link)
      const lv = graph.lvOf(this.#meaning.get(named) ?? named, staging.linkSeqs.at(link))
      if (lv < 0) throw bad('a link names no op that is here')
      if (log.changeEnds.get(lv) === 0) throw bad('a link points into the middle of a change')
      if (ownLv >= 0 && graph.sees(branch, lv)) throw bad('a link points at what the change before it had seen')
      links.push(lv)
    }
    const parents = graph.dominators(links)
    if (parents.length < count) throw bad('a link is implied by another')
    if (ownLv < 0 || graph.contains(parents, ownLv)) return parents
    // They are ascending.
    let at = parents.length
    while (at > 0 && (parents[at - 1] as LV) > ownLv) at--
    parents.splice(at, 0, ownLv)
    return parents
  }

  /** Compares the chain with what the tip says. What has no tip is believed: a document without a network. */
  #matches({ range, branch }: Staged): boolean {
    if (this.#history.isInit(branch)) checkSelfNamed(this.#history, branch, range.endSeq)
    return range.tipHash.length === 0 || equalBytes(this.#history.hashAt(branch, range.endSeq), range.tipHash)
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
    return this.#staging.length === count && this.#isOurs(range, branch, this.#staging, count)
  }

  /** Whether the first ops of a range without a tip, which are held, are what is held. */
  #isOurs(range: SignedRange, branch: number, staging: Staging, held: number): boolean {
    if (held === 0 || range.tipHash.length > 0) return true
    const first = this.#history.graph.lvOf(branch, range.fromSeq)
    return !this.#history.isKnown(first) || isHeld(staging, held, this.#history)
  }

  #merge(group: readonly Staged[], entered: readonly Entered[]): void {
    for (const { range, branch, fromSeq } of group) this.#host.admitted(range, branch, fromSeq)
    for (const stretch of entered) if (!stretch.isStopped) this.#host.merge(stretch)
  }

  #mark(): Mark {
    const { graph, log } = this.#history
    return {
      length: graph.length,
      frontier: [...graph.frontier],
      units: log.units.length,
      values: log.values.length,
    }
  }

  #rollBack({ length, frontier, units, values }: Mark): void {
    this.#history.truncate(length, frontier, units, values)
  }
}

/** What nobody signed. */
export function unsignedRange(actor: ActorId, fromSeq: number, endSeq: number, body: Uint8Array): SignedRange {
  return { actor, fromSeq, endSeq, body, tipHash: empty, signature: empty }
}

const empty = new Uint8Array(0)

/** Whether a stretch has a revoke or a cut, for which history is needed. */
function revokes(staging: Staging, stretch: number): boolean {
  for (let row = staging.stretchRows.at(stretch), end = staging.endRowOf(stretch); row < end; row++) {
    const kind = staging.kinds.at(row)
    if (kind === Kind.revoke || kind === Kind.cut) return true
  }
  return false
}

function bad(message: string): JoineryError {
  return new JoineryError('bad-message', message)
}
