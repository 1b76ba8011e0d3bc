// A Node peer in this process, on loopback alone, whose parts a test may change.

import type { Sealer } from '../../src/auth/seal.ts'
import type { NetworkFactory } from '../../src/net/network.ts'
import { filesystemStore, libp2pNetwork } from '../../src/node.ts'
import type { Peer } from '../../src/peer/api.ts'
import { openPeerOn } from '../../src/peer/peer.ts'

export const loopback = (): NetworkFactory => libp2pNetwork({ host: '127.0.0.1', mdns: false })

export interface LoopbackOptions {
  readonly path: string
  readonly name: string
  readonly network?: NetworkFactory
  readonly sealer?: Sealer
}

export function openLoopbackPeer({ path, name, network, sealer }: LoopbackOptions): Promise<Peer> {
  return openPeerOn(
    {
      path,
      store: filesystemStore(),
      network: network ?? loopback(),
      awaitNetwork: true,
      onThrow: (error) => {
        throw error
      },
      ...(sealer === undefined ? {} : { sealer }),
    },
    { name },
  )
}
