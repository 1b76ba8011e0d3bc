// What must be so where a simulated world has come to rest: all hold the same, byte for byte, nothing that was stored is missing, histories are whole, and by
// whatever way ops come they mean the same.

import { equalBytes, toHex } from '../base/bytes.ts'
import { actorOf, isSelfCertifying, memberActor } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { equalVersions } from '../core/version.ts'
import type { Document } from '../peer/document.ts'
import { Replica } from '../replica/replica.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import type { Violation } from './claims.ts'
import type { Dice } from './dice.ts'
import type { SimulatedPeer } from './simulated-peer.ts'

/** A document as somebody had it before. */
export interface Older {
  readonly id: DocName
  readonly snapshot: Uint8Array
}

/** What of one document everybody must have alike. */
interface Face {
  readonly digest: string
  readonly snapshot: Uint8Array
  /** The first values that were made here and leave with the first edit that builds on them. */
  readonly unsaid: string
}

/** Invariants 2 to 6, 8, 10 and 11, and that nothing acknowledged is lost. */
export function restless(peers: readonly SimulatedPeer[], older: Older | undefined, dice: Dice): Violation | undefined {
  return (
    peers.map(broken).find(Boolean) ??
    unequal(peers) ??
    peers.map((peer) => lost(peer) ?? unstored(peer)).find(Boolean) ??
    twoLives(peers) ??
    otherwise(dice.pick(peers), older, dice)
  )
}

/** Histories of a peer that are not as they must be. */
export function broken(peer: SimulatedPeer): Violation | undefined {
  for (const { asleep, replica, id } of peer.documents) {
    if (asleep !== undefined) continue
    try {
      replica.check()
    } catch (error) {
      return { rule: '2 Dense, 3 Causal', message: `"${id.name}" at ${peer.name}: ${String(error)}` }
    }
  }
  return undefined
}

/** What a peer's store promised and its documents have not. */
export function lost(peer: SimulatedPeer): Violation | undefined {
  for (const document of peer.space?.documentsByKey.values() ?? []) {
    const missing = peer.ledger.missing(document.stream, document.version)
    if (missing !== undefined)
      return { rule: 'nothing acknowledged is lost', message: `"${document.id.name}" at ${peer.name}: ${missing}` }
  }
  return undefined
}

/** What a peer's documents have and its store has not: it came by another way than the door. What signs itself is stored with what builds on it. */
function unstored(peer: SimulatedPeer): Violation | undefined {
  for (const { id, stream, outward } of peer.documents)
    for (const [branch, end] of outward) {
      const actor = actorOf(branch)
      if (isSelfCertifying(actor)) continue
      const stored = peer.ledger.holds(stream, actor)
      if (stored < end)
        return {
          rule: '4 One door, 8 Durable',
          message: `of ${end} edits of ${actor.slice(2, 10)} in "${id.name}" ${peer.name} stored ${stored}`,
        }
    }
  return undefined
}

/** Invariant 11: whoever found that its actor has two lives writes as another, and no two write as one. */
function twoLives(peers: readonly SimulatedPeer[]): Violation | undefined {
  const writers = new Map<string, SimulatedPeer>()
  for (const peer of peers) {
    const actor = peer.peer?.actor
    if (actor === undefined) continue
    const other = writers.get(actor)
    writers.set(actor, peer)
    if (other !== undefined)
      return { rule: '11 Own name', message: `${other.name} and ${peer.name} write as one actor` }
    for (const { id, version } of peer.documents)
      if ([...version.keys()].filter((branch) => actorOf(branch) === actor).length > 1)
        return { rule: '11 Own name', message: `${peer.name} goes on as an actor who has two lives in "${id.name}"` }
  }
  return undefined
}

