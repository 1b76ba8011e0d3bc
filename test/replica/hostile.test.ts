// Changes of a member who means harm: well formed, rightly hashed, and full of nonsense. They are refused, or mean the same to everyone.

import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { actorId } from '../../src/core/ids.ts'
import { makes } from '../../src/core/kinds.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { counter, set, text } from '../../src/crdt/constructors.ts'
import { replayModel } from '../model/replay.ts'
import { type Forged, Forger, type Ref } from './forger.ts'
import { meet, Side } from './notation.ts'

const typed = (at: Ref | undefined, content: string, index = 0): Forged => ({ type: 'type', at, index, text: content })
const root = undefined

describe('a void op', () => {
  const a = new Side('a')
  a.do((d) => Object.assign(d, { t: text('abc'), l: [1, {}], m: {}, c: counter(1), s: set([1]) }))
  const before = a.value
  const end = a.replica.version.values().next().value ?? 0
  // a: 0 t, 1-3 "abc", 4 l, 5-6 its items, 7 m, 8 c, 9 +1, 10 s, 11 its member

  it.each<[string, (f: Forger) => Forged[]]>([
    ['into a container that was never made', (f) => [typed(f.ref(a, 2), 'x'), typed(f.own(0), 'y')]],
    [
      'into one of another type',
      (f) => [typed(f.ref(a, 4), 'x'), { type: 'add', at: f.ref(a, 0), by: 1 }, typed(root, 'x')],
    ],
    ['behind the end', (f) => [typed(f.ref(a, 0), 'x', 4), typed(f.ref(a, 0), 'x', 99)]],
    ['of a generation nobody saw', () => [{ type: 'make', key: 't', make: 'text', gen: 5 }]],
    [
      'that removes what is not there',
      (f) => [
        { type: 'erase', at: f.ref(a, 0), index: 3, count: 3 },
        { type: 'eraseBack', at: f.ref(a, 4), index: 9, count: 7 },
        { type: 'erase', at: f.ref(a, 7), index: 0, count: 1 },
        { type: 'erase', at: f.ref(a, 0), index: 20, count: 2 ** 19 },
      ],
    ],
    ['that excludes what is not there', (f) => [{ type: 'exclude', at: f.ref(a, 10), value: 'q' }]],
    ['that deletes a key that is not there', () => [{ type: 'unset', key: 'q' }]],
    [
      'that takes back what cannot be taken back',
      (f) => [
        { type: 'revoke', level: 2, targets: [{ ...f.ref(a, 1), count: 3 }] },
        { type: 'revoke', level: 1, targets: [{ ...f.own(0), count: 1 }] },
      ],
    ],
  ])('%s keeps its seq and does nothing', (_name, opsOf) => {
    const forger = new Forger('h').learn(a.made)
    const ops = opsOf(forger)
    const range = forger.write(ops, [forger.ref(a, end - 1)])
    const b = new Side('b')
    b.take(a.made)
    const value = b.value
    expect(b.take([range]).refused).toEqual([])
    expect(b.value).toEqual(before)
    expect(b.value).toBe(value)
    expect(b.replica.merged.get(forger.name)).toBe(forger.seq)
    b.replica.check()
  })

  it.each<[string, (f: Forger) => SignedRange]>([
    ['of an author who had not seen the container', (f) => f.write([typed(f.ref(a, 0), 'x')])],
    ['into a container that never was', (f) => f.write([typed(f.ref(a, 99), 'x')], [f.ref(a, end - 1)])],
    [
      'into a container of somebody never heard of',
      (f) => f.write([typed(f.ref(new Side('q'), 0), 'x')], [f.ref(a, end - 1)]),
    ],
    [
      'that takes back what its author had not seen',
      (f) => f.write([{ type: 'revoke', level: 1, targets: [{ ...f.ref(a, 1), count: 3 }] }]),
    ],
  ])('%s is refused by everyone, though all of it is here', (_name, write) => {
    const range = write(new Forger('h').learn(a.made))
    const b = new Side('b')
    b.take(a.made)
    const late = new Side('c')
    const refused = [...b.take([range]).refused, ...late.take([range]).refused, ...late.take(a.made).refused]
    expect(refused.map(({ error }) => error.code)).toEqual(['bad-message', 'bad-message'])
    for (const side of [b, late]) {
      expect(side.value).toEqual(before)
      expect(side.replica.version).toEqual(a.replica.version)
      expect(side.replica.pending).toEqual({ ops: 0, bytes: 0, missing: [] })
    }
  })
})

