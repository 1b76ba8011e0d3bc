// Small questions to a seeded random.

import { type Random, seededRandom } from '../../src/base/random.ts'

export class Chance {
  readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  /** An integer in [0, end). */
  below(end: number): number {
    return Math.floor(this.random.unit() * end)
  }

  maybe(probability: number): boolean {
    return this.random.unit() < probability
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('there is nothing to pick from')
    return item
  }

  /** One of the names, each as often as its weight says. */
  weighed<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    // Object.entries forgets which names there are.
    const entries = Object.entries(weights) as [Name, number][]
    let left = this.random.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) if ((left -= weight) < 0) return name
    return this.pick(entries)[0]
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: this.random.unit() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item)
  }
}
