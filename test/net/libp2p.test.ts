// The libp2p network of Node keeps the contract over real sockets of this machine; and what a restart keeps.

import { execFile } from 'node:child_process'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { FramedStream, frameHeader } from '../../src/net/frames.ts'
import { libp2pNetwork } from '../../src/net/libp2p.node.ts'
import type { Network, Shelf } from '../../src/net/network.ts'
import { behindProxy } from '../field/flipping-wires.ts'
import { collect, echo, filled, join, networkContract, sendAll } from './contract.ts'
import { shelf } from './shelf.ts'

const make = (own: Shelf = shelf()): Promise<Network> => libp2pNetwork({ host: '127.0.0.1' })({ shelf: own })
networkContract('libp2p in Node', { make: () => make(), bulkBytes: 50 * 2 ** 20 })

const made: Network[] = []
const keep = async (network: Promise<Network>): Promise<Network> => {
  const one = await network
  made.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.close()))
})

test('id, ports and certificate outlive a restart, so that old addresses lead to the same peer', async () => {
  const own = shelf()
  const first = await make(own)
  await first.close()
  const again = await keep(make(own))
  expect(again.id).toBe(first.id)
  expect(again.addresses).toEqual(first.addresses)
  expect(first.addresses).toHaveLength(3)
})

test('a kept port that was taken is replaced; one that was asked for is an error', async () => {
  const own = shelf()
  const first = await make(own)
  await first.close()
  const port = Number(/tcp\/(\d+)\/p2p/.exec(first.addresses.join())?.[1])
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  const again = await keep(make(own))
  expect(again.addresses[0]).not.toBe(first.addresses[0])
  expect(again.addresses.slice(1)).toEqual(first.addresses.slice(1))
  const asking = libp2pNetwork({ host: '127.0.0.1', ports: { tcp: port } })({ shelf: shelf() })
  await expect(asking).rejects.toMatchObject({ code: 'port-in-use' })
  await new Promise((resolve) => other.close(resolve))
})

test('a port that is taken between its choice and its use is replaced; one that was asked for is an error', async () => {
  const taking: Server[] = []
  /** Somebody takes the TCP port in the moment when it is noted down. */
  const taken = (kept: Shelf): Shelf => ({
    ...kept,
    set: async (key, value) => {
      await kept.set(key, value)
      if (key !== 'net/ports' || taking.length > 0) return
      const server = createServer()
      taking.push(server)
      const { tcp } = JSON.parse(new TextDecoder().decode(value)) as { tcp: number }
      await new Promise<void>((resolve) => server.listen(tcp, '127.0.0.1', resolve))
    },
  })
  const network = await keep(make(taken(shelf())))
  const address = taking[0]?.address() as AddressInfo
  const { port } = address
  expect(network.addresses).toHaveLength(3)
  expect(network.addresses.filter((address) => address.includes(`/tcp/${port}/`))).toEqual([])
  await new Promise((resolve) => taking.pop()?.close(resolve))
  const asking = libp2pNetwork({ host: '127.0.0.1', ports: { tcp: port } })({ shelf: taken(shelf()) })
  await expect(asking).rejects.toMatchObject({ code: 'port-in-use' })
  await new Promise((resolve) => taking.pop()?.close(resolve))
})

test('no two listeners are given one port, though each of them would be free', async () => {
  const own = shelf()
  await own.set('net/ports', new TextEncoder().encode('{"tcp":45871,"websocket":45871,"webrtc":45871}'))
  const { addresses } = await keep(make(own))
  expect(new Set(addresses.map((address) => /(tcp|udp)\/\d+/.exec(address)?.[0])).size).toBe(3)
})

test.each(['/ws/', '/webrtc-direct/'])('streams and topics work over %s', async (kind) => {
  const [a, b] = await Promise.all([keep(make()), keep(make())])
  echo(b)
  await a.dial(b.addresses.filter((address) => address.includes(kind)))
  const stream = await a.open(b.id, '/test/echo')
  const sending = sendAll(stream, [filled(1_000_000), filled(0)])
  expect((await collect(stream)).map(({ length }) => length)).toEqual([1_000_000, 0])
  await sending
  let heard = ''
  b.subscribe('t', ({ bytes }) => {
    heard = String(bytes)
    return 'accept'
  })
  await expect.poll(() => a.subscribers('t').length).toBe(1)
  await a.publish('t', Uint8Array.of(5))
  await expect.poll(() => heard).toBe('5')
})

test('a dead address first costs a moment, not its timeout', async () => {
  const [a, b] = await Promise.all([keep(make()), keep(make())])
  const startedMs = performance.now()
  // 198.51.100.0/24 is for documentation: nobody answers there.
  await a.dial([`/ip4/198.51.100.1/tcp/9/p2p/${b.id}`, ...b.addresses])
  expect(performance.now() - startedMs).toBeLessThan(2_000)
})

test('an answer from somebody else than the address says is no answer', async () => {
  const [a, b, c] = await Promise.all([keep(make()), keep(make()), keep(make())])
  const wrong = b.addresses.map((address) => address.replace(b.id, c.id))
  await expect(a.dial(wrong)).rejects.toMatchObject({ code: 'network' })
  await expect(a.dial(a.addresses)).rejects.toMatchObject({ code: 'network' })
})

