// What `joinery/doc` gives, in types: options, a document, and what its methods tell. src/doc.ts makes it so.

import type { Clock } from '../base/clock.ts'
import type { Off } from '../base/emitter.ts'
import type { Random } from '../base/random.ts'
import type { ActorId, Dot } from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import type { Handles } from '../crdt/engine/handles.ts'
import type { Patch, PatchEvent, Path } from '../crdt/patch.ts'
import type { Draft, Value } from '../crdt/types.ts'
import type { Cursor, Side } from './cursor.ts'
import type { Blame, HistoryEntry } from './past.ts'
import type { Pending } from './received.ts'
import type { Undo, UndoOptions } from './undo.ts'

export interface DocOptions {
  /**
   * Who writes: 1-64 bytes, never the same for two living documents, since edits are told apart by actor and number. Ties go to the greater bytes. 16
   * random bytes by default.
   */
  readonly actor?: Uint8Array
  /** Where chance comes from: the platform by default. */
  readonly random?: Random
  /** Where `time` in patches, history and blame comes from: the system's clock by default. It decides nothing. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Synchronous compression, where the platform has it: in Node `deflateRawSync` and `inflateRawSync` of `node:zlib`. */
export interface Codec {
  deflate(bytes: Uint8Array): Uint8Array
  /** Throws, or stops, when more than `sizeMax` bytes come out. */
  inflate(bytes: Uint8Array, sizeMax: number): Uint8Array
}

export interface DocSnapshotOptions {
  /**
   * `live` leaves out what does not show: deleted text and items, overwritten values. It can never be read again, not by undo or `at` either, while later
   * edits merge as ever. `full` by default.
   */
  readonly history?: 'full' | 'live'
  /** Compresses it: `openDoc` needs the same then. */
  readonly codec?: Codec
}

export interface DocEvents {
  /** A local change, as bytes for others. */
  delta: Uint8Array
  /** What a change altered, local or not. */
  patch: PatchEvent
  /** The value may be another one now. */
  change: { readonly local: boolean }
}

/** What came of receiving a delta. */
export interface DocReceived {
  /** How many ops were merged. */
  readonly merged: number
  /** What waits for ops that are not here yet: it merges by itself when they come. */
  readonly pending: Pending
  /** What that altered, in order: the old value plus the patches is the new value. None with `patches: false`. */
  readonly patches: readonly Patch[]
  /** Actors of whom it was found that they made different edits under one name, from two copies of something: both sides are here now. */
  readonly forked: readonly ActorId[]
}

/** One end of an ordered stream between two replicas. */
export interface DocSession {
  /** What is new here since the last call, as bytes; no bytes if nothing is. At most 2^20 ops: repeat until there are none. */
  send(): Uint8Array
  /** Takes what the other end's send() gave, in order. Errors: 'bad-message': begin another session then. */
  receive(message: Uint8Array, options?: { readonly patches?: boolean }): DocReceived
}

/** Something that lost to what shows: assign it to have it back. */
export interface DocConflict {
  /** As `value` would show it. */
  readonly value: unknown
  /** Who wrote it, and the number of that op. */
  readonly actor: ActorId
  readonly seq: number
}

/** A document in memory. */
export interface Doc<T = unknown> extends Handles {
  /** Immutable and structurally shared: the same reference until it changes. Sets are in the order of their members' bytes. */
  readonly value: Value<T>
  /** How many ops of each actor are here: what to hand to another's `delta`, and to `at` and `diff`. */
  readonly version: Version
  /** The newest ops, those nothing here builds on: one, if nobody wrote at the same time as another. */
  readonly frontier: readonly Dot[]
  /** Who writes here: the option's bytes as hex. */
  readonly actor: ActorId
  /**
   * Runs `fn` on a draft and gives what it gives; what it does becomes one change, at once, or none if it throws. `message` is for `history`. Errors:
   * 'bad-change' | 'bad-value' | 'limit'.
   *
   * @example
   * doc.change((d) => { d.title = 'Groceries' }, { message: 'Give it a name' })
   */
  change<R>(fn: (draft: Draft<T>) => R, options?: { readonly message?: string }): R
  /**
   * Takes what another made, in any order, any batching, again and again. Many deltas at once are merged together, which is faster where many wrote
   * at once. `patches: false` saves the work of saying what that altered. Errors: 'bad-message' | 'forked' | 'limit' | 'unsupported' (somebody edits
   * with a newer joinery); what else the bytes hold is taken all the same.
   *
   * @example
   * const other = createDoc<Board>({ actor: Uint8Array.of(7) })
   * other.change((d) => { d.title = 'Groceries' })
   * const { merged, pending, patches } = doc.receive(other.delta())
   */
  receive(delta: Uint8Array | readonly Uint8Array[], options?: { readonly patches?: boolean }): DocReceived
  /**
   * What a holder of `version` lacks, all by default: at most 2^20 ops, so repeat until it is empty (no bytes). Errors: 'bad-option' where this document
   * was opened from a `live` snapshot, and the other one has not what came with that.
   *
   * @example
   * const other = createDoc<Board>()
   * for (let bytes = doc.delta(); bytes.length > 0; bytes = doc.delta(other.version)) other.receive(bytes)
   */
  delta(version?: Version): Uint8Array
  /**
   * One end of an ordered stream to another replica that has `version` (all this one has, by default): its messages are a few bytes each, since both
   * ends remember what was said. Errors: 'bad-option', as `delta`.
   *
   * @example
   * const other = openDoc<Board>(doc.snapshot())
   * const here = doc.session(other.version)
   * const there = other.session(doc.version)
   * doc.text('note').append('!')
   * there.receive(here.send())
   */
  session(version?: Version): DocSession
  /**
   * The document as it was. Errors: 'bad-option' for what is no version of this document.
   *
   * @example
   * const { version } = doc
   * doc.change((d) => { d.title = 'Groceries' })
   * doc.change((d) => { d.title = doc.at(version).value.title }) // as it was
   */
  at(version: Version): { readonly value: Value<T> }
  /**
   * Patches that take the value at one version to that at another, either being the older one. Errors: 'bad-option'.
   *
   * @example
   * const { version } = doc
   * doc.change((d) => { d.note.append('!') })
   * const patches = doc.diff(version, doc.version) // [{ type: 'insert', path: ['note'], index: 5, text: '!' }]
   */
  diff(from: Version, to: Version): readonly Patch[]
  /**
   * Changes, the newest to arrive here first; of a path, those that altered something there or inside of it, undo and redo among them. Indexes in it are
   * those of now.
   *
   * @example
   * const [newest] = doc.history({ path: ['note'], limit: 1 })
   * if (newest !== undefined) console.log(newest.actor, newest.time, doc.diff(newest.before, newest.after))
   */
  history(options?: { readonly path?: Path; readonly limit?: number }): readonly HistoryEntry[]
  /**
   * What lost to what shows under a key, the greatest first, then what was edited there by somebody who did not know that it was removed; of a register with
   * several values all of these. Empty where nobody wrote at the same time as another. Errors: 'bad-path'.
   *
   * @example
   * for (const { value, actor } of doc.conflicts(['title'])) console.log(actor, 'wrote', value)
   */
  conflicts(path: Path): readonly DocConflict[]
  /**
   * Who wrote which part of the text or list at a path, from its start on. Errors: 'bad-path'.
   *
   * @example
   * for (const { index, count, actor } of doc.blame(['note'])) console.log(doc.value.note.slice(index, index + count), actor)
   */
  blame(path: Path): readonly Blame[]
  /**
   * A place in a text or list that stays while others edit; 'before' the item at `index` by default. Errors: 'bad-path' | 'bad-change' for an index
   * outside | 'bad-option'.
   *
   * @example
   * const caret = doc.cursor(['note'], 2)
   * doc.text('note').insert(0, 'Oh, ')
   * console.log(caret.index) // 6
   */
  cursor(path: Path, index: number, side?: Side): Cursor
  /**
   * A cursor from what `encode` gave, here or on another replica. Errors: 'bad-message' | 'bad-path' where its text is not here yet.
   *
   * @example
   * const other = openDoc<Board>(doc.snapshot())
   * const theirs = other.openCursor(doc.cursor(['note'], 2).encode())
   */
  openCursor(bytes: Uint8Array): Cursor
  /**
   * Everything, to be opened by `openDoc`. Errors: 'bad-option'.
   *
   * @example
   * const copy = openDoc<Board>(doc.snapshot({ history: 'live' }))
   */
  snapshot(options?: DocSnapshotOptions): Uint8Array
  /**
   * Undo and redo of what this actor does, also of what it did before it was opened again. Errors: 'bad-option'.
   *
   * @example
   * const undo = doc.undo({ scope: ['note'], mergeMs: 500 })
   * doc.text('note').append('!')
   * if (undo.canUndo) undo.undo()
   */
  undo(options?: UndoOptions): Undo
  /**
   * Calls `listener` after each change, until what it gives is called.
   *
   * @example
   * const off = doc.on('patch', ({ patches, local }) => console.log(local, patches))
   * off()
   */
  on<Name extends keyof DocEvents>(name: Name, listener: (event: DocEvents[Name]) => void): Off
  /** Calls `fn` after each change: for `useSyncExternalStore` and the like. */
  subscribe(fn: () => void): Off
}
