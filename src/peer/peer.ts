// A peer, as an application has it: what it is, its spaces, its session, its care. What is behind it the conductor keeps (conductor.ts).

import type { Device } from '../auth/device.ts'
import { ed25519Signing } from '../auth/signing.ts'
import { systemClock, wholeMilliseconds } from '../base/clock.ts'
import type { Off } from '../base/emitter.ts'
import { JoineryError } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import type { ActorId } from '../core/ids.ts'
import type { Network } from '../net/network.ts'
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
import { checkBackup, checkSource, type RestoreHost, Restoring, streamOf, writeBundle } from './backup.ts'
import { Conductor } from './conductor.ts'
import { DocHandleImpl } from './doc-handle.ts'
import { leaseFresh } from './own-name.ts'
import { checkOptions, checkPlatform, openStore, type Platform } from './platform.ts'
import { settleAll } from './settle-all.ts'
import type { SpaceImpl } from './space.ts'
import { whyNotSynced } from './why.ts'

export async function openPeerOn(platform: Platform, options: PeerOptions = {}): Promise<Peer> {
  checkPlatform()
  checkOptions(options)
  const clock = options.clock === undefined ? systemClock : wholeMilliseconds(options.clock)
  const random = options.random ?? systemRandom
  const { store, forgets } = await openStore(platform, options)
  try {
    const device = await (platform.signing ?? ed25519Signing).open(store)
    const lease = await leaseFresh(store)
    const conductor = new Conductor({ platform, options, clock, random, store, forgets, device, lease })
    await conductor.start()
    return new PeerImpl(conductor)
  } catch (error) {
    await store.close()
    throw error
  }
}

export class PeerImpl implements Peer {
  readonly #conductor: Conductor

  constructor(conductor: Conductor) {
    this.#conductor = conductor
  }

  // ── what it is ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get id(): string {
    return this.#conductor.id
  }

  get name(): string {
    return this.#conductor.name
  }

  /** As whom it writes: with the two below, for simulated worlds, which look inside. */
  get actor(): ActorId {
    return this.#conductor.actor
  }

  get device(): Device {
    return this.#conductor.device
  }

  get network(): Network | undefined {
    return this.#conductor.network
  }

  get leading(): boolean {
    return this.#conductor.leading
  }

  get paused(): boolean {
    return this.#conductor.paused
  }

  get addresses(): readonly string[] {
    return this.network?.addresses ?? []
  }

  get traffic(): Peer['traffic'] {
    return this.#conductor.connection.traffic
  }

  get status(): Observable<Status> {
    return this.#conductor.status
  }

  why(): string | undefined {
    return whyNotSynced(this.status.current, this.#conductor.clock.now())
  }

  on<Name extends keyof PeerEvents>(name: Name, listener: (event: PeerEvents[Name]) => void): Off {
    return this.#conductor.events.on(name, listener)
  }

  // ── spaces ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  get spaces(): readonly SpaceImpl[] {
    return this.#conductor.spaces.all
  }

  async space(labelOrId: string): Promise<Space> {
    this.#assertOpen()
    return this.#conductor.spaces.open(labelOrId)
  }

  async join(ticket: string, options: { readonly label?: string } = {}): Promise<Space> {
    this.#assertOpen()
    return this.#conductor.spaces.join(ticket, options)
  }

  // ── the network ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async meet(): Promise<Meeting> {
    this.#assertOpen()
    return this.#conductor.connection.meet()
  }

  pause(): void {
    this.#assertOpen()
    this.#conductor.connection.pause()
  }

  resume(): void {
    this.#assertOpen()
    this.#conductor.connection.resume()
  }

  // ── what is kept ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async flush(): Promise<void> {
    const { writer, storage } = this.#conductor
    await writer.flush()
    if (storage.forgets !== undefined) throw storage.forgets
  }

  async session({ documents }: SessionOptions = {}): Promise<Uint8Array> {
    this.#assertOpen()
    const all = this.spaces
    const isOwn = (handle: object): boolean => handle instanceof DocHandleImpl && all.includes(handle.space)
    if (documents !== undefined && !(Array.isArray(documents) && documents.every(isOwn)))
      throw new JoineryError('bad-option', 'The option "documents" is a list of handles of this very peer.')
    const sections = all.map((space) => space.sessionSection(documents && new Set(documents)))
    await this.#conductor.writer.flush()
    return encodeToken(sections.map((section) => section()).filter(({ entries }) => entries.length > 0))
  }

  async settled(options: SettledOptions = {}): Promise<void> {
    this.#assertOpen()
    await settleAll(
      this.spaces.filter(({ hasOwn }) => hasOwn),
      options,
    )
    if ((options.peers ?? 0) === 0) await this.flush()
  }

  // ── care ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async export(): Promise<PeerExport> {
    this.#assertOpen()
    const spaces: PeerExport['spaces'][number][] = []
    for (const space of this.spaces) spaces.push({ id: space.id, label: space.label, documents: await space.export() })
    return { peer: this.id, spaces }
  }

  backup(options: BackupOptions = {}): ReadableStream<Uint8Array> {
    this.#assertOpen()
    const { spaces = this.spaces, withKeys = false } = checkBackup(options)
    const own = this.spaces.filter((space) => spaces.includes(space))
    if (own.length < spaces.length)
      throw new JoineryError('bad-option', 'The option "spaces" is a list of spaces of this very peer.')
    return streamOf(writeBundle(this.#conductor, own, { withKeys }))
  }

  async restore(source: BundleSource): Promise<Restored> {
    this.#assertOpen()
    checkSource(source)
    const host: RestoreHost = {
      context: this.#conductor,
      spaces: () => this.spaces,
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
    await this.#conductor.writer.flush()
    let documents = 0
    let kept = 0
    for (const space of this.spaces) {
      const done = await space.compact()
      documents += done.documents
      kept += done.kept
    }
    return { documents, kept }
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  close(): Promise<void> {
    return this.#conductor.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertOpen(): void {
    this.#conductor.assertOpen()
  }
}
