// Leaving forgets what was written here; the others do not (Invariant 11: a seq is used once).

import { afterEach, expect, test } from 'vitest'
import type { DocHandle } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

let world: World

afterEach(async () => {
  await world.close()
})

type Doc = DocHandle<Record<string, unknown>>

test.each([
  ['at once', false],
  ['after a restart', true],
])(
  'who leaves a space, joins it again and writes before meeting anybody, %s, uses no seq twice',
  async (_, restarts) => {
    world = new World()
    const a = await world.open('a')
    let b = await world.open('b')
    const spaceA = await world.during(a.space('Family'))
    const ticket = await world.during(spaceA.invite())
    const before = await world.during(b.join(ticket))
    await world.during(before.met({ timeoutMs: 10_000 }))
    const docA = (await world.during(spaceA.open('notes'))) as Doc
    const old = (await world.during(before.open('notes'))) as Doc
    old.change((d) => void (d.first = 1))
    await world.during(old.settled())
    await world.settle()
    await world.during(before.leave())
    if (restarts) {
      await world.during(b.close())
      world.peers.delete('b')
      b = await world.open('b')
    }

    const after = await world.during(b.join(ticket))
    const young = (await world.during(after.open('notes'))) as Doc
    young.change((d) => void (d.second = 2))
    await world.settle()
    expect(docA.value).toEqual({ first: 1, second: 2 })
    expect(young.value).toEqual({ first: 1, second: 2 })
  },
)
