// What is held: every actor's changes, in full and in order, with their chain. It decides what may be added, and merges nothing.
//
//   Invariant 1: the chain's hash determines the bytes of everything before it; what contradicts it is refused.
//   Invariant 2: an actor's seqs are 0, 1, 2 … without a gap; what would leave one waits in the causal buffer.

import { assert, present } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Actors } from './actors.ts'
import { canonicalChange, decodeBody, encodeBody } from './body.ts'
import { chainNext, chainStart, initActor } from './chain.ts'
import { type ActorId, ownerOf } from './ids.ts'
import type { Change, Ref } from './op.ts'
import type { SignedRange } from './range.ts'
import type { Seen } from './seen.ts'

/** One held change. */
export interface Held {
  readonly seq: number
  /** Half open. */
  readonly end: number
  readonly links: readonly Ref[]
  readonly canonical: Uint8Array
  /** The chain's hash after it. */
  readonly hash: Uint8Array
  /** The newest wall time its author wrote, here or before. */
  readonly time: number | undefined
  /** Its ops, until they are merged. */
  change: Change | undefined
  /** Canonical bytes of the actor's changes up to and including this one, once it is held. */
  bytes: number
  /** Once merged: what its author had seen of the others, and its first op's Lamport time. */
  base: Seen | undefined
  lamport: number
}

/** A tip its actor has signed. */
export interface SignedTip {
  readonly end: number
  readonly signature: Uint8Array
}

/** The newest tips that are all kept, and how far apart older ones stand (FORMAT §2): so that old tips cost no memory. */
const tipsKept = 256
const tipSpacing = 4096
/** Ranges of several changes have about so many bytes at most, far below what a reader takes; older tips are kept as close as that. */
const rangeBytes = 4 * 1024 * 1024

/** What is held of one actor. */
export class Branch {
  readonly actor: number
  readonly name: ActorId
  readonly isInit: boolean
  readonly start: Uint8Array
  readonly changes: Held[] = []
  /** How many of the changes are merged: the first so many. */
  mergedChanges = 0
  #tips: SignedTip[] = []
  #thinAt = 2 * tipsKept

  constructor(actor: number, name: ActorId, start: Uint8Array) {
    this.actor = actor
    this.name = name
    this.isInit = ownerOf(name).kind === 0
    this.start = start
  }

  get end(): number {
    return this.changes.at(-1)?.end ?? 0
  }

  get merged(): number {
    return this.mergedChanges === 0 ? 0 : (this.changes[this.mergedChanges - 1]?.end ?? 0)
  }

  get tips(): readonly SignedTip[] {
    return this.#tips
  }

