// Reconciliation by ranges: what two sorted sets do not share is found by comparing fingerprints of ranges, and splitting those that differ, until a range
// is small enough to name its ids. Slower than coded symbols by some round trips, but no chance is in it, and nothing that hashes to less than 128 bits.
//
// Meyer, "Range-Based Set Reconciliation" (SRDS 2023), §III; the rounds are as in negentropy (Hoyte), where each side answers whole messages. Departures:
// an answer says by bits which ids it lacks, so that both sides know the difference in the end; and a peer that does not come nearer is refused: a range
// that is answered must lie within one that was asked about, a fingerprint within a greater one, and rounds are counted.

import { assert } from '../base/assert.ts'
import { compareBytes, equalBytes, toHex } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Range, RangeMessage } from './range-message.ts'
import { ID_BYTES, type SortedIds } from './sorted-ids.ts'

/** A range that was asked about in our latest message. `end` as in Range. */
interface Asked {
  readonly start: Uint8Array
  readonly end: Uint8Array | undefined
  readonly type: 'fingerprint' | 'ids'
}

const least = new Uint8Array(ID_BYTES)
/** Ranges that differ become so many. */
const SPLIT = 16
/** So few ids are named instead of split: as many bytes as the fingerprints would take, and two rounds fewer. */
const NAMED_MAX = 16

/**
 * One side of a reconciliation by ranges. One begins; then each answers the other's messages until there is nothing to answer. Afterwards both know what
 * only they have, and what only the other has.
 *
 * @example
 * const id = (n: number) => new Uint8Array(32).fill(n)
 * const [a, b] = [new RangeReconciler(new SortedIds([id(1), id(2)])), new RangeReconciler(new SortedIds([id(2), id(3)]))]
 * const reply = b.receive(a.begin())
 * if (reply !== undefined) a.receive(reply) // … and so on, until there is no reply.
 * console.log(a.ours.length, b.ours.length, a.isComplete) // 1 1 true
 */
export class RangeReconciler {
  /** What only we have, as far as it is known. */
  readonly ours: Uint8Array[] = []
  /** What only they have, as far as it is known. */
  readonly theirs: Uint8Array[] = []
  /** False if more differed than one reconciliation names: another one goes on where this one ends. */
  isComplete = true
  readonly #ids: SortedIds
  #asked: readonly Asked[] | undefined
  #round = 0

  constructor(ids: SortedIds) {
    this.#ids = ids
  }

