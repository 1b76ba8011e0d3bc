// Ranges that wait for one another, as one who has nothing gets them from somebody who kept few tips: in any order, any batching, and once.

import { describe, expect, it, vi } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { limits } from '../../src/base/limits.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { Staging } from '../../src/core/staging.ts'
import { text } from '../../src/doc.ts'
import { Choices } from '../../src/replica/choices.ts'
import { Forger } from './forger.ts'
import { meet, Side } from './notation.ts'

/** Cut at these ends, or whole: all that a side holds of a branch, from an op on. */
function cut(side: Side, branch: number, from: number, ...ends: readonly number[]): SignedRange[] {
  const { history } = side.replica
  return [...ends, history.graph.endOf(branch)].map((end, i) => history.range(branch, ends[i - 1] ?? from, end))
}

function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, i) => orders(items.filter((_, other) => other !== i)).map((rest) => [item, ...rest]))
}

/** Somebody new takes them so many at a time. */
function newcomer(ranges: readonly SignedRange[], size: number): Side {
  const side = new Side('n')
  for (let from = 0; from < ranges.length; from += size)
    expect(side.take(ranges.slice(from, from + size), 'sync').refused).toEqual([])
  side.replica.check()
  return side
}

function expectAll(source: Side, ranges: readonly SignedRange[]): void {
  for (const order of orders(ranges))
    for (const size of [1, 2, order.length]) {
      const side = newcomer(order, size)
      expect(side.replica.pending.ops).toBe(0)
      expect(side.mirror).toEqual(source.value)
      expect(side.replica.snapshot({ signatures: false })).toEqual(source.replica.snapshot({ signatures: false }))
    }
}

/** Two who answer one another, from what both have. */
function talk(a: Side, b: Side, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    b.take(a.do((d) => d.t.append(`${round}`)))
    a.take(b.do((d) => d.t.insert(0, '!')))
  }
}

describe('what waits for one another', () => {
  it('is held when the last piece has come, whichever that is', () => {
    const [a, x] = [new Side('a'), new Side('x')]
    a.take(x.do((d) => (d.t = text('so'))))
    talk(x, a, 4)
    const branch = (side: Side): number => a.replica.history.branchOf(side.replica.actor)
    expectAll(a, [...cut(a, branch(x), 0, 4, 5), ...cut(a, branch(a), 0)])
  })

  it('says for what each of its parts waits, and is tried again when that has come', () => {
    const [a, x, y, z] = [new Side('a'), new Side('x'), new Side('y'), new Side('z')]
    for (const side of [y, z]) x.take(side.do((d) => (d[`of ${side.name}`] = 1)))
    x.do((d) => (d.t = text('')))
    meet(x, a)
    talk(x, a, 2)
    // Each builds on somebody else, too, in the middle of that.
    a.take(y.do((d) => (d.y = 1)))
    x.take(z.do((d) => (d.z = 1)))
    for (const side of [x, a]) side.do((d) => d.t.append(side.name))
    meet(x, a)
    talk(x, a, 2)
    const { history } = a.replica
    const of = (side: Side, ...ends: number[]): SignedRange[] =>
      cut(a, history.branchOf(side.replica.actor), 0, ...ends)
    const [early = [], late = []] = [of(y, 1), of(z, 1)]
    const side = newcomer([...of(x), ...of(a), ...early.slice(0, 1), ...late.slice(0, 1), ...early.slice(1)], 1)
    expect(side.replica.missing).toEqual([{ actor: z.replica.actor, seq: 1 }])
    side.take(late.slice(1), 'sync')
    expect(side.value).toEqual(a.value)
    expectAll(a, [...of(x), ...of(a), ...of(y), ...of(z)])
  })
})

describe('what waits for one another, and somebody of whom nobody has heard', () => {
  it('is held when that one has come', () => {
    const [a, x, z] = [new Side('a'), new Side('x'), new Side('z')]
    a.take(x.do((d) => (d.t = text('so'))))
    talk(x, a, 2)
    x.take(z.do((d) => (d.z = 1)))
    x.do((d) => d.t.append('x'))
    meet(x, a)
    talk(x, a, 2)
    const of = (side: Side): SignedRange[] => cut(a, a.replica.history.branchOf(side.replica.actor), 0)
    expectAll(a, [...of(x), ...of(a), ...of(z)])
  })
})

