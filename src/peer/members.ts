// What is known of the members of a space: who is in contact, who was seen, what each has stored. It states nothing that was not said
// (Invariant 13): a receipt is a member's own word, counted once per store, and kept after the member went.

import type { AddressRecord } from '../auth/address-record.ts'
import { deviceId } from '../auth/device.ts'
import { toHex } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, actorOf, ownerOf } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import type { Holdings } from '../sync/holdings.ts'
import type { PeerStatus } from './api.ts'
import type { PeerContext } from './context.ts'
import { type Document, isOwn } from './document.ts'
import { type Contact, describeConnections, type Replicator } from './replicator.ts'
import type { Member } from './session.ts'

interface Receipt {
  readonly device: string
  readonly name: string
  readonly holdings: Holdings
}

interface Seen {
  readonly id: string
  readonly name: string
  readonly at: number | undefined
}

/** What of one document a receipt must cover. */
export interface Wanted {
  readonly document: Document
  readonly version: Version
}

export class Members {
  readonly #context: PeerContext
  readonly #documents: () => readonly Document[]
  readonly #receipts = new Map<string, Receipt>()
  readonly #seen = new Map<string, Seen>()

  constructor(context: PeerContext, documents: () => readonly Document[]) {
    this.#context = context
    this.#documents = documents
  }

  see(member: Member): void {
    this.#seen.set(member.device, { id: member.id, name: member.name, at: this.#context.clock.now() })
  }

  /** Another member told of this one. */
  hear(record: AddressRecord): void {
    const device = toHex(record.device)
    // Invariant 9: of those only heard of, no more are shown than an address book holds.
    if (this.#seen.size >= limits.bookPeers && !this.#seen.has(device)) return
    this.#seen.set(device, { id: deviceId(record.device), name: record.name, at: this.#seen.get(device)?.at })
  }

  /** Notes what those in contact hold. Our own tabs, and stores that forget, give no receipts. */
  note(contacts: Iterable<Contact>): void {
    for (const { member, holdings } of contacts) {
      if (!member.durable || member.incarnation === this.#context.store.incarnation) continue
      this.#receipts.set(member.incarnation, { device: member.device, name: member.name, holdings })
    }
  }

  /** Names of the members that have stored all that is wanted. */
  holders(wanted: readonly Wanted[]): string[] {
    const holds = ({ holdings }: Receipt): boolean =>
      wanted.every(({ document, version }) => holdings.contains(document.id, version))
    return [...this.#receipts.values()].filter(holds).map(({ name }) => name)
  }

  /** What this device wrote in a document. */
  ownVersion(document: Document): Version {
    const { keyHex } = this.#context.device
    return new Map([...document.version].filter(([actor]) => isOwn(actor, keyHex)))
  }

  /** The instances under which this device wrote in this space, `actor`'s among them. */
  ownInstances(actor: ActorId): ReadonlySet<number> {
    const branches = [actor, ...this.#documents().flatMap((document) => [...this.ownVersion(document).keys()])]
    return new Set(
      branches.map((branch) => ownerOf(actorOf(branch))).flatMap((owner) => (owner.kind === 1 ? [owner.instance] : [])),
    )
  }

  list(replicator: Replicator | undefined, document: Document | undefined): PeerStatus[] {
    const contacts = latest(replicator?.contacts.values() ?? [])
    const devices = new Set(contacts.map(({ member }) => member.device))
    const present = contacts.map((contact) => this.#present(contact, replicator as Replicator, document))
    const absent = [...this.#seen]
      .filter(([device]) => !devices.has(device))
      .map(([device, seen]) => this.#absent(device, seen))
    return [...present, ...absent].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  #present(contact: Contact, replicator: Replicator, document: Document | undefined): PeerStatus {
    const { member, holdings } = contact
    const why = whyNot(contact, replicator, document)
    return {
      id: member.id,
      name: member.name,
      connected: true,
      ...describeConnections(this.#context.network?.connections.get(member.node)),
      agreed: why === undefined,
      why,
      stored: member.durable && this.#hasStored(holdings, document),
      lastSeenAt: this.#seen.get(member.device)?.at,
    }
  }

  #absent(device: string, { id, name, at }: Seen): PeerStatus {
    const receipt = [...this.#receipts.values()].find((candidate) => candidate.device === device)
    return {
      id,
      name,
      connected: false,
      transport: undefined,
      direct: false,
      agreed: false,
      why: `${name} is not in contact.`,
      stored: receipt !== undefined && this.#hasStored(receipt.holdings, undefined),
      lastSeenAt: at,
    }
  }

  #hasStored(holdings: Holdings, document: Document | undefined): boolean {
    const documents = document === undefined ? this.#documents() : [document]
    return documents.every((one) => holdings.contains(one.id, this.ownVersion(one)))
  }
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
  if (!contact.synced) return `${name} and this peer have yet to compare what they hold.`
  const theirs = contact.holdings.version(document.id)
  const ours = document.outward
  const lackHere = lacking(ours, theirs)
  const lackThere = lacking(theirs, ours)
  if (lackHere === 0 && lackThere === 0) {
    // The difference is in another document; or it is not explained, and then nothing is known of this one either.
    return replicator.namesTheSame(contact) ? `${name} and this peer are comparing what they hold.` : undefined
  }
  return `${name} lacks ${lackThere} edits that are here, and has ${lackHere} that are lacking here.`
}

/** How many ops of `wanted` whoever holds `held` lacks. */
function lacking(held: Version, wanted: Version): number {
  let sum = 0
  for (const [actor, seq] of wanted) sum += Math.max(0, seq - (held.get(actor) ?? 0))
  return sum
}
