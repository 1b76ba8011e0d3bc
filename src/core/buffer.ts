// The causal buffer: ranges that came before what they build on. A cache: at its limits (of a document, of an author in it, of the neighbour that handed it on
// and of all documents together) what is furthest from what we hold is dropped, and remembered as missing, so that it is pulled again (Invariant 9).

import { equalBytes } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { BufferPool, type Pooled } from './buffer-pool.ts'
import { type ActorId, compareDots, type Dot, ownerKey } from './ids.ts'
import type { SignedRange } from './range.ts'

/** How a range comes to wait. */
export interface Waiting {
  /** It is on disk already: dropping it would bring it back no sooner, so it is not counted. */
  readonly isStored?: boolean
  /** The neighbour that handed it on. */
  readonly source?: string | undefined
}

interface Tally {
  count: number
  bytes: number
}

export class CausalBuffer implements Pooled {
  readonly #heldOf: (actor: ActorId) => number
  readonly #pool: BufferPool
  /** Per actor, by fromSeq. */
  readonly #ranges = new Map<ActorId, SignedRange[]>()
  /** The greatest seq of each actor that was seen and dropped. */
  readonly #dropped = new Map<ActorId, number>()
  /** Those that are not counted against the limits. */
  readonly #exempt = new Set<SignedRange>()
  readonly #sources = new Map<SignedRange, string>()
  /** By author: a device, under whatever instances it writes. */
  readonly #tallies = new Map<string, Tally>()
  #count = 0
  #limited = 0
  #bytes = 0
  #ops = 0

  constructor(heldOf: (actor: ActorId) => number, pool: BufferPool = new BufferPool()) {
    this.#heldOf = heldOf
    this.#pool = pool
  }

  get bytes(): number {
    return this.#bytes
  }

  get limitedBytes(): number {
    return this.#limited
  }

  get ops(): number {
    return this.#ops
  }

  /** Something was dropped that has not come again. */
  get hasDropped(): boolean {
    return this.#dropped.size > 0
  }

  /** Keeps a range; at a limit drops what is furthest, and says what. Undefined if it is here already. */
  add(range: SignedRange, { isStored = false, source }: Waiting = {}): readonly SignedRange[] | undefined {
    const ranges = this.#ranges.get(range.actor) ?? []
    this.#ranges.set(range.actor, ranges)
    const at = lastAtOrBefore(ranges, range.fromSeq)
    for (let i = at; ranges[i]?.fromSeq === range.fromSeq; i--)
      // The same bytes: others of the same length may be the true ones, which shows when their turn comes.
      if (isSame(ranges[i] as SignedRange, range)) return undefined
    ranges.splice(at + 1, 0, range)
    if (isStored) this.#exempt.add(range)
    else if (source !== undefined) this.#sources.set(range, source)
    this.#account(range, 1)
    if (isStored) return nothing
    const dropped = this.#trim(range.actor, source)
    const hasTrimmed = this.#pool.trim()
    return hasTrimmed && !this.#has(range) && !dropped.includes(range) ? [...dropped, range] : dropped
  }

  #trim(actor: ActorId, source: string | undefined): readonly SignedRange[] {
    const author = ownerKey(actor)
    const dropped: SignedRange[] = []
    const drop = (
      isOver: () => boolean,
      of?: (actor: ActorId) => boolean,
      isMeant?: (range: SignedRange) => boolean,
    ) => {
      while (isOver()) {
        const furthest = this.#dropFurthest(of, isMeant)
        if (furthest === undefined) return
        dropped.push(furthest)
      }
    }
    drop(
      () => !this.#fitsOf(author),
      (other) => ownerKey(other) === author,
    )
    drop(
      () => this.#pool.isOver(source),
      undefined,
      (range) => this.#sources.get(range) === source,
    )
    drop(() => !this.#fits)
    return dropped
  }

