// Two nodes of a BroadcastChannel network and the channel of their own: streams, topics, and whether the other is still there. A tab that is closed
// says nothing, so each asks the other; answers are events and no timers, since those of a hidden tab run once a minute.

import type { Clock } from '../base/clock.ts'
import { JoineryError } from '../base/errors.ts'
import { type FromPair, type PairMessage, readPair } from './broadcast-messages.ts'
import { FramedStream, type Wire } from './frames.ts'
import type { FrameStream, NodeId } from './network.ts'

export interface LinkHost {
  readonly id: NodeId
  readonly clock: Clock
  readonly counters: { streamSent: number; streamReceived: number }
  /** Whether a stream of this protocol is taken, and by what. */
  readonly handler: (protocol: string) => ((stream: FrameStream) => void) | undefined
  readonly accepted: (link: Link) => void
  readonly heard: (link: Link, topic: string, bytes: Uint8Array) => void
  /** It is over: they hung up, or are not there any more. */
  readonly gone: (link: Link) => void
}

const askEveryMs = 1_000
/** A question unanswered for so long means that nobody is there, or it is frozen. */
const silenceMs = 2_500
/** After a long turn of our own, timers run before what arrived meanwhile is read: look twice. */
const secondLookMs = 300
/** Streams that may be open between two, of each side (Invariant 9). */
const streamsMax = 256

