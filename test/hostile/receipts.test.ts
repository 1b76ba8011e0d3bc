// Invariant 13: a receipt is a member's own word.

import { afterEach, expect, test } from 'vitest'
import { ByteWriter } from '../../src/base/bytes.ts'
import { actorOf, forkedBranch } from '../../src/core/ids.ts'
import { encodeVersion, type Version } from '../../src/core/version.ts'
import type { DocHandle } from '../../src/peer/api.ts'
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
  const session = await world.during(neighbour.meet('a'))
  const empty = { root: new Uint8Array(32), documents: 0, full: true, more: false, entries: [] }
  void session.send({ type: 'state', ...empty })
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
  const state = { root: new Uint8Array(32), documents: 1, full: true, more: false }
  void session.send({ type: 'state', ...state, entries: [] })
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

function versionHeard(messages: readonly Message[]): Version {
  for (const message of messages)
    if (message.type === 'state') for (const { version } of message.entries) if (version.size > 0) return version
  return new Map()
}
