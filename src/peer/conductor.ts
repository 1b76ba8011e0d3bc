// The conductor of a peer: makes its parts, routes what arrives to the one that it is for, and brings all of them to their end in order. It decides nothing
// else. The peer as an application has it is peer.ts; what a space is handed of all this is context.ts.
//
//   store ──► spaces ──► connection (only where this peer leads its store: always in Node, one tab in a browser)
//
//   own-name   as whom it writes                    lead          whether it leads, one spell after another
//   spaces     which there are                      peer-network  the network while it leads, paused or not
//   writer     what is dirty, to the store          tail, tabs    what other tabs on the same store did, and say

import { type Device, deviceId } from '../auth/device.ts'
import { type Sealer, xchacha } from '../auth/seal.ts'
import { ed25519Signing, type Signing } from '../auth/signing.ts'
import type { Clock } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { noTrace, type Trace } from '../base/trace.ts'
import { BufferPool } from '../core/buffer-pool.ts'
import type { ActorId } from '../core/ids.ts'
import type { SignedRange } from '../core/range.ts'
import type { Network, NodeId } from '../net/network.ts'
import type { Lease, Store } from '../store/store.ts'
import type { PeerEvents, PeerOptions, Status } from './api.ts'
import { Awake } from './awake.ts'
import type { PeerContext } from './context.ts'
import type { Document } from './document.ts'
import { joinStatuses } from './joined-status.ts'
import { Lead } from './lead.ts'
import { ObservableValue } from './observable.ts'
import { OwnName } from './own-name.ts'
import { PeerNetwork } from './peer-network.ts'
import type { Platform } from './platform.ts'
import type { SpaceImpl } from './space.ts'
import { Spaces } from './spaces.ts'
import { equalStatus } from './status.ts'
import { Storage } from './storage.ts'
import { type TabReport, Tabs } from './tabs.ts'
import { Tail } from './tail.ts'
import { type Unsaved, UnsavedNotes, unsavedError } from './unsaved.ts'
import { Writer } from './writer.ts'

export interface Parts {
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

export class Conductor implements PeerContext {
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
  readonly events: Emitter<PeerEvents>
  readonly status: ObservableValue<Status>
  readonly spaces: Spaces
  readonly connection: PeerNetwork
  readonly #options: PeerOptions
  readonly #platform: Platform
  readonly #offs: Off[] = []
  readonly #abort = new AbortController()
  readonly #ownName: OwnName
  readonly #lead: Lead
  readonly #tail: Tail
  #tabs: Tabs | undefined
  #comparedAt = Number.NEGATIVE_INFINITY
  #closing: Promise<void> | undefined

