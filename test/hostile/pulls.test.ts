// A member that answers without giving anything must not keep others from giving it.

import { afterEach, expect, test } from 'vitest'
import { forkedBranch } from '../../src/core/ids.ts'
import type { DocHandle } from '../../src/peer/api.ts'
import type { Session } from '../../src/peer/session.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('a pull whose parts bring nothing is given up, and another member is asked', async () => {
  world = new World()
  const [a, b] = [await world.open('a'), await world.open('b')]
  const spaceA = await world.during(a.space('Family'))
  const ticket = await world.during(spaceA.invite())
  const spaceB = await world.during(b.join(ticket))
  await world.during(spaceB.met({ timeoutMs: 10_000 }))
  const rogue = await Rogue.join(world, ticket)

  // While the two are apart, a writes; the rogue claims to have that too, and drips empty parts.
  world.hub.partition([['b', rogue.node], ['a']])
  const docA = (await world.during(spaceA.open('notes'))) as DocHandle<Record<string, unknown>>
  docA.change((d) => void (d.one = 1))
  const drip = (session: Session, id: number): void => {
    if (session.ended) return
    void session.send({ type: 'delta', id, more: true, ops: 0, ranges: [] })
    world.clock.after(1_000, () => drip(session, id))
  }
  const session = await world.during(
    rogue.meet('b', (message, its) => {
      if (message.type === 'pull') drip(its, message.id)
    }),
  )
  const entry = {
    document: { name: 'notes', generation: 0 },
    version: new Map([[forkedBranch(rogue.actor, 7, new Uint8Array(8)), 7]]),
  }
  const root = new Uint8Array(32)
  void session.send({ type: 'state', root, documents: 1, entries: [] })
  void session.send({ type: 'tell', more: false, all: true, pulls: 0, firstId: 0, entries: [entry] })
  await world.run(2_000)
  expect(rogue.heard.some(({ type }) => type === 'pull')).toBe(true)

  world.hub.heal()
  const docB = (await world.during(spaceB.open('notes'))) as DocHandle<Record<string, unknown>>
  await world.until(() => docB.value.one === 1, 40_000)
})
