// Drafts behave as plain objects and arrays do, a change happens wholly or not at all, and what no document can hold is refused with its path.

import { describe, expect, it } from 'vitest'
import { isJoineryError } from '../../src/base/errors.ts'
import { counter, json, set, text } from '../../src/crdt/constructors.ts'
import { concurrently, type Draft, Side } from '../replica/notation.ts'

function side(value: object = {}): Side {
  return new Side('a').init(value)
}

/** What a change gives, where it must leave no trace. */
function peek(value: object, fn: (d: Draft) => unknown): unknown {
  return side(value).replica.change(fn).result
}

describe('a draft of an object', () => {
  it('reads as a plain object does', () => {
    const value = { b: 1, a: { c: [1] }, __proto__: null }
    expect(peek(value, (d) => JSON.stringify(d))).toBe('{"a":{"c":[1]},"b":1}')
    expect(peek(value, (d) => Object.keys(d))).toEqual(['a', 'b'])
    expect(peek(value, (d) => ['a' in d, 'x' in d, 'toString' in d])).toEqual([true, false, true])
    expect(peek(value, (d) => ({ ...d }))).toEqual({ a: { c: [1] }, b: 1 })
    expect(peek(value, (d) => Object.entries(d.a))).toEqual([['c', [1]]])
    expect(peek(value, (d) => d.missing)).toBe(undefined)
    expect(peek(value, (d) => Object.is(d.a, d.a))).toBe(true)
    expect(peek(value, (d) => Array.isArray(d.a.c))).toBe(true)
    expect(peek(value, (d) => Object.hasOwn(d, 'b'))).toBe(true)
  })

  it('takes what a plain object takes', () => {
    const a = side({ n: 1 })
    a.do((d) => {
      d.n += 1
      d.list ??= []
      d.list.push('x')
      Object.assign(d, { m: { deep: { er: true } } })
      delete d.gone
    })
    expect(a.value).toEqual({ n: 2, list: ['x'], m: { deep: { er: true } } })
  })

  it('holds the keys __proto__, constructor and then as ordinary ones', () => {
    const ordinary = JSON.parse('{"__proto__":{"polluted":true},"constructor":"c","then":1}')
    const a = side()
    a.do((d) => {
      for (const [key, value] of Object.entries(ordinary)) d[key] = value
    })
    expect(Object.keys(a.value)).toEqual(['__proto__', 'constructor', 'then'])
    expect(Object.getPrototypeOf(a.value)).toBe(Object.prototype)
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined)
    expect(JSON.stringify(a.value)).toBe('{"__proto__":{"polluted":true},"constructor":"c","then":1}')
    expect(JSON.stringify(a.replica.export())).toBe(JSON.stringify(a.value))
  })

  it('assigned to itself is no edit', () => {
    const a = side({ items: [1] })
    const before = a.value
    expect(a.do((d) => (d.items = d.items ?? []))).toEqual([])
    expect(a.value).toBe(before)
  })

  it('assigned elsewhere is copied, with its texts, counters and sets', () => {
    const a = side({ from: { t: text('hi'), n: counter(3), s: set([1]), l: [{ x: 1 }] } })
    a.do((d) => {
      d.to = d.from
      d.to.t.append('!')
      d.to.n.add(1)
      d.to.s.add(2)
    })
    a.do((d) => (d.again = a.value.to))
    a.do((d) => d.again.t.append('?'))
    expect(a.value.from).toEqual({ t: 'hi', n: 3, s: [1], l: [{ x: 1 }] })
    expect(a.value.to).toEqual({ t: 'hi!', n: 4, s: [1, 2], l: [{ x: 1 }] })
    expect(a.value.again.t).toBe('hi!?')
  })
})