  constructor({ platform, options, clock, random, store, forgets, device, lease }: Parts) {
    this.#platform = platform
    this.#options = options
    this.onThrow = platform.onThrow
    this.events = new Emitter(platform.onThrow)
    this.clock = clock
    this.random = random
    this.sealer = platform.sealer ?? xchacha
    this.signing = platform.signing ?? ed25519Signing
    this.trace = options.trace ?? noTrace
    this.store = store
    this.device = device
    this.id = deviceId(device.publicKey)
    this.name = options.name ?? this.id
    this.awake = new Awake(clock)
    const isClosing = (): boolean => this.#closing !== undefined
    const failed = (cause: unknown): void => this.#reportAny(cause)
    this.#ownName = new OwnName({
      ...{ store, device, lease, trace: this.trace, isClosing, failed },
      renewed: () => this.#each((space) => space.renewActor()),
      lost: (error) => this.#stopFor(error),
    })
    this.#tail = new Tail({
      ...{ store, isClosing, failed },
      take: (stream, records) => this.spaces.takeRecords(stream, records),
      taken: () => this.#compareSpaces(),
      unreadable: (cause) => this.#stopFor(cause),
    })
    this.writer = new Writer({
      ...{ store, device, clock },
      onDurable: (document, own) => this.#becameDurable(document, own),
      onError: (error) => this.#writingFailed(error),
    })
    this.storage = new Storage({ store, clock, forgets, changed: () => this.#touchAll() })
    this.status = new ObservableValue<Status>(() => this.#joinStatuses(), equalStatus, this.onThrow)
    this.spaces = new Spaces({
      context: this,
      connect: (space) => this.connection.connect(space),
      changed: () => this.#tellSpaces(),
      signal: this.#abort.signal,
    })
    this.connection = new PeerNetwork({
      context: this,
      factory: options.network === 'none' ? undefined : (options.network ?? platform.network),
      spaces: () => this.spaces.all,
      listen: (look) => this.status.subscribe(look),
      failed,
    })
    this.#lead = new Lead({
      ...{ store, signal: this.#abort.signal, failed },
      begin: (signal) => this.#beginLeading(signal),
      end: () => this.connection.stop('closing'),
    })
  }

  /** Loads the spaces and takes up the network where this peer leads. */
  async start(): Promise<void> {
    await this.spaces.load()
    this.#tail.begin()
    this.#offs.push(this.store.onHint(() => void this.catchUp()))
    this.#openTabs()
    this.#watchForEnd()
    this.#offs.push(this.#platform.onWake?.(() => this.connection.woke()) ?? (() => {}))
    void this.storage.look()
    const led = this.#lead.take()
    // Where others share the store, leading may come much later, or never.
    if (this.#platform.awaitNetwork) await led
    else led.catch((cause: unknown) => this.#reportAny(cause))
    void led.then(() => (this.#closing === undefined ? this.spaces.saveIndexes('open') : undefined)).catch(() => {}) // Told above.
  }

  // ── what it is ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get actor(): ActorId {
    return this.#ownName.actor
  }

  get doubted(): ReadonlySet<ActorId> {
    return this.#ownName.doubted
  }

  get network(): Network | undefined {
    return this.connection.network
  }

  get networked(): boolean {
    return this.#options.network !== 'none'
  }

  get leading(): boolean {
    return this.#lead.held
  }

  get paused(): boolean {
    return this.connection.paused
  }

  // ── status ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  statusTouched(): void {
    this.status.touch()
  }

  statusTold(): void {
    this.status.tell()
  }

  #joinStatuses(): Status {
    const spaces = this.spaces.all.map(({ label, status }) => ({ label, status: status.current }))
    return joinStatuses(spaces, this.storage.current, this.storage.forgets === undefined)
  }

  #touchAll(): void {
    this.#each((space) => space.touched())
  }

  // ── spaces ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  left(space: object): void {
    this.spaces.left(space)
  }

  async forgotten(idHex: string): Promise<void> {
    this.#tabs?.tellLeft(idHex)
    if (this.leading) await this.spaces.sweep(this.#abort.signal)
  }

  #tellSpaces(): void {
    this.events.emit('spaces', this.spaces.all)
    this.status.touch()
    this.status.tell()
  }

  #each(act: (space: SpaceImpl) => void): void {
    for (const space of this.spaces.all) act(space)
  }

  // ── other tabs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #openTabs(): void {
    const channel = this.#platform.tabs?.(this.#options.path ?? this.#platform.path)
    if (channel === undefined) return
    this.#tabs = new Tabs({
      channel,
      leading: () => this.leading,
      reports: () => this.spaces.all.map((space) => space.report()),
      heard: (report) => this.spaces.get(report.space.slice('space:'.length))?.heardReport(report),
      left: (idHex) => this.#tail.inTurn(() => this.spaces.leftElsewhere(idHex)),
      heardBeat: (idHex, beat) => void this.spaces.get(idHex)?.heardTabBeat(beat),
    })
    this.#offs.push(() => this.#tabs?.close())
  }

  tellBeat(idHex: string, beat: Uint8Array): void {
    this.#tabs?.tellBeat(idHex, beat)
  }

  tellTabs(space: { report(): TabReport }): void {
    if (this.leading) this.#tabs?.tell(space.report())
  }

  get seenAll(): (cursor: number) => boolean {
    return this.#tail.seenAll
  }

  get catchUp(): () => Promise<boolean> {
    return this.#tail.catchUp
  }

  /** Notices spaces that another tab left while this one slept. */
  async #compareSpaces(): Promise<void> {
    const now = this.clock.monotonic()
    if (this.#tabs === undefined || now - this.#comparedAt < COMPARE_EVERY_MS) return
    this.#comparedAt = now
    await this.spaces.compare()
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #becameDurable(document: Document, own: readonly SignedRange[]): void {
    void this.storage.look()
    if (!this.leading && own.length > 0) void this.#tail.passOwn().then(() => this.#touchAll())
    this.spaces.ofStream(document.stream)?.becameDurable(document, own)
  }

  #writingFailed(error: JoineryError): void {
    this.report(error)
    void this.storage.look()
    this.#touchAll()
  }

  doubt(actors: readonly ActorId[]): void {
    this.#ownName.doubt(actors)
  }

  retire(instances: ReadonlySet<number>): Promise<void> {
    return this.#ownName.retire(instances)
  }

  // ── the network ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #beginLeading(signal: AbortSignal): Promise<void> {
    await this.catchUp()
    await this.spaces.sweep(signal)
    if (!signal.aborted) await this.connection.start(signal)
    if (!signal.aborted) void this.spaces.compactLong(signal).catch((cause: unknown) => this.#reportAny(cause))
  }

  greet(space: object, node: NodeId): void {
    this.connection.greet(space, node)
  }

  // ── life ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  report(error: JoineryError): void {
    this.trace('error', error.code, error.message)
    this.events.emit('error', error)
  }

  #reportAny(cause: unknown): void {
    if (this.#closing !== undefined) return
    this.report(isJoineryError(cause) ? cause : new JoineryError('internal', messageOf(cause), { cause }))
  }

  /** It cannot go on. */
  #stopFor(cause: unknown): void {
    this.#reportAny(cause)
    void this.close()
  }

  /** Where nobody waits for us: what is not saved is written down beforehand, and compared the next time. */
  #watchForEnd(): void {
    const { lastWords } = this.store
    if (lastWords === undefined) return
    const notes = new UnsavedNotes({
      lastWords,
      instance: () => this.#ownName.instance,
      unsaved: () => this.#unsaved(),
      flush: () => this.writer.flush(),
    })
    const noted = notes.take()
    const error = unsavedError(this.spaces.all.flatMap((space) => space.lost(noted)))
    // Told when somebody has had the time to listen.
    if (error !== undefined) this.#offs.push(this.clock.after(0, () => this.report(error)))
    this.#offs.push(lastWords.onCall(() => notes.lastCall()))
  }

  #unsaved(): Unsaved[] {
    return this.spaces.all.flatMap((space) => space.unsaved())
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const wasLeading = this.leading
    const failure: unknown = await this.writer.flush().catch((cause: unknown) => cause)
    this.#abort.abort(new JoineryError('closed', 'the peer was closed'))
    await this.connection.settled
    await this.spaces.close()
    await this.connection.stop('closing')
    await this.writer.close()
    const unsaved = unsavedError(this.#unsaved(), failure)
    if (unsaved !== undefined) this.report(unsaved)
    await this.#lead.close()
    for (const off of this.#offs) off()
    await this.#tail.settled
    if (wasLeading) await this.spaces.saveIndexes('closing')
    await this.#ownName.release()
    await this.store.close()
    this.status.close()
    this.events.emit('close', undefined)
    this.events.clear()
  }

  /** Errors: 'closed'. */
  assertOpen(): void {
    if (this.#closing !== undefined)
      throw new JoineryError('closed', 'This peer was closed. Open it again with openPeer().')
  }
}
