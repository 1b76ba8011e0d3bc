// The conductor: opens store and network, keeps the spaces, and routes what arrives to the space it is for. It decides nothing else.
//
//   store ──► spaces ──► network (only where this peer leads its store: always in Node, one tab in a browser)

import { type Device, deviceId } from '../auth/device.ts'
import { makeSpace, spaceKeys } from '../auth/keys.ts'
import { type Sealer, xchacha } from '../auth/seal.ts'
import { ed25519Signing, type Signing } from '../auth/signing.ts'
import { decodeTicket } from '../auth/ticket.ts'
import { assert } from '../base/assert.ts'
import { type Clock, systemClock, wholeMilliseconds } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { noTrace, type Trace } from '../base/trace.ts'
import { BufferPool } from '../core/buffer-pool.ts'
import { type ActorId, memberActor, ownerOf } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Network, NetworkFactory, NodeId } from '../net/network.ts'
import { memoryDisk, memoryStore } from '../store/memory.ts'
import type { Lease, Store, StoredRecord, StoreFactory } from '../store/store.ts'
import { encodeToken } from '../sync/session-token.ts'
import type {
  BackupOptions,
  BundleSource,
  Compacted,
  Meeting,
  Observable,
  Peer,
  PeerEvents,
  PeerExport,
  PeerOptions,
  Restored,
  SessionOptions,
  SettledOptions,
  Space,
  Status,
} from './api.ts'
import { Awake } from './awake.ts'
import { checkBackup, checkSource, type RestoreHost, Restoring, streamOf, writeBundle } from './backup.ts'
import type { PeerContext } from './context.ts'
import { DocHandleImpl } from './doc-handle.ts'
import type { Document } from './document.ts'
import { Greeter } from './greeter.ts'
import { joinStatuses } from './joined-status.ts'
import { Lead } from './lead.ts'
import { PeerMeeting } from './meeting.ts'
import { spaceLabel } from './names.ts'
import { ObservableValue } from './observable.ts'
import { settleAll } from './settle-all.ts'
import { decodeSpaceRecord, leftPrefix, retiredKey, retiredPrefix, spaceKey, spacesPrefix } from './shelf.ts'
import { SpaceImpl } from './space.ts'
import { equalStatus } from './status.ts'
import { Storage } from './storage.ts'
import { sweep } from './sweep.ts'
import { type TabChannel, type TabReport, Tabs } from './tabs.ts'
import { type Unsaved, UnsavedNotes, unsavedError } from './unsaved.ts'
import { whyNotSynced } from './why.ts'
import { Writer } from './writer.ts'

/** What differs by platform, filled in by node.ts and browser.ts. */
export interface Platform {
  readonly path: string
  readonly store: StoreFactory
  readonly network: NetworkFactory
  /** Whether opening waits for the network to listen: in Node, where a program wants its addresses at once. */
  readonly awaitNetwork: boolean
  /** The way to other tabs on the same path, where there can be any. */
  readonly tabs?: (path: string) => TabChannel
  /** Where the platform may have no place to keep anything: the peer opens all the same, forgets, and says so. */
  readonly mayForget?: boolean
  /** The platform slept, or has a network again. */
  readonly onWake?: (listener: () => void) => Off
  /** Tells the platform of an error that a listener of the application threw. */
  readonly onThrow: (error: unknown) => void
  /** For tests that must show they would notice a missing seal. */
  readonly sealer?: Sealer
  /** For simulations. */
  readonly signing?: Signing
}

