// What gossipsub loses without a word, on the real library: each trap once as it is, with our counter-measure left out, and once as we live with it.

import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { JoineryError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { gossipService, Topics } from '../../src/net/gossip.ts'
import type { Network, NetworkFactory } from '../../src/net/network.ts'
import { startWatchdog } from '../../src/net/watchdog.ts'
import { libp2pNetwork, openPeer, type Peer } from '../../src/node.ts'

type Settings = Parameters<typeof gossipService>[0]
type Gossip = ReturnType<ReturnType<typeof gossipService>>
type Node = Libp2p<{ gossip: Gossip; identify: ReturnType<ReturnType<typeof identify>> }>

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function node(settings?: Settings): Promise<Node> {
  const made = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0 },
    services: { identify: identify(), gossip: gossipService(settings) },
  })
  closing.push(() => made.stop())
  return made as unknown as Node
}

const topicsOf = ({ services }: Node): Topics => new Topics(services.gossip, { gossipSent: 0, gossipReceived: 0 })
const soon = { timeout: 15_000, interval: 10 }
/** A clock on which a watchdog need not be waited for. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => 8 * systemClock.monotonic(),
  after: (delayMs, act) => systemClock.after(delayMs / 8, act),
}
const moment = (ms = 1_000): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Sizes of what is heard on the topic. */
function heard(topics: Topics, topic: string): number[] {
  const sizes: number[] = []
  topics.subscribe(topic, ({ bytes }) => {
    sizes.push(bytes.length)
    return 'accept'
  })
  return sizes
}

/** Two nodes that see each other on a topic; what the second hears there. */
async function pair(settings?: Settings): Promise<{ a: Node; b: Node; topics: Topics; sizes: number[] }> {
  const [a, b] = [await node(settings), await node(settings)]
  const topics = topicsOf(a)
  heard(topics, 't')
  const sizes = heard(topicsOf(b), 't')
  await a.dial(b.getMultiaddrs())
  await expect.poll(() => [a, b].map((one) => one.services.gossip.getSubscribers('t').length), soon).toEqual([1, 1])
  return { a, b, topics, sizes }
}

describe('a message that is too large', () => {
  const size = 4 * 2 ** 20 + 1

  test('gossipsub sends to nobody, and calls that a success', async () => {
    const { a, sizes } = await pair()
    await a.services.gossip.publish('t', new Uint8Array(size))
    await a.services.gossip.publish('t', new Uint8Array(1))
    await moment()
    expect(sizes).not.toContain(size)
  })

  test('is an error here, before it is sent, and what comes after it arrives', async () => {
    const { topics, sizes } = await pair()
    await expect(topics.publish('t', new Uint8Array(size))).rejects.toMatchObject({ code: 'limit' })
    await topics.publish('t', new Uint8Array(limits.gossipFrameBytes))
    await expect.poll(() => sizes, soon).toEqual([limits.gossipFrameBytes])
  })
})

