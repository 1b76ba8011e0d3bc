// Topics by flooding, for networks that have no gossipsub: everybody hands on what its listeners accept, to each neighbour but the one it came from,
// and remembers by its content what it saw.

import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../base/bytes.ts'
import type { Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { NodeId } from './network.ts'
import { type TopicListener, TopicListeners } from './topics.ts'

export interface FloodOptions {
  readonly self: NodeId
  /** Neighbours on a topic. */
  readonly subscribers: (topic: string) => readonly NodeId[]
  /** Takes a message to one of them. `key` is the content's hash, for `heard`. */
  readonly send: (node: NodeId, topic: string, bytes: Uint8Array, key: string) => void
  readonly counters: { gossipSent: number; gossipReceived: number }
}

/** Content hashes a node remembers (Invariant 9: Bounded). */
const seenMax = 10_000

export class Flood {
  readonly #options: FloodOptions
  readonly #listeners = new TopicListeners()
  readonly #seen = new Set<string>()

  constructor(options: FloodOptions) {
    this.#options = options
  }

  get topics(): readonly string[] {
    return this.#listeners.topics
  }

  hears(topic: string): boolean {
    return this.#listeners.has(topic)
  }

  /** `onLast` is called when the last listener of the topic is gone. */
  subscribe(topic: string, listener: TopicListener, onLast?: () => void): Off {
    return this.#listeners.add(topic, listener, onLast)
  }

  /** Errors: 'limit'. */
  publish(topic: string, bytes: Uint8Array): void {
    if (bytes.length > limits.gossipFrameBytes) {
      throw new JoineryError(
        'limit',
        `a message of ${bytes.length} bytes is over the limit of ${limits.gossipFrameBytes}`,
      )
    }
    const own = bytes.slice()
    const key = keyOf(own)
    if (this.#remember(key)) this.#pass(topic, own, key, this.#options.self)
  }

  /** A neighbour's message. */
  async heard(topic: string, bytes: Uint8Array, from: NodeId, key: string = keyOf(bytes)): Promise<void> {
    this.#options.counters.gossipReceived += bytes.length
    if (!this.#listeners.has(topic) || !this.#remember(key)) return
    // A copy: a listener that writes into its message must not alter a neighbour's.
    if ((await this.#listeners.decide(topic, { bytes: bytes.slice(), from })) === 'accept')
      this.#pass(topic, bytes, key, from)
  }

  #pass(topic: string, bytes: Uint8Array, key: string, from: NodeId): void {
    for (const node of this.#options.subscribers(topic)) {
      if (node === from) continue
      this.#options.counters.gossipSent += bytes.length
      this.#options.send(node, topic, bytes, key)
    }
  }

  /** False if this content was seen already. */
  #remember(key: string): boolean {
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    if (this.#seen.size > seenMax) for (const oldest of this.#seen.values()) return this.#seen.delete(oldest)
    return true
  }
}

function keyOf(bytes: Uint8Array): string {
  return toHex(sha256(bytes))
}
