// A binary max-heap of numbers: what walks of the event graph take the newest from.

export class Heap {
  readonly #items: number[] = []

  get size(): number {
    return this.#items.length
  }

  /** The greatest; there must be one. */
  top(): number {
    return this.#items[0] as number
  }

  push(item: number): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = items[above] as number
      if (other >= item) break
      items[at] = other
      at = above
    }
    items[at] = item
  }

  /** Takes the greatest; there must be one. */
  pop(): number {
    const items = this.#items
    const top = items[0] as number
    const last = items.pop() as number
    const size = items.length
    if (size === 0) return top
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= size) break
      if (below + 1 < size && (items[below + 1] as number) > (items[below] as number)) below++
      if ((items[below] as number) <= last) break
      items[at] = items[below] as number
      at = below
    }
    items[at] = last
    return top
  }
}