  /** The first message. */
  begin(): RangeMessage {
    assert(this.#asked === undefined, 'it has begun')
    const draft = new Draft(this.#ids)
    draft.refine(least, undefined)
    return this.#send(draft)
  }

  /** Whether nothing is to be heard any more: both results stand. */
  get isOver(): boolean {
    return this.#asked?.length === 0
  }

  /** Answers a message; undefined if it asked nothing. Errors: 'bad-message' if it does not come nearer. */
  receive({ round, ranges }: RangeMessage): RangeMessage | undefined {
    if (round !== this.#round) throw new JoineryError('bad-message', `round ${round}, expected round ${this.#round}`)
    this.#round++
    const asked = this.#asked
    const draft = new Draft(this.#ids)
    let start: Uint8Array = least
    for (const range of ranges) {
      if (range.end !== undefined && compareBytes(range.end, start) <= 0)
        throw new JoineryError('bad-message', 'ranges that do not follow one another')
      if (range.type !== 'skip' && asked !== undefined) mustBeAsked(asked, start, range)
      if (range.type === 'answer' && asked === undefined) throw new JoineryError('bad-message', 'an unasked answer')
      this.#take(draft, start, range)
      start = range.end ?? start
    }
    this.isComplete &&= draft.isComplete
    const reply = this.#send(draft)
    return ranges.some(({ type }) => type === 'fingerprint' || type === 'ids') ? reply : undefined
  }

  #take(draft: Draft, start: Uint8Array, range: Range): void {
    const { end } = range
    const [first, last] = [this.#ids.indexOf(start), this.#ids.indexOf(end)]
    if (range.type === 'fingerprint') {
      if (!equalBytes(range.fingerprint, this.#ids.fingerprint(first, last))) draft.refine(start, end)
    } else if (range.type === 'ids') {
      const theirs = idsWithin(range.ids, start, end)
      const lacking = new Uint8Array((range.ids.length + 7) >> 3)
      const besides: Uint8Array[] = []
      for (let i = first; i < last; i++) if (!theirs.delete(toHex(this.#ids.at(i)))) besides.push(this.#ids.at(i))
      for (const index of theirs.values()) {
        lacking[index >> 3] = (lacking[index >> 3] as number) | (1 << (index & 7))
        this.theirs.push(range.ids[index] as Uint8Array)
      }
      this.ours.push(...besides)
      draft.answer(start, end, lacking, besides)
    } else if (range.type === 'answer') {
      if (range.lacking.length !== (last - first + 7) >> 3)
        throw new JoineryError('bad-message', `${range.lacking.length} bytes of bits for ${last - first} ids`)
      for (let i = first; i < last; i++)
        if (((range.lacking[(i - first) >> 3] as number) >> ((i - first) & 7)) & 1) this.ours.push(this.#ids.at(i))
      idsWithin(range.ids, start, end)
      this.theirs.push(...range.ids)
    }
  }

  #send(draft: Draft): RangeMessage {
    if (this.#round > limits.rangeRounds)
      throw new JoineryError('bad-message', `ranges still differ after ${limits.rangeRounds} rounds`)
    this.#asked = draft.asked
    return { round: this.#round++, ranges: draft.finish() }
  }
}

/** A message in the making: what it asks and answers, with skips between. */
class Draft {
  readonly asked: Asked[] = []
  isComplete = true
  readonly #ids: SortedIds
  readonly #ranges: Range[] = []
  #end: Uint8Array | undefined = least
  #idsLeft = limits.rangeIds

  constructor(ids: SortedIds) {
    this.#ids = ids
  }

  /** Says more of a range that differs: its ids, if they are few; else the fingerprints of its parts. */
  refine(start: Uint8Array, end: Uint8Array | undefined): void {
    const [first, last] = [this.#ids.indexOf(start), this.#ids.indexOf(end)]
    const count = last - first
    if (!this.#hasRoom(count <= NAMED_MAX ? 1 : SPLIT, count <= NAMED_MAX ? count : 0)) return
    if (count <= NAMED_MAX) {
      const ids = Array.from({ length: count }, (_, i) => this.#ids.at(first + i))
      this.#put(start, { end, type: 'ids', ids })
      this.asked.push({ start, end, type: 'ids' })
      return
    }
    let from = start
    for (let part = 0; part < SPLIT; part++) {
      const [low, high] = [part, part + 1].map((i) => first + Math.floor((count * i) / SPLIT)) as [number, number]
      const to = part === SPLIT - 1 ? end : between(this.#ids.at(high - 1), this.#ids.at(high))
      this.#put(from, { end: to, type: 'fingerprint', fingerprint: this.#ids.fingerprint(low, high) })
      this.asked.push({ start: from, end: to, type: 'fingerprint' })
      from = to ?? from
    }
  }

  answer(start: Uint8Array, end: Uint8Array | undefined, lacking: Uint8Array, besides: readonly Uint8Array[]): void {
    if (!this.#hasRoom(1, 0)) return
    // The other side learns the rest the next time.
    const ids = besides.slice(0, this.#idsLeft)
    if (ids.length < besides.length) this.isComplete = false
    this.#idsLeft -= ids.length
    this.#put(start, { end, type: 'answer', lacking, ids })
  }

  finish(): readonly Range[] {
    if (this.#end !== undefined) this.#ranges.push({ end: undefined, type: 'skip' })
    return this.#ranges
  }

  #put(start: Uint8Array, range: Range): void {
    if (this.#end !== undefined && compareBytes(this.#end, start) < 0) this.#ranges.push({ end: start, type: 'skip' })
    this.#ranges.push(range)
    this.#end = range.end
  }

  /** A skip may come before each, and one behind all. */
  #hasRoom(ranges: number, ids: number): boolean {
    const fits = this.#ranges.length + ranges + 2 <= limits.ranges && ids <= this.#idsLeft
    if (fits) this.#idsLeft -= ids
    else this.isComplete = false
    return fits
  }
}

/** Each message comes nearer: a range in it lies within one that was asked about, a fingerprint is of less than that, an answer is of just that. */
function mustBeAsked(asked: readonly Asked[], start: Uint8Array, range: Range): void {
  const around = asked.find((one) => compareBytes(one.start, start) <= 0 && isAtMost(range.end, one.end))
  const isSame = around !== undefined && compareBytes(around.start, start) === 0 && isAtMost(around.end, range.end)
  const isNearer = range.type === 'fingerprint' ? !isSame : true
  const fits = around !== undefined && isNearer && (range.type === 'answer' ? isSame : around.type === 'fingerprint')
  if (!fits || (range.type === 'answer' && around.type !== 'ids'))
    throw new JoineryError('bad-message', `a range (${range.type}) that was not asked about`)
}

function isAtMost(end: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (other === undefined) return true
  return end !== undefined && compareBytes(end, other) <= 0
}

/** Ids that must lie in a range, in order, by hex to their index. */
function idsWithin(ids: readonly Uint8Array[], start: Uint8Array, end: Uint8Array | undefined): Map<string, number> {
  const found = new Map<string, number>()
  let last: Uint8Array | undefined
  for (const [index, id] of ids.entries()) {
    const isAfter = last === undefined ? compareBytes(start, id) <= 0 : compareBytes(last, id) < 0
    if (!isAfter || (end !== undefined && compareBytes(id, end) >= 0))
      throw new JoineryError('bad-message', 'ids that are not in order, or not of their range')
    found.set(toHex(id), index)
    last = id
  }
  return found
}

/** The shortest bytes, zeros behind them, that are above the one and not above the other. */
function between(below: Uint8Array, above: Uint8Array): Uint8Array {
  const end = new Uint8Array(ID_BYTES)
  for (let i = 0; i < ID_BYTES; i++) {
    end[i] = above[i] as number
    if (above[i] !== below[i]) break
  }
  return end
}