  /** How many changes end at or below `seq`. */
  countAt(seq: number): number {
    let low = 0
    let high = this.changes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.changes[middle]?.end ?? 0) <= seq) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The change that ends at `end`, if one does. */
  endingAt(end: number): Held | undefined {
    const change = this.changes[this.countAt(end) - 1]
    return change?.end === end ? change : undefined
  }

  /** The chain's hash after `end` ops, if a change ends there. */
  hashAt(end: number): Uint8Array | undefined {
    return end === 0 ? this.start : this.endingAt(end)?.hash
  }

  /** The newest signed tip at or below `seq`. */
  tipAt(seq: number): SignedTip | undefined {
    let tip: SignedTip | undefined
    let low = 0
    let high = this.#tips.length
    while (low < high) {
      const middle = (low + high) >> 1
      const at = this.#tips[middle]
      if (at !== undefined && at.end <= seq) {
        tip = at
        low = middle + 1
      } else high = middle
    }
    return tip
  }

  addTip(end: number, signature: Uint8Array): void {
    assert(this.endingAt(end) !== undefined, `no change ends at ${end}`)
    if (this.tipAt(end)?.end === end) return
    const at = this.#tips.findLastIndex((tip) => tip.end < end) + 1
    this.#tips.splice(at, 0, { end, signature: signature.slice() })
    if (this.#tips.length > this.#thinAt) this.#thin()
  }

  /** Forgets the changes from the `count`-th on. */
  truncate(count: number): void {
    assert(count >= this.mergedChanges, 'what is merged stays')
    this.changes.length = count
    this.#tips = this.#tips.filter((tip) => tip.end <= this.end)
  }

  /** The counts of changes at which to cut [from, to) so that no piece of several changes is too large, cutting at old tips too. */
  cuts(from: number, to: number, tips: readonly SignedTip[] = []): number[] {
    const cuts: number[] = []
    const ends = new Set(tips.map((tip) => this.countAt(tip.end)))
    let start = from
    for (let count = from + 1; count <= to; count++) {
      const isLarge = count < to && this.#bytesAt(count + 1) - this.#bytesAt(start) > rangeBytes
      if (count < to && !isLarge && !ends.has(count)) continue
      cuts.push(count)
      start = count
    }
    return cuts
  }

  #bytesAt(count: number): number {
    return count === 0 ? 0 : (this.changes[count - 1]?.bytes ?? 0)
  }

  /** Keeps the newest tips, and of the older ones the first at or after every 4,096 ops, and the last before every 4 MiB. */
  #thin(): void {
    const recent = this.#tips.length - tipsKept
    let block = -1
    let kept = 0
    this.#tips = this.#tips.filter((tip, i) => {
      const next = this.#tips[i + 1]
      const isFar = Math.floor(tip.end / tipSpacing) > block
      const isLarge = next !== undefined && this.#bytesAt(this.countAt(next.end)) - kept > rangeBytes
      block = Math.floor(tip.end / tipSpacing)
      if (i < recent && !isFar && !isLarge) return false
      kept = this.#bytesAt(this.countAt(tip.end))
      return true
    })
    this.#thinAt = this.#tips.length + tipsKept
  }
}

export class Log {
  readonly branches = new Map<number, Branch>()
  readonly actors: Actors
  readonly #docTag: Uint8Array

  constructor(docTag: Uint8Array, actors: Actors) {
    this.#docTag = docTag
    this.actors = actors
  }

  branchOf(name: ActorId): Branch | undefined {
    const actor = this.actors.find(name)
    return actor === undefined ? undefined : this.branches.get(actor)
  }

  endOf(actor: number): number {
    return this.branches.get(actor)?.end ?? 0
  }

  /** The branch of an actor, made if it is not there. */
  open(name: ActorId): Branch {
    const branch = this.branchOf(name) ?? this.newBranch(name)
    this.branches.set(branch.actor, branch)
    return branch
  }

