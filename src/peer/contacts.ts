// Who is in contact: met, told, agreed. What is known of a member's store outlives the contact, so that meeting again costs only what changed meanwhile.
// It keeps what is so, and sends nothing.

import { equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Connection, Network, NodeId } from '../net/network.ts'
import { Comparison } from '../sync/comparison.ts'
import { Holdings } from '../sync/holdings.ts'
import type { SyncReason } from '../sync/reason.ts'
import { Allowance } from './allowance.ts'
import type { Held } from './held.ts'
import type { Source } from './pulls.ts'
import type { Member, Session } from './session.ts'

/** A member in contact. */
export interface Contact extends Source {
  readonly session: Session
  readonly member: Member
  /** Why the two compare what they hold. */
  readonly reason: SyncReason
  /** How many documents changed here while it was away; 0 of whom nothing is known. */
  readonly changed: number
  /** Its root, as it last said; undefined until it spoke. */
  root: Uint8Array | undefined
  readonly comparison: Comparison
  /** It was told what of ours it does not hold as it is here, or the roots were equal once: from then on it is told what changes. */
  told: boolean
  /** It told us the same. */
  heard: boolean
  /** What it tells, where that is all it holds, as far as it came; by key. */
  listed: Set<string> | undefined
  /** When the comparison last came nearer to its end, by the monotonic clock. */
  progressAt: number
  /** Beacons in a row at which it differed while nothing was on its way. */
  differed: number
  /** Documents that changed since we last told it. */
  readonly untold: Set<string>
  /** Documents that changed here since it was last known to have them as they are. */
  readonly unconfirmed: Set<string>
  agreedAt: number | undefined
  /** What it asks of comparisons. */
  readonly asks: Allowance
}

export interface ContactsOptions {
  readonly network: Network
  readonly clock: Clock
  readonly held: Held
}

/** What is known of a member's store that is not in contact. */
interface Remembered {
  readonly holdings: Holdings
  readonly unconfirmed: Set<string>
}

const REMEMBERED_MAX = 64
const ASKS_PER_SECOND = 16

export class Contacts {
  readonly #options: ContactsOptions
  readonly #byNode = new Map<NodeId, Contact>()
  /** By device and store; the one longest away first. */
  readonly #remembered = new Map<string, Remembered>()
  /** Of stores that went before they agreed, for receipts, which outlive a contact: what changes here does not change there. */
  readonly #gone = new Map<string, Holdings>()

  constructor(options: ContactsOptions) {
    this.#options = options
  }

  get byNode(): ReadonlyMap<NodeId, Contact> {
    return this.#byNode
  }

  get size(): number {
    return this.#byNode.size
  }

  get(node: NodeId): Contact | undefined {
    return this.#byNode.get(node)
  }

  [Symbol.iterator](): IterableIterator<Contact> {
    return this.#byNode.values()
  }

  /** A session with a member begins. */
  meet(session: Session, reason: SyncReason): Contact {
    const { network, clock, held } = this.#options
    const known = this.#remembered.get(storeOf(session.member))
    this.#remembered.delete(storeOf(session.member))
    this.#lose(storeOf(session.member))
    known?.holdings.meet()
    const contact: Contact = {
      session,
      member: session.member,
      reason,
      changed: known?.unconfirmed.size ?? 0,
      holdings: known?.holdings ?? new Holdings(held.understanding),
      get direct() {
        return isDirect(network.connections.get(session.member.node))
      },
      root: undefined,
      comparison: new Comparison(held.inventory),
      told: false,
      heard: false,
      listed: undefined,
      progressAt: clock.monotonic(),
      differed: 0,
      untold: new Set(),
      unconfirmed: known?.unconfirmed ?? new Set(),
      agreedAt: undefined,
      asks: new Allowance(ASKS_PER_SECOND),
    }
    this.#byNode.set(session.member.node, contact)
    return contact
  }

  /** A session ended. */
  leave(contact: Contact): void {
    if (this.#byNode.get(contact.member.node) === contact) this.#byNode.delete(contact.member.node)
    this.#remember(contact)
  }

  /** What is known of its store stays good while it is away, but for what changes here meanwhile. */
  #remember({ member, agreedAt, holdings, unconfirmed }: Contact): void {
    const store = storeOf(member)
    this.#lose(store)
    if (agreedAt === undefined) {
      this.#gone.set(store, holdings)
      if (this.#gone.size > REMEMBERED_MAX) this.#lose(first(this.#gone))
      return
    }
    const before = this.#remembered.get(store)
    if (before?.holdings !== holdings) before?.holdings.lose()
    this.#remembered.delete(store)
    this.#remembered.set(store, { holdings, unconfirmed })
    if (this.#remembered.size <= REMEMBERED_MAX) return
    const oldest = first(this.#remembered)
    this.#remembered.get(oldest)?.holdings.lose()
    this.#remembered.delete(oldest)
  }

  #lose(store: string): void {
    this.#gone.get(store)?.lose()
    this.#gone.delete(store)
  }

  /** A document is about to be another one here: nobody is known to have it so. */
  changing(key: string): void {
    for (const { untold } of this) untold.add(key)
    for (const { holdings, unconfirmed } of [...this, ...this.#remembered.values()]) {
      holdings.keep(key)
      unconfirmed.add(key)
    }
    for (const holdings of this.#gone.values()) holdings.keep(key)
  }

  /** Whether its root, as it last said, is ours. */
  agreedWith({ root }: Contact): boolean {
    return root !== undefined && equalBytes(root, this.#options.held.inventory.root)
  }

  /** Equal roots say that it holds, durably, just what we hold durably. */
  agree(contact: Contact): void {
    contact.told = true
    contact.heard = true
    // It has what was not told yet, too: said at some later beacon, it would break the silence for nothing.
    contact.untold.clear()
    contact.comparison.end()
    contact.agreedAt = this.#options.clock.now()
    contact.holdings.agree(this.#options.held.inventory)
    contact.unconfirmed.clear()
  }

  /** It holds our documents as they are here, but for some. */
  confirm({ holdings, unconfirmed }: Contact, except: ReadonlySet<string>): void {
    holdings.agreeBut(except, this.#options.held.inventory, unconfirmed)
    for (const key of unconfirmed) if (!except.has(key)) unconfirmed.delete(key)
  }

  clear(): void {
    this.#byNode.clear()
  }
}

/** The key that stands there longest. */
function first(map: ReadonlyMap<string, unknown>): string {
  for (const key of map.keys()) return key
  return ''
}

function storeOf({ device, incarnation }: Member): string {
  return `${device}/${incarnation}`
}

function isDirect(connections: readonly Connection[] | undefined): boolean {
  return connections?.some((connection) => connection.direct) ?? false
}

/** The words for how a node is connected: the best connection there is. */
export function describeConnections(connections: readonly Connection[] | undefined): {
  readonly transport: string | undefined
  readonly direct: boolean
} {
  const best = connections?.find((connection) => connection.direct) ?? connections?.[0]
  return { transport: best?.transport, direct: best?.direct ?? false }
}
