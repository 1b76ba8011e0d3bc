// The causal buffer: ranges whose own predecessor is not held. A cache: at its limit what is furthest from what we hold is dropped, and
// remembered as missing, so that it is pulled again (Invariant 9).

import { limits } from '../base/limits.ts'
import { type ActorId, compareDots, type Dot } from './ids.ts'
import type { SignedRange } from './range.ts'

export class CausalBuffer {
  /** Per actor, by fromSeq. */
  readonly #ranges = new Map<ActorId, SignedRange[]>()
  /** The greatest seq of each actor that was seen and dropped. */
  readonly #dropped = new Map<ActorId, number>()
  #count = 0
  #bytes = 0
  #ops = 0

  get bytes(): number {
    return this.#bytes
  }

  get ops(): number {
    return this.#ops
  }

  add(range: SignedRange, heldOf: (actor: ActorId) => number): void {
    const ranges = this.#ranges.get(range.actor) ?? []
    this.#ranges.set(range.actor, ranges)
    const at = lastAtOrBefore(ranges, range.fromSeq)
    const before = ranges[at]
    // Another one from the same seq is as good if it is as long: only its contents could tell, and they are checked when its turn comes.
    if (before !== undefined && before.fromSeq === range.fromSeq && before.endSeq === range.endSeq) return
    ranges.splice(at + 1, 0, range)
    this.#account(range, 1)
    while (this.#count > limits.bufferRanges || this.#bytes > limits.bufferBytes) this.#dropFurthest(heldOf)
  }

  /** Takes out what follows what is held of an actor. */
  take(actor: ActorId, held: number): SignedRange[] {
    const ranges = this.#ranges.get(actor)
    if (ranges === undefined) return []
    const taken = ranges.splice(0, lastAtOrBefore(ranges, held) + 1)
    if (ranges.length === 0) this.#ranges.delete(actor)
    for (const range of taken) this.#account(range, -1)
    return taken
  }

  /** For each actor with a gap: the last op before what waits, or the last op that was dropped. */
  missing(heldOf: (actor: ActorId) => number): Dot[] {
    const dots: Dot[] = []
    for (const [actor, [first]] of this.#ranges) if (first !== undefined) dots.push({ actor, seq: first.fromSeq - 1 })
    for (const [actor, end] of this.#dropped) {
      if (end <= heldOf(actor)) this.#dropped.delete(actor)
      else dots.push({ actor, seq: end - 1 })
    }
    return dots.sort(compareDots)
  }

  holds(actor: ActorId): boolean {
    return this.#ranges.has(actor)
  }

  #dropFurthest(heldOf: (actor: ActorId) => number): void {
    let furthest: { actor: ActorId; ranges: SignedRange[]; distance: number } | undefined
    for (const [actor, ranges] of this.#ranges) {
      const distance = (ranges.at(-1)?.fromSeq ?? 0) - heldOf(actor)
      if (furthest === undefined || distance > furthest.distance) furthest = { actor, ranges, distance }
    }
    const range = furthest?.ranges.pop()
    if (furthest === undefined || range === undefined) return
    if (furthest.ranges.length === 0) this.#ranges.delete(furthest.actor)
    this.#account(range, -1)
    if (this.#dropped.size < limits.bufferRanges || this.#dropped.has(range.actor))
      this.#dropped.set(range.actor, Math.max(range.endSeq, this.#dropped.get(range.actor) ?? 0))
  }

  #account(range: SignedRange, sign: 1 | -1): void {
    this.#count += sign
    this.#bytes += sign * (range.body.length + 256)
    this.#ops += sign * (range.endSeq - range.fromSeq)
  }
}

/** The index of the last range that begins at or before `seq`, -1 if none does. */
function lastAtOrBefore(ranges: readonly SignedRange[], seq: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.fromSeq ?? 0) <= seq) low = middle + 1
    else high = middle
  }
  return low - 1
}
