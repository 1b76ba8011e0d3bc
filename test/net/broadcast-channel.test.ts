// The BroadcastChannel network in Node keeps the contract; nodes find one another, and notice who is gone without a word.

import { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { type BroadcastChannelNetworkOptions, broadcastChannelNetwork } from '../../src/net/broadcast-channel.ts'
import type { Network } from '../../src/net/network.ts'
import { networkContract } from './contract.ts'
import { shelf } from './shelf.ts'

let worlds = 0
const make = (options: BroadcastChannelNetworkOptions = {}): Promise<Network> =>
  broadcastChannelNetwork({ name: `test-${worlds}`, ...options })({ shelf: shelf() })
networkContract('BroadcastChannel in Node', { make: () => make(), bulkBytes: 50 * 2 ** 20 })

const made: Network[] = []
const open = async (options: BroadcastChannelNetworkOptions = {}): Promise<Network> => {
  const one = await make(options)
  made.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.close()))
  worlds += 1
})
const soon = { timeout: 10_000, interval: 5 }

test('who is new and who was here find each other, under one name and no other', async () => {
  const [a, stranger] = [await open(), await open({ name: 'another' })]
  const found: string[] = []
  for (const one of [a, stranger]) one.on('found', ({ node }) => void found.push(node))
  const b = await open()
  b.on('found', ({ node, addresses }) => found.push(node, ...addresses))
  await expect.poll(() => [...found].sort(), soon).toEqual([a.id, b.id, ...a.addresses].sort())
})

test('both dial at once, again and again: each time there is one connection', async () => {
  const [a, b] = [await open(), await open()]
  const events: string[] = []
  a.on('connect', () => void events.push('connect'))
  a.on('disconnect', () => void events.push('disconnect'))
  for (let round = 0; round < 20; round++) {
    await Promise.all([a.dial(b.addresses), b.dial(a.addresses)])
    expect([a.connections.size, b.connections.size]).toEqual([1, 1])
    await a.hangUp(b.id)
    await expect.poll(() => b.connections.size, soon).toBe(0)
  }
  expect(events).toEqual(Array.from({ length: 20 }, () => ['connect', 'disconnect']).flat())
})

test('garbage in the hall, and on the channel of two, is nobody’s business', async () => {
  const [a, b] = [await open(), await open()]
  await a.dial(b.addresses)
  const hall = new BroadcastChannel(`joinery-net:test-${worlds}`)
  const pair = new BroadcastChannel(`joinery-net:test-${worlds}:${[a.id, b.id].sort().join(':')}`)
  const garbage = [
    null,
    7,
    'here',
    {},
    { type: 'here' },
    { type: 'dial', from: 'x', to: 7 },
    { from: b.id, type: 'data', stream: 1 },
  ]
  for (const message of [
    ...garbage,
    { from: b.id, type: 'topics', topics: Array(5_000).fill('t') },
    { from: 'x', type: 'bye' },
  ])
    for (const channel of [hall, pair]) channel.postMessage(message)
  hall.close()
  pair.close()
  b.handle('/test/alive', (stream) => stream.close())
  await (await a.open(b.id, '/test/alive')).close()
  expect([a.connections.size, a.subscribers('t')]).toEqual([1, []])
})

test('who ends without a word is noticed', { timeout: 40_000 }, async () => {
  const hasty: Clock = {
    now: () => systemClock.now(),
    monotonic: () => 2 * systemClock.monotonic(),
    after: (delayMs, act) => systemClock.after(delayMs / 2, act),
  }
  const a = await open({ clock: hasty })
  const module = new URL('../../src/net/broadcast-channel.ts', import.meta.url).href
  const program = `import('${module}').then(async ({ broadcastChannelNetwork }) => {
    const network = await broadcastChannelNetwork({ name: 'test-${worlds}' })({})
    require('node:worker_threads').parentPort.postMessage(network.addresses)
  })`
  const thread = new Worker(program, { eval: true, execArgv: ['--experimental-strip-types', '--no-warnings'] })
  const addresses = await new Promise<readonly string[]>((resolve, reject) => {
    thread.on('message', resolve)
    thread.on('error', reject)
  })
  const node = await a.dial(addresses)
  // It answers as long as it is there.
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect([...a.connections.keys()]).toEqual([node])
  await thread.terminate()
  await expect.poll(() => a.connections.size, { timeout: 10_000 }).toBe(0)
})
