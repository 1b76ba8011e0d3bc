// Joins single removals, each at the index it had when its turn came, into as few patches as possible.

import type { Patch, Path } from './patch.ts'

export class Removals {
  readonly #groups: { index: number; count: number }[] = []

  add(index: number): void {
    const last = this.#groups.at(-1)
    if (last !== undefined && (index === last.index || index === last.index - 1)) {
      last.index = index
      last.count++
    } else this.#groups.push({ index, count: 1 })
  }

  patches(path: Path): Patch[] {
    return this.#groups.map(({ index, count }) => ({ type: 'remove', path, index, count }))
  }
}
