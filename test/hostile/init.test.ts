// Init changes need no signature, since their name is their hash: so everything else about them is checked.

import { afterEach, expect, test } from 'vitest'
import { selfActor } from '../../src/core/ids.ts'
import type { DocHandle } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('what claims to go on after an init is refused, and leaves nobody waiting for it', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  doc.change((d) => void (d.one = 1))
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  await world.during(rogue.meet('a'))
  const actor = selfActor(new Uint8Array(32).fill(3))
  const hash = new Uint8Array(32)
  const range = { actor, fromSeq: 5, endSeq: 6, body: Uint8Array.of(0), tipHash: hash, signature: new Uint8Array(0) }
  await world.during(rogue.gossip({ name: 'notes', generation: 0 }, [range]))
  await world.run(1_000)
  expect(doc.status.current.pending.filter(({ reason }) => reason === 'ops')).toEqual([])
})
