// A network of BroadcastChannels: peers of one origin, which need no other way to each other. Tabs with stores of their own, a page and its workers,
// and in Node the threads of a process. Everybody calls into one hall that it is here; who dials meets the other on a channel of the two.

import { toHex } from '../base/bytes.ts'
import { type Clock, deadline, systemClock } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { systemRandom } from '../base/random.ts'
import { Link, type LinkHost } from './broadcast-link.ts'
import { type HallMessage, readHall } from './broadcast-messages.ts'
import { Flood } from './flood.ts'
import type { Connection, FrameStream, Network, NetworkEvents, NetworkFactory, NodeId } from './network.ts'
import { runHandler, type TopicListener } from './topics.ts'

export interface BroadcastChannelNetworkOptions {
  /** Only networks of one name meet. 'joinery' by default. */
  readonly name?: string
  readonly clock?: Clock
}

/**
 * A network among the tabs and workers of one origin, or the threads of one Node process, that share no store. Nobody else is reached by it.
 *
 * @example
 * const network = broadcastChannelNetwork({ name: 'demo' })
 * const ada = await openPeer({ store: 'memory', path: 'ada', network })
 * const bo = await openPeer({ store: 'memory', path: 'bo', network })
 * const joined = await bo.join(await (await ada.space('Team')).invite())
 * await joined.met({ timeoutMs: 10_000 })
 */
export function broadcastChannelNetwork(options: BroadcastChannelNetworkOptions = {}): NetworkFactory {
  return async () => {
    const network = new BroadcastChannelNetwork(options)
    network.enter()
    return network
  }
}

const prefix = 'broadcast:'
/** Whoever is there answers in a few milliseconds, unless it is frozen. */
const dialMs = 1_500

class BroadcastChannelNetwork implements Network {
  readonly id: NodeId = toHex(systemRandom.bytes(16))
  readonly addresses: readonly string[] = [prefix + this.id]
  readonly counters = { gossipSent: 0, gossipReceived: 0, streamSent: 0, streamReceived: 0 }
  readonly #clock: Clock
  readonly #hallName: string
  readonly #hall: BroadcastChannel
  readonly #emitter = new Emitter<NetworkEvents>()
  readonly #links = new Map<NodeId, Link>()
  /** Dials that wait for an answer. */
  readonly #dials = new Map<NodeId, { readonly link: Link; readonly number: number }>()
  #dialled = 0
  readonly #answers = new Map<NodeId, Set<(isThere: boolean) => void>>()
  readonly #handlers = new Map<string, (stream: FrameStream) => void | Promise<void>>()
  readonly #flood: Flood
  readonly #host: LinkHost
  readonly #onHall = ({ data }: MessageEvent): void => {
    const message = readHall(data)
    if (message !== undefined && message.from !== this.id && this.#state === 'open') this.#heardInHall(message)
  }
  #state: 'open' | 'paused' | 'closed' = 'open'

