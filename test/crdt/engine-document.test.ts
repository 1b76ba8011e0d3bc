// The engine's documents, case by case (DESIGN §5, FORMAT §4): two or three people who do not hear of each other. A remove removes only what it saw.

import { describe, expect, it } from 'vitest'
import { Kind } from '../../src/core/kinds.ts'
import { counter, json, log, register, set, text } from '../../src/crdt/constructors.ts'
import { type Change, concurrently, crafted, type Draft, meet, Side, typeCodes } from './engine-side.ts'

/** What both read after each did one thing to the same beginning. */
function both(init: object, onA: (d: Draft) => unknown, onB: (d: Draft) => unknown): unknown {
  return concurrently(init, onA, onB).value
}

/** Three sides that begin alike. */
function three(init: object): [Side, Side, Side] {
  return [new Side('a').init(init), new Side('b').init(init), new Side('c').init(init)]
}

const nothing = (): void => {}

describe('a map', () => {
  it.each<[string, object, (d: Draft) => unknown, (d: Draft) => unknown, unknown]>([
    ['set ‖ set: the greater actor', {}, (d) => (d.k = 'a'), (d) => (d.k = 'b'), { k: 'b' }],
    ['set ‖ delete: the set', { k: 0 }, (d) => (d.k = 1), (d) => delete d.k, { k: 1 }],
    ['delete ‖ set: the set', { k: 0 }, (d) => delete d.k, (d) => (d.k = 1), { k: 1 }],
    ['delete ‖ delete', { k: 0 }, (d) => delete d.k, (d) => delete d.k, {}],
    ['set ‖ make: the greater actor', {}, (d) => (d.k = 1), (d) => (d.k = { x: 1 }), { k: { x: 1 } }],
    ['make ‖ set: the greater actor', {}, (d) => (d.k = { x: 1 }), (d) => (d.k = 1), { k: 1 }],
    ['other keys are other things', {}, (d) => (d.b = 1), (d) => (d.a = 2), { a: 2, b: 1 }],
  ])('%s', (_, init, onA, onB, value) => {
    expect(both(init, onA, onB)).toEqual(value)
  })

  it('who wrote later in causality wins, whatever the actor', () => {
    const twice = (d: Draft): void => {
      d.k = 'first'
      d.k = 'a'
    }
    expect(both({}, twice, (d) => (d.k = 'b'))).toEqual({ k: 'a' })
  })

  it('a delete that saw only the winner shows the loser that it did not see', () => {
    const [a, b, c] = three({})
    b.do((d) => (d.k = 'b'))
    a.take(c.do((d) => (d.k = 'c')))
    a.do((d) => delete d.k)
    meet(a, b, c)
    expect(a.value).toEqual({ k: 'b' })
  })

  it('what lost is listed with its author, the greatest first, until somebody who saw it decides', () => {
    const [a, b, c] = three({})
    a.do((d) => (d.k = 'a'))
    b.do((d) => (d.k = 'b'))
    c.do((d) => (d.k = { x: 'c' }))
    meet(a, b, c)
    expect(a.value).toEqual({ k: { x: 'c' } })
    const conflicts = a.document.conflicts(['k'])
    expect(conflicts.map(({ value, branch }) => [a.names[branch], value])).toEqual([
      ['b', 'b'],
      ['a', 'a'],
    ])
    a.do((d) => (d.k = 'decided'))
    meet(a, b, c)
    expect(c.document.conflicts(['k'])).toEqual([])
  })

  it('what was edited inside a removed map is hidden, and listed', () => {
    const { a, value } = concurrently(
      { m: { x: 1 } },
      (d) => (d.m.x = 2),
      (d) => delete d.m,
    )
    expect(value).toEqual({})
    expect(a.document.conflicts(['m']).map((conflict) => conflict.value)).toEqual([{ x: 2 }])
  })

  it('values keep their references where nothing changed, and are frozen', () => {
    const a = new Side('a').init({ m: { x: 1 }, l: [{ y: 1 }], t: text('t') })
    const before = a.value
    a.do((d) => d.t.append('!'))
    expect(a.value).not.toBe(before)
    expect([a.value.m, a.value.l]).toEqual([before.m, before.l])
    expect(a.value.m).toBe(before.m)
    expect(a.value.l).toBe(before.l)
    expect(Object.isFrozen(a.value.l[0])).toBe(true)
    const now = a.value
    a.do((d) => {
      d.t.append('?')
      d.t.delete(2, 1)
    })
    expect(a.value).toBe(now)
  })
})

