// A member that says what it likes: it holds the space's secret, so hello and seals are right, and nothing else need be.

import { type Device, openDevice } from '../../src/auth/device.ts'
import { type SpaceKeys, spaceKeys } from '../../src/auth/keys.ts'
import { sealGossip, xchacha } from '../../src/auth/seal.ts'
import { decodeTicket } from '../../src/auth/ticket.ts'
import { tipBytes } from '../../src/auth/tip.ts'
import { seededRandom } from '../../src/base/random.ts'
import { type ActorId, memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { Version } from '../../src/core/version.ts'
import { memoryNetwork } from '../../src/net/memory.ts'
import type { Network } from '../../src/net/network.ts'
import { initiate, type Session, SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { Replica } from '../../src/replica/replica.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { encodeGossip } from '../../src/sync/gossip.ts'
import type { DocName, Message } from '../../src/sync/messages.ts'
import type { World } from '../../src/testing/world.ts'

/** A device that no peer opened. */
export async function makeDevice(): Promise<Device> {
  return openDevice(await memoryStore(memoryDisk())('rogue'))
}

export class Rogue {
  /** Names that sort first open sessions at once. */
  readonly node: string
  readonly keys: SpaceKeys
  readonly device: Device
  readonly network: Network
  readonly heard: Message[] = []
  readonly #world: World

  private constructor(world: World, keys: SpaceKeys, device: Device, network: Network) {
    this.node = network.id
    this.#world = world
    this.keys = keys
    this.device = device
    this.network = network
  }

  static async join(world: World, ticket: string, id = '0rogue'): Promise<Rogue> {
    const shelf = await memoryStore(memoryDisk())('rogue')
    const network = await memoryNetwork(world.hub, { id })({ shelf })
    return new Rogue(world, spaceKeys(decodeTicket(ticket)), await makeDevice(), network)
  }

  get actor(): ActorId {
    return memberActor(this.device.publicKey, 0)
  }

  /** A session with a peer of that name, served by `answer`. */
  async meet(
    name: string,
    answer: (message: Message, session: Session) => void = () => {},
    store: { readonly incarnation?: Uint8Array; readonly durable?: boolean } = {},
  ): Promise<Session> {
    const { clock } = this.#world
    const random = seededRandom(99)
    await this.network.dial([`memory:${name}`])
    const stream = await this.network.open(name, SYNC_PROTOCOL)
    const context = { clock, random, sealer: xchacha, device: this.device, node: this.node }
    const introduction = { ...{ name: 'rogue', incarnation: new Uint8Array(16), durable: true, book: 0 }, ...store }
    const session = await initiate(stream, this.keys, context, introduction)
    if (session === undefined) throw new Error(`${name} does not know the rogue`)
    const take = (message: Message): void => {
      this.heard.push(message)
      answer(message, session)
    }
    void session.run(take, () => {})
    return session
  }

  /** A replica of its own, whose tips it signs as it likes. */
  replica(docTag: Uint8Array): Replica {
    return new Replica({ docTag, actor: this.actor, now: () => 0 })
  }

  async sign(docTag: Uint8Array, range: Omit<SignedRange, 'signature'>): Promise<SignedRange> {
    const signature = await this.device.sign(tipBytes({ spaceId: this.keys.spaceId, docTag }, range))
    return { ...range, signature }
  }

  gossip(document: DocName, ranges: readonly SignedRange[], version: Version = new Map()): Promise<void> {
    const plain = encodeGossip(document, ranges, version)
    return this.publish(plain)
  }

  publish(plain: Uint8Array): Promise<void> {
    return this.network.publish(this.keys.topic, sealGossip(xchacha, this.keys, plain, seededRandom(this.#nonce++)))
  }

  #nonce = 1000
}
