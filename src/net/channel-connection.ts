// A data channel of WebRTC as what libp2p takes for a socket: one ordered stream of bytes. libp2p proves over it who is at the other end (noise), and
// divides it into streams (yamux), as it does over TCP. Channels of one connection could be libp2p's streams themselves, as in its own WebRTC
// transports; but there the ids of the two are believed, since a relay saw them, and here there is no relay.

import type { AbortOptions, Logger, MessageStreamDirection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'

/** What we use of an RTCDataChannel, in browsers and in Node. */
export interface Channel {
  binaryType: string
  readonly readyState: string
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(name: string, listener: (event: Event) => void): void
}

/** Every platform takes messages of this size; libp2p's frames are cut to it. */
const messageBytesMax = 64 * 1024
/** What may wait in the channel: below the one more is taken, above the other no more. Far below where browsers close the channel. */
const bufferedLow = 256 * 1024
const bufferedHigh = 1024 * 1024
/** How long closing waits for the other side, which may be gone. */
const goodbyeMs = 500

export interface ChannelConnectionInit {
  readonly channel: Channel
  readonly remoteAddr: Multiaddr
  readonly direction: MessageStreamDirection
  readonly log: Logger
  /** Closes all that carries the channel. */
  readonly end: () => void
}

/** Has to be made before the channel opens: what comes without a listener is lost. */
export class ChannelConnection extends AbstractMultiaddrConnection {
  readonly #channel: Channel
  readonly #end: () => void

  constructor({ channel, remoteAddr, direction, log, end }: ChannelConnectionInit) {
    super({ remoteAddr, direction, log, maxMessageSize: messageBytesMax })
    this.#channel = channel
    this.#end = end
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = bufferedLow
    channel.addEventListener('message', (event) => this.#received('data' in event ? event.data : undefined))
    channel.addEventListener('bufferedamountlow', () => this.safeDispatchEvent('drain'))
    channel.addEventListener('close', () => this.gone())
  }

  /** Whatever carried the channel is no more. */
  gone(): void {
    if (this.status === 'open' || this.status === 'closing') this.onTransportClosed()
    this.#end()
  }

  override sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    try {
      this.#channel.send(data.slice())
    } catch {
      // It was closed a moment ago, and its end is told by an event. What is written into a socket then is lost as well.
      return { sentBytes, canSendMore: true }
    }
    return { sentBytes, canSendMore: this.#channel.bufferedAmount < bufferedHigh }
  }

  override async sendClose({ signal }: AbortOptions = {}): Promise<void> {
    // Closing the channel sends what waits in it; the other side closes its own, and ours ends with that.
    const closed = new Promise<void>((resolve) => {
      const late = AbortSignal.any([AbortSignal.timeout(goodbyeMs), ...(signal === undefined ? [] : [signal])])
      late.addEventListener('abort', () => resolve())
      this.#channel.addEventListener('close', () => resolve())
    })
    if (this.#channel.readyState === 'open') this.#channel.close()
    await closed
    this.#end()
  }

  override sendReset(): void {
    this.#end()
  }

  /** The channel has no way to say "wait"; yamux does, stream by stream. */
  override sendPause(): void {}

  override sendResume(): void {}

  #received(data: unknown): void {
    if (data instanceof ArrayBuffer) this.onData(new Uint8Array(data))
    else this.abort(new Error('text came where bytes are spoken'))
  }
}
