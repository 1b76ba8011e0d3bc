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
  return equalPlain(a, b)
}

/** Of plain values: two that are made anew at each touch differ early, mostly. What is undefined is as good as not there. */
function equalPlain(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isPlainObject(a) || !isPlainObject(b)) return false
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false
  for (const key of Object.keys(a)) if (!equalPlain(a[key], b[key])) return false
  return Object.keys(b).every((key) => key in a || b[key] === undefined)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
