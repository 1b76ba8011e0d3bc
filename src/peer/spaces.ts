// The spaces of a peer: read from the shelf at the start, made, joined and left here or in another tab, found by label or id. What a space holds is its own
// business (space.ts).

import { makeSpace, spaceKeys } from '../auth/keys.ts'
import { decodeTicket } from '../auth/ticket.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { StoredRecord, StreamName } from '../store/store.ts'
import type { PeerContext } from './context.ts'
import { spaceLabel } from './names.ts'
import { decodeSpaceRecord, leftPrefix, spaceKey, spacesPrefix } from './shelf.ts'
import { SpaceImpl } from './space.ts'
import { sweep } from './sweep.ts'

export interface SpacesOptions {
  readonly context: PeerContext
  /** Connects a space that came to be, where there is a network. */
  readonly connect: (space: SpaceImpl) => Promise<void>
  /** There are others than before. */
  readonly changed: () => void
  /** The peer ends: what is being done in the background is to end. */
  readonly signal: AbortSignal
}

export class Spaces {
  readonly #options: SpacesOptions
  readonly #byId = new Map<string, SpaceImpl>()
  /** Those that are not on the shelf yet. */
  readonly #adopting = new Set<SpaceImpl>()

  constructor(options: SpacesOptions) {
    this.#options = options
  }

