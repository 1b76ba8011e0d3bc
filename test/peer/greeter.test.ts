// Who is connected owes a hello in ten seconds; who was cut off and comes back owes a new one.

import { afterEach, expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { World } from '../../src/testing/world.ts'

const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

// At one of these moments the hello of the second meeting is under way when the time of the first one is over.
test.each([3_000, 2_500, 2_000, 1_500, 1_000])(
  'a member cut off %i ms before its first hello was due is back at the first attempt',
  async (beforeMs) => {
    const world = new World({ seed: 11, network: { delayMs: 300 } })
    worlds.push(world)
    const a = await world.open('a')
    const b = await world.open('b')
    const space = await world.during(a.space('Team'))
    const dialledAt = world.clock.now()
    await world.during(b.join(await world.during(space.invite())))
    await world.settle()
    await world.run(dialledAt + limits.helloMs - beforeMs - world.clock.now())
    world.hub.partition([['a'], ['b']])
    world.hub.heal()
    await world.run(5_000)
    await world.settle()
    expect(world.trace).not.toContain('hung up')
    expect(world.trace.match(/met resumed/g)).toHaveLength(2)
  },
)
