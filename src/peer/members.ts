// What is known of the members of a space: who is in contact, who was seen, when each agreed, what each has stored. It states nothing that was not said
// (Invariant 13).

import type { AddressRecord } from '../auth/address-record.ts'
import { deviceId } from '../auth/device.ts'
import { toHex } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, actorOf, ownerOf } from '../core/ids.ts'
import type { Connection } from '../net/network.ts'
import type { PeerStatus } from './api.ts'
import { type Contact, describeConnections } from './contacts.ts'
import type { PeerContext } from './context.ts'
import type { Document } from './document.ts'
import type { Documents } from './documents.ts'
import { edits, lackingOps } from './lacking.ts'
import { OwnEdits } from './own-edits.ts'
import { Receipts } from './receipts.ts'
import type { Replicator } from './replicator.ts'
import type { Member } from './session.ts'
import { Wanted } from './wanted.ts'

interface Seen {
  readonly id: string
  readonly name: string
  /** When it was in contact; undefined of whom others told only. */
  readonly at: number | undefined
  readonly agreedAt: number | undefined
}

/** Both hold the same on disk, and here is more that is on its way there. */
export const savingFirst = 'What is here is being saved, and compared then.'

/** All of a status but what receipts say. */
interface Known extends Omit<PeerStatus, 'stored' | 'unstored'> {
  readonly device: string
}

export class Members {
  readonly #context: PeerContext
  readonly #own: OwnEdits
  readonly #unsettled: () => readonly Document[]
  readonly #receipts: Receipts
  readonly #seen = new Map<string, Seen>()