  get all(): readonly SpaceImpl[] {
    return [...this.#byId.values()]
  }

  get(idHex: string): SpaceImpl | undefined {
    return this.#byId.get(idHex)
  }

  /** The space that a stream of the store is of. */
  ofStream(stream: StreamName): SpaceImpl | undefined {
    return this.#byId.get(spaceOf(stream))
  }

  // ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Reads all that are on the shelf. */
  async load(): Promise<void> {
    const { store } = this.#options.context
    const streams = await store.streams()
    for (const key of await store.keys(spacesPrefix)) {
      const bytes = await store.get(key)
      if (bytes !== undefined) await this.#load(key, bytes, streams)
    }
    // Somebody began to leave it, and died: it was not left.
    for (const note of await store.keys(leftPrefix))
      if (this.#byId.has(note.slice(leftPrefix.length))) await store.delete(note)
  }

  async #load(key: string, bytes: Uint8Array, streams: readonly StreamName[]): Promise<void> {
    const space = new SpaceImpl(this.#options.context, decodeSpaceRecord(bytes, key))
    if (this.#byId.has(space.keys.idHex)) return
    this.#byId.set(space.keys.idHex, space)
    await space.load(streams)
  }

  /** The space of that label, made if there is none, or of that id. Errors: 'bad-label', 'ambiguous-space', 'no-such-space', 'limit'. */
  async open(labelOrId: string): Promise<SpaceImpl> {
    if (typeof labelOrId === 'string' && labelOrId.startsWith('space:')) return this.#ofId(labelOrId)
    const label = spaceLabel(labelOrId)
    const found = this.all.filter((space) => space.label === label)
    if (found.length > 1) {
      const ids = found.map(({ id }) => id)
      throw new JoineryError(
        'ambiguous-space',
        `${ids.length} spaces are labelled "${label}". Say which by its id: ${ids.join(', ')}.`,
        { details: { ids } },
      )
    }
    return found[0] ?? this.#make(label)
  }

  #ofId(id: string): SpaceImpl {
    const space = this.#byId.get(id.slice('space:'.length))
    if (space === undefined)
      throw new JoineryError('no-such-space', `This peer belongs to no space ${id}. Join it with an invitation.`)
    return space
  }

  #make(label: string): Promise<SpaceImpl> {
    const { context } = this.#options
    const secret = makeSpace(context.device.publicKey, context.random)
    return this.#adopt(new SpaceImpl(context, { secret, label, lastAgreedAt: undefined, hints: [] }))
  }

  async join(ticket: string, options: { readonly label?: string }): Promise<SpaceImpl> {
    const { label: suggested, addresses, ...secret } = decodeTicket(ticket)
    const label = spaceLabel(options.label ?? (suggested === '' ? 'Space' : suggested))
    const { idHex } = spaceKeys(secret)
    const space =
      this.#byId.get(idHex) ??
      (await this.#adopt(new SpaceImpl(this.#options.context, { secret, label, lastAgreedAt: undefined, hints: [] })))
    await space.invited(addresses)
    return space
  }

  async #adopt(space: SpaceImpl): Promise<SpaceImpl> {
    if (this.#byId.size >= limits.spaces)
      throw new JoineryError(
        'limit',
        `This peer belongs to ${limits.spaces} spaces, which is the most it can. Leave one first.`,
      )
    // Set before the first await: two calls with one label make one space.
    this.#byId.set(space.keys.idHex, space)
    this.#adopting.add(space)
    try {
      await space.save()
    } catch (error) {
      this.#byId.delete(space.keys.idHex)
      throw error
    } finally {
      this.#adopting.delete(space)
    }
    await this.#options.connect(space)
    this.#options.changed()
    return space
  }

  // ── leaving ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A space was left here. */
  left(space: object): void {
    for (const [id, known] of this.#byId) if (known === space) this.#byId.delete(id)
    this.#options.changed()
  }

  /** A space was left by another tab; which may have joined again since. */
  async leftElsewhere(idHex: string): Promise<void> {
    await this.#byId.get(idHex)?.leftElsewhere()
    await this.#takeUp(idHex)
    if (this.#options.context.leading) await this.sweep(this.#options.signal)
  }

  /** What is left of spaces that are no longer on the shelf goes. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { context } = this.#options
    const retire = (instances: ReadonlySet<number>): Promise<void> => context.retire(instances)
    await sweep({ store: context.store, keyHex: context.device.keyHex, retire, signal })
  }

  // ── what other tabs do ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Records that another tab appended, of a space that is here, or that it joined. */
  async takeRecords(stream: StreamName, records: readonly StoredRecord[]): Promise<void> {
    const space = this.ofStream(stream)
    if (space === undefined) return this.#takeUp(spaceOf(stream))
    await space.takeRecords(
      stream,
      records.map(({ bytes }) => bytes),
    )
  }

  /** A space that another tab joined. */
  async #takeUp(idHex: string): Promise<void> {
    const { context, connect, changed } = this.#options
    const bytes = await context.store.get(spaceKey(idHex))
    if (bytes === undefined || this.#byId.has(idHex)) return
    await this.#load(spaceKey(idHex), bytes, await context.store.streams())
    const joined = this.#byId.get(idHex)
    if (joined !== undefined) await connect(joined)
    changed()
  }

  /** Notices spaces that another tab left while this one slept. */
  async compare(): Promise<void> {
    const kept = new Set(await this.#options.context.store.keys(spacesPrefix))
    for (const [idHex, space] of this.#byId)
      if (!kept.has(spaceKey(idHex)) && !this.#adopting.has(space)) await this.leftElsewhere(idHex)
  }

  // ── in the background ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A courtesy to the next opening: where it fails, that one takes longer. */
  async saveIndexes(when: 'open' | 'closing'): Promise<void> {
    const { trace } = this.#options.context
    for (const space of this.all)
      await space.saveIndex(when).catch((cause: unknown) => trace('store', 'index', 'not saved', messageOf(cause)))
  }

  /** Nobody waits for it, and it ends with the lead. */
  async compactLong(signal: AbortSignal): Promise<void> {
    for (const space of this.all) if (!signal.aborted) await space.compactLong()
  }
  async close(): Promise<void> {
    // Those, too, that are taken up meanwhile.
    for (const space of this.#byId.values()) await space.close()
  }
}

function spaceOf(stream: StreamName): string {
  return stream.slice(0, stream.indexOf('/'))
}
