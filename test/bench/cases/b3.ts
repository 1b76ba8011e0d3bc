// B3, many writers: 1,540 documents make one change each, another applies all of them.

import { defaultLimitMs, type Measurement, type Outcome, type Task, timeMs } from '../measurement.ts'
import type { PeerDoc } from '../peer.ts'
import { averageBytes } from './b1.ts'

const writers = 1540

interface Work {
  edit(doc: PeerDoc, writer: number): void
  /** The size of what is there after all. */
  size(doc: PeerDoc): number
  readonly expected: number
}

const digits = Array.from({ length: writers }, (_, i) => String(i)).join('').length
const onMap = (value: (writer: number) => unknown): Work => ({
  edit: (doc, writer) => doc.setMap('v', value(writer)),
  size: (doc) => Object.keys(doc.map()).length,
  expected: 1,
})

const works: Readonly<Record<string, Work>> = {
  'B3.1': onMap((writer) => writer),
  'B3.2': onMap((writer) => ({ name: String(writer), address: 'here' })),
  'B3.3': onMap((writer) => String(writer).repeat(writers)),
  'B3.4': {
    edit: (doc, writer) => doc.insertList(0, [String(writer)]),
    size: (doc) => doc.list().length,
    expected: writers,
  },
  'B3.5': {
    edit: (doc, writer) => doc.insertText(0, String(writer)),
    size: (doc) => doc.text().length,
    expected: digits,
  },
}

export const b3: readonly Measurement[] = Object.entries(works).flatMap(([id, work]) => [
  {
    id: `${id}/all-at-once`,
    rows: { [`${id}/batch`]: 'ms', [`${id}/delta-bytes`]: 'B', [`${id}/bytes`]: 'B' },
    limitMs: defaultLimitMs,
    run: (task) => batch(id, work, task),
  },
  {
    id: `${id}/each`,
    rows: { [`${id}/one-by-one`]: 'ms' },
    limitMs: defaultLimitMs,
    run: (task) => oneByOne(id, work, task),
  },
])

function batch(id: string, work: Work, task: Task): Outcome {
  const deltas = changes(work, task)
  const doc = task.peer.create({ actor: 0 })
  const ms = apply(work, doc, () => doc.receiveAll(deltas))
  return {
    rows: { [`${id}/batch`]: ms, [`${id}/delta-bytes`]: averageBytes(deltas), [`${id}/bytes`]: doc.save().length },
  }
}

function oneByOne(id: string, work: Work, task: Task): Outcome {
  const deltas = changes(work, task)
  const doc = task.peer.create({ actor: 0 })
  const ms = apply(work, doc, () => {
    for (const delta of deltas) doc.receive(delta)
  })
  return { rows: { [`${id}/one-by-one`]: ms } }
}

function apply({ size, expected }: Work, doc: PeerDoc, receive: () => void): number {
  let found = 0
  const ms = timeMs(() => {
    receive()
    found = size(doc)
  })
  if (found !== expected) throw new Error(`${found} where ${expected} were expected`)
  return ms
}

function changes({ edit }: Work, { peer }: Task): Uint8Array[] {
  const deltas: Uint8Array[] = []
  for (let writer = 0; writer < writers; writer++)
    edit(peer.create({ actor: writer + 10, onDelta: (delta) => deltas.push(delta) }), writer)
  return deltas
}
