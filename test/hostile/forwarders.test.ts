// Who hands on what others said is not to blame for it, unless it altered that.

import { afterEach, expect, test } from 'vitest'
import { docTag } from '../../src/auth/keys.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { DocHandle } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('who hands on an edit of a history not heard of yet is not blamed, and the history comes; who alters one is', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  await world.during(rogue.meet('a'))
  const notes = { name: 'notes', generation: 0 }
  const tag = docTag(rogue.keys.nameKey, notes.name, notes.generation)
  // A device that was set back after its second edit, and wrote on.
  const history = async (life: string): Promise<SignedRange[]> => {
    const replica = rogue.replica(tag)
    const ranges: SignedRange[] = []
    for (const [index, key] of ['one', 'two', life, life].entries()) {
      replica.change((d) => void (d[key] = index + 1))
      const made = replica.outward.unsigned(rogue.actor, ranges.at(-1)?.endSeq ?? 0)
      if (made !== undefined) ranges.push(await rogue.sign(tag, { ...made, actor: rogue.actor }))
    }
    return ranges
  }
  const [left, right] = [await history('left'), await history('right')]
  const gossip = async (range: SignedRange | undefined): Promise<string> => {
    if (range === undefined) throw new Error('no such edit')
    const before = world.trace.length
    await world.during(rogue.gossip(notes, [range]))
    await world.run(100)
    return world.trace.slice(before)
  }
  for (const range of left) await gossip(range)
  expect(doc.value).toEqual({ one: 1, two: 2, left: 4 })

  // What goes on from the other life waits for it.
  expect(await gossip(right[3])).not.toMatch(/ignore|reject/)
  expect(doc.value).toEqual({ one: 1, two: 2, left: 4 })
  expect(await gossip(right[2])).not.toMatch(/ignore|reject/)
  expect(await gossip(right[3])).not.toMatch(/ignore|reject/)
  expect(doc.value).toEqual({ one: 1, two: 2, left: 4, right: 4 })

  const [first, other] = left
  if (first === undefined || other === undefined) throw new Error('no edits')
  expect(await gossip({ ...other, body: Uint8Array.of(0xff, 0xff) })).not.toMatch(/reject/)
  const altered = { ...first, actor: rogue.actor, body: other.body }
  expect(await gossip({ ...altered, endSeq: 1, tipHash: new Uint8Array(32).fill(1) })).toMatch(/gossip.*reject/)
})