describe('links', () => {
  const a = new Side('a')
  a.do((d) => (d.t = text('abc')))
  a.do((d) => d.t.append('d'))

  it.each<[string, (f: Forger) => SignedRange[]]>([
    ['into the middle of a change', (f) => [f.write([{ type: 'meta' }], [f.ref(a, 1)])]],
    [
      'at what the own previous change saw',
      (f) => [f.write([{ type: 'meta' }], [f.ref(a, 4)]), f.write([{ type: 'meta' }], [f.ref(a, 3)])],
    ],
  ])('%s are refused, also if that shows late', (_name, make) => {
    const ranges = make(new Forger('h').learn(a.made))
    const bad = ranges.at(-1) as SignedRange
    const early = new Side('b')
    early.take(a.made)
    const late = new Side('b')
    expect(late.take(ranges).held).toEqual([])
    expect(late.replica.pending.ops).toBeGreaterThan(0)
    const refused = [...early.take(ranges).refused, ...late.take(a.made).refused]
    expect(refused.map(({ error }) => error.code)).toEqual(['bad-message', 'bad-message'])
    for (const side of [early, late]) {
      expect(side.replica.version.get(bad.actor) ?? 0).toBe(bad.fromSeq)
      expect(side.replica.pending).toEqual({ ops: 0, bytes: 0, missing: [] })
      side.replica.check()
    }
    expect(early.replica.snapshot()).toEqual(late.replica.snapshot())
  })

  it('implied by one another are refused', () => {
    const b = new Side('b')
    b.take(a.made)
    b.do((d) => d.t.append('e'))
    const forger = new Forger('h').learn([...a.made, ...b.made])
    const range = forger.write([{ type: 'meta' }], [forger.ref(a, 4), forger.ref(b, 0)])
    expect(b.take([range]).refused.map(({ error }) => error.code)).toEqual(['bad-message'])
  })

  it('that wait for one another wait for ever, and disturb nobody', () => {
    const [f, g] = [new Forger('f'), new Forger('g')]
    const b = new Side('b')
    b.take([f.write([{ type: 'meta' }], [f.ref(g, 0)]), g.write([{ type: 'meta' }], [g.ref(f, 0)])])
    b.take(a.made)
    expect(b.value).toEqual({ t: 'abcd' })
    expect(b.replica.merged.has(f.name)).toBe(false)
    b.replica.check()
  })
})

describe('two different ops under one dot', () => {
  it('are a fork: both are held, and it is told whose', () => {
    const b = new Side('b')
    const [first, second] = [new Forger('h'), new Forger('h')]
    const set1 = (key: string, value: number): Forged => ({ type: 'set', key, value })
    const ours = first.write([set1('k', 1)])
    b.take([ours])
    const theirs = [second.write([set1('l', 2)]), second.write([set1('m', 3)])]
    const { refused, held, forked } = b.take([theirs[0] as SignedRange])
    expect([refused, held, forked]).toEqual([[], [theirs[0]], [first.name]])
    // What comes after it, joined with it.
    expect(b.take([second.range(0, 2)]).forked).toEqual([])
    expect(b.value).toEqual({ k: 1, l: 2, m: 3 })
    expect(b.take([ours]).refused).toEqual([])
    b.replica.check()
  })
})