describe('a draft of an array', () => {
  const cases: [string, (list: Draft) => unknown][] = [
    ['push', (l) => l.push(7, 8)],
    ['pop', (l) => l.pop()],
    ['shift', (l) => l.shift()],
    ['unshift', (l) => l.unshift(7, 8)],
    ['splice(1, 2)', (l) => l.splice(1, 2)],
    ['splice(1)', (l) => l.splice(1)],
    ['splice()', (l) => l.splice()],
    ['splice(-2, 1, x)', (l) => l.splice(-2, 1, 'x')],
    ['splice(9, 9, x, y)', (l) => l.splice(9, 9, 'x', 'y')],
    ['l[1] = x', (l) => (l[1] = 'x')],
    ['l[length] = x', (l) => (l[l.length] = 'x')],
    ['length = 1', (l) => (l.length = 1)],
    ['at', (l) => [l.at(-1), l[0], l[99]]],
    ['length', (l) => l.length],
    ['indexOf', (l) => [l.indexOf(3), l.includes(2), l.findIndex((x: number) => x > 1)]],
    ['map and filter', (l) => l.map((x: number) => x * 2).filter((x: number) => x > 2)],
    ['forEach', (l) => l.forEach(() => {})],
    ['reduce', (l) => l.reduce((a: number, b: number) => a + b)],
    ['spread', (l) => [...l, ...l.entries()]],
    ['slice', (l) => [l.slice(1), l.slice(-1), l.concat([9])]],
    ['join', (l) => l.join('-')],
    ['Object.keys', (l) => [Object.keys(l), '1' in l, '9' in l]],
    ['JSON', (l) => JSON.stringify(l)],
    ['toSorted', (l) => l.toSorted((a: number, b: number) => b - a)],
    ['flatMap', (l) => l.flatMap((x: number) => [x, x])],
    ['some and every', (l) => [l.some((x: number) => x > 2), l.every((x: number) => x > 2)]],
  ]

  it.each(cases)('%s does what it does to an array', (_name, fn) => {
    const plain = [1, 2, 3, 4]
    const a = side({ list: [1, 2, 3, 4] })
    const { result } = a.replica.change((d) => fn(d.list))
    expect(result).toEqual(fn(plain))
    expect(a.value.list).toEqual(plain)
  })

  it('finds its own items', () => {
    expect(peek({ l: [{ x: 1 }, { x: 2 }] }, (d) => d.l.indexOf(d.l[1]))).toBe(1)
    expect(peek({ l: [{ x: 1 }, { x: 2 }] }, (d) => d.l.find((i: { x: number }) => i.x === 2))).toEqual({ x: 2 })
  })

  it.each([
    ['sort', (l: Draft) => l.sort()],
    ['reverse', (l: Draft) => l.reverse()],
    ['copyWithin', (l: Draft) => l.copyWithin(0, 1)],
    ['fill', (l: Draft) => l.fill(0)],
    ['use splice', (l: Draft) => delete l[0]],
    ['use push', (l: Draft) => (l[9] = 1)],
    ['use push', (l: Draft) => (l.length = 9)],
    ['no property', (l: Draft) => (l.name = 1)],
  ])('refuses, and says %s', (word, fn) => {
    const a = side({ list: [2, 1] })
    expect(() => a.do((d) => fn(d.list))).toThrowError(
      expect.objectContaining({ code: 'bad-change', message: expect.stringContaining(word) }),
    )
    expect(a.value).toEqual({ list: [2, 1] })
  })
})

describe('drafts of texts, counters and sets', () => {
  it('read what they have just written', () => {
    const seen = peek({}, (d) => {
      d.t = text('hi')
      d.t.insert(2, '!')
      d.t.delete(0, 1)
      d.t.append('🙂')
      d.c = counter(2)
      d.c.add()
      d.s = set(['x'])
      d.s.add('y')
      return [
        String(d.t),
        d.t.length,
        d.t.slice(0, 1),
        d.c.value,
        [...d.s],
        d.s.has('x'),
        d.s.size,
        d.s.delete('q'),
        d.s.delete('x'),
        JSON.stringify(d),
      ]
    })
    expect(seen).toEqual(['i!🙂', 4, 'i', 3, ['x', 'y'], true, 2, false, true, '{"c":3,"s":["y"],"t":"i!🙂"}'])
  })

  it.each([
    ['bad-change', (d: Draft) => d.t.insert(99, 'x')],
    ['bad-change', (d: Draft) => d.t.insert(-1, 'x')],
    ['bad-change', (d: Draft) => d.t.insert(0.5, 'x')],
    ['bad-change', (d: Draft) => d.t.delete(0, 99)],
    ['bad-value', (d: Draft) => d.t.insert(2, 'x')],
    ['bad-value', (d: Draft) => d.t.delete(1, 1)],
    ['bad-value', (d: Draft) => d.t.insert(0, '\ud800')],
    ['bad-value', (d: Draft) => d.t.insert(0, 7)],
    ['bad-value', (d: Draft) => d.c.add(0.5)],
    ['bad-value', (d: Draft) => d.c.add(2 ** 60)],
    ['bad-value', (d: Draft) => d.s.add({})],
    ['bad-value', (d: Draft) => d.s.add(undefined)],
  ])('refuse with %s: %s', (code, fn) => {
    const a = side({ t: text('a🙂'), c: counter(), s: set() })
    const before = a.value
    expect(() => a.do(fn)).toThrowError(expect.objectContaining({ code }))
    expect(a.value).toBe(before)
  })
})