describe('a neighbour whose frame was too large', () => {
  const deafen = async (a: Node): Promise<void> => {
    // Twice what the other takes in a frame, and more than any of ours ever holds.
    await a.services.gossip.publish('t', new Uint8Array(64 * 1024)).catch(() => {})
  }
  const small = { maxInboundDataLength: 32 * 1024 }

  test('is not heard any more, while the connection stays', async () => {
    const { a, b, sizes } = await pair(small)
    await deafen(a)
    await moment()
    await a.services.gossip.publish('t', new Uint8Array(2))
    await moment()
    expect(sizes).toEqual([])
    expect([a.getConnections().length, b.getConnections().length]).toEqual([1, 1])
  })

  test('is dialled anew by the watchdog, and heard again', async () => {
    const { a, b, sizes } = await pair(small)
    watch(b, a)
    watch(a, b)
    await deafen(a)
    let count = 0
    await expect
      .poll(
        async () => {
          await a.services.gossip.publish('t', Uint8Array.of(1, ++count))
          return sizes.length
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBeGreaterThan(0)
  })

  function watch(own: Node, other: Node): void {
    const stop = startWatchdog({
      clock: hasty,
      libp2p: own,
      knows: (id) => own.services.gossip.getPeers().some((peer) => peer.toString() === id),
      introduce: (connection) => void own.services.identify.identify(connection).catch(() => {}),
      redial: async () => {
        await own.hangUp(other.peerId)
        await own.dial(other.getMultiaddrs()).catch(() => {})
      },
    })
    closing.push(stop)
  }
})

describe('what is said when a connection has just been made, or was not there', () => {
  test('is lost by gossipsub: nobody is known to listen yet, and nobody is told later', async () => {
    const [a, b] = [await node(), await node()]
    const topics = topicsOf(a)
    const sizes = [heard(topics, 't'), heard(topicsOf(b), 't')][1] ?? []
    await topics.publish('t', new Uint8Array(1))
    await a.dial(b.getMultiaddrs())
    await topics.publish('t', new Uint8Array(2))
    await expect.poll(() => topics.subscribers('t').length, soon).toBe(1)
    await topics.publish('t', new Uint8Array(3))
    await expect.poll(() => sizes, soon).toContain(3)
    await moment()
    expect(sizes).toEqual([3])
  })

  /** Two members of a space; what the second lacks of two edits, one made while apart and one when the first saw the connection. */
  const edited = async (streams: 'streams' | 'gossip alone'): Promise<() => readonly string[]> => {
    const networks: Network[] = []
    const open = async (name: string): Promise<Peer> => {
      const network: NetworkFactory = async (context) => {
        const made = await libp2pNetwork({ host: '127.0.0.1', mdns: false })(context)
        if (streams === 'gossip alone') made.open = () => Promise.reject(new JoineryError('network', 'no streams'))
        networks.push(made)
        return made
      }
      const peer = await openPeer({ store: 'memory', name, network })
      closing.push(() => peer.close())
      return peer
    }
    const [ada, bo] = [await open('ada'), await open('bo')]
    const [team] = [await ada.space('Team')]
    bo.pause()
    const joined = await bo.join(await team.invite())
    const init = { items: [] as string[] }
    const [ours, theirs] = [await team.open('list', { init }), await joined.open('list', { init })]
    ours.change((d) => void d.items.push('apart'))
    await ours.settled()
    const connected = new Promise<void>((resolve) => networks[0]?.on('connect', () => resolve()))
    bo.resume()
    await connected
    ours.change((d) => void d.items.push('first'))
    return () => ['apart', 'first'].filter((item) => !theirs.value.items.includes(item))
  }

  test('does not come later, either, where there is gossip alone', async () => {
    const lacking = await edited('gossip alone')
    await moment(2_000)
    expect(lacking()).toContain('apart')
  })

  test('is brought by the session that every connection begins with', async () => {
    const lacking = await edited('streams')
    await expect.poll(lacking, soon).toEqual([])
  })
})

describe('a peer in as many spaces as it may be in', () => {
  const names = Array.from({ length: limits.spaces }, (_, index) => `joinery/0/${index.toString().padStart(64, '0')}`)
  const seen = async (settings?: Settings): Promise<number> => {
    const [a, b] = [await node(settings), await node(settings)]
    for (const name of names) b.services.gossip.subscribe(name)
    await a.dial(b.getMultiaddrs())
    const counts: number[] = []
    const isSteady = (): boolean => counts.length > 5 && counts.slice(-5).every((count) => count === counts.at(-1))
    const count = (): number => names.filter((name) => a.services.gossip.getSubscribers(name).length > 0).length
    while (!isSteady() || counts.at(-1) === 0) {
      counts.push(count())
      await moment(100)
    }
    return counts.at(-1) ?? 0
  }

  test('is taken for absent in some of them, as gossipsub is set by itself', async () => {
    expect(await seen({ maxTopicBytesPerPeer: undefined as never })).toBeLessThan(limits.spaces)
  })

  test('is seen in each of them', async () => {
    expect(await seen()).toBe(limits.spaces)
  })
})
