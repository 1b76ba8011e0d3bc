// The public shape of the package: Peer, Space, DocHandle and the values they show. The classes beside this file implement it.

import type { Clock } from '../base/clock.ts'
import type { Off } from '../base/emitter.ts'
import type { JoineryError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import type { PatchEvent, Path } from '../crdt/patch.ts'
import type { Draft, Value } from '../crdt/types.ts'
import type { NetworkFactory } from '../net/network.ts'
import type { Cursor, Side } from '../replica/cursor.ts'
import type { StoreFactory } from '../store/store.ts'
import type { Json } from '../sync/presence.ts'
import type { SyncReason } from '../sync/reason.ts'

export type { Cursor, Json, Side, SyncReason }

/** A value that changes: read it, be told of it, or wait for the next one. Every status of this package has this shape. */
export interface Observable<T> {
  /** What holds now. The same reference until it changes. */
  readonly current: T
  /** Calls `listener` after each change (not at once). Returns a function that ends it. */
  subscribe(listener: (value: T) => void): Off
  /** The current value, then each later one (a slow reader misses none but the ones in between). Ends when the owner closes. */
  [Symbol.asyncIterator](): AsyncIterator<T>
}

/** How {@link openPeer} is told where to rest and how to travel. Everything has a default for the platform. */
export interface PeerOptions {
  /** Where the data is: a folder in Node (default './.joinery'), a database name in a browser (default 'joinery'). */
  readonly path?: string
  /** 'memory' for a peer that forgets when it closes; or a store of your own. Default: files in Node, IndexedDB in a browser. */
  readonly store?: 'memory' | StoreFactory
  /** 'none' for a peer that never talks; or a network of your own. Default: libp2p. */
  readonly network?: 'none' | NetworkFactory
  /** A name for people, shown to members of your spaces. Default: made from the device key. */
  readonly name?: string
  readonly clock?: Clock
  readonly random?: Random
  /** One line per event, for debugging. */
  readonly trace?: Trace
}

/** The state of a document, of a space or of all spaces of a peer, in words people know. */
export interface Status {
  /** All own edits are durable here. Never so where the browser keeps nothing (see `storage`). */
  readonly saved: boolean
  /** Agreed with every peer in contact since the last news; false when none is in contact. */
  readonly upToDate: boolean
  /** A session that is followed here has seen more elsewhere than is here (see {@link Peer.session}); in the status of a space or peer: in any open handle. */
  readonly stale: boolean
  /** What is missing, and why: sentences, empty when nothing is. */
  readonly pending: readonly Pending[]
  /** The members met by this peer, in contact or not. */
  readonly peers: readonly PeerStatus[]
  /** When this copy last agreed with any member, in milliseconds since 1970; undefined if never. */
  readonly lastAgreedAt: number | undefined
  /** How far what is being fetched has come; undefined while nothing is. */
  readonly progress: Progress | undefined
  /** Where it is kept, and how much room there is. The same for all documents of a peer. */
  readonly storage: StorageStatus
}

/** How far an exchange has come. What is left is an estimate, from what others say they have and how it went so far. */
export interface Progress {
  readonly editsReceived: number
  readonly bytesReceived: number
  readonly editsLeft: number
  /** Undefined until something came. */
  readonly bytesLeft: number | undefined
  readonly msLeft: number | undefined
}

export interface StorageStatus {
  /** 'memory': it is forgotten when the peer closes. */
  readonly kind: 'memory' | 'filesystem' | 'indexeddb'
  /** Kept until somebody deletes it. False where the browser may clear it to make room, or nothing is kept; undefined where it does not tell. */
  readonly persisted: boolean | undefined
  /** Bytes in use by this site, and all that it may use; a browser's estimate, some seconds old. Undefined where the platform does not tell. */
  readonly usedBytes: number | undefined
  readonly roomBytes: number | undefined
}

export interface Pending {
  /**
   * 'saving': own edits not yet durable · 'ops': ops wait for what caused them · 'sync': a peer in contact has not agreed yet · 'alone': no peer is in
   * contact · 'stale': a session has seen more elsewhere · 'storage': nothing is kept here, or little room is left · 'paused' · 'damaged'
   */
  readonly reason: 'saving' | 'ops' | 'sync' | 'alone' | 'stale' | 'storage' | 'paused' | 'damaged'
  /** A sentence for people. */
  readonly message: string
  /** Another one: what is done about it, or what you can do. */
  readonly doing: string
  /**
   * When this was first seen to be so, in milliseconds since 1970: it has been so each time that somebody looked since, some fifty times a second. How far
   * one document is exchanged nobody looks at but who reads its status, or listens to it.
   */
  readonly since: number
  /** The space it is about, by its label; in the status of a peer. */
  readonly space?: string
  /** The document it is about, by its name ('ops', 'stale'). */
  readonly document?: string
  /** The member it is about, as in {@link PeerStatus} ('sync'). */
  readonly peer?: string
  /** What is missing ('ops'): up to which edit of which device, counted from 0 in each document. */
  readonly missing?: readonly { readonly device: string; readonly edit: number }[]
  /** Who is being asked, and why ('ops', 'sync'). */
  readonly asked?: readonly Asked[]
}

export interface Asked {
  /** As in {@link PeerStatus}. */
  readonly peer: string
  readonly name: string
  readonly because: SyncReason
}

export interface PeerStatus {
  /** The member's device, a short id of its public key. */
  readonly id: string
  readonly name: string
  /** In contact now. */
  readonly connected: boolean
  /** 'tcp' | 'websocket' | 'webrtc' | 'webrtc-direct' | 'relay' | 'memory' …; undefined when not in contact. */
  readonly transport: string | undefined
  readonly direct: boolean
  /** This peer and that one hold the same. */
  readonly agreed: boolean
  /** Why not, in a sentence; undefined when agreed. */
  readonly why: string | undefined
  /** When this peer and that one last held the same, in milliseconds since 1970, while this peer runs; undefined if never. */
  readonly agreedAt: number | undefined
  /**
   * It said that it has on its disk all that this device wrote. Taken back when it says less, or has another disk. Never so of a peer that forgets, or that
   * is this very device.
   */
  readonly stored: boolean
  /** How many edits of this device it did not say so of; undefined if it never said anything. */
  readonly unstored: number | undefined
  readonly lastSeenAt: number | undefined
}

export interface WaitOptions {
  /** Gives up after so many milliseconds with a 'timeout' error. Default: waits. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface SessionOptions {
  /** Handles of the documents that it is about. Default: of all that were opened since this peer was. */
  readonly documents?: readonly Pick<DocHandle, 'name' | 'space' | 'close'>[]
}

/** Where a document stood: what {@link DocHandle.frontier} gave. Of use in this peer only; to carry it to another, see {@link Peer.session}. */
export interface Frontier {
  /** The document's name. */
  readonly document: string
}

/** Several documents at one moment. */
export interface Snapshot<T extends Record<string, object>> {
  /** By name: immutable, as in {@link DocHandle.value}. */
  readonly values: { readonly [Name in keyof T]: Value<T[Name]> }
  /** In the order of the names: what a change says that it follows all that was read here (`after`). */
  readonly frontiers: readonly Frontier[]
}

export interface ChangeOptions {
  /** For people, in the history. */
  readonly message?: string
  /**
   * Other documents of this space as they stood when this edit was decided upon: no peer shows it before it shows these edits, too. Name the nearest only;
   * what they follow themselves is followed with them. One that was deleted is not waited for.
   */
  readonly after?: readonly Frontier[]
}

export interface OpenOptions<T extends object> {
  /** The first value, recorded only while the document is empty here. */
  readonly init?: Value<T> | T
  /** A session to follow from the beginning, as {@link DocHandle.follow} does. */
  readonly session?: Uint8Array
  /**
   * What `change` does while the handle is stale. 'edit' (the default): it edits what is here, as offline; such an edit does not build on what the session
   * saw. 'refuse': it throws 'stale', so that each edit follows all that the session saw and wrote.
   */
  readonly whileStale?: 'edit' | 'refuse'
}

export interface SettledOptions extends WaitOptions {
  /** How many other members must have stored it too. Default 0: durable here. */
  readonly peers?: number
}

export interface PeerEvents {
  /** Something went wrong that no call of yours could be told of. The peer goes on. */
  readonly error: JoineryError
  /** A space was joined, made, left. */
  readonly spaces: readonly Space[]
  readonly close: undefined
}

/** One node on the network: its device key, its store, its spaces. */
export interface Peer extends AsyncDisposable {
  /** This device's id: 'peer:' and the first 16 hex digits of its public key. */
  readonly id: string
  readonly name: string
  /** Every space this peer belongs to. */
  readonly spaces: readonly Space[]
  /** Where others may reach this peer, as multiaddr texts. */
  readonly addresses: readonly string[]
  /** Cut off by {@link Peer.pause}. */
  readonly paused: boolean
  /** True where this peer owns the network of its store: always in Node, one tab in a browser. */
  readonly leading: boolean
  /** Of all spaces together. */
  readonly status: Observable<Status>
  /**
   * Why not everybody has everything, in plain words: what is missing, for how long, and what is done about it. Undefined where nothing is known to be
   * missing.
   * @example console.log(peer.why()) // Family: No other member is in contact. The addresses that are known are dialled again and again.
   */
  why(): string | undefined
  /** Bytes moved since the start, by way. */
  readonly traffic: {
    readonly gossipSent: number
    readonly gossipReceived: number
    readonly syncSent: number
    readonly syncReceived: number
  }
  /**
   * The space with this local label, made on first use; or the space with this id ('space:…').
   * Labels are local, ids global. Errors: 'ambiguous-space' (details.ids), 'no-such-space' (an unknown id), 'bad-label', 'closed'.
   * @example const space = await peer.space('Family')
   */
  space(labelOrId: string): Promise<Space>
  /**
   * Joins the space a ticket invites to. Resolves at once, reachable or not; joining again is harmless.
   * Errors: 'bad-ticket', 'ticket-newer', 'closed', 'store-full'.
   * @example const space = await peer.join(ticket) // then: await space.met({ timeoutMs: 10_000 })
   */
  join(ticket: string, options?: { readonly label?: string }): Promise<Space>
  /**
   * Begins a meeting by hand: two peers connect by a code each, carried by people, with no server and no third peer. Both must be in one network.
   * Errors: 'network' (no address of its own; paused), 'store-locked' (another tab carries the connection), 'limit', 'unsupported', 'closed'.
   * @example
   * const here = await openPeer({ network: libp2pNetwork({ host: '127.0.0.1' }) })
   * const meeting = await here.meet()
   * console.log(meeting.code)                                                   // for the other, who shows theirs
   * await meeting.take('…').catch((error) => console.log(error.code))           // bad-code: may be tried again
   * meeting.close()
   */
  meet(): Promise<Meeting>
  /**
   * Cuts this peer off the network until {@link Peer.resume}: every connection closed, none accepted, none dialled. Editing goes on.
   * Errors: 'closed'.
   * @example peer.pause() // and later: peer.resume()
   */
  pause(): void
  /** Ends {@link Peer.pause}: members are dialled again. Errors: 'closed'. */
  resume(): void
  /**
   * A token of what was seen and written here, to be carried to another device or tab of the same person, in a message or an address: a few dozen bytes
   * for each document. Whoever follows it there (`open(name, { session })`) is told for as long as something of it is not there yet. It is made when all that
   * was seen is durable here, and is no secret: nobody without the space learns anything from it. Errors: 'bad-option', 'limit', 'closed', 'store-full',
   * 'store-failed'.
   * @example const token = await peer.session()
   */
  session(options?: SessionOptions): Promise<Uint8Array>
  /**
   * Resolves when everything made before the call, in all spaces, is durable here. Errors: 'store-full', 'store-failed', 'no-indexeddb' (the browser
   * keeps nothing).
   * @example await peer.flush()
   */
  flush(): Promise<void>
  /**
   * Like {@link DocHandle.settled}, for all spaces: each in which this device wrote something must be stored by `peers` others of that space. Where several
   * are not in time, the error names who has what of each, with `space`.
   * @example await peer.settled()
   */
  settled(options?: SettledOptions): Promise<void>
  /**
   * All data as plain JSON: spaces by id with labels, documents by name with values. Errors: 'closed'.
   * @example console.log(JSON.stringify(await peer.export()))
   */
  export(): Promise<PeerExport>
  /**
   * All edits of all spaces, or of some, as one portable file: to be kept, or carried to other members. Sealed with the key of each space.
   * Errors: 'closed', 'bad-option'; those of the store come through the stream.
   * @example const bytes = new Uint8Array(await new Response(peer.backup()).arrayBuffer())
   */
  backup(options?: BackupOptions): ReadableStream<Uint8Array>
  /**
   * Merges a bundle that {@link Peer.backup} made, here or at any other member: what is here stays, and a second time alters nothing. Durable when it
   * resolves. Of a damaged bundle all that can be read is merged, and then it rejects, with `details.restored`.
   * Errors: 'bad-bundle', 'bundle-newer', 'no-such-space' (this peer belongs to none of its spaces), 'bad-message', 'closed', 'limit', 'store-full', 'store-failed'.
   * @example const { spaces } = await peer.restore(peer.backup()) // spaces[0].edits is 0: all of it was here
   */
  restore(source: BundleSource): Promise<Restored>
  /**
   * Writes each document anew as one snapshot with all its history, where that takes less room, so that what is older can go. Loses nothing; happens by
   * itself as documents grow.
   * Errors: 'closed', 'store-locked' (another tab leads), 'store-full', 'store-failed'.
   * @example await peer.compact()
   */
  compact(): Promise<Compacted>
  /**
   * Calls `listener` at each event of this name, until the function that it returns is called.
   * @example const off = peer.on('error', (error) => console.warn(error.message))
   */
  on<Name extends keyof PeerEvents>(name: Name, listener: (event: PeerEvents[Name]) => void): Off
  /**
   * Saves what is left, says goodbye, closes network and store. Never rejects: what could not be saved is told as an 'error' event, 'unsaved'.
   * @example await peer.close() // or: await using peer = await openPeer()
   */
  close(): Promise<void>
}

/** A way to connect that is agreed upon by hand: each of two peers shows the other its code, and takes the other's, in any order. */
export interface Meeting {
  /** 'joinery-meet:…', about 200 characters: for a paste or a QR code. For one other peer, and for ten minutes. It lets nobody into a space. */
  readonly code: string
  /**
   * Takes the other peer's code, and resolves when it took ours and the two are in contact, with the spaces they share. May be called again after
   * 'bad-code' and 'code-newer'; after any other error both begin anew.
   * Errors: 'bad-code', 'code-newer', 'network', 'timeout' (the other never took ours), 'no-such-space' (they share none), 'aborted', 'closed'.
   */
  take(code: string, options?: { readonly signal?: AbortSignal }): Promise<readonly Space[]>
  /** Calls it off, unless it has led to a connection: that one stays. */
  close(): void
}

export interface PeerExport {
  readonly peer: string
  readonly spaces: readonly {
    readonly id: string
    readonly label: string
    readonly documents: Readonly<Record<string, unknown>>
  }[]
}

export interface BackupOptions {
  /** Which of this peer's spaces. Default: all. */
  readonly spaces?: readonly Space[]
  /**
   * Puts an invitation to each space into the file, so that it can be restored by whoever has nothing else. Such a file is a key: whoever has it is a
   * member, for ever. Default: false, and only members can read it.
   */
  readonly withKeys?: boolean
}

/** What {@link Peer.compact} did. */
export interface Compacted {
  /** Documents that were written anew. */
  readonly documents: number
  /** Documents that stay as they are: damaged on disk, and not yet whole again; or something of them waits for what it builds on. */
  readonly kept: number
}

/** Where a bundle comes from: its bytes, a browser's `file.stream()`, Node's `createReadStream(path)`. */
export type BundleSource = Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/** What was in a bundle, and what of it was new here. */
export interface Restored {
  readonly spaces: readonly {
    readonly id: string
    readonly label: string
    readonly documents: number
    /** Edits that were not here before: 0 where the same was restored already. */
    readonly edits: number
  }[]
  /** Spaces in it that this peer does not belong to, and so cannot read. */
  readonly sealed: number
}

export interface SpaceEvents {
  readonly status: Status
  /** A document appeared or went. */
  readonly documents: readonly string[]
  readonly error: JoineryError
  readonly close: undefined
}

/** Members and documents that share: the unit of sharing. */
export interface Space {
  /** 'space:' and 64 hex digits, the same on every peer. */
  readonly id: string
  /** This peer's own word for the space. */
  readonly label: string
  /** Names of the documents held here, sorted; without the deleted ones. */
  readonly documents: readonly string[]
  readonly status: Observable<Status>
  /**
   * Like {@link Peer.why}, of this space.
   * @example console.log(space.why()) // No other member is in contact. The addresses that are known are dialled again and again.
   */
  why(): string | undefined
  /**
   * Opens a document by its name: the same name is the same document on every peer. Held documents open without any network.
   * `init` is recorded only while the document is empty here, and gives way to any edit; equal inits of two peers are one.
   * Errors: 'bad-name', 'bad-value' (init), 'bad-option', 'bad-session', 'session-newer', 'closed', 'limit'.
   * @example const list = await space.open<Groceries>('groceries', { init: { items: [] } })
   */
  open<T extends object = Record<string, unknown>>(name: string, options?: OpenOptions<T>): Promise<DocHandle<T>>
  /**
   * Several documents at one causal cut: none of the values shows an edit without those it follows in the others (see {@link ChangeOptions}).
   * Errors: 'no-such-document', 'bad-name', 'closed', 'store-failed'.
   * @example const { values, frontiers } = await space.snapshot(['groceries'])
   */
  snapshot<T extends Record<string, object> = Record<string, Record<string, unknown>>>(
    names: readonly (keyof T & string)[],
  ): Promise<Snapshot<T>>
  /**
   * Deletes a document for all members: open handles close with 'document-deleted', and opening the name again begins a new generation.
   * Errors: 'no-such-document', 'bad-name', 'closed', 'store-full', 'store-failed'.
   * @example await space.delete('groceries')
   */
  delete(name: string): Promise<void>
  /**
   * An invitation: 'joinery:' and a capability with first-contact addresses. Whoever has it reads and writes for ever. Errors: 'closed'.
   * @example console.log(await space.invite())
   */
  invite(): Promise<string>
  /**
   * Resolves at the first agreement with any member; at once if there was one before. Errors: 'timeout', 'aborted', 'closed'.
   * @example await space.met({ timeoutMs: 10 }).catch((error) => console.log(error.message))
   */
  met(options?: WaitOptions): Promise<void>
  /**
   * Like {@link DocHandle.settled}, for all documents of the space, with the same errors.
   * @example await space.settled()
   */
  settled(options?: SettledOptions): Promise<void>
  /**
   * Leaves, in all tabs of this browser: deletes the local copy. Others keep theirs. Errors: 'closed', 'store-full', 'store-failed'.
   * @example await space.leave()
   */
  leave(): Promise<void>
  /**
   * Calls `listener` at each event of this name, until the function that it returns is called.
   * @example const off = space.on('documents', (names) => console.log(names))
   */
  on<Name extends keyof SpaceEvents>(name: Name, listener: (event: SpaceEvents[Name]) => void): Off
}

/** Somebody who has a document open now: one tab or process, of this or another device. */
export interface Present {
  /** The device, as in {@link PeerStatus}. */
  readonly id: string
  /** This tab or process of it; another one when it is opened again. */
  readonly key: string
  readonly name: string
  /** What it shows of itself: whatever the member likes, so look at it before you use it. */
  readonly state: Json
}

/**
 * Who else has the document open, and what each shows of itself (a cursor, a colour). It is never stored, and gone with whoever showed it: at once when
 * they close or leave, within ten seconds when they crash.
 */
export interface Presence extends Observable<readonly Present[]> {
  /** What this handle shows; undefined where it shows nothing. */
  readonly own: Json | undefined
  /**
   * Shows a small state (1 KiB as JSON; a cursor becomes a text that `openCursor` takes) to others from now on, or nothing: undefined. Call it as often
   * as you like: it is sent at most every 100 ms. Errors: 'bad-value', 'limit', 'closed', 'document-deleted'.
   * @example
   * list.presence.set({ caret: list.cursor(['items'], 0) })
   * for (const { name, state } of list.presence.current) console.log(name, state)
   */
  set(state: unknown): void
}

export interface DocEvents<T> {
  /** One per change or delta, after the value changed. */
  readonly patch: PatchEvent
  readonly change: Value<T>
  readonly status: Status
  readonly error: JoineryError
  readonly close: JoineryError | undefined
}

/** One open document. */
export interface DocHandle<T extends object = Record<string, unknown>> {
  readonly name: string
  readonly space: Space
  /** The document now: immutable, structurally shared, the same reference until it changes. */
  readonly value: Value<T>
  readonly status: Observable<Status>
  /**
   * Like {@link Peer.why}, of this document: why it may not be the same everywhere.
   * @example console.log(list.why()) // No other member is in contact. The addresses that are known are dialled again and again.
   */
  why(): string | undefined
  /** Who else has it open now, and what they show. */
  readonly presence: Presence
  /**
   * Follows a session that went on elsewhere: `status.current.stale` is true, and `pending` says so, until all that it saw of this document is here. Several
   * add up. Errors: 'bad-session' (no member of this space made it), 'session-newer', 'limit', 'closed', 'document-deleted'.
   * @example list.follow(await peer.session()) // from another device, as bytes; all of this one is here: list.status.current.stale is false
   */
  follow(session: Uint8Array): void
  /**
   * Resolves when nothing that a followed session saw is missing here. Errors: 'timeout' and 'aborted' (the message says what is missing), 'closed',
   * 'document-deleted'.
   * @example await list.caughtUp({ timeoutMs: 5_000 })
   */
  caughtUp(options?: WaitOptions): Promise<void>
  /**
   * Edits the document: synchronous, atomic, works offline. `fn` gets a draft that behaves like plain objects and arrays; its return value
   * is passed on. A throw records nothing. Errors: 'bad-change', 'bad-value', 'closed', 'document-deleted', 'limit', 'stale' (see {@link OpenOptions};
   * or what it is to follow is not here), 'bad-option' ('after'), 'store-failed'.
   * @example list.change(d => { d.items.push({ name: 'milk', done: false }) })
   */
  change<R>(fn: (draft: Draft<T>) => R, options?: ChangeOptions): R
  /**
   * Where the document stands now, for a change in another one that is to follow it.
   * @example list.change(d => { d.items.push({ name: 'eggs', done: false }) }, { after: [list.frontier] }) // mostly of another document
   */
  readonly frontier: Frontier
  /**
   * Sets the value at a path of keys and indexes, as one change. Errors: 'bad-path', and those of {@link DocHandle.change}.
   * @example list.set(['items'], [{ name: 'milk', done: true }])
   */
  set(path: Path, value: unknown): void
  /**
   * The value at a path. Errors: 'bad-path'.
   * @example console.log(list.get(['items']))
   */
  get(path: Path): unknown
  /**
   * A place in a text or list that stays where it is while anybody edits, until its text or list goes. It stands before the item at an index, or after
   * the one in front of it. Errors: 'bad-path', 'bad-change' (an index outside), 'closed', 'document-deleted'.
   * @example const place = list.cursor(['items'], 0) // place.index is 0; and 1 once somebody inserted in front of it
   */
  cursor(path: Path, index: number, side?: Side): Cursor
  /**
   * A cursor of another handle or peer: what its `encode` or, in JSON, its `toJSON` gave. Errors: 'bad-message', 'bad-path' (of ops that are not here,
   * perhaps not yet), 'closed', 'document-deleted'.
   * @example console.log(list.openCursor(list.cursor(['items'], 0).encode()).index)
   */
  openCursor(bytes: Uint8Array | string): Cursor
  /**
   * Calls `listener` at each event of this name, until the function that it returns is called.
   * @example const off = list.on('patch', ({ patches, local }) => console.log(local, patches))
   */
  on<Name extends keyof DocEvents<T>>(name: Name, listener: (event: DocEvents<T>[Name]) => void): Off
  /**
   * Calls `listener` after each change of the value; made for `useSyncExternalStore(list.subscribe, () => list.value)`. Bound to the handle.
   * @example const off = list.subscribe(() => console.log(list.value.items.length))
   */
  readonly subscribe: (listener: () => void) => Off
  /**
   * Resolves when everything made before the call is durable here, and stored by `peers` others.
   * Errors: 'timeout' and 'aborted' (the message names who has what; `details.peers` too), 'closed', 'document-deleted', 'store-full', 'store-failed', 'no-indexeddb' (the
   * browser keeps nothing; with `peers` it resolves once these have stored it).
   * @example await list.settled() // or with others: await list.settled({ peers: 1, timeoutMs: 5_000 })
   */
  settled(options?: SettledOptions): Promise<void>
  /**
   * Ends this handle; the document stays.
   * @example list.close()
   */
  close(): void
}
