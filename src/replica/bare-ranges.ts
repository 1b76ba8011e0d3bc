// What nobody signed: ranges of deltas and of sessions, as documents without a network send them. They name actors by short ids, end where their bytes
// do, and have no tip to compare with. Each goes the way that is shortest for it, and all end at the same door (Invariant 4).

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { actorId } from '../core/ids.ts'
import { type SignedRange, unsignedRange } from '../core/range.ts'
import { branchOf, type WireName, type WireRange } from '../core/wire-delta.ts'
import type { SessionDecoder } from '../core/wire-session.ts'
import type { Admission } from './admission.ts'
import type { NextBody } from './group-admission.ts'
import type { History } from './history.ts'
import type { Intake } from './intake.ts'

export class BareRanges {
  readonly #history: History
  readonly #admission: Admission
  readonly #intake: Intake
  readonly #refuse: (range: SignedRange, error: JoineryError) => void
  /** What names an actor by a short id that is not known here. */
  #unnamed: WireRange[] = []
  #unnamedBytes = 0

  constructor(
    history: History,
    admission: Admission,
    intake: Intake,
    refuse: (range: SignedRange, error: JoineryError) => void,
  ) {
    this.#history = history
    this.#admission = admission
    this.#intake = intake
    this.#refuse = refuse
  }

  /** How much waits for the name of its actor: ranges, and bytes. */
  get waiting(): { readonly ranges: number; readonly bytes: number } {
    return { ranges: this.#unnamed.length, bytes: this.#unnamedBytes }
  }

  get isWaiting(): boolean {
    return this.#unnamed.length > 0
  }

  /** Takes the ranges of one delta. */
  take(ranges: readonly WireRange[]): void {
    for (const range of ranges.length > 1 ? this.#takeTogether(ranges) : ranges) this.#takeOne(range)
  }

  /** Takes a body that follows what is held of its branch: it goes from `at` to the end of the bytes. */
  takeNext(branch: number, fromSeq: number, bytes: Uint8Array, at: number): void {
    const name = this.#history.actors.nameOf(branch)
    try {
      const waiting = this.#admission.attemptBody(branch, fromSeq, bytes, at)
      if (waiting !== undefined) {
        this.#intake.take(waiting)
        return
      }
      this.#intake.release(name, fromSeq)
      if (fromSeq === 0) this.#takeUnnamed()
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      this.#refuse(unsignedRange(name, fromSeq, fromSeq + 1, bytes.subarray(at)), error)
    }
  }

  /** Takes one of a stream: whoever sent it knows what is here, so nothing of it may have to wait. */
  takeOfSession({ actor, fromSeq, base, body }: WireRange, session: SessionDecoder): void {
    const { actors, graph } = this.#history
    const first = actor.isFull ? actors.indexOf(actorId(actor.bytes)) : actors.shortIds.find(actor.bytes)
    const branch = branchOf(actors, actor, this.#history.forks) ?? first
    const table = session.table()
    const lacking = (): JoineryError =>
      new JoineryError('bad-message', 'a session builds on what is not here: begin another with what this document has')
    if (branch < 0) {
      this.#refuse(unsignedRange(actorId(actor.bytes), fromSeq, fromSeq + 1, body), lacking())
      return
    }
    const name = actors.nameOf(branch)
    try {
      const held = graph.endOf(branch)
      if (base !== undefined || actors.isForked(branch)) {
        const endSeq = fromSeq + this.#admission.countOf(branch, fromSeq, body, table)
        const { type } = this.#admission.attempt({ ...unsignedRange(name, fromSeq, endSeq, body), base }, table)
        if (type === 'waits' || type === 'astray') throw lacking()
        this.#intake.release(name, Math.min(held, fromSeq))
        return
      }
      if (fromSeq > held) throw lacking()
      if (fromSeq === held) {
        if (this.#admission.attemptBody(branch, fromSeq, body, 0, table) !== undefined) throw lacking()
      } else {
        const endSeq = fromSeq + this.#admission.countOf(branch, fromSeq, body, table)
        if (endSeq <= held) return
        const { type } = this.#admission.attempt(unsignedRange(name, fromSeq, endSeq, body), table)
        if (type === 'waits' || type === 'astray') throw lacking()
      }
      this.#intake.release(name, held)
      if (held === 0) this.#takeUnnamed()
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      this.#refuse(unsignedRange(name, fromSeq, fromSeq + 1, body), error)
    }
  }

  /** Takes what writers who may have linked to one another did next, all at once if it is as simple as that; gives the ranges that are left. */
  #takeTogether(ranges: readonly WireRange[]): readonly WireRange[] {
    const { actors, graph } = this.#history
    if (actors.hasForks) return ranges
    const bodies: NextBody[] = []
    const others: WireRange[] = []
    for (const range of ranges) {
      const { actor, fromSeq, base, body } = range
      const branch = actor.isFull ? actors.indexOf(actorId(actor.bytes)) : actors.shortIds.find(actor.bytes)
      if (branch >= 0 && base === undefined && fromSeq === graph.endOf(branch)) bodies.push({ branch, fromSeq, body })
      else others.push(range)
    }
    if (bodies.length < 2 || !this.#admission.groups.attemptBodies(bodies)) return ranges
    for (const { branch, fromSeq } of bodies) {
      this.#intake.release(actors.nameOf(branch), fromSeq)
      if (fromSeq === 0) this.#takeUnnamed()
    }
    return others
  }

  #takeOne({ actor, fromSeq, base, body }: WireRange): void {
    const { actors, graph } = this.#history
    const branch = actor.isFull ? actors.indexOf(actorId(actor.bytes)) : actors.shortIds.find(actor.bytes)
    if (branch < 0) {
      this.#hold(actor, fromSeq, body)
      return
    }
    if (fromSeq === graph.endOf(branch) && base === undefined && !actors.isForked(branch)) {
      this.takeNext(branch, fromSeq, body, 0)
      return
    }
    const name = actors.nameOf(branch)
    try {
      const endSeq = fromSeq + this.#admission.countOf(branch, fromSeq, body)
      this.#intake.take({ ...unsignedRange(name, fromSeq, endSeq, body.slice()), base: base?.slice() })
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      this.#refuse(unsignedRange(name, fromSeq, fromSeq + 1, body), error)
    }
  }

  /** Keeps what a short id names that is not known yet: its actor's first ops bring the full name. */
  #hold(actor: WireName, fromSeq: number, body: Uint8Array): void {
    const bytes = body.length + 256
    if (this.#unnamedBytes + bytes > limits.bufferBytes || this.#unnamed.length >= limits.bufferRanges) return
    this.#unnamed.push({ actor: { bytes: actor.bytes.slice(), isFull: false }, fromSeq, body: body.slice() })
    this.#unnamedBytes += bytes
  }

  #takeUnnamed(): void {
    if (this.#unnamed.length === 0) return
    const waiting = this.#unnamed
    this.#unnamed = []
    this.#unnamedBytes = 0
    for (const range of waiting) this.#takeOne(range)
  }
}
