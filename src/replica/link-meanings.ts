// A link names an actor and a seq. Where that actor was forked and the body does not say which of its branches is meant, each that has such an op may be:
// admission.ts tries one after another, and the tip says which was right. And the errors for where nothing can say so.

import { JoineryError } from '../base/errors.ts'
import type { LV } from '../core/graph.ts'
import type { SignedRange } from '../core/range.ts'
import type { Staging } from '../core/staging.ts'
import type { History } from './history.ts'

/** By the first branch of a forked actor: the branch of it that is meant. */
export type Meaning = ReadonlyMap<number, number>
export const nothingMeant: Meaning = new Map()
/** So many are tried at most: each enters the body and hashes it. */
const meaningsMax = 64

/** All that the links of a body may mean. Whoever wrote it knew of one branch of each such actor, so all its links mean the same one. */
export function linkMeanings(staging: Staging, { actors, graph }: History): readonly Meaning[] {
  let meanings: Meaning[] = [nothingMeant]
  if (staging.plain.size === 0) return meanings
  for (let link = 0; link < staging.linkBranches.length; link++) {
    const branch = staging.linkBranches.at(link)
    if (!staging.plain.has(branch) || meanings[0]?.has(branch)) continue
    const seen = new Set<LV>()
    const choices = actors.branchesOf(branch).filter((one) => {
      const lv = graph.lvOf(one, staging.linkSeqs.at(link))
      if (lv < 0 || seen.has(lv)) return false
      seen.add(lv)
      return true
    })
    meanings = meanings.flatMap((meaning) => choices.map((choice) => new Map([...meaning, [branch, choice]])))
    if (meanings.length > meaningsMax) meanings = meanings.slice(0, meaningsMax)
  }
  return meanings
}

/** Several meanings, and no tip to tell them apart. */
export function ambiguous(range: SignedRange): JoineryError {
  const message = `${range.actor} builds on an actor whose history was forked, and does not say on which side: sync the two first`
  return new JoineryError('forked', message, { details: { actor: range.actor, endSeq: range.endSeq } })
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
