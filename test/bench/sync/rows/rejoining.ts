// Who was away and comes back: what it costs to find out what differs, and to bring it. Bytes of ours are told without what the network alone takes to
// connect (noise, yamux, identify, the first words of gossipsub), which is measured in the same run; those of the others are whole.

import { deflateRawSync } from 'node:zlib'
import { createDoc, openDoc, text } from '../../../../src/doc.ts'
import { ours } from '../../statistics.ts'
import { letters, scattered, typed } from '../edits.ts'
import type { Measurement } from '../measurement.ts'
import type { Pair } from '../pair.ts'
import { sharedOne, withPair } from './typing.ts'

const AWAY = 1_000
const BASE = 1_000
const FIRST = 100_000

export const rejoining: readonly Measurement[] = [
  {
    id: 'unchanged',
    rows: { 'unchanged/bytes': 'B' },
    isOnce: true,
    limitMs: 120_000,
    run: (engine) => unchanged(engine, 'unchanged/bytes', 1),
  },
  {
    id: 'unchanged-1000',
    rows: { 'unchanged-1000/bytes': 'B' },
    isOnce: true,
    limitMs: 180_000,
    run: (engine) => unchanged(engine, 'unchanged-1000/bytes', 1_000),
  },
  {
    id: '10-of-1000',
    rows: { '10-of-1000/time': 'ms', '10-of-1000/bytes': 'B', '10-of-1000/missing-bytes': 'B' },
    limitMs: 180_000,
    run: tenOfThousand,
  },
  {
    id: 'rejoin',
    rows: { 'rejoin/time': 'ms', 'rejoin/bytes': 'B', 'rejoin/missing-compressed': 'B' },
    limitMs: 120_000,
    run: rejoin,
  },
  {
    id: 'first-sync',
    rows: { 'first-sync/time': 'ms', 'first-sync/bytes': 'B', 'first-sync/snapshot': 'B' },
    limitMs: 120_000,
    run: firstSync,
  },
]

/** Bytes of a connection on which nobody says anything but libp2p. */
async function handshakeBytes(engine: string): Promise<number> {
  if (engine !== ours) return 0
  return withPair('network', async (pair) => {
    await pair.rejoin(async () => {})
    return pair.bytesRejoined()
  })
}

async function unchanged(engine: string, row: string, count: number): Promise<Record<string, number>> {
  const handshake = await handshakeBytes(engine)
  return withPair(engine, async (pair) => {
    await pair.share(count, 20)
    await pair.rejoin(async () => {})
    return { [row]: (await pair.bytesRejoined()) - handshake }
  })
}

async function tenOfThousand(engine: string): Promise<Record<string, number>> {
  const handshake = await handshakeBytes(engine)
  return withPair(engine, async (pair) => {
    const ids = await pair.share(1_000, 20)
    await pair.a.call('news')
    let missing = 0
    const changed = ids.filter((_, i) => i % 100 === 7)
    await pair.rejoin(async () => {
      for (const id of changed) await pair.a.call('write', { id, text: 'y' })
      await pair.a.call('settled')
      missing = await pair.a.call('news')
    })
    const at: number = await pair.b.call('reached', { ids: changed, length: 21 })
    const bytes = await pair.bytesRejoined()
    await pair.ensureSame(ids)
    return {
      '10-of-1000/time': pair.since(at),
      '10-of-1000/bytes': bytes - handshake,
      '10-of-1000/missing-bytes': missing,
    }
  })
}

async function rejoin(engine: string): Promise<Record<string, number>> {
  const handshake = await handshakeBytes(engine)
  return withPair(engine, async (pair) => {
    const id = await sharedOne(pair, BASE)
    await pair.rejoin(async () => {
      await pair.a.call('scatter', { id, count: AWAY, perTurn: 100, seed: 1 })
      await pair.b.call('scatter', { id, count: AWAY, perTurn: 100, seed: 2 })
    })
    const at = await bothReached(pair, [id], BASE + 2 * AWAY)
    const bytes = await pair.bytesRejoined()
    await pair.ensureSame([id])
    return {
      'rejoin/time': pair.since(at),
      'rejoin/bytes': bytes - handshake,
      'rejoin/missing-compressed': missingCompressed(),
    }
  })
}

async function bothReached({ a, b }: Pair, ids: readonly string[], length: number): Promise<number> {
  const times: number[] = await Promise.all([a, b].map((side) => side.call('reached', { ids, length })))
  return Math.max(...times)
}

/** What both lack, as the engine alone tells it, compressed: without signatures, seals and frames. */
function missingCompressed(): number {
  const base = createDoc<{ text: ReturnType<typeof text> }>()
  base.change((d) => {
    d.text = text(letters(1_000, BASE))
  })
  return [1, 2].reduce((sum, seed) => {
    const doc = openDoc<{ text: ReturnType<typeof text> }>(base.snapshot())
    const before = doc.version
    for (const { index, letter } of scattered(seed, AWAY, BASE)) doc.change((d) => d.text.insert(index, letter))
    return sum + deflateRawSync(doc.delta(before), { level: 9 }).length
  }, 0)
}

/** A newcomer, and a text of 100,000 edits. Time runs from when it is in contact and asks for the document. */
async function firstSync(engine: string): Promise<Record<string, number>> {
  const handshake = await handshakeBytes(engine)
  return withPair(engine, async (pair) => {
    const id = await sharedOne(pair)
    await pair.rejoin(async () => {
      await pair.a.call('compose', { id, count: FIRST, seed: 5 })
    })
    const at: number = await pair.b.call('reached', { ids: [id], length: FIRST })
    const bytes = await pair.bytesRejoined()
    await pair.ensureSame([id])
    return {
      'first-sync/time': pair.since(at),
      'first-sync/bytes': bytes - handshake,
      'first-sync/snapshot': snapshotBytes(),
    }
  })
}

/** The same text as the engine alone keeps it, with its history, compressed. */
function snapshotBytes(): number {
  const doc = createDoc<{ text: ReturnType<typeof text> }>()
  doc.change((d) => {
    d.text = text()
  })
  const live = doc.text('text')
  for (const { index, letter } of typed(5, FIRST)) live.insert(index, letter)
  return deflateRawSync(doc.snapshot(), { level: 9 }).length
}
