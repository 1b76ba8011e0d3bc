// The network over libp2p, as far as Node and browsers share it: a node is made from what a platform brings (transports, where to listen), and
// seen through the Network interface. What is decided elsewhere: which peers to dial and when (the peer layer), and what messages mean.

import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type {
  ComponentLogger,
  ConnectionGater,
  Libp2p,
  Connection as Libp2pConnection,
  PrivateKey,
  ServiceMap,
  Stream,
  Upgrader,
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Clock } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import {
  byPreference,
  isByHand,
  loopbackLast,
  parseAddress,
  type Target,
  transportOf,
  worthDialling,
} from './addresses.ts'
import { dialAny } from './dial.ts'
import { FramedStream } from './frames.ts'
import { gossipService, Topics } from './gossip.ts'
import { type MeetingEnd, Meetings } from './meetings.ts'
import type { Connection, FrameStream, Meeting, Network, NetworkContext, NetworkEvents, NodeId } from './network.ts'
import { type Pulse, startPulse } from './pulse.ts'
import { runHandler, type TopicListener } from './topics.ts'
import { startWatchdog } from './watchdog.ts'
import { streamWire } from './wire.ts'

/** What a platform brings. */
export interface Platform {
  readonly transports: NonNullable<Libp2pOptions['transports']>
  readonly listen: readonly string[]
  /** Our end of a connection to be, for meetings by hand. */
  readonly makeMeetingEnd: () => MeetingEnd
  /**
   * Whether the node is the same at each start: where others dial it at addresses that they keep. A tab that leads is another node than the tab that led
   * before, which may be asleep with its connections open: two nodes of one name would be taken for one.
   */
  readonly keepsKey: boolean
  /** More services, by name: a relay server, discovery. */
  readonly services?: Libp2pOptions['services']
  /** Told once the node runs: the chance to keep ports, and to listen for who is found. */
  started?(node: PlatformNode): Promise<void> | void
  /** Asks a member to relay our handshakes. Absent where others can dial us. */
  useRelay?(node: PlatformNode, relay: NodeId): Promise<void>
}

/** What a platform may do with the node that was made of it. */
export interface PlatformNode {
  readonly libp2p: Libp2p
  readonly clock: Clock
  listen(address: Multiaddr): Promise<void>
  found(node: NodeId, addresses: readonly string[]): void
}

/** Parts of libp2p that its own face does not show; services are handed them. */
interface Internals {
  readonly transportManager: {
    dial(address: Multiaddr, options: { readonly signal: AbortSignal }): Promise<Libp2pConnection>
    listen(addresses: Multiaddr[]): Promise<void>
    dialTransportForMultiaddr(address: Multiaddr): unknown
  }
  readonly upgrader: Upgrader
  readonly logger: ComponentLogger
}

interface Services extends ServiceMap {
  readonly identify: Identify
  readonly gossip: ReturnType<ReturnType<typeof gossipService>>
  readonly internals: Internals
}

/** Streams of one protocol that may be open on one connection, each way (Invariant 9: Bounded). */
const streamsMax = 256

type MakePlatform = (gate: Gate) => Promise<Platform>

/** A port that was free when it was chosen may be somebody's when it is listened on: then another is chosen, so many times in all. */
const startsMax = 3

/** Makes and starts the network. */
export async function startLibp2p(context: NetworkContext, clock: Clock, makePlatform: MakePlatform): Promise<Network> {
  for (let starts = 1; ; starts++) {
    try {
      return await startOnce(context, clock, makePlatform)
    } catch (error) {
      if (starts === startsMax || !messageOf(error).includes('EADDRINUSE')) throw error
    }
  }
}

async function startOnce(context: NetworkContext, clock: Clock, makePlatform: MakePlatform): Promise<Network> {
  const gate = new Gate()
  const platform = await makePlatform(gate)
  const libp2p = await createNode(await (platform.keepsKey ? keptKey(context) : freshKey()), platform, gate)
  const network = new Libp2pNetwork(libp2p, clock, platform, gate)
  try {
    await libp2p.start()
    await network.started()
  } catch (cause) {
    await network.close()
    if (isJoineryError(cause)) throw cause
    throw new JoineryError('network', `the network could not be started: ${messageOf(cause)}`, { cause })
  }
  return network
}

