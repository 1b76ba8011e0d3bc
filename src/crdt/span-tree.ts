// The items of a text or list that a tracker knows, in document order, as spans of consecutive ids in a B-tree of typed arrays: no object per
// span or node. A span is a run of items, each with the item before as its left origin, all with the same right origin and the same states.
//
// An item is found by its id through `where`; an item of the base (what existed before the tracker, of unknown identity) by the width that
// counts those, since they never change their order. After Gentle & Kleppmann 2025, "Collaborative Text Editing with Eg-walker", section 3.3 and 3.4.

import { areaShift, baseId, Field, leafMax, SpanNodes, stride, strideShift } from './span-nodes.ts'

/** No item: before the first one, as a left origin; after the last one, as a right origin. */
export const nowhere = -1

/** Told what a change of states does to what shows: indexes are those of the effect state at that moment. */
export interface Output {
  show(index: number, id: number, count: number): void
  hide(index: number, count: number): void
}

export class SpanTree extends SpanNodes {
  // The place found last: a span, and a unit in it; or the gap before a span.
  leaf = 0
  slot = 0
  offset = 0
  /** How many units show before that place. */
  effect = 0

  constructor(baseLength: number) {
    super()
    if (baseLength === 0) return
    this.data.set([baseId, baseLength, 1, 0, nowhere, nowhere, -1, 0])
    this.count[0] = 1
    this.widen(0, baseLength, baseLength, baseLength)
  }

  /** Units visible in the prepare state. */
  get seen(): number {
    return this.seenOf[this.root] as number
  }

  /** Units visible in the effect state. */
  get shown(): number {
    return this.shownOf[this.root] as number
  }

  reserve(ids: number): void {
    if (ids <= this.where.length) return
    const grown = new Int32Array(Math.max(ids, this.where.length * 2))
    grown.set(this.where)
    this.where = grown
  }

  /** Goes to the unit that is at `index` in the prepare state. */
  findSeen(index: number): void {
    const data = this.data
    let node = this.root
    let left = index
    let effect = 0
    for (let height = this.height; height > 0; height--) {
      let at = node << areaShift
      node = data[at] as number
      for (let width = this.seenOf[node] as number; left >= width; width = this.seenOf[node] as number) {
        left -= width
        effect += this.shownOf[node] as number
        node = data[++at] as number
      }
    }
    let at = node << areaShift
    for (; ; at += stride) {
      const length = data[at + Field.length] as number
      if (data[at + Field.prepare] === 1) {
        if (left < length) break
        left -= length
      }
      if (data[at + Field.hidden] === 0) effect += length
    }
    this.#arrive(node, at, left)
    this.effect = data[at + Field.hidden] === 0 ? effect + left : effect
  }

  /** From a span just hidden, goes to the next unit visible in the prepare state; false if the leaf has none. */
  toNextSeen(): boolean {
    const { data } = this
    let effect = this.effect
    const end = (this.leaf << areaShift) + ((this.count[this.leaf] as number) << strideShift)
    for (let at = (this.leaf << areaShift) + ((this.slot + 1) << strideShift); at < end; at += stride) {
      if (data[at + Field.prepare] === 1) {
        this.#arrive(this.leaf, at, 0)
        this.effect = effect
        return true
      }
      if (data[at + Field.hidden] === 0) effect += data[at + Field.length] as number
    }
    return false
  }

  /** Goes to the unit that is at `index` in the effect state. */
  findShown(index: number): void {
    const data = this.data
    let node = this.root
    let left = index
    for (let height = this.height; height > 0; height--) {
      let at = node << areaShift
      node = data[at] as number
      for (let width = this.shownOf[node] as number; left >= width; width = this.shownOf[node] as number) {
        left -= width
        node = data[++at] as number
      }
    }
    let at = node << areaShift
    for (; ; at += stride) {
      if (data[at + Field.hidden] !== 0) continue
      const length = data[at + Field.length] as number
      if (left < length) break
      left -= length
    }
    this.#arrive(node, at, left)
    this.effect = index
  }

  /** Goes to the gap before everything. */
  toStart(): void {
    this.leaf = 0
    this.slot = 0
    this.offset = 0
    this.effect = 0
  }

