// Changes of a member who means harm: well formed, rightly hashed, and full of nonsense. They are refused, or mean the same to everyone.

import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Actors } from '../../src/core/actors.ts'
import { encodeBody } from '../../src/core/body.ts'
import { chainNext, chainStart } from '../../src/core/chain.ts'
import { type ActorId, actorId } from '../../src/core/ids.ts'
import { type Change, Make, type Op, type Ref, unitsOf } from '../../src/core/op.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { counter, set, text } from '../../src/crdt/constructors.ts'
import { replayModel } from '../model/replay.ts'
import { docTag, meet, Side } from './notation.ts'

/** Writes any changes with a chain that fits. */
class Forger {
  readonly actors = new Actors()
  readonly name: ActorId
  readonly self: number
  seq = 0
  #hash: Uint8Array

  constructor(name: string) {
    this.name = actorId(new TextEncoder().encode(name))
    this.self = this.actors.indexOf(this.name)
    this.#hash = chainStart(docTag, this.name)
  }

  ref(side: Side | Forger, seq: number): Ref {
    const name = side instanceof Forger ? side.name : actorId(new TextEncoder().encode(side.name))
    return { actor: this.actors.indexOf(name), seq }
  }

  write(ops: Op[], links: Ref[] = []): SignedRange {
    const count = ops.reduce((sum, op) => sum + unitsOf(op), 0)
    const byName = (a: Ref, b: Ref): number => this.actors.compare(a.actor, b.actor)
    const change: Change = { seq: this.seq, count, links: links.sort(byName), time: undefined, message: undefined, ops }
    const body = encodeBody([change], this.self, this.actors)
    this.#hash = chainNext(this.#hash, body)
    this.seq += count
    return {
      actor: this.name,
      fromSeq: change.seq,
      endSeq: this.seq,
      body,
      tipHash: this.#hash,
      signature: new Uint8Array(0),
    }
  }
}

const typed = (at: Ref | undefined, content: string, left?: Ref): Op => ({ type: 'type', at, left, text: content })
const root = undefined

