// The status of a document or space as a pure function of what is known (Invariant 13: it never claims what is not so).

import { deviceId } from '../auth/device.ts'
import type { Dot } from '../core/ids.ts'
import { isSelfCertifying, ownerOf } from '../core/ids.ts'
import { reasonWords } from '../sync/reason.ts'
import type { Asked, PeerStatus, Pending, Progress, Status, StorageStatus } from './api.ts'
import { edits } from './lacking.ts'
import { savingFirst } from './members.ts'
import { storageSentence } from './storage.ts'

/** Edits of one document that came before what they build on. */
export interface WaitingOps {
  readonly document: string
  readonly ops: number
  readonly missing: readonly Dot[]
  readonly asked: readonly Asked[]
}

export interface Facts {
  readonly saved: boolean
  readonly saveError: string | undefined
  readonly paused: boolean
  readonly leading: boolean
  /** Another tab carries the connection, and said so. */
  readonly reported: boolean
  readonly degraded: boolean
  readonly waiting: readonly WaitingOps[]
  readonly peers: readonly PeerStatus[]
  /** What a member is being asked for, and why. */
  readonly asked: (peer: string) => readonly Asked[]
  readonly lastAgreedAt: number | undefined
  readonly progress: Progress | undefined
  readonly storage: StorageStatus
  /** Why nothing is kept here, though nobody asked for that. */
  readonly forgets: string | undefined
}

/** Documents whose waiting edits are told one by one, and missing edits of each: the others are counted. */
const TOLD_MAX = 8

export function makeStatus(facts: Facts): Status {
  const present = facts.peers.filter((peer) => peer.connected)
  return Object.freeze({
    saved: facts.saved && facts.forgets === undefined,
    upToDate: facts.saved && present.length > 0 && facts.waiting.length === 0 && present.every((peer) => peer.agreed),
    pending: pendingOf(facts, present),
    peers: facts.peers,
    lastAgreedAt: facts.lastAgreedAt,
    progress: facts.progress,
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
  pending.push(...waitingOf(facts.waiting))
  if (facts.paused)
    pending.push({ reason: 'paused', message: 'This peer is paused: it meets nobody until it is resumed.' })
  else if (present.length === 0) pending.push({ reason: 'alone', message: aloneSentence(facts) })
  // That own edits are being saved is said above, once.
  const isTold = ({ agreed, why }: PeerStatus): boolean => agreed || (!facts.saved && why === savingFirst)
  for (const peer of present) if (!isTold(peer)) pending.push(syncing(peer, facts.asked(peer.id)))
  return pending
}

function waitingOf(waiting: readonly WaitingOps[]): Pending[] {
  const told = waiting.slice(0, TOLD_MAX).map(({ document, ops, missing, asked }): Pending => {
    const whom = asked.length === 0 ? 'nobody in contact has said that it has them' : `${askedWords(asked)}`
    return {
      reason: 'ops',
      message: `${edits(ops)} of "${document}" arrived before the edits they build on: ${whom}.`,
      document,
      missing: missing.slice(0, TOLD_MAX).map(({ actor, seq }) => ({ device: deviceOf(actor), edit: seq })),
      asked,
    }
  })
  const rest = waiting.slice(TOLD_MAX)
  if (rest.length === 0) return told
  const ops = rest.reduce((sum, each) => sum + each.ops, 0)
  const message = `${edits(ops)} of ${rest.length} more documents arrived before the edits they build on.`
  return [...told, { reason: 'ops', message }]
}

function syncing({ id, name, why }: PeerStatus, asked: readonly Asked[]): Pending {
  return { reason: 'sync', message: why ?? `${name} has not agreed yet.`, peer: id, asked }
}

/** 'Ada is being asked, since it has news'. */
function askedWords(asked: readonly Asked[]): string {
  return asked.map(({ name, because }) => `${name} is being asked, ${reasonWords(because)}`).join('; ')
}

function deviceOf(actor: Dot['actor']): string {
  const owner = ownerOf(actor)
  return owner.kind === 1 ? deviceId(owner.publicKey) : isSelfCertifying(actor) ? 'init' : actor
}

function aloneSentence({ leading, reported }: Facts): string {
  if (leading) return 'No other member is in contact.'
  return reported
    ? 'No other member is in contact. Another tab of this browser carries the connection.'
    : 'This peer is not connected yet.'
}

/** Why not everybody has everything, in plain words: what is pending, and how far it has come. Undefined where nothing is. */
export function whyNotSynced({ pending, progress }: Status): string | undefined {
  const sentences = [
    ...new Set(pending.map(({ message, space }) => (space === undefined ? message : `${space}: ${message}`))),
  ]
  if (progress !== undefined && progress.editsLeft > 0) sentences.push(progressWords(progress))
  return sentences.length === 0 ? undefined : sentences.join(' ')
}

function progressWords({ editsReceived, editsLeft, msLeft }: Progress): string {
  const time =
    msLeft === undefined || msLeft < 1_000 ? '' : `, which takes some ${Math.round(msLeft / 1_000)} s if it goes on so`
  return `${editsReceived} of about ${edits(editsReceived + editsLeft)} have arrived${time}.`
}

export function equalStatus(a: Status, b: Status): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
