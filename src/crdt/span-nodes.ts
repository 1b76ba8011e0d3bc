// The nodes of a tracker's B-tree, in typed arrays, and their widths: what span-tree.ts stands on.
//
//   a node's area, 128 numbers        leaf: up to 16 spans of 8 numbers        inner node: up to 16 children
//
// Every node has three widths: units visible in the prepare state, units visible in the effect state, and units of the base.

import { assert } from '../base/assert.ts'

/** Base items have ids from here on, by their place; below are the ordinals of inserts. */
export const baseId = 2 ** 30

export const strideShift = 3
export const stride = 1 << strideShift
export const areaShift = 7
export const leafMax = 1 << (areaShift - strideShift)
const childMax = 16

/** The numbers of a span. `prepare`: 0 not yet inserted, 1 visible, more: hidden so many times less one. `hidden`: how often, in effect. */
export const Field = { id: 0, length: 1, prepare: 2, hidden: 3, left: 4, right: 5, branch: 6 } as const

export class SpanNodes {
  /** The areas of the nodes. This and the other columns are replaced when they grow. */
  data = new Int32Array(4 << areaShift)
  count = new Int32Array(4)
  parent = new Int32Array(4)
  next = new Int32Array(4)
  seenOf = new Int32Array(4)
  shownOf = new Int32Array(4)
  baseOf = new Int32Array(4)
  #nodes = 1
  root = 0
  height = 0
  /** By id of an insert's item: its leaf. The tracker keeps other things here for ids of ops that insert nothing. */
  where = new Int32Array(64)

  /** What isAlike() found: 1 yes, 2 no, 0 to be found again, something below having changed. */
  alike = new Uint8Array(4)

  constructor() {
    this.next[0] = -1
    this.parent[0] = -1
  }

  check(): void {
    const ids = new Set<number>()
    const walk = (node: number, height: number): [number, number, number] => {
      const widths: [number, number, number] = [0, 0, 0]
      const count = this.count[node] as number
      const max = height === 0 ? leafMax : childMax
      assert(count <= max && (count > 0 || this.#nodes === 1), `node ${node} holds ${count}`)
      for (let i = 0; i < count; i++) {
        const add = height > 0 ? walk(this.#checkedChild(node, i), height - 1) : this.#checkedSpan(node, i, ids)
        for (const k of [0, 1, 2] as const) widths[k] += add[k]
      }
      const noted = [this.seenOf[node], this.shownOf[node], this.baseOf[node]]
      assert(`${widths}` === `${noted}`, `node ${node} notes widths ${noted} of ${widths}`)
      return widths
    }
    walk(this.root, this.height)
  }

  #checkedChild(node: number, index: number): number {
    const child = this.data[(node << areaShift) + index] as number
    assert(this.parent[child] === node, `node ${child} stands in ${node} and thinks ${this.parent[child]}`)
    return child
  }

  #checkedSpan(leaf: number, slot: number, ids: Set<number>): [number, number, number] {
    const at = (leaf << areaShift) + (slot << strideShift)
    const [id, length, prepare, hidden] = [0, 1, 2, 3].map((i) => this.data[at + i] as number) as [
      number,
      number,
      number,
      number,
    ]
    assert(length > 0 && prepare >= 0 && hidden >= 0, `span ${id}+${length} is ${prepare}/${hidden}`)
    assert(!ids.has(id), `span ${id} stands twice`)
    ids.add(id)
    if (id < baseId)
      for (let i = id; i < id + length; i++)
        assert(this.where[i] === leaf, `item ${i} is in leaf ${leaf}, not ${this.where[i]}`)
    return [prepare === 1 ? length : 0, hidden === 0 ? length : 0, id >= baseId ? length : 0]
  }

  splitLeaf(leaf: number): void {
    const half = leafMax >> 1
    const added = this.#node()
    const data = this.data
    const count = this.count[leaf] as number
    const from = (leaf << areaShift) + (half << strideShift)
    const to = added << areaShift
    data.copyWithin(to, from, (leaf << areaShift) + (count << strideShift))
    this.count[leaf] = half
    this.count[added] = count - half
    this.alike[leaf] = 0
    this.alike[added] = 0
    this.next[added] = this.next[leaf] as number
    this.next[leaf] = added
    let seen = 0
    let shown = 0
    let base = 0
    for (let at = to, end = to + ((count - half) << strideShift); at < end; at += stride) {
      const id = data[at + Field.id] as number
      const length = data[at + Field.length] as number
      if (data[at + Field.prepare] === 1) seen += length
      if (data[at + Field.hidden] === 0) shown += length
      if (id >= baseId) base += length
      else this.where.fill(added, id, id + length)
    }
    this.#divide(leaf, added, seen, shown, base)
  }

  /** Notes that `added` has taken these widths from `node`, and stands after it. */
  #divide(node: number, added: number, seen: number, shown: number, base: number): void {
    // Room above comes first, while the widths are still those of the undivided node.
    let parent = this.parent[node] as number
    if (parent < 0) parent = this.#newRoot(node)
    else if (this.count[parent] === childMax) {
      this.#splitInner(parent)
      parent = this.parent[node] as number
    }
    this.seenOf[node] = (this.seenOf[node] as number) - seen
    this.shownOf[node] = (this.shownOf[node] as number) - shown
    this.baseOf[node] = (this.baseOf[node] as number) - base
    this.seenOf[added] = seen
    this.shownOf[added] = shown
    this.baseOf[added] = base
    const data = this.data
    const area = parent << areaShift
    const count = this.count[parent] as number
    let at = area
    while (data[at] !== node) at++
    data.copyWithin(at + 2, at + 1, area + count)
    data[at + 1] = added
    this.parent[added] = parent
    this.count[parent] = count + 1
  }

