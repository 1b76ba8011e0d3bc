// What needs no sockets: symbols for each difference; and two peers of many documents over the network in memory, where nothing but what they say to
// one another counts, and a round trip is a span of simulated time.

import { seededRandom } from '../../../../src/base/random.ts'
import type { DocHandle, Peer, Space } from '../../../../src/peer/api.ts'
import { CodedSet, type ShortId, SymbolDecoder } from '../../../../src/reconcile.ts'
import { World } from '../../../../src/testing/world.ts'
import { ours } from '../../statistics.ts'
import type { Measurement } from '../measurement.ts'

const DELAY_MS = 50
/** Until receipts are said, and before anybody asks whether the other is still there. */
const AFTER_MS = 600
const TEN = 10
/** Documents that are opened at one moment. */
const AT_ONCE = 500

interface Note {
  title: string
}

export const comparing: readonly Measurement[] = [
  {
    id: 'symbols',
    rows: { 'symbols/20': 'symbols', 'symbols/100': 'symbols', 'symbols/1000': 'symbols', 'symbols/10000': 'symbols' },
    limitMs: 120_000,
    of: [ours],
    isOnce: true,
    run: async () => ({
      'symbols/20': symbolsEach(20, 200),
      'symbols/100': symbolsEach(100, 50),
      'symbols/1000': symbolsEach(1_000, 10),
      'symbols/10000': symbolsEach(10_000, 3),
    }),
  },
  ...[1_000, 10_000, 100_000].map(
    (count): Measurement => ({
      id: `told-${count}`,
      rows: {
        [`told-${count}/unchanged-bytes`]: 'B',
        [`told-${count}/10-bytes`]: 'B',
        [`told-${count}/10-round-trips`]: 'round trips',
      },
      limitMs: 1_200_000,
      of: [ours],
      isOnce: true,
      run: () => told(count),
    }),
  ),
]

/** The mean of many sets, told symbol by symbol. */
function symbolsEach(differences: number, times: number): number {
  const random = seededRandom(differences)
  let taken = 0
  for (let i = 0; i < times; i++) {
    const key = random.bytes(16)
    const [a, b] = [new CodedSet(key), new CodedSet(key)]
    const word = (): number => Math.floor(random.unit() * 2 ** 32)
    const id = (): ShortId => ({ high: word(), low: word() })
    for (let n = 0; n < 1_000; n++) {
      const common = id()
      a.add(common)
      b.add(common)
    }
    for (let n = 0; n < differences; n++) (n % 2 === 0 ? a : b).add(id())
    const decoder = new SymbolDecoder(a)
    while (decoder.add(b.symbols(decoder.length, decoder.length + 1)) === 'more');
    taken += decoder.length
  }
  return taken / times / differences
}

/** Two peers with the same documents meet again: with nothing new, and with ten that one of them edited. */
async function told(count: number): Promise<Record<string, number>> {
  const world = new World({ network: { delayMs: DELAY_MS } })
  const ada = await world.open('ada')
  const hers = await world.during(ada.space('Bench'))
  for (let from = 0; from < count; from += AT_ONCE)
    await write(
      world,
      hers,
      [...Array(Math.min(AT_ONCE, count - from)).keys()].map((i) => from + i),
      'x',
    )
  await world.during(ada.flush())
  // The other has them all from a file: what is measured is how they compare.
  const bundle = new Uint8Array(await world.during(new Response(ada.backup({ withKeys: true })).arrayBuffer()))
  const bo = await world.open('bo')
  bo.pause()
  await world.during(bo.restore(bundle))
  bo.resume()
  const his = await world.during(bo.join(await hers.invite()))
  await world.until(() => his.status.current.upToDate)
  await world.run(3_000)

  await part(world)
  const unchanged = await meet(world, [ada, bo], () => his.status.current.upToDate)
  const changed = Array.from({ length: TEN }, (_, i) => Math.floor((i * count) / TEN))
  const notes: DocHandle<Note>[] = []
  for (const i of changed) notes.push(await world.during(his.open<Note>(`note/${i}`)))
  await part(world)
  await write(world, hers, changed, 'y')
  await world.during(ada.flush())
  const ten = await meet(world, [ada, bo], () => notes.every((note) => note.value.title === 'y'))
  await world.close()
  return {
    [`told-${count}/unchanged-bytes`]: unchanged.bytes,
    [`told-${count}/10-bytes`]: ten.bytes,
    [`told-${count}/10-round-trips`]: ten.ms / (2 * DELAY_MS),
  }
}

async function write(world: World, space: Space, documents: readonly number[], title: string): Promise<void> {
  const notes = await world.during(Promise.all(documents.map((i) => space.open<Note>(`note/${i}`))))
  for (const note of notes) {
    note.change((d) => {
      d.title = title
    })
    note.close()
  }
}

async function part(world: World): Promise<void> {
  world.hub.partition([['ada'], ['bo']])
  await world.run(10_000)
}

/** All that both say from the first word of their hello until a while after `isDone`, and how long that is from when they know whom they met. */
async function meet(
  world: World,
  peers: readonly [Peer, Peer],
  isDone: () => boolean,
): Promise<{ bytes: number; ms: number }> {
  const [{ traffic: before }] = peers
  world.hub.heal()
  await world.until(() => peers.some(({ status }) => status.current.peers.some(({ connected }) => connected)))
  const metAt = world.clock.now()
  await world.until(isDone)
  const ms = world.clock.now() - metAt
  await world.run(AFTER_MS)
  const [{ traffic }] = peers
  const bytes = traffic.syncSent - before.syncSent + traffic.syncReceived - before.syncReceived
  return { bytes, ms }
}
