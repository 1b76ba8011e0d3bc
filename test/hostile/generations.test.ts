// Members may speak of any document; what they only speak of stands in nobody's way.

import { afterEach, expect, test } from 'vitest'
import type { DocHandle } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('a generation that somebody only names does not hide the document that stands', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  doc.change((d) => void (d.one = 1))
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  await world.during(rogue.meet('a'))
  await world.during(rogue.gossip({ name: 'notes', generation: 2_000_000_000 }, []))
  await world.run(1_000)
  const again = await world.during(space.open('notes'))
  expect(again.value).toEqual({ one: 1 })
  expect((await world.during(a.export())).spaces[0]?.documents).toEqual({ notes: { one: 1 } })
})
