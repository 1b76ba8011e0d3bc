// A document that was loaded as it shows goes on like the one that was saved: upon what it shows as long as everybody has seen it, with its history
// as soon as somebody has not.

import { describe, expect, it } from 'vitest'
import { counter, log, register, set, text } from '../../src/crdt/constructors.ts'
import { type Draft, inspect, meet, Side } from './engine-side.ts'

const init = {
  t: text('abc🙂'),
  l: [1, { x: [1] }, text('in a list')],
  n: counter(5),
  g: counter(2, { grows: true }),
  s: set(['x', 'y']),
  w: set(['x', 'y'], { wins: 'remove' }),
  e: log(['first']),
  r: register('r'),
  m: { k: 1, inner: { t: text('deep') } },
  gone: { t: text('gone') },
}

/** Two who have met, with some history behind them. */
function pair(): [Side, Side] {
  const [a, b] = [new Side('a').init(init), new Side('b').init(init)]
  a.do((d) => {
    d.t.delete(1, 1)
    d.n.add(3)
    d.w.delete('x')
    d.e.push('a')
    delete d.gone
  })
  b.do((d) => {
    d.t.insert(2, 'XY')
    d.l.push('b')
    d.gone.t.append('!')
    d.r.set('b')
    d.m.k = 2
  })
  meet(a, b)
  return [a, b]
}

const edits: [string, (d: Draft) => unknown][] = [
  ['typing', (d) => d.t.insert(1, '!')],
  ['deleting', (d) => d.t.delete(0, 2)],
  ['an item', (d) => d.l.splice(1, 1, 'new')],
  ['in an item', (d) => d.l[1].x.push(2)],
  ['in a text in a list', (d) => d.l[2].append('!')],
  ['a counter', (d) => d.n.add(1)],
  ['a counter anew', (d) => (d.n = counter(100))],
  ['sets', (d) => [d.s.delete('x'), d.w.add('x'), d.w.delete('y')]],
  ['a log', (d) => d.e.push('later')],
  ['a register', (d) => d.r.set('later')],
  ['a removal', (d) => delete d.m],
  ['an overwriting', (d) => (d.t = text('new'))],
  ['an emptied list', (d) => (d.l = [])],
  ['one made again', (d) => (d.gone = { t: text('again') })],
]

describe('after a load', () => {
  it('it shows what was saved', () => {
    const [a] = pair()
    const before = inspect(a.value)
    a.reload()
    a.document.check()
    expect(inspect(a.value)).toBe(before)
  })

  it.each(edits)('%s goes on, by itself and while another edits', (_, edit) => {
    for (const elsewhere of [() => {}, ...edits.map(([, fn]) => fn)]) {
      const [a, b] = pair()
      b.do(elsewhere)
      a.reload()
      a.do(edit)
      meet(a, b)
    }
  })

  it('undo reaches behind it', () => {
    const [a, b] = pair()
    const typed = a.do((d) => d.t.append('typed'))
    meet(a, b)
    a.reload()
    a.revoke(1, ...Array.from({ length: 5 }, (_, i) => `a:${(typed?.seq ?? 0) + i}`))
    meet(a, b)
    expect(b.value.t).toBe('aXYc🙂')
  })

  it('a change that throws leaves it as it was', () => {
    const [a] = pair()
    a.reload()
    const before = a.value
    const fail = (d: Draft): void => {
      for (const [, edit] of edits) edit(d)
      throw new Error('no')
    }
    // What an edit before has removed, a later one may miss: that throws as well.
    expect(() => a.do(fail)).toThrowError()
    expect(a.value).toBe(before)
    a.document.check()
  })

  it('the order of all items is known from rows alone', () => {
    const [a] = pair()
    const { sequence, maker } = a.document.root.get('t') as { sequence: never; maker: number } & Draft
    const spans: number[] = []
    sequence.order((lv: number, count: number, isVisible: boolean) => spans.push(lv, count, isVisible ? 1 : 0))
    const order = a.document.orders().find(({ container }) => container === maker)
    expect(order?.spans).toEqual(spans)
  })
})
