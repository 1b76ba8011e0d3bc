// A wall clock that is set back between two openings: nothing that was said under a later time may keep a peer from being heard.

import { expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { memoryNetwork } from '../../src/net/memory.ts'
import type { NetworkFactory } from '../../src/net/network.ts'
import type { Peer } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { World } from '../../src/testing/world.ts'

const TEN_YEARS_MS = 10 * 365 * 86_400_000

test('a peer whose clock was set back ten years edits, is heard, and is dialled where it is now', async () => {
  const world = new World({ seed: 5 })
  const disk = memoryDisk({ random: world.random })
  const before: Clock = {
    now: () => world.clock.now() - TEN_YEARS_MS,
    monotonic: () => world.clock.monotonic(),
    after: (ms, run) => world.clock.after(ms, run),
  }
  const onThrow = (error: unknown): never => expect.unreachable(String(error))
  const open = (id: string, clock: Clock): Promise<Peer> => {
    const network = memoryNetwork(world.hub, { id })
    const options = { path: 'ada', store: memoryStore(disk), network, awaitNetwork: true, onThrow }
    return world.during(openPeerOn(options, { clock, random: world.random, name: 'ada' }))
  }
  const dialled = new Set<string>()
  const watched: NetworkFactory = async (given) => {
    const network = await memoryNetwork(world.hub, { id: 'bo' })(given)
    const dial = network.dial.bind(network)
    network.dial = (addresses, options) => {
      for (const address of addresses) dialled.add(address)
      return dial(addresses, options)
    }
    return network
  }
  const bo = await world.during(
    openPeerOn(
      { path: 'bo', store: memoryStore(), network: watched, awaitNetwork: true, onThrow },
      { clock: world.clock, random: world.random, name: 'bo' },
    ),
  )
  const boTeam = await world.during(bo.space('Team'))

  let ada = await open('ada-1', world.clock)
  let team = await world.during(ada.join(await boTeam.invite()))
  const plan = await world.during(team.open<{ steps: number }>('plan', { init: { steps: 0 } }))
  plan.change((d) => void d.steps++)
  await world.until(() => boTeam.status.current.upToDate && boTeam.documents.includes('plan'))
  await world.during(ada.close())

  // It has another address, and another idea of the time.
  ada = await open('ada-2', before)
  team = ada.spaces[0] ?? expect.unreachable('the space is kept')
  const again = await world.during(team.open<{ steps: number }>('plan', { init: { steps: 0 } }))
  again.change((d) => void d.steps++)
  const seen = await world.during(boTeam.open<{ steps: number }>('plan', { init: { steps: 0 } }))
  await world.until(() => seen.value.steps === 2 && boTeam.status.current.upToDate)
  await world.until(() => again.status.current.upToDate)
  await world.during(ada.close())

  dialled.clear()
  await world.run(120_000)
  expect([...dialled]).toContain('memory:ada-2')
  await world.during(bo.close())
})
