// What the ops mean: applies each op to the containers, in an order that respects causality, with the same result in every such order.
//
// A remove removes only what its author saw. Whether an op counts is a function of its own past alone: what names a container, an item or a
// generation its author cannot have seen is void, on every peer alike. Nothing here throws for what a peer wrote.

import { never } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import { type ContainerType, type Content, Make, type Op, type Ref, type Target } from '../core/op.ts'
import { type Scalar, valueKey } from '../core/value.ts'
import { build, rawText, show } from './build.ts'
import { checkContainer } from './check.ts'
import {
  type Container,
  type CounterState,
  type Entry,
  type Head,
  type Inverse,
  isShown,
  type ListState,
  MapState,
  makeContainer,
  type Ordered,
  type SetState,
  type State,
  type TextState,
} from './container.ts'
import { Dots } from './dots.ts'
import type { Patch, Path } from './patch.ts'
import { Removals } from './removals.ts'
import { type CompareActors, Item } from './sequence.ts'
import { observes, type Stamp } from './stamp.ts'
import { UndoLog } from './undo.ts'

/** Containers by their type. */
interface States {
  map: MapState
  list: ListState
  text: TextState
  counter: CounterState
  set: SetState
}

export class Document {
  readonly root = new MapState(undefined, undefined)
  readonly undo = new UndoLog()
  /** Collects patches while it is there. */
  patches: Patch[] | undefined
  readonly #dots = new Dots()
  readonly #compare: CompareActors

  /** `compare` orders actors by their bytes. */
  constructor(compare: CompareActors) {
    this.#compare = compare
  }

  get value(): unknown {
    return build(this.root)
  }

  apply(op: Op, stamp: Stamp): void {
    switch (op.type) {
      case 'set':
        this.#set(this.#container(op.at, 'map', stamp), op.key, op.value, stamp)
        return
      case 'delete':
        this.#delete(this.#container(op.at, 'map', stamp), op.key, stamp)
        return
      case 'type':
        this.#type(this.#container(op.at, 'text', stamp), op.left, op.text, stamp)
        return
      case 'insert':
        this.#insert(this.#container(op.at, 'list', stamp), op.left, op.values, stamp)
        return
      case 'remove':
        this.#removeItems(this.#container(op.at, 'list', stamp), op.targets, stamp)
        this.#removeText(this.#container(op.at, 'text', stamp), op.targets, stamp)
        return
      case 'add':
        this.#add(this.#container(op.at, 'counter', stamp), op.by, stamp)
        return
      case 'include':
        this.#include(this.#container(op.at, 'set', stamp), op.value, stamp)
        return
      case 'exclude':
        this.#exclude(this.#container(op.at, 'set', stamp), op.value, stamp)
        return
      case 'meta':
        return
      default:
        never(op)
    }
  }

  /** The container that an op made. */
  made(dot: Ref): Container | undefined {
    return this.#dots.container(dot)
  }

  /** Where a container shows, undefined if it does not. */
  pathOf(container: Container): Path | undefined {
    const path: (string | number)[] = []
    let at: State = container
    for (let { place } = at; place !== undefined; place = at.place) {
      if (!isShown(at)) return undefined
      path.push(place.type === 'key' ? place.key : place.parent.items.indexOf(place.item))
      at = place.parent
    }
    return path.reverse()
  }

  check(): void {
    checkContainer(this.root)
  }

