// One try at ranges that wait for one another: each is read upon what is here of its actor, and stretch by stretch all is entered that links to what has
// been. A range goes on from what another one brings once that is entered, and parts from it where the two differ: so an actor that was forked may have
// several branches that are first heard of in one circle.
//
//   place    what goes on from what is here of its actor, or parts from all of it: upon a branch, or a new one
//   enter    of what was placed, all that is not waiting
//   part     at a standstill: what is ready where a branch waits is something else than what that waits with

import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV } from '../core/graph.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { Staging } from '../core/staging.ts'
import { decodeBody } from '../core/wire-decoder.ts'
import { Befores } from './befores.ts'
import type { Choices } from './choices.ts'
import { type Entered, type Entering, type Mark, ready, type Staged, type Wait } from './entering.ts'
import { type Allowance, type ForkPoint, ForkPoints } from './fork-points.ts'
import type { History } from './history.ts'
import { ChosenMeaning, forkedAt, nothingMeant, notItsTip, tooManyForks } from './link-meanings.ts'

/** A range upon a branch, which may be read again. */
interface Placed extends Staged {
  staging: Staging
}

interface Refusal {
  readonly range: SignedRange
  readonly error: JoineryError
}

/** How far a try may go, and what it is told. */
export interface Means {
  readonly choices: Choices
  readonly allowance: Allowance
  /** Whether a range goes on from nothing that is held. */
  isAstray(range: SignedRange): boolean
}

export class Circle {
  readonly #history: History
  readonly #entering: Entering
  readonly #means: Means
  readonly #mark: Mark
  readonly #placed: Placed[] = []
  readonly #entered: { readonly stretch: Entered; readonly by: Placed }[] = []
  readonly #made: number[] = []
  readonly #refused: Refusal[] = []
  /** By actor, in order of their first ops. */
  readonly #unplaced: ReadonlyMap<ActorId, SignedRange[]>
  readonly #branches = new Map<SignedRange, number>()
  readonly #befores: Befores
  /** By branch: what is placed there and not entered whole. */
  readonly #open = new Map<number, Placed>()
  /** Of the open ones, those that cannot be entered. */
  readonly #givenUp = new Set<Placed>()
  /** Nothing goes on: one range may part from its like. */
  #isStill = false
  /** Actors of whom more is here than when their ranges were last looked at. */
  readonly #due = new Set<ActorId>()

  /** The ranges of each actor come by their first ops. */
  constructor(history: History, entering: Entering, ranges: readonly SignedRange[], means: Means) {
    this.#history = history
    this.#entering = entering
    this.#means = means
    this.#mark = entering.mark()
    this.#befores = new Befores(history, ranges, means, (range) => this.#branches.get(range))
    this.#unplaced = Map.groupBy(ranges, ({ actor }) => actor)
    for (const [actor, own] of this.#unplaced) {
      this.#due.add(actor)
      // Who names an actor and knew of one branch may mean any of those that begin alike.
      const alike = own.filter(({ fromSeq }) => fromSeq === own[0]?.fromSeq).length
      own.unshift(...own.splice(means.choices.pick(alike), 1))
    }
  }

  get placed(): readonly Staged[] {
    return this.#placed
  }

  get refused(): readonly Refusal[] {
    return this.#refused
  }