  /** A branch that is not in the log (yet). */
  newBranch(name: ActorId): Branch {
    return new Branch(this.actors.indexOf(name), name, chainStart(this.#docTag, name))
  }

  /**
   * Decides on a range whose predecessor is held: gives what is new in it, ready to be held, and adds nothing yet. Throws 'bad-message' for what
   * is not what its tip says, 'forked' for what contradicts a held op.
   */
  stage(range: SignedRange): Held[] {
    const known = this.branchOf(range.actor)
    const end = known?.end ?? 0
    if (known !== undefined && range.endSeq <= end) {
      const hash = known.hashAt(range.endSeq)
      if (hash === undefined || !equalBytes(hash, range.tipHash)) throw forked(range)
      return []
    }
    const start =
      known ?? new Branch(this.actors.indexOf(range.actor), range.actor, chainStart(this.#docTag, range.actor))
    const held = this.#decode(range, start)
    if (start.isInit) checkInit(range, held)
    const isNew = held.filter((change) => change.seq >= end)
    if (known === undefined || range.fromSeq === end) return isNew
    // The part we hold was computed anew from the range's bytes: at its end the chains must meet.
    const last = held[held.length - isNew.length - 1]
    if (
      last === undefined ||
      last.end !== end ||
      !equalBytes(last.hash, present(known.hashAt(end), 'a branch ends with a change'))
    )
      throw forked(range)
    return isNew
  }

  hold(branch: Branch, changes: readonly Held[]): void {
    for (const change of changes) {
      assert(change.seq === branch.end, `change ${change.seq} does not follow ${branch.end}`)
      change.bytes = (branch.changes.at(-1)?.bytes ?? 0) + change.canonical.length
      branch.changes.push(change)
    }
  }

  /** The changes [from, to) of a branch, by count, as a body. */
  body(branch: Branch, from: number, to: number): Uint8Array {
    const first = branch.changes[from]
    // The body of one change is its canonical form.
    if (first !== undefined && to === from + 1) return first.canonical
    const changes: Change[] = []
    for (let i = from; i < to; i++) changes.push(this.changeOf(branch, present(branch.changes[i], `no change ${i}`)))
    return encodeBody(changes, branch.actor, this.actors)
  }

  /** The changes [from, to) of a branch, by count, as ranges that any reader takes, cut at these tips too. */
  ranges(branch: Branch, from: number, to: number, tips: readonly SignedTip[] = []): SignedRange[] {
    let start = from
    return branch.cuts(from, to, tips).map((cut) => {
      const range = this.range(branch, start, cut)
      start = cut
      return range
    })
  }

  /** The changes [from, to) of a branch, by count, as a range with the signature of its tip, if there is one. */
  range(branch: Branch, from: number, to: number): SignedRange {
    const first = present(branch.changes[from], `no change ${from}`)
    const last = present(branch.changes[to - 1], `no change ${to - 1}`)
    const tip = branch.tipAt(last.end)
    const signature = tip?.end === last.end ? tip.signature : new Uint8Array(0)
    const body = this.body(branch, from, to)
    return { actor: branch.name, fromSeq: first.seq, endSeq: last.end, body, tipHash: last.hash, signature }
  }

  changeOf(branch: Branch, held: Held): Change {
    if (held.change !== undefined) return held.change
    const [change] = decodeBody(held.canonical, branch.actor, held.seq, held.end, this.actors)
    return present(change, 'held bytes are a change')
  }

  /** Decodes beside the log and computes the chain anew; compares it with the tip. */
  #decode(range: SignedRange, branch: Branch): Held[] {
    let hash = branch.hashAt(range.fromSeq)
    if (hash === undefined) throw new JoineryError('bad-message', `no change of ours ends at seq ${range.fromSeq}`)
    let time = branch.endingAt(range.fromSeq)?.time
    const held: Held[] = []
    for (const change of decodeBody(range.body, branch.actor, range.fromSeq, range.endSeq, this.actors)) {
      const canonical = canonicalChange(change, branch.actor, this.actors)
      hash = chainNext(hash, canonical)
      time = change.time ?? time
      held.push(heldChange(change, canonical, hash, time))
    }
    if (!equalBytes(hash, range.tipHash))
      throw new JoineryError(
        'bad-message',
        `the ops of ${range.actor} up to ${range.endSeq} are not what their tip says`,
      )
    return held
  }
}

export function heldChange(change: Change, canonical: Uint8Array, hash: Uint8Array, time: number | undefined): Held {
  const { seq, count, links } = change
  return {
    seq,
    end: seq + count,
    links,
    canonical,
    hash,
    time,
    change,
    bytes: 0,
    base: undefined,
    lamport: Number.POSITIVE_INFINITY,
  }
}

function forked(range: SignedRange): JoineryError {
  const message = `${range.actor} has made two different ops under one name, below seq ${range.endSeq}`
  return new JoineryError('forked', message, { details: { actor: range.actor, endSeq: range.endSeq } })
}

/** A self-certifying actor's one change must be the one that it is named after. */
function checkInit(range: SignedRange, held: readonly Held[]): void {
  const [only] = held
  const bad = (why: string): JoineryError => new JoineryError('bad-message', `the init change of ${range.actor} ${why}`)
  if (range.fromSeq !== 0 || held.length !== 1 || only === undefined) throw bad('is not one change')
  if (range.signature.length > 0) throw bad('is signed')
  if (only.links.length > 0) throw bad('has links')
  if (initActor(only.canonical) !== range.actor) throw bad('has another hash')
}
