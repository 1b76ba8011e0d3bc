// How long an edit takes from the call that makes it on one Node peer until it can be read on another, in another process: merged, signed, on disk, sealed
// and sent at the one; received, opened, verified and merged at the other.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { nodeProgram } from './bundle.ts'
import { median, percentile } from './histories.ts'
import { LineProcess } from './line-process.ts'

const WARM_UP = 100
const EDITS = 300
const ROUNDS = 5
const EVERY_MS = 15
const MEDIAN_MS = 5

interface Typed {
  readonly typedAt: readonly number[]
  readonly durableAt: readonly number[]
}

const folder = mkdtempSync(join(tmpdir(), 'joinery-latency-'))
const peers: LineProcess[] = []

afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.kill()))
  rmSync(folder, { recursive: true, force: true })
})

test(`an edit on one Node peer is read on another within ${MEDIAN_MS} ms, in the median`, async () => {
  const program = await nodeProgram('latency-peer.ts')
  for (const name of ['writer', 'reader']) {
    const peer = new LineProcess(program, { name })
    peers.push(peer)
    await peer.call('open', { path: join(folder, name) })
  }
  const [writer, reader] = peers as [LineProcess, LineProcess]
  await reader.call('join', { ticket: await writer.call('make') })

  // Whatever else the machine does can only make it slower: the best of a few rounds is closest to what it costs.
  const medians: number[] = []
  let typed = WARM_UP
  await writer.call('type', { count: WARM_UP, everyMs: EVERY_MS })
  while (medians.length < ROUNDS && !(Math.min(...medians) <= MEDIAN_MS)) {
    const { typedAt, durableAt } = (await writer.call('type', { count: EDITS, everyMs: EVERY_MS })) as Typed
    const readAt = ((await reader.call('readAt', { length: typed + EDITS })) as number[]).slice(typed)
    typed += EDITS
    const after = (times: readonly number[]): number[] =>
      typedAt.map((at, index) => (times[index] ?? Number.POSITIVE_INFINITY) - at)
    medians.push(median(after(readAt)))
    console.log(
      `${EDITS} edits, durable at their writer: ${described(after(durableAt))}; read at the other: ${described(after(readAt))}`,
    )
  }
  expect(Math.min(...medians)).toBeLessThanOrEqual(MEDIAN_MS)
}, 60_000)

function described(delays: readonly number[]): string {
  const shown = (share: number): string => `${percentile(delays, share).toFixed(2)} ms`
  return `median ${shown(0.5)}, p90 ${shown(0.9)}, p99 ${shown(0.99)}`
}
