// The order of a list's or text's items: FugueMax (Weidner & Kleppmann 2023, "The Art of the Fugue", section 4.3), integrated as in YjsMod
// (reference-crdts by Seph Gentle, `integrateFugueMax`): by left and right origin.
//
// An insert names only its left origin. Its right origin is the next item its author saw, tombstones too: a pure function of its past, so it
// is derived, and no crafted one can pull replicas apart. Items are objects in chunks; what is plain here is replaced by the engine's tracker.

import { AssertionError, assert } from '../base/assert.ts'

export class Item<V> {
  /** Who made it, as an index into the replica's actors, and its seq. */
  readonly actor: number
  readonly seq: number
  value: V
  readonly left: Item<V> | undefined
  right: Item<V> | undefined
  deleted = false
  chunk: Chunk<V> | undefined
  /** The scan that last passed it. */
  passed = 0

  constructor(actor: number, seq: number, value: V, left: Item<V> | undefined) {
    this.actor = actor
    this.seq = seq
    this.value = value
    this.left = left
  }
}

export interface Chunk<V> {
  /** Its place among the chunks. */
  index: number
  items: Item<V>[]
  visible: number
  /** What is visible here, as its owner last built it. */
  built: unknown
}

/** Whether the author of an insert saw an item. */
export type Sees<V> = (item: Item<V>) => boolean

/** Ties go by the bytes of the actors: negative if `a` comes first. */
export type CompareActors = (a: number, b: number) => number

const chunkMax = 512
const chunkSize = 256

export class Sequence<V> {
  readonly chunks: Chunk<V>[] = [{ index: 0, items: [], visible: 0, built: undefined }]
  /** Visible items. */
  length = 0
  #scan = 0

  /** The visible item at `index`. */
  at(index: number): Item<V> | undefined {
    if (index < 0 || index >= this.length) return undefined
    let before = 0
    for (const chunk of this.chunks) {
      if (before + chunk.visible > index) return nthVisible(chunk.items, index - before)
      before += chunk.visible
    }
    return undefined
  }

  /** How many visible items come before it. */
  indexOf(item: Item<V>): number {
    const home = chunkOf(item)
    let index = 0
    for (let i = 0; i < home.index; i++) index += this.#chunk(i).visible
    for (const other of home.items) {
      if (other === item) return index
      if (!other.deleted) index++
    }
    throw unplaced()
  }

  /** The visible item before this one. */
  before(item: Item<V>): Item<V> | undefined {
    const home = chunkOf(item)
    for (let at = home.items.indexOf(item) - 1; at >= 0; at--) {
      const other = home.items[at]
      if (other !== undefined && !other.deleted) return other
    }
    for (let index = home.index - 1; index >= 0; index--) {
      const chunk = this.#chunk(index)
      if (chunk.visible > 0) return nthVisible(chunk.items, chunk.visible - 1)
    }
    return undefined
  }

  /** The visible items in [from, to). */
  slice(from: number, to: number): Item<V>[] {
    const out: Item<V>[] = []
    let before = 0
    for (const chunk of this.chunks) {
      if (before >= to) break
      if (before + chunk.visible > from) {
        for (const item of chunk.items) {
          if (item.deleted) continue
          if (before >= from && before < to) out.push(item)
          before++
        }
      } else before += chunk.visible
    }
    return out
  }

  *[Symbol.iterator](): IterableIterator<Item<V>> {
    for (const chunk of this.chunks)
      if (chunk.visible > 0) for (const item of chunk.items) if (!item.deleted) yield item
  }

