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

/** What came of trying a range whose own predecessor is held. */
export type Attempt =
  | { readonly type: 'held'; readonly fromSeq: number }
  /** All of it was held already. */
  | { readonly type: 'known' }
  /** It links to an op that is not here: named, unless its actor was never heard of. */
  | { readonly type: 'waits'; readonly dot: Dot | undefined }
  /** It follows edits of other documents that are not here: it is tried again when somebody says so. */
  | { readonly type: 'outside' }

export interface Together {
  /** What is held now: of whom, and from where on. */
  readonly held: readonly Dot[]
  readonly refused: readonly { readonly range: SignedRange; readonly error: JoineryError }[]
  /** What the rest waits for, outside of what was tried. */
  readonly dot: Dot | undefined
  /** Whether it waits for somebody never heard of. */
  readonly isPuzzled: boolean
  /** Whether some of it waits for other documents. */
  readonly isOutside: boolean
}

export interface IntakeHost {
  readonly heldOf: (actor: ActorId) => number
  /** How many ops are held in all. */
  readonly endOfAll: () => number
  /** Throws a JoineryError for what cannot be taken. */
  attempt(range: SignedRange): Attempt
  /**
   * Ranges that wait for one another: takes the largest part of them that waits for nothing else. `waiting` gives those of an actor, where they link to
   * one.
   */
  attemptTogether(ranges: readonly SignedRange[], waiting: (actor: ActorId) => readonly SignedRange[]): Together
  refuse(range: SignedRange, error: JoineryError): void
  /** Those who have more than one branch here. */
  forkedActors(): readonly ActorId[]
  /** Whether all of a range with a tip is held. */
  holds(range: SignedRange): boolean
}

export class Intake {
  readonly #host: IntakeHost
  readonly #buffer: CausalBuffer
  /** What nobody signed, and nobody built on yet. */
  readonly #dormant: Dormant
  /** By actor whose next range waits for another's op: that op. */
  readonly #awaited = new Map<ActorId, Dot>()
  /** The same from the other side, by actor and seq of the op. */
  readonly #waiters = new Map<ActorId, Map<number, Set<ActorId>>>()
  /** Actors whose next range names somebody never heard of. */
  readonly #puzzled = new Set<ActorId>()
  /** What `missing` gave last, until something is taken or tried; and how much was held then. */
  #missing: readonly Dot[] | undefined
  #missingAt = 0
  /** Actors whose next range waits for other documents. */
  readonly #outside = new Set<ActorId>()
  /** Actors of whom something was tried: their names are known now. */
  readonly #heard = new Set<ActorId>()
  /** Actors that may wait for one another: looked at by settle(). */
  readonly #late = new Set<ActorId>()
  /** What goes on from no branch of its actor that is here: it is tried again when one comes that reaches it, and not with all that comes of the others. */
  readonly #astray = new WeakSet<SignedRange>()
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

  /** The ops that something here waits for and that are not here either. */
  get hasDropped(): boolean {
    return this.#buffer.hasDropped
  }

