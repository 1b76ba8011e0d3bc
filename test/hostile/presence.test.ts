// A member that floods, lies and replays by presence: the others see whom they should, and it costs little.

import { afterEach, expect, test } from 'vitest'
import { openGossip, xchacha } from '../../src/auth/seal.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { limits } from '../../src/base/limits.ts'
import type { DocHandle, Space } from '../../src/peer/api.ts'
import { encodePresence } from '../../src/sync/gossip.ts'
import { type Beat, decodeBeat, encodeBeat, signedBytes } from '../../src/sync/presence.ts'
import { World } from '../../src/testing/world.ts'
import { makeDevice, Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

const document = { name: 'note', generation: 0 }

/** Two honest peers and a rogue, who is connected to both. */
async function meet(): Promise<{ a: DocHandle; b: DocHandle; rogue: Rogue }> {
  world = new World()
  const [peerA, peerB] = [await world.open('a'), await world.open('b')]
  const spaceA: Space = await world.during(peerA.space('Family'))
  const spaceB = await world.during(peerB.join(await world.during(spaceA.invite())))
  const [a, b] = [await world.during(spaceA.open('note')), await world.during(spaceB.open('note'))]
  await world.settle()
  const rogue = await Rogue.join(world, await world.during(spaceA.invite()))
  await world.during(rogue.meet('a'))
  await world.during(rogue.network.dial(['memory:b']))
  return { a, b, rogue }
}

async function signed(rogue: Rogue, beat: Partial<Beat>, device = rogue.device): Promise<Uint8Array> {
  const states = [{ document, json: '"rogue"' }]
  const made = { window: new Uint8Array(8), number: 0, madeAt: world.clock.now(), name: 'rogue', states }
  const body = encodeBeat({ device: device.publicKey, ...made, ...beat })
  return concatBytes(body, await device.sign(signedBytes(rogue.keys.spaceId, body)))
}

const send = (rogue: Rogue, beat: Uint8Array): Promise<void> => world.during(rogue.publish(encodePresence(beat)))
const names = (note: DocHandle): string[] => note.presence.current.map(({ name }) => name).sort()

test('a beat in another’s name, of another space, or that is none, shows nobody', async () => {
  const { a, b, rogue } = await meet()
  const victim = await makeDevice()
  const body = encodeBeat({ ...decodeBeat(await signed(rogue, {})).beat, device: victim.publicKey })
  await send(rogue, concatBytes(body, await rogue.device.sign(signedBytes(rogue.keys.spaceId, body))))
  const elsewhere = encodeBeat(decodeBeat(await signed(rogue, {})).beat)
  await send(rogue, concatBytes(elsewhere, await rogue.device.sign(signedBytes(new Uint8Array(32), elsewhere))))
  await send(rogue, new Uint8Array(10))
  await send(rogue, new Uint8Array(limits.gossipInlineBytes))
  await send(rogue, await signed(rogue, { states: [{ document, json: '{"half":' }] }))
  await send(
    rogue,
    await signed(rogue, {
      states: [
        { document, json: JSON.stringify('x'.repeat(1_022)) },
        { document, json: '1'.repeat(1_025) },
      ],
    }),
  )
  await world.run(1_000)
  expect([names(a), names(b)]).toEqual([[], []])
  await send(rogue, await signed(rogue, {})) // And one that is good does: the above was refused for what it was.
  await world.run(100)
  expect([names(a), names(b)]).toEqual([['rogue'], ['rogue']])
})

test('Invariant 9: a flood of beats is neither checked nor handed on, and the others still see one another', async () => {
  const { a, b, rogue } = await meet()
  const told: unknown[] = []
  b.presence.subscribe((others) => told.push(others))
  const before = world.peers.get('a')?.traffic.gossipSent ?? 0
  for (let number = 0; number < 2_000; number++)
    await rogue.publish(encodePresence(await signed(rogue, { number, states: [{ document, json: String(number) }] })))
  await world.run(100)
  a.presence.set('honest')
  await world.run(200)
  expect(names(b)).toContain('a')
  expect(told.length).toBeLessThanOrEqual(3 * limits.presenceDeviceRate)
  const handedOn = (world.peers.get('a')?.traffic.gossipSent ?? 0) - before
  expect(handedOn).toBeLessThan(3 * limits.presenceDeviceRate * 300)
})

test('many windows and many devices of one member leave room for who is in contact', async () => {
  const { a, b, rogue } = await meet()
  for (let i = 0; i < 20; i++) await send(rogue, await signed(rogue, { window: new Uint8Array(8).fill(i) }))
  await world.run(100)
  expect(names(a)).toHaveLength(limits.presenceDeviceWindows)
  for (let i = 0; i < 100; i++) await send(rogue, await signed(rogue, { name: `sybil ${i}` }, await makeDevice()))
  await world.run(100)
  expect(b.presence.current).toHaveLength(limits.presenceWindows)
  a.presence.set('honest')
  await world.run(200)
  expect(names(b)).toContain('a')
  expect(b.presence.current).toHaveLength(limits.presenceWindows)
  await world.run(10_000)
  expect(names(b)).toEqual(['a'])
})

test('what was recorded makes no ghost: neither of who is here, nor of who left, nor of last year', async () => {
  const { a, b, rogue } = await meet()
  const heard: Uint8Array[] = []
  rogue.network.subscribe(rogue.keys.topic, ({ bytes }) => {
    heard.push(bytes)
    return 'accept'
  })
  a.presence.set('first')
  await world.run(200)
  a.presence.set('second')
  await world.run(200)
  a.presence.set(undefined)
  await world.run(200)
  expect(names(b)).toEqual([])
  expect(heard.length).toBeGreaterThanOrEqual(3)
  // Sealed anew, so that the network does not take it for the same message.
  for (const bytes of heard) await world.during(rogue.publish(openGossip(xchacha, rogue.keys, bytes)))
  await world.run(500)
  expect(names(b)).toEqual([])
  // Of somebody who is not in contact, and was never heard of.
  const stranger = await makeDevice()
  await send(rogue, await signed(rogue, { madeAt: world.clock.now() - 365 * 86_400_000, name: 'ghost' }, stranger))
  await world.run(100)
  expect(names(b)).toEqual([])
})

test('whoever makes newcomers without end is answered once a second', async () => {
  const { a, rogue } = await meet()
  a.presence.set('honest')
  await world.run(1_000)
  const beats = (): number => world.trace.split('\n').filter((line) => /sent presence/.test(line)).length
  const before = beats()
  for (let i = 0; i < 100; i++) {
    await send(rogue, await signed(rogue, { name: `new ${i}` }, await makeDevice()))
    await world.run(50)
  }
  expect(beats() - before).toBeLessThanOrEqual(9)
})
