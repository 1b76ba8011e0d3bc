// A store opens lazily: documents that the index knows are not read before somebody wants them, and nothing is told of them that is not so.

import { afterEach, describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { forkedBranch, memberActor, selfActor } from '../../src/core/ids.ts'
import type { Peer, Space } from '../../src/peer/api.ts'
import { decodeIndex, encodeIndex, type IndexEntry, indexVersion } from '../../src/peer/doc-index.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { indexKey } from '../../src/peer/shelf.ts'
import { Replica } from '../../src/replica/replica.ts'
import { type MemoryDisk, memoryDisk, memoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { World } from '../../src/testing/world.ts'

type List = { items: string[] }
const init = { items: [] as string[] }

const peers: Peer[] = []
let world: World | undefined
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.close()
  await world?.close()
  world = undefined
})

/** Opens a peer alone on a disk, and counts which streams are read. */
async function open(disk: MemoryDisk): Promise<{ peer: Peer; space: Space; reads: string[]; store: Store }> {
  const reads: string[] = []
  let store: Store | undefined
  const platform = {
    path: 'a',
    store: async (path: string) => {
      const made = await memoryStore(disk)(path)
      const { read } = made
      made.read = (stream) => {
        reads.push(stream)
        return read.call(made, stream)
      }
      store = made
      return made
    },
    network: () => Promise.reject(new Error('none')),
    awaitNetwork: true,
    onThrow: () => {},
  }
  const peer = await openPeerOn(platform, { network: 'none' })
  peers.push(peer)
  if (store === undefined) return expect.unreachable()
  return { peer, space: await peer.space('Many'), reads, store }
}

async function fill(space: Space, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const list = await space.open<List>(`d${i}`, { init })
    list.change((d) => void d.items.push(`first of ${i}`))
    list.close()
  }
  await space.settled()
}

const itemsOf = async (space: Space, name: string): Promise<readonly string[]> =>
  (await space.open<List>(name, { init })).value.items

describe('many documents', () => {
  test('cost an index at opening, and are read one by one as they are wanted', async () => {
    const disk = memoryDisk()
    const first = await open(disk)
    await fill(first.space, 300)
    const before = await first.peer.export()
    await first.peer.close()
    const { peer, space, reads } = await open(disk)
    expect(reads).toEqual([])
    expect(space.documents).toHaveLength(300)
    expect(space.status.current).toMatchObject({ saved: true })
    expect(await itemsOf(space, 'd7')).toEqual(['first of 7'])
    expect(await itemsOf(space, 'd7')).toEqual(['first of 7'])
    expect(reads).toHaveLength(1)
    expect((await peer.export()).spaces).toEqual(before.spaces)
    expect(reads).toHaveLength(300)
  })

  test('of which some changed before a crash: only those are read', async () => {
    const disk = memoryDisk()
    const first = await open(disk)
    await fill(first.space, 40)
    await first.peer.close()
    const second = await open(disk)
    const list = await second.space.open<List>('d3', { init })
    list.change((d) => void d.items.push('second'))
    await list.settled()
    disk.crash('a', 'power')
    await second.peer.close()
    const { space, reads } = await open(disk)
    expect(reads).toHaveLength(1)
    expect(await itemsOf(space, 'd3')).toEqual(['first of 3', 'second'])
    expect(await itemsOf(space, 'd4')).toEqual(['first of 4'])
  })

  test('that were never closed properly are read once, and noted then', async () => {
    const disk = memoryDisk()
    const first = await open(disk)
    await fill(first.space, 40)
    disk.crash('a')
    await first.peer.close()
    const second = await open(disk)
    expect(second.reads).toHaveLength(40)
    const { idHex } = { idHex: second.space.id.slice('space:'.length) }
    while ((await second.store.get(indexKey(idHex))) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 5))
    disk.crash('a')
    await second.peer.close()
    expect((await open(disk)).reads).toEqual([])
  })

  test('deleted while asleep are gone, and opening the name again begins a new one', async () => {
    const disk = memoryDisk()
    const first = await open(disk)
    await fill(first.space, 20)
    await first.peer.close()
    const { peer, space } = await open(disk)
    const opening = space.open<List>('d5', { init })
    await space.delete('d5')
    expect((await opening).value.items).toEqual([])
    expect(space.documents).toHaveLength(20)
    await peer.close()
    expect(await itemsOf((await open(disk)).space, 'd5')).toEqual([])
  })
})