describe('slots', () => {
  it('create ‖ create: one container, nested too', () => {
    const value = both(
      {},
      (d) => (d.m = { t: text('ab'), inner: { x: 1 } }),
      (d) => (d.m = { t: text('cd'), inner: { y: 2 } }),
    )
    expect(value).toMatchObject({ m: { inner: { x: 1, y: 2 } } })
    expect([...(value as { m: { t: string } }).m.t].sort().join('')).toBe('abcd')
  })

  it.each<[string, () => unknown, (d: Draft) => unknown]>([
    ['text', () => text('x'), (k) => k.append('!')],
    ['list', () => [1], (k) => k.push(2)],
    ['map', () => ({ x: 1 }), (k) => (k.y = 2)],
    ['counter', () => counter(5), (k) => k.add(1)],
    ['counter that grows', () => counter(5, { grows: true }), (k) => k.add(1)],
    ['set', () => set([1]), (k) => k.add(2)],
    ['set where removals win', () => set([1], { wins: 'remove' }), (k) => k.add(2)],
    ['log', () => log([1]), (k) => k.push(2)],
    ['register', () => register(1), (k) => k.set(2)],
  ])(
    'a %s that was removed and made again begins empty, and an edit of the old one does not show in it',
    (_, make, edit) => {
      const emptied = new Side('x').init({})
      emptied.do((d) => (d.k = make()))
      const full = emptied.value
      const { value } = concurrently(
        (d) => (d.k = make()),
        (d) => edit(d.k),
        (d) => {
          delete d.k
          d.k = make()
        },
      )
      expect(value).toEqual(full)
    },
  )

  it.each<[string, () => unknown, (d: Draft) => unknown, unknown]>([
    ['text', () => text('x'), (k) => k.append('!'), 'x!'],
    ['list', () => [1], (k) => k.push(2), [1, 2]],
    ['map', () => ({ x: 1 }), (k) => (k.y = 2), { x: 1, y: 2 }],
    ['counter', () => counter(5), (k) => k.add(1), 6],
    ['counter that grows', () => counter(5, { grows: true }), (k) => k.add(1), 6],
    ['set', () => set([1]), (k) => k.add(2), [1, 2]],
    ['set where removals win', () => set([1], { wins: 'remove' }), (k) => k.add(2), [1, 2]],
    ['log', () => log([1]), (k) => k.push(2), [2, 1]],
  ])('a %s overwritten by one of its type keeps what the overwriting did not see', (_, make, edit, value) => {
    const onB = (d: Draft): void => {
      d.k = make()
    }
    const merged = concurrently(
      (d) => (d.k = make()),
      (d) => edit(d.k),
      onB,
    ).value.k
    const sorted = (shown: unknown): unknown => (typeof shown === 'string' ? [...shown].sort() : shown)
    expect(sorted(merged)).toEqual(sorted(value))
  })

  it('removals go down through slots, and take only what was seen', () => {
    const { a, b } = concurrently(
      { m: { n: { l: [1], c: counter(5), s: set(['x']), t: text('t'), g: log([1]), r: register(1) } } },
      (d) => delete d.m,
      (d) => {
        d.m.n.l.push(2)
        d.m.n.c.add(1)
        d.m.n.s.add('y')
        d.m.n.t.append('!')
        d.m.n.g.push(2)
        d.m.n.r.set(2)
      },
    )
    expect(a.value).toEqual({})
    // What was hidden is there for whoever looks for conflicts: only what the removal did not see.
    expect(a.document.conflicts(['m']).map(({ value }) => value)).toEqual(
      b.document.conflicts(['m']).map(({ value }) => value),
    )
  })

  it('a list that is emptied leaves what is in its items alone', () => {
    const [a, b] = three({ k: [{ x: 1 }] })
    const { names } = a
    expect(names).toHaveLength(1)
    a.do((d) => (d.k[0].x = 2))
    b.do((d) => (d.k = [{ z: 1 }]))
    meet(a, b)
    expect(a.value).toEqual({ k: [{ z: 1 }] })
  })
})

