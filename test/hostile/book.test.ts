// Address records are signed by devices, and tell of nodes: a device must not speak for a node that is another's.

import { afterEach, expect, test } from 'vitest'
import { type AddressRecord, signRecord } from '../../src/auth/address-record.ts'
import type { Device } from '../../src/auth/device.ts'
import { ed25519Signing } from '../../src/auth/signing.ts'
import { limits } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { Network } from '../../src/net/network.ts'
import { Book, type BookOptions } from '../../src/peer/book.ts'
import type { PeerContext } from '../../src/peer/context.ts'
import { Members } from '../../src/peer/members.ts'
import { Unsettled } from '../../src/peer/unsettled.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { makeDevice } from './rogue.ts'

const spaceId = new Uint8Array(32)
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function openBook(changed: Partial<BookOptions> = {}): Promise<Book> {
  const shelf = await memoryStore(memoryDisk())('book')
  const network = await memoryNetwork(memoryHub(), { id: 'a' })({ shelf })
  const book = new Book({
    spaceId,
    self: '',
    shelf,
    shelfKey: 'book',
    network,
    clock: new ManualClock(),
    random: seededRandom(1),
    signing: ed25519Signing,
    trace: () => {},
    inContact: () => false,
    reached: () => {},
    ...changed,
  })
  closing.push(() => book.close())
  return book
}

function record(device: Device, node: string, address: string, madeAt: number): Promise<AddressRecord> {
  return signRecord(device, spaceId, { node, name: node, madeAt, addresses: [address] })
}

test('a member cannot send others astray with a record for somebody else’s node', async () => {
  const book = await openBook()
  const [bea, rogue] = [await makeDevice(), await makeDevice()]
  expect(await book.learn(await record(bea, 'b', 'memory:b', 1), 'b')).toBe(true)
  expect(await book.learn(await record(rogue, 'b', 'memory:nowhere', 2), 'rogue')).toBe(false)
  expect(book.addressesOf('b')).toEqual(['memory:b'])
  // A node that was set up anew says so itself.
  const anew = await makeDevice()
  expect(await book.learn(await record(anew, 'b', 'memory:b2', 3), 'b')).toBe(true)
  expect(book.addressesOf('b')).toEqual(['memory:b2'])
})

test('of two records that arrive at once the later one stands', async () => {
  const book = await openBook()
  const bea = await makeDevice()
  const [older, later] = [await record(bea, 'b', 'memory:old', 1), await record(bea, 'b', 'memory:new', 2)]
  await Promise.all([book.learn(later, 'c'), book.learn(older, 'c')])
  expect(book.addressesOf('b')).toEqual(['memory:new'])
})

test('a member who is connected, with no session and no address left, is greeted again', async () => {
  const hub = memoryHub()
  const shelf = await memoryStore(memoryDisk())('book')
  const [own, other] = [
    await memoryNetwork(hub, { id: 'a' })({ shelf }),
    await memoryNetwork(hub, { id: 'b' })({ shelf }),
  ]
  const clock = new ManualClock()
  const reached: string[] = []
  const book = await openBook({ network: own, clock, reached: (node) => void reached.push(node) })
  const bea = await makeDevice()
  await book.learn(await signRecord(bea, spaceId, { node: 'b', name: 'b', madeAt: 1, addresses: [] }), 'b')
  await clock.advance(1_000)
  expect(reached).toEqual([])
  await own.dial(other.addresses)
  await clock.advance(1_000)
  await expect.poll(() => reached).toContain('b')
})

test('Invariant 9: members that somebody only tells of are shown up to a limit', () => {
  const members = new Members({ device: { keyHex: '' }, store: { incarnation: '' } } as PeerContext, {
    byKey: new Map(),
    unsettled: new Unsettled(),
  })
  for (let i = 0; i < 2 * limits.bookPeers; i++) {
    const device = new Uint8Array(32)
    new DataView(device.buffer).setUint32(0, i)
    members.hear({ device, node: `n${i}`, name: 'nobody', madeAt: 1, addresses: [], signature: new Uint8Array(64) })
  }
  expect(members.list(undefined, undefined)).toHaveLength(limits.bookPeers)
})

test('a dial that comes to no end is given up by the clock of its peer, and no other', async () => {
  const clock = new ManualClock()
  const reasons: unknown[] = []
  const shelf = await memoryStore(memoryDisk())('book')
  const network = await memoryNetwork(memoryHub(), { id: 'a' })({ shelf })
  const dial: Network['dial'] = (_, { signal } = {}) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        reasons.push(signal.reason)
        reject(signal.reason)
      })
    })
  const book = await openBook({
    clock,
    network: new Proxy(network, { get: (all, key) => (key === 'dial' ? dial : Reflect.get(all, key, all)) }),
  })
  book.hint('b', ['memory:b'])
  await clock.advance(3_000)
  expect(reasons).toEqual([])
  await clock.advance(500)
  expect(reasons).toMatchObject([{ name: 'TimeoutError' }])
})
