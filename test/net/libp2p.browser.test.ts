// The libp2p network in a real Chromium, against Node peers that the test process runs, and against another browser node in the page. Contexts and
// nodes of one Chromium share its network; that two browsers apart meet is for the end-to-end test to show.

import { afterEach, expect, test } from 'vitest'
import { commands } from 'vitest/browser'
import { equalBytes } from '../../src/base/bytes.ts'
import { limits } from '../../src/base/limits.ts'
import { libp2pNetwork } from '../../src/net/libp2p.browser.ts'
import type { Network } from '../../src/net/network.ts'
import { collect, echo, filled, sendAll } from './contract.ts'
import { shelf } from './shelf.ts'

const made: Network[] = []
const peers: string[] = []
const browser = async (): Promise<Network> => {
  const network = await libp2pNetwork()({ shelf: shelf() })
  made.push(network)
  return network
}
const nodePeer = async (): ReturnType<typeof commands.startNodePeer> => {
  const peer = await commands.startNodePeer()
  peers.push(peer.id)
  return peer
}
afterEach(async () => {
  await Promise.all([
    ...made.splice(0).map((one) => one.close()),
    ...peers.splice(0).map((id) => commands.stopNodePeer(id)),
  ])
})

const patience = { timeout: 20_000, interval: 5 }
const until = (condition: () => boolean): Promise<void> => expect.poll(condition, patience).toBe(true)
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Messages on the topic 'echo' that came back answered, by the number they carry. */
function answers(network: Network): Set<number> {
  const heard = new Set<number>()
  network.subscribe('echo', ({ bytes }) => {
    if (bytes[0] === 1) heard.add(bytes[1] ?? 0)
    return 'accept'
  })
  return heard
}

test.each(['/ws/', '/webrtc-direct/'])('a browser and a Node peer talk over %s', { timeout: 60_000 }, async (kind) => {
  const [a, peer] = await Promise.all([browser(), nodePeer()])
  expect(await a.dial(peer.addresses.filter((address) => address.includes(kind)))).toBe(peer.id)
  const heard = answers(a)
  await until(() => a.subscribers('echo').includes(peer.id))
  const timesMs: number[] = []
  for (let i = 0; i < 50; i++) {
    const startedMs = performance.now()
    await a.publish('echo', Uint8Array.of(0, i))
    while (!heard.has(i)) await new Promise<void>((resolve) => nextTask(resolve))
    timesMs.push(performance.now() - startedMs)
  }
  const stream = await a.open(peer.id, '/test/echo')
  const sizes = [0, 1, limits.frameBytes, 65_536, limits.frameBytes, 5]
  const startedMs = performance.now()
  const sending = sendAll(stream, sizes.map(filled))
  const frames = await collect(stream)
  await sending
  const seconds = (performance.now() - startedMs) / 1000
  expect(frames.map(({ length }) => length)).toEqual(sizes)
  expect(frames.every((frame) => equalBytes(frame, filled(frame.length)))).toBe(true)
  const rate = (2 * sizes.reduce((sum, size) => sum + size)) / 1e6 / seconds
  console.log(`${kind} gossip there and back: median ${median(timesMs).toFixed(1)} ms; streams ${rate.toFixed(1)} MB/s`)
})

test('when a Node peer pauses, a browser notices; when it resumes, the browser gets back', async () => {
  const [a, peer] = await Promise.all([browser(), nodePeer()])
  await a.dial(peer.addresses.filter((address) => address.includes('/webrtc-direct/')))
  await commands.pauseNodePeer(peer.id)
  await until(() => a.connections.size === 0)
  await expect(a.dial(peer.addresses)).rejects.toMatchObject({ code: 'network' })
  await commands.resumeNodePeer(peer.id)
  expect(await a.dial(peer.addresses)).toBe(peer.id)
})

test('an aborted dial leaves no socket behind', async () => {
  const a = await browser()
  const sockets: WebSocket[] = []
  const Original = globalThis.WebSocket
  globalThis.WebSocket = new Proxy(Original, {
    construct(target, arguments_: [string]) {
      const socket = new target(...arguments_)
      sockets.push(socket)
      return socket
    },
  })
  try {
    const soon = new AbortController()
    // 198.51.100.0/24 is for documentation: nobody answers there.
    const dialling = a.dial(['/ip4/198.51.100.1/tcp/9/ws'], { signal: soon.signal })
    await until(() => sockets.length === 1)
    soon.abort(new Error('enough'))
    await expect(dialling).rejects.toMatchObject({ code: 'aborted' })
    expect(sockets[0]?.readyState).toBeGreaterThanOrEqual(WebSocket.CLOSING)
  } finally {
    globalThis.WebSocket = Original
  }
})

test('two browser nodes meet by way of a Node peer, and go on without it', { timeout: 60_000 }, async () => {
  const [a, b, peer] = await Promise.all([browser(), browser(), nodePeer()])
  await Promise.all([
    a.dial(peer.addresses.filter((address) => address.includes('/ws/'))),
    b.dial(peer.addresses.filter((address) => address.includes('/webrtc-direct/'))),
  ])
  expect(a.addresses).toEqual([])
  await a.useRelay(peer.id)
  await until(() => a.addresses.length > 0)
  expect(a.addresses[0]).toMatch(/p2p-circuit\/webrtc\/p2p\//)
  const heard = answers(a)
  answers(b)
  echo(a)
  const startedMs = performance.now()
  // A handshake whose candidates are lost on the way never ends: whoever dials, dials again, as the peer layer does.
  const again = (error: Error): Promise<string> => {
    console.log(`browser to browser: dialled again, since ${error.message}`)
    return b.dial(a.addresses)
  }
  expect(await b.dial(a.addresses).catch(again)).toBe(a.id)
  console.log(`browser to browser: direct after ${Math.round(performance.now() - startedMs)} ms`)
  await until(() => a.subscribers('echo').includes(b.id) && b.subscribers('echo').includes(a.id))

  await commands.stopNodePeer(peer.id)
  await until(() => !a.connections.has(peer.id) && !b.connections.has(peer.id))
  await until(() => b.connections.get(a.id)?.every(({ direct }) => direct) === true)
  expect(b.connections.get(a.id)).toMatchObject([{ transport: 'webrtc', direct: true }])
  await b.publish('echo', Uint8Array.of(1, 99))
  await until(() => heard.has(99))
  const stream = await b.open(a.id, '/test/echo')
  const sending = sendAll(stream, [filled(300_000), filled(1)])
  expect((await collect(stream)).map(({ length }) => length)).toEqual([300_000, 1])
  await sending
})

test('a relay that comes back is asked again, and a stranger is not relayed', { timeout: 60_000 }, async () => {
  const [a, peer] = await Promise.all([browser(), nodePeer()])
  await a.dial(peer.addresses)
  await a.useRelay(peer.id)
  await until(() => a.addresses.length > 0)
  await commands.pauseNodePeer(peer.id)
  await until(() => a.addresses.length === 0)
  await commands.resumeNodePeer(peer.id)
  await a.dial(peer.addresses)
  await until(() => a.addresses.length > 0)
  const stranger = await browser()
  await expect(stranger.useRelay(peer.id)).rejects.toMatchObject({ code: 'network' })
})

function nextTask(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => resolve()
  port2.postMessage(undefined)
}
