// A peer that stands still while the others go on, and an hour later by its own clock: a frozen tab, a laptop that was closed.

import { afterEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { PeerClock } from '../../src/testing/peer-clock.ts'
import { turns } from '../../src/testing/turns.ts'

const hourMs = 3_600_000
const world = new ManualClock()
const hub = memoryHub({ delayMs: 1, clock: world, random: seededRandom(1) })
const peers: Peer[] = []
const lines: string[] = []

interface Notes {
  items: string[]
}

interface Member {
  readonly clock: PeerClock
  readonly peer: Peer
  space: Space
  notes: DocHandle<Notes>
}

async function during<T>(promise: Promise<T>): Promise<T> {
  let isOver = false
  const ended = promise.finally(() => {
    isOver = true
  })
  ended.catch(() => {})
  while (!isOver) await world.advance(1, turns)
  return ended
}

async function open(name: string, isTold: boolean, ticket?: string): Promise<Member> {
  const clock = new PeerClock(world, 0, () => {})
  const platform = {
    path: name,
    store: memoryStore(memoryDisk()),
    network: memoryNetwork(hub, { id: name }),
    awaitNetwork: true,
    onThrow: (error: unknown) => lines.push(String(error)),
    ...(isTold && { onWake: (listener: () => void) => clock.onThaw(listener) }),
  }
  const trace = (...facts: readonly unknown[]): void => void lines.push([name, ...facts].join(' '))
  const peer = await during(openPeerOn(platform, { name, clock, random: seededRandom(peers.length), trace }))
  peers.push(peer)
  const space = await during(ticket === undefined ? peer.space('Home') : peer.join(ticket))
  return { clock, peer, space, notes: await during(space.open<Notes>('notes', { init: { items: [] } })) }
}

/** Two who agree, and have been silent for so long that the next beacon is far away. */
async function meet(isTold: boolean): Promise<{ readonly ada: Member; readonly bo: Member }> {
  const ada = await open('ada', isTold)
  const bo = await open('bo', true, await during(ada.space.invite()))
  await during(bo.space.met({ timeoutMs: 10_000 }))
  await world.advance(300_000, turns)
  expect(ada.space.status.current.upToDate).toBe(true)
  lines.length = 0
  return { ada, bo }
}

afterEach(async () => {
  for (const peer of peers.splice(0)) await during(peer.close())
})

test.each([true, false])('who slept takes nobody’s silence for an end (told of it: %s)', async (isTold) => {
  const { ada } = await meet(isTold)
  ada.clock.freeze()
  await world.advance(1_900, turns)
  ada.clock.thaw(hourMs)
  await world.advance(4_000, turns)
  expect(lines.filter((line) => line.includes('silent') || line.includes('ended'))).toEqual([])
  expect(ada.space.status.current.upToDate).toBe(true)
})

test('who wakes tells all in contact at once what is here', async () => {
  const { ada } = await meet(true)
  ada.clock.freeze()
  await world.advance(1_000, turns)
  ada.clock.thaw(hourMs)
  await world.advance(20, turns)
  expect(lines).toContainEqual(expect.stringMatching(/^bo sync .* agreed/))
})

test('who was met before the sleep is no stranger after it: tried again and again, not once in half a minute', async () => {
  const { ada, bo } = await meet(false)
  hub.partition([['ada'], ['bo']])
  await world.advance(10_000, turns)
  ada.clock.freeze()
  bo.clock.freeze()
  ada.clock.thaw(hourMs)
  await world.advance(135_000, turns)
  hub.heal()
  await world.advance(3_000, turns)
  expect(ada.space.status.current.upToDate).toBe(true)
})

test('who is told that the network is back, after it was gone for long, is in contact within a second, with what it missed', async () => {
  const { ada, bo } = await meet(true)
  hub.partition([['ada'], ['bo']])
  await world.advance(1_800_000, turns)
  expect(bo.space.status.current.peers[0]?.connected).toBe(false)
  bo.notes.change((draft) => void draft.items.push('meanwhile'))
  hub.heal()
  bo.clock.freeze()
  bo.clock.thaw(0)
  await world.advance(1_000, turns)
  expect(ada.notes.value.items).toEqual(['meanwhile'])
  expect(ada.space.status.current.upToDate).toBe(true)
})
