// The journal stays bounded, whatever a member links to.

import { afterEach, expect, test } from 'vitest'
import { docTag } from '../../src/auth/keys.ts'
import { forkedBranch, memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { World } from '../../src/testing/world.ts'
import { Forger } from '../replica/forger.ts'
import { makeDevice, Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('an op that waits for one which never was does not keep a journal from being compacted', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  const id = { name: 'notes', generation: 0 }
  const tag = docTag(rogue.keys.nameKey, id.name, id.generation)
  const never = memberActor((await makeDevice()).publicKey, 0)
  const forger = new Forger('rogue', { actor: rogue.actor, tag })
  const ranges: SignedRange[] = []
  const count = 2_100
  for (let seq = 0; seq < count; seq++)
    ranges.push(
      await rogue.sign(tag, forger.write([{ type: 'meta' }], seq === count - 1 ? [{ actor: never, seq: 7 }] : [])),
    )
  const session = await world.during(
    rogue.meet('a', (message, its) => {
      if (message.type === 'pull') void its.send({ type: 'delta', id: message.id, more: false, ops: count, ranges })
    }),
  )
  const entry = { document: id, version: new Map([[forkedBranch(rogue.actor, count, new Uint8Array(8)), count]]) }
  const root = new Uint8Array(32)
  const told = { more: false, all: true, pulls: 0, firstId: 0, entries: [entry] }
  void session.send({ type: 'state', root, documents: 1, entries: [] })
  for (let time = 0; time < 2; time++) {
    void session.send({ type: 'tell', ...told })
    await world.run(2_000)
  }
  const doc = await world.during(space.open('notes'))
  for (let i = 0; i < 2_100; i++) {
    doc.change((d) => void (d.i = i))
    await world.during(doc.settled())
  }
  await world.run(1_000)
  expect(records('a')).toBeLessThan(200)
  expect(doc.status.current.pending.map(({ reason }) => reason)).toContain('ops')

  // All that was held is there after a crash, and goes on where it was; what waited would have to be pulled again.
  await world.crash('a', 'power')
  const again = await world.open('a')
  const home = await world.during(again.space('Family'))
  const back = await world.during(home.open('notes'))
  expect(back.value).toEqual({ i: 2_099 })
  expect(back.status.current.pending.map(({ reason }) => reason)).not.toContain('ops')
  back.change((d) => void (d.more = true))
  await world.during(back.settled())
  await world.crash('a', 'power')
  const last = await world.open('a')
  const reopened = await world.during((await world.during(last.space('Family'))).open('notes'))
  expect(reopened.value).toEqual({ i: 2_099, more: true })
}, 60_000)

function records(name: string): number {
  return world.disk(name).volume(name).entries.length
}
