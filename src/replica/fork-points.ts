// Where a range parts from what is held of its actor. Each of the actor's branches may share its first ops with it: the body is read once for all that it
// can be read upon alike, and compared with each (FORMAT §1).

import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV } from '../core/graph.ts'
import type { SignedRange } from '../core/range.ts'
import { Staging } from '../core/staging.ts'
import { sharedOps } from '../core/staging-compare.ts'
import { ownBranch } from '../core/wire.ts'
import { decodeBody } from '../core/wire-decoder.ts'
import type { History } from './history.ts'
import { forkedAt } from './link-meanings.ts'

/** The last change that a range shares with a branch ends at `base`. */
export interface ForkPoint {
  readonly from: number
  readonly base: number
}

/** How often one body is read or entered to find out upon what (Invariant 9): a few times, or more as long as it is small. */
export class Tries {
  readonly #bytes: number
  #count = 0
  /** Some were not made. */
  isOver = false

  constructor({ body }: SignedRange) {
    this.#bytes = body.length
  }

  take(): boolean {
    this.#count++
    if (this.#count > limits.bodyTries && this.#count * this.#bytes > limits.bodyTriedBytes) this.isOver = true
    return !this.isOver
  }
}

/** How much may still be read, in bytes: of all that is tried for one call. */
export class Allowance {
  #left: number
  isOver = false

  constructor(ranges: readonly SignedRange[]) {
    this.#left = limits.circleReads * ranges.reduce((sum, range) => sum + costOf(range), 0) + limits.bodyTriedBytes
  }

  take(range: SignedRange): boolean {
    this.#left -= costOf(range)
    if (this.#left < 0) this.isOver = true
    return !this.isOver
  }
}

function costOf({ body }: SignedRange): number {
  return body.length + rangeOverhead
}

/** To look at a range costs at least as much as to read so many bytes. */
const rangeOverhead = 256

export class ForkPoints {
  readonly #history: History
  readonly #range: SignedRange
  readonly #table: readonly number[] | undefined
  readonly #tries: Pick<Tries, 'take'>
  readonly #ends = new Map<number, number>()
  #staging: Staging | undefined
  /** What the staging was read upon; undefined if it cannot be. */
  #readUpon: string | undefined

  constructor(history: History, range: SignedRange, tries: Pick<Tries, 'take'>, table?: readonly number[]) {
    this.#history = history
    this.#range = range
    this.#tries = tries
    this.#table = table
  }

  /** The branches of an actor that the range may go on from or be in: those that end where it begins before others. */
  candidates(first: number): number[] {
    const { actors, graph, chain } = this.#history
    const { fromSeq, base } = this.#range
    // Before the first op there is nothing to tell apart, nor a salt to hash.
    const isAfter = (branch: number): boolean =>
      base === undefined || fromSeq === 0 || equalBytes(chain.tag(branch, fromSeq), base)
    const isPossible = (branch: number): boolean => graph.endOf(branch) >= fromSeq && isAfter(branch)
    const ends = (branch: number): number => (graph.endOf(branch) === fromSeq ? 0 : 1)
    return [...actors.branchesOf(first)].filter(isPossible).sort((x, y) => ends(x) - ends(y))
  }

  /** Whether the range has all that is held of a branch, or ends in it: as far as that can be seen. */
  goesOn(branch: number): boolean {
    const { graph } = this.#history
    const end = graph.endOf(branch)
    if (end <= this.#range.fromSeq || !this.#history.isKnown(graph.lvOf(branch, this.#range.fromSeq))) return true
    return this.sharedEnd(branch) >= Math.min(end, this.#range.endSeq)
  }

  /** Where it may part from what is held: the longest shared stretches first, one for each chain there. Throws 'forked' where that cannot be told. */
  starts(branches: readonly number[]): ForkPoint[] {
    const { graph } = this.#history
    const { fromSeq, endSeq } = this.#range
    const starts = new Map<LV, ForkPoint>()
    for (const from of branches) {
      if (graph.endOf(from) <= fromSeq) continue
      const base = this.sharedEnd(from)
      // What is held goes on, and so does the range: else it is no fork.
      if (base < fromSeq || base >= graph.endOf(from) || base >= endSeq) continue
      const last = graph.lvOf(from, base - 1)
      if (!starts.has(last)) starts.set(last, { from, base })
    }
    return [...starts.values()].sort((x, y) => y.base - x.base)
  }

  /**
   * Up to where the range, which begins in what is held of a branch, is the same: an end of a change; -1 if it cannot be read there. Throws 'forked'
   * where that cannot be told.
   */
  sharedEnd(branch: number): number {
    const known = this.#ends.get(branch)
    if (known !== undefined) return known
    const { fromSeq, endSeq } = this.#range
    const { graph, log } = this.#history
    // Where the two part shows in what they say: what nobody has had to read of a snapshot is read now.
    log.thaw()
    if (!this.#history.isKnown(graph.lvOf(branch, fromSeq))) throw forkedAt(this.#range)
    const staging = this.readOn(branch)
    const most = Math.min(graph.endOf(branch), endSeq) - fromSeq
    const end =
      staging === undefined || staging.endSeq < fromSeq + most
        ? -1
        : this.#history.changeEndAtMost(branch, fromSeq + sharedOps(staging, most, this.#history, branch))
    this.#ends.set(branch, end)
    return end
  }

  /** The body, read upon a branch; undefined if it makes no sense there, or was read too often. */
  readOn(branch: number): Staging | undefined {
    const { fromSeq, body } = this.#range
    const { actors, forks } = this.#history
    const before = this.#history.placeBefore(branch, fromSeq)
    const upon = `${before.branch} ${before.seq} ${before.position}`
    if (upon === this.#readUpon) return this.#staging
    this.#readUpon = upon
    this.#staging = undefined
    if (!this.#tries.take()) return undefined
    const staging = new Staging()
    try {
      decodeBody(body, { actors, forks, branch: ownBranch, fromSeq, before, table: this.#table }, staging)
      this.#staging = staging
    } catch (error) {
      if (!(error instanceof JoineryError)) throw error
    }
    return this.#staging
  }
}
