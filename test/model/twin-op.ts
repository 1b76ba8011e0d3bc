// What the slow twin of the engine is fed with: unit ops, each naming what its author had seen and which container it is about. No runs, no
// local versions, no columns: nothing here is the engine's.

import type { ContainerType } from '../../src/core/kinds.ts'
import type { Scalar } from '../../src/core/value.ts'

/** `actor:seq`, where the actor is the hex of its bytes. */
export type OpName = string

/** What a list's item or a map's key is given: a value, or a container to be made. */
export type TwinContent = { readonly value: Scalar } | { readonly make: ContainerType }

export type TwinAction =
  | { readonly kind: 'meta' | 'unknown' }
  | { readonly kind: 'type'; readonly index: number; readonly unit: number }
  | { readonly kind: 'insert'; readonly index: number; readonly content: TwinContent }
  | { readonly kind: 'erase'; readonly index: number }
  | { readonly kind: 'set'; readonly key: string; readonly value: Scalar }
  | { readonly kind: 'make'; readonly key: string; readonly make: ContainerType; readonly gen: number }
  | { readonly kind: 'unset'; readonly key: string }
  | { readonly kind: 'add'; readonly by: bigint }
  | { readonly kind: 'include' | 'exclude' | 'append' | 'assign'; readonly value: Scalar }
  | { readonly kind: 'revoke'; readonly level: 1 | 2; readonly targets: readonly OpName[] }
  | { readonly kind: 'cut' | 'uncut'; readonly whom: string; readonly afterSeq: number }

/** One unit edit. */
export type TwinOp = TwinAction & {
  readonly actor: string
  readonly seq: number
  /** The heads its author saw, its own previous op among them unless another has seen that. */
  readonly parents: readonly OpName[]
  /** The op that made the container it is about; undefined for the root map. */
  readonly container: OpName | undefined
}

export function nameOf({ actor, seq }: { readonly actor: string; readonly seq: number }): OpName {
  return `${actor}:${seq}`
}
