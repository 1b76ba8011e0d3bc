// What the rest of the house knows of a network: peers that can be reached, topics, and framed streams. One adapter per
// platform implements it; none of them sees an op. Gossip is a hint: it may drop, repeat and reorder without harm (DESIGN §1).

import type { Off } from '../base/emitter.ts'

/** A peer's id on the network (for libp2p the base58 or CID text of its key): not a member's identity. */
export type NodeId = string

/** How one connection runs, in words for people. */
export interface Connection {
  /** 'memory' | 'tcp' | 'websocket' | 'webrtc' | 'webrtc-direct' | 'relay' | … */
  readonly transport: string
  /** False for a relayed (limited) connection. */
  readonly direct: boolean
  readonly direction: 'inbound' | 'outbound'
  /** The remote address as text. */
  readonly address: string
  /** Made by hand: nobody can dial it anew, so it is left alone while there is a chance that it comes back. */
  readonly byHand?: true
}

/** A stream of frames: each `send` is one frame at the other end, whole and in order. */
export interface FrameStream {
  readonly remote: NodeId
  /** Sends one frame of at most limits.frameBytes. Resolves when the transport can take more (back pressure). Rejects 'closed' | 'network'. */
  send(frame: Uint8Array): Promise<void>
  /**
   * The other end's frames. Ends when the other end closed, throws when the stream broke or a frame is over the limit.
   * To be read once.
   */
  readonly frames: AsyncIterable<Uint8Array>
  /** Ends our side after what was sent; resolves even where the other end is gone. */
  close(): Promise<void>
  /** Cuts the stream at once, both ways. */
  abort(reason: Error): void
}

export interface NetworkEvents {
  /** A first connection to this node stands (direct or relayed). */
  readonly connect: { readonly node: NodeId }
  /** The last connection to this node is gone. */
  readonly disconnect: { readonly node: NodeId }
  /** Connections to a node changed in kind (a direct one joined a relayed one, …). */
  readonly change: { readonly node: NodeId }
  /** Somebody was found nearby (mDNS): an address to try, nothing more. */
  readonly found: { readonly node: NodeId; readonly addresses: readonly string[] }
  /** Our own addresses changed. */
  readonly addresses: { readonly addresses: readonly string[] }
}

export interface Network {
  readonly id: NodeId
  /** Addresses at which others may reach us, most direct first, each ending in our id where the platform has such a thing. */
  readonly addresses: readonly string[]
  /** Who is connected now, and how. */
  readonly connections: ReadonlyMap<NodeId, readonly Connection[]>
  /** Bytes through topics and through streams since the start, both counted above encryption of the connection. */
  readonly counters: {
    readonly gossipSent: number
    readonly gossipReceived: number
    readonly streamSent: number
    readonly streamReceived: number
  }

  on<Name extends keyof NetworkEvents>(name: Name, listener: (event: NetworkEvents[Name]) => void): Off

  /** Dials until one of these addresses of one node answers; resolves with its id. Rejects 'network' | 'aborted' | 'timeout'. A node already connected directly is not dialled again. */
  dial(addresses: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<NodeId>
  /** Closes every connection to the node. Never rejects. */
  hangUp(node: NodeId): Promise<void>

  /**
   * Begins a meeting by hand, with nobody between the two. Absent where a network has no use for it. Rejects 'network' (no address of our own),
   * 'unsupported', 'limit'.
   */
  meetByHand?(): Promise<Meeting>

  /** Opens a stream. Rejects 'network' | 'aborted'. Works over relayed connections too. */
  open(node: NodeId, protocol: string, options?: { readonly signal?: AbortSignal }): Promise<FrameStream>
  /** Takes streams others open. A handler that throws ends that stream alone. */
  handle(protocol: string, handler: (stream: FrameStream) => void | Promise<void>): Off

  /** Hears a topic. `from` is the neighbour that handed the message on, not its author. Whether a message is passed on to others is what `listener` returns: 'reject' drops it. */
  subscribe(
    topic: string,
    listener: (message: {
      readonly bytes: Uint8Array
      readonly from: NodeId
    }) => 'accept' | 'ignore' | 'reject' | Promise<'accept' | 'ignore' | 'reject'>,
  ): Off
  /** Sends to the topic. Never rejects for want of listeners; at most limits.gossipFrameBytes or it rejects 'limit'. */
  publish(topic: string, bytes: Uint8Array): Promise<void>
  /** Neighbours seen on a topic, to whom what is published now is sent. */
  subscribers(topic: string): readonly NodeId[]

  /** Whether this node may use us as a relay for handshakes (members only: DESIGN §7). Set by the peer layer; nobody until it is set. */
  admitRelayed(allow: (node: NodeId) => boolean): void
  /** A peer that is a member and publicly dialable: may be asked to relay our handshakes (browsers). No effect where not needed. */
  useRelay(node: NodeId): Promise<void>

  /** Cuts all connections, refuses new ones and dials nobody until `resume`. `resume` brings back listeners under the same addresses. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Closes everything this network opened. Never rejects. */
  close(): Promise<void>
}

/** A way to connect that is agreed upon by hand: each of two peers makes a code, and takes the other's. */
export interface Meeting {
  /** For the other peer, and for it alone: by paste, QR code, voice. Good for `limits.meetingMs`. */
  readonly code: string
  /**
   * Takes the other's code, and resolves with its node once it took ours and the connection stands. May be called again after 'bad-code' and
   * 'code-newer'; after any other error both begin anew. Rejects 'bad-code' | 'code-newer' | 'network' | 'timeout' | 'aborted' | 'closed'.
   */
  take(code: string, options?: { readonly signal?: AbortSignal }): Promise<NodeId>
  /** Gives up, unless connected. */
  close(): void
}

/** What a network is made with: its own key and settings are kept between runs, so that a restarted peer is found again. */
export interface NetworkContext {
  /** A small key-value shelf in the peer's store: the libp2p key, ports, certificates. */
  readonly shelf: Shelf
  readonly signal?: AbortSignal
}

export interface Shelf {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  keys(prefix: string): Promise<readonly string[]>
}

/** Makes a network for one peer. `libp2pNetwork({…})` and `memoryNetwork(hub)` return one. */
export type NetworkFactory = (context: NetworkContext) => Promise<Network>
