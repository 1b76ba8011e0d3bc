// The BroadcastChannel network in a real Chromium: the contract in one page, and between a page and its worker, which is another thread.

import { expect, test } from 'vitest'
import { broadcastChannelNetwork } from '../../src/net/broadcast-channel.ts'
import { collect, filled, networkContract, sendAll } from './contract.ts'
import { shelf } from './shelf.ts'

networkContract('BroadcastChannel in Chromium', {
  make: () => broadcastChannelNetwork({ name: 'contract' })({ shelf: shelf() }),
  bulkBytes: 50 * 2 ** 20,
})

test('a page and its worker find each other, talk, and the page notices when the worker is gone', {
  timeout: 40_000,
}, async () => {
  const network = await broadcastChannelNetwork({ name: 'threads' })({ shelf: shelf() })
  const found = new Promise<readonly string[]>((resolve) => network.on('found', ({ addresses }) => resolve(addresses)))
  const worker = new Worker(new URL('./broadcast-worker.ts', import.meta.url), { type: 'module', name: 'threads' })
  const node = await network.dial(await found)
  const stream = await network.open(node, '/test/echo')
  const sending = sendAll(stream, [filled(3_000_000), filled(0), filled(7)])
  expect((await collect(stream)).map(({ length }) => length)).toEqual([3_000_000, 0, 7])
  await sending
  worker.terminate()
  await expect.poll(() => network.connections.size, { timeout: 15_000, interval: 20 }).toBe(0)
  await network.close()
})
