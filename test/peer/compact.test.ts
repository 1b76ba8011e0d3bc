// Compaction on demand: every document is written anew as one snapshot, and nothing is lost, while people go on writing or after a crash.

import { afterEach, expect, test } from 'vitest'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

let world: World
afterEach(() => world.close())

type List = { items: string[] }

async function begin(): Promise<{ peer: Peer; space: Space; lists: DocHandle<List>[] }> {
  world = new World()
  const peer = await world.open('a')
  const space = await world.during(peer.space('Family'))
  const lists: DocHandle<List>[] = []
  for (const name of ['x', 'y', 'z']) {
    const list = await world.during(space.open<List>(name, { init: { items: [] } }))
    for (let i = 0; i < 20; i++) {
      list.change((d) => void d.items.push(`${name}${i}`))
      await world.during(list.settled())
    }
    lists.push(list)
  }
  return { peer, space, lists }
}

const records = (): number => world.disk('a').volume('a').entries.length

test('leaves one record of each document, and another time nothing to do', async () => {
  const { peer, lists } = await begin()
  const before = await world.during(peer.export())
  expect(records()).toBeGreaterThan(60)
  expect(await world.during(peer.compact())).toEqual({ documents: 3, kept: 0 })
  expect(records()).toBe(3)
  lists[0]?.change((d) => void d.items.push('more'))
  await world.during(peer.flush())
  await world.crash('a', 'power')
  const again = await world.open('a')
  const values = (await world.during(again.export())).spaces[0]?.documents as Record<string, List>
  expect(values.x?.items.at(-1)).toBe('more')
  expect({ ...values, x: { items: values.x?.items.slice(0, -1) } }).toEqual(before.spaces[0]?.documents)
  expect(await world.during(again.compact())).toEqual({ documents: 1, kept: 0 })
  expect(await world.during(again.compact())).toEqual({ documents: 0, kept: 0 })
})

test('while somebody writes, it loses nothing of what is written', async () => {
  const { peer, lists } = await begin()
  const writing = (async () => {
    for (let i = 0; i < 50; i++) {
      for (const list of lists) list.change((d) => void d.items.push(`more ${i}`))
      await lists[i % 3]?.settled()
    }
  })()
  const { documents, kept } = await world.during(peer.compact())
  expect(documents + kept).toBe(3)
  await world.during(writing)
  const before = await world.during(peer.export())
  await world.during(peer.flush())
  await world.crash('a', 'power')
  expect((await world.during((await world.open('a')).export())).spaces).toEqual(before.spaces)
})

test('where a snapshot would take more room than the few edits that there are, they stay as they are', async () => {
  world = new World()
  const peer = await world.open('a')
  const list = await world.during((await world.during(peer.space('Family'))).open<List>('x', { init: { items: [] } }))
  list.change((d) => void d.items.push('milk'))
  await world.during(list.settled())
  const before = records()
  expect(await world.during(peer.compact())).toEqual({ documents: 0, kept: 0 })
  expect(records()).toBe(before)
})
