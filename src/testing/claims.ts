// What a peer of a simulated world says, held against what the world knows (Invariants 8 and 13): that its own edits are saved, that another holds what it holds,
// that another has stored what it wrote. Each gives a sentence where something is not so.

import { limits } from '../base/limits.ts'
import { actorOf, isOwn } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import type { PeerStatus } from '../peer/api.ts'
import type { Document } from '../peer/document.ts'
import type { Ledger } from './ledger.ts'
import type { SimulatedPeer } from './simulated-peer.ts'

/** So many ranges of one author wait that no more may: each counts for 256 bytes and its own (core/buffer.ts). */
const FULL_BYTES = 256 * limits.bufferAuthorRanges

/** What was sent is there, or never will be. */
const ON_ITS_WAY_MS = 2_000

export interface Truth {
  readonly peers: readonly SimulatedPeer[]
  /** Actors who may have two lives, since a disk was set back or somebody is hostile: of them nothing is known for sure. */
  readonly declared: ReadonlySet<string>
  /** Nobody's words were altered in what somebody opened already: receipts are what their givers said. */
  readonly wordsAreTrue: boolean
  /** Members who say that they have stored what they have not. */
  readonly liars: number
  /** The world's clock. */
  readonly now: () => number
}

export interface Violation {
  /** Which invariant, or what else is promised. */
  readonly rule: string
  readonly message: string
}

type Found = Violation | undefined

/** What of its status is not so. */
export function falseClaim(peer: SimulatedPeer, truth: Truth): Found {
  const { space } = peer
  if (space === undefined) return undefined
  const { saved, upToDate, peers } = space.status.current
  if (saved) {
    const lacking = peer.documents.map((one) => beyond(peer.ledger, one, ownVersion(peer, one), truth)).find(Boolean)
    if (lacking !== undefined) return { rule: '13 Honest', message: `${peer.name} says it is saved: ${lacking}` }
  }
  if (upToDate && !(saved && peers.some(({ connected }) => connected)))
    return { rule: '13 Honest', message: `${peer.name} says it is up to date, unsaved or alone` }
  for (const status of peers) {
    const other = truth.peers.find(({ id }) => id === status.id)
    if (other === undefined || other === peer) continue
    // What was on its way when the other lost its disk may still come in, a hello among it: that may take so long.
    if (!status.connected && truth.now() - other.since > ON_ITS_WAY_MS) peer.mayThinkAgreed.delete(other)
    // Of whom it has not met since, only what it wrote since is not stored.
    if (!status.stored && status.connected && !peer.mayThinkAgreed.has(other) && other.state === 'up')
      peer.mayThinkStored.delete(other)
    const found = falseReceipt(peer, other, status, truth)
    if (found !== undefined) return { rule: '13 Honest', message: `${peer.name} says of ${other.name}: ${found}` }
  }
  return undefined
}

function falseReceipt(peer: SimulatedPeer, other: SimulatedPeer, status: PeerStatus, truth: Truth): string | undefined {
  for (const document of peer.documents) {
    const lackingHere =
      status.agreed && !peer.mayThinkAgreed.has(other)
        ? beyond(other.ledger, document, document.outward, truth)
        : undefined
    if (lackingHere !== undefined) return `it agrees, but ${lackingHere}`
    if (!status.stored || !truth.wordsAreTrue || peer.mayThinkStored.has(other)) continue
    const lacking = beyond(other.ledger, document, ownVersion(peer, document), truth)
    if (lacking !== undefined) return `it has stored everything, but ${lacking}`
  }
  return undefined
}

/** A wait for `wanted` others to have stored `versions` came to its end: have they? */
export function falseReturn(
  peer: SimulatedPeer,
  versions: ReadonlyMap<Document, Version>,
  wanted: number,
  truth: Truth,
): Found {
  const stores = ({ ledger }: SimulatedPeer): boolean =>
    [...versions].every(([document, version]) => beyond(ledger, document, version, truth) === undefined)
  if (!stores(peer)) return { rule: '8 Durable', message: `${peer.name} was told that its edits are saved` }
  const holders = truth.peers.filter(
    (other) => other !== peer && (peer.mayThinkStored.has(other) || stores(other)),
  ).length
  if (!truth.wordsAreTrue || holders + truth.liars >= wanted) return undefined
  return {
    rule: '13 Honest',
    message: `${peer.name} was told that ${wanted} others stored its edits: ${holders} have`,
  }
}

/** Invariant 8: nobody holds what its author has not stored. */
export function escaped(peer: SimulatedPeer, truth: Truth): Found {
  for (const document of peer.documents) {
    for (const [branch, end] of document.version) {
      const actor = actorOf(branch)
      const author = truth.peers.find(({ actors }) => actors.has(actor))
      if (author === undefined || author === peer || truth.declared.has(actor)) continue
      const stored = author.ledger.holds(document.stream, actor)
      if (end > stored)
        return {
          rule: '8 Durable',
          message: `${peer.name} holds ${end} edits of ${author.name} in "${document.id.name}", who stored ${stored}`,
        }
    }
  }
  return undefined
}

/** Invariant 9. */
export function unbounded(peer: SimulatedPeer): Found {
  for (const document of peer.documents) {
    if (document.asleep !== undefined) continue
    const { bytes, missing } = document.replica.pending
    if (bytes > limits.bufferBytes) return { rule: '9 Bounded', message: `${bytes} bytes wait at ${peer.name}` }
    const isFull = document.replica.hasDropped && bytes >= FULL_BYTES
    // What is missing of an actor is what comes before all that waits, and the end of what was dropped: if that is further than all that was kept. Of whom
    // nothing waits, what is nearer may have come since.
    const isFurthest = new Set(missing.map(({ actor }) => actor)).size < missing.length
    if (isFull && !isFurthest && missing.every(({ actor }) => document.replica.waits(actor)))
      return { rule: '9 Bounded', message: `a full buffer at ${peer.name} dropped what is nearest` }
  }
  return undefined
}

/** What this device wrote in a document. */
export function ownVersion(peer: SimulatedPeer, document: Document): Version {
  const keyHex = peer.peer?.device.keyHex ?? ''
  return new Map([...document.version].filter(([branch]) => isOwn(branch, keyHex)))
}

/** What of `version` was not stored, in words. What signs itself is stored with what builds on it. */
function beyond(ledger: Ledger, document: Document, version: Version, { declared, peers }: Truth): string | undefined {
  for (const [branch, end] of version) {
    const actor = actorOf(branch)
    if (declared.has(actor) || !peers.some(({ actors }) => actors.has(actor))) continue
    const stored = ledger.holds(document.stream, actor)
    if (stored < end) return `of ${end} edits by ${actor.slice(2, 8)} in "${document.id.name}" ${stored} are stored`
  }
  return undefined
}
