// The change a document begins with when it is given a first value: by a self-certifying actor, so that it is the same on every peer that begins
// with the same, and needs no signature (FORMAT §1, §4).

import { JoineryError } from '../base/errors.ts'
import { actorBytes, nobody } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { EngineDocument } from '../crdt/engine/document.ts'
import { readPlan } from '../crdt/engine/input.ts'
import { History } from './history.ts'

/** The one change, as a range; undefined if there is nothing in the value. Errors: 'bad-value'. */
export function recordInit(value: object, docTag: Uint8Array): SignedRange | undefined {
  const plan = readPlan(value, [], 0, () => undefined)
  if (plan.type !== 'map') throw new JoineryError('bad-value', 'a document begins as a plain object')
  // Recorded beside the document, by an actor without a name: the chain names the actor.
  const history = new History(docTag)
  const branch = history.actors.indexOf(nobody)
  const document = new EngineDocument(history.graph, history.log, history.actors.compare)
  document.recorder.begin(branch, undefined, 0)
  for (const [key, item] of [...plan.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
    document.recorder.setKey(document.root, key, item)
  const count = document.recorder.count
  document.recorder.commit()
  if (count === 0) return undefined
  const actor = history.chain.initActor(branch, count)
  return {
    actor,
    fromSeq: 0,
    endSeq: count,
    body: history.body(branch, 0, count),
    tipHash: history.chain.hashAs(branch, count, actorBytes(actor)),
    signature: new Uint8Array(0),
  }
}
