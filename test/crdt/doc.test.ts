// joinery/doc as its users meet it.

import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  applyPatches,
  type Counter,
  counter,
  createDoc,
  json,
  openDoc,
  type SetOf,
  set,
  type Text,
  text,
  type Value,
} from '../../src/doc.ts'

const clock = { now: () => 0 }

describe('a document alone', () => {
  it('does what the example says', () => {
    const a = createDoc<Draft>({ actor: Uint8Array.of(1), clock })
    const b = createDoc<Draft>({ actor: Uint8Array.of(2), clock })
    a.on('delta', (bytes) => b.receive(bytes))
    a.change((d) => {
      d.note = text('hi')
      d.note.insert(2, '!')
      d.note.delete(0, 1)
      d.items = []
      d.items.push(1)
      d.votes = counter()
      d.votes.add(1)
      d.tags = set()
      d.tags.add('x')
    })
    a.text('note').insert(0, 'O')
    expect(a.value).toEqual({ note: 'Oi!', items: [1], votes: 1, tags: ['x'] })
    expect(b.value).toEqual(a.value)
    expect(openDoc(a.snapshot()).value).toEqual(a.value)
    expect(a.delta(b.version)).toEqual(new Uint8Array(0))
  })

  it('begins the same everywhere with the same init', () => {
    const init = { items: [] as number[] }
    const [a, b] = [createDoc({ init }), createDoc({ init })]
    a.change((d) => d.items.push(1))
    b.change((d) => d.items.push(2))
    a.receive(b.delta(a.version))
    b.receive(a.delta(b.version))
    expect(a.value).toEqual(b.value)
    expect([...a.value.items].sort()).toEqual([1, 2])
  })

  it('tells of changes and patches, which add up (Invariant 7)', () => {
    const a = createDoc<Draft>({ init: { l: [1, 2, 3] } })
    let mirror: unknown = a.value
    let changes = 0
    a.on('patch', ({ patches }) => {
      mirror = applyPatches(mirror, patches)
    })
    const off = a.subscribe(() => changes++)
    a.change((d) => d.l.splice(1, 1, 'x', { y: text('t') }))
    a.change((d) => d.l.length)
    off()
    a.list('l').delete(0)
    expect(mirror).toEqual(a.value)
    expect(changes).toBe(1)
  })

  it('refuses bytes that are none of a document, and keeps what it has', () => {
    const a = createDoc({ init: { n: 1 } })
    expect(() => a.receive(Uint8Array.of(1, 2, 3))).toThrowError(expect.objectContaining({ code: 'bad-message' }))
    expect(() => openDoc(Uint8Array.of(1, 2, 3))).toThrowError(expect.objectContaining({ code: 'bad-message' }))
    expect(a.value).toEqual({ n: 1 })
  })

  it('takes many deltas at once, in any order; none of them if one is no delta', () => {
    const init = { note: text(''), n: 0 }
    const deltas: Uint8Array[] = []
    for (let actor = 1; actor <= 3; actor++) {
      const one = createDoc<Draft>({ actor: Uint8Array.of(actor), init })
      one.on('delta', (bytes) => deltas.push(bytes))
      one.text('note').append('a')
      one.change((d) => {
        d.n = actor
      })
      one.text('note').append('b')
    }
    const [a, b] = [createDoc<Draft>({ init }), createDoc<Draft>({ init })]
    const bad = expect.objectContaining({ code: 'bad-message' })
    for (const wrong of [[...deltas, Uint8Array.of(255)], [...deltas, 'x'], 'x', 7, undefined])
      expect(() => a.receive(wrong as Uint8Array[])).toThrowError(bad)
    expect(a.value).toEqual({ note: '', n: 0 })
    expect(a.receive([])).toMatchObject({ merged: 0, patches: [] })
    const { merged, pending } = a.receive(deltas.toReversed(), { patches: false })
    // Each begins with an op that says when.
    expect([merged, pending.ops]).toEqual([12, 0])
    for (const delta of deltas) b.receive(delta)
    expect(a.value).toEqual(b.value)
    expect(a.snapshot()).toEqual(b.snapshot())
  })
})

