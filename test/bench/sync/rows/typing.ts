// While both are in contact: how long one edit takes until the other shows it, what it costs, and many of them.

import { closeSync, fdatasync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median } from '../../statistics.ts'
import { type Engine, engineNames, floor } from '../engine.ts'
import type { Measurement } from '../measurement.ts'
import { AFTER_MS, Pair, sleep } from '../pair.ts'
import { now } from '../proxy.ts'

const WARM_UP = 100
const TYPED = 300
const EVERY_MS = 15
const LONE = 8
const BURST = 10_000

type Id = Parameters<Engine['length']>[0]

export const typing: readonly Measurement[] = [
  {
    id: 'latency',
    rows: { 'latency/median': 'ms', 'latency/p99': 'ms' },
    limitMs: 120_000,
    of: engineNames,
    run: (engine) => withPair(engine, latency),
  },
  {
    id: 'fdatasync',
    rows: { 'fdatasync/median': 'ms', 'fdatasync/p99': 'ms' },
    limitMs: 120_000,
    of: [floor],
    run: synced,
  },
  {
    id: 'lone-edit',
    rows: { 'lone-edit/bytes': 'B' },
    isOnce: true,
    limitMs: 120_000,
    of: engineNames,
    run: (engine) => withPair(engine, loneEdit),
  },
  {
    id: 'burst',
    rows: { 'burst/time': 'ms', 'burst/bytes': 'B' },
    limitMs: 120_000,
    run: (engine) => withPair(engine, burst),
  },
]

export async function withPair<T>(
  engine: string,
  work: (pair: Pair) => Promise<T>,
  options: { readonly count?: number } = {},
): Promise<T> {
  const pair = await Pair.open(engine, options)
  try {
    return await work(pair)
  } finally {
    pair.close()
  }
}

/** A letter every so often, each noted where it is typed and where it shows. */
async function latency(pair: Pair): Promise<Record<string, number>> {
  const id = await sharedOne(pair)
  await pair.b.call('watch', { id })
  const count = WARM_UP + TYPED
  const typedAt: number[] = await pair.a.call('type', { id, count, everyMs: EVERY_MS })
  await pair.b.call('reached', { ids: [id], length: count })
  const seenAt: number[] = await pair.b.call('watched')
  const delays = typedAt.map((at, i) => (seenAt[i] ?? Number.POSITIVE_INFINITY) - at).slice(WARM_UP)
  return { 'latency/median': median(delays), 'latency/p99': percentile(delays, 0.99) }
}

/** An append of as many bytes as an edit takes on disk, and fdatasync, as often as letters are typed. */
async function synced(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-bench-sync-'))
  const file = openSync(join(folder, 'file'), 'w')
  const times: number[] = []
  for (let i = 0; i < WARM_UP + TYPED; i++) {
    const start = now()
    writeSync(file, new Uint8Array(150))
    await promisify(fdatasync)(file)
    times.push(now() - start)
    await sleep(EVERY_MS)
  }
  closeSync(file)
  rmSync(folder, { recursive: true })
  const counted = times.slice(WARM_UP)
  return { 'fdatasync/median': median(counted), 'fdatasync/p99': percentile(counted, 0.99) }
}

/** One edit now and then: what it brings about, beyond what is said in as much time without one. */
async function loneEdit(pair: Pair): Promise<Record<string, number>> {
  const id = await sharedOne(pair)
  const startedAt = now()
  pair.proxy.reset()
  for (let length = 1; length <= LONE; length++) {
    await pair.a.call('type', { id, count: 1, everyMs: 0 })
    await pair.b.call('reached', { ids: [id], length })
    await sleep(AFTER_MS)
  }
  return { 'lone-edit/bytes': Math.round((await pair.bytesSince(startedAt)) / LONE) }
}

async function burst(pair: Pair): Promise<Record<string, number>> {
  const id = await sharedOne(pair)
  pair.proxy.reset()
  const beganAt: number = await pair.a.call('scatter', { id, count: BURST, perTurn: 100, seed: 3 })
  const endedAt: number = await pair.b.call('reached', { ids: [id], length: BURST })
  await pair.ensureSame([id])
  return { 'burst/time': endedAt - beganAt, 'burst/bytes': await pair.bytesSince(beganAt) }
}

export async function sharedOne(pair: Pair, length = 0): Promise<Id> {
  const [id] = await pair.share(1, length)
  if (id === undefined) throw new Error('no document was made')
  return id
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
