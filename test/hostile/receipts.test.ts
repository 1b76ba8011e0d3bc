// Invariant 13: a receipt is a member's own word.

import { afterEach, expect, test } from 'vitest'
import { ByteWriter } from '../../src/base/bytes.ts'
import { actorOf, forkedBranch } from '../../src/core/ids.ts'
import { encodeVersion, type Version } from '../../src/core/version.ts'
import type { DocHandle } from '../../src/peer/api.ts'
import type { Session } from '../../src/peer/session.ts'
import { type Message, writeDocument } from '../../src/sync/messages.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('what is announced through a neighbour is no receipt of the neighbour’s', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  doc.change((d) => void (d.one = 1))
  const neighbour = await Rogue.join(world, await world.during(space.invite()))
  const session = await world.during(
    neighbour.meet('a', (message, its) => {
      if (message.type === 'tell') void its.send({ type: 'none', ids: [message.firstId] })
    }),
  )
  void session.send({ type: 'state', root: new Uint8Array(32), documents: 0, entries: [] })
  void session.send({ type: 'tell', more: false, all: true, pulls: 0, firstId: 0, entries: [] })
  await world.run(1_000)
  const version = versionHeard(neighbour.heard)
  expect(version.size).toBe(1)

  // Somebody else, who has it all, says so; the neighbour hands that on.
  const writer = new ByteWriter().u8(1)
  writeDocument(writer, { name: 'notes', generation: 0 })
  encodeVersion(writer, new Map([...version, [forkedBranch(neighbour.actor, 1, new Uint8Array(8)), 1]]))
  await world.during(neighbour.publish(writer.finish()))
  await world.run(1_000)
  expect(neighbour.heard.filter(({ type }) => type === 'pull')).toHaveLength(1)
  await expect(world.during(doc.settled({ peers: 1, timeoutMs: 1_000 }))).rejects.toMatchObject({ code: 'timeout' })
})

test('who states more of a device’s edits than were ever made gives no receipt for those that were', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  doc.change((d) => void (d.one = 1))
  const member = await Rogue.join(world, await world.during(space.invite()))
  const session = await world.during(member.meet('a'))
  const state = { root: new Uint8Array(32), documents: 1 }
  void session.send({ type: 'state', ...state, entries: [] })
  void session.send({ type: 'tell', more: false, all: true, pulls: 0, firstId: 0, entries: [] })
  await world.run(1_000)
  const [[said, end] = []] = versionHeard(member.heard)
  if (said === undefined || end === undefined) throw new Error('nothing was heard')
  const settled = (): Promise<unknown> => world.during(doc.settled({ peers: 1, timeoutMs: 1_000 }))

  // Of the same device, and longer: another history of it, perhaps.
  const longer = new Map([[forkedBranch(actorOf(said), end + 5, new Uint8Array(8).fill(7)), end + 5]])
  const entry = { document: { name: 'notes', generation: 0 }, version: longer }
  void session.send({ type: 'state', ...state, entries: [entry] })
  await world.run(1_000)
  await expect(settled()).rejects.toMatchObject({ code: 'timeout' })
  expect(space.status.current.peers.find(({ name }) => name === 'rogue')?.stored).toBe(false)
  // What is here is known when it is named.
  void session.send({ type: 'state', ...state, entries: [{ ...entry, version: new Map([[said, end]]) }] })
  await world.run(1_000)
  await settled()
})

test('a receipt goes with the disk it was given for: another disk, one that forgets, or less said, and it counts no more; nor does a disk count twice', async () => {
  world = new World()
  const a = await world.open('a')
  const space = await world.during(a.space('Family'))
  const doc = (await world.during(space.open('notes'))) as DocHandle<Record<string, unknown>>
  doc.change((d) => void (d.one = 1))
  const ticket = await world.during(space.invite())
  const [one, other] = [await Rogue.join(world, ticket), await Rogue.join(world, ticket, '1rogue')]
  const stored = (): number => space.status.current.peers.filter((peer) => peer.stored).length
  const come = async (
    member: Rogue,
    store: { incarnation?: Uint8Array; durable?: boolean },
    states: boolean,
  ): Promise<Session> => {
    const session = await world.during(member.meet('a', () => {}, store))
    await world.run(500)
    const full = { type: 'state', root: new Uint8Array(32), documents: 1, full: true, more: false } as const
    void session.send({ ...full, entries: [] })
    await world.run(500)
    const entry = { document: { name: 'notes', generation: 0 }, version: versionHeard(one.heard) }
    if (states) void session.send({ ...full, entries: [entry] })
    await world.run(500)
    return session
  }
  const leave = async (session: Session): Promise<void> => {
    await world.during(session.close('closing'))
    await world.run(500)
  }
  const disk = (number: number): { incarnation: Uint8Array } => ({ incarnation: new Uint8Array(16).fill(number) })

  const first = await come(one, disk(1), true)
  await world.during(doc.settled({ peers: 1, timeoutMs: 1_000 }))
  const second = await come(other, disk(1), true)
  expect(stored()).toBe(2)
  // Two devices that name one disk are one disk.
  await expect(world.during(doc.settled({ peers: 2, timeoutMs: 1_000 }))).rejects.toMatchObject({ code: 'timeout' })
  await leave(second)
  await leave(first)
  expect(stored()).toBe(2) // Kept after they went.

  await leave(await come(one, disk(2), false))
  await leave(await come(other, { ...disk(1), durable: false }, true))
  expect(stored()).toBe(0)
  await leave(await come(one, disk(2), true))
  expect(stored()).toBe(1)
  await leave(await come(one, disk(2), false)) // Its disk lost it.
  expect(stored()).toBe(0)
  await expect(world.during(doc.settled({ peers: 1, timeoutMs: 1_000 }))).rejects.toMatchObject({ code: 'timeout' })
})

function versionHeard(messages: readonly Message[]): Version {
  for (const message of messages)
    if (message.type === 'state' || message.type === 'tell')
      for (const { version } of message.entries) if (version.size > 0) return version
  return new Map()
}
