// The libp2p network of a browser peer.

import { type Clock, systemClock } from '../base/clock.ts'
import { startLibp2p } from './libp2p.ts'
import type { NetworkFactory } from './network.ts'
import { browserPlatform } from './transports.browser.ts'

export interface Libp2pNetworkOptions {
  readonly clock?: Clock
}

/**
 * Real peers over WebSockets, WebRTC-direct and WebRTC. Nobody can dial a browser out of the blue: it meets others through a member that can be
 * dialled, and talks to them directly from then on.
 *
 * @example
 * const peer = await openPeer({ network: libp2pNetwork() })
 */
export function libp2pNetwork(options: Libp2pNetworkOptions = {}): NetworkFactory {
  const clock = options.clock ?? systemClock
  return (context) => startLibp2p(context, clock, async () => browserPlatform(clock))
}
