// A member that says one thing to one and another to the other.

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

test('a member that writes two histories under one name cannot keep two others from syncing', async () => {
  world = new World()
  const [a, b] = [await world.open('a'), await world.open('b')]
  const spaceA = await world.during(a.space('Family'))
  const ticket = await world.during(spaceA.invite())
  const spaceB = await world.during(b.join(ticket))
  await world.during(spaceB.met({ timeoutMs: 10_000 }))
  const docA = (await world.during(spaceA.open('shared'))) as DocHandle<Record<string, unknown>>
  const docB = (await world.during(spaceB.open('shared'))) as DocHandle<Record<string, unknown>>

  const rogue = await Rogue.join(world, ticket)
  const id = { name: 'shared', generation: 0 }
  const tag = docTag(rogue.keys.nameKey, id.name, id.generation)
  const history = async (words: readonly string[]): Promise<SignedRange[]> => {
    const replica = rogue.replica(tag)
    const ranges: SignedRange[] = []
    for (const word of words) {
      // biome-ignore lint/suspicious/noExplicitAny: a document without a type.
      const { received } = replica.change((d: any) => void (d[word] = true))
      for (const range of received.held) ranges.push(await rogue.sign(tag, range))
    }
    return ranges
  }
  const tell = async (name: string, words: readonly string[]): Promise<void> => {
    world.hub.partition([[name, rogue.node]])
    const ranges = await history(words)
    const meeting = rogue.meet(name, (message, session) => {
      if (message.type === 'pull')
        void session.send({ type: 'delta', id: message.id, more: false, ops: words.length, ranges })
    })
    const session = await world.during(meeting)
    const root = new Uint8Array(32)
    const version = new Map([[rogue.actor, words.length]])
    void session.send({
      type: 'state',
      root,
      documents: 1,
      full: true,
      more: false,
      entries: [{ document: id, version }],
    })
    await world.run(2_000)
    await world.during(session.close('closing'))
  }
  await tell('a', ['one', 'two'])
  await tell('b', ['eins', 'zwei', 'drei', 'vier'])
  expect(docA.value).toEqual({ one: true, two: true })
  expect(docB.value).toEqual({ eins: true, zwei: true, drei: true, vier: true })

  world.hub.partition([['a', 'b']])
  await world.run(5_000)
  const before = world.trace.length
  const otherA = await world.during(spaceA.open('other'))
  const otherB = await world.during(spaceB.open('other'))
  for (let i = 0; i < 10; i++) {
    docA.change((d) => void (d[`a${i}`] = i))
    docB.change((d) => void (d[`b${i}`] = i))
    otherA.change((d) => void (d[`a${i}`] = 'x'.repeat(20_000)))
    otherB.change((d) => void (d[`b${i}`] = 'x'.repeat(20_000)))
    await world.run(500)
    expect(spaceA.status.current.peers.find(({ name }) => name === 'b')?.connected).toBe(true)
  }
  expect(Object.keys(otherA.value)).toHaveLength(20)
  expect(otherB.value).toEqual(otherA.value)
  expect(world.trace.slice(before)).not.toContain('ended')
  // They do not agree, and do not say that they do (Invariant 13).
  expect(docA.status.current.upToDate).toBe(false)
  expect(docB.status.current.upToDate).toBe(false)
})