describe('a change', () => {
  it('that throws midway leaves no trace, whatever it did', () => {
    const a = side({ l: [{ x: [1] }, 2], t: text('hi'), c: counter(1), s: set([1]), m: { k: { j: 1 } } })
    const before = a.value
    const snapshot = a.replica.snapshot()
    for (let i = 0; i < 3; i++) {
      expect(() =>
        a.do((d) => {
          d.l[0].x.push(2)
          d.l.splice(0, 1)
          d.t.insert(1, 'abc')
          d.t.delete(0, 2)
          d.c.add(5)
          d.s.delete(1)
          d.s.add(2)
          delete d.m.k
          d.m = { new: text('x') }
          d.t = text('another')
          d.z = [[[]]]
          throw new Error('no')
        }),
      ).toThrowError('no')
      expect(a.value).toBe(before)
      a.replica.check()
    }
    expect(a.replica.snapshot()).toEqual(snapshot)
    a.do((d) => d.t.append('!'))
    expect(a.value.t).toBe('hi!')
    // Structural sharing: what was not touched is the same.
    expect(a.value.l).toBe(before.l)
  })

  it('that throws where an empty container came to hold something leaves it as one that may (SEED=1137)', () => {
    const { a } = concurrently(
      {},
      (d) => (d.k = set([1])),
      (d) => (d.k = {}),
    )
    const before = a.value
    const again = (): unknown =>
      a.do((d) => {
        d.k = { x: 1 }
        throw new Error('no')
      })
    expect(again).toThrowError('no')
    a.replica.check()
    expect(again).toThrowError('no')
    a.replica.check()
    expect(a.value).toBe(before)
  })

  it('that throws after reading values leaves them as they were', () => {
    const a = side({ t: text('hi') })
    expect(() =>
      a.replica.change((d) => {
        d.t.append('!')
        expect(a.value.t).toBe('hi!')
        throw new Error('no')
      }),
    ).toThrowError('no')
    expect(a.value).toEqual({ t: 'hi' })
  })

  it('does nothing if it did nothing', () => {
    const a = side({ l: [1] })
    const before = a.value
    expect(a.do((d) => d.l.length)).toEqual([])
    expect(a.value).toBe(before)
  })

  it('passes its result on, with drafts turned into values', () => {
    expect(peek({ l: [{ x: 1 }], t: text('t') }, (d) => ({ first: d.l[0], all: [d.l, 1], t: d.t }))).toEqual({
      first: { x: 1 },
      all: [[{ x: 1 }], 1],
      t: 't',
    })
  })

  it('is not async, and nothing of it is recorded', () => {
    const a = side({ n: 1 })
    const run = (): unknown =>
      a.do(async (d) => {
        d.n = 2
        await null
        d.n = 3
      })
    expect(run).toThrowError(expect.objectContaining({ code: 'bad-change', message: expect.stringContaining('async') }))
    expect(a.value).toEqual({ n: 1 })
  })

  it('holds no other change', () => {
    const a = side({ n: 1 })
    const nested = (d: Draft): unknown => {
      d.n = 2
      return a.do((inner) => (inner.n = 3))
    }
    expect(() => a.do(nested)).toThrowError(expect.objectContaining({ code: 'bad-change' }))
    expect(a.value).toEqual({ n: 1 })
  })

  it('takes its drafts with it', () => {
    const a = side({ l: [1] })
    let kept: Draft
    a.do((d) => {
      kept = d.l
    })
    expect(() => kept.push(2)).toThrowError(expect.objectContaining({ code: 'bad-change' }))
    expect(() => kept.length).toThrowError(expect.objectContaining({ code: 'bad-change' }))
  })

  it('alters the value along its path only', () => {
    const a = side({ a: { b: [1] }, c: { d: [2] } })
    const before = a.value
    a.do((d) => d.a.b.push(3))
    expect(a.value).not.toBe(before)
    expect(a.value.c).toBe(before.c)
    expect(Object.isFrozen(a.value.a.b)).toBe(true)
    expect(() => a.value.a.b.push(4)).toThrow(TypeError)
  })
})

