// A space's links to the network while there is one: the replicator, the address book, and what we say of ourselves and hear of others.

import { type AddressRecord, readRecord, signRecord, verifyRecord, writeRecord } from '../auth/address-record.ts'
import type { SpaceKeys } from '../auth/keys.ts'
import { ByteReader, ByteWriter, fromHex, toHex } from '../base/bytes.ts'
import { messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Network, NodeId } from '../net/network.ts'
import type { ByeReason } from '../sync/messages.ts'
import { Book } from './book.ts'
import type { PeerContext } from './context.ts'
import { nodeOf } from './first-contact.ts'
import type { Members } from './members.ts'
import { Replicator } from './replicator.ts'
import type { ReplicatorHost } from './replicator-host.ts'
import type { Introduction, Session } from './session.ts'
import { bookKey, wantsKey } from './shelf.ts'
import { type Want, Wants } from './wants.ts'

export interface LinksOptions {
  readonly context: PeerContext
  readonly keys: SpaceKeys
  readonly host: ReplicatorHost
  readonly members: Members
  readonly network: Network
  /** A connection to a member stands: a session is wanted. */
  readonly reached: (node: NodeId) => void
}

const NEWS_RECORDS = 64
/** So often a record of ours from a later time is outdone, of each opening. */
const OVERTAKEN_MAX = 3

export class Links {
  readonly replicator: Replicator
  readonly #options: LinksOptions
  readonly #book: Book
  readonly #wants: Wants
  readonly #offNetwork: () => void
  #record: AddressRecord | undefined
  /** The latest time by which a record of ours is known: ours are to be later, whatever the clock says. */
  #saidAt = 0
  #overtaken = 0

  constructor(options: LinksOptions) {
    const { context, keys, host, network, reached } = options
    const { clock, random, sealer, signing, trace, store, device } = context
    this.#options = options
    this.#wants = new Wants({ store, key: wantsKey(keys.idHex), clock, trace })
    this.replicator = new Replicator({ host, network, clock, random, sealer, signing, trace, wants: this.#wants })
    this.#book = new Book({
      spaceId: keys.spaceId,
      self: device.keyHex,
      shelf: store,
      shelfKey: bookKey(keys.idHex),
      network,
      clock,
      random,
      signing,
      trace,
      inContact: (node) => this.inContact(node),
      reached,
    })
    this.#offNetwork = network.on('addresses', () => void this.#tellAddresses())
  }

  async open(): Promise<void> {
    await this.#book.load()
    await this.#wants.load()
    await this.#sign()
  }

  inContact(node: NodeId): boolean {
    return this.replicator.contacts.has(node)
  }

  /** Whether a device, by its key in hex, is in contact. */
  isContact(device: string): boolean {
    return [...this.replicator.contacts.values()].some(({ member }) => member.device === device)
  }

  /** What was missing here when it was last written down, in this life of the peer or an earlier one. */
  get wants(): Iterable<Want> {
    return this.#wants.all()
  }

  agreed(device: string): void {
    this.#wants.agreed(device)
  }

  /** Addresses from a ticket, or of somebody found nearby. */
  hint(addresses: readonly string[]): void {
    for (const node of new Set(addresses.map(nodeOf))) {
      if (node !== undefined)
        this.#book.hint(
          node,
          addresses.filter((address) => nodeOf(address) === node),
        )
    }
  }

  strange(node: NodeId): void {
    this.#book.strange(node)
  }

  addressesOf(node: NodeId): readonly string[] {
    return this.#book.addressesOf(node)
  }

  /** This peer slept, or has a network again. */
  woke(): void {
    this.#book.woke()
    this.replicator.woke()
  }

  /** What we say of ourselves when a session begins. */
  async introduction(): Promise<Introduction> {
    const record = this.#record ?? (await this.#sign())
    const { name, store } = this.#options.context
    const book = this.#book.digest(record)
    return { name, incarnation: fromHex(store.incarnation), durable: store.kind !== 'memory', book }
  }

  /** Serves a session until it ends. */
  async serve(session: Session): Promise<void> {
    const { members, network, context } = this.#options
    const { member } = session
    const reason = members.hasMet(member) ? 'resumed' : 'neighbour'
    members.see(member)
    const record = this.#record ?? (await this.#sign())
    // Mostly both know the same: then nothing is said.
    if (this.#book.digest(record) !== member.book) {
      const news = [record, ...this.#book.records.slice(0, NEWS_RECORDS)].map(encode)
      void session.send({ type: 'news', records: news })
    }
    this.#book.met(member.node)
    this.#book.hurry()
    network.useRelay(member.node).catch((cause: unknown) => context.trace('net', 'no relay', messageOf(cause)))
    await this.replicator.serve(session, reason)
    members.see(member)
    this.#book.met(member.node)
  }

  /** New records are written down and passed on to the others in contact. What does not read as one is a bad member's, and taken no notice of. */
  async learn(records: readonly Uint8Array[], from: NodeId): Promise<void> {
    const news: Uint8Array[] = []
    for (const bytes of records) {
      try {
        const record = readRecord(new ByteReader(bytes))
        if (toHex(record.device) === this.#options.context.device.keyHex) {
          await this.#overtake(record)
          continue
        }
        if (!(await this.#book.learn(record, from))) continue
        if (record.node === from) this.#book.met(from)
        news.push(bytes)
        this.#options.members.hear(record)
      } catch (cause) {
        this.#options.context.trace('book', 'bad record', from, messageOf(cause))
      }
    }
    if (news.length > 0) this.#tell(news, from)
  }

  async close(reason: ByeReason): Promise<void> {
    this.#offNetwork()
    await this.replicator.close(reason)
    await this.#wants.close()
    await this.#book.close()
  }

  #tell(records: readonly Uint8Array[], except: NodeId): void {
    for (const [node, { session }] of this.replicator.contacts)
      if (node !== except) void session.send({ type: 'news', records })
  }

  async #sign(): Promise<AddressRecord> {
    const { context, keys, network } = this.#options
    const addresses = network.addresses.slice(0, limits.bookAddresses)
    this.#saidAt = Math.max(context.clock.now(), this.#saidAt + 1)
    const record = { node: network.id, name: context.name, madeAt: this.#saidAt, addresses }
    this.#record = await signRecord(context.device, keys.spaceId, record)
    return this.#record
  }

  /** Somebody knows a record of ours from a later time: the clock was set back since, and what we say now would not be heard. */
  async #overtake(record: AddressRecord): Promise<void> {
    const { keys, context } = this.#options
    // Two copies of one profile would outdo one another for ever.
    if (record.madeAt <= this.#saidAt || this.#overtaken >= OVERTAKEN_MAX) return
    if (!(await verifyRecord(keys.spaceId, record, context.signing))) return
    this.#overtaken++
    this.#saidAt = Math.max(this.#saidAt, record.madeAt)
    await this.#tellAddresses()
  }

  async #tellAddresses(): Promise<void> {
    try {
      this.#tell([encode(await this.#sign())], this.#options.network.id)
    } catch (cause) {
      // Signing fails only where the platform took the key away; sessions fail then too, and say so.
      this.#options.context.trace('book', 'addresses not signed', messageOf(cause))
    }
  }
}

function encode(record: AddressRecord): Uint8Array {
  const writer = new ByteWriter()
  writeRecord(writer, record)
  return writer.finish()
}
