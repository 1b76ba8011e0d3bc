// The status of a document or space as a pure function of what is known (Invariant 13: it never claims what is not so).

import type { PeerStatus, Pending, Status, StorageStatus } from './api.ts'
import { storageSentence } from './storage.ts'

export interface Facts {
  readonly saved: boolean
  readonly saveError: string | undefined
  readonly paused: boolean
  readonly leading: boolean
  /** Another tab carries the connection, and said so. */
  readonly reported: boolean
  readonly degraded: boolean
  /** Ops that wait for what caused them. */
  readonly waitingOps: number
  readonly peers: readonly PeerStatus[]
  readonly lastAgreedAt: number | undefined
  readonly storage: StorageStatus
  /** Why nothing is kept here, though nobody asked for that. */
  readonly forgets: string | undefined
}

export function makeStatus(facts: Facts): Status {
  const present = facts.peers.filter((peer) => peer.connected)
  return Object.freeze({
    saved: facts.saved && facts.forgets === undefined,
    upToDate: facts.saved && present.length > 0 && facts.waitingOps === 0 && present.every((peer) => peer.agreed),
    pending: pendingOf(facts, present),
    peers: facts.peers,
    lastAgreedAt: facts.lastAgreedAt,
    storage: facts.storage,
  })
}

function pendingOf(facts: Facts, present: readonly PeerStatus[]): Pending[] {
  const pending: Pending[] = []
  if (!facts.saved) pending.push({ reason: 'saving', message: facts.saveError ?? 'Your latest edits are being saved.' })
  const storage = facts.forgets ?? storageSentence(facts.storage)
  if (storage !== undefined) pending.push({ reason: 'storage', message: storage })
  if (facts.degraded)
    pending.push({
      reason: 'damaged',
      message: 'Damage was found on disk; what is missing comes back from other members.',
    })
  if (facts.waitingOps > 0)
    pending.push({
      reason: 'ops',
      message: `${facts.waitingOps} edits arrived before the edits they build on, which are being fetched.`,
    })
  if (facts.paused)
    pending.push({ reason: 'paused', message: 'This peer is paused: it meets nobody until it is resumed.' })
  else if (present.length === 0) pending.push({ reason: 'alone', message: aloneSentence(facts) })
  for (const peer of present)
    if (!peer.agreed) pending.push({ reason: 'sync', message: peer.why ?? `${peer.name} has not agreed yet.` })
  return pending
}

function aloneSentence({ leading, reported }: Facts): string {
  if (leading) return 'No other member is in contact.'
  return reported
    ? 'No other member is in contact. Another tab of this browser carries the connection.'
    : 'This peer is not connected yet.'
}

export function equalStatus(a: Status, b: Status): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
