// Two lives of one actor, of whom one wrote with somebody else at the same time, and of whose tips few are kept: what each did waits for what the other did,
// and none of it can be held before all is.

import { describe, expect, it } from 'vitest'
import type { SignedRange } from '../../src/core/range.ts'
import { text } from '../../src/doc.ts'
import { heldAt, Side } from './notation.ts'

/** Takes what one has who kept the newest tip of each branch alone, as a pull does. */
function pull(to: Side, from: Side): void {
  const { history, outward, version } = from.replica
  for (let branch = 0; branch < history.graph.branches; branch++)
    history.tips(branch).add(history.graph.endOf(branch), new Uint8Array(64))
  const { ranges } = outward.rangesSince(heldAt(from, to), version, 1e9)
  expect(to.take(ranges, 'sync').refused).toEqual([])
}

/** What both lives of 'x' have, and what each made after it: one of them with 'a', neither ahead of the other. */
function lives(word: string): { before: SignedRange[]; together: SignedRange[]; alone: SignedRange[]; x: Side } {
  const one = new Side('x')
  const before = one.do((d) => (d.t = text('so')))
  const other = new Side('x')
  const a = new Side('a')
  other.take(before, 'store')
  a.take(before)
  const together: SignedRange[] = []
  for (let i = 0; i < 12; i++) {
    const made = [...one.do((d) => (i % 3 === 0 ? (d[`k${i}`] = text(word)) : d.t.append(`${i}`)))]
    a.take(made)
    const answer = a.do((d) => (i % 3 === 0 ? d[`k${i}`].append('!') : d.t.insert(0, 'a')))
    one.take(answer)
    together.push(...made, ...answer)
  }
  const alone = other.do((d) => d.t.append(` alone ${word}`))
  return { before, together, alone, x: other }
}

function same(a: Side, b: Side): void {
  a.replica.check()
  expect(a.replica.pending.ops).toBe(0)
  expect(a.value).toEqual(b.value)
  expect(a.mirror).toEqual(a.value)
  expect(a.replica.snapshot({ signatures: false })).toEqual(b.replica.snapshot({ signatures: false }))
}

describe('two lives of an actor whose ops wait for another, and that for them', () => {
  // Lives of either order by their hashes, the lone one shorter or longer than the other.
  const words = [
    'b',
    'c',
    'd',
    'e',
    'a word that is longer than all that was written in the other life, by far'.repeat(3),
  ]

  it.each(words)('are held by one who has nothing (%s)', (word) => {
    const { before, together, alone } = lives(word)
    for (const order of [
      [...before, ...together, ...alone],
      [...before, ...alone, ...together],
    ]) {
      const all = new Side('s')
      all.take(order)
      const fresh = new Side('f')
      pull(fresh, all)
      same(fresh, all)
    }
  })

  it.each(words)('are held by the other life, and by who has that alone (%s)', (word) => {
    const { before, together, alone, x } = lives(word)
    const [all, unaware, b] = [new Side('s'), new Side('u'), new Side('b')]
    all.take([...before, ...together, ...alone])
    unaware.take([...before, ...together])
    b.take([...before, ...alone])
    pull(b, unaware)
    same(b, all)
    pull(x, all)
    same(x, all)
  })

  it('are refused, and leave nothing, if they are not what their tips say', () => {
    for (const lying of [0, 1]) {
      const { before, together, alone } = lives('word')
      const [all, b] = [new Side('s'), new Side('b')]
      all.take([...before, ...together])
      b.take([...before, ...alone])
      const { history, outward, version } = all.replica
      for (let branch = 0; branch < history.graph.branches; branch++)
        history.tips(branch).add(history.graph.endOf(branch), new Uint8Array(64))
      const { ranges } = outward.rangesSince(heldAt(all, b), version, 1e9)
      const known = b.replica.snapshot()
      const lie = (range: SignedRange): SignedRange => ({ ...range, tipHash: new Uint8Array(32).fill(9) })
      const received = b.take(ranges.map((range, i) => (i === lying ? lie(range) : range)))
      expect(received.refused.map(({ range }) => range.tipHash[0])).toEqual([9])
      expect(b.replica.outward.forkedActors).toEqual([])
      b.replica.check()
      expect(b.replica.snapshot()).toEqual(known)
      b.take(ranges)
      expect(b.replica.pending.ops).toBe(0)
      expect(b.replica.outward.forkedActors).toHaveLength(1)
    }
  })
})
