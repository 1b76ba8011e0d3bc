// Edits of one document that follow edits of another are shown after these, on every peer, however they arrive.

import { afterEach, expect, test } from 'vitest'
import { docTag } from '../../src/auth/keys.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { encodeDepends } from '../../src/sync/depends.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from '../hostile/rogue.ts'

type Prices = Record<string, number>
type Orders = Record<string, number>

let world: World

afterEach(async () => {
  await world.close()
})

async function meet(names: readonly string[], options = {}): Promise<{ peers: Peer[]; spaces: Space[] }> {
  world = new World(options)
  const peers: Peer[] = []
  const spaces: Space[] = []
  for (const name of names) {
    const peer = await world.open(name)
    const [first] = spaces
    const space = first === undefined ? peer.space('Shop') : peer.join(await world.during(first.invite()))
    peers.push(peer)
    spaces.push(await world.during(space))
  }
  await world.settle()
  return { peers, spaces }
}

const prices = (space: Space | undefined): Promise<DocHandle<Prices>> =>
  world.during((space as Space).open<Prices>('prices'))
const orders = (space: Space | undefined): Promise<DocHandle<Orders>> =>
  world.during((space as Space).open<Orders>('orders'))

test('an edit waits for what it follows in another document, says for what, and goes on when that comes', async () => {
  const { spaces } = await meet(['a'])
  const [price, order] = [await prices(spaces[0]), await orders(spaces[0])]
  const member = await Rogue.join(world, await world.during((spaces[0] as Space).invite()), 'member')
  const tag = (name: string): Uint8Array => docTag(member.keys.nameKey, name, 0)
  const [theirPrices, theirOrders] = [member.replica(tag('prices')), member.replica(tag('orders'))]
  const cause = theirPrices.change((d) => void ((d as Prices).milk = 2)).received.held
  const effect = theirOrders.change((d) => void ((d as Orders).milk = 1), {
    depends: dependsOnPrices(theirPrices),
  }).received.held
  const later = theirOrders.change((d) => void ((d as Orders).bread = 1)).received.held
  const signed = async (name: string, ranges: typeof cause) =>
    Promise.all(ranges.map((range) => member.sign(tag(name), range)))
  await world.during(member.meet('a'))
  await world.during(member.gossip({ name: 'orders', generation: 0 }, await signed('orders', effect)))
  await world.during(member.gossip({ name: 'orders', generation: 0 }, await signed('orders', later)))
  await world.run(500)
  expect(order.value).toEqual({})
  const [pending] = order.status.current.pending.filter(({ reason }) => reason === 'ops')
  expect(pending?.message).toMatch(
    /^\d+ edits of "orders" arrived before the edits they build on, among them \d+ edits? of "prices"\.$/,
  )
  const seen: unknown[] = []
  order.subscribe(() => seen.push({ ...price.value }))
  await world.during(member.gossip({ name: 'prices', generation: 0 }, await signed('prices', cause)))
  await world.run(500)
  expect(order.value).toEqual({ milk: 1, bread: 1 })
  expect(seen[0]).toEqual({ milk: 2 })
  expect(order.status.current.pending.filter(({ reason }) => reason === 'ops')).toEqual([])
})

test('what follows edits of a document that was deleted is held up by nothing', async () => {
  const { spaces } = await meet(['a', 'b'])
  const [order, price] = [await orders(spaces[0]), await prices(spaces[0])]
  price.change((d) => void (d.milk = 2))
  const { frontier } = price
  await world.settle()
  world.hub.partition([['a'], ['b']])
  const there = await prices(spaces[1])
  there.change((d) => void (d.milk = 3))
  const late = there.frontier
  const elsewhere = await orders(spaces[1])
  elsewhere.change((d) => void (d.milk = 1), { after: [late] })
  await world.during((spaces[0] as Space).delete('prices'))
  order.change((d) => void (d.bread = 1), { after: [frontier] })
  world.hub.heal()
  await world.settle()
  expect(order.value).toEqual({ milk: 1, bread: 1 })
  expect(elsewhere.value).toEqual(order.value)
})

