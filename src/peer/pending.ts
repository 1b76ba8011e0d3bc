// What is pending of a document or space, as sentences for people: what is missing, and what is done about it. Pure.

import { deviceId } from '../auth/device.ts'
import type { JoineryError } from '../base/errors.ts'
import { type Dot, isSelfCertifying, ownerOf } from '../core/ids.ts'
import { reasonWords } from '../sync/reason.ts'
import type { Asked, PeerStatus, Pending, StorageStatus } from './api.ts'
import type { Awaited } from './crossing.ts'
import { type Following, staleSentence } from './following.ts'
import { edits } from './lacking.ts'
import { savingFirst } from './members.ts'
import { storageSentence } from './storage.ts'

/** Edits of one document that came before what they build on. */
export interface WaitingOps {
  readonly document: string
  /** None where they came in an earlier life of this peer, or were dropped. */
  readonly ops: number
  readonly missing: readonly Dot[]
  readonly asked: readonly Asked[]
  /** Edits of other documents that they are to follow. */
  readonly after: readonly Awaited[]
}

export interface PendingFacts {
  readonly saved: boolean
  readonly saveError: JoineryError | undefined
  readonly paused: boolean
  readonly leading: boolean
  /** Opened with a network. */
  readonly networked: boolean
  /** Another tab carries the connection, and said so. */
  readonly reported: boolean
  readonly degraded: boolean
  readonly waiting: readonly WaitingOps[]
  /** What was missing when somebody handed on what builds on it, and waits no more. It may not exist: a bit that turned over names an edit, too. */
  readonly wanted: readonly WaitingOps[]
  /** Sessions that have seen more elsewhere than is here. */
  readonly stale: readonly Following[]
  /** What a member is being asked for, and why. */
  readonly asked: (peer: string) => readonly Asked[]
  readonly storage: StorageStatus
  /** Why nothing is kept here, though nobody asked for that. */
  readonly forgets: string | undefined
}

/** What is pending; since when is told by whoever saw it before (ages.ts). */
export type Found = Omit<Pending, 'since'>

/** Documents whose waiting edits are told one by one, and missing edits of each: the others are counted. */
export const TOLD_MAX = 8

/** `present` are the members in contact. */
export function pendingOf(facts: PendingFacts, present: readonly PeerStatus[]): Found[] {
  const found: Found[] = []
  if (!facts.saved) found.push(saving(facts.saveError))
  const storage = facts.forgets ?? storageSentence(facts.storage)
  if (storage !== undefined) {
    const doing = 'What other members have stored is safe there.'
    found.push({ reason: 'storage', message: storage, doing })
  }
  if (facts.degraded) {
    const who = present.length > 0 ? 'Members are asked for it.' : 'Members are asked for it as soon as one is met.'
    const message = 'Damage was found on disk; what is missing comes back from other members.'
    found.push({ reason: 'damaged', message, doing: who })
  }
  found.push(...staleOf(facts.stale), ...waitingOf(facts.waiting), ...waitingOf(facts.wanted))
  if (facts.paused) found.push(paused)
  else if (present.length === 0) found.push(alone(facts))
  // That own edits are being saved is said above, once.
  const isTold = ({ agreed, why }: PeerStatus): boolean => agreed || (!facts.saved && why === savingFirst)
  for (const peer of present) if (!isTold(peer)) found.push(syncing(peer, facts.asked(peer.id)))
  return found
}

const paused: Found = {
  reason: 'paused',
  message: 'This peer is paused: it meets nobody until it is resumed.',
  doing: 'Editing goes on; what is made meanwhile is exchanged then.',
}

function saving(error: JoineryError | undefined): Found {
  const reason = 'saving'
  if (error === undefined)
    return { reason, message: 'Your latest edits are being saved.', doing: 'They are on their way to disk.' }
  const doing =
    error.code === 'store-full'
      ? 'It is tried again each second.'
      : 'Nothing more is written until the peer is opened anew.'
  return { reason, message: error.message, doing }
}

function staleOf(stale: PendingFacts['stale']): Found[] {
  const told = stale.slice(0, TOLD_MAX).map((following): Found => {
    const document = following.document.id.name
    const doing = 'It comes from the device where it was seen, or from whoever has it.'
    return { reason: 'stale', message: staleSentence(document, following), doing, document }
  })
  const rest = stale.length - told.length
  if (rest <= 0) return told
  const message = `Of ${rest} more documents edits were seen elsewhere that are not here yet.`
  return [...told, { reason: 'stale', message, doing: 'They come from whoever has them.' }]
}

function waitingOf(waiting: readonly WaitingOps[]): Found[] {
  const told = waiting.slice(0, TOLD_MAX).map(({ document, ops, missing, asked, after }): Found => {
    return {
      reason: 'ops',
      message:
        ops > 0
          ? `${edits(ops)} of "${document}" arrived before the edits they build on${afterWords(after)}.`
          : `Edits of "${document}" are missing, on which others build that arrived here once.`,
      doing:
        asked.length > 0 ? askedWords(asked) : 'Nobody in contact has said that it has these; whoever does is asked.',
      document,
      missing: missing.slice(0, TOLD_MAX).map(({ actor, seq }) => ({ device: deviceOf(actor), edit: seq })),
      asked,
    }
  })
  const rest = waiting.slice(TOLD_MAX)
  if (rest.length === 0) return told
  const message = `Of ${rest.length} more documents edits arrived before the edits they build on.`
  return [...told, { reason: 'ops', message, doing: 'Whoever has these is asked for them.' }]
}

function syncing({ id, name, why }: PeerStatus, asked: readonly Asked[]): Found {
  const doing = asked.length > 0 ? askedWords(asked) : `${name} is told what is here, and asks for what it lacks.`
  return { reason: 'sync', message: why ?? `${name} has not agreed yet.`, doing, peer: id, asked }
}

/** ', among them 3 edits of "prices"' */
function afterWords(after: readonly Awaited[]): string {
  const words = after.slice(0, TOLD_MAX).map(({ document, edits: count }) => `${edits(count)} of "${document}"`)
  return words.length === 0 ? '' : `, among them ${words.join(', ')}`
}

/** 'Ada is being asked, since it has news.' */
function askedWords(asked: readonly Asked[]): string {
  return `${asked.map(({ name, because }) => `${name} is being asked, ${reasonWords(because)}`).join('; ')}.`
}

function deviceOf(actor: Dot['actor']): string {
  const owner = ownerOf(actor)
  return owner.kind === 1 ? deviceId(owner.publicKey) : isSelfCertifying(actor) ? 'init' : actor
}

function alone({ leading, networked, reported }: PendingFacts): Found {
  const reason = 'alone'
  if (!networked) {
    const doing = 'It was opened without a network; a bundle carries its edits to others.'
    return { reason, message: 'This peer talks to nobody.', doing }
  }
  const again = 'The addresses that are known are dialled again and again.'
  if (leading) return { reason, message: 'No other member is in contact.', doing: again }
  if (!reported)
    return {
      reason,
      message: 'This peer is not connected yet.',
      doing: 'The tab that carries the connection is asked.',
    }
  const message = 'No other member is in contact. Another tab of this browser carries the connection.'
  return { reason, message, doing: again }
}
