// The status of a peer: what holds of all its spaces together. Pure.

import type { PeerStatus, Progress, Status, StorageStatus } from './api.ts'

export interface SpaceAt {
  readonly label: string
  readonly status: Status
}

/** Of no spaces nothing is up to date, and nothing is left to save. */
export function joinStatuses(spaces: readonly SpaceAt[], storage: StorageStatus, saved: boolean): Status {
  const statuses = spaces.map(({ status }) => status)
  return Object.freeze({
    saved: saved && statuses.every((status) => status.saved),
    upToDate: statuses.length > 0 && statuses.every((status) => status.upToDate),
    stale: statuses.some(({ stale }) => stale),
    pending: spaces.flatMap(({ label, status }) => status.pending.map((pending) => ({ ...pending, space: label }))),
    peers: joinPeers(statuses.flatMap(({ peers }) => peers)),
    lastAgreedAt: greatest(statuses.map(({ lastAgreedAt }) => lastAgreedAt)),
    progress: joinProgress(statuses.flatMap(({ progress }) => progress ?? [])),
    storage,
  })
}

/** Each member once: what is claimed of it holds in every space that is shared with it. */
function joinPeers(peers: readonly PeerStatus[]): PeerStatus[] {
  const byId = Map.groupBy(peers, ({ id }) => id)
  return [...byId.values()].flatMap((same) => {
    const first = same.find(({ connected }) => connected) ?? same[0]
    if (first === undefined) return []
    const unstored = same.map((peer) => peer.unstored)
    return {
      ...first,
      agreed: same.every(({ agreed }) => agreed),
      why: same.map(({ why }) => why).find((why) => why !== undefined),
      agreedAt: least(same.map(({ agreedAt }) => agreedAt)),
      stored: same.every(({ stored }) => stored),
      unstored: unstored.includes(undefined) ? undefined : sum(unstored.map((count) => count ?? 0)),
      lastSeenAt: greatest(same.map(({ lastSeenAt }) => lastSeenAt)),
    }
  })
}

function joinProgress(all: readonly Progress[]): Progress | undefined {
  if (all.length === 0) return undefined
  const of = (pick: (progress: Progress) => number | undefined): number => sum(all.map((each) => pick(each) ?? 0))
  const isKnown = all.some(({ bytesLeft }) => bytesLeft !== undefined)
  return {
    editsReceived: of(({ editsReceived }) => editsReceived),
    bytesReceived: of(({ bytesReceived }) => bytesReceived),
    editsLeft: of(({ editsLeft }) => editsLeft),
    bytesLeft: isKnown ? of(({ bytesLeft }) => bytesLeft) : undefined,
    // They go on beside one another.
    msLeft: greatest(all.map(({ msLeft }) => msLeft)),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

function greatest(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Undefined where one is: of all of them nothing is known then. And where there are none. */
export function least(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined)
  return known.length < numbers.length || known.length === 0 ? undefined : Math.min(...known)
}
