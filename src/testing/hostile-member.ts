// A member of a simulated world that says what it likes: it holds the space's secret, so hello and seals are right, and nothing else need be.

import { docTag, type SpaceKeys, spaceKeys } from '../auth/keys.ts'
import { sealGossip } from '../auth/seal.ts'
import { decodeTicket } from '../auth/ticket.ts'
import { tipBytes } from '../auth/tip.ts'
import { fromHex } from '../base/bytes.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, memberActor } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import { type MemoryHub, memoryNetwork } from '../net/memory.ts'
import type { Network } from '../net/network.ts'
import { initiate, type Session, SYNC_PROTOCOL } from '../peer/session.ts'
import { Replica } from '../replica/replica.ts'
import { memoryDisk, memoryStore } from '../store/memory.ts'
import { encodeGossip } from '../sync/gossip.ts'
import type { Message } from '../sync/messages.ts'
import type { Dice } from './dice.ts'
import { simulatedDevice, simulatedSealer, simulatedSigning } from './simulated-crypto.ts'

export interface HostileOptions {
  readonly dice: Dice
  readonly clock: Clock
  readonly hub: MemoryHub
  readonly ticket: string
}

/** Names that sort first open sessions at once. */
const NODE = '0hostile'
/** Ranges in one gossip message. */
const AT_ONCE = 60
const DOCUMENT = { name: 'plan', generation: 0 }

export class HostileMember {
  readonly #options: HostileOptions
  readonly #keys: SpaceKeys
  readonly #device: ReturnType<typeof simulatedDevice>
  readonly #network: Network
  readonly #docTag: Uint8Array
  readonly #overheard: Uint8Array[] = []
  readonly #lives: Replica[]
  #sessions: Session[] = []

