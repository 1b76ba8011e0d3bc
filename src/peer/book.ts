// The address book of a space and its redial loop: who the members are, where they were last seen, and when to try again (DESIGN §6). mDNS and
// gossip find nobody again after a partition; this does, within a second or two.

import { type AddressRecord, readRecord, verifyRecord, writeRecord } from '../auth/address-record.ts'
import type { Signing } from '../auth/signing.ts'
import { ByteReader, ByteWriter, equalBytes, toHex } from '../base/bytes.ts'
import { type Clock, deadline } from '../base/clock.ts'
import { isJoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import type { Network, NodeId, Shelf } from '../net/network.ts'
import { readMany } from '../sync/messages.ts'

export interface BookOptions {
  readonly spaceId: Uint8Array
  /** Our own device's key in hex: not to be dialled. */
  readonly self: string
  readonly shelf: Shelf
  readonly shelfKey: string
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly signing: Signing
  readonly trace: Trace
  /** Whether a session stands with this node. */
  readonly inContact: (node: NodeId) => boolean
  /** A connection stands: a session is to be opened. */
  readonly reached: (node: NodeId) => void
}

interface Entry {
  readonly node: NodeId
  addresses: readonly string[]
  record: AddressRecord | undefined
  nextAt: number
  waitMs: number
  strangeMs: number
  /** A dial that runs. */
  dial: { readonly startedAt: number; readonly abort: AbortController } | undefined
  /** By the monotonic clock: somebody never reached in this run is tried more and more rarely. */
  reachedAt: number | undefined
}

const TICK_MS = 250
const DIALS_MAX = 8
const DIAL_MS = 3_000
// A handshake by way of a relay has more round trips, and gathers candidates.
const RELAYED_DIAL_MS = 12_000
const RARE_MS = 30_000
const STRANGE_MIN_MS = 1_000
const STRANGE_MAX_MS = 300_000
const RECENT_MS = 10 * 60_000
const SAVE_DELAY_MS = 500
// A dial that began so long ago, into a network that was cut, waits for packets that were lost: a fresh one is faster.
const STALE_DIAL_MS = 500
const HURRY_EVERY_MS = 5_000
/** A timer that comes so late was slept over. */
const SLEPT_MS = 5_000

export class Book {
  readonly #options: BookOptions
  readonly #entries = new Map<NodeId, Entry>()
  readonly #abort = new AbortController()
  #cancelTick: () => void = () => {}
  #cancelSave: (() => void) | undefined
  #dialing = 0
  #hurriedAt = Number.NEGATIVE_INFINITY

  constructor(options: BookOptions) {
    this.#options = options
    this.#tick()
  }

  /** Records of members, for passing on: those met last come first. */
  get records(): readonly AddressRecord[] {
    return [...this.#entries.values()]
      .filter(({ record }) => record !== undefined)
      .sort((a, b) => (b.reachedAt ?? 0) - (a.reachedAt ?? 0))
      .flatMap(({ record }) => record ?? [])
  }

  /** A digest of all records, our own among them: whoever gives the same one knows the same. Not against forgery: a record is signed. */
  digest(own: AddressRecord): number {
    let sum = 0
    for (const { signature } of [own, ...this.records]) sum = (sum + markOf(signature)) >>> 0
    return sum
  }

  /** Addresses worth putting in an invitation, of members other than ourselves. */
  addressesOf(node: NodeId): readonly string[] {
    return this.#entries.get(node)?.addresses ?? []
  }

  async load(): Promise<void> {
    const bytes = await this.#options.shelf.get(this.#options.shelfKey)
    if (bytes === undefined) return
    try {
      const reader = new ByteReader(bytes)
      reader.u8()
      for (const record of readMany(reader, limits.bookPeers, () => readRecord(reader))) this.#put(record)
    } catch (error) {
      // A book is a convenience: a damaged one is begun anew, and members are met by tickets, mDNS or their own dialling.
      this.#options.trace('book', 'damaged', messageOf(error))
    }
  }

  /** Addresses without a member's word for them: from a ticket, or found nearby. */
  hint(node: NodeId, addresses: readonly string[]): void {
    const entry = this.#entries.get(node) ?? this.#blank(node)
    if (entry === undefined || entry.record !== undefined) return
    entry.addresses = [...new Set([...addresses, ...entry.addresses])].slice(0, limits.bookAddresses)
    entry.nextAt = 0
  }

  /**
   * Takes a member's own record, as the node `from` told it. Returns true if it is news: later than what was known. A device speaks for any node
   * nobody else speaks for; the node itself settles whose it is. Errors: 'bad-message'.
   */
  async learn(record: AddressRecord, from: NodeId): Promise<boolean> {
    if (toHex(record.device) === this.#options.self || this.#isOlder(record)) return false
    const other = this.#entries.get(record.node)?.record
    if (other !== undefined && from !== record.node && !equalBytes(other.device, record.device)) return false
    if (!(await verifyRecord(this.#options.spaceId, record, this.#options.signing)) || this.#isOlder(record))
      return false
    const known = this.#entryOf(record.device)
    if (known !== undefined && known.node !== record.node) this.#entries.delete(known.node)
    this.#put(record)
    this.#scheduleSave()
    return true
  }

  #entryOf(device: Uint8Array): Entry | undefined {
    for (const entry of this.#entries.values())
      if (entry.record !== undefined && equalBytes(entry.record.device, device)) return entry
    return undefined
  }

  #isOlder(record: AddressRecord): boolean {
    const known = this.#entryOf(record.device)?.record
    return known !== undefined && known.madeAt >= record.madeAt
  }

  /** Somebody is in contact now: tried at once, should the contact break. */
  met(node: NodeId): void {
    const entry = this.#entries.get(node)
    if (entry === undefined) return
    entry.reachedAt = this.#options.clock.monotonic()
    entry.waitMs = limits.redialMinMs
    entry.strangeMs = 0
    entry.nextAt = 0
  }

  /** One who was away is back: so may the others be. Those met lately are tried at once; not too often, or a slow dial would never come to its end. */
  hurry(): void {
    const now = this.#options.clock.monotonic()
    if (now - this.#hurriedAt < HURRY_EVERY_MS) return
    this.#hurriedAt = now
    for (const entry of this.#entries.values()) if (this.#isRecent(entry)) this.#tryAtOnce(entry, now)
  }

  /** This peer slept, or has a network again: whoever could not be reached before may be now. */
  woke(): void {
    const now = this.#options.clock.monotonic()
    this.#hurriedAt = now
    for (const entry of this.#entries.values()) if (entry.strangeMs === 0) this.#tryAtOnce(entry, now)
  }

  #tryAtOnce(entry: Entry, now: number): void {
    if (this.#options.inContact(entry.node)) return
    entry.waitMs = limits.redialMinMs
    entry.nextAt = now
    if (entry.dial !== undefined && now - entry.dial.startedAt > STALE_DIAL_MS) {
      entry.waitMs = 0
      entry.dial.abort.abort()
    }
  }

  #isRecent({ reachedAt }: Entry): boolean {
    return reachedAt !== undefined && this.#options.clock.monotonic() - reachedAt < RECENT_MS
  }

  /** It answers, but not for this space, or not yet: tried more and more rarely. */
  strange(node: NodeId): void {
    const entry = this.#entries.get(node)
    if (entry === undefined) return
    entry.strangeMs = Math.min(Math.max(entry.strangeMs * 2, STRANGE_MIN_MS), STRANGE_MAX_MS)
    entry.nextAt = this.#options.clock.monotonic() + entry.strangeMs
  }

  async close(): Promise<void> {
    this.#abort.abort()
    this.#cancelTick()
    if (this.#cancelSave === undefined) return
    this.#cancelSave()
    await this.#save()
  }

  #put(record: AddressRecord): void {
    const entry = this.#entries.get(record.node) ?? this.#blank(record.node)
    if (entry === undefined) return
    entry.record = record
    entry.addresses = record.addresses
    entry.nextAt = 0
  }

  #blank(node: NodeId): Entry | undefined {
    if (node === this.#options.network.id) return undefined
    // Invariant 9: the book has a last page. Whoever was not reached longest makes room.
    if (this.#entries.size >= limits.bookPeers) {
      const [oldest] = [...this.#entries.values()].sort((a, b) => (a.reachedAt ?? 0) - (b.reachedAt ?? 0))
      if (oldest !== undefined) this.#entries.delete(oldest.node)
    }
    const entry: Entry = {
      node,
      addresses: [],
      record: undefined,
      nextAt: 0,
      waitMs: limits.redialMinMs,
      strangeMs: 0,
      dial: undefined,
      reachedAt: undefined,
    }
    this.#entries.set(node, entry)
    return entry
  }

  #tick(): void {
    const since = this.#options.clock.monotonic()
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      const now = this.#options.clock.monotonic()
      if (now - since > SLEPT_MS) this.#slept(now - since)
      for (const entry of this.#entries.values()) {
        if (this.#dialing >= DIALS_MAX) break
        if (
          entry.dial === undefined &&
          entry.nextAt <= now &&
          (entry.addresses.length > 0 || this.#isConnected(entry.node)) &&
          !this.#options.inContact(entry.node)
        )
          void this.#dial(entry)
      }
      if (!this.#abort.signal.aborted) this.#tick()
    })
  }

  /** Who was met lately still was: time that was slept away makes nobody a stranger. */
  #slept(sleptMs: number): void {
    for (const entry of this.#entries.values()) if (entry.reachedAt !== undefined) entry.reachedAt += sleptMs
  }

  async #dial(entry: Entry): Promise<void> {
    const { network, clock, random, trace } = this.#options
    const abort = new AbortController()
    entry.dial = { startedAt: clock.monotonic(), abort }
    this.#dialing++
    const limitMs = isRelayed(entry.addresses) ? RELAYED_DIAL_MS : DIAL_MS
    const { signal, cancel } = deadline(clock, limitMs, this.#abort.signal, abort.signal)
    try {
      // A browser whose relay is gone has no address left, while its connections live on: a session that went over the relay is opened anew.
      const node = this.#isConnected(entry.node) ? entry.node : await network.dial(entry.addresses, { signal })
      entry.reachedAt = clock.monotonic()
      this.#options.reached(node)
    } catch (error) {
      trace('book', entry.node, 'not reached', isJoineryError(error) ? error.message : messageOf(error))
    } finally {
      cancel()
      entry.dial = undefined
      this.#dialing--
      entry.nextAt = Math.max(entry.nextAt, clock.monotonic() + entry.waitMs * (0.75 + random.unit() / 2))
      entry.waitMs = Math.min(
        Math.max(entry.waitMs * 2, limits.redialMinMs),
        this.#isRecent(entry) ? limits.redialMaxMs : RARE_MS,
      )
    }
  }

  /** Over a relay does not count, as long as there are addresses to do better with. */
  #isConnected(node: NodeId): boolean {
    const { addresses = [] } = this.#entries.get(node) ?? {}
    const connections = this.#options.network.connections.get(node) ?? []
    return connections.some(({ direct }) => direct || addresses.length === 0)
  }

  #scheduleSave(): void {
    this.#cancelSave ??= this.#options.clock.after(SAVE_DELAY_MS, () => {
      this.#cancelSave = undefined
      void this.#save()
    })
  }

  async #save(): Promise<void> {
    const records = this.records.slice(0, limits.bookPeers)
    const writer = new ByteWriter().u8(0).varint(records.length)
    for (const record of records) writeRecord(writer, record)
    // A book that cannot be saved is met again by hand: the edits' own errors tell of a full disk.
    await this.#options.shelf
      .set(this.#options.shelfKey, writer.finish())
      .catch((error: unknown) => this.#options.trace('book', 'not saved', messageOf(error)))
  }
}

/** Four bytes of a signature, which looks like chance. */
function markOf(signature: Uint8Array): number {
  return new DataView(signature.buffer, signature.byteOffset).getUint32(0)
}

function isRelayed(addresses: readonly string[]): boolean {
  return addresses.every((address) => address.includes('/p2p-circuit'))
}
