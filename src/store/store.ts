// What the rest of the house knows of a store: an append-only log of records, each belonging to one stream (a document of a space), and a
// small shelf of named values (keys, address book). A record is opaque here. One adapter per platform implements it; all keep the contract suite.
//
//   append([r1, r2]) ──► one atomic group, durable when the promise resolves, in the order of the calls
//   read(stream)     ──► its records, in order of append, since its last snapshot (which comes first)
//   tail(cursor)     ──► what was appended by anybody (this process or another tab) since the cursor

import type { Off } from '../base/emitter.ts'

/** A stream's name: '<space id in hex>/<document tag in hex>'. At most 200 characters of [0-9a-z/-]. */
export type StreamName = string

/** A place in the whole log; it grows for ever and is never reused. */
export type Cursor = number

export interface StoreRecord {
  readonly stream: StreamName
  readonly bytes: Uint8Array
  /** A part of the bytes that many records have in common, as who wrote them: a store may keep it once. Reading gives back all of the bytes. */
  readonly common?: { readonly at: number; readonly length: number } | undefined
}

export interface StoredRecord extends StoreRecord {
  readonly cursor: Cursor
  /** Who appended it: the `writer` id of the Store object that did. */
  readonly writer: string
}

export interface Loaded {
  /** The records of a stream in order of append; a snapshot, where there is one, is the first of them. */
  readonly records: readonly Uint8Array[]
  /** True if damage was found and skipped: what is missing heals from peers, and no snapshot is written from this load. */
  readonly degraded: boolean
}

export interface AppendOptions {
  /** 'strict': on the platter when it resolves (our own edits). 'relaxed': ordered, handed to the system (received edits). Order holds across both. */
  readonly durability: 'strict' | 'relaxed'
}

/** A lease of an actor's instance number by one living writer. */
export interface Lease {
  readonly instance: number
  /** Resolves when the lease was lost while we lived (stolen lock, store gone): stop writing at once. Never rejects. */
  readonly lost: Promise<void>
  /** Gives the instance back, for the next process or tab to reuse. */
  release(): Promise<void>
}

/** A lease of leadership: it ends with release() or when `lost` resolves. */
export interface Leadership {
  readonly lost: Promise<void>
  release(): Promise<void>
}

/** What the platform says of the room for this store; undefined where it does not tell. */
export interface Usage {
  /** All that this site, or device, has used. */
  readonly usedBytes: number | undefined
  /** All that it may use. */
  readonly roomBytes: number | undefined
  /** Whether the platform keeps it until a person deletes it: false where it may clear it by itself, to make room. */
  readonly persisted: boolean | undefined
}

/** Of platforms that end a program without waiting for it: a page is closed, put to sleep, or replaced by a newer one. */
export interface LastWords {
  /** The end may be near: what is written before the listener's promise resolves is kept, if there is time. Called any number of times. */
  onCall(listener: () => void | Promise<void>): Off
  /** Leaves a note, at once, for whoever leases this actor's instance next; undefined takes it back. */
  leave(instance: number, note: string | undefined): void
  find(instance: number): string | undefined
}

/** Makes an Ed25519 key pair. A file can only hold a key that may be exported; a browser keeps one that may not. */
export type MakeKeyPair = (options: { readonly extractable: boolean }) => Promise<CryptoKeyPair>

export interface Store {
  readonly kind: 'memory' | 'filesystem' | 'indexeddb'
  /** Made when the store is first made; another one after it was wiped. Hex of 16 bytes. Receipts are counted once per incarnation. */
  readonly incarnation: string
  /** This Store object among those open on the same data (tabs). */
  readonly writer: string

  /** Appends as one atomic group; its bytes must not be altered until it resolves. Rejects 'store-full' (nothing was written; later appends may succeed) | 'store-failed' (takes nothing more) | 'closed' | 'limit'. */
  append(records: readonly StoreRecord[], options: AppendOptions): Promise<void>
  /** Every stream that holds records. */
  streams(): Promise<readonly StreamName[]>
  read(stream: StreamName): Promise<Loaded>
  /**
   * Of each stream a mark, told without reading its records: another one whenever these are others; undefined where damage is known of. So what was noted
   * of a stream beside its mark holds as long as the mark is the same.
   */
  marks(): Promise<ReadonlyMap<StreamName, string | undefined>>
  /**
   * Replaces all records of a stream up to and including `upTo` by one snapshot record. Old data is deleted only after the new is durable.
   * Alters nothing where the stream was dropped, or a snapshot already reaches further. Rejects 'store-locked' if another writer leads by now.
   */
  compact(stream: StreamName, snapshot: Uint8Array, upTo: Cursor): Promise<void>
  /**
   * What is written from here on lies apart from what is there, so that compacting everything lets go of all that was: asked for before that is done. A
   * store that keeps records one by one has nothing to do.
   */
  separate(): Promise<void>
  /** Forgets a stream for good. */
  drop(stream: StreamName): Promise<void>

  /** Where the log ends, as far as this writer has seen all of it: at open, through its own appends, through `tail`. Safe as `upTo`. */
  cursor(): Cursor
  /**
   * Records appended after `cursor` by other writers on the same data (other tabs), in order, and where to go on. Empty where there are none.
   * Where another writer has meanwhile compacted what this one never saw, the snapshot comes in its stead.
   */
  tail(cursor: Cursor): Promise<{ readonly records: readonly StoredRecord[]; readonly cursor: Cursor }>
  /** A hint that another writer appended: call `tail`. Hints may be lost or repeated. */
  onHint(listener: () => void): Off

  /** Leases the lowest free actor instance number for this writer. */
  lease(): Promise<Lease>
  /**
   * Leadership among the writers of the same data: resolves when this one is to own network and compaction (at once where there can be no
   * other). The returned lease ends with release() or lost. A visible tab is preferred to a hidden one where the platform tells.
   */
  lead(signal: AbortSignal): Promise<Leadership>

  /** The shelf: small named values, each write durable (strict) when it resolves. Keys: at most 200 characters of [0-9a-z/.-]. */
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array): Promise<void>
  /** Sets only if the key is absent; resolves with what stands there then. Decides races between tabs. */
  setOnce(key: string, value: Uint8Array): Promise<Uint8Array>
  delete(key: string): Promise<void>
  keys(prefix: string): Promise<readonly string[]>
  /**
   * A CryptoKeyPair kept as a platform object where that is possible (IndexedDB keeps non-extractable keys), else through the shelf as 0600 file.
   * `make` is called when there is none, with the extractability this store needs to keep the keys; decided once among tabs.
   */
  keyPair(name: string, make: MakeKeyPair): Promise<CryptoKeyPair>

  /** How much room there is. Never rejects. Absent where there is nothing to tell. */
  usage?(): Promise<Usage>
  /** Absent where a program is waited for. */
  readonly lastWords?: LastWords

  /** Waits for what was appended, then closes. Never rejects. Later calls reject 'closed'. */
  close(): Promise<void>
}

/** Opens a store at a path (a folder, or a database name). */
export type StoreFactory = (path: string) => Promise<Store>
