// The slow twin of the sequence: every question is answered from the definitions (FORMAT §3), by looking at all ops and all items. The order
// is FugueMax by origins, found by walking the list.

/** An edit of a sequence at a version: a run of one unit each. */
export type PlainOp =
  | { readonly type: 'insert'; readonly index: number }
  | { readonly type: 'erase'; readonly index: number }
  | { readonly type: 'clear' }
  | { readonly type: 'revoke'; readonly level: 1 | 2; readonly targets: readonly number[] }

interface Item {
  readonly lv: number
  readonly left: number
  readonly right: number
}

export class PlainSequence {
  /** By LV: the op, its branch, all that is in its past, and the items it deletes. */
  readonly #ops: PlainOp[] = []
  readonly #branches: number[] = []
  readonly #pasts: Set<number>[] = []
  readonly #hits: number[][] = []
  readonly #items: Item[] = []
  readonly void: boolean[] = []

  get length(): number {
    return this.#ops.length
  }

  /** Merges an op; its LV is the next. */
  push(op: PlainOp, branch: number, past: Set<number>): void {
    const lv = this.#ops.length
    const visible = this.visibleAt(past)
    this.#ops.push(op)
    this.#branches.push(branch)
    this.#pasts.push(past)
    let hits: number[] = []
    let isVoid = false
    if (op.type === 'insert') {
      if (op.index < 0 || op.index > visible.length) isVoid = true
      else this.#insert(lv, op.index === 0 ? -1 : (visible[op.index - 1] as number), past)
    } else if (op.type === 'erase') {
      const target = visible[op.index]
      if (target === undefined) isVoid = true
      else hits = [target]
    } else if (op.type === 'clear') hits = this.#items.filter((item) => past.has(item.lv)).map((item) => item.lv)
    this.#hits.push(hits)
    this.void.push(isVoid)
  }

  /** The ops that inserted what is visible at a version, in order. */
  visibleAt(version: Set<number>): number[] {
    return this.orderAt(version).flatMap(([lv, isVisible]) => (isVisible ? [lv] : []))
  }

  orderAt(version: Set<number>): [lv: number, isVisible: boolean][] {
    const off = this.#offAt(version)
    const deleted = new Set<number>()
    for (const lv of version) if (!off.has(lv)) for (const hit of this.#hits[lv] as number[]) deleted.add(hit)
    const items = this.#items.filter((item) => version.has(item.lv))
    return items.map(({ lv }) => [lv, !off.has(lv) && !deleted.has(lv)])
  }

  all(): Set<number> {
    return new Set(this.#ops.keys())
  }

  /** The edits that are switched off: named by a level-1 revoke that no level-2 revoke names. */
  #offAt(version: Set<number>): Set<number> {
    const redone = new Set<number>()
    const off = new Set<number>()
    for (const lv of version) {
      const op = this.#ops[lv]
      if (op?.type === 'revoke' && op.level === 2) for (const target of op.targets) redone.add(target)
    }
    for (const lv of version) {
      const op = this.#ops[lv]
      if (op?.type === 'revoke' && op.level === 1 && !redone.has(lv)) for (const target of op.targets) off.add(target)
    }
    return off
  }

  #insert(lv: number, left: number, past: Set<number>): void {
    const items = this.#items
    const placeOf = (other: number, end: number): number =>
      other === -1 ? end : items.findIndex((item) => item.lv === other)
    const leftAt = placeOf(left, -1)
    let rightAt = leftAt + 1
    while (rightAt < items.length && !past.has((items[rightAt] as Item).lv)) rightAt++
    let target = leftAt + 1
    let isScanning = false
    for (let at = leftAt + 1; at < rightAt; at++) {
      const other = items[at] as Item
      const otherLeft = placeOf(other.left, -1)
      if (otherLeft < leftAt) break
      if (otherLeft === leftAt) {
        const otherRight = placeOf(other.right, items.length)
        if (otherRight === rightAt && this.#precedes(lv, other.lv)) break
        isScanning = otherRight < rightAt
      }
      if (!isScanning) target = at + 1
    }
    items.splice(target, 0, { lv, left, right: items[rightAt]?.lv ?? -1 })
  }

  /** Ties by branch, then by seq: of one branch, the later has the greater LV. */
  #precedes(a: number, b: number): boolean {
    const [x, y] = [this.#branches[a] as number, this.#branches[b] as number]
    return x === y ? a < b : x < y
  }
}
