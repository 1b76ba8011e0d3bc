// A member between two others: it knows the space's secret, and must not pass for another device all the same.

import { afterEach, expect, test } from 'vitest'
import { firstHello, NONCE_BYTES, readSecondHello, secondHello, sessionKeys } from '../../src/auth/hello.ts'
import { FrameSealer, xchacha } from '../../src/auth/seal.ts'
import type { FrameStream } from '../../src/net/network.ts'
import { SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { World } from '../../src/testing/world.ts'
import { Rogue } from './rogue.ts'

let world: World

afterEach(async () => {
  await world.close()
})

test('a device’s proof of who it is, passed on by another member, proves nothing', async () => {
  world = new World()
  const [a, b] = [await world.open('a'), await world.open('b')]
  const ticket = await world.during((await world.during(a.space('Family'))).invite())
  await world.during(b.join(ticket))
  world.hub.partition([['a', '0rogue'], ['b']])
  await world.run(10)
  const rogue = await Rogue.join(world, ticket)

  // a opens a session to the rogue, and the rogue one to b, both with the same nonces.
  const spaceA = a.spaces[0]
  const opened = Promise.withResolvers<FrameStream>()
  rogue.network.handle(SYNC_PROTOCOL, (stream) => void opened.resolve(stream))
  await world.during(rogue.network.dial(['memory:a']))
  const toA = await world.during(opened.promise)
  const framesA = toA.frames[Symbol.asyncIterator]()
  const hello = (await world.during(framesA.next())).value as Uint8Array
  const nonceA = hello.subarray(1, 1 + NONCE_BYTES)
  world.hub.partition([['b', '0rogue', 'a']])
  await world.during(rogue.network.dial(['memory:b']))
  const toB = await world.during(rogue.network.open('b', SYNC_PROTOCOL))
  const framesB = toB.frames[Symbol.asyncIterator]()
  const endsB = { initiator: rogue.node, responder: 'b' }
  await world.during(toB.send(firstHello(rogue.keys.helloKey, endsB, nonceA)))
  const answer = (await world.during(framesB.next())).value as Uint8Array
  const nonces = readSecondHello(rogue.keys.helloKey, endsB, nonceA, answer)
  if (nonces === undefined) throw new Error('b does not know the rogue')
  const endsA = { initiator: 'a', responder: rogue.node }
  await world.during(toA.send(secondHello(rogue.keys.helloKey, endsA, nonces)))

  // What b says of itself goes to a, sealed anew where need be.
  const keysA = sessionKeys(rogue.keys.helloKey, rogue.keys.spaceId, endsA, nonces)
  const keysB = sessionKeys(rogue.keys.helloKey, rogue.keys.spaceId, endsB, nonces)
  const who = new FrameSealer(xchacha, keysB.toInitiator).open((await world.during(framesB.next())).value as Uint8Array)
  await world.during(toA.send(new FrameSealer(xchacha, keysA.toInitiator).seal(who)))
  await world.run(500)
  // b itself may be in contact by now; the rogue is not, under b's name.
  expect(spaceA?.status.current.peers.filter(({ connected }) => connected).length).toBeLessThanOrEqual(1)
})