  #newRoot(child: number): number {
    const root = this.#node()
    this.data[root << areaShift] = child
    this.count[root] = 1
    this.parent[root] = -1
    this.parent[child] = root
    this.seenOf[root] = this.seenOf[child] as number
    this.shownOf[root] = this.shownOf[child] as number
    this.baseOf[root] = this.baseOf[child] as number
    this.root = root
    this.height++
    return root
  }

  #splitInner(node: number): void {
    const half = childMax >> 1
    const added = this.#node()
    const data = this.data
    const from = (node << areaShift) + half
    const to = added << areaShift
    data.copyWithin(to, from, from + half)
    this.count[node] = half
    this.count[added] = half
    let seen = 0
    let shown = 0
    let base = 0
    for (let at = to; at < to + half; at++) {
      const child = data[at] as number
      this.parent[child] = added
      seen += this.seenOf[child] as number
      shown += this.shownOf[child] as number
      base += this.baseOf[child] as number
    }
    this.#divide(node, added, seen, shown, base)
  }

  #node(): number {
    const node = this.#nodes++
    if (node === this.count.length) {
      const grown = (column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
        const twice = new Int32Array(column.length * 2)
        twice.set(column)
        return twice
      }
      this.data = grown(this.data)
      const alike = new Uint8Array(this.alike.length * 2)
      alike.set(this.alike)
      this.alike = alike
      this.count = grown(this.count)
      this.parent = grown(this.parent)
      this.next = grown(this.next)
      this.seenOf = grown(this.seenOf)
      this.shownOf = grown(this.shownOf)
      this.baseOf = grown(this.baseOf)
    }
    return node
  }

  /**
   * Whether below a node there are only items not inserted at the prepare version, all with the same two origins: siblings, in order. `height` is
   * 0 for a leaf. Found once for each change below it.
   */
  isAlike(node: number, height: number): boolean {
    if (this.alike[node] === 0)
      this.alike[node] = (height === 0 ? this.#leafAlike(node) : this.#innerAlike(node, height)) ? 1 : 2
    return this.alike[node] === 1
  }

  /** Where the first, or the last, span below a node stands in `data`. */
  edge(node: number, height: number, isLast: boolean): number {
    let at = node
    for (let left = height; left > 0; left--)
      at = this.data[(at << areaShift) + (isLast ? (this.count[at] as number) - 1 : 0)] as number
    return (at << areaShift) + (isLast ? ((this.count[at] as number) - 1) << strideShift : 0)
  }

  #leafAlike(leaf: number): boolean {
    const { data } = this
    const first = leaf << areaShift
    const left = data[first + Field.left]
    const right = data[first + Field.right]
    for (let at = first, end = first + ((this.count[leaf] as number) << strideShift); at < end; at += stride)
      if (data[at + Field.prepare] !== 0 || data[at + Field.left] !== left || data[at + Field.right] !== right)
        return false
    return true
  }

  #innerAlike(node: number, height: number): boolean {
    const { data } = this
    const first = this.edge(node, height, false)
    const left = data[first + Field.left]
    const right = data[first + Field.right]
    const area = node << areaShift
    for (let at = area, end = area + (this.count[node] as number); at < end; at++) {
      const child = data[at] as number
      if (!this.isAlike(child, height - 1)) return false
      const own = this.edge(child, height - 1, false)
      if (data[own + Field.left] !== left || data[own + Field.right] !== right) return false
    }
    return true
  }

  /** Whether leaf `a` stands before leaf `b`. */
  leafPrecedes(a: number, b: number): boolean {
    let x = a
    let y = b
    while (this.parent[x] !== this.parent[y]) {
      x = this.parent[x] as number
      y = this.parent[y] as number
    }
    for (let at = (this.parent[x] as number) << areaShift; ; at++) {
      if (this.data[at] === x) return true
      if (this.data[at] === y) return false
    }
  }

  widen(leaf: number, seen: number, shown: number, base: number): void {
    for (let node = leaf; node >= 0; node = this.parent[node] as number) {
      this.alike[node] = 0
      this.seenOf[node] = (this.seenOf[node] as number) + seen
      this.shownOf[node] = (this.shownOf[node] as number) + shown
      if (base !== 0) this.baseOf[node] = (this.baseOf[node] as number) + base
    }
  }
}