describe('a void op', () => {
  const a = new Side('a')
  a.do((d) => Object.assign(d, { t: text('abc'), l: [1, {}], m: {}, c: counter(1), s: set([1]) }))
  const before = a.value
  const end = a.replica.version.values().next().value ?? 0
  // a: 0 t, 1-3 "abc", 4 l, 5-6 its items, 7 m, 8 c, 9 +1, 10 s, 11 its member

  it.each<[string, (f: Forger) => Op[]]>([
    [
      'into a container that was never made',
      (f) => [typed(f.ref(a, 2), 'x'), typed(f.ref(a, 99), 'x'), typed({ actor: f.self, seq: 0 }, 'y')],
    ],
    [
      'into one of another type',
      (f) => [typed(f.ref(a, 4), 'x'), { type: 'add', at: f.ref(a, 0), by: 1 }, typed(root, 'x')],
    ],
    [
      'behind an item of another list',
      (f) => [typed(f.ref(a, 0), 'x', f.ref(a, 5)), typed(f.ref(a, 0), 'x', f.ref(a, 99))],
    ],
    ['of a generation nobody saw', () => [{ type: 'set', at: root, key: 't', value: new Make('text', 5) }]],
    [
      'that removes what is elsewhere or not yet',
      (f) => [
        {
          type: 'remove',
          at: f.ref(a, 0),
          targets: [
            { ...f.ref(a, 4), count: 3 },
            { ...f.ref(a, 20), count: 2 ** 19 },
          ],
        },
      ],
    ],
    ['that excludes what is not there', (f) => [{ type: 'exclude', at: f.ref(a, 10), value: 'q' }]],
    ['that deletes a key that is not there', () => [{ type: 'delete', at: root, key: 'q' }]],
  ])('%s keeps its seq and does nothing', (_name, opsOf) => {
    const forger = new Forger('h')
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

  it('of an author who had not seen the container does nothing, though the container is here', () => {
    const forger = new Forger('h')
    const b = new Side('b')
    b.take(a.made)
    b.take([forger.write([typed(forger.ref(a, 0), 'x')])])
    expect(b.value).toEqual(before)
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
    const ranges = make(new Forger('h'))
    const bad = ranges.at(-1) as SignedRange
    const early = new Side('b')
    early.take(a.made)
    const late = new Side('b')
    expect(late.take(ranges).held.length).toBe(1)
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
    const forger = new Forger('h')
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
  it('are a fork: ours stays, the other is refused and named', () => {
    const b = new Side('b')
    const [first, second] = [new Forger('h'), new Forger('h')]
    const set1 = (value: number): Op => ({ type: 'set', at: root, key: 'k', value })
    const ours = first.write([set1(1)])
    b.take([ours])
    const theirs = [second.write([set1(2)]), second.write([set1(3)])]
    // Alone, and joined with what comes after it.
    const joined = {
      ...(theirs[1] as SignedRange),
      fromSeq: 0,
      body: new Uint8Array([...(theirs[0] as SignedRange).body, ...(theirs[1] as SignedRange).body.subarray(1)]),
    }
    for (const range of [theirs[0] as SignedRange, joined]) {
      const { refused, held } = b.take([range])
      expect(refused.map(({ error }) => error.code)).toEqual(['forked'])
      expect(held).toEqual([])
    }
    expect(b.value).toEqual({ k: 1 })
    expect(b.take([ours]).refused).toEqual([])
  })
})

describe('costs stay bounded', () => {
  it('for deletes of a million ops that are not there', () => {
    const forger = new Forger('h')
    const a = new Side('a')
    a.do((d) => (d.t = text('x'.repeat(1000))))
    const ranges = [forger.write([{ type: 'meta' }], [forger.ref(a, 1000)])]
    for (let i = 0; i < 500; i++)
      ranges.push(
        forger.write([{ type: 'remove', at: forger.ref(a, 0), targets: [{ ...forger.ref(a, 5000), count: 2 ** 20 }] }]),
      )
    const started = performance.now()
    expect(a.take(ranges).refused).toEqual([])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(a.value.t.length).toBe(1000)
  })

  it('for a key that is made again and again over a long text', () => {
    const forger = new Forger('h')
    const a = new Side('a')
    a.do((d) => (d.t = text('x'.repeat(20_000))))
    const again: Op[] = Array.from({ length: 20_000 }, () => ({
      type: 'set',
      at: root,
      key: 't',
      value: new Make('text', 0),
    }))
    const started = performance.now()
    a.take([forger.write(again)])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(a.value.t.length).toBe(20_000)
    a.replica.check()
  })

  it('for containers nested deeper than is allowed', () => {
    const forger = new Forger('h')
    const ops: Op[] = [{ type: 'set', at: root, key: 'k', value: new Make('map', 0) }]
    for (let i = 0; i < 5000; i++)
      ops.push({ type: 'set', at: { actor: forger.self, seq: i }, key: 'k', value: new Make('map', 0) })
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
    const forger = new Forger('h')
    // a: 0 t, 1 'a', 2-3 the pair, 4 'b'
    const ranges = [
      forger.write(
        [{ type: 'remove', at: forger.ref(a, 0), targets: [{ ...forger.ref(a, 2), count: 1 }] }],
        [forger.ref(a, 4)],
      ),
      forger.write([typed(forger.ref(a, 0), 'x', forger.ref(a, 2))]),
      forger.write([{ type: 'remove', at: forger.ref(a, 0), targets: [{ ...forger.ref(a, 3), count: 1 }] }]),
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
    const forger = new Forger('h')
    a.take([forger.write([typed(forger.ref(a, 0), 'x', forger.ref(a, 1))], [forger.ref(a, 2)])])
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
        const ops = Array.from({ length: 1 + Math.floor(random.unit() * 4) }, () => nonsense(random, forger, sides))
        posted.push(...side.made.splice(0), forger.write(ops, someLinks(random, forger, side)))
        const other = pick(random, sides)
        other.take(posted.filter(() => random.unit() < 0.7))
        other.replica.check()
        expect(other.mirror).toEqual(other.value)
      }
      for (const side of sides) side.take(posted.toReversed())
      meet(...sides)
      meet(...sides)
      const [first, ...others] = sides as [Side, ...Side[]]
      for (const other of others) {
        expect(other.replica.merged).toEqual(first.replica.merged)
        expect(other.value).toEqual(first.value)
        expect(other.replica.snapshot({ signatures: false })).toEqual(first.replica.snapshot({ signatures: false }))
        expect(other.mirror).toEqual(other.value)
      }
      if (first.replica.pending.ops === 0) expect(replayModel(first.replica)).toEqual(first.value)
    },
  )

  /** The newest of what a side made, so that some of the nonsense has seen something. */
  function someLinks(random: Random, forger: Forger, side: Side): Ref[] {
    if (random.unit() < 0.3) return []
    const seq = side.replica.version.get(actorId(new TextEncoder().encode(side.name)))
    return seq === undefined ? [] : [forger.ref(side, seq - 1)]
  }

  function nonsense(random: Random, forger: Forger, sides: readonly Side[]): Op {
    // Often into what init made: that most have seen.
    const init = sides[0]?.replica.version.keys().next().value
    const dot = (): Ref => {
      if (init !== undefined && random.unit() < 0.5)
        return { actor: forger.actors.indexOf(init), seq: Math.floor(random.unit() * 20) }
      const whose = pick(random, [...sides, forger])
      const seq = Math.floor(random.unit() * 60)
      return whose === forger
        ? { actor: forger.self, seq: Math.floor(random.unit() * Math.max(1, forger.seq)) }
        : forger.ref(whose, seq)
    }
    const maybe = (): Ref | undefined => (random.unit() < 0.25 || forger.seq === 0 ? undefined : dot())
    const key = pick(random, ['t', 'l', 'm', 'k', 'c'])
    const make = (): Make =>
      new Make(pick(random, ['map', 'list', 'text', 'counter', 'set']), Math.floor(random.unit() * 3))
    const at = maybe()
    const target = (): Ref & { count: number } => ({
      ...(random.unit() < 0.5
        ? forger.ref(pick(random, sides), Math.floor(random.unit() * 60))
        : (maybe() ?? forger.ref(pick(random, sides), 3))),
      count: 1 + Math.floor(random.unit() * 30),
    })
    return pick<() => Op>(random, [
      () => ({ type: 'set', at, key, value: random.unit() < 0.5 ? make() : 1 }),
      () => ({ type: 'delete', at, key }),
      () => ({ type: 'type', at, left: maybe(), text: pick(random, ['x', '🙂', 'yz']) }),
      () => ({ type: 'insert', at, left: maybe(), values: [1, make(), 'v'] }),
      () => ({ type: 'remove', at, targets: [target(), target()] }),
      () => ({ type: 'add', at, by: -3 }),
      () => ({ type: 'include', at, value: 'x' }),
      () => ({ type: 'exclude', at, value: 'x' }),
    ])()
  }
})

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.unit() * items.length)] as T
}
