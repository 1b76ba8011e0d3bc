// Ways to besiege a peer over real sockets: by whoever can dial its port, by whoever speaks libp2p, and by a member that holds the secret.

import { connect, type Socket } from 'node:net'
import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import type { Connection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { encode } from 'uint8-varint'
import { deviceId } from '../../src/auth/device.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { systemRandom } from '../../src/base/random.ts'
import { frameHeader } from '../../src/net/frames.ts'
import { SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { HostileMember } from '../e2e/hostile-member.ts'
import { type Spoiler, spoiling } from './spoiling-network.ts'

export interface Siege {
  readonly ticket: string
  /** The victim's address for TCP, with its id. */
  readonly address: string
  readonly document: string
}

export interface Attack {
  readonly name: string
  readonly by: 'anybody' | 'a stranger' | 'a member'
  /** What the victim notes of the attacker in the end; undefined where there is no name to note it by, or nobody to note it. */
  readonly reason?: RegExp
  /** Attacks; resolves when the victim cut it off, with the names by which the victim may have noted it. */
  run(siege: Siege): Promise<readonly string[]>
}

const MILLION = 1_000_000
const DIALS_MAX = 4
const GOSSIP = '/meshsub/1.2.0'
const SUBSCRIPTIONS_IN_FRAME = 5_000

export const attacks: readonly Attack[] = [
  { name: 'garbage at the port', by: 'anybody', run: raw(30, (socket) => socket.write(systemRandom.bytes(4_096))) },
  {
    name: 'a page asked for',
    by: 'anybody',
    run: raw(10, (socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
  },
  { name: 'silence', by: 'anybody', run: raw(10, () => {}) },
  {
    name: 'a byte a second',
    by: 'anybody',
    run: raw(10, (socket) =>
      drip(
        () => socket.write('\x13'),
        () => socket.destroyed,
      ),
    ),
  },
  stranger('a million subscriptions', GOSSIP, async (stream) => {
    for (let from = 0; from < MILLION; from += SUBSCRIPTIONS_IN_FRAME) await say(stream, subscriptions(from))
  }),
  stranger('a gossip frame too large', GOSSIP, (stream) => say(stream, encode(64 * MILLION))),
  stranger('a gossip frame without an end', GOSSIP, async (stream) => {
    await say(stream, encode(4 * 2 ** 20))
    await drip(
      () => say(stream, systemRandom.bytes(1_000)),
      () => stream.status !== 'open',
    )
  }),
  stranger('half a hello', SYNC_PROTOCOL, (stream) =>
    say(stream, concatBytes(frameHeader(65), Uint8Array.of(1, 2, 3))),
  ),
  stranger('a hello, a byte a second', SYNC_PROTOCOL, async (stream) => {
    await say(stream, frameHeader(65))
    await drip(
      () => say(stream, Uint8Array.of(7)),
      () => stream.status !== 'open',
    )
  }),
  {
    ...stranger('a frame of eight megabytes', SYNC_PROTOCOL, (stream) => say(stream, frameHeader(0x7fffff))),
    reason: /over the limit/,
  },
  stranger('frames without end', SYNC_PROTOCOL, async (stream) => {
    const frame = concatBytes(frameHeader(60_000), new Uint8Array(60_000))
    for (let i = 0; i < 10_000 && stream.status === 'open'; i++) await say(stream, frame)
  }),
  member('half a frame', /fell silent/, async (_, spoiler) => void spoiler.cutShort()),
  member('a frame, a byte a second', /fell silent/, async (_, spoiler) => void spoiler.drip()),
  member('pulls and pings that are never read', /./, async ({ flood }, spoiler) => {
    spoiler.deafen()
    await flood()
  }),
]

/** Sockets of no protocol at all. */
function raw(count: number, speak: (socket: Socket) => void): Attack['run'] {
  return async ({ address }) => {
    const port = Number(/\/tcp\/(\d+)\//.exec(address)?.[1])
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.on('connect', () => speak(socket))
            socket.on('error', () => {}) // Cut off: that is what is wanted.
            socket.on('close', () => resolve())
            socket.resume()
          }),
      ),
    )
    return []
  }
}

/** Somebody who speaks libp2p, and was told no secret. */
function stranger(name: string, protocol: string, speak: (stream: Stream) => Promise<unknown>): Attack {
  return {
    name,
    by: 'a stranger',
    // Who only speaks to gossip is hung up on by a watchdog of the network, which has no words for it.
    ...(protocol === SYNC_PROTOCOL ? { reason: /no session|hung up/ } : {}),
    async run({ address }) {
      const node = await createLibp2p({
        addresses: { listen: [] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        connectionGater: { denyDialMultiaddr: () => false },
      })
      const connection = await again(() => node.dial(multiaddr(address)))
      const ended = closed(connection)
      const stream = await connection.newStream(protocol)
      void speak(stream).catch(() => {}) // Cut off: that is what is wanted.
      await ended
      await node.stop()
      return [node.peerId.toString()]
    },
  }
}

interface InSession {
  /** Asks for more than is ever read, again and again, until it is cut off. */
  flood(): Promise<void>
}

function member(name: string, reason: RegExp, attack: (session: InSession, spoiler: Spoiler) => Promise<void>): Attack {
  return {
    name,
    by: 'a member',
    reason,
    async run({ ticket, document }) {
      const { network, spoiler } = spoiling()
      const hostile = await again(() => HostileMember.join(ticket, document, network))
      const { session, ended } = await hostile.meet()
      const gone = new Promise<void>((resolve) => hostile.network.on('disconnect', () => resolve()))
      const flood = async (): Promise<void> => {
        for (let id = 1; id <= 500; id++)
          await session.send({ type: 'pull', id, document: { name: document, generation: 0 }, since: new Map() })
        for (let i = 0; i < MILLION && !session.ended; i++) {
          await session.send({ type: 'ping' })
          if (i % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
      }
      void attack({ flood }, spoiler).catch(() => {})
      // Something has to be said, for it to be cut short.
      void drip(
        () => session.send({ type: 'ping' }),
        () => session.ended,
      )
      await Promise.race([gone, ended])
      await hostile.close()
      return [hostile.network.id, deviceId(hostile.device.publicKey)]
    },
  }
}

/** A port under siege may be too busy for one who dials, once or twice. */
async function again<T>(dial: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dial()
    } catch (error) {
      if (attempt === DIALS_MAX) throw error
    }
  }
}

function closed(connection: Connection): Promise<void> {
  return new Promise((resolve) => connection.addEventListener('close', () => resolve()))
}

async function say(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (stream.send(bytes)) return
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('drain', () => resolve(), { once: true })
    stream.addEventListener('close', () => reject(new Error('the stream was cut')), { once: true })
  })
}

function subscriptions(from: number): Uint8Array {
  const each = Array.from({ length: SUBSCRIPTIONS_IN_FRAME }, (_, i) => ({ subscribe: true, topic: `t${from + i}` }))
  const rpc = RPC.encode({ subscriptions: each, messages: [] })
  return Uint8Array.of(...encode(rpc.length), ...rpc)
}

async function drip(once: () => unknown, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await once()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}
