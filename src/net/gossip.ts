// Topics over gossipsub. This is the one file that imports it, for two reasons: its name is an alias (ChainSafe's package 14.1 fails silently on
// libp2p 3: no peer ever appears; its code base lives on as @libp2p/gossipsub 17, wire compatible), and its settings are measured ones, which
// belong together with what is known about them (DESIGN §6).

import {
  type GossipSub,
  type GossipsubOpts,
  gossipsub,
  StrictNoSign,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub'
import { sha256 } from '@noble/hashes/sha2.js'
import { never } from '../base/assert.ts'
import type { Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { NodeId } from './network.ts'
import { type TopicListener, TopicListeners, type Verdict } from './topics.ts'

/** The streams of gossipsub, by the start of their protocol's name. */
export const gossipProtocols = '/meshsub/'

/**
 * One frame of gossipsub holds a message, or several that a neighbour asked for, and control messages besides. A frame over the limit makes its
 * receiver deaf to the sender for the life of the connection (until the watchdog acts), so the limit stands well above what we publish.
 */
const frameBytesMax = 4 * limits.gossipFrameBytes

/**
 * What a neighbour's subscriptions may cost: by gossipsub's reckoning 1 KiB each and what the name takes. Beyond it they are ignored without a word, and by
 * default that is at 955 of our topics, less than there may be spaces.
 */
const topicBytesMax = 2 * 1024 * limits.spaces

/** Neighbours in the mesh of a topic, at most. */
const meshMax = 12

/** The service for libp2p. Tests that show what a setting is for leave it out. */
export function gossipService(settings: Partial<GossipsubOpts> = {}): ReturnType<typeof gossipsub> {
  return gossipsub({
    // Our envelopes are signed and sealed: a second signature would cost a third to a fifth of the throughput.
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => sha256(message.data),
    emitSelf: false,
    // Being alone on a topic is no error, nor is saying the same thing again.
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    maxInboundDataLength: frameBytesMax,
    maxTopicBytesPerPeer: topicBytesMax,
    // maxOutboundBufferSize is left unset on purpose: at it, gossipsub drops silently and kills the stream while the connection stays up.
    // Groups are small: what we publish goes to every neighbour on the topic at once, and meshes are wide enough to hold a family whole.
    floodPublish: true,
    D: 8,
    Dlo: 6,
    Dhi: meshMax,
    Dscore: 4,
    Dout: 2,
    heartbeatInterval: 700,
    // Who leaves a topic and comes back (a document closed and opened, a pause) is grafted again at once.
    unsubcribeBackoff: 1_000,
    // Many peers behind one address are a household, not an attack; members are known by signature.
    scoreParams: { IPColocationFactorWeight: 0 },
    // The circuit through a relay is for handshakes; a mesh on it would die with it while the direct connection lives on.
    runOnLimitedConnection: false,
    tagMeshPeers: false,
    ...settings,
  })
}

/** A public member of gossipsub's class which its interface leaves out: the streams that it sends on, by node. */
interface Streams {
  readonly streamsOutbound: ReadonlyMap<string, unknown>
}

export interface GossipCounters {
  gossipSent: number
  gossipReceived: number
}

/** Topics of one network. Counts the bodies of messages, not the control traffic of gossipsub. */
export class Topics {
  readonly #gossip: GossipSub
  readonly #counters: GossipCounters
  readonly #listeners = new TopicListeners()

  constructor(gossip: GossipSub, counters: GossipCounters) {
    this.#gossip = gossip
    this.#counters = counters
  }

  subscribe(topic: string, listener: TopicListener): Off {
    const first = !this.#listeners.has(topic)
    const off = this.#listeners.add(topic, listener, () => this.#leave(topic))
    if (first) this.#enter(topic)
    return off
  }

  async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > limits.gossipFrameBytes) {
      throw new JoineryError(
        'limit',
        `a message of ${bytes.length} bytes is over the limit of ${limits.gossipFrameBytes}`,
      )
    }
    // gossipsub keeps the bytes for those who ask later: they must not change under it.
    const { recipients } = await this.#gossip.publish(topic, bytes.slice())
    this.#counters.gossipSent += bytes.length * recipients.length
  }

  subscribers(topic: string): readonly NodeId[] {
    // gossipsub opens a stream each way. Theirs tells us what they listen to; until ours is there too, what we publish to them is dropped.
    const { streamsOutbound } = this.#gossip as Streams & GossipSub
    return this.#gossip
      .getSubscribers(topic)
      .map(String)
      .filter((node) => streamsOutbound.has(node))
  }

  /** True if gossipsub counts the node among its own. */
  knows(node: NodeId): boolean {
    return this.#gossip.getPeers().some((peer) => peer.toString() === node)
  }

  #enter(topic: string): void {
    this.#gossip.topicValidators.set(topic, async (peer, { data }) => {
      const from = peer.toString()
      this.#counters.gossipReceived += data.length
      // In Node it is a Buffer, which is a Uint8Array but for how it prints, compares and slices.
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length)
      const verdict = await this.#listeners.decide(topic, { bytes, from })
      if (verdict === 'accept') this.#countForwarded(topic, data.length, from)
      return resultOf(verdict)
    })
    this.#gossip.subscribe(topic)
  }

  #leave(topic: string): void {
    this.#gossip.topicValidators.delete(topic)
    // A stopped gossipsub has left all topics, and throws when it is told to.
    if (this.#gossip.getTopics().includes(topic)) this.#gossip.unsubscribe(topic)
  }

  /** What is accepted goes on to the mesh, but not back. gossipsub does not say to how many: in a small group the mesh is everybody. */
  #countForwarded(topic: string, sizeBytes: number, from: NodeId): void {
    const others = this.subscribers(topic).filter((node) => node !== from)
    this.#counters.gossipSent += sizeBytes * Math.min(others.length, meshMax)
  }
}

function resultOf(verdict: Verdict): TopicValidatorResult {
  switch (verdict) {
    case 'accept':
      return TopicValidatorResult.Accept
    case 'ignore':
      return TopicValidatorResult.Ignore
    case 'reject':
      return TopicValidatorResult.Reject
    default:
      return never(verdict)
  }
}
