// What the states of one document have in common: the graph and log they are made from, where containers are found, what forgets values, and where
// patches go.

import { type Graph, inSpans, type LV, type Spans } from '../../core/graph.ts'
import { type ContainerType, containerTypes, Kind, Make } from '../../core/kinds.ts'
import type { OpLog } from '../../core/op-log.ts'
import { Cuts } from '../cuts.ts'
import type { Patch, Path } from '../patch.ts'
import { show } from './build.ts'
import { CounterState } from './counter-state.ts'
import { type Item, ListState } from './list-state.ts'
import { LogState } from './log-state.ts'
import { MapState, type Slots, slotCode } from './map-state.ts'
import { RegisterState } from './register-state.ts'
import { Rollback } from './rollback.ts'
import { SetState } from './set-state.ts'
import { type Container, isShown, type Place, type State } from './state.ts'
import { TextState } from './text-state.ts'

export type CompareBranches = (a: number, b: number) => number

export class Context {
  readonly graph: Graph
  readonly log: OpLog
  readonly compareBranches: CompareBranches
  readonly root = new MapState(undefined, -1)
  readonly rollback = new Rollback()
  readonly cuts = new Cuts()
  /** Collects patches while it is there. */
  patches: Patch[] | undefined
  /** Loaded as it shows: Sequences know of no op before that. */
  isShallow = false
  readonly #byRef: (Container | undefined)[] = [this.root]
  /** By the op that made them: items of lists, and all that a loaded document came with. */
  readonly #made = new Map<LV, Container>()

  constructor(graph: Graph, log: OpLog, compareBranches: CompareBranches) {
    this.graph = graph
    this.log = log
    this.compareBranches = compareBranches
    this.root.ref = 0
  }

  /** Whether one op comes after another in the order (lamport, actor, seq). */
  readonly isLater = (a: LV, b: LV): boolean => {
    const { graph } = this
    const order =
      graph.lamportAt(a) - graph.lamportAt(b) || this.compareBranches(graph.branchAt(a), graph.branchAt(b)) || a - b
    return order > 0
  }

  // Containers.

  /** The container that ops name so, if there is one. */
  containerOf(ref: number): Container | undefined {
    const known = this.#byRef[ref]
    if (known !== undefined) return known
    const made = this.madeAt(this.log.makerOf(ref))
    if (made !== undefined) this.#byRef[ref] = made
    return made
  }

  /** The container that an op made, if it did. */
  madeAt(maker: LV): Container | undefined {
    const known = this.#made.get(maker)
    if (known !== undefined) return known
    const { log } = this
    if (log.isVoid(log.rowAt(maker))) return undefined
    const parent = this.containerOf(log.refOf(log.rowAt(maker)))
    // Asked for again: looking for the parent may have brought rows.
    const row = log.rowAt(maker)
    if (log.kindOf(row) === Kind.make && parent?.type === 'map') {
      const key = log.keys[log.aOf(row)] as string
      return parent.entries.get(key)?.slots?.containers.get(log.bOf(row))
    }
    if (log.kindOf(row) !== Kind.insert || parent?.type !== 'list') return undefined
    const value = log.values[log.bOf(row) + maker - log.startOf(row)]
    return value instanceof Make ? this.itemOf(parent, maker, value.type) : undefined
  }

  /** The container an op names, if its author saw it made. */
  seenContainer(ref: number, lv: LV, unseen: Spans): Container | undefined {
    if (ref === 0) return this.root
    const maker = this.log.makerOf(ref)
    return maker < lv && !inSpans(unseen, maker) ? this.containerOf(ref) : undefined
  }

  /** The number by which new ops name a container. */
  refOf(container: Container): number {
    if (container.ref < 0) {
      container.ref = this.log.refTo(container.maker)
      this.#byRef[container.ref] = container
    }
    return container.ref
  }

