// What is missing when a peer ends is asked for when it runs again.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { docTag } from '../../src/auth/keys.ts'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import type { Session } from '../../src/peer/session.ts'
import { decodeWants, encodeWants } from '../../src/peer/wants.ts'
import type { Message } from '../../src/sync/messages.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from '../hostile/rogue.ts'

const notes = { name: 'notes', generation: 0 }
let world: World

beforeEach(() => {
  world = new World()
})
afterEach(async () => {
  await world.close()
})

async function opened(peer: Peer): Promise<DocHandle<Record<string, unknown>>> {
  return world.during((await world.during(peer.space('Family'))).open('notes'))
}

/** A member that says nothing of itself and answers pulls, with nothing or with all that it has; its second edit went around, the first never came. */
async function withGap(): Promise<{
  readonly rogue: Rogue
  readonly meet: (ranges: readonly SignedRange[]) => Promise<number>
  readonly ranges: readonly SignedRange[]
}> {
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  await opened(a)
  const rogue = await Rogue.join(world, await world.during(space.invite()))
  const tag = docTag(rogue.keys.nameKey, notes.name, notes.generation)
  const replica = rogue.replica(tag)
  const ranges: SignedRange[] = []
  for (const key of ['one', 'two']) {
    replica.change((d) => void (d[key] = true))
    const made = replica.outward.unsigned(rogue.actor, ranges.at(-1)?.endSeq ?? 0)
    if (made !== undefined) ranges.push(await rogue.sign(tag, { ...made, actor: rogue.actor }))
  }
  /** Returns how often it is asked within two seconds. */
  const meet = async (given: readonly SignedRange[]): Promise<number> => {
    let asked = 0
    const answer = (message: Message, session: Session): void => {
      if (message.type !== 'pull') return
      asked++
      void session.send({ type: 'delta', id: message.id, more: false, ops: given.length, ranges: given })
    }
    await world.during(rogue.meet('a', answer))
    if (given.length === 0) await world.during(rogue.gossip(notes, ranges.slice(1)))
    await world.run(2_000)
    return asked
  }
  return { rogue, meet, ranges }
}

test.each(['closed', 'crashed'])(
  'what others built on and did not come is asked for as soon as its bringer is met again by a peer that was %s',
  async (how) => {
    const { meet, ranges } = await withGap()
    expect(await meet([])).toBe(1)
    if (how === 'closed') await world.during(world.peers.get('a')?.close() ?? Promise.resolve())
    else await world.crash('a', 'power')
    const a = await world.open('a')
    const doc = await opened(a)
    expect(doc.value).toEqual({})
    const missing = {
      reason: 'ops',
      document: 'notes',
      missing: [{ device: expect.stringMatching(/^peer:/), edit: 0 }],
      message: 'Edits of "notes" are missing, on which others build that arrived here once.',
      doing: 'Nobody in contact has said that it has these; whoever does is asked.',
    }
    expect(doc.status.current.pending).toContainEqual(expect.objectContaining(missing))
    // It does not say what it holds, so no difference shows: it is asked all the same.
    expect(await meet(ranges)).toBe(1)
    expect(doc.value).toEqual({ one: true, two: true })
    expect(doc.status.current.pending.filter(({ reason }) => reason === 'ops')).toEqual([])

    await world.during(a.close())
    await world.open('a')
    expect(await meet(ranges)).toBe(0)
  },
)

test('what was missing is told until whoever handed it on holds the same as this peer, or the document is deleted', async () => {
  const { meet, rogue } = await withGap()
  await meet([])
  await world.crash('a', 'power')
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const tells = (): number => space.status.current.pending.filter(({ reason }) => reason === 'ops').length
  expect(tells()).toBe(1)
  const echo = (message: Message, session: Session): void => {
    if (message.type === 'state') void session.send({ ...message, entries: [] })
  }
  await world.during(rogue.meet('a', echo))
  await world.run(3_000)
  expect(space.status.current.upToDate).toBe(true)
  expect(tells()).toBe(0)
  await world.crash('a', 'power')
  const again = await world.during((await world.open('a')).space('Family'))
  expect(again.status.current.pending.map(({ reason }) => reason)).toEqual(['alone'])
})

test('of a document that was deleted nothing is missing, though it was deleted a moment before the end', async () => {
  const { meet } = await withGap()
  await meet([])
  const deleting = await world.during((world.peers.get('a') as Peer).space('Family'))
  await world.during(deleting.delete('notes'))
  await world.crash('a', 'power')
  const space = await world.during((await world.open('a')).space('Family'))
  expect(space.documents).toEqual([])
  expect(space.status.current.pending.map(({ reason }) => reason)).toEqual(['alone'])
})

test('what was missing for a week is not asked for any more', async () => {
  const { meet, ranges } = await withGap()
  await meet([])
  await world.during(world.peers.get('a')?.close() ?? Promise.resolve())
  world.peers.delete('a')
  await world.run(7 * 86_400_000)
  await world.open('a')
  expect(await meet(ranges)).toBe(0)
})

test('golden bytes of version 0', () => {
  const actor = memberActor(fromHex('0a'.repeat(32)), 3)
  const want = { document: notes, since: 300, missing: [{ actor, seq: 7 }], devices: ['0b'.repeat(32)] }
  const bytes = encodeWants([want])
  expect(toHex(bytes)).toBe(`0001056e6f74657300ac020125010a${'0a'.repeat(31)}0000000307010b${'0b'.repeat(31)}`)
  expect(decodeWants(bytes)).toEqual([want])
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeWants(bytes.slice(0, length))).toThrow(expect.objectContaining({ code: 'bad-message' }))
  expect(() => decodeWants(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'bad-message' }))
})
