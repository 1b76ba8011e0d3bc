// Ranges that wait for one another, since each links into the middle of the other, and what several writers say in one delta: entered together, stretch
// by stretch.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import { type SignedRange, unsignedRange } from '../core/range.ts'
import { Staging } from '../core/staging.ts'
import { decodeBody } from '../core/wire-decoder.ts'
import { Choices } from './choices.ts'
import { Circle, type Means } from './circle.ts'
import { Closure } from './closure.ts'
import { type AdmissionHost, type Entered, Entering, type Staged, type Wait } from './entering.ts'
import { Allowance } from './fork-points.ts'
import type { History } from './history.ts'
import type { GroupAttempt, WaitingRanges } from './intake.ts'
import { unlessForked } from './link-meanings.ts'

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
  readonly #closure: Closure

  constructor(history: History, host: AdmissionHost) {
    this.#history = history
    this.#host = host
    this.#entering = new Entering(history, host)
    this.#closure = new Closure(history)
  }

  /** Tries bodies that may link to one another: all of them, or none if one has to wait or cannot be taken. Then each is to be tried by itself. */
  attemptBodies(bodies: readonly NextBody[]): boolean {
    const { actors, graph } = this.#history
    const group: Staged[] = []
    const branches = new Set<number>()
    try {
      for (const { branch, fromSeq, body } of bodies) {
        if (fromSeq !== graph.endOf(branch) || branches.has(branch)) return false
        branches.add(branch)
        const staging = new Staging()
        const before = this.#history.placeBefore(branch, fromSeq)
        decodeBody(body, { actors, branch, fromSeq, before }, staging)
        const range = unsignedRange(actors.nameOf(branch), fromSeq, staging.endSeq, body)
        this.#entering.checkForm(range, branch, staging)
        group.push({ range, branch, staging, fromSeq, first: 0, next: 0 })
      }
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      return false
    }
    const mark = this.#entering.mark()
    const entered = this.#enterWhole(group)
    if (entered === undefined) this.#entering.rollBack(mark)
    else for (const stretch of entered) if (!stretch.isStopped) this.#host.merge(stretch)
    return entered !== undefined
  }

  /** Undefined if some of it has to wait or cannot be taken. */
  #enterWhole(group: readonly Staged[]): Entered[] | undefined {
    try {
      const entered = this.#enterAll(group)
      const isWhole = (staged: Staged): boolean =>
        staged.next === staged.staging.stretches && this.#entering.matches(staged)
      return group.every(isWhole) ? entered : undefined
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      return undefined
    }
  }

  /** Of each actor that was heard of, the newest op to which a range links. */
  linksOf(range: SignedRange): readonly Dot[] {
    return this.#closure.linksOf(range)
  }

  /** Tries what waits of some actors, and of those to whom it links: the largest part of it that waits for nothing else is held. */
  attemptTogether(start: Iterable<ActorId>, { of, isAstray }: WaitingRanges): GroupAttempt {
    const { closed, waits } = this.#closure.of(start, of)
    const allowance = new Allowance(closed)
    const choices = new Choices(limits.branches)
    let first: GroupAttempt | undefined
    do {
      const attempt = this.#attempt(closed, { choices, allowance, isAstray })
      if (attempt.held.length > 0) return attempt
      first ??= attempt
    } while (!allowance.isOver && choices.next())
    return { ...first, waits: [...waits, ...first.waits], isOver: allowance.isOver }
  }

  #attempt(ranges: readonly SignedRange[], means: Means): GroupAttempt {
    const refused: GroupAttempt['refused'][number][] = []
    let waits: readonly Wait[] | undefined
    for (let rest = ranges; ; ) {
      const circle = new Circle(this.#history, this.#entering, rest, means)
      circle.run()
      waits ??= circle.waits()
      const failed = circle.verify()
      for (const { range, error } of circle.refused)
        refused.push({ range, error: unlessForked(error, range) as JoineryError })
      if (failed.size === 0) {
        const held = circle.placed.map(({ range, fromSeq }) => ({ actor: range.actor, seq: fromSeq }))
        circle.merge(this.#host.forked)
        return { held, refused, waits, isOver: means.allowance.isOver }
      }
      const left = circle.without(failed)
      circle.rollBack()
      rest = this.#closure.within(left)
    }
  }

  /** Enters what can be entered, round after round. A branch goes on as long as it can, so that the order does not ping-pong. */
  #enterAll(group: readonly Staged[]): Entered[] {
    const entered: Entered[] = []
    for (let goesOn = true; goesOn; ) {
      goesOn = false
      for (const staged of group) {
        const before = entered.length
        this.#entering.enterReady(staged, (stretch) => entered.push(stretch))
        if (entered.length > before) goesOn = true
      }
    }
    return entered
  }
}
