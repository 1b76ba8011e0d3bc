// What the simulated world found in the engine, each as small as it can be said.

import { expect, test } from 'vitest'
import type { Sealer } from '../../src/auth/seal.ts'
import { memoryNetwork } from '../../src/net/memory.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { simulatedSealer } from '../../src/testing/simulated-crypto.ts'
import { World } from '../../src/testing/world.ts'

test('a root that bad memory altered is said again to whoever differs by it, though nobody else has anything to say', async () => {
  const world = new World({ seed: 26 })
  let isBad = false
  // A state is flag, type, root …
  const forgetful: Sealer = {
    seal: simulatedSealer.seal,
    open: (...sealed) => {
      const plain = simulatedSealer.open(...sealed)
      if (isBad && plain[1] === 1) plain[9] = (plain[9] ?? 0) ^ 4
      return plain
    },
  }
  const open = async (name: string, sealer: Sealer) => {
    const network = memoryNetwork(world.hub, { id: name })
    const onThrow = (error: unknown): never => expect.unreachable(String(error))
    const options = { path: name, store: memoryStore(), network, awaitNetwork: true, sealer, onThrow }
    return world.during(openPeerOn(options, { clock: world.clock, random: world.random, name }))
  }
  const peers = [
    await open('ada', simulatedSealer),
    await open('bo', simulatedSealer),
    await open('cy', forgetful),
  ] as const
  const team = await world.during(peers[0].space('Team'))
  const ticket = await world.during(team.invite())
  const [bo, cy] = [await world.during(peers[1].join(ticket)), await world.during(peers[2].join(ticket))]
  const plan = await world.during(bo.open('plan', { init: { steps: 0 } }))
  plan.change((d) => void d.steps++)
  const agree = (): boolean =>
    [team, bo, cy].every(({ status: { current } }) => current.upToDate && current.peers.length === 2)
  await world.until(agree)
  await world.run(100_000)
  isBad = true
  await world.until(() => !cy.status.current.upToDate, 200_000)
  isBad = false
  await world.until(agree, 90_000)
  expect(cy.status.current.pending).toEqual([])
  await Promise.all(peers.map((peer) => world.during(peer.close())))
})
