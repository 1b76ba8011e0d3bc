// The memory network keeps the contract, and besides: partitions, chance from a seed, and time from a clock.

import { expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { type MemoryHubOptions, memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { Network } from '../../src/net/network.ts'
import { join, listen, networkContract } from './contract.ts'
import { shelf } from './shelf.ts'

const hub = memoryHub()
networkContract('memory', { make: () => memoryNetwork(hub)({ shelf: shelf() }), bulkBytes: 50 * 2 ** 20 })

/** A clock that stands until it is told to go. */
function handClock(): Clock & { run(): void } {
  let nowMs = 0
  const timers: { readonly atMs: number; readonly fn: () => void }[] = []
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after(delayMs, fn) {
      const timer = { atMs: nowMs + delayMs, fn }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0)
    },
    run() {
      for (;;) {
        const next = timers.reduce((first, timer) => (timer.atMs < first.atMs ? timer : first), timers[0] ?? never)
        if (next === never) return
        timers.splice(timers.indexOf(next), 1)
        nowMs = next.atMs
        next.fn()
      }
    },
  }
}
const never = { atMs: Number.POSITIVE_INFINITY, fn: () => {} }

async function nodes(options: MemoryHubOptions, ids: readonly string[]): Promise<readonly [typeof hub, Network[]]> {
  const own = memoryHub(options)
  return [own, await Promise.all(ids.map((id) => memoryNetwork(own, { id })({ shelf: shelf() })))]
}

test('a process that dies while it opens a stream has none, and is heard of no more', async () => {
  const clock = handClock()
  const [own, list] = await nodes({ clock, delayMs: 100 }, ['a', 'b'])
  const [a, b] = list as [Network, Network]
  const dialling = join(a, b)
  clock.run()
  await dialling
  const heard: unknown[] = []
  b.handle('/x', (stream) => void heard.push(stream))
  const opening = a.open('b', '/x').catch((error) => error)
  own.drop('a', 'power')
  clock.run()
  expect(await opening).toMatchObject({ code: 'closed' })
  clock.run()
  expect(heard).toEqual([])
})

test('a partition cuts what crosses it and nothing else; a heal lets them dial again', async () => {
  const [own, list] = await nodes({}, ['a', 'b', 'c', 'd'])
  const [a, b, c] = list as [Network, Network, Network, Network]
  await Promise.all([join(a, b), join(b, c)])
  own.partition([['a', 'b'], ['c']])
  expect([...b.connections.keys()]).toEqual(['a'])
  expect(c.connections.size).toBe(0)
  await expect(b.dial(c.addresses)).rejects.toMatchObject({ code: 'network' })
  await expect(a.dial(['memory:d'])).rejects.toMatchObject({ code: 'network' })
  own.heal()
  expect(await b.dial(c.addresses)).toBe('c')
})

test('gossip is lost, repeated and reordered as the seed says, and the same again with the same seed', async () => {
  const run = async (seed: number): Promise<string> => {
    const clock = handClock()
    const options = {
      clock,
      random: seededRandom(seed),
      delayMs: 5,
      gossipJitterMs: 20,
      gossipLoss: 0.3,
      gossipRepeat: 0.3,
    }
    const [, list] = await nodes(options, ['a', 'b'])
    const [a, b] = list as [Network, Network]
    const dialled = a.dial(b.addresses)
    clock.run()
    await dialled
    const heard = listen(b, 't')
    for (let i = 0; i < 40; i++) await a.publish('t', Uint8Array.of(i))
    clock.run()
    return heard.join(' ')
  }
  const heard = await run(7)
  expect(await run(7)).toBe(heard)
  expect(await run(8)).not.toBe(heard)
  const numbers = heard.split(' ').map(Number)
  expect(numbers.length).toBeGreaterThan(15)
  expect(numbers.length).toBeLessThan(40)
  expect(numbers).not.toEqual(numbers.toSorted((x, y) => x - y))
})

test('a node keeps its id on its shelf', async () => {
  const own = shelf()
  const first = await memoryNetwork(hub)({ shelf: own })
  await first.close()
  const again = await memoryNetwork(hub)({ shelf: own })
  expect(again.id).toBe(first.id)
  await again.close()
})
