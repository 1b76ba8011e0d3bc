// A member that takes long over what it was sent is not a dead one.

import { expect, test } from 'vitest'
import { makeSpace, spaceKeys } from '../../src/auth/keys.ts'
import { cryptoRunning } from '../../src/auth/platform.ts'
import { xchacha } from '../../src/auth/seal.ts'
import { seededRandom } from '../../src/base/random.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { FrameStream } from '../../src/net/network.ts'
import { type Introduction, initiate, respond, type Session, SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { makeDevice } from './rogue.ts'

test('a session outlives a message that takes twenty seconds to check, on both sides', async () => {
  const clock = new ManualClock()
  const random = seededRandom(1)
  const hub = memoryHub({ clock, random, delayMs: 1 })
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 10 || cryptoRunning() > 0; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  const shelf = await memoryStore(memoryDisk())('busy')
  const [device, a, b] = [
    await makeDevice(),
    await memoryNetwork(hub, { id: 'a' })({ shelf }),
    await memoryNetwork(hub, { id: 'b' })({ shelf }),
  ]
  const keys = spaceKeys(makeSpace(device.publicKey, random))
  const us: Introduction = { name: '', incarnation: new Uint8Array(16), durable: true, book: 0 }
  const context = (node: string) => ({ clock, random, sealer: xchacha, device, node })
  const heard: string[] = []
  const live = (name: string, session: Session, takeMs: number): void => {
    const take = (): Promise<void> => new Promise((resolve) => void clock.after(takeMs, resolve))
    const ended = session.run(take, () => void heard.push(`${name} hears nothing`))
    void ended.then(() => heard.push(`${name} ended`))
  }
  b.handle(SYNC_PROTOCOL, async (stream: FrameStream) => {
    const found = await respond(stream, [{ keys }], context('b'), async () => us)
    if (found !== undefined) live('b', found.session, 20_000)
  })
  void a.dial(['memory:b'])
  await clock.advance(10, turns)
  const opened = a.open('b', SYNC_PROTOCOL).then((stream) => initiate(stream, keys, context('a'), us))
  await clock.advance(50, turns)
  const session = await opened
  if (session === undefined) throw new Error('no session')
  live('a', session, 0)
  void session.send({ type: 'news', records: [] })
  await clock.advance(30_000, turns)
  expect(heard).toEqual([])
})