  constructor(context: PeerContext, { byKey, unsettled }: Pick<Documents, 'byKey' | 'unsettled'>) {
    const { device, store } = context
    this.#context = context
    this.#unsettled = () => unsettled.all
    this.#own = new OwnEdits(device.keyHex)
    this.#receipts = new Receipts({
      device: device.keyHex,
      incarnation: store.incarnation,
      own: this.#own,
      byKey,
      unsettled: this.#unsettled,
    })
  }

  /** What is held of a document, or of that on disk, may be something else by now. */
  touched(document: Document): void {
    this.#own.touched(document)
    this.#receipts.touched(document)
  }

  /** It was deleted. */
  forget(document: Document): void {
    this.#own.forget(document)
    this.#receipts.forget(document)
  }

  hasMet({ device }: Member): boolean {
    return this.#seen.get(device)?.at !== undefined
  }

  see({ device, id, name }: Member): void {
    const agreedAt = this.#seen.get(device)?.agreedAt
    this.#seen.set(device, { id, name, at: this.#context.clock.now(), agreedAt })
  }

  /** Another member told of this one. */
  hear(record: AddressRecord): void {
    const device = toHex(record.device)
    // Invariant 9: of those only heard of, no more are shown than an address book holds.
    if (this.#seen.size >= limits.bookPeers && !this.#seen.has(device)) return
    const { at, agreedAt } = this.#seen.get(device) ?? { at: undefined, agreedAt: undefined }
    this.#seen.set(device, { id: deviceId(record.device), name: record.name, at, agreedAt })
  }

  agreed({ member, agreedAt }: Contact): void {
    const seen = this.#seen.get(member.device)
    if (seen !== undefined) this.#seen.set(member.device, { ...seen, agreedAt })
  }

  /** Notes what those in contact say that they hold. */
  note(contacts: Iterable<Contact>): void {
    for (const { member, holdings } of contacts) this.#receipts.note(member, holdings)
  }

  /** Names of the members that have stored all that is wanted. */
  holders(wanted: Wanted): string[] {
    return this.#receipts.holders(wanted)
  }

  /** How many of the wanted edits a member, by its short id, has not said that it stored; undefined if it said nothing. */
  unstored(id: string, wanted: Wanted): number | undefined {
    for (const [device, seen] of this.#seen) if (seen.id === id) return this.#receipts.lacking(device, wanted)
    return undefined
  }

  /** This device wrote something here. */
  get hasOwn(): boolean {
    return this.#own.total > 0
  }

  /** What this device wrote in these documents, or in all. */
  ownIn(documents: Iterable<Document> = this.#own.documents): Wanted {
    return new Wanted([...documents].map((document) => [document, this.#own.versionIn(document)]))
  }

  /** The instances under which this device wrote in this space, `actor`'s among them. */
  ownInstances(actor: ActorId): ReadonlySet<number> {
    const written = [...this.#own.documents].flatMap((document) => [...this.#own.versionIn(document).keys()])
    const branches = [actor, ...written]
    return new Set(
      branches.map((branch) => ownerOf(actorOf(branch))).flatMap((owner) => (owner.kind === 1 ? [owner.instance] : [])),
    )
  }

  list(replicator: Replicator | undefined, document: Document | undefined): PeerStatus[] {
    const wanted = document === undefined ? 'all' : this.ownIn([document])
    const isDurable = (document === undefined ? this.#unsettled() : [document]).every((one) => one.isDurable)
    const contacts = latest(replicator?.contacts.values() ?? [])
    this.note(contacts)
    const devices = new Set(contacts.map(({ member }) => member.device))
    // Read once for all: the network describes every connection each time.
    const connections = this.#context.network?.connections
    const present = contacts.map((contact) => {
      const why = whyNot(contact, replicator as Replicator, document) ?? (isDurable ? undefined : savingFirst)
      return this.#present(contact, connections?.get(contact.member.node), why)
    })
    const absent = [...this.#seen]
      .filter(([device]) => !devices.has(device))
      .map(([device, seen]) => absentMember(device, seen))
    const stored = (device: string): Pick<PeerStatus, 'stored' | 'unstored'> => {
      const unstored = this.#receipts.lacking(device, wanted)
      return { stored: unstored === 0, unstored }
    }
    return [...present, ...absent]
      .map(({ device, ...peer }) => ({ ...peer, ...stored(device) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  #present({ member }: Contact, connections: readonly Connection[] | undefined, why: string | undefined): Known {
    const { at, agreedAt } = this.#seen.get(member.device) ?? {}
    return {
      device: member.device,
      id: member.id,
      name: member.name,
      connected: true,
      ...describeConnections(connections),
      agreed: why === undefined,
      why,
      agreedAt,
      lastSeenAt: at,
    }
  }
}

function absentMember(device: string, { id, name, at, agreedAt }: Seen): Known {
  const gone = { connected: false, transport: undefined, direct: false, agreed: false }
  return { device, id, name, ...gone, why: `${name} is not in contact.`, agreedAt, lastSeenAt: at }
}

/** One contact of each store. Where another tab took over a member's connection, what is left of the one before ends soon by itself. */
function latest(contacts: Iterable<Contact>): Contact[] {
  const byStore = new Map<string, Contact>()
  for (const contact of contacts) byStore.set(`${contact.member.device}/${contact.member.incarnation}`, contact)
  return [...byStore.values()]
}

/** Why a member in contact and we do not agree, in a sentence; undefined where we do. */
function whyNot(contact: Contact, replicator: Replicator, document: Document | undefined): string | undefined {
  const { name } = contact.member
  if (replicator.agreedWith(contact)) return undefined
  if (contact.root === undefined) return `${name} has not yet said what it holds.`
  if (document === undefined) return `${name} and this peer hold different things, and are exchanging what each lacks.`
  if (!contact.told || !contact.heard) return `${name} and this peer have yet to compare what they hold.`
  const theirs = contact.holdings.version(document.id)
  const ours = document.outward
  const lackHere = lackingOps(ours, theirs)
  const lackThere = lackingOps(theirs, ours)
  if (lackHere === 0 && lackThere === 0) {
    // The difference is in another document; or it is not explained, and then nothing is known of this one either.
    return replicator.namesTheSame(contact) ? `${name} and this peer are comparing what they hold.` : undefined
  }
  const lacks = lackThere === 0 ? [] : [`lacks ${edits(lackThere)} that are here`]
  const has = lackHere === 0 ? [] : [`has ${edits(lackHere)} that are lacking here`]
  return `${name} ${[...lacks, ...has].join(', and ')}.`
}