function createNode(privateKey: PrivateKey, platform: Platform, gate: Gate): Promise<Libp2p<Services>> {
  return createLibp2p<Services>({
    start: false,
    privateKey,
    addresses: { listen: [...platform.listen] },
    transports: platform.transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: gate.gater,
    connectionManager: {
      // Households and tests bring many peers from one address at a time.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 100,
      // The peer layer keeps its own address book and redial loop.
      reconnectRetries: 0,
    },
    // Dead links are noticed by our own pulse.
    connectionMonitor: { enabled: false },
    services: {
      ...platform.services,
      identify: identify(),
      gossip: gossipService(),
      internals: ({ transportManager, upgrader, logger }: Internals) => ({ transportManager, upgrader, logger }),
    },
  } as Libp2pOptions<Services>)
}

async function keptKey({ shelf }: NetworkContext): Promise<PrivateKey> {
  const kept = await shelf.get('net/key')
  if (kept !== undefined) return privateKeyFromProtobuf(kept)
  const made = await freshKey()
  await shelf.set('net/key', privateKeyToProtobuf(made))
  return made
}

function freshKey(): Promise<PrivateKey> {
  return generateKeyPair('Ed25519')
}

/** Who may come in: nobody while paused, and only members by way of us as a relay. */
export class Gate {
  closed = false
  admits: (node: NodeId) => boolean = () => false

  readonly gater: ConnectionGater = {
    denyDialPeer: () => this.closed,
    // libp2p's default in browsers denies LAN addresses and plain WebSockets: exactly what we live on.
    denyDialMultiaddr: () => this.closed,
    denyInboundConnection: () => this.closed,
    denyOutboundConnection: () => this.closed,
    denyInboundUpgradedConnection: () => this.closed,
    denyOutboundUpgradedConnection: () => this.closed,
    denyInboundRelayReservation: (source) => this.closed || !this.admits(source.toString()),
    denyOutboundRelayedConnection: (source, destination) =>
      this.closed || !this.admits(source.toString()) || !this.admits(destination.toString()),
  }
}

class Libp2pNetwork implements Network {
  readonly id: NodeId
  readonly counters = { gossipSent: 0, gossipReceived: 0, streamSent: 0, streamReceived: 0 }
  readonly #libp2p: Libp2p<Services>
  readonly #clock: Clock
  readonly #platform: Platform
  readonly #gate: Gate
  readonly #topics: Topics
  readonly #emitter = new Emitter<NetworkEvents>()
  readonly #connections = new Map<NodeId, readonly Libp2pConnection[]>()
  readonly #node: PlatformNode
  readonly #closing = new AbortController()
  #addresses: readonly string[] = []
  readonly #pulse: Pulse
  readonly #meetings: Meetings
  #stopWatchdog = (): void => {}
  #closed: Promise<void> | undefined

