// B1, no conflict: one document edits, another applies each delta (after dmonad/crdt-benchmarks).

import {
  defaultLimitMs,
  ensureEqual,
  loadedMegabytes,
  type Measurement,
  type Outcome,
  orMissing,
  type Task,
  timeMs,
} from '../measurement.ts'
import type { PeerDoc } from '../peer.ts'
import {
  appendCharacters,
  appendNumbers,
  type Dice,
  dice,
  insertInto,
  insertNumbersOnce,
  insertOnce,
  insertThenDelete,
  type ListEdit,
  prependCharacters,
  prependNumbers,
  randomCharacters,
  randomNumbers,
  randomWords,
  type TextEdit,
  typeInto,
  wordsAndDeletes,
} from '../workload.ts'

const n = 6000

/** What is done, made anew in each process by the same dice, and how it is read. */
interface Work {
  prepare(): (doc: PeerDoc) => void
  read(doc: PeerDoc): unknown
}

function onText(make: (count: number, dice: Dice) => TextEdit[]): Work {
  const prepare = () => {
    const edits = make(n, dice(1))
    return (doc: PeerDoc) => typeInto(doc, edits)
  }
  return { prepare, read: (doc) => doc.text() }
}

function onList(make: (count: number, dice: Dice) => ListEdit[]): Work {
  const prepare = () => {
    const edits = make(n, dice(1))
    return (doc: PeerDoc) => insertInto(doc, edits)
  }
  return { prepare, read: (doc) => doc.list() }
}

const works: Readonly<Record<string, Work>> = {
  'B1.1': onText(appendCharacters),
  'B1.2': onText(insertOnce),
  'B1.3': onText(prependCharacters),
  'B1.4': onText(randomCharacters),
  'B1.5': onText(randomWords),
  'B1.6': onText(insertThenDelete),
  'B1.7': onText(wordsAndDeletes),
  'B1.8': onList(appendNumbers),
  'B1.9': onList(insertNumbersOnce),
  'B1.10': onList(prependNumbers),
  'B1.11': onList(randomNumbers),
}

export const b1: readonly Measurement[] = Object.entries(works).flatMap(([id, work]) => [
  {
    id: `${id}/edit`,
    rows: {
      [`${id}/time`]: 'ms',
      [`${id}/local`]: 'ms',
      [`${id}/delta-bytes`]: 'B',
      [`${id}/delta-bytes-session`]: 'B',
      [`${id}/encode`]: 'ms',
      [`${id}/bytes`]: 'B',
    },
    limitMs: defaultLimitMs,
    run: (task) => edit(id, work, task),
  },
  {
    id: `${id}/open`,
    rows: { [`${id}/parse`]: 'ms' },
    needs: `${id}/edit`,
    limitMs: defaultLimitMs,
    run: (task) => open(id, work, task),
  },
  {
    id: `${id}/hold`,
    rows: { [`${id}/memory`]: 'MB' },
    needs: `${id}/edit`,
    limitMs: defaultLimitMs,
    run: async ({ peer, fixture }) => ({
      rows: { [`${id}/memory`]: await loadedMegabytes(peer, () => documentOf(fixture), work.read) },
    }),
  },
])

function edit(id: string, { prepare, read }: Work, { peer }: Task): Outcome {
  const editAll = prepare()
  const deltas: Uint8Array[] = []
  const doc1 = peer.create({ actor: 1, onDelta: (delta) => deltas.push(delta) })
  const doc2 = peer.create({ actor: 2 })

  const localMs = timeMs(() => editAll(doc1))
  const remoteMs = timeMs(() => {
    for (const delta of deltas) doc2.receive(delta)
    ensureEqual(read(doc2), read(doc1), 'the other document')
  })
  let document = new Uint8Array()
  const encodeMs = timeMs(() => {
    document = Uint8Array.from(doc1.save())
  })
  return {
    rows: {
      [`${id}/time`]: localMs + remoteMs,
      [`${id}/local`]: localMs,
      [`${id}/delta-bytes`]: averageBytes(deltas),
      [`${id}/delta-bytes-session`]: orMissing(() => doc1.sessionDeltaBytes(deltas)),
      [`${id}/encode`]: encodeMs,
      [`${id}/bytes`]: document.length,
    },
    fixture: { document, value: read(doc1) },
  }
}

function open(id: string, { read }: Work, { peer, fixture }: Task): Outcome {
  const document = documentOf(fixture)
  let value: unknown
  const parseMs = timeMs(() => {
    value = read(peer.load(document, { actor: 3 }))
  })
  ensureEqual(value, fixture.value, 'the loaded document')
  return { rows: { [`${id}/parse`]: parseMs } }
}

export function documentOf({ document }: { document?: Uint8Array }): Uint8Array {
  if (document === undefined) throw new Error('no document was made before')
  // A copy: who keeps a view of what it loads, keeps this one.
  return Uint8Array.from(document)
}

export function averageBytes(deltas: readonly Uint8Array[]): number {
  if (deltas.length === 0) throw new Error('no delta was emitted')
  return deltas.reduce((sum, { length }) => sum + length, 0) / deltas.length
}