/** Invariants 5, 6 and 10, of one document of a peer: all of it again, anew in any order, and upon an older snapshot. */
function otherwise(peer: SimulatedPeer, older: Older | undefined, dice: Dice): Violation | undefined {
  // An init that no signed op builds on is said to nobody.
  const isWhole = (one: Document): boolean => one.asleep === undefined && equalVersions(one.outward, one.version)
  const documents = peer.documents.filter((one) => isWhole(one) && one.id.name !== '')
  if (documents.length === 0) return undefined
  const wanted = older === undefined ? undefined : docKey(older.id)
  const document = documents.find(({ id }) => docKey(id) === wanted) ?? dice.pick(documents)
  const { replica, outward, id } = document
  const expected = document.replica.snapshot({ signatures: false })
  const { ranges } = replica.outward.rangesSince(new Map(), outward, Number.POSITIVE_INFINITY)
  const anyhow = shuffled(ranges, dice)
  const isSame = (snapshot: Uint8Array): boolean => equalBytes(snapshot, expected)
  const violated = (rule: string, how: string): Violation => ({
    rule,
    message: `"${id.name}" of ${peer.name} is another ${how}`,
  })
  if (!isSame(anew(document, [...anyhow, ...ranges], undefined)))
    return violated('6 Converge', 'if its ops come in another order')
  const isOlder = older !== undefined && docKey(id) === wanted && hasAllOf(document, older.snapshot)
  if (isOlder && !isSame(anew(document, [...anyhow, ...ranges], older.snapshot)))
    return violated('10 Snapshot', 'upon an older snapshot')
  replica.receive(anyhow, { origin: 'sync' })
  return isSame(replica.snapshot({ signatures: false })) ? undefined : violated('5 Once', 'if its ops come again')
}

/** Whether what a snapshot has is still here: whoever shows edits before they are stored may lose them, with the power, before anybody has them. */
function hasAllOf({ replica, tag }: Document, snapshot: Uint8Array): boolean {
  const { outward, history } = blank(tag, snapshot)
  const stated = outward.stated(history.version)
  return [...stated].every((entry) => replica.outward.seen(new Map([entry])).size > 0)
}

/** The snapshot of a replica made of these, some at a time. Of a forked actor some may have to be asked for again. */
function anew({ tag }: Document, ranges: readonly SignedRange[], older: Uint8Array | undefined): Uint8Array {
  const replica = blank(tag, older)
  for (let from = 0; from < ranges.length; from += 3) replica.receive(ranges.slice(from, from + 3), { origin: 'sync' })
  return replica.snapshot({ signatures: false })
}

/** The replica of somebody who writes nothing: empty, or of a snapshot. */
function blank(docTag: Document['tag'], snapshot: Uint8Array | undefined): Replica {
  const replica = new Replica({ docTag, actor: memberActor(new Uint8Array(32), 0), now: () => 0 })
  if (snapshot !== undefined) replica.load(snapshot)
  return replica
}

function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = dice.below(i + 1)
    ;[out[i], out[j]] = [out[j] as T, out[i] as T]
  }
  return out
}

function unequal([first, ...others]: readonly SimulatedPeer[]): Violation | undefined {
  if (first === undefined) return undefined
  const faces = facesOf(first)
  for (const other of others) {
    const theirs = facesOf(other)
    for (const name of new Set([...faces.keys(), ...theirs.keys()])) {
      const what = difference(faces.get(name), theirs.get(name))
      if (what !== undefined)
        return { rule: '6 Converge', message: `"${name.slice(2)}" at ${first.name} and ${other.name} ${what}` }
    }
  }
  return undefined
}

function difference(a: Face | undefined, b: Face | undefined): string | undefined {
  if (a === undefined || b === undefined) return 'is held by one of them'
  if (a.digest !== b.digest) return 'has other edits'
  // A first value that nobody built on is shown where it was made, and said to nobody.
  if (a.unsaid !== b.unsaid) return undefined
  return equalBytes(a.snapshot, b.snapshot) ? undefined : 'has the same edits and another state'
}

function facesOf(peer: SimulatedPeer): Map<string, Face> {
  return new Map(
    peer.documents.map((document) => [
      docKey(document.id),
      {
        digest: toHex(document.digest),
        snapshot: document.replica.snapshot({ signatures: false }),
        unsaid: [...document.version.keys()]
          .filter((branch) => isSelfCertifying(actorOf(branch)) && !document.outward.has(branch))
          .sort()
          .join(' '),
      },
    ]),
  )
}
