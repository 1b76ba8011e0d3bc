// A network inside one process: for tests, simulations, and tabs of a test page. Peers are known by `memory:<id>`; everything is delivered
// asynchronously, in an order that depends on nothing but the hub's clock and random. Losses, repeats and delays are drawn per gossip message;
// streams stay whole and in order, as real ones do.

import { utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { type Random, seededRandom } from '../base/random.ts'
import { Flood } from './flood.ts'
import { FramedStream, type Wire } from './frames.ts'
import type { Connection, FrameStream, Network, NetworkEvents, NetworkFactory, NodeId } from './network.ts'
import { runHandler } from './topics.ts'
import { type Arrival, Lane, type Weather } from './weather.ts'

export interface MemoryHubOptions {
  /** With a clock, deliveries take `delayMs`; without, they are microtasks. */
  readonly clock?: Clock
  /** Decides losses, repeats and jitter. Seeded with 1 by default. */
  readonly random?: Random
  /** Every delivery takes this long (needs a clock). */
  readonly delayMs?: number
  /** Gossip takes up to so much longer, drawn per message: it overtakes itself (needs a clock). */
  readonly gossipJitterMs?: number
  /** The share of gossip messages that are lost on each hop, 0 to 1. */
  readonly gossipLoss?: number
  /** The share of gossip messages that arrive twice on each hop, 0 to 1. */
  readonly gossipRepeat?: number
  /** Decides all of that, and more, of each thing on its way, instead of the numbers above (needs a clock). */
  readonly weather?: Weather
}

/** The ether between memory networks. */
export interface MemoryHub {
  /** Cuts the network into groups: connections between them break, dials between them fail. Who is in no group is alone. */
  partition(groups: readonly (readonly NodeId[])[]): void
  /** Joins the groups again. Nobody is connected by it: peers redial. */
  heal(): void
  /** Breaks the connection between two nodes, if there is one: both are told. */
  cut(a: NodeId, b: NodeId): void
  /** Takes a node off the network, as a crash does: those connected are told that the connection is gone ('process'), or nothing at all ('power'). */
  drop(node: NodeId, how: 'process' | 'power'): void
}

/**
 * A hub for memory networks. Hand the same one to all that are to reach each other.
 *
 * @example
 * const hub = memoryHub()
 * const ada = await openPeer({ store: 'memory', path: 'ada', network: memoryNetwork(hub) })
 * const bo = await openPeer({ store: 'memory', path: 'bo', network: memoryNetwork(hub) })
 * const joined = await bo.join(await (await ada.space('Team')).invite())
 * await joined.met({ timeoutMs: 10_000 })
 */
export function memoryHub(options: MemoryHubOptions = {}): MemoryHub {
  return new Hub(options)
}

/** A factory of networks on this hub. `id` names the node; without one it is made by the hub, and kept on the shelf. */
export function memoryNetwork(hub: MemoryHub, options: { readonly id?: NodeId } = {}): NetworkFactory {
  return async ({ shelf }) => {
    if (!(hub instanceof Hub)) throw new JoineryError('bad-option', 'memoryNetwork needs a hub made by memoryHub()')
    const kept = await shelf.get('net/key')
    const id = options.id ?? (kept === undefined ? hub.newId() : new TextDecoder().decode(kept))
    if (kept === undefined) await shelf.set('net/key', utf8(id))
    return hub.join(id)
  }
}

const prefix = 'memory:'
const nothing = new Uint8Array(0)

class Hub implements MemoryHub {
  readonly nodes = new Map<NodeId, MemoryNetwork>()
  readonly #clock: Clock | undefined
  readonly #random: Random
  readonly #options: MemoryHubOptions
  #made = 0
  #groups: ReadonlyMap<NodeId, number> | undefined

  constructor(options: MemoryHubOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#random = options.random ?? seededRandom(1)
  }

  newId(): NodeId {
    this.#made += 1
    return `m${this.#made}`
  }

  join(id: NodeId): MemoryNetwork {
    if (this.nodes.has(id)) throw new JoineryError('bad-option', `there is a node ${id} on this hub already`)
    const network = new MemoryNetwork(this, id)
    this.nodes.set(id, network)
    return network
  }

  partition(groups: readonly (readonly NodeId[])[]): void {
    this.#groups = new Map(groups.flatMap((group, index) => group.map((id) => [id, index] as const)))
    for (const network of this.nodes.values()) {
      for (const other of network.connections.keys()) if (!this.joined(network.id, other)) network.disconnected(other)
    }
  }

  heal(): void {
    this.#groups = undefined
  }

  cut(a: NodeId, b: NodeId): void {
    this.nodes.get(a)?.disconnected(b)
  }

  drop(node: NodeId, how: 'process' | 'power'): void {
    this.nodes.get(node)?.drop(how)
  }

  /** True if packets travel between the two. */
  joined(a: NodeId, b: NodeId): boolean {
    if (this.#groups === undefined || a === b) return true
    const group = this.#groups.get(a)
    return group !== undefined && group === this.#groups.get(b)
  }

  /** The way from one node to another, where there is weather. */
  lane(from: NodeId, to: NodeId): Lane | undefined {
    const { weather } = this.#options
    if (weather === undefined || this.#clock === undefined) return undefined
    return new Lane({ weather, clock: this.#clock, from, to })
  }

  /** Runs `fn` after the way between two nodes. Equal delays keep their order. */
  deliver(fn: () => void, jitterMs = 0): void {
    if (this.#clock === undefined) queueMicrotask(fn)
    else this.#clock.after((this.#options.delayMs ?? 0) + jitterMs, fn)
  }

  deliverGossip(from: NodeId, to: NodeId, bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const { weather } = this.#options
    if (weather !== undefined && this.#clock !== undefined) {
      for (const arrival of weather.gossip(from, to, bytes))
        this.#clock.after(arrival.delayMs, () => arrive(arrival.bytes))
      return
    }
    const fn = (): void => arrive(bytes)
    const { gossipLoss = 0, gossipRepeat = 0, gossipJitterMs = 0 } = this.#options
    if (gossipLoss > 0 && this.#random.unit() < gossipLoss) return
    const times = gossipRepeat > 0 && this.#random.unit() < gossipRepeat ? 2 : 1
    for (let i = 0; i < times; i++) this.deliver(fn, gossipJitterMs === 0 ? 0 : this.#random.unit() * gossipJitterMs)
  }
}

class MemoryNetwork implements Network {
  readonly id: NodeId
  readonly addresses: readonly string[]
  readonly connections = new Map<NodeId, readonly Connection[]>()
  readonly counters = { gossipSent: 0, gossipReceived: 0, streamSent: 0, streamReceived: 0 }
  readonly #hub: Hub
  readonly #emitter = new Emitter<NetworkEvents>()
  readonly #handlers = new Map<string, (stream: FrameStream) => void | Promise<void>>()
  readonly #flood: Flood
  readonly #pipes = new Set<Pipe>()
  #state: 'open' | 'paused' | 'closed' = 'open'

  constructor(hub: Hub, id: NodeId) {
    this.#hub = hub
    this.id = id
    this.addresses = [prefix + id]
    this.#flood = new Flood({
      self: id,
      counters: this.counters,
      subscribers: (topic) => this.subscribers(topic),
      send: (node, topic, bytes, key) => {
        hub.deliverGossip(id, node, bytes, (arrived) => {
          if (!this.connections.has(node)) return
          void hub.nodes.get(node)?.heard(topic, arrived, id, arrived === bytes ? key : undefined)
        })
      },
    })
  }

  on<Name extends keyof NetworkEvents>(name: Name, listener: (event: NetworkEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  async dial(addresses: readonly string[], options: { readonly signal?: AbortSignal } = {}): Promise<NodeId> {
    this.#mustBeOpen()
    const ids = addresses.filter((address) => address.startsWith(prefix)).map((address) => address.slice(prefix.length))
    if (ids.length === 0)
      throw new JoineryError('network', `none of these is an address of a memory network: ${addresses.join(', ')}`)
    const connected = ids.find((id) => this.connections.has(id))
    if (connected !== undefined) return connected
    for (const id of ids) await this.#way(id, options.signal)
    this.#mustBeOpen()
    const other = ids
      .map((id) => this.#hub.nodes.get(id))
      .find((node) => node !== undefined && node !== this && this.#reaches(node))
    if (other === undefined) throw new JoineryError('network', `nobody answers at ${addresses.join(', ')}`)
    connect(this, other)
    return other.id
  }

  async hangUp(node: NodeId): Promise<void> {
    this.disconnected(node)
  }

  async open(node: NodeId, protocol: string, options: { readonly signal?: AbortSignal } = {}): Promise<FrameStream> {
    this.#mustBeOpen()
    await this.#way(node, options.signal)
    // Meanwhile its process may have died.
    this.#mustBeOpen()
    const other = this.#hub.nodes.get(node)
    if (other === undefined || !this.connections.has(node) || !other.connections.has(this.id)) {
      // Another life of that node knows nothing of the connection, and says so.
      if (other !== undefined) this.disconnected(node)
      throw new JoineryError('network', `not connected to ${node}`)
    }
    const handler = other.#handlers.get(protocol)
    if (handler === undefined) throw new JoineryError('network', `${node} does not speak ${protocol}`)
    const [ours, theirs] = this.#pipe(other)
    const stream = new FramedStream(theirs)
    this.#hub.deliver(() => runHandler(handler, stream))
    return new FramedStream(ours)
  }

  handle(protocol: string, handler: (stream: FrameStream) => void | Promise<void>): Off {
    this.#handlers.set(protocol, handler)
    return () => {
      if (this.#handlers.get(protocol) === handler) this.#handlers.delete(protocol)
    }
  }

  subscribe(topic: string, listener: Parameters<Network['subscribe']>[1]): Off {
    return this.#flood.subscribe(topic, listener)
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    this.#mustNotBeClosed()
    this.#flood.publish(topic, bytes)
  }

  hears(topic: string): boolean {
    return this.#flood.hears(topic)
  }

  subscribers(topic: string): readonly NodeId[] {
    return [...this.connections.keys()].filter((id) => this.#hub.nodes.get(id)?.hears(topic) === true)
  }

  admitRelayed(): void {}

  async useRelay(): Promise<void> {}

  async pause(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'paused'
    this.#disconnectAll()
  }

  async resume(): Promise<void> {
    if (this.#state === 'paused') this.#state = 'open'
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#disconnectAll()
    this.#leave()
  }

  drop(how: 'process' | 'power'): void {
    this.#state = 'closed'
    if (how === 'process') this.#disconnectAll()
    for (const pipe of this.#pipes) pipe.lose(new JoineryError('network', 'the node is gone'))
    this.#leave()
  }

  #leave(): void {
    if (this.#hub.nodes.get(this.id) === this) this.#hub.nodes.delete(this.id)
    this.#emitter.clear()
  }

  /** Both sides lose the connection, and with it their streams. */
  disconnected(node: NodeId): void {
    const other = this.#hub.nodes.get(node)
    for (const side of [this, other]) {
      const remote = side === this ? node : this.id
      if (side?.connections.delete(remote) !== true) continue
      for (const pipe of side.#pipes)
        if (pipe.remote === remote) pipe.lose(new JoineryError('network', `the connection to ${remote} is gone`))
      side.#emitter.emit('disconnect', { node: remote })
    }
  }

  #reaches(other: MemoryNetwork): boolean {
    return other.#state === 'open' && this.#hub.joined(this.id, other.id)
  }

  connected(node: NodeId): void {
    this.#emitter.emit('connect', { node })
  }

  #disconnectAll(): void {
    for (const node of [...this.connections.keys()]) this.disconnected(node)
  }

  async heard(topic: string, bytes: Uint8Array, from: NodeId, key: string | undefined): Promise<void> {
    if (this.#state === 'open') await this.#flood.heard(topic, bytes, from, key)
  }

  /** The time a packet takes there; rejects when the signal fires first. */
  #way(to: NodeId, signal: AbortSignal | undefined): Promise<void> {
    const lane = this.#hub.lane(this.id, to)
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        lane?.close()
        reject(new JoineryError('aborted', 'the caller gave up', { cause: signal?.reason }))
      }
      if (signal?.aborted) return aborted()
      signal?.addEventListener('abort', aborted, { once: true })
      const arrived = (): void => {
        signal?.removeEventListener('abort', aborted)
        resolve()
      }
      if (lane === undefined) this.#hub.deliver(arrived)
      else lane.send(nothing, arrived)
    })
  }

  #pipe(other: MemoryNetwork): readonly [Pipe, Pipe] {
    const ours = new Pipe(this, other.id, this.#hub, (pipe) => this.#pipes.delete(pipe))
    const theirs = new Pipe(other, this.id, this.#hub, (pipe) => other.#pipes.delete(pipe))
    ours.other = theirs
    theirs.other = ours
    this.#pipes.add(ours)
    other.#pipes.add(theirs)
    return [ours, theirs]
  }

  #mustBeOpen(): void {
    this.#mustNotBeClosed()
    if (this.#state === 'paused') throw new JoineryError('network', 'the network is paused')
  }

  #mustNotBeClosed(): void {
    if (this.#state === 'closed') throw new JoineryError('closed', 'the network was closed')
  }
}

/** Both sides know of the connection before either tells anybody. */
function connect(dialler: MemoryNetwork, dialled: MemoryNetwork): void {
  if (dialler.connections.has(dialled.id)) return
  const common = { transport: 'memory', direct: true }
  dialler.connections.set(dialled.id, [{ ...common, direction: 'outbound', address: prefix + dialled.id }])
  dialled.connections.set(dialler.id, [{ ...common, direction: 'inbound', address: prefix + dialler.id }])
  dialler.connected(dialled.id)
  dialled.connected(dialler.id)
}

/** One end of a pipe between two nodes. */
class Pipe implements Wire {
  readonly remote: NodeId
  other: Pipe | undefined
  readonly #hub: Hub
  readonly #owner: MemoryNetwork
  readonly #lane: Lane | undefined
  readonly #onEnd: (pipe: Pipe) => void
  #on: { data(bytes: Uint8Array): void; end(error?: Error): void } | undefined
  #ended = false

  constructor(owner: MemoryNetwork, remote: NodeId, hub: Hub, onEnd: (pipe: Pipe) => void) {
    this.remote = remote
    this.#owner = owner
    this.#hub = hub
    this.#lane = hub.lane(owner.id, remote)
    this.#onEnd = onEnd
  }

  start(on: { data(bytes: Uint8Array): void; end(error?: Error): void }): void {
    this.#on = on
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw new JoineryError('network', 'the pipe was cut')
    this.#owner.counters.streamSent += bytes.length
    if (this.#lane === undefined) this.#hub.deliver(() => this.other?.arrived(bytes))
    else this.#lane.send(bytes, (arrival) => this.#arrives(arrival))
  }

  async close(): Promise<void> {
    this.cut()
  }

  abort(error: Error): void {
    const { other } = this
    // What was sent before goes before.
    if (this.#lane === undefined) this.#hub.deliver(() => other?.cut(error))
    else this.#lane.send(nothing, () => other?.cut(error))
    this.cut()
  }

  #arrives({ bytes, breaks }: Arrival): void {
    this.other?.arrived(bytes)
    if (breaks) this.#owner.disconnected(this.remote)
  }

  /** The connection is gone: nothing more is on its way. */
  lose(error: Error): void {
    this.#lane?.close()
    this.cut(error)
  }

  /** Ends this end alone. */
  cut(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(this)
    this.#on?.end(error)
  }

  arrived(bytes: Uint8Array): void {
    if (this.#ended) return
    this.#owner.counters.streamReceived += bytes.length
    this.#on?.data(bytes)
  }
}
