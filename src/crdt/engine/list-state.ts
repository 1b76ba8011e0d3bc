// The state of a list: its visible items, values or containers, and the Sequence that says where an edit falls.

import type { LV } from '../../core/graph.ts'
import { Make } from '../../core/kinds.ts'
import type { Scalar } from '../../core/value.ts'
import { Sequence, type SequenceHost } from '../eg-sequence.ts'
import { PackedList } from '../packed-list.ts'
import type { Context } from './context.ts'

import { type Container, isContainer, type Place, State } from './state.ts'

export type Item = Scalar | Container

export class ListState extends State implements SequenceHost {
  readonly type = 'list'
  items = new PackedList<Item>()
  sequence: Sequence
  /** Whether a container was ever an item. */
  nests = false
  readonly #context: Context

  constructor(context: Context, place: Place | undefined, maker: LV) {
    super(place, maker)
    this.#context = context
    this.sequence = this.newSequence()
  }

  newSequence(): Sequence {
    const { graph, log, compareBranches, cuts } = this.#context
    return new Sequence(graph, log, compareBranches, this, cuts)
  }

  get length(): number {
    return this.items.length
  }

  insert(index: number, lv: LV, count: number): void {
    const { log, rollback, patches } = this.#context
    // Items of consecutive ops are mostly of one row.
    for (let done = 0; done < count; ) {
      const row = log.rowAt(lv + done)
      const part = Math.min(count - done, log.endOf(row) - lv - done)
      this.#insert(index + done, lv + done, log.bOf(row) + lv + done - log.startOf(row), part)
      done += part
    }
    if (rollback.recording) rollback.inserted(this, index, count)
    this.#context.touch(this)
    if (this.spent) this.#context.grow(this)
    if (patches !== undefined) this.#context.patchItems(this, index, this.items.slice(index, index + count))
  }

  remove(index: number, count: number): void {
    const { rollback, patches } = this.#context
    if (rollback.recording) rollback.removedItems(this, index, this.items.slice(index, index + count))
    this.takeOut(index, count)
    this.#context.touch(this)
    if (patches !== undefined) this.#context.patchRemove(this, index, count)
  }

  /** Takes over items that were loaded. */
  adopt(items: readonly Item[]): void {
    this.items = PackedList.from(items)
    for (const [index, item] of items.entries()) if (isContainer(item)) this.#show(item, index)
  }

  /** Puts items: for a loaded list, and to take a removal back. */
  putBack(index: number, items: readonly Item[]): void {
    this.items.insert(index, items, 0, items.length)
    for (const [i, item] of items.entries()) if (isContainer(item)) this.#show(item, index + i)
  }

  /** Takes items out, to take an insert back. */
  takeOut(index: number, count: number): void {
    if (this.nests) for (const item of this.items.slice(index, index + count)) if (isContainer(item)) item.shown = false
    this.items.remove(index, count)
  }

  /** Where an item that is a container stands: it is looked for from where it stood last. */
  indexOf(container: Container): number {
    const { items } = this
    const from = Math.min(container.hint, items.length - 1)
    for (let by = 0; by < items.length; by++) {
      if (from - by >= 0 && items.at(from - by) === container) return note(container, from - by)
      if (from + by < items.length && items.at(from + by) === container) return note(container, from + by)
    }
    return -1
  }

  #insert(index: number, lv: LV, offset: number, count: number): void {
    const { values } = this.#context.log
    let from = 0
    // Scalars and Makes are what an insert's values are; Makes become containers, and stretches without any go in as they are.
    for (let i = 0; i <= count; i++) {
      const value = i < count ? values[offset + i] : undefined
      if (i < count && !(value instanceof Make)) continue
      if (i === from + 1) this.items.insertOne(index + from, values[offset + from] as Scalar)
      else if (i > from) this.items.insert(index + from, values as readonly Scalar[], offset + from, i - from)
      if (value instanceof Make) {
        const container = this.#context.itemOf(this, lv + i, value.type)
        this.items.insertOne(index + i, container)
        this.#show(container, index + i)
      }
      from = i + 1
    }
  }

  #show(container: Container, index: number): void {
    this.nests = true
    container.shown = true
    container.hint = index
  }
}

function note(container: Container, index: number): number {
  container.hint = index
  return index
}