export async function openPeerOn(platform: Platform, options: PeerOptions = {}): Promise<Peer> {
  checkPlatform()
  checkOptions(options)
  const clock = options.clock === undefined ? systemClock : wholeMilliseconds(options.clock)
  const random = options.random ?? systemRandom
  const { store, forgets } = await openStore(platform, options)
  try {
    const device = await (platform.signing ?? ed25519Signing).open(store)
    const lease = await leaseFresh(store, () => false)
    const peer = new PeerImpl({ platform, options, clock, random, store, forgets, device, lease })
    await peer.start()
    return peer
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What the newest part of the house asks of the platform stands for all of it. */
function checkPlatform(): void {
  if (typeof Promise.withResolvers === 'function' && typeof Map.groupBy === 'function') return
  throw new JoineryError(
    'unsupported',
    'This platform is too old for joinery, which needs Node 22.12 or newer, or a current browser.',
  )
}

function checkOptions(options: PeerOptions): void {
  const known = ['path', 'store', 'network', 'name', 'clock', 'random', 'trace']
  const stray = Object.keys(options).find((key) => !known.includes(key))
  if (stray !== undefined)
    throw new JoineryError('bad-option', `openPeer has no option "${stray}". It has: ${known.join(', ')}.`)
  if (options.name !== undefined && typeof options.name !== 'string')
    throw new JoineryError('bad-option', 'The option "name" is a text: how members of your spaces see this peer.')
}

interface OpenedStore {
  readonly store: Store
  readonly forgets?: JoineryError
}

async function openStore(platform: Platform, options: PeerOptions): Promise<OpenedStore> {
  const path = options.path ?? platform.path
  if (typeof path !== 'string' || path === '')
    throw new JoineryError(
      'bad-option',
      'The option "path" is a text that is not empty: a folder in Node, a database name in a browser.',
    )
  const inMemory = (): Promise<Store> => memoryStore(memoryDisk())(path)
  if (options.store === 'memory') return { store: await inMemory() }
  try {
    return { store: await (options.store ?? platform.store)(path) }
  } catch (error) {
    const mayForget = options.store === undefined && platform.mayForget === true
    if (!mayForget || !isJoineryError(error, 'no-indexeddb')) throw error
    return { store: await inMemory(), forgets: forgetting(error) }
  }
}

function forgetting(cause: JoineryError): JoineryError {
  return new JoineryError(
    'no-indexeddb',
    'This browser keeps nothing for this page, perhaps because the window is private: what is written here is gone when the page is closed, unless another member has stored it.',
    { cause },
  )
}

/** The lowest free instance that was not retired, nor is in doubt. */
async function leaseFresh(store: Store, isDoubted: (instance: number) => boolean): Promise<Lease> {
  const retired = new Set(await store.keys(retiredPrefix))
  const passed: Lease[] = []
  try {
    while (true) {
      const lease = await store.lease()
      if (!retired.has(retiredKey(lease.instance)) && !isDoubted(lease.instance)) return lease
      passed.push(lease)
    }
  } finally {
    for (const lease of passed) await lease.release()
  }
}

interface Parts {
  readonly platform: Platform
  readonly options: PeerOptions
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly forgets: JoineryError | undefined
  readonly device: Device
  readonly lease: Lease
}

const COMPARE_EVERY_MS = 1_000

export class PeerImpl implements Peer, PeerContext {
  readonly id: string
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  readonly signing: Signing
  readonly trace: Trace
  readonly store: Store
  readonly device: Device
  readonly writer: Writer
  readonly storage: Storage
  readonly pool = new BufferPool()
  readonly awake: Awake
  readonly onThrow: (error: unknown) => void
  readonly doubted = new Set<ActorId>()
  readonly #options: PeerOptions
  readonly #platform: Platform
  readonly #emitter: Emitter<PeerEvents>
  readonly #status: ObservableValue<Status>
  readonly #spaces = new Map<string, SpaceImpl>()
  readonly #offs: Off[] = []
  readonly #abort = new AbortController()
  readonly #leases: Lease[] = []
  #actor: ActorId
  #network: Network | undefined
  #greeter: Greeter | undefined
  readonly #lead: Lead
  /** Spaces that are not on the shelf yet. */
  readonly #adopting = new Set<SpaceImpl>()
  #tabs: Tabs | undefined
  #unread = false
  #paused = false
  #switching: Promise<void> = Promise.resolve()
  #tailing: Promise<void> = Promise.resolve()
  #cursor: number
  #comparedAt = Number.NEGATIVE_INFINITY
  #closing: Promise<void> | undefined

  constructor({ platform, options, clock, random, store, forgets, device, lease }: Parts) {
    this.#platform = platform
    this.#options = options
    this.onThrow = platform.onThrow
    this.#emitter = new Emitter(platform.onThrow)
    this.clock = clock
    this.random = random
    this.sealer = platform.sealer ?? xchacha
    this.signing = platform.signing ?? ed25519Signing
    this.trace = options.trace ?? noTrace
    this.store = store
    this.device = device
    this.id = deviceId(device.publicKey)
    this.name = options.name ?? this.id
    this.#actor = memberActor(device.publicKey, lease.instance)
    this.#hold(lease)
    this.#cursor = store.cursor()
    this.awake = new Awake(clock)
    this.writer = new Writer({
      store,
      device,
      clock,
      onDurable: (document, own) => this.#becameDurable(document, own),
      onError: (error) => this.#writingFailed(error),
    })
    this.storage = new Storage({ store, clock, forgets, changed: () => this.#touchAll() })
    this.#status = new ObservableValue<Status>(() => this.#joinStatuses(), equalStatus, this.onThrow)
    this.#lead = new Lead({
      store,
      signal: this.#abort.signal,
      begin: (signal) => this.#beginLeading(signal),
      end: () => this.#stopNetwork('closing'),
      failed: (cause) => this.#reportAny(cause),
    })
  }

  get actor(): ActorId {
    return this.#actor
  }

  get network(): Network | undefined {
    return this.#network
  }

  get status(): Observable<Status> {
    return this.#status
  }

  why(): string | undefined {
    return whyNotSynced(this.#status.current, this.clock.now())
  }

  statusTouched(): void {
    this.#status.touch()
  }

  statusTold(): void {
    this.#status.tell()
  }

  #joinStatuses(): Status {
    const spaces = [...this.#spaces.values()].map(({ label, status }) => ({ label, status: status.current }))
    return joinStatuses(spaces, this.storage.current, this.storage.forgets === undefined)
  }

  get leading(): boolean {
    return this.#lead.held
  }

  get networked(): boolean {
    return this.#options.network !== 'none'
  }

  get paused(): boolean {
    return this.#paused
  }

  get spaces(): readonly Space[] {
    return [...this.#spaces.values()]
  }

  get addresses(): readonly string[] {
    return this.#network?.addresses ?? []
  }

  get traffic(): Peer['traffic'] {
    const counters = this.#network?.counters
    return {
      gossipSent: counters?.gossipSent ?? 0,
      gossipReceived: counters?.gossipReceived ?? 0,
      syncSent: counters?.streamSent ?? 0,
      syncReceived: counters?.streamReceived ?? 0,
    }
  }

  /** Loads the spaces and takes up the network where this peer leads. */
  async start(): Promise<void> {
    await this.#loadSpaces()
    this.#offs.push(this.store.onHint(() => void this.catchUp()))
    this.#openTabs()
    this.#watchForEnd()
    this.#offs.push(this.#platform.onWake?.(() => this.#woke()) ?? (() => {}))
    void this.storage.look()
    const led = this.#lead.take()
    // Where others share the store, leading may come much later, or never.
    if (this.#platform.awaitNetwork) await led
    else led.catch((cause: unknown) => this.#reportAny(cause))
    void led.then(() => (this.#closing === undefined ? this.#saveIndexes('open') : undefined)).catch(() => {}) // Told above.
  }

  // ── spaces ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async space(labelOrId: string): Promise<Space> {
    this.#assertOpen()
    if (typeof labelOrId === 'string' && labelOrId.startsWith('space:')) return this.#spaceById(labelOrId)
    const label = spaceLabel(labelOrId)
    const found = [...this.#spaces.values()].filter((space) => space.label === label)
    if (found.length > 1) {
      const ids = found.map(({ id }) => id)
      throw new JoineryError(
        'ambiguous-space',
        `${ids.length} spaces are labelled "${label}". Say which by its id: ${ids.join(', ')}.`,
        { details: { ids } },
      )
    }
    return found[0] ?? this.#makeSpace(label)
  }

  async join(ticket: string, options: { readonly label?: string } = {}): Promise<Space> {
    this.#assertOpen()
    const { label: suggested, addresses, ...secret } = decodeTicket(ticket)
    const label = spaceLabel(options.label ?? (suggested === '' ? 'Space' : suggested))
    const { idHex } = spaceKeys(secret)
    const space =
      this.#spaces.get(idHex) ??
      (await this.#adopt(new SpaceImpl(this, { secret, label, lastAgreedAt: undefined, hints: [] })))
    await space.invited(addresses)
    return space
  }

  #tellSpaces(): void {
    this.#emitter.emit('spaces', this.spaces)
    this.#status.touch()
    this.#status.tell()
  }

  #spaceById(id: string): Space {
    const space = this.#spaces.get(id.slice('space:'.length))
    if (space === undefined)
      throw new JoineryError('no-such-space', `This peer belongs to no space ${id}. Join it with an invitation.`)
    return space
  }

  #makeSpace(label: string): Promise<SpaceImpl> {
    const secret = makeSpace(this.device.publicKey, this.random)
    return this.#adopt(new SpaceImpl(this, { secret, label, lastAgreedAt: undefined, hints: [] }))
  }

  async #adopt(space: SpaceImpl): Promise<SpaceImpl> {
    if (this.#spaces.size >= limits.spaces)
      throw new JoineryError(
        'limit',
        `This peer belongs to ${limits.spaces} spaces, which is the most it can. Leave one first.`,
      )
    // Set before the first await: two calls with one label make one space.
    this.#spaces.set(space.keys.idHex, space)
    this.#adopting.add(space)
    try {
      await space.save()
    } catch (error) {
      this.#spaces.delete(space.keys.idHex)
      throw error
    } finally {
      this.#adopting.delete(space)
    }
    if (this.#network !== undefined && !this.#paused) await this.#connectSpace(space, this.#network)
    this.#tellSpaces()
    return space
  }

  readonly seenAll = (cursor: number): boolean => !this.#unread && cursor >= this.store.cursor()

  tellBeat(idHex: string, beat: Uint8Array): void {
    this.#tabs?.tellBeat(idHex, beat)
  }

  tellTabs(space: { report(): TabReport }): void {
    if (this.leading) this.#tabs?.tell(space.report())
  }

  #openTabs(): void {
    const channel = this.#platform.tabs?.(this.#options.path ?? this.#platform.path)
    if (channel === undefined) return
    this.#tabs = new Tabs({
      channel,
      leading: () => this.leading,
      reports: () => [...this.#spaces.values()].map((space) => space.report()),
      heard: (report) => this.#spaces.get(report.space.slice('space:'.length))?.heardReport(report),
      left: (idHex) => this.#inTurn(() => this.#leftElsewhere(idHex)),
      heardBeat: (idHex, beat) => void this.#spaces.get(idHex)?.heardTabBeat(beat),
    })
    this.#offs.push(() => this.#tabs?.close())
  }

  left(space: object): void {
    for (const [id, known] of this.#spaces) if (known === space) this.#spaces.delete(id)
    this.#tellSpaces()
  }

  async forgotten(idHex: string): Promise<void> {
    this.#tabs?.tellLeft(idHex)
    if (this.leading) await this.#sweep(this.#abort.signal)
  }

  /** A space that another tab left; which may have joined again since. */
  async #leftElsewhere(idHex: string): Promise<void> {
    await this.#spaces.get(idHex)?.leftElsewhere()
    await this.#takeUp(idHex)
    if (this.leading) await this.#sweep(this.#abort.signal)
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const retire = (instances: ReadonlySet<number>): Promise<void> => this.retire(instances)
    await sweep({ store: this.store, keyHex: this.device.keyHex, retire, signal })
  }

  async #loadSpaces(): Promise<void> {
    const streams = await this.store.streams()
    for (const key of await this.store.keys(spacesPrefix)) {
      const bytes = await this.store.get(key)
      if (bytes !== undefined) await this.#loadSpace(key, bytes, streams)
    }
    // Somebody began to leave it, and died: it was not left.
    for (const note of await this.store.keys(leftPrefix))
      if (this.#spaces.has(note.slice(leftPrefix.length))) await this.store.delete(note)
    this.#cursor = this.store.cursor()
  }

  async #loadSpace(key: string, bytes: Uint8Array, streams: readonly string[]): Promise<void> {
    const space = new SpaceImpl(this, decodeSpaceRecord(bytes, key))
    if (this.#spaces.has(space.keys.idHex)) return
    this.#spaces.set(space.keys.idHex, space)
    await space.load(streams)
  }

  /** A courtesy to the next opening: where it fails, that one takes longer. */
  async #saveIndexes(when: 'open' | 'closing'): Promise<void> {
    for (const space of [...this.#spaces.values()]) {
      await space.saveIndex(when).catch((cause: unknown) => this.trace('store', 'index', 'not saved', messageOf(cause)))
    }
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async flush(): Promise<void> {
    await this.writer.flush()
    if (this.storage.forgets !== undefined) throw this.storage.forgets
  }

  async session({ documents }: SessionOptions = {}): Promise<Uint8Array> {
    this.#assertOpen()
    const all = [...this.#spaces.values()]
    const isOwn = (handle: object): boolean => handle instanceof DocHandleImpl && all.includes(handle.space)
    if (documents !== undefined && !(Array.isArray(documents) && documents.every(isOwn)))
      throw new JoineryError('bad-option', 'The option "documents" is a list of handles of this very peer.')
    const sections = all.map((space) => space.sessionSection(documents && new Set(documents)))
    await this.writer.flush()
    return encodeToken(sections.map((section) => section()).filter(({ entries }) => entries.length > 0))
  }

  async settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    const spaces = [...this.#spaces.values()].filter(({ hasOwn }) => hasOwn)
    await settleAll(spaces, options)
    if ((options.peers ?? 0) === 0) await this.flush()
  }

  #becameDurable(document: Document, own: readonly SignedRange[]): void {
    void this.storage.look()
    if (!this.leading && own.length > 0) this.#readOwn()
    for (const space of this.#spaces.values())
      if (document.stream.startsWith(space.keys.idHex)) space.becameDurable(document, own)
  }

  /** The log's cursor covers what we wrote only once we read what others wrote before it. */
  #readOwn(): void {
    this.#unread = true
    void this.catchUp().then(() => {
      this.#unread = false
      this.#touchAll()
    })
  }

  #writingFailed(error: JoineryError): void {
    this.report(error)
    void this.storage.look()
    for (const space of this.#spaces.values()) space.touched()
  }

  /** Reads what other tabs appended, in order, one reading at a time. */
  readonly catchUp = async (): Promise<boolean> => {
    await this.#inTurn(() => this.#readTail())
    return this.#closing === undefined
  }

  /** What other tabs did is taken note of one thing after another. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#tailing = this.#tailing
      .then(() => (this.#closing === undefined ? act() : undefined))
      .catch((cause: unknown) => this.#reportAny(cause))
    return this.#tailing
  }

  /** What cannot be read, as what a newer joinery wrote in another tab, must not be compacted away by one that goes on without it: it stops. */
  async #readTail(): Promise<void> {
    try {
      const { records, cursor } = await this.store.tail(this.#cursor)
      this.#cursor = cursor
      const streams = Map.groupBy(records, ({ stream }) => stream)
      for (const [stream, own] of streams) await this.#takeTail(stream, own)
    } catch (cause) {
      this.#reportAny(cause)
      void this.close()
      return
    }
    await this.#compareSpaces()
  }

  /** Notices spaces that another tab left while this one slept. */
  async #compareSpaces(): Promise<void> {
    const now = this.clock.monotonic()
    if (this.#tabs === undefined || now - this.#comparedAt < COMPARE_EVERY_MS) return
    this.#comparedAt = now
    const kept = new Set(await this.store.keys(spacesPrefix))
    for (const [idHex, space] of this.#spaces)
      if (!kept.has(spaceKey(idHex)) && !this.#adopting.has(space)) await this.#leftElsewhere(idHex)
  }

  async #takeTail(stream: string, records: readonly StoredRecord[]): Promise<void> {
    const idHex = stream.slice(0, stream.indexOf('/'))
    const space = this.#spaces.get(idHex)
    if (space !== undefined) {
      return space.takeRecords(
        stream,
        records.map(({ bytes }) => bytes),
      )
    }
    await this.#takeUp(idHex)
  }

  /** A space that another tab joined. */
  async #takeUp(idHex: string): Promise<void> {
    const bytes = await this.store.get(spaceKey(idHex))
    if (bytes === undefined || this.#spaces.has(idHex)) return
    await this.#loadSpace(spaceKey(idHex), bytes, await this.store.streams())
    const joined = this.#spaces.get(idHex)
    if (joined !== undefined && this.#network !== undefined && !this.#paused)
      await this.#connectSpace(joined, this.#network)
    this.#tellSpaces()
  }

  /** Invariant 11: no two living writers share an actor. What we wrote as the old instance stays. */
  doubt(actors: readonly ActorId[]): void {
    for (const actor of actors) this.doubted.add(actor)
    if (this.#closing !== undefined || !this.doubted.has(this.#actor)) return
    this.#renew().catch((cause: unknown) => this.#reportAny(cause))
  }

  /** Invariant 11: instances whose edits are forgotten here, and remembered elsewhere, are never used again. */
  async retire(instances: ReadonlySet<number>): Promise<void> {
    for (const instance of instances) {
      await this.store.set(retiredKey(instance), Uint8Array.of(0))
      this.doubted.delete(this.#actorOf(instance))
    }
    if (instances.has(this.#instance)) await this.#renew()
  }

  #actorOf(instance: number): ActorId {
    return memberActor(this.device.publicKey, instance)
  }

  get #instance(): number {
    const owner = ownerOf(this.#actor)
    assert(owner.kind === 1, 'this peer writes as a member')
    return owner.instance
  }

  async #renew(): Promise<void> {
    const doubted = this.#actor
    const lease = await leaseFresh(this.store, (instance) => this.doubted.has(this.#actorOf(instance)))
    // Several documents may have raised the same doubt.
    if (this.#actor !== doubted) return lease.release()
    this.#hold(lease)
    this.#actor = this.#actorOf(lease.instance)
    for (const space of this.#spaces.values()) space.renewActor()
    this.trace('peer', 'goes on as instance', lease.instance)
  }

  #hold(lease: Lease): void {
    this.#leases.push(lease)
    void lease.lost.then(() => {
      if (this.#closing !== undefined) return
      this.report(
        new JoineryError(
          'store-failed',
          'Another writer took over the store of this peer, so it stopped writing. Open the peer again.',
        ),
      )
      void this.close()
    })
  }

  // ── the network ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #beginLeading(signal: AbortSignal): Promise<void> {
    await this.catchUp()
    await this.#sweep(signal)
    if (!signal.aborted) await this.#startNetwork(signal)
    if (!signal.aborted) void this.#compactLong(signal).catch((cause: unknown) => this.#reportAny(cause))
  }

  /** In the background: nobody waits for it, and it ends with the lead. */
  async #compactLong(signal: AbortSignal): Promise<void> {
    for (const space of [...this.#spaces.values()]) if (!signal.aborted) await space.compactLong()
  }

  async #startNetwork(signal: AbortSignal): Promise<void> {
    const { network } = this.#options
    if (network === 'none') return
    const factory = network ?? this.#platform.network
    const made = await factory({ shelf: this.store, signal })
    if (signal.aborted) return made.close()
    this.#network = made
    this.#greeter = new Greeter({
      network: made,
      clock: this.clock,
      trace: this.trace,
      session: {
        clock: this.clock,
        random: this.random,
        sealer: this.sealer,
        signing: this.signing,
        device: this.device,
        node: made.id,
      },
      spaces: () => [...this.#spaces.values()],
      paused: () => this.#paused,
      failed: (cause) => this.#reportAny(cause),
    })
    this.#offs.push(made.on('change', () => this.#touchAll()))
    if (this.#paused) await made.pause()
    else for (const space of this.#spaces.values()) await this.#connectSpace(space, made)
    for (const node of made.connections.keys()) this.#greeter.met(node)
  }

  async #stopNetwork(reason: 'closing' | 'paused'): Promise<void> {
    const network = this.#network
    if (network === undefined) return
    await Promise.all([...this.#spaces.values()].map((space) => space.disconnect(reason)))
    this.#greeter?.close()
    this.#greeter = undefined
    this.#network = undefined
    await network.close()
  }

  /** Others may have given us up meanwhile, and much may have come: nothing waits for its next turn. */
  #woke(): void {
    this.trace('peer', 'woke')
    if (!this.#paused) for (const space of this.#spaces.values()) space.woke()
  }

  async #connectSpace(space: SpaceImpl, network: Network): Promise<void> {
    await space.connect(network)
    for (const node of network.connections.keys()) this.greet(space, node)
  }

  greet(space: object, node: NodeId): void {
    for (const known of this.#spaces.values()) if (known === space) this.#greeter?.greet(known, node)
  }

  async meet(): Promise<Meeting> {
    this.#assertOpen()
    if (this.#options.network !== 'none' && !this.leading)
      throw new JoineryError('store-locked', 'Another tab carries the connection of this peer: meet there.')
    if (this.#network?.meetByHand === undefined)
      throw new JoineryError('unsupported', 'The network of this peer has no meetings by hand.')
    return new PeerMeeting({
      meeting: await this.#network.meetByHand(),
      clock: this.clock,
      sharedWith: (node) => [...this.#spaces.values()].filter((space) => space.inContact(node)),
      listen: (look) => this.#status.subscribe(look),
    })
  }

  // ── pause ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  pause(): void {
    this.#assertOpen()
    if (this.#paused) return
    this.#paused = true
    this.#switch(async (network) => {
      await Promise.all([...this.#spaces.values()].map((space) => space.disconnect('paused')))
      await network.pause()
    })
  }

  resume(): void {
    this.#assertOpen()
    if (!this.#paused) return
    this.#paused = false
    this.#switch(async (network) => {
      await network.resume()
      for (const space of this.#spaces.values()) await this.#connectSpace(space, network)
    })
  }

  /** One switching at a time, in the order of the calls. */
  #switch(work: (network: Network) => Promise<void>): void {
    this.#touchAll()
    const paused = this.#paused
    this.#switching = this.#switching
      .then(() => (this.#network !== undefined && this.#paused === paused ? work(this.#network) : undefined))
      .catch((cause: unknown) => this.#reportAny(cause))
      .then(() => this.#touchAll())
  }

  #touchAll(): void {
    for (const space of this.#spaces.values()) space.touched()
  }

  // ── life ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async export(): Promise<PeerExport> {
    this.#assertOpen()
    const spaces: PeerExport['spaces'][number][] = []
    for (const space of [...this.#spaces.values()])
      spaces.push({ id: space.id, label: space.label, documents: await space.export() })
    return { peer: this.id, spaces }
  }

  backup(options: BackupOptions = {}): ReadableStream<Uint8Array> {
    this.#assertOpen()
    const { spaces = this.spaces, withKeys = false } = checkBackup(options)
    const own = [...this.#spaces.values()].filter((space) => spaces.includes(space))
    if (own.length < spaces.length)
      throw new JoineryError('bad-option', 'The option "spaces" is a list of spaces of this very peer.')
    return streamOf(writeBundle(this, own, { withKeys }))
  }

  async restore(source: BundleSource): Promise<Restored> {
    this.#assertOpen()
    checkSource(source)
    const host: RestoreHost = {
      context: this,
      spaces: () => [...this.#spaces.values()],
      join: (ticket) => this.join(ticket),
      assertOpen: () => this.#assertOpen(),
    }
    return new Restoring(host).run(source)
  }

  async compact(): Promise<Compacted> {
    this.#assertOpen()
    if (!this.leading)
      throw new JoineryError(
        'store-locked',
        'Another tab leads this store: it compacts. Close the others, or ask there.',
      )
    await this.writer.flush()
    let documents = 0
    let kept = 0
    for (const space of [...this.#spaces.values()]) {
      const done = await space.compact()
      documents += done.documents
      kept += done.kept
    }
    return { documents, kept }
  }

  on<Name extends keyof PeerEvents>(name: Name, listener: (event: PeerEvents[Name]) => void): Off {
    return this.#emitter.on(name, listener)
  }

  report(error: JoineryError): void {
    this.trace('error', error.code, error.message)
    this.#emitter.emit('error', error)
  }

  #reportAny(cause: unknown): void {
    if (this.#closing !== undefined) return
    this.report(isJoineryError(cause) ? cause : new JoineryError('internal', messageOf(cause), { cause }))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Where nobody waits for us: what is not saved is written down beforehand, and compared the next time. */
  #watchForEnd(): void {
    const { lastWords } = this.store
    if (lastWords === undefined) return
    const notes = new UnsavedNotes({
      lastWords,
      instance: () => this.#instance,
      unsaved: () => this.#unsaved(),
      flush: () => this.writer.flush(),
    })
    const noted = notes.take()
    const error = unsavedError([...this.#spaces.values()].flatMap((space) => space.lost(noted)))
    // Told when somebody has had the time to listen.
    if (error !== undefined) this.#offs.push(this.clock.after(0, () => this.report(error)))
    this.#offs.push(lastWords.onCall(() => notes.lastCall()))
  }

  #unsaved(): Unsaved[] {
    return [...this.#spaces.values()].flatMap((space) => space.unsaved())
  }

  async #close(): Promise<void> {
    const wasLeading = this.leading
    const failure: unknown = await this.writer.flush().catch((cause: unknown) => cause)
    this.#abort.abort(new JoineryError('closed', 'the peer was closed'))
    await this.#switching
    for (const space of this.#spaces.values()) await space.close()
    await this.#stopNetwork('closing')
    await this.writer.close()
    const unsaved = unsavedError(this.#unsaved(), failure)
    if (unsaved !== undefined) this.report(unsaved)
    await this.#lead.close()
    for (const off of this.#offs) off()
    await this.#tailing
    if (wasLeading) await this.#saveIndexes('closing')
    for (const lease of this.#leases) await lease.release().catch(() => {})
    await this.store.close()
    this.#status.close()
    this.#emitter.emit('close', undefined)
    this.#emitter.clear()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new JoineryError('closed', 'This peer was closed. Open it again with openPeer().')
  }
}
