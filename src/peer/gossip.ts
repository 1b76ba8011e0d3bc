// Gossip in a space: own edits leave sealed, together where many come (outbox.ts), small ones whole and large ones by name; what is heard is opened, checked and
// received, and only that is forwarded (by the network, as the verdict says). It is a hint: what it loses, reconciliation brings.

import { openGossip, type Sealer, sealGossip } from '../auth/seal.ts'
import type { Clock } from '../base/clock.ts'
import { isJoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import type { SignedRange } from '../core/range.ts'
import { containsVersion, type Version } from '../core/version.ts'
import type { Network, NodeId } from '../net/network.ts'
import { decodeGossip, encodeGossip, encodePresence, type Gossip } from '../sync/gossip.ts'
import type { DocName } from '../sync/messages.ts'
import type { Contacts } from './contacts.ts'
import type { Document } from './document.ts'
import type { Entrance } from './entrance.ts'
import type { Held } from './held.ts'
import { joinRanges, Outbox } from './outbox.ts'
import type { Pulling } from './pulling.ts'
import type { ReplicatorHost } from './replicator-host.ts'

export interface SpaceGossipOptions {
  readonly host: ReplicatorHost
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  readonly trace: Trace
  readonly held: Held
  readonly contacts: Contacts
  readonly entrance: Entrance
  readonly pulling: Pulling
}

type Verdict = 'accept' | 'ignore' | 'reject'

const WAITING_MAX = 512

export class SpaceGossip {
  readonly #options: SpaceGossipOptions
  readonly #outbox: Outbox<Document>
  readonly #off: () => void
  /** Messages that are being checked. */
  #waiting = 0
  #closed = false

  constructor(options: SpaceGossipOptions) {
    const { host, network, clock } = options
    this.#options = options
    this.#outbox = new Outbox({
      clock,
      send: (document, own) => {
        document.pins--
        this.#publish(
          document,
          joinRanges(own, (first, last) => joined(document, first, last)),
        )
      },
    })
    this.#off = network.subscribe(host.keys.topic, ({ bytes, from }) => this.#heard(bytes, from))
  }

  // ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Own edits that are durable. */
  add(document: Document, own: readonly SignedRange[]): void {
    // What is about to be sent stays awake.
    if (!this.#outbox.waiting.has(document)) document.pins++
    this.#outbox.add(document, own)
  }

  #publish(document: Document, own: readonly SignedRange[]): void {
    if (this.#options.held.find(document.id) !== document) return
    const plain = encodeGossip(document.id, withInits(document, own), document.stated)
    // Gossip is a hint: what it cannot carry, reconciliation does.
    void this.#send(plain, document.id.name)
  }

  /** Tells all of the space who is here. Never rejects. */
  publishBeat(beat: Uint8Array): Promise<void> {
    return this.#send(encodePresence(beat), 'presence')
  }

  async #send(plain: Uint8Array, what: string): Promise<void> {
    const { host, network, random, sealer, trace } = this.#options
    const sealed = sealGossip(sealer, host.keys, plain, random)
    trace('gossip', 'sent', what, sealed.length)
    try {
      await network.publish(host.keys.topic, sealed)
    } catch (error) {
      trace('gossip', 'not sent', messageOf(error))
    }
  }

  // ── what is heard ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #heard(bytes: Uint8Array, from: NodeId): Promise<Verdict> {
    const { host, sealer, trace } = this.#options
    if (this.#closed) return 'ignore'
    // Invariant 9: what floods in faster than it can be checked is dropped here, and pulled later.
    if (this.#waiting >= WAITING_MAX) return 'ignore'
    this.#waiting++
    try {
      const gossip = decodeGossip(openGossip(sealer, host.keys, bytes))
      if (gossip.type === 'presence') return await host.heardBeat(gossip.beat, from)
      await this.#take(gossip, from)
      return 'accept'
    } catch (error) {
      if (!isJoineryError(error)) throw error
      const verdict = error.code === 'bad-message' ? 'reject' : 'ignore'
      trace('gossip', from, verdict, error.message)
      return verdict
    } finally {
      this.#waiting--
    }
  }

  async #take(gossip: Exclude<Gossip, { type: 'presence' }>, from: NodeId): Promise<void> {
    const { host, trace, held, entrance, pulling } = this.#options
    const { document: id } = gossip
    if (!host.admissible(id)) return
    if (gossip.type === 'announce') return this.#takeAnnouncement(id, gossip.version, from)
    const ops = await entrance.admit(id, gossip.ranges, { origin: 'gossip', source: from })
    trace('gossip', from, id.name, ops)
    const document = held.find(id)
    if (document !== undefined && document.waitingOps > 0) pulling.heardGap(document, from)
  }

  #takeAnnouncement(id: DocName, stated: Version, from: NodeId): void {
    const { held, contacts, pulling } = this.#options
    const version = held.understanding.understood(id, stated)
    if (containsVersion(held.version(id), version)) return
    // The neighbour that passed it on may not have it yet: its state will say when it does.
    contacts.get(from)?.holdings.guess(id, version)
    pulling.plan(id, 'news')
  }

  close(): void {
    this.#closed = true
    this.#off()
    for (const document of this.#outbox.waiting.keys()) document.pins--
    this.#outbox.close()
  }
}

/** The first edit travels with the init it builds on: that one is signed by nobody, and was sent by nobody before. */
function withInits(document: Document, own: readonly SignedRange[]): readonly SignedRange[] {
  if (own.every((range) => range.fromSeq > 0)) return own
  const { ranges, more } = document.replica.outward.rangesSince(new Map(), document.outward, limits.gossipInlineBytes)
  const inits = ranges.filter((range) => range.signature.length === 0)
  return more ? own : [...inits, ...own]
}

/** What lies between two ranges of an actor and both of them, under the signature of the newer one; undefined if that is large, or the actor was forked. */
function joined({ replica: { history } }: Document, first: SignedRange, last: SignedRange): SignedRange | undefined {
  const branch = history.branchOf(first.actor)
  if (branch < 0 || history.actors.isForked(branch)) return undefined
  if (history.weights(branch).reach(first.fromSeq, last.endSeq, limits.gossipInlineBytes) < last.endSeq)
    return undefined
  return history.range(branch, first.fromSeq, last.endSeq)
}
