// Where several readings are possible and only the end tells which was right: each is tried in turn.

/** Choices that come one after another, each time the same ones as long as those before were made alike; the last are altered first. */
export class Choices {
  readonly #made: { chosen: number; readonly count: number }[] = []
  #at = 0
  #left: number

  /** So many times it may begin anew. */
  constructor(most: number) {
    this.#left = most
  }

  /** One of `count`, the first one at first. */
  pick(count: number): number {
    if (count < 2) return 0
    const made = this.#made[this.#at++]
    if (made !== undefined) return made.chosen
    this.#made.push({ chosen: 0, count })
    return 0
  }

  /** Begins anew, to choose otherwise; false if all was tried, or enough. */
  next(): boolean {
    this.#at = 0
    for (let last = this.#made.at(-1); last !== undefined; last = this.#made.at(-1)) {
      if (++last.chosen < last.count) return this.#left-- > 0
      this.#made.pop()
    }
    return false
  }
}