describe('lives of one actor that were first heard of together', () => {
  /** One of whom `first` was one life and this is another; `ops` of the first are in both. */
  function lifeOf(first: Side, ops: number): Side {
    const other = new Side(first.name)
    other.take(first.made.slice(0, ops), 'store')
    return other
  }

  it.each([0, 1, 2])('are held by who gets them with one who built on both (%i changes are in both)', (shared) => {
    const [one, a] = [new Side('x'), new Side('a')]
    one.do((d) => (d.t = text('so')))
    one.do((d) => (d.k = 1))
    const other = lifeOf(one, shared)
    one.do((d) => (d.one = 1))
    other.do((d) => (d.other = 2))
    // It goes on with one of them, and builds on the other: neither can be had without it, nor it without both.
    meet(one, a)
    a.do((d) => (d.a = 1))
    one.take(a.made)
    one.do((d) => (d.one = 3))
    meet(other, a)
    meet(one, a)
    a.do((d) => (d.a = 2))
    const { history } = a.replica
    const ranges: SignedRange[] = []
    for (let branch = 0; branch < history.graph.branches; branch++)
      if (history.graph.endOf(branch) > 0) ranges.push(...cut(a, branch, 0))
    expect(ranges).toHaveLength(3)
    expectAll(a, ranges)
    // And where each branch is sent from where it parts, named by what it goes on from.
    const parted = ranges.map((range, branch) => cut(a, branch, history.graph.baseOf(branch))[0] ?? range)
    expectAll(a, parted)
  })

  it('are not taken for one another, where one is held and what waits for one another names the other', () => {
    const [one, a, other] = [new Side('x'), new Side('a'), new Side('x')]
    a.do((d) => (d.t = text('so')))
    one.take(a.made)
    talk(a, one, 2)
    for (let i = 0; i < 8; i++) other.do((d) => (d.other = i))
    const branch = (side: Side): number => a.replica.history.branchOf(side.replica.actor)
    const ranges = [...cut(a, branch(a), 0), ...cut(a, branch(one), 0)]
    a.take(other.made, 'sync')
    for (const order of orders(ranges)) {
      const side = newcomer([...other.made, ...order], 2)
      expect(side.replica.pending.ops).toBe(0)
      expect(side.replica.snapshot({ signatures: false })).toEqual(a.replica.snapshot({ signatures: false }))
      // And where nothing is there that would make sense of it, it is refused, as before.
      const late = new Side('n')
      late.take(other.made, 'sync')
      const { refused } = late.take(ranges.slice(0, 1), 'sync')
      expect(refused.map(({ error }) => error.details.unlessForked)).toEqual([true])
      expect(late.take(order, 'sync').refused).toEqual([])
      expect(late.value).toEqual(a.value)
    }
  })

  it('may wait for one another: what a life builds on is another life', () => {
    const one = new Side('x')
    one.do((d) => (d.k = 0))
    const other = lifeOf(one, 1)
    one.do((d) => (d.one = 1))
    other.do((d) => (d.other = 1))
    const a = new Side('a')
    meet(one, a)
    meet(other, a)
    a.do((d) => (d.a = 1))
    const late = lifeOf(one, 2)
    late.take([...other.made, ...a.made], 'sync')
    const { history } = a.replica
    const ranges: SignedRange[] = []
    for (let branch = 0; branch < history.graph.branches; branch++)
      ranges.push(...cut(a, branch, history.graph.baseOf(branch)))
    expectAll(a, ranges)
    expect(late.value).toEqual(a.value)
  })

  // Of x and y the long lives wait for the short ones of the other: all four are the same up to there.
  it.each([1, 4])('may part where the long ones wait for the short ones, of %i pairs at once', (count) => {
    const a = new Side('a')
    const short: Side[] = []
    const long: Side[] = []
    for (let n = 0; n < count; n++) {
      const [x, y] = [new Side(`x${n}`), new Side(`y${n}`)]
      for (const side of [x, y]) side.do((d) => (d[`k${side.name}`] = 0))
      const [otherX, otherY] = [lifeOf(x, 1), lifeOf(y, 1)]
      for (const side of [x, a]) side.take(y.made)
      for (const side of [y, a]) side.take(x.made.slice(0, 1))
      for (const side of [otherX, otherY]) {
        side.do((d) => (d[`short ${side.name}`] = 1))
        a.take(side.made)
      }
      x.take(otherY.made)
      y.take(otherX.made)
      for (const side of [x, y]) for (let step = 0; step < 3; step++) side.do((d) => (d[`long ${side.name}`] = step))
      short.push(otherX, otherY)
      long.push(x, y)
    }
    a.do((d) => (d.a = 1))
    for (const side of short) {
      meet(a, side)
      side.do((d) => (d[`late ${side.name}`] = 2))
    }
    for (const side of [...short, ...long]) a.take(side.made)
    a.do((d) => (d.a = 2))
    const { history } = a.replica
    const ranges: SignedRange[] = []
    for (let branch = 0; branch < history.graph.branches; branch++) ranges.push(...cut(a, branch, 0))
    expect(ranges).toHaveLength(1 + 4 * count)
    if (count === 1) expectAll(a, ranges)
    const side = newcomer(ranges, ranges.length)
    expect([side.replica.pending.ops, side.value]).toEqual([0, a.value])
  })

  it('wait on no side of it, and say for what', () => {
    const one = new Side('x')
    one.do((d) => (d.k = 0))
    const other = lifeOf(one, 1)
    for (let n = 0; n < 3; n++) one.do((d) => (d.one = n))
    for (let n = 0; n < 3; n++) other.do((d) => (d.other = n))
    const b = new Side('b')
    const late = cut(other, 0, 3)
    b.take([...cut(one, 0, 0), ...late])
    const missing = [{ actor: one.replica.actor, seq: 2 }]
    expect([b.replica.pending.ops, b.replica.missing]).toEqual([1, missing])
    // It goes on saying so, whatever else comes of its actor.
    const y = new Side('y')
    y.do((d) => (d.y = 1))
    one.take(y.made)
    const news = one.do((d) => (d.one = 3))
    b.take(news)
    b.take(y.made)
    expect([b.replica.pending.ops, b.replica.missing]).toEqual([1, missing])
    b.take(other.made)
    expect([b.replica.pending.ops, b.value.other, b.value.one]).toEqual([0, 2, 3])
  })

  it('are at most so many, and those beyond are refused', () => {
    const a = new Side('a')
    a.do((d) => (d.a = 0))
    const lives = Array.from({ length: limits.branches + 2 }, (_, life) => {
      const side = new Side('x')
      side.take(a.made)
      side.do((d) => (d[`of ${life}`] = life))
      return side
    })
    a.take(lives[0]?.made ?? [])
    a.do((d) => (d.a = 1))
    const side = new Side('n')
    const { refused } = side.take([...cut(a, 0, 0), ...lives.flatMap((life) => life.made)], 'sync')
    expect(refused.map(({ error }) => error.code)).toEqual(['limit', 'limit'])
    expect(Object.keys(side.value)).toHaveLength(limits.branches + 1)
    side.replica.check()
  })

  it('cost what they are, however many there are', () => {
    const a = new Side('a')
    const lives = Array.from({ length: 24 }, (_, life) => {
      const side = new Side('x')
      side.do((d) => (d[`of ${life}`] = text('x'.repeat(2000))))
      return side
    })
    meet(a, ...lives.slice(0, 1))
    for (const side of lives) {
      a.take(side.made)
      a.do((d) => (d.seen = side.value))
      side.take(a.made)
    }
    const { history } = a.replica
    const ranges: SignedRange[] = []
    for (let branch = 0; branch < history.graph.branches; branch++) ranges.push(...cut(a, branch, 0))
    // A body is read into a staging that is cleared for it.
    const reads = vi.spyOn(Staging.prototype, 'clear')
    const side = newcomer(ranges.toReversed(), 3)
    // Once to see what it waits for, and once to enter it: not anew with each of the others.
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2 * ranges.length)
    reads.mockRestore()
    expect(side.replica.pending.ops).toBe(0)
    expect(side.value).toEqual(a.value)
  })
})