describe('live handles', () => {
  const doc = createDoc<Draft>({
    init: { note: text('hi'), l: [1, 2], m: { k: { n: 1 } }, c: counter(1), s: set(['x']) },
  })

  it('edit by a change of their own, and read the value', () => {
    const deltas: Uint8Array[] = []
    doc.on('delta', (bytes) => deltas.push(bytes))
    doc.text('note').append('!')
    doc.text('note').delete(0, 1)
    doc.list('l').push(3, 4)
    doc.list('l').insert(0, 0)
    doc.list('l').set(1, 'one')
    doc.list('l').delete(2, 1)
    doc.map(['m', 'k']).set('n', 2)
    doc.map('m').set('gone', 1)
    doc.map('m').delete('gone')
    doc.counter('c').add(4)
    doc.set('s').add('y')
    doc.set('s').delete('x')
    expect(doc.value).toEqual({ note: 'i!', l: [0, 'one', 3, 4], m: { k: { n: 2 } }, c: 5, s: ['y'] })
    expect([doc.text('note').length, String(doc.text('note')), doc.list('l').at(-1), doc.map('m').keys]).toEqual([
      2,
      'i!',
      4,
      ['k'],
    ])
    expect([doc.counter('c').value, doc.set('s').has('y'), doc.map(['m', 'k']).get('n'), doc.set('s').size]).toEqual([
      5,
      true,
      2,
      1,
    ])
    expect(deltas.length).toBe(12)
  })

  it.each<[string, () => unknown]>([
    ['nothing', () => doc.text('nope').insert(0, 'x')],
    ['another type', () => doc.text('l').insert(0, 'x')],
    ['another type, read', () => doc.counter('note').value],
    ['another type that is read as an array', () => doc.list('s').push(1)],
    ['another type that is read as an array, emptied', () => doc.list('s').delete(0)],
    ['no map', () => doc.map('l').delete('x')],
    ['deep nothing', () => doc.map(['m', 'k', 'n', 'x']).set('y', 1)],
    ['a number as a counter', () => doc.counter(['m', 'k', 'n']).add(1)],
  ])('that lead to %s say so', (_name, use) => {
    expect(use).toThrowError(expect.objectContaining({ code: 'bad-path' }))
  })
})

describe('types', () => {
  it('a draft takes texts where its type says so, and the value reads as plain data', () => {
    type Noted = {
      note?: Text
      votes: Counter
      tags: SetOf<string>
      items: { name: string; at: Date }[]
      point: { x: number }
    }
    const doc = createDoc<Noted>({ init: { votes: counter(), tags: set<string>(), items: [], point: json({ x: 1 }) } })
    doc.change((d) => {
      d.note = text('hi')
      d.note.insert(2, '!')
      d.votes.add(1)
      d.tags.add('x')
      d.items.push({ name: 'milk', at: new Date(0) })
    })
    expectTypeOf(doc.value.note).toEqualTypeOf<string | undefined>()
    expectTypeOf(doc.value.votes).toEqualTypeOf<number | bigint>()
    expectTypeOf(doc.value.tags).toEqualTypeOf<readonly string[]>()
    expectTypeOf(doc.value.items).toEqualTypeOf<readonly { readonly name: string; readonly at: Date }[]>()
    expectTypeOf(doc.value.point.x).toEqualTypeOf<number>()
    expectTypeOf<Value<{ a: string | null }>>().toEqualTypeOf<{ readonly a: string | null }>()
    expect(doc.value.items[0]?.name).toBe('milk')
    const untyped = createDoc()
    untyped.change((d) => {
      d.anything = [1]
      d.anything.push('x')
    })
    expect(untyped.value.anything).toEqual([1, 'x'])
    // @ts-expect-error The value is read only.
    expect(() => doc.value.items.push(1)).toThrow(TypeError)
  })
})

// biome-ignore lint/suspicious/noExplicitAny: documents without a type.
type Draft = any