describe('counters', () => {
  it('add all up, across clears by somebody who saw a part', () => {
    const [a, b, c] = three({ n: counter(7) })
    const seen = b.do((d) => d.n.add(10))
    c.do((d) => d.n.add(100))
    a.take(seen)
    a.do((d) => (d.n = counter(1000)))
    b.do((d) => d.n.add(20))
    meet(a, b, c)
    expect(a.value).toEqual({ n: 1120 })
  })

  it('are cleared by two who each saw a part: what neither saw stays', () => {
    const [a, b, c] = three({ n: counter(1) })
    const two = c.do((d) => d.n.add(2))
    const four = c.do((d) => d.n.add(4))
    a.take(two)
    b.take(two)
    b.take(four)
    a.do((d) => (d.n = counter()))
    b.do((d) => (d.n = counter()))
    c.do((d) => d.n.add(8))
    meet(a, b, c)
    expect(a.value).toEqual({ n: 8 })
  })

  it('are exact past 2^53, by bigints too', () => {
    const { a, b, value } = concurrently(
      { n: counter(Number.MAX_SAFE_INTEGER) },
      (d) => d.n.add(2),
      (d) => d.n.add(2n ** 70n),
    )
    expect(value).toEqual({ n: 2n ** 70n + 2n ** 53n + 1n })
    a.do((d) => d.n.add(-(2n ** 70n)))
    b.do((d) => d.n.add(-2))
    meet(a, b)
    expect(a.value).toEqual({ n: Number.MAX_SAFE_INTEGER })
  })

  it('that only grow refuse to shrink, and a crafted op that says so is void', () => {
    const a = new Side('a')
    a.do((d) => (d.n = counter(2, { grows: true })))
    expect(() => a.do((d) => d.n.add(-1))).toThrowError(expect.objectContaining({ code: 'bad-value' }))
    expect(() => counter(-1, { grows: true })).toThrowError(expect.objectContaining({ code: 'bad-value' }))
    a.take({ actor: 'b', seq: 0, parents: ['a:1'], runs: [crafted(Kind.add, 'a:0', 0, { b: -1 })] })
    meet(a)
    expect(a.value).toEqual({ n: 2 })
    expect(a.log.isVoid(a.log.rowAt(a.lvOf('b:0')))).toBe(true)
  })
})

describe('sets', () => {
  const withX = (wins: 'add' | 'remove') => ({ s: set(['x'], { wins }) })

  it.each<['add' | 'remove', unknown]>([
    ['add', ['x']],
    ['remove', []],
  ])('where %s wins: add ‖ remove', (wins, value) => {
    const init = withX(wins)
    expect(
      both(
        init,
        (d) => d.s.add('x'),
        (d) => d.s.delete('x'),
      ),
    ).toEqual({ s: value })
    expect(
      both(
        init,
        (d) => d.s.delete('x'),
        (d) => d.s.add('x'),
      ),
    ).toEqual({ s: value })
  })

  it('where removals win: absent until an add that saw the removal, and all the removals', () => {
    const [a, b, c] = three(withX('remove'))
    a.do((d) => d.s.delete('x'))
    const other = b.do((d) => d.s.delete('x'))
    c.take(other)
    c.do((d) => d.s.add('x'))
    expect(c.value).toEqual({ s: ['x'] })
    meet(a, b, c)
    expect(a.value).toEqual({ s: [] })
    a.do((d) => d.s.add('x'))
    meet(a, b, c)
    expect(c.value).toEqual({ s: ['x'] })
  })

  it('remove ‖ remove: absent, and an add that saw both is present', () => {
    for (const wins of ['add', 'remove'] as const) {
      const { a, b, value } = concurrently(
        withX(wins),
        (d) => d.s.delete('x'),
        (d) => d.s.delete('x'),
      )
      expect(value).toEqual({ s: [] })
      a.do((d) => d.s.add('x'))
      meet(a, b)
      expect(b.value).toEqual({ s: ['x'] })
    }
  })

  it('tell values apart by their bytes, and are in the order of these', () => {
    const a = new Side('a').init({ s: set(['b', 'a', 2, 1, -0, 0, null, true, 1n, json([1]), 'a']) })
    expect(a.value.s).toEqual([null, true, 0, 1, 2, -0, 1n, 'a', 'b', [1]])
  })
})

describe('logs and registers', () => {
  it('a log is in one order for all: (lamport, actor, seq)', () => {
    const { a, b, value } = concurrently(
      { g: log(['first']) },
      (d) => d.g.push('a1', 'a2'),
      (d) => d.g.push('b1', 'b2', 'b3'),
    )
    expect(value).toEqual({ g: ['first', 'a1', 'b1', 'a2', 'b2', 'b3'] })
    a.do((d) => d.g.push('later'))
    meet(a, b)
    expect(b.value.g.at(-1)).toBe('later')
    expect(Object.isFrozen(b.value.g)).toBe(true)
  })

  it('a register keeps all that was assigned at once, and shows the greatest, until one who saw them assigns', () => {
    const { a, b, value } = concurrently(
      { r: register('start') },
      (d) => d.r.set('a'),
      (d) => d.r.set('b'),
    )
    expect(value).toEqual({ r: 'b' })
    expect(a.document.conflicts(['r']).map((conflict) => conflict.value)).toEqual(['b', 'a'])
    let values: unknown
    a.do((d) => {
      values = d.r.values
      d.r.set('both')
    })
    expect(values).toEqual(['b', 'a'])
    meet(a, b)
    expect(b.value).toEqual({ r: 'both' })
    expect(b.document.conflicts(['r'])).toEqual([])
  })

  it('a register reads as null before anything is assigned', () => {
    const a = new Side('a')
    a.do((d) => (d.r = register()))
    expect(a.value).toEqual({ r: null })
    a.do((d) => (d.r = register(undefined === d.r.value ? 1 : json({ x: 1 }))))
    expect(a.value).toEqual({ r: { x: 1 } })
  })
})

