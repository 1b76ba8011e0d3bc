// What comes before its time waits here, and is tried again when what it builds on has come. An iterative work-list: a chain of any length, arriving
// in any order, costs one step per range and no stack (Invariant 3).
//
//   own predecessor held? ─ no ─► causal buffer
//         │ yes
//   everything it links to held? ─ no ─► causal buffer, awaiting the first that is not
//         │ yes                             └─ which waits for this one? ─► both are tried together
//      held and merged ─► who awaited it is tried again

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { CausalBuffer, type Waiting } from '../core/buffer.ts'
import type { BufferPool } from '../core/buffer-pool.ts'
import { Dormant } from '../core/dormant.ts'
import { type ActorId, compareDots, type Dot, isSelfCertifying } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { Awaiting, type Tie } from './awaiting.ts'
import { outside, type Unmet, type Wait } from './entering.ts'

/** What came of trying a range whose own predecessor is held. */
export type Attempt =
  | { readonly type: 'held'; readonly fromSeq: number }
  /** All of it was held already. */
  | { readonly type: 'known' }
  /** It links to an op that is not here: named, unless its actor was never heard of. */
  | { readonly type: 'waits'; readonly dot: Dot | undefined }
  /** It goes on from no branch of its actor that is here. */
  | { readonly type: 'astray' }
  /** It follows edits of other documents that are not here: it is tried again when somebody says so. */
  | { readonly type: 'outside' }

/** What came of trying ranges that wait for one another. */
export interface GroupAttempt {
  /** What is held now: of whom, and from where on. */
  readonly held: readonly Dot[]
  readonly refused: readonly { readonly range: SignedRange; readonly error: JoineryError }[]
  /** For what some of them wait. */
  readonly waits: readonly Wait[]
  /** More than may be read at once was to be read: not all was tried. */
  readonly isOver: boolean
}

export interface WaitingRanges {
  /** What goes on from what is held of an actor, without a gap: by first op, the longest first. */
  of(actor: ActorId): readonly SignedRange[]
  /** Whether a range goes on from nothing that is held. */
  isAstray(range: SignedRange): boolean
}

export interface IntakeHost {
  readonly heldOf: (actor: ActorId) => number
  /** How many ops are held in all. */
  readonly endOfAll: () => number
  /** Throws a JoineryError for what cannot be taken. */
  attempt(range: SignedRange): Attempt
  /** Ranges of these actors wait for one another: takes the largest part of them, and of those to which they link, that waits for nothing else. */
  attemptTogether(actors: Iterable<ActorId>, waiting: WaitingRanges): GroupAttempt
  refuse(range: SignedRange, error: JoineryError): void
  /** Those who have more than one branch here. */
  forkedActors(): readonly ActorId[]
  /** Whether all of a range with a tip is held. */
  holds(range: SignedRange): boolean
  /** Of each actor that was heard of, the newest op to which a range links. */
  linksOf(range: SignedRange): readonly Dot[]
}

export class Intake {
  readonly #host: IntakeHost
  readonly #buffer: CausalBuffer
  /** What nobody signed, and nobody built on yet. */
  readonly #dormant: Dormant
  readonly #awaiting = new Awaiting()
  /** What `missing` gave last, until something is taken or tried; and how much was held then. */
  #missing: readonly Dot[] | undefined
  #missingAt = 0
  /** Actors of whom something was tried: their names are known now. */
  readonly #heard = new Set<ActorId>()
  /** Actors that may wait for one another: looked at by settle(). */
  readonly #late = new Set<ActorId>()
  /** Actors to be looked at again with what comes next: more than may be done at once was in their way. */
  readonly #later = new Set<ActorId>()
  /** What goes on from no branch of its actor that is here: it is tried again when one comes that reaches it, and not with all that comes of the others. */
  readonly #astray = new WeakSet<SignedRange>()
  /** Actors of whom something was astray: what is held by now is dropped. */
  readonly #astrayActors = new Set<ActorId>()
  /** What made no sense upon what is held, and why: with another life of somebody to whom it links, which came with it, it may. settle() tries that. */
  readonly #misread = new Map<SignedRange, JoineryError>()
  /** Of what waits, what is on disk already. */
  readonly #stored = new Set<SignedRange>()
  /** The neighbour that handed on what came. */
  readonly #sources = new WeakMap<SignedRange, string>()

