// Of ranges that wait for one another, those that may be entered together: what they link to is held, or among them. Seqs alone are asked, so that it costs
// little to ask again with every range that comes, and it is the most that can be: whether it is so, circle.ts finds out.

import { JoineryError } from '../base/errors.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { Staging } from '../core/staging.ts'
import { anywhere } from '../core/wire.ts'
import { decodeBody } from '../core/wire-decoder.ts'
import type { Wait } from './entering.ts'
import type { History } from './history.ts'

/** The newest op of an actor to which a range links; without one, somebody never heard of. */
interface Need {
  readonly actor: ActorId | undefined
  readonly seq: number
}

/** What goes on from what is held of one actor, without a gap. */
interface Chain {
  readonly held: number
  /** By first op. */
  readonly ranges: SignedRange[]
  /** How far it goes with each of them. */
  readonly reach: number[]
}

interface Claim {
  readonly seq: number
  readonly range: SignedRange
}

export class Closure {
  readonly #history: History
  readonly #needs = new WeakMap<SignedRange, { readonly needs: readonly Need[]; readonly actors: number }>()
  readonly #staging = new Staging()

  constructor(history: History) {
    this.#history = history
  }

  /**
   * What of these actors may be entered together with what waits of those to whom it links, of each actor by first op; and what the rest waits for.
   * `waiting` gives what goes on from what is held of an actor, without a gap, by first op.
   */
  of(
    start: Iterable<ActorId>,
    waiting: (actor: ActorId) => readonly SignedRange[],
  ): { readonly closed: readonly SignedRange[]; readonly waits: readonly Wait[] } {
    const chains = new Map<ActorId, Chain>()
    const claims = new Map<ActorId, Claim[]>()
    const puzzled: SignedRange[] = []
    const actors = new Set(start)
    // It grows while it is walked.
    for (const actor of actors) {
      const chain: Chain = { held: this.#history.endOf(actor), ranges: [...waiting(actor)], reach: [] }
      chains.set(actor, chain)
      reachAgain(chain, 0)
      for (const range of chain.ranges)
        for (const need of this.#needsOf(range)) {
          if (need.actor === undefined) puzzled.push(range)
          else {
            actors.add(need.actor)
            const claimsOn = claims.get(need.actor)
            if (claimsOn === undefined) claims.set(need.actor, [{ seq: need.seq, range }])
            else claimsOn.push({ seq: need.seq, range })
          }
        }
    }
    for (const claimsOn of claims.values()) claimsOn.sort((a, b) => a.seq - b.seq)
    return prune(chains, claims, puzzled)
  }

  /** What of some ranges may be entered together without the others that wait. */
  within(ranges: readonly SignedRange[]): readonly SignedRange[] {
    const own = Map.groupBy(ranges, ({ actor }) => actor)
    for (const others of own.values()) others.sort((a, b) => a.fromSeq - b.fromSeq || b.endSeq - a.endSeq)
    return this.of(own.keys(), (actor) => own.get(actor) ?? []).closed
  }

  /** Of each actor that was heard of, the newest op to which a range links. */
  linksOf(range: SignedRange): readonly Dot[] {
    return this.#needsOf(range).flatMap(({ actor, seq }) => (actor === undefined ? [] : { actor, seq }))
  }

  #needsOf(range: SignedRange): readonly Need[] {
    const { actors, forks } = this.#history
    const known = this.#needs.get(range)
    // Who was never heard of may be, later.
    if (known !== undefined && known.actors >= actors.count) return known.needs
    const needs = new Map<ActorId | undefined, number>()
    const { fromSeq, body, actor } = range
    const staging = this.#staging
    try {
      decodeBody(body, { actors, forks, branch: actors.indexOf(actor), fromSeq, before: anywhere }, staging)
      for (let link = 0; link < staging.linkBranches.length; link++) {
        const code = staging.linkBranches.at(link)
        const name = code < 0 ? staging.strangerAt(code) : actors.nameOf(code)
        needs.set(name, Math.max(staging.linkSeqs.at(link), needs.get(name) ?? 0))
      }
    } catch (error) {
      // Whoever enters it says what is wrong with it.
      if (!(error instanceof JoineryError)) throw error
    }
    const list = [...needs].map(([name, seq]) => ({ actor: name, seq }))
    this.#needs.set(range, { needs: list, actors: needs.has(undefined) ? actors.count : Number.POSITIVE_INFINITY })
    return list
  }
}

/** Takes out what links to an op that is neither held nor left, until nothing does. */
function prune(
  chains: ReadonlyMap<ActorId, Chain>,
  claims: ReadonlyMap<ActorId, Claim[]>,
  puzzled: readonly SignedRange[],
): { closed: readonly SignedRange[]; waits: readonly Wait[] } {
  const waits: Wait[] = puzzled.map(({ actor }) => ({ actor, unmet: undefined }))
  const shrunk = new Set<ActorId>(claims.keys())
  const takeOut = (range: SignedRange): void => {
    const chain = chains.get(range.actor)
    const at = chain?.ranges.indexOf(range, firstFrom(chain.ranges, range.fromSeq)) ?? -1
    if (chain === undefined || at < 0) return
    chain.ranges.splice(at, 1)
    reachAgain(chain, at)
    shrunk.add(range.actor)
  }
  for (const range of puzzled) takeOut(range)
  for (const actor of shrunk) {
    shrunk.delete(actor)
    const end = endOf(chains, actor)
    const claimsOn = claims.get(actor) ?? []
    for (let last = claimsOn.at(-1); last !== undefined && last.seq >= end; last = claimsOn.at(-1)) {
      claimsOn.pop()
      waits.push({ actor: last.range.actor, unmet: { actor, seq: last.seq } })
      takeOut(last.range)
    }
  }
  return { closed: [...chains.values()].flatMap(({ ranges }) => ranges), waits }
}

function endOf(chains: ReadonlyMap<ActorId, Chain>, actor: ActorId): number {
  const chain = chains.get(actor)
  return chain?.reach.at(-1) ?? chain?.held ?? 0
}

/** How far a chain goes from one of its ranges on; what it does not reach any more is no part of it. */
function reachAgain({ held, ranges, reach }: Chain, from: number): void {
  reach.length = from
  for (let at = from; at < ranges.length; at++) {
    const { fromSeq, endSeq } = ranges[at] as SignedRange
    const before = reach[at - 1] ?? held
    if (fromSeq > before) {
      ranges.length = at
      return
    }
    reach.push(Math.max(before, endSeq))
  }
}

/** The index of the first range that begins at `seq` or later. */
function firstFrom(ranges: readonly SignedRange[], seq: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.fromSeq ?? 0) < seq) low = middle + 1
    else high = middle
  }
  return low
}