  /** The container of (key, type, generation). Several ops may make it: they share it. */
  slotOf(map: MapState, key: string, slots: Slots, type: ContainerType, gen: number, maker: LV): Container {
    const code = slotCode(type, gen)
    const known = slots.containers.get(code)
    if (known !== undefined) return known
    const made = this.make(type, { parent: map, entry: map.entryFor(key) }, maker)
    slots.containers.set(code, made)
    this.rollback.push(() => {
      slots.containers.delete(code)
      this.#forget(made)
    })
    return made
  }

  /** The container that is an item of a list. */
  itemOf(list: ListState, lv: LV, type: ContainerType): Container {
    const known = this.#made.get(lv)
    if (known !== undefined) return known
    const made = this.make(type, { parent: list, entry: undefined }, lv)
    this.#made.set(lv, made)
    this.rollback.push(() => {
      this.#made.delete(lv)
      this.#forget(made)
    })
    return made
  }

  make(type: ContainerType, place: Place, maker: LV): Container {
    switch (type) {
      case 'map':
        return new MapState(place, maker)
      case 'list':
        return new ListState(this, place, maker)
      case 'text':
        return new TextState(this, place, maker)
      case 'counter':
      case 'gcounter':
        return new CounterState(type, place, maker)
      case 'set':
      case 'rwset':
        return new SetState(type, place, maker)
      case 'log':
        return new LogState(place, maker)
      case 'register':
        return new RegisterState(place, maker)
    }
  }

  /** A value's content was added: clears have something to do here, all the way up. */
  grow(state: State): void {
    for (let at = state; at.spent; ) {
      at.spent = false
      const { parent, entry } = at
      if (entry === undefined || parent?.type !== 'map') return
      entry.slots?.live.push(at as Container)
      if (!entry.busy) {
        entry.busy = true
        parent.busy.add(entry)
      }
      at = parent
    }
  }

  /** A step was taken: values above it are stale. */
  touch(state: State): void {
    for (let at: State | undefined = state; at !== undefined && at.cache !== undefined; ) {
      this.rollback.keepValue(at)
      at.cache = undefined
      // What does not show alters no value above it.
      at = isShown(at) ? at.parent : undefined
    }
  }

  /** Where a container shows, undefined if it does not. */
  pathOf(container: Container): Path | undefined {
    const path: (string | number)[] = []
    let at: Container = container
    while (at.parent !== undefined) {
      if (!isShown(at)) return undefined
      path.push(at.entry === undefined ? (at.parent as ListState).indexOf(at) : at.entry.key)
      at = at.parent
    }
    return path.reverse()
  }

  // Patches.

  patchPath(container: Container): Path | undefined {
    return this.patches === undefined ? undefined : this.pathOf(container)
  }

  patchWhole(container: Container): void {
    const path = this.patchPath(container)
    if (path !== undefined) this.patches?.push({ type: 'set', path, value: show(container, this.rollback) })
  }

  patchText(text: TextState, index: number, content: string): void {
    const path = this.patchPath(text)
    if (path !== undefined) this.patches?.push({ type: 'insert', path, index, text: content })
  }

  patchItems(container: ListState | LogState, index: number, items: readonly Item[]): void {
    const path = this.patchPath(container)
    if (path === undefined) return
    const values = items.map((item) => show(item, this.rollback))
    this.patches?.push({ type: 'insert', path, index, values })
  }

  patchRemove(container: ListState | TextState, index: number, count: number): void {
    const path = this.patchPath(container)
    if (path !== undefined) this.patches?.push({ type: 'remove', path, index, count })
  }

  /** Runs `fn` without patches: whoever calls makes one for all of it. */
  quietly<R>(fn: () => R): R {
    const { patches } = this
    this.patches = undefined
    const result = fn()
    this.patches = patches
    return result
  }

  /** Says which ops made a container that was not made from the log. */
  adopt(container: Container, makers: readonly LV[]): void {
    for (const maker of makers) this.#made.set(maker, container)
  }

  #forget(container: Container): void {
    if (container.ref >= 0) this.#byRef[container.ref] = undefined
  }
}

/** A container type by the number ops have for it; undefined if there is none. */
export function typeOfCode(code: number): ContainerType | undefined {
  return containerTypes[code % 16]
}