describe('costs stay bounded', () => {
  it('for deletes of a million ops that are not there', () => {
    const forger = new Forger('h')
    const a = new Side('a')
    a.do((d) => (d.t = text('x'.repeat(1000))))
    const ranges = [forger.learn(a.made).write([{ type: 'meta' }], [forger.ref(a, 1000)])]
    for (let i = 0; i < 50; i++)
      ranges.push(forger.write([{ type: 'erase', at: forger.ref(a, 0), index: 5000, count: 2 ** 20 }]))
    const started = performance.now()
    expect(a.take(ranges).refused).toEqual([])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(a.value.t.length).toBe(1000)
  })

  it('for a key that is made again and again over a long text', () => {
    const forger = new Forger('h')
    const a = new Side('a')
    a.do((d) => (d.t = text('x'.repeat(20_000))))
    const again: Forged[] = Array.from({ length: 20_000 }, () => ({ type: 'make', key: 't', make: 'text', gen: 0 }))
    const started = performance.now()
    a.take([forger.write(again)])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(a.value.t.length).toBe(20_000)
    a.replica.check()
  })

  it('for containers nested deeper than is allowed', () => {
    const forger = new Forger('h')
    const ops: Forged[] = [{ type: 'make', key: 'k', make: 'map', gen: 0 }]
    for (let i = 0; i < 5000; i++) ops.push({ type: 'make', at: forger.own(i), key: 'k', make: 'map', gen: 0 })
    const b = new Side('b')
    b.take([forger.write(ops)])
    let depth = 0
    for (let at = b.value; at.k !== undefined; at = at.k) depth++
    expect(depth).toBe(100)
    expect(b.mirror).toEqual(b.value)
    b.replica.check()
  })
})

describe('half of a surrogate pair, left by a crafted delete', () => {
  it('shows as U+FFFD, and patches still add up (Invariant 7)', () => {
    const a = new Side('a')
    a.do((d) => (d.t = text('a🙂b')))
    const forger = new Forger('h').learn(a.made)
    const at = forger.ref(a, 0)
    // a: 0 t, 1 'a', 2-3 the pair, 4 'b'
    const ranges = [
      forger.write([{ type: 'erase', at, index: 1, count: 1 }], [forger.ref(a, 4)]),
      forger.write([typed(at, 'x', 1)]),
      forger.write([{ type: 'erase', at, index: 2, count: 1 }]),
    ]
    const seen = ranges.map((range) => {
      a.take([range])
      expect(a.mirror).toEqual(a.value)
      return a.value.t
    })
    expect(seen).toEqual(['a\ufffdb', 'ax\ufffdb', 'axb'])
  })

  it('made by a letter typed into a pair', () => {
    const a = new Side('a')
    a.do((d) => (d.t = text('🙂')))
    const forger = new Forger('h').learn(a.made)
    a.take([forger.write([typed(forger.ref(a, 0), 'x', 1)], [forger.ref(a, 2)])])
    expect(a.value.t).toBe('\ufffdx\ufffd')
    expect(a.mirror).toEqual(a.value)
    a.do((d) => d.t.delete(1, 1))
    expect(a.value.t).toBe('🙂')
    expect(a.mirror).toEqual(a.value)
  })
})