  constructor(libp2p: Libp2p<Services>, clock: Clock, platform: Platform, gate: Gate) {
    this.#libp2p = libp2p
    this.#clock = clock
    this.#platform = platform
    this.#gate = gate
    this.id = libp2p.peerId.toString()
    this.#topics = new Topics(libp2p.services.gossip, this.counters)
    this.#pulse = startPulse(libp2p, clock, (connection) => this.#begun(connection))
    const { upgrader, logger } = libp2p.services.internals
    this.#meetings = new Meetings({
      ...{ node: this.id, clock, upgrader, logger, makeEnd: platform.makeMeetingEnd },
      connections: () => libp2p.getConnections(),
    })
    this.#node = {
      libp2p,
      clock,
      listen: (address) => libp2p.services.internals.transportManager.listen([address]),
      found: (node, addresses) => this.#found(node, addresses),
    }
    libp2p.addEventListener('connection:open', ({ detail }) => this.#opened(detail))
    libp2p.addEventListener('connection:close', ({ detail }) => this.#gone(detail))
    for (const event of ['transport:listening', 'transport:close', 'self:peer:update'] as const) {
      libp2p.addEventListener(event, () => this.#readAddresses())
    }
  }

  async started(): Promise<void> {
    await this.#platform.started?.(this.#node)
    this.#readAddresses()
    this.#stopWatchdog = startWatchdog({
      clock: this.#clock,
      libp2p: this.#libp2p,
      knows: (node) => this.#topics.knows(node),
      introduce: (connection) => this.#introduce(connection),
      redial: (node) => void this.#redial(node),
    })
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  get connections(): ReadonlyMap<NodeId, readonly Connection[]> {
    return new Map(
      [...this.#connections].map(([node, connections]) => [node, connections.map((one) => this.#describe(one))]),
    )
  }

  on<Name extends keyof NetworkEvents>(name: Name, listener: (event: NetworkEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  async dial(addresses: readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<NodeId> {
    this.#mustBeOpen()
    if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up dialling', { cause: signal.reason })
    const targets = this.#targets(addresses)
    const node = targets.find((target) => target.node !== undefined)?.node
    if (node === this.id) throw new JoineryError('network', 'these addresses are our own')
    if (node !== undefined && this.#isConnectedDirectly(node)) return node
    const ofNode = targets.filter((target) => target.node === undefined || target.node === node)
    const connection = await dialAny(
      worthDialling(
        ofNode.map(({ address }) => address),
        (address) => this.#canDial(address),
      ),
      { clock: this.#clock, dialOne: (address, over) => this.#dialOne(address, over), signal: this.#until(signal) },
    )
    return connection.remotePeer.toString()
  }

  async meetByHand(): Promise<Meeting> {
    this.#mustBeOpen()
    return this.#meetings.begin()
  }

  async hangUp(node: NodeId): Promise<void> {
    await Promise.all((this.#connections.get(node) ?? []).map(cut))
  }

  async open(node: NodeId, protocol: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<FrameStream> {
    this.#mustBeOpen()
    if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up', { cause: signal.reason })
    const connection = [...(this.#connections.get(node) ?? [])].sort((a, b) => this.#directFirst(a, b))[0]
    if (connection === undefined) throw new JoineryError('network', `not connected to ${node}`)
    try {
      const options = { runOnLimitedConnection: true, maxOutboundStreams: streamsMax }
      const stream = await connection.newStream(protocol, signal === undefined ? options : { ...options, signal })
      return this.#framed(stream, connection)
    } catch (cause) {
      if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up', { cause: signal.reason })
      throw new JoineryError('network', `no ${protocol} stream to ${node}: ${messageOf(cause)}`, { cause })
    }
  }

  handle(protocol: string, handler: (stream: FrameStream) => void | Promise<void>): Off {
    const options = {
      runOnLimitedConnection: true,
      maxInboundStreams: streamsMax,
      maxOutboundStreams: streamsMax,
      force: true,
    } as const
    const taken = this.#libp2p.handle(
      protocol,
      (stream, connection) => void runHandler(handler, this.#framed(stream, connection)),
      options,
    )
    // The handler stands at once; what is awaited is a note in the peer store, which a closing node may refuse.
    taken.catch(() => {})
    return () => {
      this.#libp2p.unhandle(protocol).catch(() => {})
    }
  }

  subscribe(topic: string, listener: TopicListener): Off {
    this.#mustNotBeClosed()
    return this.#topics.subscribe(topic, listener)
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    this.#mustNotBeClosed()
    await this.#topics.publish(topic, bytes)
  }

  subscribers(topic: string): readonly NodeId[] {
    return this.#topics.subscribers(topic)
  }

  admitRelayed(allow: (node: NodeId) => boolean): void {
    this.#gate.admits = allow
  }

  async useRelay(node: NodeId): Promise<void> {
    this.#mustBeOpen()
    await this.#platform.useRelay?.(this.#node, node)
  }

  async pause(): Promise<void> {
    this.#mustNotBeClosed()
    this.#gate.closed = true
    this.#meetings.close()
    await Promise.all([...this.#connections.values()].flat().map(cut))
  }

  async resume(): Promise<void> {
    this.#mustNotBeClosed()
    this.#gate.closed = false
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#gate.closed = true
    this.#stopWatchdog()
    this.#pulse.stop()
    this.#meetings.close()
    this.#closing.abort(new JoineryError('closed', 'the network was closed'))
    await Promise.all([...this.#connections.values()].flat().map(cut))
    this.#emitter.clear()
    // Listeners wait for connections to end on threads of their own, which no caller should have to.
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(stopMs, resolve)
      void this.#stop().then(() => {
        cancel()
        resolve()
      })
    })
  }

  async #stop(): Promise<void> {
    try {
      await this.#libp2p.stop()
    } catch {
      // A listener or a stream that was gone already: nothing is left to close.
    }
  }

  #targets(addresses: readonly string[]): readonly Target[] {
    const targets = addresses.map(parseAddress).filter((target) => target !== undefined)
    if (targets.some(({ address }) => this.#canDial(address))) return targets
    const list = addresses.join(', ') || '(none given)'
    throw new JoineryError('network', `none of these is an address that can be dialled from here: ${list}`)
  }

  #canDial(address: Multiaddr): boolean {
    return this.#libp2p.services.internals.transportManager.dialTransportForMultiaddr(address) !== undefined
  }

  async #dialOne(address: Multiaddr, signal: AbortSignal): Promise<Libp2pConnection> {
    const connection = await this.#libp2p.services.internals.transportManager.dial(address, { signal })
    if (!this.#gate.closed) return connection
    connection.abort(new JoineryError('network', 'the network is paused'))
    throw new JoineryError('network', 'the network is paused')
  }

  #framed(stream: Stream, connection: Libp2pConnection): FrameStream {
    const received = (sizeBytes: number): void => {
      this.counters.streamReceived += sizeBytes
      this.#pulse.heard(connection)
    }
    const sent = (sizeBytes: number): void => {
      this.counters.streamSent += sizeBytes
    }
    return new FramedStream(streamWire(stream, connection.remotePeer.toString(), { sent, received }))
  }

  #opened(connection: Libp2pConnection): void {
    const node = connection.remotePeer.toString()
    const before = this.#connections.get(node) ?? []
    this.#connections.set(node, [...before, connection])
    this.#emitter.emit(before.length === 0 ? 'connect' : 'change', { node })
  }

  #gone(connection: Libp2pConnection): void {
    const node = connection.remotePeer.toString()
    const before = this.#connections.get(node) ?? []
    const left = before.filter((other) => other !== connection)
    if (left.length === before.length) return
    if (left.length > 0) this.#connections.set(node, left)
    else this.#connections.delete(node)
    this.#emitter.emit(left.length === 0 ? 'disconnect' : 'change', { node })
  }

  /** Somebody who dialled us has our connection, too. */
  #begun(connection: Libp2pConnection): void {
    const node = connection.remotePeer.toString()
    if (this.#connections.get(node)?.includes(connection)) this.#emitter.emit('change', { node })
  }

  #isConnectedDirectly(node: NodeId): boolean {
    return (this.#connections.get(node) ?? []).some((one) => this.#isDirect(one))
  }

  /**
   * Relayed connections have limits; what comes by way of a relay without any is still no direct one. Nor yet is one by WebRTC that we were dialled
   * over, before the dialling side spoke: should the relay go now, its handshake never ends there.
   */
  #isDirect(connection: Libp2pConnection): boolean {
    const transport = transportOf(connection.remoteAddr)
    if (connection.limits !== undefined || transport === 'relay') return false
    return transport !== 'webrtc' || connection.direction === 'outbound' || this.#pulse.has(connection)
  }

  #directFirst(a: Libp2pConnection, b: Libp2pConnection): number {
    return Number(this.#isDirect(b)) - Number(this.#isDirect(a)) || byPreference(a.remoteAddr, b.remoteAddr)
  }

  #describe(connection: Libp2pConnection): Connection {
    return {
      transport: transportOf(connection.remoteAddr),
      direct: this.#isDirect(connection),
      direction: connection.direction,
      address: connection.remoteAddr.toString(),
      ...(isByHand(connection.remoteAddr) ? { byHand: true } : {}),
    }
  }

  #found(node: NodeId, addresses: readonly string[]): void {
    if (!this.#gate.closed && node !== this.id) this.#emitter.emit('found', { node, addresses })
  }

  #readAddresses(): void {
    const addresses = this.#libp2p.getMultiaddrs().sort(loopbackLast).map(String)
    if (this.#closed !== undefined || addresses.join() === this.#addresses.join()) return
    this.#addresses = addresses
    this.#emitter.emit('addresses', { addresses })
  }

  /** Identify tells gossipsub of the connection again, and gossipsub opens its stream. */
  #introduce(connection: Libp2pConnection): void {
    // One that fails leaves the peer missing, and the watchdog goes on to redial.
    this.#libp2p.services.identify.identify(connection).catch(() => {})
  }

  async #redial(node: NodeId): Promise<void> {
    const connections = this.#connections.get(node) ?? []
    const byHand = connections.find(({ remoteAddr }) => isByHand(remoteAddr))
    // Nobody could dial that one anew.
    if (byHand !== undefined) return this.#introduce(byHand)
    const addresses = connections
      .filter((connection) => connection.direction === 'outbound' && this.#isDirect(connection))
      .map(({ remoteAddr }) => remoteAddr.toString())
    await this.hangUp(node)
    // Whom we cannot dial dials us; where both fail, the redial loop of the peer layer goes on.
    if (addresses.length > 0 && !this.#gate.closed) await this.dial(addresses).catch(() => {})
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
  }

  #mustBeOpen(): void {
    this.#mustNotBeClosed()
    if (this.#gate.closed) throw new JoineryError('network', 'the network is paused')
  }

  #mustNotBeClosed(): void {
    if (this.#closed !== undefined) throw new JoineryError('closed', 'the network was closed')
  }
}

const goodbyeMs = 100
const stopMs = 3_000

/** Closes in order if the other end answers at once, else cuts. Never rejects: closing a relay under a live circuit can. */
async function cut(connection: Libp2pConnection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(goodbyeMs) })
  } catch {
    // Silent or half gone: cut below.
  }
  if (connection.status !== 'closed') connection.abort(new JoineryError('network', 'we hung up'))
}
