// Who is cut off a document behind some op, and who is let in again: each as one op of a self-certifying actor, so that it is the same on every peer
// that says the same, and needs no signature (FORMAT §1, §3). What it does is the document's matter (crdt/cuts.ts); who may say so is decided elsewhere.

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { LV } from '../core/graph.ts'
import { type ActorId, actorBytes, type BranchId, nobody } from '../core/ids.ts'
import { type Cut, Kind } from '../core/kinds.ts'
import type { SignedRange } from '../core/range.ts'
import type { Staging } from '../core/staging.ts'
import type { History } from './history.ts'

/** The cut of an actor behind its op `afterSeq`, which is held and ends a change. The history stays as it is. */
export function recordCut(history: History, whom: BranchId, afterSeq: number): SignedRange {
  const branch = history.branchOf(whom)
  const link = history.graph.lvOf(branch, afterSeq)
  assert(link >= 0 && history.endsChange(branch, afterSeq + 1), `no change of ${whom} ends with ${afterSeq}`)
  return record(history, link, 1, {
    actor: history.actors.bytesOf(branch),
    afterSeq,
    hash: history.hashAt(branch, afterSeq + 1),
  })
}

/** The uncut that takes back what `author` has cut. */
export function recordUncut(history: History, author: ActorId): SignedRange {
  const link = history.graph.lvOf(history.branchOf(author), 0)
  const cut = link < 0 ? undefined : cutAt(history, link)
  assert(cut !== undefined, `${author} has cut nobody off`)
  return record(history, link, 2, cut)
}

/** Written by an actor without a name, and forgotten: the chain names the actor. */
function record(history: History, link: LV, level: 1 | 2, cut: Cut): SignedRange {
  const { graph, log, chain } = history
  const [length, frontier] = [graph.length, [...graph.frontier]]
  const [units, values] = [log.units.length, log.values.length]
  const branch = history.actors.indexOf(nobody)
  graph.append(branch, 1, [link], 0)
  log.push(Kind.cut, 0, level, log.values.push(cut) - 1, 1, false)
  log.endChange(1)
  const actor = chain.initActor(branch, 1)
  const range: SignedRange = {
    actor,
    fromSeq: 0,
    endSeq: 1,
    body: history.body(branch, 0, 1),
    tipHash: chain.hashAs(branch, 1, actorBytes(actor)),
    signature: new Uint8Array(0),
  }
  history.truncate(length, frontier, units, values)
  return range
}

/** A self-certifying actor has one change without a signature: one without links, which begins a document, or one cut upon one op. */
export function checkSelfCertified(range: SignedRange, staging: Staging): void {
  const wrong = (why: string): JoineryError => bad(`the init change of ${range.actor} ${why}`)
  if (range.fromSeq !== 0 || staging.stretches !== 1) throw wrong('is not one change')
  if (range.signature.length > 0) throw wrong('is signed')
  const links = staging.linkBranches.length
  if (staging.kinds.at(0) !== Kind.cut) {
    if (links > 0) throw wrong('has links')
  } else if (staging.length > 1 || links !== 1) throw wrong('is no cut upon one op')
}

/** That a self-certifying actor is named after its change; and that a cut is about the op it links to, an uncut about the cut. */
export function checkSelfNamed(history: History, branch: number, end: number): void {
  const { graph, log, actors } = history
  const name = actors.nameOf(branch)
  if (history.chain.initActor(branch, end) !== name) throw bad(`the init change of ${name} has another hash`)
  const lv = graph.lvOf(branch, 0)
  const row = log.rowAt(lv)
  if (log.kindOf(row) !== Kind.cut) return
  const link = graph.parentsAt(lv)[0] as LV
  const cut = log.values[log.bOf(row)] as Cut
  const other = log.aOf(row) === 1 ? cutBehind(history, link) : cutAt(history, link)
  if (other === undefined || !isSame(cut, other)) throw bad(`the cut ${name} is not about what it links to`)
  history.keepCited(link)
}

/** What a cut upon an op says; undefined if nobody can be cut off there. */
function cutBehind(history: History, link: LV): Cut | undefined {
  const branch = history.graph.branchAt(link)
  const afterSeq = history.graph.seqAt(link)
  if (history.isInit(branch)) return undefined
  return { actor: history.actors.bytesOf(branch), afterSeq, hash: history.hashAt(branch, afterSeq + 1) }
}

/** What a cut said; undefined if the op is none. */
function cutAt(history: History, lv: LV): Cut | undefined {
  const { log, graph } = history
  if (!history.isInit(graph.branchAt(lv))) return undefined
  // Asking for the row may bring others.
  log.thaw()
  const row = log.rowAt(lv)
  // The log's values are what kinds.ts says for each kind.
  return log.kindOf(row) === Kind.cut && log.aOf(row) === 1 ? (log.values[log.bOf(row)] as Cut) : undefined
}

function isSame(a: Cut, b: Cut): boolean {
  return a.afterSeq === b.afterSeq && equalBytes(a.actor, b.actor) && equalBytes(a.hash, b.hash)
}

function bad(message: string): JoineryError {
  return new JoineryError('bad-message', message)
}