  private constructor(options: HostileOptions, network: Network) {
    this.#options = options
    this.#keys = spaceKeys(decodeTicket(options.ticket))
    this.#device = simulatedDevice(options.dice.bytes(32))
    this.#network = network
    this.#docTag = docTag(this.#keys.nameKey, DOCUMENT.name, DOCUMENT.generation)
    const { clock, dice: random } = options
    // Two lives of one actor, neither of which knows of the other.
    this.#lives = [0, 1].map(
      () => new Replica({ docTag: this.#docTag, actor: this.actor, now: () => clock.now(), random }),
    )
    network.subscribe(this.#keys.topic, ({ bytes }) => {
      if (this.#overheard.length < 100) this.#overheard.push(bytes)
      return 'accept'
    })
  }

  static async join(options: HostileOptions): Promise<HostileMember> {
    const shelf = await memoryStore(memoryDisk({ random: options.dice }))('hostile')
    return new HostileMember(options, await memoryNetwork(options.hub, { id: NODE })({ shelf }))
  }

  get actor(): ActorId {
    return memberActor(this.#device.publicKey, 0)
  }

  async leave(): Promise<void> {
    for (const session of this.#sessions) session.abort(new JoineryError('closed', 'gone'))
    await this.#network.close()
  }

  /** One of its ways, against one peer. */
  async attack(node: string, dice: Dice): Promise<void> {
    const ways = [
      () => this.#sendGarbage(node, dice),
      () => this.#stayHalf(node),
      () => this.#lie(node, dice),
      () => this.#flood(node),
      () => this.#gossipGarbage(dice),
      () => this.#gossipWhatNeverFits(dice),
      () => this.#forge(dice),
      () => this.#fork(dice),
      () => this.#replay(),
    ]
    await this.#network.dial([`memory:${node}`])
    await dice.pick(ways)()
  }

  /** A stream of whatever. */
  async #sendGarbage(node: string, dice: Dice): Promise<void> {
    const stream = await this.#network.open(node, SYNC_PROTOCOL)
    for (let i = 0; i < 5; i++) await stream.send(dice.bytes(dice.below(300)))
  }

  /** A hello that never comes to its end. */
  async #stayHalf(node: string): Promise<void> {
    for (let i = 0; i < 20; i++) await this.#network.open(node, SYNC_PROTOCOL)
  }

  /** States of what it holds, and of what others wrote, that are not so. */
  async #lie(node: string, dice: Dice): Promise<void> {
    const version = new Map(this.#overheardActors().map((actor) => [actor, 1 + dice.below(1000)]))
    const session = await this.#meet(node, (message, own) => {
      for (const id of asked(message)) void own.send({ type: 'delta', id, more: dice.maybe(0.5), ops: 9, ranges: [] })
    })
    const entries = [{ document: DOCUMENT, version }]
    await session.send({ type: 'state', root: dice.bytes(32), documents: 9, entries: [] })
    await session.send({ type: 'tell', more: dice.maybe(0.5), all: true, pulls: 0, firstId: 0, entries })
  }

  /** More pulls than anybody may ask. */
  async #flood(node: string): Promise<void> {
    const session = await this.#meet(node, () => {})
    for (let id = 0; id < 1200; id++) void session.send({ type: 'pull', id, document: DOCUMENT, since: new Map() })
  }

  async #gossipGarbage(dice: Dice): Promise<void> {
    await this.#publish(dice.bytes(dice.below(200)))
    await this.#network.publish(this.#keys.topic, dice.bytes(dice.below(200)))
  }

  /** Good signatures over what follows nothing that there is. */
  async #gossipWhatNeverFits(dice: Dice): Promise<void> {
    for (let i = 0; i < 20; i++) {
      const fromSeq = 1_000 + dice.below(1_000)
      const tip = { actor: this.actor, fromSeq, endSeq: fromSeq + 1 + dice.below(50), tipHash: dice.bytes(32) }
      await this.#gossip([await this.#sign({ ...tip, body: dice.bytes(dice.below(60)) })])
    }
  }

  /** Edits in the name of somebody else, with a signature that is none. */
  async #forge(dice: Dice): Promise<void> {
    const actor = memberActor(dice.bytes(32), 0)
    const range = { actor, fromSeq: 0, endSeq: 1, tipHash: dice.bytes(32), body: dice.bytes(20) }
    await this.#gossip([{ ...range, signature: dice.bytes(64) }])
  }

  /** One name, two histories. */
  async #fork(dice: Dice): Promise<void> {
    for (const [index, life] of this.#lives.entries()) {
      life.change((draft) => {
        ;(draft as Record<string, unknown>)[`hostile ${dice.below(5)}`] = index
      })
      const unsigned = life.outward.unsigned(this.actor, 0)
      if (unsigned !== undefined) await this.#gossip([await this.#sign({ ...unsigned, actor: this.actor })])
    }
  }

  /** A long history without its beginning, more than may wait; then its beginning. */
  async overwhelm(nodes: readonly string[], backwards: boolean, dice: Dice): Promise<void> {
    await Promise.allSettled(nodes.map((node) => this.#network.dial([`memory:${node}`])))
    const { clock } = this.#options
    const actor = memberActor(this.#device.publicKey, 1 + dice.below(2 ** 20))
    const life = new Replica({ docTag: this.#docTag, actor, now: () => clock.now(), random: dice })
    const ranges: SignedRange[] = []
    while (ranges.length < limits.bufferAuthorRanges + 300) {
      life.change((draft) => {
        ;(draft as Record<string, unknown>).hostile = ranges.length
      })
      const unsigned = life.outward.unsigned(actor, ranges.at(-1)?.endSeq ?? 0)
      if (unsigned !== undefined) ranges.push(await this.#sign({ ...unsigned, actor }))
    }
    const [first, ...others] = ranges
    if (backwards) others.reverse()
    for (let from = 0; from < others.length; from += AT_ONCE) await this.#gossip(others.slice(from, from + AT_ONCE))
    await sleep(clock, 700)
    if (first !== undefined) await this.#gossip([first])
  }

  async #replay(): Promise<void> {
    for (const bytes of this.#overheard) await this.#network.publish(this.#keys.topic, bytes.slice())
  }

  #overheardActors(): readonly ActorId[] {
    return [this.actor, ...this.#sessions.map(({ member }) => memberActor(fromHex(member.device), 0))]
  }

  async #meet(node: string, answer: (message: Message, session: Session) => void): Promise<Session> {
    const { clock, dice: random } = this.#options
    const signing = simulatedSigning(random)
    const stream = await this.#network.open(node, SYNC_PROTOCOL)
    const context = { clock, random, sealer: simulatedSealer, signing, device: this.#device, node: NODE }
    const introduction = { name: 'hostile', incarnation: new Uint8Array(16), durable: true, book: 0 }
    const session = await initiate(stream, this.#keys, context, introduction)
    if (session === undefined) throw new JoineryError('network', `${node} does not know the hostile member`)
    this.#sessions.push(session)
    void session.run(
      (message) => answer(message, session),
      () => {},
    )
    return session
  }

  async #sign(range: Omit<SignedRange, 'signature'>): Promise<SignedRange> {
    const at = { spaceId: this.#keys.spaceId, docTag: this.#docTag }
    const signature = await this.#device.sign(tipBytes(at, range))
    return { ...range, signature }
  }

  #gossip(ranges: readonly SignedRange[]): Promise<void> {
    return this.#publish(encodeGossip(DOCUMENT, ranges, new Map()))
  }

  #publish(plain: Uint8Array): Promise<void> {
    return this.#network.publish(this.#keys.topic, sealGossip(simulatedSealer, this.#keys, plain, this.#options.dice))
  }
}

/** The pulls in a message: one, or those that come with what is told. */
function asked(message: Message): readonly number[] {
  if (message.type === 'pull') return [message.id]
  return message.type === 'tell' ? Array.from({ length: message.pulls }, (_, i) => message.firstId + i) : []
}
