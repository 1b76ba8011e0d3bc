// The libp2p network of a Node peer.

import { type Clock, systemClock } from '../base/clock.ts'
import { startLibp2p } from './libp2p.ts'
import type { NetworkFactory } from './network.ts'
import { type NodeTransportOptions, nodePlatform } from './transports.node.ts'

export interface Libp2pNetworkOptions extends NodeTransportOptions {
  readonly clock?: Clock
}

/**
 * Real peers over TCP, WebSockets and WebRTC-direct, found by mDNS. Key, ports and certificate are kept on the peer's shelf. Rejects 'port-in-use'
 * if a port that was asked for is taken, 'network' if nothing can be listened on.
 *
 * @example
 * const peer = await openPeer({ network: libp2pNetwork({ host: '127.0.0.1', mdns: false }) })
 */
export function libp2pNetwork(options: Libp2pNetworkOptions = {}): NetworkFactory {
  const clock = options.clock ?? systemClock
  return (context) => startLibp2p(context, clock, (gate) => nodePlatform(context.shelf, clock, gate, options))
}