  /** Enters all that can be entered. */
  run(): void {
    this.#entering.meaning = new ChosenMeaning(this.#history, this.#means.choices)
    while (this.#place() || this.#enter() || this.#part());
  }

  /** What those that were placed wait for. */
  waits(): Wait[] {
    return [...this.#open.values()]
      .filter((placed) => !this.#givenUp.has(placed))
      .map((placed) => ({
        actor: placed.range.actor,
        unmet: this.#entering.unmetAt(placed.staging, placed.next),
      }))
  }

  /** Gives those that were not entered whole; if there are none, those that are not what their tip says, and refuses these. */
  verify(): ReadonlySet<Staged> {
    if (this.#open.size > 0) return new Set(this.#open.values())
    const failed = new Set<Staged>(this.#placed.filter((placed) => !this.#matches(placed)))
    if (failed.size === 0)
      for (const branch of this.#made)
        if (!this.#isDistinct(branch))
          for (const placed of this.#placed) if (placed.branch === branch) failed.add(placed)
    return failed
  }

  /** Whether the first change of a new branch is another one than those of the others: read otherwise, it may have seemed so. */
  #isDistinct(branch: number): boolean {
    const { graph, actors } = this.#history
    const end = this.#history.changeEndAfter(branch, graph.baseOf(branch))
    const hash = this.#history.hashAt(branch, end)
    return actors.branchesOf(branch).every((other) => {
      if (other === branch || graph.common(branch, other) >= end || graph.endOf(other) < end) return true
      return !equalBytes(this.#history.hashAt(other, end), hash)
    })
  }

  /** All ranges, but for some and for those that link to what these brought. To be asked before all is rolled back. */
  without(failed: ReadonlySet<Staged>): SignedRange[] {
    const out = new Set(failed)
    for (let before = -1; before < out.size; ) {
      before = out.size
      for (const { stretch, by } of this.#entered) if (!out.has(by) && this.#isUpon(stretch, out)) out.add(by)
    }
    const rest = this.#placed.filter((placed) => !out.has(placed)).map(({ range }) => range)
    for (const ranges of this.#unplaced.values()) rest.push(...ranges)
    return rest
  }

  /** Tells of what was entered: it is to be merged. */
  merge(forked: (actor: ActorId) => void): void {
    this.#entering.meaning = nothingMeant
    for (const branch of this.#made) forked(this.#history.actors.nameOf(branch))
    this.#entering.merge(
      this.#placed,
      this.#entered.map(({ stretch }) => stretch),
    )
  }

  /** Leaves no trace. */
  rollBack(): void {
    this.#entering.meaning = nothingMeant
    this.#entering.rollBack(this.#mark)
    for (let branch = this.#made.pop(); branch !== undefined; branch = this.#made.pop()) this.#history.unfork(branch)
  }

  // Placing.

  #place(): boolean {
    let isPlaced = false
    for (const actor of this.#due) {
      this.#due.delete(actor)
      if (this.#placeSome(actor)) isPlaced = true
    }
    return isPlaced
  }

  #placeSome(actor: ActorId): boolean {
    const ranges = this.#unplaced.get(actor) ?? []
    const before = ranges.length
    for (let at = 0; at < ranges.length; ) {
      const range = ranges[at] as SignedRange
      if (range.fromSeq > this.#history.endOf(actor)) break
      if (!this.#tryPlace(range)) at++
      else ranges.splice(at, 1)
      if (this.#isStill && ranges.length < before) break
    }
    return ranges.length < before
  }

  /** Where nothing goes on, a range that is ready where its like waits differs from it there. */
  #part(): boolean {
    this.#isStill = true
    const hasParted = [...this.#unplaced.keys()].some((actor) => this.#placeSome(actor))
    this.#isStill = false
    return hasParted
  }

  #tryPlace(range: SignedRange): boolean {
    try {
      if (!this.#placeOne(range)) return false
    } catch (error) {
      this.#refuse(range, error)
    }
    return true
  }

  /** Places a range, if it goes on from one of the branches of its actor or parts from all of them. */
  #placeOne(range: SignedRange): boolean {
    const { actors, graph } = this.#history
    const first = actors.find(range.actor)
    if (first === undefined) return false
    const { allowance } = this.#means
    const points = new ForkPoints(this.#history, range, { take: () => allowance.take(range) })
    const branches = this.#befores.among(range, points.candidates(first))
    if (range.tipHash.length === 0) {
      const [branch] = branches
      return branch !== undefined && !this.#open.has(branch) && this.#stageOn(range, branch)
    }
    let mayGoOn = false
    for (const branch of branches) {
      const end = graph.endOf(branch)
      if (!points.goesOn(branch)) continue
      // All of it is here already, or will be.
      if (range.endSeq <= end) return false
      if (!this.#open.has(branch)) return this.#stageOn(range, branch)
      if (this.#isStill && this.#isReadyAt(points, branch)) return this.#fork(range, { from: branch, base: end })
      mayGoOn = true
    }
    if (mayGoOn) return false
    const [start] = points.starts(branches)
    return start !== undefined && this.#fork(range, start)
  }

  /** Whether a range that is the same as all that is here of a branch goes on there with what is not waiting. */
  #isReadyAt(points: ForkPoints, branch: number): boolean {
    const staging = points.readOn(branch)
    if (staging === undefined) return false
    const shared = this.#history.graph.endOf(branch) - staging.fromSeq
    for (let stretch = 0; stretch < staging.stretches; stretch++)
      if (staging.stretchOps.at(stretch) === shared) return this.#entering.unmetAt(staging, stretch) === ready
    return true
  }

  /** Begins another branch for a range. */
  #fork(range: SignedRange, { from, base }: ForkPoint): boolean {
    const { actors } = this.#history
    const wasForked = actors.isForked(from)
    if (actors.branchesOf(from).length >= limits.branches) throw tooManyForks(range.actor)
    const branch = this.#history.fork(from, base)
    let isStaged = false
    try {
      isStaged = this.#stageOn(range, branch)
    } finally {
      if (!isStaged) this.#history.unfork(branch)
    }
    if (!isStaged) return false
    this.#made.push(branch)
    // Whoever named this actor may mean either, from now on.
    if (!wasForked) for (const placed of this.#open.values()) this.#stageAnew(placed)
    return true
  }

  /** Stages a range as ops of a branch. */
  #stageOn(range: SignedRange, branch: number): boolean {
    if (!this.#means.allowance.take(range)) return false
    const staging = new Staging()
    const staged = this.#staged(range, branch, staging)
    const placed: Placed = { ...staged, staging }
    this.#placed.push(placed)
    this.#branches.set(range, branch)
    this.#open.set(branch, placed)
    return true
  }

  /** Reads a range again of which some is entered: names say another thing now. */
  #stageAnew(placed: Placed): void {
    const { range, branch } = placed
    this.#means.allowance.take(range)
    try {
      const staging = new Staging()
      placed.next = this.#staged(range, branch, staging).first
      placed.staging = staging
    } catch (error) {
      this.#giveUp(placed, error)
    }
  }

  #staged(range: SignedRange, branch: number, staging: Staging): Staged {
    const { actors, forks } = this.#history
    const { body, fromSeq } = range
    const before = this.#history.placeBefore(branch, fromSeq)
    decodeBody(body, { actors, forks, branch, fromSeq, before }, staging)
    const staged = this.#entering.staged(range, branch, staging)
    if (staged === undefined) throw forkedAt(range)
    return staged
  }

  // Entering.

  /** A branch goes on as long as it can, so that the order does not ping-pong. */
  #enter(): boolean {
    let hasEntered = false
    for (let goesOn = true; goesOn; ) {
      goesOn = false
      for (const [branch, placed] of this.#open) {
        if (this.#givenUp.has(placed) || !this.#enterSome(placed)) continue
        goesOn = hasEntered = true
        this.#due.add(placed.range.actor)
        if (!this.#givenUp.has(placed) && placed.next === placed.staging.stretches) this.#open.delete(branch)
      }
    }
    return hasEntered
  }

  #enterSome(placed: Placed): boolean {
    const before = this.#entered.length
    try {
      this.#entering.enterReady(placed, (stretch) => this.#noteEntered(stretch, placed))
    } catch (error) {
      this.#giveUp(placed, error)
    }
    return this.#entered.length > before
  }

  #noteEntered(stretch: Entered, by: Placed): void {
    this.#entered.push({ stretch, by })
    const { actors, graph, forks } = this.#history
    if (!actors.isForked(stretch.branch)) return
    // Where two part, their order shows, in which they are named by whoever names both.
    const seq = graph.seqAt(stretch.start)
    if (actors.branchesOf(stretch.branch).some((branch) => graph.baseOf(branch) === seq)) forks.sort(stretch.branch)
  }

  #giveUp(placed: Placed, error: unknown): void {
    this.#refuse(placed.range, error)
    this.#givenUp.add(placed)
  }

  #matches(placed: Placed): boolean {
    try {
      if (this.#entering.matches(placed)) return true
      const { range, branch } = placed
      const others = this.#history.actors.branchesOf(branch).filter((other) => !this.#made.includes(other))
      throw others.length > 1 ? forkedAt(range) : notItsTip(range)
    } catch (error) {
      this.#refuse(placed.range, error)
      return false
    }
  }

  #refuse(range: SignedRange, error: unknown): void {
    if (!(error instanceof JoineryError)) throw error
    this.#refused.push({ range, error })
  }

  /** Whether a stretch links to what some brought. What it only goes on from may come another way. */
  #isUpon({ branch, start }: Entered, out: ReadonlySet<Staged>): boolean {
    const { graph } = this.#history
    const seq = graph.seqAt(start)
    const own = seq === 0 ? -1 : graph.lvOf(branch, seq - 1)
    return graph.parentsAt(start).some((parent) => {
      const by = parent === own || parent < this.#mark.length ? undefined : this.#bringer(parent)
      return by !== undefined && out.has(by)
    })
  }

  #bringer(lv: LV): Placed | undefined {
    let low = 0
    let high = this.#entered.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#entered[middle]?.stretch.start ?? 0) <= lv) low = middle
      else high = middle - 1
    }
    return this.#entered[low]?.by
  }
}
