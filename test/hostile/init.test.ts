// Init changes need no signature, since their name is their hash: so everything else about them is checked.

import { afterEach, expect, test } from 'vitest'
import { docTag } from '../../src/auth/keys.ts'
import { memberActor, selfActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { DocHandle } from '../../src/peer/api.ts'
import type { Document } from '../../src/peer/document.ts'
import { recordInit } from '../../src/replica/init.ts'
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

test('changes that nobody signed are kept aside, few of them, until a signed edit builds on one', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  await world.during(rogue.meet('a'))
  const tag = docTag(rogue.keys.nameKey, 'notes', 0)
  const notes = { name: 'notes', generation: 0 }
  const initOf = (n: number): SignedRange => recordInit({ n, long: 'x'.repeat(2_000) }, tag) as SignedRange
  // Those of a document that nobody has make none.
  for (let n = 0; n < 5; n++) {
    const name = { name: `made ${n}`, generation: 0 }
    const other = recordInit({ n }, docTag(rogue.keys.nameKey, name.name, 0)) as SignedRange
    await world.during(rogue.gossip(name, [other]))
  }
  for (let n = 0; n < 200; n += 5)
    await world.during(
      rogue.gossip(
        notes,
        Array.from({ length: 5 }, (_, i) => initOf(n + i)),
      ),
    )
  await world.run(500)
  const { document } = doc as unknown as { readonly document: Document }
  expect(space.documents).toEqual(['notes'])
  expect(document.version.size).toBe(0)
  expect(doc.status.current).toMatchObject({ saved: true })
  expect(doc.status.current.pending.filter(({ reason }) => reason === 'ops')).toEqual([])
  // They are in nobody's way: a first value of one's own, and an edit upon the one that a member meant, whether it is kept still or not.
  for (const n of [199, 3]) {
    const member = rogue.replica(tag)
    member.receive([initOf(n)], { origin: 'sync' })
    if (n === 3) member.setActor(memberActor(rogue.device.publicKey, 1))
    const [edit] = member.change((d) => void ((d as Record<string, unknown>)[`by${n}`] = n)).received.held
    const signed = await rogue.sign(tag, edit as SignedRange)
    await world.during(rogue.gossip(notes, n === 3 ? [initOf(3), signed] : [signed]))
    await world.run(500)
    expect(doc.value).toMatchObject({ [`by${n}`]: n })
  }
  expect(document.version.size).toBe(4)
})