test('only frontiers of this space are followed, and only of what is here', async () => {
  const { peers, spaces } = await meet(['a', 'b'])
  const [order, price] = [await orders(spaces[0]), await prices(spaces[0])]
  const mine = await prices(await world.during((peers[0] as Peer).space('Mine')))
  mine.change((d) => void (d.milk = 2))
  const change = (after: unknown) => () => order.change((d) => void (d.milk = 1), { after: after as [] })
  for (const after of [[mine.frontier], [{ document: 'prices' }], 'prices', [price.frontier, undefined]])
    expect(change(after)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  expect(order.value).toEqual({})
  // Of a document without edits there is nothing to follow, and one's own past is followed anyway.
  change([price.frontier, order.frontier])()
  const [there, other] = [await prices(spaces[1]), await orders(spaces[1])]
  await world.run(1_000)
  expect(other.value).toEqual({ milk: 1 })
  expect(there.value).toEqual({})
})

test('several documents are read at one causal cut, asleep or not', async () => {
  const { spaces } = await meet(['a'])
  const [space] = spaces as [Space]
  const price = await prices(space)
  const order = await orders(space)
  price.change((d) => void (d.milk = 2))
  order.change((d) => void (d.milk = 1), { after: [price.frontier] })
  const { values, frontiers } = await world.during(
    space.snapshot<{ prices: Prices; orders: Orders }>(['prices', 'orders']),
  )
  expect(values).toEqual({ prices: { milk: 2 }, orders: { milk: 1 } })
  expect(frontiers.map(({ document }) => document)).toEqual(['prices', 'orders'])
  order.change((d) => void (d.bread = 3), { after: frontiers })
  await expect(world.during(space.snapshot(['prices', 'none']))).rejects.toMatchObject({ code: 'no-such-document' })
  // And it stands after a restart, where what is on disk needs no permission.
  await world.during(order.settled())
  await world.crash('a')
  const again = (await world.open('a')).spaces[0] as Space
  const after = await world.during(again.snapshot(['orders', 'prices']))
  expect(after.values).toEqual({ prices: { milk: 2 }, orders: { milk: 1, bread: 3 } })
})

test.each([1])('at no step does any peer show an effect without its cause (seed %i)', async (seed) => {
  const names = ['a', 'b', 'c']
  const network = { delayMs: 5, gossipJitterMs: 400, gossipLoss: 0.4, gossipRepeat: 0.2 }
  const { spaces } = await meet(names, { seed, network })
  const random = seededRandom(seed)
  const pick = (n: number): number => Math.floor(random.unit() * n)
  const shops: [DocHandle<Prices>, DocHandle<Orders>][] = []
  for (const space of spaces) shops.push([await prices(space), await orders(space)])
  let shown = 0
  const wrong: string[] = []
  const check = ([price, order]: [DocHandle<Prices>, DocHandle<Orders>]): void => {
    for (const [key, least] of Object.entries(order.value)) {
      shown++
      const known = (price.value as Prices)[key] ?? -1
      if (known < (least as number)) wrong.push(`${key}: ${known} where ${least} was ordered (SEED=${world.seed})`)
    }
  }
  for (const shop of shops) for (const doc of shop) doc.subscribe(() => check(shop))
  for (let step = 0; step < 20; step++) {
    // One sets a price, another orders upon it as soon as it sees it: a third may hear of the order first.
    const [at, after] = [pick(3), 1 + pick(2)]
    const [price] = shops[at] as [DocHandle<Prices>, DocHandle<Orders>]
    const [seen, order] = shops[(at + after) % 3] as [DocHandle<Prices>, DocHandle<Orders>]
    const key = `k${at}`
    price.change((d) => void (d[key] = step))
    await world.run(20 + pick(150))
    const least = (seen.value as Prices)[key]
    if (least !== undefined) order.change((d) => void (d[key] = least), { after: [seen.frontier] })
    await world.run(pick(30))
  }
  world.hub.heal()
  await world.settle()
  for (const shop of shops) {
    check(shop)
    expect(shop[0].value).toEqual(shops[0]?.[0].value)
    expect(shop[1].value).toEqual(shops[0]?.[1].value)
  }
  expect(wrong).toEqual([])
  expect(shown).toBeGreaterThan(50)
})

function dependsOnPrices(replica: ReturnType<Rogue['replica']>): Uint8Array {
  return encodeDepends([
    { document: { name: 'prices', generation: 0 }, version: replica.outward.heads(replica.version) },
  ])
}
