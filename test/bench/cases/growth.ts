// How cost grows: a trace typed 1, 10 and 100 times into one document, and 10, 100 and 1,000 people who type at once.

import { defaultLimitMs, ensureEqual, type Measurement, timeMs } from '../measurement.ts'
import type { PeerDoc } from '../peer.ts'
import { sequential } from '../traces.ts'
import { dice, insertOnce, randomCharacters, typeInto } from '../workload.ts'

const longMs = 5 * defaultLimitMs
const traceEdits = 259_778
const editsEach = 50
const startLength = 1000

export interface Growing {
  readonly label: string
  readonly points: readonly { readonly row: string; readonly edits: number }[]
}

/** The two lines of the plot. */
export const lines: readonly Growing[] = [
  {
    label: 'one writer: B4 x 1, 10, 100',
    points: [1, 10, 100].map((times) => ({ row: `growth/B4x${times}`, edits: times * traceEdits })),
  },
  {
    label: 'merging 10, 100, 1,000 concurrent writers',
    points: [10, 100, 1000].map((actors) => ({ row: `growth/actors-${actors}`, edits: actors * editsEach })),
  },
]

export const growth: readonly Measurement[] = [...[1, 10, 100].map(trace), ...[10, 100, 1000].map(graph)]

function trace(times: number): Measurement {
  const row = `growth/B4x${times}`
  return {
    id: row,
    rows: { [row]: 'ms' },
    limitMs: longMs,
    run: ({ peer }) => {
      const { edits, end } = sequential('automerge-paper')
      const doc = peer.create({ actor: 1, onDelta: () => {} })
      const ms = timeMs(() => {
        for (let time = 0; time < times; time++) typeInto(doc, edits)
      })
      ensureEqual(doc.text().length, times * end.length, 'the length of the text')
      return { rows: { [row]: ms } }
    },
  }
}

/** Each begins with the same text and types a run somewhere; one replica takes all of it, an edit of each in turn. */
function graph(actors: number): Measurement {
  const row = `growth/actors-${actors}`
  return {
    id: row,
    rows: { [row]: 'ms' },
    limitMs: longMs,
    run: ({ peer }) => {
      const start: Uint8Array[] = []
      const first = peer.create({ actor: 1, onDelta: (delta) => start.push(delta) })
      typeInto(first, insertOnce(startLength, dice(1)))
      const fromStart = (doc: PeerDoc): PeerDoc => {
        for (const delta of start) doc.receive(delta)
        return doc
      }
      const made = Array.from({ length: actors }, (_, i) => {
        const deltas: Uint8Array[] = []
        const doc = fromStart(peer.create({ actor: i + 2, onDelta: (delta) => deltas.push(delta) }))
        const at = dice(i + 2).int(startLength)
        typeInto(
          doc,
          randomCharacters(editsEach, dice(i)).map(([, , letter], k) => [at + k, 0, letter]),
        )
        return deltas
      })

      const reader = fromStart(peer.create({ actor: 0 }))
      const ms = timeMs(() => {
        for (let k = 0; k < editsEach; k++) for (const deltas of made) reader.receive(deltas[k] ?? new Uint8Array())
        reader.text()
      })
      ensureEqual(reader.text().length, startLength + actors * editsEach, 'the length of the text')
      return { rows: { [row]: ms } }
    },
  }
}