  constructor(host: IntakeHost, pool?: BufferPool) {
    this.#host = host
    this.#buffer = new CausalBuffer(host.heldOf, pool)
    this.#dormant = new Dormant(pool)
  }

  get ops(): number {
    return this.#buffer.ops
  }

  get bytes(): number {
    return this.#buffer.bytes
  }

  /** Whether something waits that the store holds already: a snapshot would leave it out. */
  get holdsStored(): boolean {
    return this.#stored.size > 0
  }

  /** Whether something of this actor waits. */
  waits(actor: ActorId): boolean {
    return this.#buffer.holds(actor)
  }

  /** Something that waited was dropped, and has not come again. */
  get hasDropped(): boolean {
    return this.#buffer.hasDropped
  }

  /** The ops that something here waits for and that are not here either. */
  get missing(): readonly Dot[] {
    const { endOfAll } = this.#host
    // Asked for each status that is shown: found anew only when something came, or was merged.
    if (this.#missing === undefined || this.#missingAt !== endOfAll()) this.#missing = this.#findMissing()
    this.#missingAt = endOfAll()
    return this.#missing
  }

  #findMissing(): Dot[] {
    const dots = new Map<string, Dot>()
    for (const dot of this.#awaiting.dots()) if (!this.#isWaiting(dot)) dots.set(`${dot.actor} ${dot.seq}`, dot)
    for (const dot of this.#buffer.missing()) dots.set(`${dot.actor} ${dot.seq}`, dot)
    return [...dots.values()].sort(compareDots)
  }

  /** What an actor's next range waited for in other documents may be here now: it is tried again. settle() is to follow. */
  retry(actor: ActorId): void {
    if (!this.#awaiting.isOutside(actor)) return
    const work: SignedRange[] = []
    this.#again(actor, work)
    this.#run(work)
  }

  /** Takes one range, and what it sets free; `source` is the neighbour that handed it on. settle() is to follow. */
  take(range: SignedRange, { isStored = false, source }: Waiting = {}): void {
    if (isStored) this.#stored.add(range)
    if (source !== undefined) this.#sources.set(range, source)
    if (source !== undefined && this.#isUnwanted(range)) this.#dormant.add(range, source)
    else this.#run([range])
  }

  /** Nobody signed it, and nothing that is here, or waits here, builds on it. */
  #isUnwanted({ actor, fromSeq, signature }: SignedRange): boolean {
    if (signature.length > 0 || fromSeq > 0 || !isSelfCertifying(actor)) return false
    return this.#host.heldOf(actor) === 0 && !this.#awaiting.isAwaited(actor) && !this.#awaiting.isPuzzled
  }

  /** What waits is forgotten, for good. */
  discard(): void {
    this.#buffer.clear()
    this.#dormant.clear()
    this.#misread.clear()
  }

  /** Tries those together that wait for one another, once all that came with them was taken. */
  settle(): void {
    this.#missing = undefined
    this.#dropHeld()
    this.#keepMisread()
    this.#settleLate()
    this.#refuseMisread()
  }

  #settleLate(): void {
    if (this.#late.size === 0) return
    // Those from whom awaiting leads out of what is here: each is walked over once.
    const open = new Set<ActorId>()
    for (const actor of this.#late) {
      this.#late.delete(actor)
      const circle = this.#awaiting.circle(actor, open, (dot) => this.#isWaiting(dot))
      if (circle === undefined) continue
      const work: SignedRange[] = []
      const hasAltered = this.#tryTogether(actor, circle, work)
      this.#run(work)
      if (hasAltered) open.clear()
      // None of them is tried again for the same.
      else for (const one of circle) open.add(one)
    }
    for (const actor of this.#later) this.#late.add(actor)
    this.#later.clear()
    this.#dropHeld()
  }

  /** Where an op of the same name waits, that may be the one that was meant: the two are tried together. */
  #keepMisread(): void {
    for (const range of this.#misread.keys()) {
      const meant = this.#host.linksOf(range).filter((dot) => dot.actor !== range.actor && this.#isWaiting(dot))
      // What is left out is refused with all that makes no sense even so.
      if (meant.length === 0 || !this.#keep(range)) continue
      for (const dot of meant) this.#awaiting.add(range.actor, dot, 'link')
      this.#late.add(range.actor)
    }
  }

  /** What makes no sense even so; what else waits of its author says anew for what. */
  #refuseMisread(): void {
    while (this.#misread.size > 0) {
      const work: SignedRange[] = []
      for (const [range, error] of this.#misread) {
        this.#misread.delete(range)
        this.#buffer.remove(range)
        // It may have come once more, and been held then.
        if (this.#host.holds(range)) this.#stored.delete(range)
        else this.#refuse(range, error)
        if (this.#buffer.holds(range.actor)) this.#again(range.actor, work)
      }
      this.#run(work)
    }
  }

  #refuse(range: SignedRange, error: JoineryError): void {
    this.#stored.delete(range)
    if (!this.#buffer.holds(range.actor)) this.#awaiting.forget(range.actor)
    this.#host.refuse(range, error)
  }

  /** Of a forked actor, what waits may have come in other pieces, and no op of that branch is to come that would have it tried again. */
  #dropHeld(): void {
    if (this.#buffer.ops === 0) return
    for (const actor of this.#astrayActors) if (!this.#buffer.holds(actor)) this.#astrayActors.delete(actor)
    for (const range of this.#buffer.of(new Set([...this.#host.forkedActors(), ...this.#astrayActors]))) {
      if (!this.#host.holds(range)) continue
      this.#buffer.remove(range)
      this.#stored.delete(range)
    }
  }

  /** An actor's ops came by another way: it had `before` of them. What waited for the new ones is tried again. */
  release(actor: ActorId, before: number): void {
    if (this.#buffer.ops === 0) return
    const work: SignedRange[] = []
    this.#release(actor, before, work)
    this.#run(work)
  }

  #run(work: SignedRange[]): void {
    this.#missing = undefined
    for (let next = work.pop(); next !== undefined; next = work.pop()) this.#step(next, work)
  }

  #step(range: SignedRange, work: SignedRange[]): void {
    const { actor } = range
    const before = this.#host.heldOf(actor)
    if (range.fromSeq > before) {
      // It may be what was missing for those before it, which wait for others that wait for it.
      if (this.#keep(range) && this.#awaiting.has(actor)) this.#late.add(actor)
      return
    }
    this.#astray.delete(range)
    this.#misread.delete(range)
    try {
      const attempt = this.#host.attempt(range)
      if (attempt.type === 'waits') this.#wait(range, attempt.dot, 'link', work)
      else if (attempt.type === 'outside') this.#wait(range, outside, 'link', work)
      else if (attempt.type === 'astray') {
        this.#astray.add(range)
        this.#astrayActors.add(actor)
        this.#wait(range, { actor, seq: Math.max(0, range.fromSeq - 1) }, 'before', work)
      } else {
        this.#stored.delete(range)
        if (attempt.type === 'held') this.#release(actor, Math.min(before, attempt.fromSeq), work)
      }
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      if (error.details.unlessForked === true) this.#misread.set(range, error)
      else this.#refuse(range, error)
    }
  }

  /** Lets a range wait, unless the buffer is full and this is what it leaves out: then it is refused. */
  #wait(range: SignedRange, unmet: Unmet, tie: Tie, work: SignedRange[]): void {
    const { actor } = range
    if (!this.#keep(range)) {
      const message = `more than ${limits.bufferBytes} bytes would wait for ops that are not here`
      this.#host.refuse(range, new JoineryError('limit', message))
      return
    }
    this.#await(actor, unmet, tie, work)
    this.#hear(actor, work)
    if (unmet !== outside) this.#late.add(actor)
  }

  /** Who named an actor never heard of may have meant this one, which itself may wait for them. */
  #hear(actor: ActorId, work: SignedRange[]): void {
    if (this.#heard.has(actor)) return
    this.#heard.add(actor)
    for (const who of this.#awaiting.puzzled()) if (who !== actor) this.#again(who, work)
  }

  /** Tries those of a circle together, and whomever they are found to wait for besides. Whether anything is held or refused now. */
  #tryTogether(start: ActorId, circle: ReadonlySet<ActorId>, work: SignedRange[]): boolean {
    const { held, refused, waits, isOver } = this.#host.attemptTogether(circle, {
      of: (actor) => this.#buffer.reachable(actor, this.#host.heldOf(actor)),
      isAstray: (range) => this.#astray.has(range),
    })
    for (const { range, error } of refused) {
      this.#buffer.remove(range)
      this.#misread.delete(range)
      if (held.length > 0) {
        // Beside what is held now it may make sense by itself.
        work.push(range)
        continue
      }
      this.#stored.delete(range)
      this.#host.refuse(range, error)
    }
    if (held.length === 0) {
      for (const { actor, unmet } of waits) this.#await(actor, unmet, 'link', work)
      // What was in the way of the others is gone.
      if (refused.length > 0) (isOver ? this.#later : this.#late).add(start)
      return refused.length > 0
    }
    for (const { actor, seq } of held) this.#release(actor, seq, work)
    // Whoever is left out may now wait for less.
    this.#again(start, work)
    return true
  }

  /** Tries again what follows what is held of an actor, but for what goes on from another branch than those that have ops from `since` on. */
  #again(actor: ActorId, work: SignedRange[], since = Number.POSITIVE_INFINITY): void {
    this.#awaiting.forget(actor)
    const stays = (range: SignedRange): boolean => this.#astray.has(range) && range.fromSeq < since
    for (const range of this.#buffer.take(actor, this.#host.heldOf(actor), stays).reverse()) work.push(range)
    for (const range of this.#buffer.of([actor])) if (this.#astray.has(range)) this.#noteAstray(range, work)
  }

  #noteAstray({ actor, fromSeq }: SignedRange, work: SignedRange[]): void {
    this.#await(actor, { actor, seq: Math.max(0, fromSeq - 1) }, 'before', work)
  }

  /** Tries again what follows an actor's new ops, and who awaited one of them. */
  #release(actor: ActorId, before: number, work: SignedRange[]): void {
    const after = this.#host.heldOf(actor)
    this.#again(actor, work, before)
    for (const waiter of this.#awaiting.waitersOf(actor, before, after)) this.#again(waiter, work)
    if (before === 0) for (const who of this.#awaiting.puzzled()) this.#again(who, work)
  }

  #await(actor: ActorId, unmet: Unmet, tie: Tie, work: SignedRange[]): void {
    const wanted = typeof unmet === 'object' ? this.#dormant.take(unmet.actor) : undefined
    if (wanted !== undefined) work.push(wanted)
    this.#awaiting.add(actor, unmet, tie)
  }

  /** Whether an op is among what waits here, without a gap before it. */
  #isWaiting({ actor, seq }: Dot): boolean {
    const held = this.#host.heldOf(actor)
    // Below that it is an op of another branch of the actor.
    if (seq >= held) return seq < this.#buffer.reach(actor, held)
    return this.#buffer.covering({ actor, seq }).length > 0
  }

  /** Puts a range into the buffer; false if that is full and this is what it leaves out. */
  #keep(range: SignedRange): boolean {
    const isStored = this.#stored.has(range)
    const dropped = this.#buffer.add(range, { isStored, source: this.#sources.get(range) })
    if (dropped === undefined) this.#stored.delete(range)
    return dropped === undefined || !dropped.includes(range)
  }
}
