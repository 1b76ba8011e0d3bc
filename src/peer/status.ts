// The status of a document or space as a pure function of what is known (Invariant 13: it never claims what is not so).

import type { Ages } from './ages.ts'
import type { PeerStatus, Progress, Status } from './api.ts'
import { type Found, type PendingFacts, pendingOf } from './pending.ts'

export interface Facts extends PendingFacts {
  readonly peers: readonly PeerStatus[]
  readonly lastAgreedAt: number | undefined
  readonly progress: Progress | undefined
  /** When the oldest own edit was made that is not on disk. */
  readonly unsavedSince: number | undefined
}

export function makeStatus(facts: Facts, ages: Ages, now: number): Status {
  const present = facts.peers.filter((peer) => peer.connected)
  return Object.freeze({
    saved: facts.saved && facts.forgets === undefined,
    upToDate: facts.saved && isComplete(facts) && present.length > 0 && present.every((peer) => peer.agreed),
    stale: facts.stale.length > 0,
    pending: ages.mark(pendingOf(facts, present), now, notBefore(facts)),
    peers: facts.peers,
    lastAgreedAt: facts.lastAgreedAt,
    progress: facts.progress,
    storage: facts.storage,
  })
}

/** Nothing is known of that is not here. */
function isComplete({ waiting, stale }: Facts): boolean {
  return waiting.length === 0 && stale.length === 0
}

/** What is saved, or agrees with a member, may have been so for a moment in which nobody looked (Invariant 13). */
function notBefore({ peers, unsavedSince }: Facts): (found: Found) => number | undefined {
  return ({ reason, peer }) =>
    reason === 'saving' ? unsavedSince : peers.find(({ id }) => id === peer && reason === 'sync')?.agreedAt
}

export function equalStatus(a: Status, b: Status): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