  /** The container an op names, if its author saw it made and it is of that type. */
  #container<T extends ContainerType>(at: Ref | undefined, type: T, stamp: Stamp): States[T] | undefined {
    const container =
      at === undefined ? this.root : observes(stamp, at.actor, at.seq) ? this.#dots.container(at) : undefined
    return container?.type === type ? (container as States[T]) : undefined
  }

  // Maps.

  #set(map: MapState | undefined, key: string, content: Content, stamp: Stamp): void {
    if (map === undefined) return
    if (content instanceof Make && map.depth >= limits.depth) return
    const entry = map.entry(key)
    if (content instanceof Make && !entry.allows(content.gen, stamp)) return
    const { winner } = entry
    const cleared = this.#clearEntry(map, entry, stamp)
    const value = content instanceof Make ? this.#slot(map, entry, content, stamp) : content
    const { actor, seq, lamport } = stamp
    this.#setHeads(map, entry, [...entry.heads, { actor, seq, lamport, value }])
    this.#grown(map)
    map.busy.add(key)
    this.#patchEntry(map, entry, cleared || entry.winner !== winner)
  }

  #delete(map: MapState | undefined, key: string, stamp: Stamp): void {
    const entry = map?.entries.get(key)
    if (map === undefined || entry === undefined) return
    const { winner } = entry
    const cleared = this.#clearEntry(map, entry, stamp)
    this.#patchEntry(map, entry, entry.winner !== winner || (cleared && winner !== undefined))
  }

  /** The container of (key, type, generation). Several ops may make it: they share it. */
  #slot(map: MapState, entry: Entry, make: Make, stamp: Stamp): Container {
    const dot = { actor: stamp.actor, seq: stamp.seq }
    const name = `${make.type} ${make.gen}`
    const known = entry.slots.get(name)
    const container = known ?? makeContainer(make.type, { type: 'key', parent: map, key: entry.key }, dot)
    if (known === undefined) {
      entry.slots.set(name, container)
      this.undo.push(() => entry.slots.delete(name))
    }
    this.undo.push(entry.made(dot, make.gen))
    this.#dots.addContainer(dot, container)
    this.undo.push(() => this.#dots.withdrawContainer(dot))
    return container
  }

  #setHeads(map: MapState, entry: Entry, heads: readonly Head[]): void {
    this.#done(map, map.setHeads(entry, heads, this.#winner(heads)))
    this.undo.push(() => map.busy.add(entry.key))
  }

  /** The greatest by Lamport time, then by the bytes of the actor. */
  #winner(heads: readonly Head[]): Head | undefined {
    let winner: Head | undefined
    for (const head of heads) {
      if (winner === undefined || (head.lamport - winner.lamport || this.#compare(head.actor, winner.actor)) > 0)
        winner = head
    }
    return winner
  }

  // Lists and texts.

  #type(text: TextState | undefined, left: Ref | undefined, content: string, stamp: Stamp): void {
    if (text === undefined) return
    const origin = this.#origin(text, left, stamp)
    if (left !== undefined && origin === undefined) return
    const run: Item<number>[] = []
    for (let i = 0; i < content.length; i++)
      run.push(new Item(stamp.actor, stamp.seq + i, content.charCodeAt(i), run[i - 1] ?? origin))
    this.#place(text, run, stamp)
    this.#patchTyped(text, run, content)
  }

  #insert(list: ListState | undefined, left: Ref | undefined, contents: readonly Content[], stamp: Stamp): void {
    if (list === undefined) return
    const origin = this.#origin(list, left, stamp)
    if (left !== undefined && origin === undefined) return
    const run: Item<Scalar | Container>[] = []
    for (const [i, content] of contents.entries()) {
      const item = new Item<Scalar | Container>(stamp.actor, stamp.seq + i, null, run[i - 1] ?? origin)
      item.value = content instanceof Make ? this.#nested(list, item, content.type) : content
      run.push(item)
    }
    this.#place(list, run, stamp)
    const path = this.#patchPath(list)
    if (path === undefined) return
    this.patches?.push({ type: 'insert', path, index: indexOf(list, run), values: run.map((item) => show(item.value)) })
  }

  /** A container that is a list's item. One that is too deep is not made: null stands in its place. */
  #nested(list: ListState, item: Item<Scalar | Container>, type: ContainerType): Scalar | Container {
    if (list.depth >= limits.depth) return null
    const dot = { actor: item.actor, seq: item.seq }
    const container = makeContainer(type, { type: 'item', parent: list, item }, dot)
    this.#dots.addContainer(dot, container)
    this.undo.push(() => this.#dots.withdrawContainer(dot))
    return container
  }

  #origin<V>(list: Ordered<V>, left: Ref | undefined, stamp: Stamp): Item<V> | undefined {
    return left !== undefined && observes(stamp, left.actor, left.seq) ? this.#dots.item(list, left) : undefined
  }

  #place<V>(list: Ordered<V>, run: readonly Item<V>[], stamp: Stamp): void {
    const { items, newest } = list
    const [first] = run
    const last = run.at(-1)
    if (first === undefined || last === undefined) return
    // Who goes on where it left off, having seen nothing new, sees the same item next.
    const goesOn =
      newest !== undefined &&
      first.left === newest.item &&
      newest.base === stamp.base &&
      newest.item.actor === stamp.actor &&
      newest.item.seq === stamp.seq - 1
    const known = goesOn ? { right: newest.item.right } : undefined
    items.insert(run, (item) => observes(stamp, item.actor, item.seq), this.#compare, known)
    list.newest = { item: last, base: stamp.base }
    this.#dots.addRun(list, run)
    this.#grown(list)
    this.#done(list, () => {
      items.withdraw(run)
      list.newest = undefined
      this.#dots.withdrawRun(stamp.actor, run.length)
    })
  }

  #removeItems(list: ListState | undefined, targets: readonly Target[], stamp: Stamp): void {
    if (list === undefined) return
    const path = this.#patchPath(list)
    const removals = new Removals()
    for (const item of this.#targets(list, targets, stamp)) {
      if (path !== undefined) removals.add(list.items.indexOf(item))
      this.#hide(list, item)
    }
    if (path !== undefined) for (const patch of removals.patches(path)) this.patches?.push(patch)
  }

  #removeText(text: TextState | undefined, targets: readonly Target[], stamp: Stamp): void {
    if (text === undefined) return
    const path = this.#patchPath(text)
    const removals = new Removals()
    let risky = text.lone
    for (const item of this.#targets(text, targets, stamp)) {
      risky ||= isSurrogate(item.value)
      if (path !== undefined) removals.add(text.items.indexOf(item))
      this.#hide(text, item)
    }
    if (risky && this.#judge(text)) {
      this.#patchWhole(text)
      return
    }
    if (path !== undefined) for (const patch of removals.patches(path)) this.patches?.push(patch)
  }

  /** The visible items among the targets that the author saw; targets elsewhere are ignored. */
  *#targets<V>(list: Ordered<V>, targets: readonly Target[], stamp: Stamp): Generator<Item<V>> {
    for (const target of targets)
      for (const item of this.#dots.items(list, target, target.count))
        if (!item.deleted && observes(stamp, item.actor, item.seq)) yield item
  }

  #hide<V>(list: Ordered<V>, item: Item<V>): void {
    list.items.delete(item)
    this.#done(list, () => list.items.restore(item))
  }

  // Counters and sets.

  #add(counter: CounterState | undefined, by: number, stamp: Stamp): void {
    if (counter === undefined) return
    this.#done(counter, counter.add(stamp.actor, stamp.seq, by))
    this.#grown(counter)
    const path = this.#patchPath(counter)
    if (path !== undefined) this.patches?.push({ type: 'increment', path, by, value: counter.value })
  }

  #include(set: SetState | undefined, value: Scalar, stamp: Stamp): void {
    if (set === undefined) return
    const key = valueKey(value)
    const isNew = !set.members.has(key)
    this.#done(set, set.include(key, value, stamp))
    this.#grown(set)
    const path = isNew ? this.#patchPath(set) : undefined
    if (path !== undefined) this.patches?.push({ type: 'add', path, value: show(value) })
  }

  #exclude(set: SetState | undefined, value: Scalar, stamp: Stamp): void {
    const key = valueKey(value)
    const inverse = set?.exclude(key, stamp)
    if (set === undefined || inverse === undefined) return
    this.#done(set, inverse)
    const path = set.members.has(key) ? undefined : this.#patchPath(set)
    if (path !== undefined) this.patches?.push({ type: 'take', path, value: show(value) })
  }

  // Clearing: who sets or deletes a key also removes what it saw inside. True if something went.

  #clearEntry(map: MapState, entry: Entry, stamp: Stamp): boolean {
    let cleared = false
    const heads = entry.heads.filter((head) => !observes(stamp, head.actor, head.seq))
    if (heads.length < entry.heads.length) {
      this.#setHeads(map, entry, heads)
      cleared = true
    }
    for (const slot of [...entry.busy]) {
      if (this.#clear(slot, stamp)) cleared = true
      if (slot.spent) entry.busy.delete(slot)
    }
    return cleared
  }

  #clear(container: Container, stamp: Stamp): boolean {
    const { clearedBy } = container
    if (clearedBy?.actor === stamp.actor && clearedBy.base === stamp.base) return false
    container.clearedBy = { actor: stamp.actor, base: stamp.base }
    this.undo.push(() => this.#grown(container))
    switch (container.type) {
      case 'map':
        return this.#clearMap(container, stamp)
      case 'list':
        return this.#clearItems<Scalar | Container>(container, stamp)
      case 'text': {
        const cleared = this.#clearItems<number>(container, stamp)
        if (cleared && container.paired) this.#judge(container)
        return cleared
      }
      case 'counter':
        return this.#clearBy(container, container.clear(stamp))
      case 'set': {
        let cleared = false
        for (const key of [...container.members.keys()]) {
          if (this.#clearBy(container, container.exclude(key, stamp))) cleared = true
        }
        return cleared
      }
    }
  }

  #clearMap(map: MapState, stamp: Stamp): boolean {
    let cleared = false
    for (const key of [...map.busy]) {
      const entry = map.entry(key)
      if (this.#clearEntry(map, entry, stamp)) cleared = true
      if (entry.heads.length === 0 && entry.busy.size === 0) map.busy.delete(key)
    }
    return cleared
  }

  #clearItems<V>(list: Ordered<V>, stamp: Stamp): boolean {
    let cleared = false
    for (const item of list.items) {
      if (!observes(stamp, item.actor, item.seq)) continue
      this.#hide(list, item)
      cleared = true
    }
    return cleared
  }

  #clearBy(container: Container, inverse: Inverse | undefined): boolean {
    if (inverse === undefined) return false
    this.#done(container, inverse)
    return true
  }

  /** Notes for later clears that something may be inside, all the way up. */
  #grown(state: State): void {
    let at = state
    at.clearedBy = undefined
    while (at.place?.type === 'key') {
      const { parent, key } = at.place
      parent.entry(key).busy.add(at as Container)
      parent.busy.add(key)
      at = parent
      at.clearedBy = undefined
    }
  }

  /** A step was taken: values above it are stale, and it can be taken back. */
  #done(state: State, inverse: Inverse): void {
    this.undo.push(inverse)
    let at: State | undefined = state
    while (at !== undefined) {
      const first = this.undo.keepValue(at)
      if (at.cache === undefined && !first) return
      at.cache = undefined
      // What does not show alters no value above it.
      at = isShown(at) ? at.place?.parent : undefined
    }
  }

  // Patches.

  #patchPath(container: Container): Path | undefined {
    return this.patches === undefined ? undefined : this.pathOf(container)
  }

  #patchEntry(map: MapState, entry: Entry, changed: boolean): void {
    const path = changed ? this.#patchPath(map) : undefined
    if (path === undefined) return
    const at = [...path, entry.key]
    if (entry.winner === undefined) this.patches?.push({ type: 'delete', path: at })
    else this.patches?.push({ type: 'set', path: at, value: show(entry.winner.value) })
  }

  #patchTyped(text: TextState, run: readonly Item<number>[], content: string): void {
    const [first] = run
    const risky = text.lone || (text.paired && first !== undefined && isHigh(text.items.before(first)?.value))
    if (/[\ud800-\udfff]/.test(content)) text.paired = true
    if (risky && this.#judge(text)) {
      this.#patchWhole(text)
      return
    }
    const path = this.#patchPath(text)
    if (path !== undefined) this.patches?.push({ type: 'insert', path, index: indexOf(text, run), text: content })
  }

  #patchWhole(text: TextState): void {
    const path = this.#patchPath(text)
    if (path !== undefined) this.patches?.push({ type: 'set', path, value: show(text) })
  }

  /** Looks for half pairs. True if there are or were some: then units and what shows differ, and only the whole text is a patch. */
  #judge(text: TextState): boolean {
    const { lone } = text
    text.lone = !rawText(text).isWellFormed()
    this.undo.push(() => {
      text.lone = lone
    })
    return lone || text.lone
  }
}

function indexOf<V>(list: Ordered<V>, run: readonly Item<V>[]): number {
  const [first] = run
  return first === undefined ? 0 : list.items.indexOf(first)
}

function isHigh(unit: number | undefined): boolean {
  return unit !== undefined && unit >= 0xd800 && unit <= 0xdbff
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
