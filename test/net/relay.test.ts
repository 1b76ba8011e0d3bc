// A member relays for members alone: who is none gets no place to be reached at, and reaches nobody who has one. The clients are plain libp2p.

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { libp2pNetwork } from '../../src/net/libp2p.node.ts'
import { shelf } from './shelf.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A relay, and whom it takes for a member. */
async function relay(): Promise<{ address: Multiaddr; members: Set<string> }> {
  const network = await libp2pNetwork({ host: '127.0.0.1' })({ shelf: shelf() })
  closing.push(() => network.close())
  const members = new Set<string>()
  network.admitRelayed((node) => members.has(node))
  return { address: multiaddr(network.addresses.find((address) => /tcp\/\d+\/p2p/.test(address))), members }
}

/** A node that cannot be dialled but by way of a relay. */
async function client(): Promise<Libp2p> {
  const made = await createLibp2p({
    addresses: { listen: ['/p2p-circuit'] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { reconnectRetries: 0 },
    services: {
      identify: identify(),
      listen: ({ transportManager }: { transportManager: { listen(addresses: Multiaddr[]): Promise<void> } }) => ({
        at: (address: Multiaddr) => transportManager.listen([address]),
      }),
    },
  })
  closing.push(() => made.stop())
  return made as unknown as Libp2p
}

const reserve = (node: Libp2p, at: Multiaddr): Promise<unknown> =>
  (node.services as unknown as { listen: { at(address: Multiaddr): Promise<void> } }).listen.at(
    at.encapsulate('/p2p-circuit'),
  )
const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'let in',
    (error: unknown) => String(error),
  )

test('a stranger gets no place at a relay; a member does', async () => {
  const { address, members } = await relay()
  const node = await client()
  expect(await outcome(reserve(node, address))).toMatch(/PERMISSION_DENIED|reservation/i)
  expect(node.getMultiaddrs()).toEqual([])
  members.add(node.peerId.toString())
  expect(await outcome(reserve(node, address))).toBe('let in')
  expect(node.getMultiaddrs().length).toBeGreaterThan(0)
  for (const own of node.getMultiaddrs()) expect(own.toString()).toContain('/p2p-circuit/')
})

test('a stranger reaches no member by way of a relay; a member does, with a limit to what goes through', async () => {
  const { address, members } = await relay()
  const [member, other] = [await client(), await client()]
  members.add(member.peerId.toString())
  await reserve(member, address)
  const [there] = member.getMultiaddrs()
  if (there === undefined) throw new Error('the member has an address')
  expect(await outcome(other.dial(there))).toMatch(/PERMISSION_DENIED|denied|failed to connect/i)
  expect(member.getConnections(other.peerId)).toEqual([])
  members.add(other.peerId.toString())
  expect(await outcome(other.dial(there))).toBe('let in')
  // A megabyte, less what the handshake took.
  const [left = 0n] = other.getConnections(member.peerId).map(({ limits }) => limits?.bytes)
  expect(left > 0n && left < 1n << 20n).toBe(true)
})
