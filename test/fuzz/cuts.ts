// Cutting somebody off a document, as a delta: what a roster will do, without its rights.

import { actorBytes } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { type Doc, isJoineryError } from '../../src/doc.ts'
import { recordCut, recordUncut } from '../../src/replica/cut.ts'
import type { Replica } from '../../src/replica/replica.ts'
import type { Chance } from './chance.ts'

/** Somebody is cut off behind one of their changes; or, if they were there, let in again. Undefined if nobody has made a change. */
export function drawCut(doc: Doc, chance: Chance): Uint8Array | undefined {
  const { history } = replicaOf(doc)
  const { graph, log, actors } = history
  const ends = Array.from({ length: graph.length }, (_, lv) => lv).filter(
    (lv) => log.changeEnds.get(lv) === 1 && !history.isInit(graph.branchAt(lv)),
  )
  if (ends.length === 0) return undefined
  // Mostly late: what is cut off early leaves little.
  const lv = chance.maybe(0.5) ? chance.pick(ends.slice(-6)) : chance.pick(ends)
  const cut = recordCut(history, actors.nameOf(graph.branchAt(lv)), graph.seqAt(lv))
  const isThere = history.endOf(cut.actor) > 0
  return deltaOf(isThere ? recordUncut(history, cut.actor) : cut)
}

/** Whether an error says that the actor was cut off. */
export function saysCut(error: unknown): boolean {
  return isJoineryError(error, 'bad-change') && error.message.includes('cut off')
}

/** A change of an actor that is named in full (core/wire-delta.ts). */
export function deltaOf({ actor, body }: SignedRange): Uint8Array {
  const name = actorBytes(actor)
  return Uint8Array.from([1, name.length, ...name, 0, ...body])
}

/** A document has one; it does not show it. */
export function replicaOf(doc: Doc): Replica {
  return (doc as unknown as { readonly replica: Replica }).replica
}