  /** Goes to an item. */
  locate(id: number): void {
    if (id >= baseId) {
      this.#locateBase(id - baseId)
      return
    }
    const data = this.data
    const leaf = this.where[id] as number
    let at = leaf << areaShift
    while ((id - (data[at + Field.id] as number)) >>> 0 >= (data[at + Field.length] as number)) at += stride
    this.#arrive(leaf, at, id - (data[at + Field.id] as number))
  }

  /** How many units show before the place: to be asked after locate(). */
  effectHere(): number {
    const data = this.data
    const area = this.leaf << areaShift
    const here = area + (this.slot << strideShift)
    let effect = data[here + Field.hidden] === 0 ? this.offset : 0
    for (let at = area; at < here; at += stride)
      if (data[at + Field.hidden] === 0) effect += data[at + Field.length] as number
    for (let node = this.leaf; node !== this.root; ) {
      const parent = this.parent[node] as number
      for (let at = parent << areaShift; data[at] !== node; at++) effect += this.shownOf[data[at] as number] as number
      node = parent
    }
    return effect
  }

  /** Whether item `a` stands before item `b`. */
  precedes(a: number, b: number): boolean {
    this.locate(b)
    const { leaf, slot, offset } = this
    this.locate(a)
    if (this.leaf !== leaf) return this.leafPrecedes(this.leaf, leaf)
    return this.slot !== slot ? this.slot < slot : this.offset < offset
  }

  /** Of the span at the place. */
  get id(): number {
    return this.data[(this.leaf << areaShift) + (this.slot << strideShift)] as number
  }

  get length(): number {
    return this.data[(this.leaf << areaShift) + (this.slot << strideShift) + Field.length] as number
  }

  get prepare(): number {
    return this.data[(this.leaf << areaShift) + (this.slot << strideShift) + Field.prepare] as number
  }

  get hidden(): number {
    return this.data[(this.leaf << areaShift) + (this.slot << strideShift) + Field.hidden] as number
  }

  /** Goes to the span after the gap; false if there is none. From a span it does not move. */
  toSpan(): boolean {
    this.offset = 0
    while (this.slot >= (this.count[this.leaf] as number)) {
      const next = this.next[this.leaf] as number
      if (next < 0) return false
      this.leaf = next
      this.slot = 0
    }
    return true
  }

  /** Goes over the span to the gap after it. */
  pass(): void {
    const at = (this.leaf << areaShift) + (this.slot << strideShift)
    if (this.data[at + Field.hidden] === 0) this.effect += (this.data[at + Field.length] as number) - this.offset
    this.offset = 0
    this.slot++
  }

  /** Cuts the span at the place before its unit `offset`, and stays on the first part. */
  split(offset: number): void {
    this.#room(1)
    const data = this.data
    const at = (this.leaf << areaShift) + (this.slot << strideShift)
    this.#open(this.slot)
    const id = data[at + Field.id] as number
    const after = at + stride
    data[after + Field.id] = id + offset
    data[after + Field.length] = (data[at + Field.length] as number) - offset
    data[after + Field.left] = id + offset - 1
    data[after + Field.branch] = -1
    data[at + Field.length] = offset
  }

  /** Puts a run, visible in both states, into the gap. */
  insert(id: number, length: number, left: number, right: number): void {
    if (!this.#extend(id, length, left, right)) {
      this.#room(1)
      this.#open(this.slot)
      const data = this.data
      const at = (this.leaf << areaShift) + (this.slot << strideShift)
      data[at + Field.id] = id
      data[at + Field.length] = length
      data[at + Field.prepare] = 1
      data[at + Field.hidden] = 0
      data[at + Field.left] = left
      data[at + Field.right] = right
      data[at + Field.branch] = -1
    }
    if (length === 1) this.where[id] = this.leaf
    else this.where.fill(this.leaf, id, id + length)
    this.widen(this.leaf, length, length, 0)
  }

  /** Adds to the states of the next `count` items, by id. */
  shift(id: number, count: number, prepare: number, hidden: number, output: Output | undefined): void {
    for (let at = id, end = id + count; at < end; ) {
      this.locate(at)
      at += this.shiftHere(end - at, prepare, hidden, output)
    }
  }

