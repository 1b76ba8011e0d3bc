// B4: automerge-paper, a paper typed by one writer in 259,778 edits; its document is what the rows on loading and on deltas begin with.

import { deflateRawSync } from 'node:zlib'
import {
  defaultLimitMs,
  ensureEqual,
  heldBytes,
  loadedMegabytes,
  type Measurement,
  type Outcome,
  orMissing,
  type Task,
  timeMs,
} from '../measurement.ts'
import type { DocOptions, PeerDoc } from '../peer.ts'
import { sequential } from '../traces.ts'
import { type TextEdit, typeInto } from '../workload.ts'
import { documentOf } from './b1.ts'

const longMs = 10 * defaultLimitMs
export const made = 'B4/document'

export const b4: readonly Measurement[] = [
  {
    id: 'B4/handle',
    rows: { 'B4/handle': 'ms', 'B4/delta-bytes': 'B', 'B4/encode': 'ms' },
    limitMs: defaultLimitMs,
    run: (task) => {
      const { ms, averageBytes, doc } = replay(task)
      return { rows: { 'B4/handle': ms, 'B4/delta-bytes': averageBytes, 'B4/encode': timeMs(() => doc.save()) } }
    },
  },
  {
    id: 'B4/change',
    rows: { 'B4/change': 'ms' },
    limitMs: defaultLimitMs,
    isOurs: true,
    run: (task) => ({ rows: { 'B4/change': replay(task, { via: 'change' }).ms } }),
  },
  {
    id: 'B4/one-transaction',
    rows: { 'B4/one-transaction': 'ms' },
    limitMs: defaultLimitMs,
    run: ({ peer }) => {
      const { edits, end } = sequential('automerge-paper')
      let deltas = 0
      const doc = peer.create({ actor: 1, onDelta: () => deltas++ })
      const ms = timeMs(() => doc.transact(() => typeInto(doc, edits)))
      ensureEqual(deltas, 1, 'the number of deltas')
      ensureEqual(doc.text(), end, 'the text')
      return { rows: { 'B4/one-transaction': ms } }
    },
  },
  {
    id: made,
    rows: {
      'B4/bytes-full': 'B',
      'B4/bytes-live': 'B',
      'B4/bytes-uncompressed': 'B',
      'B4/bytes-full-deflated': 'B',
    },
    limitMs: longMs,
    isOnce: true,
    run: makeDocument,
  },
  loading('B4/load', ({ peer, fixture }) => {
    const document = documentOf(fixture)
    return (seen) => seen(peer.load(document, { actor: 2 }).text())
  }),
  {
    ...loading('B4/load-uncompressed', ({ peer, fixture }) => {
      const document = Uint8Array.from(peer.load(documentOf(fixture), { actor: 2 }).saveUncompressed())
      return (seen) => seen(peer.load(document, { actor: 3 }).text())
    }),
    isOurs: true,
  },
  loading('B4/load-first-edit', ({ peer, fixture }) => {
    const document = documentOf(fixture)
    return (seen) => {
      const doc = peer.load(document, { actor: 2, onDelta: () => {} })
      doc.insertText(50_000, 'x')
      const text = doc.text()
      seen(text.slice(0, 50_000) + text.slice(50_001))
    }
  }),
  {
    id: 'B4/memory',
    rows: { 'B4/memory': 'MB' },
    needs: made,
    limitMs: defaultLimitMs,
    run: async ({ peer, fixture }) => ({
      rows: {
        'B4/memory': await loadedMegabytes(
          peer,
          () => documentOf(fixture),
          (doc) => doc.text().length,
        ),
      },
    }),
  },
  {
    id: 'B4x100',
    rows: { 'B4x100/time': 'ms', 'B4x100/memory': 'MB', 'B4x100/bytes': 'B' },
    limitMs: 3 * defaultLimitMs,
    run: async ({ peer }) => {
      const { edits, end } = sequential('automerge-paper')
      const beforeBytes = await heldBytes()
      const doc = peer.create({ actor: 1, onDelta: () => {} })
      const ms = timeMs(() => {
        for (let time = 0; time < 100; time++) typeInto(doc, edits)
      })
      ensureEqual(doc.text().length, 100 * end.length, 'the length of the text')
      const memory = ((await heldBytes()) - beforeBytes) / 1e6
      return { rows: { 'B4x100/time': ms, 'B4x100/memory': memory, 'B4x100/bytes': doc.save().length } }
    },
  },
]

/** Each edit with a delta of its own. */
function replay({ peer }: Task, options: Partial<DocOptions> = {}) {
  const { edits, end } = sequential('automerge-paper')
  let bytes = 0
  let deltas = 0
  const onDelta = (delta: Uint8Array): void => {
    bytes += delta.length
    deltas++
  }
  const doc = peer.create({ actor: 1, onDelta, ...options })
  let text = ''
  const ms = timeMs(() => {
    typeInto(doc, edits)
    text = doc.text()
  })
  ensureEqual(text, end, 'the text')
  ensureEqual(deltas, edits.length, 'the number of deltas')
  return { ms, averageBytes: bytes / deltas, doc }
}

/** Not timed: the file as it is kept, with and without what was deleted, and what the rows on loading and deltas need. */
function makeDocument({ peer }: Task): Outcome {
  const { edits, end } = sequential('automerge-paper')
  const late = Math.round(edits.length / 100)
  const doc = peer.create({ actor: 1, onDelta: () => {} })
  typeInto(doc, edits.slice(0, -late))
  const early = Uint8Array.from(doc.save())
  const version = orMissing(() => doc.version())
  typeInto(doc, edits.slice(-late))
  ensureEqual(doc.text(), end, 'the text')

  const document = Uint8Array.from(doc.save())
  const full = orMissing(() => withHistory(() => doc.saveWithHistory(), peer, edits))
  const lengthOf = (bytes: Uint8Array | string): number | string => (typeof bytes === 'string' ? bytes : bytes.length)
  return {
    rows: {
      'B4/bytes-full': lengthOf(full),
      'B4/bytes-live': lengthOf(orMissing(() => doc.saveWithoutDeleted())),
      'B4/bytes-uncompressed': lengthOf(orMissing(() => doc.saveUncompressed())),
      'B4/bytes-full-deflated': typeof full === 'string' ? full : deflateRawSync(full).length,
    },
    fixture: { document, early, version, end },
  }
}

/** Where keeping history is a choice made at birth, a second document that does. */
function withHistory(save: () => Uint8Array, peer: Task['peer'], edits: readonly TextEdit[]): Uint8Array {
  const found = orMissing(save)
  if (typeof found !== 'string') return found
  const doc: PeerDoc = peer.create({ actor: 1, keepsHistory: true })
  // Engines that have no history say so before anything is typed.
  doc.saveWithHistory()
  typeInto(doc, edits)
  return doc.saveWithHistory()
}

function loading(id: string, prepare: (task: Task) => (seen: (text: string) => void) => void): Measurement {
  return {
    id,
    rows: { [id]: 'ms' },
    needs: made,
    limitMs: defaultLimitMs,
    run: (task) => {
      const load = prepare(task)
      let found = ''
      const ms = timeMs(() =>
        load((text) => {
          found = text
        }),
      )
      ensureEqual(found, task.fixture.end, 'the loaded text')
      return { rows: { [id]: ms } }
    },
  }
}