  #fitsOf(author: string): boolean {
    const { count, bytes } = this.#tallies.get(author) ?? { count: 0, bytes: 0 }
    return count <= limits.bufferAuthorRanges && bytes <= limits.bufferAuthorBytes
  }

  /** Whether it still waits here. */
  #has(range: SignedRange): boolean {
    return this.#ranges.get(range.actor)?.includes(range) === true
  }

  /** Forgets all of it. */
  clear(): void {
    for (const ranges of this.#ranges.values()) for (const range of ranges) this.#account(range, -1)
    this.#ranges.clear()
    this.#dropped.clear()
  }

  dropFurthest(): boolean {
    return this.#dropFurthest() !== undefined
  }

  get #fits(): boolean {
    return this.#count <= limits.bufferRanges && this.#limited <= limits.bufferBytes
  }

  /** Takes out what follows what is held of an actor, but for what is to stay. */
  take(actor: ActorId, held: number, stays: (range: SignedRange) => boolean = () => false): SignedRange[] {
    const ranges = this.#ranges.get(actor)
    if (ranges === undefined) return []
    const due = ranges.splice(0, lastAtOrBefore(ranges, held) + 1)
    const taken = due.filter((range) => !stays(range))
    if (taken.length < due.length) ranges.unshift(...due.filter(stays))
    if (ranges.length === 0) this.#ranges.delete(actor)
    for (const range of taken) this.#account(range, -1)
    return taken
  }

  /** What goes on from what is held of an actor, or from other such ranges, without a gap: by first op, the longest first. It stays here. */
  reachable(actor: ActorId, held: number): SignedRange[] {
    const end = this.reach(actor, held)
    const ranges = this.#ranges.get(actor)?.filter(({ fromSeq }) => fromSeq <= end) ?? []
    return ranges.sort((a, b) => a.fromSeq - b.fromSeq || b.endSeq - a.endSeq)
  }

  /** What waits and has an op of an actor. */
  covering({ actor, seq }: Dot): SignedRange[] {
    return this.#ranges.get(actor)?.filter((range) => range.fromSeq <= seq && seq < range.endSeq) ?? []
  }

  /** Takes one range out. */
  remove(range: SignedRange): void {
    const ranges = this.#ranges.get(range.actor)
    const at = ranges?.indexOf(range) ?? -1
    if (ranges === undefined || at < 0) return
    ranges.splice(at, 1)
    if (ranges.length === 0) this.#ranges.delete(range.actor)
    this.#account(range, -1)
  }

  /** All that waits of some actors. */
  of(actors: Iterable<ActorId>): SignedRange[] {
    return [...actors].flatMap((actor) => this.#ranges.get(actor) ?? [])
  }

  /** How far what follows what is held of an actor goes without a gap. */
  reach(actor: ActorId, held: number): number {
    let end = held
    for (const range of this.#ranges.get(actor) ?? []) {
      if (range.fromSeq > end) break
      end = Math.max(end, range.endSeq)
    }
    return end
  }

  /** For each actor with a gap: the last op before what waits, or the last op that was dropped. */
  missing(): Dot[] {
    const heldOf = this.#heldOf
    const dots: Dot[] = []
    for (const [actor, [first]] of this.#ranges)
      if (first !== undefined && first.fromSeq > heldOf(actor)) dots.push({ actor, seq: first.fromSeq - 1 })
    for (const [actor, end] of this.#dropped) {
      if (end <= heldOf(actor)) this.#dropped.delete(actor)
      else dots.push({ actor, seq: end - 1 })
    }
    return dots.sort(compareDots)
  }

  holds(actor: ActorId): boolean {
    return this.#ranges.has(actor)
  }

  /** Of those that are meant, the one that begins furthest beyond what is held of its actor. */
  #dropFurthest(
    of: (actor: ActorId) => boolean = () => true,
    isMeant: (range: SignedRange) => boolean = () => true,
  ): SignedRange | undefined {
    let furthest: { actor: ActorId; ranges: SignedRange[]; at: number; distance: number } | undefined
    for (const [actor, ranges] of this.#ranges) {
      if (!of(actor)) continue
      const at = ranges.findLastIndex((range) => !this.#exempt.has(range) && isMeant(range))
      const last = ranges[at]
      if (last === undefined) continue
      const distance = last.fromSeq - this.#heldOf(actor)
      if (furthest === undefined || distance > furthest.distance) furthest = { actor, ranges, at, distance }
    }
    const [range] = furthest?.ranges.splice(furthest.at, 1) ?? []
    if (furthest === undefined || range === undefined) return undefined
    if (furthest.ranges.length === 0) this.#ranges.delete(furthest.actor)
    this.#account(range, -1)
    if (this.#dropped.size < limits.bufferRanges || this.#dropped.has(range.actor))
      this.#dropped.set(range.actor, Math.max(range.endSeq, this.#dropped.get(range.actor) ?? 0))
    return range
  }

  #account(range: SignedRange, sign: 1 | -1): void {
    const bytes = range.body.length + overheadBytes
    this.#bytes += sign * bytes
    this.#ops += sign * (range.endSeq - range.fromSeq)
    if (this.#exempt.has(range)) {
      if (sign < 0) this.#exempt.delete(range)
      return
    }
    this.#count += sign
    this.#limited += sign * bytes
    const author = ownerKey(range.actor)
    const tally = this.#tallies.get(author) ?? { count: 0, bytes: 0 }
    tally.count += sign
    tally.bytes += sign * bytes
    if (tally.count > 0) this.#tallies.set(author, tally)
    else this.#tallies.delete(author)
    this.#pool.account(this, this.#sources.get(range), sign * bytes)
    if (sign < 0) this.#sources.delete(range)
  }
}

const nothing: readonly SignedRange[] = []
const empty = new Uint8Array(0)
/** A waiting range takes about so much more memory than its bytes. */
const overheadBytes = 256

function isSame(a: SignedRange, b: SignedRange): boolean {
  const { base: baseA = empty } = a
  const { base: baseB = empty } = b
  const isAlike = a.endSeq === b.endSeq && equalBytes(baseA, baseB)
  return isAlike && equalBytes(a.tipHash, b.tipHash) && equalBytes(a.body, b.body)
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
