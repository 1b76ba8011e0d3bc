// Undo, redo and older versions: a revoke switches edits off wherever they are, and never touches what others made of the rest (FORMAT §3).

import { describe, expect, it } from 'vitest'
import { counter, log, register, set, text } from '../../src/crdt/constructors.ts'
import { type Change, type Draft, meet, Side } from './engine-side.ts'

/** The ops of a change, by name. */
function dotsOf(change: Change | undefined): string[] {
  if (change === undefined) return []
  const count = change.runs.reduce((sum, { units }) => sum + units, 0)
  return Array.from({ length: count }, (_, i) => `${change.actor}:${change.seq + i}`)
}

/** Does, undoes and redoes it on one side while another edits; gives what all read after each. */
function undone(init: object, edit: (d: Draft) => unknown, elsewhere: (d: Draft) => unknown): unknown[] {
  const [a, b] = [new Side('a').init(init), new Side('b').init(init)]
  const done = a.do(edit)
  meet(a, b)
  b.do(elsewhere)
  const values: unknown[] = []
  const undo = a.revoke(1, ...dotsOf(done))
  meet(a, b)
  values.push(a.value)
  a.revoke(2, undo)
  meet(a, b)
  values.push(b.value)
  return values
}

const nothing = (): void => {}

describe('what is taken back is as if it had not been said, and comes again', () => {
  it.each<[string, object, (d: Draft) => unknown, (d: Draft) => unknown, unknown, unknown]>([
    ['a set', { k: 1 }, (d) => (d.k = 2), nothing, { k: 1 }, { k: 2 }],
    ['a delete of a key', { k: 1 }, (d) => delete d.k, nothing, { k: 1 }, {}],
    ['a set that another has replaced', { k: 1 }, (d) => (d.k = 2), (d) => (d.k = 3), { k: 3 }, { k: 3 }],
    ['a new key', {}, (d) => (d.m = { x: [1] }), nothing, {}, { m: { x: [1] } }],
    ['an overwriting', { t: text('abc') }, (d) => (d.t = 1), nothing, { t: 'abc' }, { t: 1 }],
    [
      'a removal with all in it',
      { m: { t: text('abc'), n: { c: counter(3) } } },
      (d) => delete d.m,
      nothing,
      { m: { n: { c: 3 }, t: 'abc' } },
      {},
    ],
    ['typing', { t: text('ab') }, (d) => d.t.insert(1, 'XY'), (d) => d.t.insert(2, '!'), { t: 'a!b' }, { t: 'aX!Yb' }],
    [
      'a deletion',
      { t: text('abcd') },
      (d) => d.t.delete(1, 2),
      (d) => d.t.insert(1, '!'),
      { t: 'a!bcd' },
      { t: 'a!d' },
    ],
    [
      'an item with a container',
      { l: [1] },
      (d) => d.l.push({ x: 1 }),
      (d) => (d.l[1].x = 2),
      { l: [1] },
      { l: [1, { x: 2 }] },
    ],
    ['an add', { n: counter(1) }, (d) => d.n.add(5), (d) => d.n.add(2), { n: 3 }, { n: 8 }],
    ['an include', { s: set([1]) }, (d) => d.s.add(2), (d) => d.s.add(3), { s: [1, 3] }, { s: [1, 2, 3] }],
    ['an exclude', { s: set([1]) }, (d) => d.s.delete(1), nothing, { s: [1] }, { s: [] }],
    ['an append', { g: log([1]) }, (d) => d.g.push(2), (d) => d.g.push(3), { g: [1, 3] }, { g: [1, 2, 3] }],
    ['an assignment', { r: register(1) }, (d) => d.r.set(2), nothing, { r: 1 }, { r: 2 }],
  ])('%s', (_, init, edit, elsewhere, undoneValue, redoneValue) => {
    expect(undone(init, edit, elsewhere)).toEqual([undoneValue, redoneValue])
  })

  it('twice taken back is off until both are taken back', () => {
    const [a, b] = [new Side('a').init({ t: text('') }), new Side('b').init({ t: text('') })]
    const typed = dotsOf(a.do((d) => d.t.append('hi')))
    meet(a, b)
    const byA = a.revoke(1, ...typed)
    const byB = b.revoke(1, ...typed)
    meet(a, b)
    expect(a.value).toEqual({ t: '' })
    a.revoke(2, byA)
    meet(a, b)
    expect(a.value).toEqual({ t: '' })
    b.revoke(2, byB)
    meet(a, b)
    expect(a.value).toEqual({ t: 'hi' })
  })

  it('names only what its author had seen', () => {
    const [a, b] = [new Side('a').init({ k: 0 }), new Side('b').init({ k: 0 })]
    const set = a.do((d) => (d.k = 1))
    const other = b.do((d) => (d.other = 1))
    b.take({ ...(set as Change) })
    const forged: Change = {
      actor: 'a',
      seq: 1,
      parents: ['a:0'],
      runs: [{ kind: 13, at: undefined, a: 1, b: 0, units: 1, targets: dotsOf(other) }],
    }
    b.take(forged)
    expect(b.value).toEqual({ k: 1, other: 1 })
  })

  it('a key that was removed and made again and again: taking one removal back brings back only what no other has cleared', () => {
    const a = new Side('a').init({ t: text('first') })
    const removals = [1, 2, 3].map((round) => {
      const removed = a.do((d) => delete d.t)
      a.do((d) => (d.t = text(`round ${round}`)))
      return removed
    })
    a.revoke(1, ...dotsOf(removals[0]))
    meet(a)
    expect(a.value).toEqual({ t: 'round 3' })
    a.revoke(1, ...removals.slice(1).flatMap(dotsOf))
    meet(a)
    expect(a.value).toEqual({ t: 'round 3' })
  })
})

describe('an older version', () => {
  it('reads as it did', () => {
    const [a, b] = [new Side('a'), new Side('b')]
    const seen: { readonly version: readonly number[]; readonly value: unknown }[] = []
    const note = (): void => {
      seen.push({ version: [...a.graph.frontier], value: a.value })
    }
    a.do((d) => Object.assign(d, { t: text('abc'), l: [1, { x: [1] }], n: counter(1), s: set(['x']), g: log([1]) }))
    meet(a, b)
    note()
    b.do((d) => {
      d.t.insert(1, '🙂')
      d.l[1].x.push(2)
      d.n.add(2)
    })
    a.do((d) => {
      d.t.delete(0, 2)
      d.s.delete('x')
      d.g.push(2)
      d.r = register(1)
    })
    note()
    meet(a, b)
    note()
    const undo = a.revoke(1, ...dotsOf(a.changes[0]))
    note()
    a.revoke(2, undo)
    note()
    a.do((d) => {
      delete d.t
      d.l = [0]
      d.n = counter(9)
    })
    note()
    for (const { version, value } of seen) expect(a.document.at(version)).toEqual(value)
    expect(a.document.at([])).toEqual({})
  })
})
