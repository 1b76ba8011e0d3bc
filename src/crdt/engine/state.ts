// What the states of all containers share: where they stand, their value as last built, and whether there is anything in them to clear. Ops make
// states (effects.ts), values are built from them (build.ts).

import type { LV } from '../../core/graph.ts'
import type { ContainerType } from '../../core/kinds.ts'
import type { CounterState } from './counter-state.ts'
import type { ListState } from './list-state.ts'
import type { LogState } from './log-state.ts'
import type { Entry, MapState } from './map-state.ts'
import type { RegisterState } from './register-state.ts'
import type { SetState } from './set-state.ts'
import type { TextState } from './text-state.ts'

export type Container = MapState | ListState | TextState | CounterState | SetState | LogState | RegisterState

/** Under a key of a map, or as an item of a list. */
export interface Place {
  readonly parent: MapState | ListState
  /** undefined in a list. */
  readonly entry: Entry | undefined
}

export abstract class State {
  abstract readonly type: ContainerType
  /** The map or list it stands in; undefined for the root. */
  readonly parent: MapState | ListState | undefined
  /** The key it stands under, in a map. */
  readonly entry: Entry | undefined
  /** An op that made it; -1 for the root. */
  readonly maker: LV
  readonly depth: number
  /** The number by which ops name it, once one does. */
  ref = -1
  /** The value as last built; undefined when it must be built anew. */
  cache: unknown = undefined
  /** The value before that: handed out again if nothing came of the change. */
  last: unknown = undefined
  /** Whether nothing was added since it was wholly cleared: then there is nothing to clear. */
  spent = true
  /** A text or list that was ever spent: its Sequence may not know of later clears. */
  skips = false
  /** A text or list whose Sequence knows all clears, since one was revoked: it is never spent again. */
  exact = false
  /** A text or list: its place among those that a change has edited. */
  touched = 0
  /** An item of a list: whether it is visible. */
  shown = false
  /** An item of a list: about where it stood last. */
  hint = 0
  /** The draft that stands for it, and the change in which it was last handed out. */
  draft: object | undefined = undefined
  draftChange = -1

  constructor(place: Place | undefined, maker: LV) {
    this.parent = place?.parent
    this.entry = place?.entry
    this.maker = maker
    this.depth = place === undefined ? 0 : place.parent.depth + 1
  }
}

export function isContainer(value: unknown): value is Container {
  return value instanceof State
}

/** Whether a container shows in the one it stands in. */
export function isShown(state: State): boolean {
  return state.parent === undefined || (state.entry === undefined ? state.shown : state.entry.value === state)
}
