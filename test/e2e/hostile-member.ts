// A member that holds the space's secret and means ill: real hello, real seals, and then whatever it likes.

import { type Device, openDevice } from '../../src/auth/device.ts'
import { docTag, type SpaceKeys, spaceKeys } from '../../src/auth/keys.ts'
import { type Sealer, sealGossip, xchacha } from '../../src/auth/seal.ts'
import { decodeTicket } from '../../src/auth/ticket.ts'
import { tipBytes } from '../../src/auth/tip.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { forkedBranch, memberActor, tagBytes } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { Network, NetworkFactory } from '../../src/net/network.ts'
import { initiate, type Session, SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { Replica } from '../../src/replica/replica.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { encodeGossip } from '../../src/sync/gossip.ts'
import type { DocName, Message } from '../../src/sync/messages.ts'
import { shelf } from '../net/shelf.ts'
import { loopback } from './loopback-peer.ts'

type Mangle = (bytes: Uint8Array) => Uint8Array
const intact: Mangle = (bytes) => bytes

export class HostileMember {
  readonly network: Network
  readonly device: Device
  readonly keys: SpaceKeys
  /** Alters what is sealed, and what sealing gave. */
  mangleMessage: Mangle = intact
  mangleFrame: Mangle = intact
  /** What it answers to a pull. */
  ranges: readonly SignedRange[] = []
  readonly #document: DocName
  readonly #sealer: Sealer = {
    seal: (key, nonce, plain, associated) =>
      this.mangleFrame(xchacha.seal(key, nonce, this.mangleMessage(plain), associated)),
    open: xchacha.open,
  }

  private constructor(network: Network, device: Device, keys: SpaceKeys, document: string) {
    this.network = network
    this.device = device
    this.keys = keys
    this.#document = { name: document, generation: 0 }
  }

  static async join(ticket: string, document: string, make: NetworkFactory = loopback()): Promise<HostileMember> {
    const network = await make({ shelf: shelf() })
    const device = await openDevice(await memoryStore()('hostile'))
    const hostile = new HostileMember(network, device, spaceKeys(decodeTicket(ticket)), document)
    await network.dial(decodeTicket(ticket).addresses)
    return hostile
  }

  /** An edit that is good in every respect: it sets `key` to a word. */
  async goodRange(key: string): Promise<SignedRange> {
    const actor = memberActor(this.device.publicKey, 0)
    const replica = new Replica<Record<string, string>>({ docTag: this.tag(), actor, now: () => 0 })
    replica.change((d) => {
      d[key] = 'was here'
    })
    const range = replica.outward.unsigned(actor)
    if (range === undefined) throw new Error('a change is there to be signed')
    return this.sign({ ...range, actor, signature: new Uint8Array() })
  }

  /** The range with a signature of ours, for this document or another. */
  async sign(range: SignedRange, document = this.#document.name): Promise<SignedRange> {
    const at = { spaceId: this.keys.spaceId, docTag: this.tag(document) }
    return { ...range, signature: await this.device.sign(tipBytes(at, range)) }
  }

  tag(document = this.#document.name): Uint8Array {
    return docTag(this.keys.nameKey, document, 0)
  }

  /** A session with whoever is connected, which answers each pull with `ranges`. `ended` resolves when the other side, or we, ended it. */
  async meet(): Promise<{ readonly session: Session; readonly ended: Promise<unknown> }> {
    const [node] = this.network.connections.keys()
    if (node === undefined) throw new Error('nobody is connected')
    const context = {
      clock: systemClock,
      random: systemRandom,
      sealer: this.#sealer,
      device: this.device,
      node: this.network.id,
    }
    const introduction = {
      name: 'Mallory',
      incarnation: systemRandom.bytes(16),
      durable: true,
      book: 0,
    }
    const session = await initiate(await this.network.open(node, SYNC_PROTOCOL), this.keys, context, introduction)
    if (session === undefined) throw new Error('the hello was not answered')
    return {
      session,
      ended: session.run(
        (message) => this.#answer(session, message),
        () => {},
      ),
    }
  }

  #answer(session: Session, message: Message): void {
    const ops = this.ranges.reduce((sum, { fromSeq, endSeq }) => sum + endSeq - fromSeq, 0)
    for (const id of asked(message)) void session.send({ type: 'delta', id, more: false, ops, ranges: this.ranges })
  }

  /** Says that it holds `ranges`, so that they are pulled. */
  async offer(session: Session, ranges: readonly SignedRange[]): Promise<void> {
    this.ranges = ranges
    const version = new Map(
      ranges.map(({ actor, endSeq, tipHash }) => [forkedBranch(actor, endSeq, tipHash.slice(0, tagBytes)), endSeq]),
    )
    const entries = [{ document: this.#document, version }]
    await session.send({ type: 'state', root: systemRandom.bytes(32), documents: 1, entries: [] })
    await session.send({ type: 'tell', more: false, all: true, pulls: 0, firstId: 0, entries })
  }

  async gossip(ranges: readonly SignedRange[]): Promise<void> {
    const plain = encodeGossip(this.#document, ranges, new Map())
    await this.network.publish(this.keys.topic, sealGossip(xchacha, this.keys, plain, systemRandom))
  }

  close(): Promise<void> {
    return this.network.close()
  }
}

/** The pulls in a message: one, or those that come with what is told. */
function asked(message: Message): readonly number[] {
  if (message.type === 'pull') return [message.id]
  return message.type === 'tell' ? Array.from({ length: message.pulls }, (_, i) => message.firstId + i) : []
}
