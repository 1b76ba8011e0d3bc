// Logs, registers, sets where removals win and counters as users of joinery/doc meet them, with two people at once.

import { describe, expect, it } from 'vitest'
import { applyPatches, counter, type Doc, log, register, set } from '../../src/doc.ts'
import { apart, type Draft, docOf, meet, reopened } from './doc-side.ts'

const code = (name: string) => expect.objectContaining({ code: name })

/** What both show, which is the same. */
function shown(docs: readonly Doc<Draft>[]): Draft {
  const [first, ...others] = docs
  for (const doc of others) expect(doc.value).toEqual(first?.value)
  expect(reopened(docs[0] as Doc<Draft>, 'c').value).toEqual(first?.value)
  return first?.value
}

describe('a log', () => {
  it('keeps what both push, each in one piece, in one order for all', () => {
    const docs = apart(
      { events: log(['begun']) },
      (d) => d.events.push('a1', 'a2'),
      (d) => d.events.push('b1'),
    )
    expect(shown(docs).events).toEqual(['begun', 'a1', 'b1', 'a2'])
  })

  it('is read by index and edited by a handle, holds plain values, and has nothing that takes away', () => {
    const doc = docOf('a', { events: log() })
    expect(doc.log('events').push(1n, new Date(5), 'x')).toBe(3)
    expect([doc.log('events').length, doc.log('events').at(-1), [...doc.log('events')][0]]).toEqual([3, 'x', 1n])
    expect(() => doc.log('events').push({})).toThrowError(/a log holds plain values; wrap it in json/)
    expect(() => doc.change((d) => d.events.splice(0, 1))).toThrow(TypeError)
  })
})

describe('a register', () => {
  it('shows the greatest of what was assigned at once, and lists them all until one who saw them decides', () => {
    const docs = apart(
      { owner: register('Ada') },
      (d) => d.owner.set('Bo'),
      (d) => d.owner.set('Cy'),
    )
    const [a, b] = docs
    expect([shown(docs).owner, a.register('owner').values]).toEqual(['Cy', ['Cy', 'Bo']])
    expect(a.conflicts(['owner']).map(({ value, actor }) => [value, actor])).toEqual([
      ['Cy', b.actor],
      ['Bo', a.actor],
    ])
    a.register('owner').set('Di')
    meet(a, b)
    expect([shown(docs).owner, b.register('owner').values, b.conflicts(['owner'])]).toEqual(['Di', ['Di'], []])
  })

  it('is not any value that stands there', () => {
    const doc = docOf('a', { note: 'Ada' })
    expect(() => doc.register('note').value).toThrowError(/note is not a register/)
  })

  it('that was never assigned is null, and has no values', () => {
    const doc = docOf('a', { owner: register() })
    expect([doc.value.owner, doc.register('owner').value, doc.register('owner').values]).toEqual([null, null, []])
  })
})

describe('a set', () => {
  it.each<['add' | 'remove', unknown]>([
    ['add', ['x']],
    ['remove', []],
  ])('where the %s wins: add beside remove', (wins, expected) => {
    const docs = apart(
      { tags: set(['x'], { wins }) },
      (d) => d.tags.delete('x'),
      (d) => d.tags.add('x'),
    )
    expect(shown(docs).tags).toEqual(expected)
    docs[0].set('tags').add('x')
    meet(...docs)
    expect(shown(docs).tags).toEqual(['x'])
  })

  it('finds bytes and dates by what they are', () => {
    const doc = docOf('a', { tags: set([new Date(5), Uint8Array.of(1)]) })
    const has = [new Date(5), Uint8Array.of(1), new Date(6)].map((value) => doc.set('tags').has(value))
    expect(has).toEqual([true, true, false])
    expect(doc.change((d) => d.tags.has(new Date(5)))).toBe(true)
  })

  it('has its members in the order of their bytes, the same for all', () => {
    const docs = apart(
      { tags: set() },
      (d) => ['b', 2, 'a'].map((v) => d.tags.add(v)),
      (d) => d.tags.add(1),
    )
    expect(new Set(shown(docs).tags)).toEqual(new Set([1, 2, 'a', 'b']))
    expect(docOf('c', { tags: set(['a', 1, 'b', 2]) }).value).toEqual(shown(docs))
  })
})

describe('a counter', () => {
  it('that only grows takes no less than nothing', () => {
    const docs = apart(
      { seen: counter(1, { grows: true }) },
      (d) => d.seen.add(2),
      (d) => d.seen.add(3),
    )
    expect(shown(docs).seen).toBe(6)
    expect(() => docs[0].counter('seen').add(-1)).toThrowError(/only grows/)
    expect(() => docs[0].change((d) => d.seen.add(-1n))).toThrowError(code('bad-value'))
    expect(() => counter(-1, { grows: true })).toThrowError(code('bad-value'))
  })

  it('is exact past 2^53: a bigint there, and a number again below', () => {
    const docs = apart(
      { n: counter(2 ** 53 - 1) },
      (d) => d.n.add(1),
      (d) => d.n.add(2n ** 70n),
    )
    expect(shown(docs).n).toBe(2n ** 53n + 2n ** 70n)
    docs[0].counter('n').add(-(2n ** 70n))
    docs[0].counter('n').add(-1)
    meet(...docs)
    expect(shown(docs).n).toBe(2 ** 53 - 1)
  })

  it('tells by patches what was added and what is there', () => {
    const doc = docOf('a', { n: counter(1) })
    let mirror: unknown = doc.value
    doc.on('patch', ({ patches }) => {
      expect(patches).toEqual([{ type: 'increment', path: ['n'], by: 4, value: 5 }])
      mirror = applyPatches(mirror, patches)
    })
    doc.counter('n').add(4)
    expect(mirror).toEqual(doc.value)
  })

  it.each<[unknown]>([[1.5], [Number.NaN], [2 ** 53], ['1']])('adds no %s', (by) => {
    const doc = docOf('a', { n: counter() })
    expect(() => doc.counter('n').add(by as number)).toThrowError(code('bad-value'))
    expect(doc.value.n).toBe(0)
  })
})
