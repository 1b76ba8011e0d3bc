// A link names an actor and a seq. Where that actor was forked and the body does not say which of its branches is meant, each that has such an op may be:
// admission.ts tries one after another, circle.ts by choices, and the tip says which was right. And the errors for where nothing can say so.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LV } from '../core/graph.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Staging } from '../core/staging.ts'
import type { Choices } from './choices.ts'
import type { History } from './history.ts'

/** By the first branch of a forked actor: the branch of it that is meant. */
export interface Meaning {
  get(branch: number): number | undefined
}
export const nothingMeant: Meaning = new Map()
/** So many are tried at most: each enters the body and hashes it. */
const meaningsMax = 64

/** All that the links of a body may mean. Whoever wrote it knew of one branch of each such actor, so all its links mean the same one. */
export function linkMeanings(staging: Staging, { actors, graph }: History): readonly Meaning[] {
  if (staging.plain.size === 0) return [nothingMeant]
  let meanings: ReadonlyMap<number, number>[] = [new Map()]
  // Two branches that share what one link names may part before the newest op that is named.
  const newest = new Map<number, number>()
  for (let link = 0; link < staging.linkBranches.length; link++) {
    const branch = staging.linkBranches.at(link)
    if (staging.plain.has(branch)) newest.set(branch, Math.max(staging.linkSeqs.at(link), newest.get(branch) ?? 0))
  }
  for (const [branch, seq] of newest) {
    const seen = new Set<LV>()
    const choices = actors.branchesOf(branch).filter((one) => {
      const lv = graph.lvOf(one, seq)
      if (lv < 0 || seen.has(lv)) return false
      seen.add(lv)
      return true
    })
    meanings = meanings.flatMap((meaning) => choices.map((choice) => new Map([...meaning, [branch, choice]])))
    if (meanings.length > meaningsMax) meanings = meanings.slice(0, meaningsMax)
  }
  return meanings
}

/** It is of no branch that is here, and as many are as may be. */
export function tooManyForks(actor: ActorId): JoineryError {
  return new JoineryError('limit', `${actor} has made more than ${limits.branches} different histories of one document`)
}

/** Several meanings, and no tip to tell them apart. */
export function ambiguous(range: SignedRange): JoineryError {
  const message = `${range.actor} builds on an actor whose history was forked, and does not say on which side: sync the two first`
  return new JoineryError('forked', message, { details: { actor: range.actor, endSeq: range.endSeq } })
}

/** Its chain has another hash, or another body was put under its tip. */
export function notItsTip({ actor, endSeq }: SignedRange): JoineryError {
  return new JoineryError('bad-message', `the ops of ${actor} up to ${endSeq} are not what their tip says`)
}

/** It contradicts what is held, and does not say what it goes on from instead. */
export function forkedAt(range: SignedRange): JoineryError {
  const message = `${range.actor} has made two different ops under one name, below seq ${range.endSeq}`
  return new JoineryError('forked', message, { details: { actor: range.actor, endSeq: range.endSeq } })
}

/**
 * The error for a range that links to others and makes no sense upon what is held here: if it has a tip, it may make sense upon a branch of one of them
 * of which nobody here, or where it was written down, knew yet. Whoever reads `unlessForked` does not call its author a liar.
 */
export function unlessForked(error: unknown, { tipHash }: SignedRange): unknown {
  if (tipHash.length === 0 || !(error instanceof JoineryError) || error.code !== 'bad-message') return error
  return new JoineryError(error.code, error.message, { cause: error, details: { unlessForked: true } })
}

/** Which branch of a forked actor plain names mean, chosen where one is first asked for: the newest at first, which came with them. */
export class ChosenMeaning implements Meaning {
  readonly #history: History
  readonly #choices: Choices
  readonly #chosen = new Map<ActorId, number>()

  constructor(history: History, choices: Choices) {
    this.#history = history
    this.#choices = choices
  }

  get(branch: number): number {
    const { actors } = this.#history
    const name = actors.nameOf(branch)
    const known = this.#chosen.get(name)
    if (known !== undefined) return known
    const branches = [...actors.branchesOf(branch)].sort((a, b) => b - a)
    const chosen = branches[this.#choices.pick(branches.length)] ?? branch
    this.#chosen.set(name, chosen)
    return chosen
  }
}