test('an index that is rubbish, of another version or another store is as if it were none', async () => {
  const disk = memoryDisk()
  const first = await open(disk)
  await fill(first.space, 20)
  const key = indexKey(first.space.id.slice('space:'.length))
  await first.peer.close()
  const shelf = disk.volume('a').shelf
  const index = shelf.get(key) ?? expect.unreachable('no index')
  for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), index.subarray(0, -5)]) {
    shelf.set(key, bytes)
    const { peer, space, reads } = await open(disk)
    expect(reads).toHaveLength(20)
    expect(await itemsOf(space, 'd0')).toEqual(['first of 0'])
    await peer.close()
  }
})

test('two who were closed and opened again agree without reading anything, and read what is then edited', async () => {
  world = new World()
  const a = await world.open('a')
  const spaceA = await world.during(a.space('Family'))
  for (let i = 0; i < 20; i++) {
    const list = await world.during(spaceA.open<List>(`d${i}`, { init }))
    list.change((d) => void d.items.push(`item ${i}`))
  }
  const b = await world.open('b')
  const spaceB = await world.during(b.join(await spaceA.invite()))
  await world.until(() => spaceB.documents.length === 20)
  await world.settle()
  await world.during(a.close())
  await world.during(b.close())
  const told = world.trace.length
  const [again, other] = [await world.open('a'), await world.open('b')]
  await world.settle()
  const [here, there] = [await world.during(again.space('Family')), await world.during(other.space('Family'))]
  expect(world.trace.slice(told)).toContain(' agreed ')
  expect(world.trace.slice(told)).not.toContain(' serve ')
  const list = await world.during(here.open<List>('d3', { init }))
  list.change((d) => void d.items.push('more'))
  await world.settle()
  expect((await world.during(there.open<List>('d3', { init }))).value.items).toEqual(['item 3', 'more'])
  await world.settle()
  expect(there.status.current.upToDate).toBe(true)
})

test('Invariant 13: what damage took of a sleeping document is not claimed once it is read, and comes back', async () => {
  world = new World()
  const a = await world.open('a')
  const spaceA = await world.during(a.space('Family'))
  for (let i = 0; i < 20; i++) {
    const list = await world.during(spaceA.open<List>(`d${i}`, { init }))
    list.change((d) => void d.items.push(`item ${i}`))
  }
  const b = await world.open('b')
  const spaceB = await world.during(b.join(await spaceA.invite()))
  await world.until(() => spaceB.documents.length === 20)
  await world.settle()
  await world.during(a.close())
  // The disk loses bytes without a word: the store's marks are as they were.
  const { entries } = world.disk('a').volume('a')
  for (const entry of entries.filter(({ bytes }) => bytes[1] === 5)) entry.bytes.fill(0xff, 2)
  const again = await world.open('a')
  await world.settle()
  const list = await world.during((await world.during(again.space('Family'))).open<List>('d3', { init }))
  await world.until(() => list.value.items.length === 1)
  await world.settle()
  expect(list.value.items).toEqual(['item 3'])
})

describe('the bytes of an index', () => {
  const member = memberActor(new Uint8Array(32).fill(7), 1)
  const author = selfActor(new Uint8Array(32).fill(9))
  const entries: IndexEntry[] = [
    {
      id: { name: 'groceries', generation: 2 },
      mark: '17.5',
      face: {
        version: new Map([
          [author, 1],
          [member, 300],
        ]),
        outward: new Map([[member, 300]]),
        stated: new Map([[forkedBranch(member, 300, new Uint8Array(8).fill(3)), 300]]),
        digest: new Uint8Array(32).fill(5),
        records: 3,
      },
    },
    {
      id: { name: 'é', generation: 0 },
      mark: '',
      face: { version: new Map(), outward: new Map(), stated: new Map(), digest: new Uint8Array(32), records: 0 },
    },
  ]

  test('come back as they were, and whatever else is refused by name', () => {
    const bytes = encodeIndex(entries)
    expect(decodeIndex(bytes)).toEqual(entries)
    for (let at = 0; at < bytes.length; at++) {
      expect(() => decodeIndex(bytes.subarray(0, at))).toThrow(expect.objectContaining({ code: 'bad-message' }))
      const flipped = bytes.slice()
      flipped[at] = (flipped[at] ?? 0) ^ 0x80
      try {
        decodeIndex(flipped)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(bad-message|store-newer)$/) })
      }
    }
  })

  test('hold digests of this function: if it is another one now, count indexVersion on, and mend the two values here', () => {
    const replica = new Replica<List>({ docTag: new Uint8Array(32), actor: member, now: () => 0 })
    replica.change((d) => void (d.items = ['milk']))
    const tip = replica.outward.unsigned(member) ?? expect.unreachable()
    replica.outward.sign(member, tip.endSeq, new Uint8Array(64))
    expect([indexVersion, toHex(replica.outward.digest(replica.version))]).toEqual([
      1,
      '75aee89bd14f80b8335d7d9b42e6aa818e98b5a6f554ccbdd297e80a3aa6c31c',
    ])
  })
})