describe('a member who says what is not so', () => {
  const signature = new Uint8Array(64).fill(1)

  /** Two who answer one another: all of each in one range. */
  function pair(): { honest: SignedRange; other: SignedRange } {
    const [m, v] = [new Side('m'), new Side('v')]
    m.do((d) => (d.k = 'good'))
    v.take(m.made)
    talkOnce(v, m)
    const { history } = v.replica
    const of = (side: Side): SignedRange => present(cut(v, history.branchOf(side.replica.actor), 0)[0], 'it wrote')
    return { honest: { ...of(m), signature }, other: { ...of(v), signature } }
  }

  function talkOnce(v: Side, m: Side): void {
    m.take(v.do((d) => (d.v = 1)))
    v.take(m.do((d) => (d.k = 2)))
    v.do((d) => (d.v = 3))
  }

  function fakes(range: SignedRange, count: number): SignedRange[] {
    return Array.from({ length: count }, (_, n) => {
      const tipHash = range.tipHash.slice()
      tipHash.set([n >> 8, n & 0xff], 30)
      return n === (((range.tipHash[30] as number) << 8) | (range.tipHash[31] as number)) ? [] : [{ ...range, tipHash }]
    }).flat()
  }

  it.each([3, 60])('delays what is so, and no more: %i tips of one body', (count) => {
    const { honest, other } = pair()
    const side = new Side('n')
    side.take([...fakes(honest, count), honest, other], 'sync')
    for (let round = 0; round < count && side.replica.pending.ops > 0; round++) side.take([other], 'sync')
    expect(side.value).toEqual({ k: 2, v: 3 })
    expect(side.replica.pending.ops).toBe(0)
    side.replica.check()
  })

  it('takes bounded time with each thing it says', () => {
    const { honest, other } = pair()
    const ring = Array.from({ length: 400 }, (_, n) => {
      const next = new Forger(`r${(n + 1) % 400}`)
      return {
        ...new Forger(`r${n}`).write([{ type: 'set', key: 'k', value: n }], [{ actor: next.name, seq: 0 }]),
        signature,
      }
    })
    const side = new Side('n')
    const start = performance.now()
    side.take(ring, 'sync')
    side.take([...fakes(honest, 400), other], 'sync')
    for (let n = 0; n < 5; n++) side.take([other], 'sync')
    // Each try anew for each of them would take half a minute.
    expect(performance.now() - start).toBeLessThan(6000)
    side.replica.check()
  })

  it('or says that it goes on from something else makes it wait until it is held', () => {
    const [x, side] = [new Side('x'), new Side('n')]
    const [first, next] = [x.do((d) => (d.k = 0)), x.do((d) => (d.k = 1))]
    side.take(first)
    side.take(next.map((range) => ({ ...range, base: new Uint8Array(8) })))
    expect([side.replica.pending.ops, side.value]).toEqual([1, { k: 0 }])
    side.take(next)
    expect([side.replica.pending.ops, side.value]).toEqual([0, { k: 1 }])
    // What is held already does not wait again: who waits for its own edits would take another name.
    side.take(next.map((range) => ({ ...range, base: new Uint8Array(8) })))
    expect(side.replica.pending.ops).toBe(0)
  })

  it('or sends half of a body is refused, and leaves nothing', () => {
    const { honest, other } = pair()
    for (const half of [honest, other]) {
      const side = new Side('n')
      const empty = side.replica.snapshot()
      const body = half.body.slice(0, -3)
      const { refused } = side.take(
        [honest, other].map((range) => (range === half ? { ...range, body } : range)),
        'sync',
      )
      expect(refused.length).toBeGreaterThan(0)
      expect(side.replica.snapshot()).toEqual(empty)
      side.take([honest, other], 'sync')
      expect(side.value).toEqual({ k: 2, v: 3 })
    }
  })

  it('or alters a word of another does not make that one a fork, and all of it comes again', () => {
    const { honest, other } = pair()
    const body = honest.body.slice()
    const word = [...'good'].map((letter) => letter.charCodeAt(0))
    const at = body.findIndex((_, from) => word.every((code, i) => body[from + i] === code))
    body[at] = 'h'.charCodeAt(0)
    for (const order of orders([honest, other, { ...honest, body }]))
      for (const size of [1, 3]) {
        const side = new Side('n')
        const refused = [0, 1, 2].flatMap((from) =>
          from % size === 0 ? side.take(order.slice(from, from + size), 'sync').refused : [],
        )
        for (const { range, error } of refused)
          expect([error.code, range.body === body || error.details.unlessForked]).toEqual(['bad-message', true])
        // What came beside it is held at once.
        const isHonest = ({ range }: { readonly range: SignedRange }): boolean => range.body !== body
        if (size === 3) expect(refused.filter(isHonest)).toEqual([])
        else side.take([honest, other], 'sync')
        expect(side.value).toEqual({ k: 2, v: 3 })
        expect(side.replica.outward.forkedActors).toEqual([])
        expect(side.replica.pending.ops).toBe(0)
      }
  })
})

it('choices are made otherwise from the last one on, so many times', () => {
  const run = (choices: Choices): string => {
    const first = choices.pick(2)
    return `${first}${choices.pick(1)}${first === 0 ? choices.pick(3) : ''}`
  }
  const choices = new Choices(10)
  const seen = [run(choices)]
  while (choices.next()) seen.push(run(choices))
  expect(seen).toEqual(['000', '001', '002', '10'])
  const few = new Choices(2)
  run(few)
  expect([few.next(), run(few), few.next(), run(few), few.next()]).toEqual([true, '001', true, '002', false])
})