export class Link {
  readonly node: NodeId
  readonly direction: 'inbound' | 'outbound'
  /** Topics they listen to. */
  topics: ReadonlySet<string> = new Set()
  /** The last dial of theirs that this link answers. */
  theirDial = 0
  readonly #host: LinkHost
  readonly #channel: BroadcastChannel
  readonly #streams = new Map<string, PairWire>()
  readonly #opening = new Map<
    number,
    { readonly resolve: () => void; readonly reject: (error: JoineryError) => void }
  >()
  readonly #onMessage = ({ data }: MessageEvent): void => {
    const message = readPair(data)
    if (message?.from === this.node) this.#take(message)
  }
  #opened = 0
  #askedSince: number | undefined
  #cancel: () => void
  #over = false

  constructor(host: LinkHost, hall: string, node: NodeId, direction: 'inbound' | 'outbound') {
    this.#host = host
    this.node = node
    this.direction = direction
    this.#channel = new BroadcastChannel(`${hall}:${[host.id, node].sort().join(':')}`)
    this.#channel.addEventListener('message', this.#onMessage)
    this.#cancel = host.clock.after(askEveryMs, () => this.#ask())
  }

  post(message: PairMessage): void {
    if (!this.#over) this.#channel.postMessage({ ...message, from: this.#host.id })
  }

  /** Opens a stream. Rejects 'network' | 'aborted'. */
  async open(protocol: string, signal: AbortSignal | undefined): Promise<FrameStream> {
    this.#opened += 1
    const stream = this.#opened
    const wire = this.#wire(stream, true)
    try {
      await new Promise<void>((resolve, reject) => {
        const aborted = (): void => reject(new JoineryError('aborted', 'the caller gave up', { cause: signal?.reason }))
        signal?.addEventListener('abort', aborted, { once: true })
        if (signal?.aborted) return aborted()
        this.#opening.set(stream, { resolve, reject })
        this.post({ type: 'open', stream, protocol })
      })
    } catch (error) {
      wire.cut()
      throw error
    } finally {
      this.#opening.delete(stream)
    }
    return new FramedStream(wire)
  }

  /** Ends it on this side; the other is told, if it is there. */
  close(): void {
    this.post({ type: 'bye' })
    this.#end()
  }

  #take(message: FromPair): void {
    this.#askedSince = undefined
    switch (message.type) {
      case 'accept':
        this.theirDial = Math.max(this.theirDial, message.dial)
        this.#host.accepted(this)
        break
      case 'bye':
        this.#end()
        this.#host.gone(this)
        break
      case 'ask':
        this.post({ type: 'answer' })
        break
      case 'answer':
        break
      case 'topics':
        this.topics = new Set(message.topics)
        break
      case 'gossip':
        this.#host.heard(this, message.topic, message.bytes)
        break
      case 'open':
        this.#opens(message.stream, message.protocol)
        break
      case 'opened':
        this.#opening.get(message.stream)?.resolve()
        break
      case 'refused': {
        const error = new JoineryError('network', `${this.node} does not speak this protocol, or has too many streams`)
        this.#opening.get(message.stream)?.reject(error)
        break
      }
      case 'data':
        this.#wireOf(message)?.arrived(message.bytes)
        break
      case 'end': {
        const { reason } = message
        this.#wireOf(message)?.cut(reason === undefined ? undefined : new JoineryError('network', reason))
        break
      }
      default:
        message satisfies never
    }
  }

  #opens(stream: number, protocol: string): void {
    const handler = this.#host.handler(protocol)
    const isRoom = !this.#streams.has(keyOf(stream, false)) && this.#streams.size < 2 * streamsMax
    if (handler === undefined || !isRoom) {
      this.post({ type: 'refused', stream })
      return
    }
    const framed = new FramedStream(this.#wire(stream, false))
    this.post({ type: 'opened', stream })
    handler(framed)
  }

  #wire(stream: number, ours: boolean): PairWire {
    const key = keyOf(stream, ours)
    const wire = new PairWire(this.node, {
      sent: (bytes) => {
        this.#host.counters.streamSent += bytes.length
        this.post({ type: 'data', stream, ours, bytes: whole(bytes) })
      },
      received: (sizeBytes) => {
        this.#host.counters.streamReceived += sizeBytes
      },
      ended: (reason, isTold) => {
        if (!this.#streams.delete(key) || !isTold) return
        this.post({ type: 'end', stream, ours, reason })
      },
    })
    this.#streams.set(key, wire)
    return wire
  }

  /** What is ours to them is theirs to us. */
  #wireOf({ stream, ours }: { readonly stream: number; readonly ours: boolean }): PairWire | undefined {
    return this.#streams.get(keyOf(stream, !ours))
  }

  #ask(): void {
    const { clock } = this.#host
    const now = clock.monotonic()
    if (this.#askedSince !== undefined && now - this.#askedSince > silenceMs) {
      this.#cancel = clock.after(secondLookMs, () => this.#lookAgain())
      return
    }
    this.#askedSince ??= now
    this.post({ type: 'ask' })
    this.#cancel = clock.after(askEveryMs, () => this.#ask())
  }

  #lookAgain(): void {
    if (this.#askedSince === undefined) {
      this.#ask()
      return
    }
    this.close()
    this.#host.gone(this)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#cancel()
    this.#channel.removeEventListener('message', this.#onMessage)
    this.#channel.close()
    const error = new JoineryError('network', `the connection to ${this.node} is gone`)
    for (const { reject } of this.#opening.values()) reject(error)
    for (const wire of [...this.#streams.values()]) wire.cut(error)
  }
}

interface PairWireOptions {
  readonly sent: (bytes: Uint8Array) => void
  readonly received: (sizeBytes: number) => void
  /** Once; `isTold` says whether the other end does not know yet. */
  readonly ended: (reason: string | undefined, isTold: boolean) => void
}

class PairWire implements Wire {
  readonly remote: NodeId
  readonly #options: PairWireOptions
  #on: { data(bytes: Uint8Array): void; end(error?: Error): void } | undefined
  #ended = false

  constructor(remote: NodeId, options: PairWireOptions) {
    this.remote = remote
    this.#options = options
  }

  start(on: { data(bytes: Uint8Array): void; end(error?: Error): void }): void {
    this.#on = on
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw new JoineryError('network', 'the stream was cut')
    this.#options.sent(bytes)
  }

  async close(): Promise<void> {
    this.#finish(undefined, undefined, true)
  }

  abort(error: Error): void {
    this.#finish(undefined, error.message, true)
  }

  /** The other end, or the way there, is gone. */
  cut(error?: Error): void {
    this.#finish(error, undefined, false)
  }

  arrived(bytes: Uint8Array): void {
    if (this.#ended) return
    this.#options.received(bytes.length)
    this.#on?.data(bytes)
  }

  #finish(error: Error | undefined, reason: string | undefined, isTold: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.ended(reason, isTold)
    this.#on?.end(error)
  }
}

function keyOf(stream: number, ours: boolean): string {
  return `${ours ? 'ours' : 'theirs'} ${stream}`
}

/** Posting copies all of the buffer behind the bytes. */
function whole(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice()
}
