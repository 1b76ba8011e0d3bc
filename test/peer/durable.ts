// Peers of a world whose stores are the filesystem's own code, on simulated disks: they give receipts, which memory stores do not.

import { memoryNetwork } from '../../src/net/memory.ts'
import type { Peer } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'
import { SimulatedDisk, simulatedStore, type World } from '../../src/testing.ts'

export async function openDurable(world: World, name: string, lines: string[] = []): Promise<Peer> {
  const peer = await world.during(
    openPeerOn(
      {
        path: `/${name}`,
        store: simulatedStore(new SimulatedDisk({ random: world.random })),
        network: memoryNetwork(world.hub, { id: name }),
        awaitNetwork: true,
        onThrow: (error) => {
          throw error
        },
      },
      {
        clock: world.clock,
        random: world.random,
        name,
        trace: (...parts) => void lines.push(`${name} ${parts.join(' ')}`),
      },
    ),
  )
  world.peers.set(name, peer)
  return peer
}
