// What the names of a body may mean where they say no more than a forked actor, and what is said where that cannot be told (admission.ts).

import { JoineryError } from '../base/errors.ts'
import type { LV } from '../core/graph.ts'
import type { SignedRange } from '../core/range.ts'
import type { Staging } from '../core/staging.ts'
import type { History } from './history.ts'

/** By forked actor, by its first branch: the one that is meant. */
export type Meaning = ReadonlyMap<number, number>
export const nothingMeant: Meaning = new Map()
/** So many meanings of a body are tried at most. */
const meaningsMax = 64

/** What the links of a body may mean that name forked actors and do not say which branch: whoever wrote it knew of one of each. */
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

export function ambiguous(range: SignedRange): JoineryError {
  const message = `${range.actor} builds on an actor whose history was forked, and does not say on which side: sync the two first`
  return new JoineryError('forked', message, { details: { actor: range.actor, endSeq: range.endSeq } })
}

export function forkedAt(range: SignedRange): JoineryError {
  const message = `${range.actor} has made two different ops under one name, below seq ${range.endSeq}`
  return new JoineryError('forked', message, { details: { actor: range.actor, endSeq: range.endSeq } })
}