describe('nonsense of every kind', () => {
  it.each(Array.from({ length: Number(process.env.RUNS ?? 40) }, (_, i) => Number(process.env.SEED ?? 1) + i))(
    'means the same to everyone, seed %i',
    (seed) => {
      const random = seededRandom(seed)
      const sides = [new Side('a'), new Side('b'), new Side('c')]
      const forgers = [new Forger('g'), new Forger('h')]
      // Hears of everything at once: who forged what is refused goes on as if it had not.
      const judge = new Side('j')
      for (const side of sides)
        side.init({ t: text('so🙂'), l: [1, [2], {}], c: counter(1), s: set(['x']), m: { t: text('in') } })
      const posted: SignedRange[] = []
      for (let step = 0; step < 30; step++) {
        const side = pick(random, sides)
        side.do((d) => {
          d.t?.append?.('ab')
          if (random.unit() < 0.3) d.t = text('new')
          if (random.unit() < 0.2) delete d.m
          else d.m = { k: random.unit(), t: text('x') }
          d.l?.push?.({ deep: [1] })
        })
        const forger = pick(random, forgers)
        const news = side.made.splice(0)
        posted.push(...news)
        for (const one of forgers) one.learn(news)
        for (const range of news) judge.take([range])
        const range = forger.write(
          Array.from({ length: 1 + Math.floor(random.unit() * 4) }, () => nonsense(random, forger)),
          someLinks(random, forger, side),
        )
        posted.push(range)
        if (judge.take([range]).held.length === 0) forger.unwrite()
        else for (const one of forgers) if (one !== forger) one.learn([range])
        const other = pick(random, sides)
        other.take(posted.filter(() => random.unit() < 0.7))
        other.replica.check()
        expect(other.mirror).toEqual(other.value)
      }
      for (const side of sides) side.take(posted.toReversed())
      for (let i = 0; i < 3; i++) meet(judge, ...sides)
      for (const side of sides) {
        expect(side.replica.merged).toEqual(judge.replica.merged)
        expect(side.value).toEqual(judge.value)
        expect(side.replica.snapshot({ signatures: false })).toEqual(judge.replica.snapshot({ signatures: false }))
        expect(side.mirror).toEqual(side.value)
      }
      expect(replayModel(judge.replica)).toEqual(judge.value)
    },
  )

  /** The newest of what a side made, so that some of the nonsense has seen something. */
  function someLinks(random: Random, forger: Forger, side: Side): Ref[] {
    if (random.unit() < 0.3) return []
    const seq = side.replica.version.get(actorId(new TextEncoder().encode(side.name)))
    return seq === undefined ? [] : [forger.ref(side, seq - 1)]
  }

  function nonsense(random: Random, forger: Forger): Forged {
    const below = (max: number): number => Math.floor(random.unit() * max)
    const { actors, graph } = forger.history
    const dot = (max: number): Ref => {
      const lv = below(Math.min(graph.length, max))
      return { actor: actors.nameOf(graph.branchAt(lv)), seq: graph.seqAt(lv) }
    }
    // Often into what init made: that most have seen.
    const at = random.unit() < 0.25 ? root : dot(random.unit() < 0.5 ? 20 : graph.length)
    const key = pick(random, ['t', 'l', 'm', 'k', 'c'])
    const type = pick(random, ['map', 'list', 'text', 'counter', 'set'] as const)
    const target = (): Ref & { count: number } => {
      const from = dot(graph.length)
      return { ...from, count: 1 + below(Math.min(30, graph.endOf(actors.indexOf(from.actor)) - from.seq)) }
    }
    return pick<() => Forged>(random, [
      () => ({ type: 'set', at, key, value: 1 }),
      () => ({ type: 'make', at, key, make: type, gen: below(3) }),
      () => ({ type: 'unset', at, key }),
      () => ({ type: 'type', at, index: below(6), text: pick(random, ['x', '🙂', 'yz']) }),
      () => ({ type: 'insert', at, index: below(4), values: [1, makes[type], 'v'] }),
      () => ({ type: 'erase', at, index: below(6), count: 1 + below(5) }),
      () => ({ type: 'eraseBack', at, index: 5 + below(6), count: 1 + below(5) }),
      () => ({ type: 'add', at, by: -3 }),
      () => ({ type: 'include', at, value: 'x' }),
      () => ({ type: 'exclude', at, value: 'x' }),
      () => ({ type: 'revoke', level: random.unit() < 0.7 ? 1 : 2, targets: [target(), target()] }),
    ])()
  }
})

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.unit() * items.length)] as T
}