describe('lists and texts', () => {
  it.each<[string, object, (d: Draft) => unknown, (d: Draft) => unknown, unknown]>([
    ['insert ‖ delete around it', { t: text('abcd') }, (d) => d.t.delete(0, 4), (d) => d.t.insert(2, 'X'), { t: 'X' }],
    ['overlapping deletes', { t: text('abcdef') }, (d) => d.t.delete(0, 4), (d) => d.t.delete(2, 3), { t: 'f' }],
    ['insert ‖ insert at one place', { l: [0] }, (d) => d.l.push('a'), (d) => d.l.push('b'), { l: [0, 'a', 'b'] }],
    ['replace ‖ replace', { l: [0] }, (d) => (d.l[0] = 1), (d) => (d.l[0] = 2), { l: [1, 2] }],
    ['edit of an item ‖ its removal', { l: [{ x: 1 }] }, (d) => (d.l[0].x = 2), (d) => d.l.splice(0, 1), { l: [] }],
    [
      'an item moves along while it is edited',
      { l: [{ x: 1 }] },
      (d) => d.l.unshift('new', { y: 1 }),
      (d) => (d.l[0].x = 2),
      { l: ['new', { y: 1 }, { x: 2 }] },
    ],
    [
      'an emoji deleted ‖ a letter after it',
      { t: text('a🙂b') },
      (d) => d.t.delete(1, 2),
      (d) => d.t.insert(3, 'X'),
      { t: 'aXb' },
    ],
  ])('%s', (_, init, onA, onB, value) => {
    expect(both(init, onA, onB)).toEqual(value)
  })

  it('a torn pair shows as U+FFFD, one for each half, and is whole again when the other half is back', () => {
    const a = new Side('a').init({ t: text('x🙂y') })
    a.do(nothing)
    const maker = a.dotOf(0)
    const tear: Change = {
      actor: 'b',
      seq: 0,
      parents: [a.dotOf(a.log.length - 1)],
      runs: [crafted(Kind.erase, maker, 2)],
    }
    a.take(tear)
    meet(a)
    expect(a.value).toEqual({ t: 'x\ufffdy' })
    a.do((d) => d.t.append('!'))
    meet(a)
    a.take({
      actor: 'b',
      seq: 1,
      parents: [a.dotOf(a.log.length - 1)],
      runs: [crafted(Kind.type, maker, 2, { text: '\ude42' })],
    })
    meet(a)
    expect(a.value).toEqual({ t: 'x🙂y!' })
  })
})

describe('what does not count, decided by its own past alone', () => {
  const run = (of: Change | undefined, ...runs: Change['runs']): Change => ({
    actor: 'z',
    seq: 0,
    parents: of === undefined ? [] : [`${of.actor}:${of.seq + of.runs.reduce((sum, { units }) => sum + units, 0) - 1}`],
    runs,
  })

  it.each<[string, Change['runs'][number], string]>([
    ['a container that nobody made', crafted(Kind.set, 'a:1', 'k', { values: [1] }), 'z:0'],
    ['a text edited as a map', crafted(Kind.set, 'a:0', 'k', { values: [1] }), 'z:0'],
    ['an insert past the end', crafted(Kind.type, 'a:0', 9, { text: 'xy', units: 2 }), 'z:0'],
    ['units past the end', crafted(Kind.erase, 'a:0', 1, { units: 5 }), 'z:2'],
    ['a generation nobody can know', crafted(Kind.make, undefined, 't', { b: typeCodes.text + 16 * 2 }), 'z:0'],
    ['a type that is none', crafted(Kind.make, undefined, 'q', { b: 15 }), 'z:0'],
  ])('%s', (_, op, dot) => {
    const a = new Side('a')
    const made = a.do((d) => (d.t = text('abc')))
    const before = a.value
    a.take(run(made, op))
    a.document.check()
    expect(a.log.isVoid(a.log.rowAt(a.lvOf(dot)))).toBe(true)
    if (op.kind !== Kind.erase) expect(a.value).toBe(before)
    else expect(a.value).toEqual({ t: 'a' })
  })

  it('a container that its author had not seen, though it is here', () => {
    const a = new Side('a')
    a.do((d) => (d.t = text('abc')))
    a.take({ actor: 'z', seq: 0, parents: [], runs: [crafted(Kind.type, 'a:0', 0, { text: 'x' })] })
    expect(a.value).toEqual({ t: 'abc' })
  })
})