  constructor({ name = 'joinery', clock = systemClock }: BroadcastChannelNetworkOptions) {
    this.#clock = clock
    this.#hallName = `joinery-net:${name}`
    this.#hall = new BroadcastChannel(this.#hallName)
    this.#flood = new Flood({
      self: this.id,
      counters: this.counters,
      subscribers: (topic) => this.subscribers(topic),
      send: (node, topic, bytes) => this.#links.get(node)?.post({ type: 'gossip', topic, bytes }),
    })
    this.#host = {
      id: this.id,
      clock,
      counters: this.counters,
      handler: (protocol) => {
        const handler = this.#handlers.get(protocol)
        return handler && ((stream) => void runHandler(handler, stream))
      },
      accepted: (link) => this.#accepted(link),
      heard: (link, topic, bytes) => void this.#flood.heard(topic, bytes, link.node),
      gone: (link) => this.#gone(link),
    }
  }

  enter(): void {
    this.#hall.addEventListener('message', this.#onHall)
    this.#say({ type: 'here', from: this.id })
  }

  get connections(): ReadonlyMap<NodeId, readonly Connection[]> {
    const describe = ({ node, direction }: Link): Connection[] => [
      { transport: 'broadcast', direct: true, direction, address: prefix + node },
    ]
    return new Map([...this.#links].map(([node, link]) => [node, describe(link)]))
  }

  on<Name extends keyof NetworkEvents>(name: Name, listener: (event: NetworkEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  async dial(addresses: readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<NodeId> {
    this.#mustBeOpen()
    const nodes = addresses
      .filter((address) => address.startsWith(prefix))
      .map((address) => address.slice(prefix.length))
    if (nodes.length === 0)
      throw new JoineryError('network', `none of these is an address of this network: ${addresses.join(', ')}`)
    if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up dialling', { cause: signal.reason })
    for (const node of nodes) if (node !== this.id && (await this.#dialOne(node, signal))) return node
    throw new JoineryError('network', `nobody answers at ${addresses.join(', ')}`)
  }

  async hangUp(node: NodeId): Promise<void> {
    const link = this.#links.get(node)
    link?.close()
    if (link !== undefined) this.#gone(link)
  }

  async open(node: NodeId, protocol: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<FrameStream> {
    this.#mustBeOpen()
    if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up', { cause: signal.reason })
    const link = this.#links.get(node)
    if (link === undefined) throw new JoineryError('network', `not connected to ${node}`)
    return link.open(protocol, signal)
  }

  handle(protocol: string, handler: (stream: FrameStream) => void | Promise<void>): Off {
    this.#handlers.set(protocol, handler)
    return () => {
      if (this.#handlers.get(protocol) === handler) this.#handlers.delete(protocol)
    }
  }

  subscribe(topic: string, listener: TopicListener): Off {
    this.#mustNotBeClosed()
    const off = this.#flood.subscribe(topic, listener, () => this.#tellTopics())
    this.#tellTopics()
    return off
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    this.#mustNotBeClosed()
    this.#flood.publish(topic, bytes)
  }

  subscribers(topic: string): readonly NodeId[] {
    return [...this.#links.values()].filter(({ topics }) => topics.has(topic)).map(({ node }) => node)
  }

  admitRelayed(): void {}

  async useRelay(): Promise<void> {}

  async pause(): Promise<void> {
    this.#mustNotBeClosed()
    this.#state = 'paused'
    this.#closeAll()
  }

  async resume(): Promise<void> {
    this.#mustNotBeClosed()
    if (this.#state === 'open') return
    this.#state = 'open'
    this.#say({ type: 'here', from: this.id })
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#closeAll()
    this.#emitter.clear()
    this.#hall.removeEventListener('message', this.#onHall)
    this.#hall.close()
  }

  #say(message: HallMessage): void {
    this.#hall.postMessage(message)
  }

  #heardInHall(message: HallMessage): void {
    const { from } = message
    switch (message.type) {
      case 'here':
        this.#say({ type: 'present', from: this.id })
        this.#found(from)
        break
      case 'present':
        this.#found(from)
        break
      case 'dial':
        if (message.to === this.id) this.#takeDial(from, message.dial)
        break
      case 'decline':
        if (message.to === this.id) this.#answer(from, false)
        break
      default:
        message satisfies never
    }
  }

  #found(node: NodeId): void {
    if (!this.#links.has(node)) this.#emitter.emit('found', { node, addresses: [prefix + node] })
  }

  /** True once connected. Errors: 'aborted', 'closed'. */
  async #dialOne(node: NodeId, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#links.has(node)) return true
    const { signal: over, cancel } = deadline(this.#clock, dialMs, ...(signal === undefined ? [] : [signal]))
    const waiting = this.#answers.get(node) ?? new Set()
    this.#answers.set(node, waiting)
    const isThere = await new Promise<boolean>((resolve) => {
      waiting.add(resolve)
      over.addEventListener('abort', () => resolve(false), { once: true })
      if (waiting.size > 1) return
      this.#dialled += 1
      this.#dials.set(node, { link: this.#link(node, 'outbound'), number: this.#dialled })
      this.#say({ type: 'dial', from: this.id, to: node, dial: this.#dialled })
    })
    cancel()
    if (!isThere) this.#answer(node, false)
    if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up dialling', { cause: signal.reason })
    this.#mustNotBeClosed()
    return isThere && this.#links.has(node)
  }

  #answer(node: NodeId, isThere: boolean): void {
    const dial = this.#dials.get(node)
    this.#dials.delete(node)
    if (!isThere) dial?.link.close()
    const waiting = this.#answers.get(node) ?? []
    this.#answers.delete(node)
    for (const resolve of waiting) resolve(isThere)
  }

  #link(node: NodeId, direction: 'inbound' | 'outbound'): Link {
    return new Link(this.#host, this.#hallName, node, direction)
  }

  /** Who dials knows of no connection: one that we have is over, unless it came of this dial. Where both dial at once, one link answers both. */
  #takeDial(node: NodeId, number: number): void {
    const before = this.#links.get(node)
    if (before !== undefined && number <= before.theirDial) return
    before?.close()
    if (before !== undefined) this.#gone(before)
    // Invariant 9: so many neighbours.
    if (this.#links.size >= limits.broadcastPeers) {
      this.#say({ type: 'decline', from: this.id, to: node })
      return
    }
    const own = this.#dials.get(node)
    const link = own?.link ?? this.#link(node, 'inbound')
    link.theirDial = number
    link.post({ type: 'accept', dial: own?.number ?? 0 })
    this.#connected(link)
  }

  #accepted(link: Link): void {
    if (this.#dials.get(link.node)?.link === link) this.#connected(link)
  }

  #connected(link: Link): void {
    this.#links.set(link.node, link)
    link.post({ type: 'topics', topics: this.#flood.topics })
    this.#answer(link.node, true)
    this.#emitter.emit('connect', { node: link.node })
  }

  #gone(link: Link): void {
    if (this.#links.get(link.node) !== link) return
    this.#links.delete(link.node)
    this.#emitter.emit('disconnect', { node: link.node })
  }

  #closeAll(): void {
    for (const node of [...this.#dials.keys()]) this.#answer(node, false)
    for (const node of [...this.#links.keys()]) void this.hangUp(node)
  }

  #tellTopics(): void {
    for (const link of this.#links.values()) link.post({ type: 'topics', topics: this.#flood.topics })
  }

  #mustBeOpen(): void {
    this.#mustNotBeClosed()
    if (this.#state === 'paused') throw new JoineryError('network', 'the network is paused')
  }

  #mustNotBeClosed(): void {
    if (this.#state === 'closed') throw new JoineryError('closed', 'the network was closed')
  }
}