  get missing(): readonly Dot[] {
    const { endOfAll } = this.#host
    // Asked for each status that is shown: found anew only when something came, or was merged.
    if (this.#missing === undefined || this.#missingAt !== endOfAll()) this.#missing = this.#findMissing()
    this.#missingAt = endOfAll()
    return this.#missing
  }

  #findMissing(): Dot[] {
    const dots = new Map<string, Dot>()
    for (const dot of this.#awaited.values()) if (!this.#isWaiting(dot)) dots.set(`${dot.actor} ${dot.seq}`, dot)
    for (const dot of this.#buffer.missing()) dots.set(`${dot.actor} ${dot.seq}`, dot)
    return [...dots.values()].sort(compareDots)
  }

  /** What an actor's next range waited for in other documents may be here now: it is tried again. settle() is to follow. */
  retry(actor: ActorId): void {
    if (!this.#outside.delete(actor)) return
    const stays = (range: SignedRange): boolean => this.#astray.has(range)
    this.#run(this.#buffer.take(actor, this.#host.heldOf(actor), stays).reverse())
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
    return this.#host.heldOf(actor) === 0 && !this.#waiters.has(actor) && this.#puzzled.size === 0
  }

  /** What waits is forgotten, for good. */
  discard(): void {
    this.#buffer.clear()
    this.#dormant.clear()
  }

  /** Tries those together that wait for one another, once all that came with them was taken. */
  settle(): void {
    this.#missing = undefined
    this.#dropHeld()
    if (this.#late.size === 0) return
    // Those from whom awaiting leads out of what is here: each is walked over once.
    const open = new Set<ActorId>()
    for (const actor of this.#late) {
      this.#late.delete(actor)
      const circle = this.#circle(actor, open)
      if (circle === undefined) continue
      const work: SignedRange[] = []
      this.#tryTogether(actor, circle, work)
      this.#run(work)
      open.clear()
    }
    this.#dropHeld()
  }

  /** Of a forked actor, what waits may have come in other pieces, and no op of that branch is to come that would have it tried again. */
  #dropHeld(): void {
    if (this.#buffer.ops === 0) return
    for (const range of this.#buffer.of(this.#host.forkedActors())) {
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
      this.#keep(range)
      return
    }
    try {
      const attempt = this.#host.attempt(range)
      if (attempt.type === 'waits') {
        this.#wait(range, attempt.dot, work)
        return
      }
      if (attempt.type === 'outside') {
        this.#waitOutside(range, work)
        return
      }
      this.#stored.delete(range)
      if (attempt.type === 'held') this.#release(actor, Math.min(before, attempt.fromSeq), work)
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
      this.#stored.delete(range)
      this.#host.refuse(range, error)
    }
  }

  #wait(range: SignedRange, dot: Dot | undefined, work: SignedRange[]): void {
    const { actor } = range
    if (dot?.actor === actor && dot.seq < range.fromSeq) this.#astray.add(range)
    if (!this.#keepOrRefuse(range)) return
    this.#await(actor, dot, work)
    this.#hear(actor, work)
    this.#late.add(actor)
  }

  #waitOutside(range: SignedRange, work: SignedRange[]): void {
    if (!this.#keepOrRefuse(range)) return
    this.#outside.add(range.actor)
    this.#hear(range.actor, work)
  }

  /** Lets a range wait, for what is to be said anew; false if it is refused instead, since the buffer is full. */
  #keepOrRefuse(range: SignedRange): boolean {
    this.#unawait(range.actor)
    if (this.#keep(range)) return true
    const message = `more than ${limits.bufferBytes} bytes would wait for ops that are not here`
    this.#host.refuse(range, new JoineryError('limit', message))
    return false
  }

  /** Who named an actor never heard of may have meant this one, which itself may wait for them. */
  #hear(actor: ActorId, work: SignedRange[]): void {
    if (this.#heard.has(actor)) return
    this.#heard.add(actor)
    const puzzled = [...this.#puzzled].filter((who) => who !== actor)
    for (const who of puzzled) {
      this.#puzzled.delete(who)
      for (const range of this.#buffer.take(who, this.#host.heldOf(who)).reverse()) work.push(range)
    }
  }

  /** Who follows from this actor by awaiting, if that leads back to one of them; or they are added to `open`. */
  #circle(start: ActorId, open: Set<ActorId>): Set<ActorId> | undefined {
    const circle = new Set<ActorId>()
    for (let at = start; ; ) {
      if (circle.has(at)) return circle
      circle.add(at)
      const dot = open.has(at) ? undefined : this.#awaited.get(at)
      if (dot === undefined || !this.#isWaiting(dot)) break
      at = dot.actor
    }
    for (const actor of circle) open.add(actor)
    return undefined
  }

  /** Tries those of a circle together, and whomever they are found to wait for besides. */
  #tryTogether(start: ActorId, circle: ReadonlySet<ActorId>, work: SignedRange[]): void {
    const waiting = (actor: ActorId): SignedRange[] => this.#rangesOf([actor])
    const { held, refused, dot, isPuzzled, isOutside } = this.#host.attemptTogether(this.#rangesOf(circle), waiting)
    for (const { range, error } of refused) {
      this.#buffer.remove(range)
      this.#stored.delete(range)
      this.#host.refuse(range, error)
    }
    if (held.length === 0) {
      this.#unawait(start)
      if (dot !== undefined || isPuzzled) this.#await(start, dot, work)
      if (isOutside) for (const actor of circle) this.#outside.add(actor)
      return
    }
    for (const { actor, seq } of held) this.#release(actor, seq, work)
    // Whoever is left out may now wait for less.
    for (const range of this.#buffer.take(start, this.#host.heldOf(start)).reverse()) work.push(range)
  }

  #rangesOf(actors: Iterable<ActorId>): SignedRange[] {
    const ranges: SignedRange[] = []
    for (const actor of actors) {
      const held = this.#host.heldOf(actor)
      const chain = this.#buffer.contiguous(actor, held)
      for (const range of [...chain, ...this.#buffer.beside(actor, held, chain)])
        if (!this.#astray.has(range)) ranges.push(range)
    }
    return ranges
  }

  /** Tries again what follows an actor's new ops, and who awaited one of them. */
  #release(actor: ActorId, before: number, work: SignedRange[]): void {
    this.#unawait(actor)
    const after = this.#host.heldOf(actor)
    const again = (who: ActorId): void => {
      const stays = (range: SignedRange): boolean =>
        this.#astray.has(range) && (who !== actor || range.fromSeq < before)
      for (const range of this.#buffer.take(who, this.#host.heldOf(who), stays).reverse()) work.push(range)
    }
    again(actor)
    for (const waiter of this.#takeWaiters(actor, before, after)) again(waiter)
    if (before > 0 || this.#puzzled.size === 0) return
    const puzzled = [...this.#puzzled]
    this.#puzzled.clear()
    for (const who of puzzled) again(who)
  }

  #await(actor: ActorId, dot: Dot | undefined, work: SignedRange[]): void {
    const wanted = dot && this.#dormant.take(dot.actor)
    if (wanted !== undefined) work.push(wanted)
    if (dot === undefined) {
      this.#puzzled.add(actor)
      return
    }
    this.#awaited.set(actor, dot)
    const bySeq = this.#waiters.get(dot.actor) ?? new Map<number, Set<ActorId>>()
    this.#waiters.set(dot.actor, bySeq)
    const waiters = bySeq.get(dot.seq) ?? new Set()
    bySeq.set(dot.seq, waiters)
    waiters.add(actor)
  }

  #unawait(actor: ActorId): void {
    this.#puzzled.delete(actor)
    this.#outside.delete(actor)
    const dot = this.#awaited.get(actor)
    if (dot === undefined) return
    this.#awaited.delete(actor)
    const bySeq = this.#waiters.get(dot.actor)
    const waiters = bySeq?.get(dot.seq)
    waiters?.delete(actor)
    if (waiters?.size === 0) bySeq?.delete(dot.seq)
    if (bySeq?.size === 0) this.#waiters.delete(dot.actor)
  }

  /** Who awaited one of the ops [from, to) of an actor. */
  #takeWaiters(actor: ActorId, from: number, to: number): ActorId[] {
    const bySeq = this.#waiters.get(actor)
    if (bySeq === undefined) return []
    const ready: ActorId[] = []
    for (const [seq, waiters] of bySeq) if (seq >= from && seq < to) for (const waiter of waiters) ready.push(waiter)
    for (const waiter of ready) this.#unawait(waiter)
    return ready
  }

  /** Whether an op is among what waits here, without a gap before it. */
  #isWaiting({ actor, seq }: Dot): boolean {
    const held = this.#host.heldOf(actor)
    // Below that it is an op of another branch of the actor.
    if (seq >= held) return seq < this.#buffer.reach(actor, held)
    return this.#buffer.covering({ actor, seq }).some((range) => !this.#astray.has(range))
  }

  /** Puts a range into the buffer; false if that is full and this is what it leaves out. */
  #keep(range: SignedRange): boolean {
    const isStored = this.#stored.has(range)
    const dropped = this.#buffer.add(range, { isStored, source: this.#sources.get(range) })
    if (dropped === undefined) this.#stored.delete(range)
    return dropped === undefined || !dropped.includes(range)
  }
}