class Point {
  x = 1
}

const cycle: { self?: unknown } = {}
cycle.self = cycle
const sparse = [1]
sparse[2] = 3
const nested = (levels: number): object => {
  let value: object = {}
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { k: value }
  return value
}

describe('what no document can hold is refused with its path', () => {
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'use null or delete'],
    ['a function', () => 1, 'function'],
    ['a symbol', Symbol('s'), 'symbol'],
    ['a class instance', new Point(), 'Point'],
    ['a Map', new Map(), 'Map'],
    ['a Set', new Set(), 'set('],
    ['an error', new Error('x'), 'Error'],
    ['another typed array', new Float64Array(1), 'Float64Array'],
    ['a cycle', cycle, 'itself'],
    ['a sparse array', sparse, 'hole'],
    ['an invalid date', new Date(Number.NaN), 'date'],
    ['a lone surrogate', 'x\udc00', 'surrogate'],
    ['a key with a lone surrogate', { '\ud800': 1 }, 'surrogate'],
    ['a symbol as a key', { [Symbol('s')]: 1 }, 'symbol'],
    ['1,000 levels', nested(1000), 'deeper'],
    ['1,000 levels of json', json(nested(1000)), 'deeper'],
    ['a cycle in json', json(cycle), 'itself'],
    ['a function in json', json({ f: () => 1 }), 'function'],
    ['a text in json', json({ t: text('x') }), 'NewText'],
    ['too long a key', { ['k'.repeat(2000)]: 1 }, '1024'],
  ])('%s', (_name, value, word) => {
    const a = side({ items: [{ done: false }] })
    const before = a.value
    const bad = (fn: (d: Draft) => unknown): unknown => {
      try {
        return a.do(fn)
      } catch (error) {
        expect(isJoineryError(error, 'bad-value'), String(error)).toBe(true)
        expect(a.value).toBe(before)
        return (error as Error).message
      }
    }
    expect(bad((d) => (d.items[0].done = value))).toContain(word)
    expect(bad((d) => (d.items[0].done = value))).toContain('items[0].done')
    expect(bad((d) => d.items.push(1, { inner: [value] }))).toContain('items[2].inner[0]')
  })

  it('names undefined as the issue does', () => {
    expect(() => side({ items: [{}] }).do((d) => (d.items[0].done = undefined))).toThrowError(
      'items[0].done is undefined: use null or delete',
    )
  })
})

describe('values come back exactly', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['-0', -0],
    ['NaN', Number.NaN],
    ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['integers', [0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 60, 1e300, 5e-324]],
    ['bigints', [0n, -1n, 2n ** 70n, -(2n ** 70n), 255n, 256n]],
    ['strings', ['', 'é🙂\0\ufeff']],
    ['bytes', Uint8Array.of(0, 255)],
    ['dates', [new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15)]],
    ['json', json({ b: [1, { c: null }], a: -0, n: 2n, d: new Date(5), __proto__: 1 })],
    ['deep', nested(90)],
  ])('%s', (_name, value) => {
    const a = side()
    a.do((d) => (d.v = value))
    const b = new Side('b')
    b.take(a.made)
    expect(b.value).toStrictEqual(a.value)
    const plain = typeof value === 'object' && value !== null && 'value' in value ? value.value : value
    expect(b.value.v).toEqual(plain)
    expect(Object.is(b.value.v, a.value.v) || typeof value === 'object').toBe(true)
  })
})