  /**
   * Adds to the states of up to `most` units from the place on, within its span; gives how many. `index` is where the first of them shows, if that
   * is known.
   */
  shiftHere(most: number, prepare: number, hidden: number, output: Output | undefined, index = -1): number {
    if (this.offset > 0) {
      this.split(this.offset)
      this.slot++
      this.offset = 0
    }
    if (most < this.length) this.split(most)
    const data = this.data
    const at = (this.leaf << areaShift) + (this.slot << strideShift)
    const length = data[at + Field.length] as number
    const prepareA = data[at + Field.prepare] as number
    const hiddenA = data[at + Field.hidden] as number
    const shown = (hiddenA + hidden === 0 ? length : 0) - (hiddenA === 0 ? length : 0)
    const seen = (prepareA + prepare === 1 ? length : 0) - (prepareA === 1 ? length : 0)
    if (output !== undefined && shown !== 0) {
      const here = index < 0 ? this.effectHere() : index
      if (shown > 0) output.show(here, data[at + Field.id] as number, length)
      else output.hide(here, length)
    }
    data[at + Field.prepare] = prepareA + prepare
    data[at + Field.hidden] = hiddenA + hidden
    if (seen !== 0 || shown !== 0) this.widen(this.leaf, seen, shown, 0)
    if (this.slot + 1 < (this.count[this.leaf] as number)) this.#join(this.slot)
    if (this.slot > 0 && this.#join(this.slot - 1)) this.slot--
    return length
  }

  #arrive(leaf: number, at: number, offset: number): void {
    this.leaf = leaf
    this.slot = (at - (leaf << areaShift)) >> strideShift
    this.offset = offset
  }

  #locateBase(place: number): void {
    const data = this.data
    let node = this.root
    let left = place
    for (let height = this.height; height > 0; height--) {
      let at = node << areaShift
      node = data[at] as number
      for (let width = this.baseOf[node] as number; left >= width; width = this.baseOf[node] as number) {
        left -= width
        node = data[++at] as number
      }
    }
    let at = node << areaShift
    for (; ; at += stride) {
      if ((data[at + Field.id] as number) < baseId) continue
      const length = data[at + Field.length] as number
      if (left < length) break
      left -= length
    }
    this.#arrive(node, at, left)
  }

  /** Lengthens the span before the gap, if the run goes on from it. */
  #extend(id: number, length: number, left: number, right: number): boolean {
    if (this.slot === 0 || left !== id - 1) return false
    const data = this.data
    const at = (this.leaf << areaShift) + ((this.slot - 1) << strideShift)
    const before = data[at + Field.length] as number
    if ((data[at + Field.id] as number) + before !== id || data[at + Field.right] !== right) return false
    if (data[at + Field.prepare] !== 1 || data[at + Field.hidden] !== 0) return false
    data[at + Field.length] = before + length
    return true
  }

  /** Joins a span of the leaf with the next, if they are one run in one state. */
  #join(slot: number): boolean {
    const data = this.data
    const area = this.leaf << areaShift
    const a = area + (slot << strideShift)
    const b = a + stride
    const id = data[b + Field.id] as number
    if (
      (data[a + Field.id] as number) + (data[a + Field.length] as number) !== id ||
      data[a + Field.prepare] !== data[b + Field.prepare] ||
      data[a + Field.hidden] !== data[b + Field.hidden] ||
      data[b + Field.left] !== id - 1 ||
      data[a + Field.right] !== data[b + Field.right]
    )
      return false
    data[a + Field.length] = (data[a + Field.length] as number) + (data[b + Field.length] as number)
    const count = (this.count[this.leaf] as number) - 1
    data.copyWithin(b, b + stride, area + ((count + 1) << strideShift))
    this.count[this.leaf] = count
    return true
  }

  /** Doubles the span at `slot`: the gap is filled by the caller. */
  #open(slot: number): void {
    const area = this.leaf << areaShift
    const at = area + (slot << strideShift)
    const count = this.count[this.leaf] as number
    if (slot < count) this.data.copyWithin(at + stride, at, area + (count << strideShift))
    this.count[this.leaf] = count + 1
  }

  /** Makes the leaf have room, and stays at the same span. */
  #room(spans: number): void {
    if ((this.count[this.leaf] as number) + spans <= leafMax) return
    this.splitLeaf(this.leaf)
    const kept = this.count[this.leaf] as number
    if (this.slot < kept) return
    this.slot -= kept
    this.leaf = this.next[this.leaf] as number
  }
}
