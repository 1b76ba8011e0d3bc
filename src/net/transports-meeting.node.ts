// A Node peer's end of a meeting by hand. Until the other side's code is known it is a plain UDP socket, which keeps the port that our code names; then
// the connection is made at that port, as the answer to the other's offer.
//
// Not by an offer of our own, as in browsers: libdatachannel hands an answer to ICE before it stores it. The other side, which may be calling for
// minutes by then, completes DTLS in between, and fails for want of a description (measured on a busy machine: one in five).

import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { PeerConnection } from 'node-datachannel'
import { RTCPeerConnection } from 'node-datachannel/polyfill'
import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { JoineryError, messageOf } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import type { Channel } from './channel-connection.ts'
import type { Certificate } from './libp2p-certificate.node.ts'
import type { MeetingPoint } from './meeting-code.ts'
import type { CallOptions, MeetingEnd } from './meetings.ts'
import { candidateOf, writeDescription } from './session-description.ts'

/** On this interface, or on all: '0.0.0.0'. */
export function nodeMeetingEnd(host: string, certificate: Certificate): MeetingEnd {
  return new NodeMeetingEnd(host, certificate)
}

/** A multihash of SHA-256, in base64url, begins so. */
const hashHeadBytes = 2

class NodeMeetingEnd implements MeetingEnd {
  readonly #host: string
  readonly #certificate: Certificate
  readonly #ice = { iceUfrag: iceText(6), icePwd: iceText(18) }
  #socket: Socket | undefined
  #rtc: RTCPeerConnection | undefined
  #closed = false

  constructor(host: string, certificate: Certificate) {
    this.#host = host
    this.#certificate = certificate
  }

  async open(): Promise<Omit<MeetingPoint, 'node'>> {
    this.#socket = await bound(this.#host)
    const { port } = this.#socket.address()
    return {
      fingerprint: fromString(this.#certificate.certhash.slice(1), 'base64url').subarray(hashHeadBytes),
      ufrag: this.#ice.iceUfrag,
      password: this.#ice.icePwd,
      candidates: hosts(this.#host).flatMap((host) => candidateOf(host, port) ?? []),
    }
  }

  async call(point: MeetingPoint, { begins, broken }: CallOptions): Promise<Channel> {
    const port = await this.#release()
    if (this.#closed) throw calledOff()
    const native = new PeerConnection('joinery', {
      iceServers: [],
      disableAutoNegotiation: true,
      certificatePemFile: this.#certificate.pem,
      keyPemFile: this.#certificate.privateKey,
      ...{ portRangeBegin: port, portRangeEnd: port },
      ...(this.#host === '0.0.0.0' ? {} : { bindAddress: this.#host }),
    })
    const rtc = new RTCPeerConnection({ iceServers: [], peerConnection: native } as RTCConfiguration)
    this.#rtc = rtc
    rtc.addEventListener('connectionstatechange', () => {
      if (rtc.connectionState === 'closed') broken()
    })
    native.setRemoteDescription(writeDescription(point, !begins), 'offer')
    const channel = rtc.createDataChannel('', { negotiated: true, id: 0 })
    native.setLocalDescription('answer', this.#ice)
    return channel as unknown as Channel
  }

  close(): void {
    this.#closed = true
    this.#socket?.close()
    this.#socket = undefined
    this.#rtc?.close()
  }

  /** Frees the port. */
  #release(): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket
      if (socket === undefined) return reject(calledOff())
      const { port } = socket.address()
      this.#socket = undefined
      socket.close(() => resolve(port))
    })
  }
}

function calledOff(): JoineryError {
  return new JoineryError('closed', 'the meeting was called off')
}

/** A socket that waits for nothing, on a free port. Errors: 'network'. */
function bound(host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', (cause) =>
      reject(new JoineryError('network', `no port could be opened: ${messageOf(cause)}`, { cause })),
    )
    socket.bind(0, host, () => {
      socket.unref()
      resolve(socket)
    })
  })
}

/** Addresses of this device that others may reach, those of IPv4 first. */
function hosts(host: string): string[] {
  if (host !== '0.0.0.0') return [host]
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  return outside.sort((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address)
}

/** Letters and digits that ICE takes for a name or a password. */
function iceText(sizeBytes: number): string {
  return bytesToString(systemRandom.bytes(sizeBytes), 'base64pad')
}