test('gossip comes back at once after a connection is dialled anew, and messages pass in milliseconds', async () => {
  const [a, b] = await Promise.all([keep(make()), keep(make())])
  await join(a, b)
  const waiting = new Map<number, () => void>()
  a.subscribe('t', ({ bytes }) => {
    void a.publish('t', Uint8Array.of(...bytes, 1))
    return 'accept'
  })
  b.subscribe('t', ({ bytes }) => {
    waiting.get(bytes[0] ?? 0)?.()
    return 'accept'
  })
  await expect.poll(() => b.subscribers('t').length, { interval: 5 }).toBe(1)
  const timesMs: number[] = []
  for (let i = 0; i < 100; i++) {
    const startedMs = performance.now()
    const answered = new Promise<void>((resolve) => waiting.set(i, resolve))
    await b.publish('t', Uint8Array.of(i))
    await answered
    timesMs.push(performance.now() - startedMs)
  }
  const median = timesMs.toSorted((x, y) => x - y)[50] ?? 0
  console.log(`gossip there and back, Node to Node on loopback: median ${median.toFixed(2)} ms`)
  expect(median).toBeLessThan(20)
  await b.hangUp(a.id)
  await b.dial(a.addresses)
  await expect.poll(() => b.subscribers('t').length, { timeout: 3_000, interval: 5 }).toBe(1)
})

test('who is seen on a topic is sent what is published at that moment', { timeout: 60_000 }, async () => {
  // A race of two streams, lost once in a dozen where only theirs is waited for.
  for (let round = 0; round < 30; round++) {
    const [a, b] = await Promise.all([make(), make()])
    await join(a, b)
    const heard = new Promise<string>((resolve) => {
      a.subscribe('t', ({ bytes }) => {
        resolve(String(bytes))
        return 'accept'
      })
    })
    b.subscribe('t', () => 'accept')
    while (b.subscribers('t').length === 0) await new Promise((resolve) => setImmediate(resolve))
    await b.publish('t', Uint8Array.of(round))
    expect(await heard).toBe(String(round))
    await Promise.all([a.close(), b.close()])
  }
})

test('bytes that are no frames end the stream with a typed error (Invariant 9)', async () => {
  const end = (bytes: Iterable<number>): Promise<unknown> => {
    const stream = new FramedStream({
      remote: 'x',
      start: (on) => queueMicrotask(() => on.data(Uint8Array.from(bytes))),
      send: async () => {},
      close: async () => {},
      abort: () => {},
    })
    return collect(stream).catch((error: unknown) => error)
  }
  const over = { code: 'bad-message', message: expect.stringContaining('over the limit') }
  expect(await end([0x09, 0x40, 0, 1])).toMatchObject(over)
  expect(await end(frameHeader(0x7fffff))).toMatchObject(over)
  expect(await end([0x84, 0x80, 0, 1])).toMatchObject({
    code: 'bad-message',
    message: expect.stringContaining('credit'),
  })
  expect(await end([0x83, 0x80, 0, 0, 0x88, 0, 0, 0])).toMatchObject({ code: 'bad-message' })
  expect(await end([0x8f, 0, 0, 1, 7, 0x83, 0x80, 0, 0])).toEqual([Uint8Array.of(7)])
})

test('a frame that claims to be longer than it is ends the connection within two seconds', async () => {
  const bent = Promise.withResolvers<number>()
  let isArmed = false
  // Whoever reads it waits for 32 KiB more, and takes all that follows for a part of them.
  const pass = (bytes: Uint8Array, way: string): Uint8Array => {
    if (!isArmed || way !== 'towards who dialled') return bytes
    isArmed = false
    bent.resolve(performance.now())
    return bytes.with(0, (bytes[0] ?? 0) ^ 0x80)
  }
  const near = await keep(make())
  const far = await keep(behindProxy({ pass })({ shelf: shelf() }))
  const gone = new Promise<number>((resolve) => near.on('disconnect', () => resolve(performance.now())))
  await near.dial(far.addresses)
  for (let i = 0; i < 3; i++) {
    // In the stillness between two questions, when every chunk is one frame.
    await pause(1_300)
    expect(near.connections.get(far.id)).toHaveLength(1)
  }
  isArmed = true
  expect((await gone) - (await bent.promise)).toBeLessThan(2_000)
})

test('a link that is slow to answer is neither ended nor filled', { timeout: 20_000 }, async () => {
  let bytes = 0
  const pass = (data: Uint8Array): Uint8Array => {
    bytes += data.length
    return data
  }
  const near = await keep(make())
  const far = await keep(behindProxy({ pass, delayMs: 400 })({ shelf: shelf() }))
  let ended = 0
  near.on('disconnect', () => ended++)
  await near.dial(far.addresses)
  // Until the streams of the connection stand.
  await pause(4_000)
  bytes = 0
  await pause(5_000)
  expect(ended).toBe(0)
  expect(near.connections.get(far.id)).toHaveLength(1)
  // Questions and answers, once a second each way: some 100 bytes a second and direction. Filling would be 66,000.
  expect(bytes).toBeLessThan(4_000)
})

test('a process that closed its network ends by itself', { timeout: 40_000 }, async () => {
  const program = `
    import { libp2pNetwork } from './src/net/libp2p.node.ts'
    const values = new Map()
    const shelf = { get: async (key) => values.get(key), set: async (key, value) => void values.set(key, value) }
    const make = () => libp2pNetwork({ host: '127.0.0.1' })({ shelf })
    const [a, b] = [await make(), await libp2pNetwork({ host: '127.0.0.1' })({ shelf: { ...shelf, get: async () => undefined } })]
    await a.dial(b.addresses)
    await a.close()
    await b.close()
    console.log('closed')`
  const arguments_ = ['--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, { timeout: 30_000 })
  expect(stdout).toBe('closed\n')
})

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