  /**
   * Puts a run behind its first item's left origin. The rest of a run follows its first: nobody else can have one of them as an origin yet.
   * `right` is handed in where it is known to be what the author saw next; else it is looked for.
   */
  insert(
    run: readonly Item<V>[],
    sees: Sees<V>,
    compare: CompareActors,
    known?: { readonly right: Item<V> | undefined },
  ): void {
    const [first] = run
    assert(first !== undefined, 'a run has items')
    const { chunk, at, right } =
      known !== undefined && first.left !== undefined
        ? { ...this.#after(first.left), right: known.right }
        : this.#place(first, sees, compare)
    for (const item of run) item.right = right
    this.#splice(chunk, at, run)
  }

  /** True if it was visible. */
  delete(item: Item<V>): boolean {
    return this.#show(item, true)
  }

  /** Takes back a delete: for a change that threw. */
  restore(item: Item<V>): void {
    this.#show(item, false)
  }

  /** Takes back an insert: for a change that threw. */
  withdraw(run: readonly Item<V>[]): void {
    for (const item of run) {
      const chunk = chunkOf(item)
      if (!item.deleted) {
        chunk.visible--
        this.length--
      }
      chunk.built = undefined
    }
    const gone = new Set(run)
    for (const chunk of new Set(run.map(chunkOf))) chunk.items = chunk.items.filter((item) => !gone.has(item))
  }

  /** Whether `a` stands before `b`. */
  precedes(a: Item<V>, b: Item<V>): boolean {
    const home = chunkOf(a)
    const other = chunkOf(b)
    return home === other ? home.items.indexOf(a) < home.items.indexOf(b) : home.index < other.index
  }

  check(): void {
    let length = 0
    for (const [index, chunk] of this.chunks.entries()) {
      const visible = chunk.items.filter((item) => !item.deleted).length
      assert(chunk.index === index, `chunk ${chunk.index} stands at ${index}`)
      assert(chunk.visible === visible, `chunk ${index} counts ${chunk.visible} visible items of ${visible}`)
      assert(
        chunk.items.every((item) => item.chunk === chunk),
        `chunk ${index} holds an item that thinks otherwise`,
      )
      length += visible
    }
    assert(length === this.length, `a sequence counts ${this.length} visible items of ${length}`)
  }

  /**
   * The algorithm. Between the left origin and the right one stand only items the author did not see. The new item goes
   *   - before what hangs left of its own origin's place (an origin further left ends the scan),
   *   - among those with the same left origin: those with a lesser right origin come after it, a greater one before; ties by actor.
   * Items whose left origin was passed in the scan belong to a sibling and are passed with it.
   */
  #place(
    item: Item<V>,
    sees: Sees<V>,
    compare: CompareActors,
  ): { chunk: Chunk<V>; at: number; right: Item<V> | undefined } {
    const scan = ++this.#scan
    const start = item.left === undefined ? { chunk: this.#chunk(0), at: 0 } : this.#after(item.left)
    const between: Item<V>[] = []
    const right = this.#between(start, sees, between)
    let target = -1
    let scanning = false
    for (let i = 0; i < between.length; i++) {
      const other = between[i] as Item<V>
      if (!scanning) target = i
      if (other.left === item.left) {
        const order = this.#compareRight(other.right, right)
        if (order === 0 && compare(item.actor, other.actor) < 0) break
        scanning = order < 0
      } else if (other.left === undefined || other.left.passed !== scan) break
      other.passed = scan
      if (i === between.length - 1 && !scanning) target = between.length
    }
    const before = target < 0 ? undefined : between[target]
    if (before !== undefined) return { ...this.#before(before), right }
    const last = between.at(-1)
    return last === undefined ? { ...start, right } : { ...this.#after(last), right }
  }

  /** Collects the items from `start` that the author did not see; gives the first one seen. */
  #between(start: { chunk: Chunk<V>; at: number }, sees: Sees<V>, out: Item<V>[]): Item<V> | undefined {
    let at = start.at
    for (let index = start.chunk.index; index < this.chunks.length; index++) {
      const { items } = this.#chunk(index)
      for (; at < items.length; at++) {
        const item = items[at] as Item<V>
        if (sees(item)) return item
        out.push(item)
      }
      at = 0
    }
    return undefined
  }

  /** Orders right origins by place; the end (undefined) is last. */
  #compareRight(a: Item<V> | undefined, b: Item<V> | undefined): number {
    if (a === b) return 0
    if (a === undefined) return 1
    if (b === undefined) return -1
    return this.precedes(a, b) ? -1 : 1
  }

  #before(item: Item<V>): { chunk: Chunk<V>; at: number } {
    const chunk = chunkOf(item)
    return { chunk, at: chunk.items.indexOf(item) }
  }

  #after(item: Item<V>): { chunk: Chunk<V>; at: number } {
    const { chunk, at } = this.#before(item)
    return { chunk, at: at + 1 }
  }

  #splice(chunk: Chunk<V>, at: number, run: readonly Item<V>[]): void {
    const [only] = run
    if (run.length === 1 && only !== undefined && chunk.items.length < chunkMax) chunk.items.splice(at, 0, only)
    else chunk.items = [...chunk.items.slice(0, at), ...run, ...chunk.items.slice(at)]
    for (const item of run) item.chunk = chunk
    chunk.visible += run.length
    chunk.built = undefined
    this.length += run.length
    if (chunk.items.length > chunkMax) this.#split(chunk)
  }

  #split(chunk: Chunk<V>): void {
    const parts: Chunk<V>[] = []
    for (let from = 0; from < chunk.items.length; from += chunkSize) {
      const items = chunk.items.slice(from, from + chunkSize)
      const part: Chunk<V> = {
        index: 0,
        items,
        visible: items.filter((item) => !item.deleted).length,
        built: undefined,
      }
      for (const item of items) item.chunk = part
      parts.push(part)
    }
    const after = this.chunks.splice(chunk.index).slice(1)
    for (const part of [parts, after].flat()) {
      part.index = this.chunks.length
      this.chunks.push(part)
    }
  }

  #show(item: Item<V>, deleted: boolean): boolean {
    if (item.deleted === deleted) return false
    const chunk = chunkOf(item)
    const by = deleted ? -1 : 1
    item.deleted = deleted
    chunk.visible += by
    chunk.built = undefined
    this.length += by
    return true
  }

  #chunk(index: number): Chunk<V> {
    const chunk = this.chunks[index]
    assert(chunk !== undefined, `no chunk ${index}`)
    return chunk
  }
}

function chunkOf<V>(item: Item<V>): Chunk<V> {
  if (item.chunk === undefined) throw unplaced()
  return item.chunk
}

function nthVisible<V>(items: readonly Item<V>[], n: number): Item<V> | undefined {
  let left = n
  for (const item of items) {
    if (item.deleted) continue
    if (left-- === 0) return item
  }
  return undefined
}

function unplaced(): AssertionError {
  return new AssertionError('an item has no place in its sequence')
}
