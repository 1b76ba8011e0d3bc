// What Node brings: listeners for TCP, WebSockets (browsers on this machine) and WebRTC-direct (browsers elsewhere, without a certificate of any
// authority), mDNS, and a relay for the handshakes of members.

import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { type PeerDiscovery, peerDiscoverySymbol } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { tcp } from '@libp2p/tcp'
import { webRTCDirect } from '@libp2p/webrtc'
import type { Clock } from '../base/clock.ts'
import type { Gate, Platform, PlatformNode } from './libp2p.ts'
import { keptCertificate } from './libp2p-certificate.node.ts'
import { withLastingListeners } from './libp2p-webrtc.node.ts'
import type { Shelf } from './network.ts'
import { keptPorts, type Ports } from './ports.node.ts'
import { nodeMeetingEnd } from './transports-meeting.node.ts'
import { webSockets } from './websockets.ts'

export interface NodeTransportOptions {
  /** The interface to listen on: '0.0.0.0' (all of them) by default, '127.0.0.1' for this machine alone. */
  readonly host?: string
  /** Ports to listen on. What is not given is chosen once and kept. */
  readonly ports?: Partial<Ports>
  /** Finds peers on the local network. On by default, unless `host` is this machine alone. */
  readonly mdns?: boolean
}

/** Our own name in mDNS: other programs' libp2p peers are no news to us. */
const serviceTag = '_joinery._udp.local'

/** A relayed connection is for a handshake, not for data: these limits are far above the one and far below the other. */
const relayLimits = { maxReservations: 256, defaultDataLimit: 1n << 20n, defaultDurationLimit: 2 * 60_000 }

export async function nodePlatform(
  shelf: Shelf,
  clock: Clock,
  gate: Gate,
  options: NodeTransportOptions,
): Promise<Platform> {
  const host = options.host ?? '0.0.0.0'
  const ports = await keptPorts(shelf, host, options.ports ?? {})
  const certificate = await keptCertificate(shelf, clock.now())
  const discovers = options.mdns ?? !host.startsWith('127.')
  return {
    transports: [
      tcp(),
      webSockets(),
      // No STUN server is asked for anything.
      (components) =>
        withLastingListeners(
          webRTCDirect({ certificate, rtcConfiguration: { iceServers: [] } })(components),
          () => gate.closed,
        ),
    ],
    makeMeetingEnd: () => nodeMeetingEnd(host, certificate),
    keepsKey: true,
    listen: [
      `/ip4/${host}/tcp/${ports.tcp}`,
      `/ip4/${host}/tcp/${ports.websocket}/ws`,
      `/ip4/${host}/udp/${ports.webrtc}/webrtc-direct`,
    ],
    services: {
      relay: circuitRelayServer({ reservations: relayLimits }),
      ...(discovers ? { mdns: mdns({ serviceTag }) } : {}),
    },
    started: (node) => listenForFound(node),
  }
}

/** mDNS answers name a peer again and again; libp2p passes on the first time only, and after a partition the later ones matter. */
function listenForFound(node: PlatformNode): void {
  const service: unknown = node.libp2p.services.mdns
  if (!isDiscovery(service)) return
  service[peerDiscoverySymbol]?.addEventListener('peer', ({ detail }) => {
    node.found(
      detail.id.toString(),
      detail.multiaddrs.map((address) => withId(address.toString(), detail.id.toString())),
    )
  })
}

function isDiscovery(service: unknown): service is { readonly [peerDiscoverySymbol]?: PeerDiscovery } {
  return typeof service === 'object' && service !== null && peerDiscoverySymbol in service
}

function withId(address: string, id: string): string {
  return address.endsWith(`/p2p/${id}`) ? address : `${address}/p2p/${id}`
}
