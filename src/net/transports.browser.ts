// What a browser brings: it cannot be dialled, so it listens by way of relays (members that can be), which carry the handshake of a WebRTC
// connection and nothing else. What it dials: WebSockets (its own machine, or an always-on peer), WebRTC-direct (Node peers in the local network,
// without certificates), and other browsers.

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Connection, PeerId, Transport } from '@libp2p/interface'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { assert } from '../base/assert.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { JoineryError } from '../base/errors.ts'
import { transportOf } from './addresses.ts'
import type { Platform, PlatformNode } from './libp2p.ts'
import type { NodeId } from './network.ts'
import { browserMeetingEnd } from './transports-meeting.browser.ts'
import { webSockets } from './websockets.ts'

/** No STUN server is asked for anything: libp2p's default would tell four public ones of us. */
const rtcConfiguration = { iceServers: [] }

export function browserPlatform(clock: Clock): Platform {
  const relays = new Relays()
  return {
    transports: [
      webSockets(),
      webRTCDirect({ rtcConfiguration }),
      webRTC({ rtcConfiguration }),
      (components) => relays.watch(circuitRelayTransport()(components)),
    ],
    listen: ['/webrtc'],
    makeMeetingEnd: () => browserMeetingEnd(rtcConfiguration, clock),
    keepsKey: false,
    started: (node) => relays.start(node),
    useRelay: (node, relay) => relays.use(node, relay),
  }
}

/** More relays would only lengthen our list of addresses. */
const relaysMax = 3
/** A relay may admit us a moment after we saw it as a member. */
const attempts = 10
const retryMs = 300

/** What we need of the circuit transport besides its face: reservations without a listener of their own. */
interface Reservations {
  addRelay(relay: PeerId, type: 'configured'): Promise<unknown>
}

/** Reservations are asked for by useRelay alone, of members; where one was lost with its connection it is asked for again. */
class Relays {
  #reservations: Reservations | undefined
  /** Relays that were asked for, and whether a listener stands: one made anew with each connection would stay for ever. */
  readonly #listening = new Map<NodeId, boolean>()

  watch(transport: Transport): Transport {
    assert('reservationStore' in transport, 'the circuit transport shows its reservations no more')
    this.#reservations = transport.reservationStore as Reservations
    return transport
  }

  start(node: PlatformNode): void {
    node.libp2p.addEventListener('connection:open', ({ detail }) => {
      if (!this.#listening.has(detail.remotePeer.toString()) || !canRelay(detail)) return
      // One that does not relay any more: the peer layer asks others when it sees our addresses go.
      this.#reserve(node, detail).catch(() => {})
    })
  }

  async use(node: PlatformNode, relay: NodeId): Promise<void> {
    if (!this.#listening.has(relay) && !this.#makeRoom(node)) return
    const connection = node.libp2p
      .getConnections()
      .find((open) => open.remotePeer.toString() === relay && canRelay(open))
    if (connection === undefined)
      throw new JoineryError('network', `not connected directly to ${relay}: it cannot relay for us`)
    this.#listening.set(relay, this.#listening.get(relay) ?? false)
    await this.#reserve(node, connection)
  }

  /** Room for one more relay, if need be in place of one that is not connected. */
  #makeRoom(node: PlatformNode): boolean {
    const connected = new Set(node.libp2p.getPeers().map(String))
    const gone = [...this.#listening.keys()].find((relay) => !connected.has(relay))
    if (this.#listening.size >= relaysMax && gone !== undefined) this.#listening.delete(gone)
    return this.#listening.size < relaysMax
  }

  async #reserve(node: PlatformNode, connection: Connection): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#reserveOnce(node, connection)
      } catch (cause) {
        if (attempt === attempts || connection.status !== 'open') {
          throw new JoineryError('network', `${connection.remotePeer} does not relay for us`, { cause })
        }
        await sleep(node.clock, retryMs)
      }
    }
  }

  async #reserveOnce(node: PlatformNode, connection: Connection): Promise<void> {
    const relay = connection.remotePeer
    if (this.#listening.get(relay.toString()) === true) {
      await this.#reservations?.addRelay(relay, 'configured')
    } else {
      await node.listen(connection.remoteAddr.encapsulate('/p2p-circuit'))
      this.#listening.set(relay.toString(), true)
    }
  }
}

function canRelay(connection: Connection): boolean {
  const transport = transportOf(connection.remoteAddr)
  return connection.limits === undefined && (transport === 'websocket' || transport === 'webrtc-direct')
}
