// B2, two writers: both edit offline, in one transaction each, then exchange what they did.

import { defaultLimitMs, ensureEqual, type Measurement, type Outcome, type Task, timeMs } from '../measurement.ts'
import {
  type Dice,
  dice,
  insertOnce,
  randomCharacters,
  randomWords,
  type TextEdit,
  typeInto,
  wordsThenThere,
} from '../workload.ts'
import { averageBytes } from './b1.ts'

const n = 6000
const shared = 100

const works: Readonly<Record<string, (dice: Dice) => TextEdit[]>> = {
  'B2.1': (dice) => insertOnce(n, dice),
  'B2.2': (dice) => randomCharacters(n, dice, shared),
  'B2.3': (dice) => randomWords(n, dice, shared),
  'B2.4': (dice) => wordsThenThere(n, dice, shared),
}

export const b2: readonly Measurement[] = Object.entries(works).map(([id, make]) => ({
  id,
  rows: {
    [`${id}/time`]: 'ms',
    [`${id}/local`]: 'ms',
    [`${id}/merge`]: 'ms',
    [`${id}/delta-bytes`]: 'B',
    [`${id}/bytes`]: 'B',
  },
  limitMs: defaultLimitMs,
  run: (task) => exchange(id, make, task),
}))

function exchange(id: string, make: (dice: Dice) => TextEdit[], { peer }: Task): Outcome {
  const [edits1, edits2] = [make(dice(1)), make(dice(2))]
  const [deltas1, deltas2]: [Uint8Array[], Uint8Array[]] = [[], []]
  const doc1 = peer.create({ actor: 1, onDelta: (delta) => deltas1.push(delta) })
  const doc2 = peer.create({ actor: 2, onDelta: (delta) => deltas2.push(delta) })
  typeInto(doc1, insertOnce(shared, dice(3)))
  for (const delta of deltas1.splice(0)) doc2.receive(delta)

  const localMs = timeMs(() => {
    doc1.transact(() => typeInto(doc1, edits1))
    doc2.transact(() => typeInto(doc2, edits2))
  })
  const mergeMs = timeMs(() => {
    for (const delta of deltas2) doc1.receive(delta)
    for (const delta of deltas1) doc2.receive(delta)
    ensureEqual(doc2.text(), doc1.text(), 'the other text')
  })
  return {
    rows: {
      [`${id}/time`]: localMs + mergeMs,
      [`${id}/local`]: localMs,
      [`${id}/merge`]: mergeMs,
      [`${id}/delta-bytes`]: averageBytes([...deltas1, ...deltas2]),
      [`${id}/bytes`]: doc1.save().length,
    },
  }
}
