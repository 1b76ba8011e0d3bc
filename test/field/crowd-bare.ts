// The floor beneath a crowd: libp2p nodes with nothing but gossipsub as the library has it by default, its own signatures included. All are connected with
// all, as our peers are.

import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { allSpeak, Ledger, ownerOf } from './crowd-ledger.ts'
import { type CrowdOptions, type CrowdResult, pause, perPeer, until, weigh } from './crowd-ours.ts'

const TOPIC = 'words'
/** As many bytes as a small signed and sealed edit of ours has. */
const MESSAGE_BYTES = 250

export async function crowdOfBare({ peers: count, durationMs }: CrowdOptions): Promise<CrowdResult> {
  const memoryBefore = weigh()
  const beganAt = performance.now()
  const nodes = await Promise.all(Array.from({ length: count }, makeNode))
  try {
    const ledger = new Ledger(count)
    for (const [peer, node] of nodes.entries()) {
      node.services.gossip.addEventListener('message', ({ detail: { data } }) => {
        const view = new DataView(data.buffer, data.byteOffset)
        ledger.hears(peer, view.getUint32(0), view.getUint32(4))
      })
      node.services.gossip.subscribe(TOPIC)
    }
    for (const [i, node] of nodes.entries())
      for (const other of nodes.slice(0, i)) await node.dial(other.getMultiaddrs())
    await until(() => nodes.every((node) => node.services.gossip.getSubscribers(TOPIC).length === count - 1))
    const metMs = performance.now() - beganAt
    await pause(2_000)
    const memory = perPeer(memoryBefore, weigh(), count)
    let singleMessages = 0
    const say = (voice: number, number: number): void => {
      singleMessages++
      const bytes = new Uint8Array(MESSAGE_BYTES)
      new DataView(bytes.buffer).setUint32(0, voice)
      new DataView(bytes.buffer).setUint32(4, number)
      void nodes[ownerOf(voice)]?.services.gossip.publish(TOPIC, bytes)
    }
    const warm = await allSpeak(ledger, [], { burst: 1, durationMs: durationMs / 4, say })
    singleMessages = 0
    const single = await allSpeak(ledger, warm.next, { burst: 1, durationMs, say })
    const messages = singleMessages
    const twenty = await allSpeak(ledger, single.next, { burst: 20, durationMs: 0, say })
    return {
      ...{ metMs, twentyMs: twenty.ms, single, bursts: undefined, memory },
      ...{ singleMessages: messages, burstMessages: 0, gossipBytes: 0, sessionBytes: 0 },
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

function makeNode() {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 1_000 },
    services: { identify: identify(), gossip: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  })
}
