// What one op says. Actors are small numbers here (the replica's or a body's table): names are for the wire.

import type { Scalar } from './value.ts'

export type ContainerType = 'map' | 'list' | 'text' | 'counter' | 'set'

/** A dot with the actor as an index into a table. */
export interface Ref {
  readonly actor: number
  readonly seq: number
}

/** A container to be made. `gen` tells slots of one key and type apart (FORMAT §4); in a list it is 0. */
export class Make {
  readonly type: ContainerType
  readonly gen: number
  constructor(type: ContainerType, gen: number) {
    this.type = type
    this.gen = gen
  }
}

export type Content = Scalar | Make

/** `at` names a container by the op that made it (any of them, if several made one slot); undefined is the root map. */
export type Op =
  | { readonly type: 'set'; readonly at: Ref | undefined; readonly key: string; readonly value: Content }
  | { readonly type: 'delete'; readonly at: Ref | undefined; readonly key: string }
  /** Behind the item `left` (undefined: at the start). The right origin is the next item its author saw: derived, never sent. */
  | { readonly type: 'type'; readonly at: Ref | undefined; readonly left: Ref | undefined; readonly text: string }
  | {
      readonly type: 'insert'
      readonly at: Ref | undefined
      readonly left: Ref | undefined
      readonly values: readonly Content[]
    }
  | { readonly type: 'remove'; readonly at: Ref | undefined; readonly targets: readonly Target[] }
  | { readonly type: 'add'; readonly at: Ref | undefined; readonly by: number }
  | { readonly type: 'include'; readonly at: Ref | undefined; readonly value: Scalar }
  | { readonly type: 'exclude'; readonly at: Ref | undefined; readonly value: Scalar }
  /** Says nothing: the body of a change that only joins heads. */
  | { readonly type: 'meta' }

/** `count` consecutive ops of one actor from `seq` on. */
export interface Target extends Ref {
  readonly count: number
}

/** What one change() made. */
export interface Change {
  readonly seq: number
  /** Unit ops. */
  readonly count: number
  /** The other heads its author saw; the own previous op goes without saying. */
  readonly links: readonly Ref[]
  /** Milliseconds, present only where it moved by more than a minute. */
  readonly time: number | undefined
  readonly message: string | undefined
  readonly ops: readonly Op[]
}

/** How many seqs an op takes. */
export function unitsOf(op: Op): number {
  switch (op.type) {
    case 'type':
      return op.text.length
    case 'insert':
      return op.values.length
    case 'remove':
      return op.targets.reduce((sum, target) => sum + target.count, 0)
    default:
      return 1
  }
}
