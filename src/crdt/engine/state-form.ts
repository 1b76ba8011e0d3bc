// What a document shows, and what editing it goes on from, as plain data: no history, no structure of the engine. A document exports it for a
// snapshot and is made from it at load; the snapshot codec (replica/snapshot-*.ts) writes it with each LV as (branch, seq).
//
// It is a function of the set of merged ops, but for its LVs. An op that saw everything can be merged upon it; one that did not may need what is
// not here (tombstones, what an add had seen), and then the document is replayed from the log, which decodes itself at first need.

import type { LV } from '../../core/graph.ts'
import type { Scalar } from '../../core/value.ts'

export interface DocState {
  /** The root map first, then by `makers[0]`, ascending: so each stands after the one it is in. Hidden ones too (FORMAT §4: slots stay). */
  readonly containers: readonly ContainerState[]
}

export interface ContainerState {
  readonly place: Place
  /** The ops that made it and are not void, ascending: several for a slot that several peers made. None for the root. */
  readonly makers: readonly LV[]
  readonly content: Content
}

/** `parent` is an index into `containers`. */
export type Place =
  | { readonly in: 'root' }
  | { readonly in: 'slot'; readonly parent: number; readonly key: string; readonly gen: number }
  /** An item of a list, visible or not. */
  | { readonly in: 'item'; readonly parent: number }

export type Content =
  | { readonly type: 'map'; readonly entries: readonly EntryState[] }
  | { readonly type: 'text' /** The visible units, lone surrogates as they are. */; readonly text: string }
  | { readonly type: 'list' /** The visible items. */; readonly items: readonly ItemState[] }
  | { readonly type: 'counter' | 'gcounter'; readonly sum: number | bigint }
  | { readonly type: 'set' | 'rwset'; readonly members: readonly MemberState[] }
  | { readonly type: 'log' /** In order: (lamport, actor bytes, seq). */; readonly items: readonly ValueState[] }
  | { readonly type: 'register' /** Ascending by LV. */; readonly heads: readonly ValueState[] }

/** A key with its effective heads, all concurrent, ascending by LV. Keys without heads are left out; the order of keys does not matter. */
export interface EntryState {
  readonly key: string
  readonly heads: readonly HeadState[]
}

export type HeadState =
  | { readonly lv: LV; readonly kind: 'set'; readonly value: Scalar }
  | { readonly lv: LV; readonly kind: 'make' /** An index into `containers`. */; readonly container: number }
  | { readonly lv: LV; readonly kind: 'unset' }

/** A value, or the index of the container that is this item. */
export type ItemState = { readonly value: Scalar } | { readonly container: number }

export interface ValueState {
  readonly lv: LV
  readonly value: Scalar
}

/**
 * A value that was ever in the set and is not settled as absent. `includes` are the effective ones that nothing effective excluded or cleared;
 * `excludes`, of an rwset only, the effective ones that were not cleared and that no effective include saw. Both ascending.
 */
export interface MemberState {
  readonly value: Scalar
  readonly includes: readonly LV[]
  readonly excludes: readonly LV[]
}
