import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Seen } from '../../src/core/seen.ts'

describe('what was seen', () => {
  it.each([1, 2, 3, 4, 5])('equals a plain map, whatever is joined, seed %i', (seed) => {
    const random = seededRandom(seed)
    const below = (max: number): number => Math.floor(random.unit() * max)
    const pairs: [Seen, Map<number, number>][] = [[Seen.nothing, new Map()]]
    for (let step = 0; step < 400; step++) {
      const [seen, map] = pairs[below(pairs.length)] as [Seen, Map<number, number>]
      const [other, otherMap] = pairs[below(pairs.length)] as [Seen, Map<number, number>]
      const next = new Map(map)
      const add = (actor: number, count: number): unknown => next.set(actor, Math.max(count, next.get(actor) ?? 0))
      if (step % 3 === 0) {
        for (const [actor, count] of otherMap) add(actor, count)
        pairs.push([seen.join(other), next])
      } else {
        const [actor, count] = [below(10 ** (1 + below(6))), 1 + below(50)]
        add(actor, count)
        pairs.push([seen.with(actor, count), next])
      }
    }
    for (const [seen, map] of pairs) {
      for (const [actor, count] of map) expect(seen.get(actor)).toBe(count)
      for (let i = 0; i < 20; i++) {
        const actor = below(2_000_000)
        expect(seen.get(actor)).toBe(map.get(actor) ?? 0)
      }
    }
  })

  it('shares what it can', () => {
    const a = Seen.nothing.with(5, 1).with(900, 2)
    const b = a.with(7, 3)
    expect(a.join(b)).toBe(b)
    expect(b.join(a)).toBe(b)
    expect(b.with(5, 1)).toBe(b)
  })
})
