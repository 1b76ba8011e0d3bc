// A member that says of its edits that they follow what cannot be, or never comes: its edits wait or are refused, and nobody else's.

import { afterEach, expect, test } from 'vitest'
import { docTag } from '../../src/auth/keys.ts'
import { ByteWriter, utf8 } from '../../src/base/bytes.ts'
import { limits } from '../../src/base/limits.ts'
import { forkedBranch, memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { DocHandle, Space } from '../../src/peer/api.ts'
import { Crossing } from '../../src/peer/crossing.ts'
import type { Document } from '../../src/peer/document.ts'
import { Replica } from '../../src/replica/replica.ts'
import { encodeDepends } from '../../src/sync/depends.ts'
import type { DocName, Message } from '../../src/sync/messages.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

type Note = Record<string, number>

let world: World

afterEach(async () => {
  await world.close()
})

const notes: DocName = { name: 'notes', generation: 0 }
const busy: DocName = { name: 'busy', generation: 0 }

async function setUp(): Promise<{ space: Space; note: DocHandle<Note>; typed: DocHandle<Note>; rogue: Rogue }> {
  world = new World()
  const space = await world.during((await world.open('a')).space('Family'))
  const note = (await world.during(space.open<Note>('notes'))) as DocHandle<Note>
  const typed = (await world.during(space.open<Note>('busy'))) as DocHandle<Note>
  typed.change((d) => void (d.one = 1))
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  return { space, note, typed, rogue }
}

/** One edit of an instance of the rogue, that says what it follows. */
async function edit(rogue: Rogue, instance: number, depends: Uint8Array): Promise<SignedRange> {
  const tag = docTag(rogue.keys.nameKey, notes.name, 0)
  const actor = memberActor(rogue.device.publicKey, instance)
  const replica = new Replica({ docTag: tag, actor, now: () => 0 })
  const [range] = replica.change((d) => void ((d as Note)[`r${instance}`] = 1), { depends }).received.held
  return rogue.sign(tag, range as SignedRange)
}

const documentOf = (handle: DocHandle<Note>): Document =>
  (handle as unknown as { readonly document: Document }).document

function follows(typed: DocHandle<Note>, count: number): Uint8Array {
  const actor = [...documentOf(typed).version.keys()][0] as ReturnType<typeof memberActor>
  const heads = new Map(
    Array.from({ length: count }, (_, i) => [forkedBranch(actor, i + 1, new Uint8Array(8).fill(7)), i + 1]),
  )
  return encodeDepends([{ document: busy, version: heads }])
}

test('what an edit follows is read with suspicion: what is none refuses the edit, and its author alone', async () => {
  const { note, typed, rogue } = await setUp()
  const version = new ByteWriter()
  const nonsense: Uint8Array[] = [
    new Uint8Array(0),
    Uint8Array.of(0),
    Uint8Array.of(0, 0),
    Uint8Array.of(9, 1),
    Uint8Array.of(0, 255, 255, 255, 15),
    utf8('x'.repeat(limits.dependsBytes)),
    // A name that no document can have.
    version.u8(0).varint(1).string('a\u0000b').varint(0).varint(0).finish(),
  ]
  await world.during(rogue.meet('a'))
  for (const [i, depends] of nonsense.entries())
    await world.during(rogue.gossip(notes, [await edit(rogue, i, depends)]))
  await world.run(500)
  expect(note.value).toEqual({})
  expect(note.status.current.pending.filter(({ reason }) => reason === 'ops')).toEqual([])
  note.change((d) => void (d.mine = 1), { after: [typed.frontier] })
  await world.run(500)
  expect(note.status.current.saved).toBe(true)
})

test('edits that follow what never comes wait in the buffer, are shown as such, and hold up nobody', async () => {
  const { note, typed, rogue } = await setUp()
  const actor = [...documentOf(typed).version.keys()][0] as ReturnType<typeof memberActor>
  const never = (end: number): Uint8Array =>
    encodeDepends([{ document: busy, version: new Map([[forkedBranch(actor, end, new Uint8Array(8)), end]]) }])
  const asked: Message[] = []
  await world.during(rogue.meet('a', (message) => void asked.push(message)))
  // Far ahead, soon to be passed by other ops, and here already under another hash; and of a document that is none.
  const ranges: SignedRange[] = []
  for (let i = 0; i < 60; i++) ranges.push((await edit(rogue, i, never(i < 20 ? 2 ** 30 + i : i))) as SignedRange)
  const none = encodeDepends([
    { document: { name: 'none', generation: 0 }, version: new Map([[forkedBranch(actor, 1, new Uint8Array(8)), 1]]) },
  ])
  ranges.push(await edit(rogue, 60, none))
  for (const range of ranges) await world.during(rogue.gossip(notes, [range]))
  await world.run(500)
  const [pending] = note.status.current.pending.filter(({ reason }) => reason === 'ops')
  expect(pending?.message).toContain('edits of "notes" arrived before the edits they build on, among them')
  expect(pending?.message).toContain('"none"')
  for (let i = 0; i < 80; i++) {
    typed.change((d) => void (d[`k${i % 7}`] = i))
    note.change((d) => void (d.mine = i))
  }
  await world.run(2_000)
  expect(note.value).toEqual({ mine: 79 })
  expect(note.status.current.saved).toBe(true)
  expect(asked.length).toBeLessThan(100)
})

test('so many may wait, each for one op, and who types beside them tries none of them again', async () => {
  const { note, typed } = await setUp()
  const [waiting, awaited] = [documentOf(note), documentOf(typed)]
  const here = new Map([awaited, waiting].map((document) => [document.id.name, document]))
  const crossing = new Crossing({
    document: ({ name }) => here.get(name),
    admissible: () => true,
    wake: () => expect.unreachable(),
  })
  const far = follows(typed, 40)
  const actorAt = (i: number) => memberActor(new Uint8Array(32).fill(3), i)
  for (let i = 0; i < limits.crossings; i++) expect(crossing.isMet(waiting, actorAt(i), far)).toBe(false)
  // Told again, nobody counts twice.
  expect(crossing.isMet(waiting, actorAt(0), far)).toBe(false)
  expect(() => crossing.isMet(waiting, actorAt(limits.crossings), far)).toThrow(
    expect.objectContaining({ code: 'limit' }),
  )
  let released = 0
  for (let i = 0; i < 20; i++) {
    typed.change((d) => void (d.two = i))
    released += crossing.released(awaited).length
  }
  // The first edit here has ops that were named with another hash: that cannot come right by typing on.
  expect(released).toBeLessThanOrEqual(limits.crossings)
  const before = performance.now()
  for (let i = 0; i < 100; i++) crossing.released(awaited)
  expect(performance.now() - before).toBeLessThan(2_000)
  here.delete('notes')
  expect(crossing.released(waiting)).toEqual([])
  expect(crossing.awaited(waiting)).toEqual([])
})
