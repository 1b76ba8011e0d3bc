// Deltas of B4: its last hundredth since a version, and characters that come one by one into the loaded document.

import {
  defaultLimitMs,
  ensureEqual,
  type Measurement,
  type Outcome,
  orMissing,
  type Task,
  timeMs,
} from '../measurement.ts'
import { dice } from '../workload.ts'
import { averageBytes, documentOf } from './b1.ts'
import { made } from './b4.ts'

const characters = 1000

export const delta: readonly Measurement[] = [
  {
    id: 'delta/since',
    rows: { 'delta/bytes': 'B', 'delta/export': 'ms', 'delta/apply': 'ms' },
    needs: made,
    limitMs: defaultLimitMs,
    run: since,
  },
  {
    id: 'delta/one',
    rows: {
      'delta/one-character': 'µs',
      'delta/one-character-bytes': 'B',
      'delta/one-character-bytes-session': 'B',
    },
    needs: made,
    limitMs: defaultLimitMs,
    run: oneByOne,
  },
]

function since({ peer, fixture }: Task): Outcome {
  if (!(fixture.early instanceof Uint8Array)) throw new Error('no early document was made before')
  const whole = peer.load(documentOf(fixture), { actor: 2 })
  const early = peer.load(Uint8Array.from(fixture.early), { actor: 3 })
  const { version } = fixture
  if (typeof version === 'string')
    return { rows: { 'delta/bytes': version, 'delta/export': version, 'delta/apply': version } }

  let bytes = new Uint8Array()
  const exportMs = timeMs(() => {
    bytes = Uint8Array.from(whole.since(version))
  })
  let text = ''
  const applyMs = timeMs(() => {
    early.receiveSince(bytes)
    text = early.text()
  })
  ensureEqual(text, fixture.end, 'the text')
  return { rows: { 'delta/bytes': bytes.length, 'delta/export': exportMs, 'delta/apply': applyMs } }
}

/** The average of many characters, each at a place of its own: the clock is too coarse for one. */
function oneByOne({ peer, fixture }: Task): Outcome {
  const deltas: Uint8Array[] = []
  const writer = peer.load(documentOf(fixture), { actor: 2, onDelta: (bytes) => deltas.push(bytes) })
  const reader = peer.load(documentOf(fixture), { actor: 3 })
  let length = writer.text().length
  const { int, letter } = dice(1)
  for (let i = 0; i < characters; i++) writer.insertText(int(++length), letter())

  reader.text()
  const ms = timeMs(() => {
    for (const bytes of deltas) reader.receive(bytes)
    // Once, so that what was put off is paid.
    reader.text()
  })
  ensureEqual(reader.text(), writer.text(), 'the text')
  return {
    rows: {
      'delta/one-character': (ms * 1000) / characters,
      'delta/one-character-bytes': averageBytes(deltas),
      'delta/one-character-bytes-session': orMissing(() => writer.sessionDeltaBytes(deltas)),
    },
  }
}
