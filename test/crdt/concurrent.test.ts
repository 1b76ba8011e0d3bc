// Two people who do not hear of each other, case by case (DESIGN §5, FORMAT §4). A remove removes only what it saw.

import { describe, expect, it } from 'vitest'
import { counter, json, set, text } from '../../src/crdt/constructors.ts'
import { concurrently, meet, Side } from '../replica/notation.ts'

describe('a map', () => {
  it('set ‖ set: the greater (lamport, actor) wins', () => {
    expect(
      concurrently(
        {},
        (d) => (d.k = 'a'),
        (d) => (d.k = 'b'),
      ).value,
    ).toEqual({ k: 'b' })
  })

  it('set ‖ set: who wrote later in causality wins, whatever the actor', () => {
    const longer = (d: { k: string }): void => {
      d.k = 'first'
      d.k = 'a'
    }
    expect(concurrently({}, longer, (d) => (d.k = 'b')).value).toEqual({ k: 'a' })
  })

  it('set ‖ delete: the set stays', () => {
    expect(
      concurrently(
        { k: 0 },
        (d) => (d.k = 1),
        (d) => delete d.k,
      ).value,
    ).toEqual({ k: 1 })
    expect(
      concurrently(
        { k: 0 },
        (d) => delete d.k,
        (d) => (d.k = 1),
      ).value,
    ).toEqual({ k: 1 })
  })

  it('a delete that saw only the winner shows the loser that it did not see', () => {
    const [a, b, c] = [new Side('a'), new Side('b'), new Side('c')]
    b.do((d) => (d.k = 'b'))
    const [winning] = [c.do((d) => (d.k = 'c'))]
    a.take(winning)
    a.do((d) => delete d.k)
    expect(a.value).toEqual({})
    meet(a, b, c)
    expect([a.value, b.value, c.value]).toEqual([{ k: 'b' }, { k: 'b' }, { k: 'b' }])
  })

  it('a set never loses to an init, and nobody is asked who was first', () => {
    const [a, b] = [new Side('a'), new Side('b').init({ k: 'default' })]
    a.do((d) => (d.k = 'mine'))
    meet(a, b)
    b.do((d) => (d.other = 1))
    meet(a, b)
    expect(a.value).toEqual({ k: 'mine', other: 1 })
    expect(b.value).toEqual(a.value)
  })
})

describe('a container under a key', () => {
  it('create ‖ create: one text with what both wrote', () => {
    const { value } = concurrently(
      {},
      (d) => (d.note = text('ab')),
      (d) => (d.note = text('cd')),
    )
    expect([...value.note].sort().join('')).toBe('abcd')
  })

  it('create ‖ create of maps: both their keys', () => {
    expect(
      concurrently(
        {},
        (d) => (d.m = { x: 1 }),
        (d) => (d.m = { y: 2 }),
      ).value,
    ).toEqual({ m: { x: 1, y: 2 } })
  })

  it('create ‖ create of lists and sets and counters: all of both', () => {
    const { value } = concurrently(
      {},
      (d) => Object.assign(d, { l: [1], s: set([1]), c: counter(1) }),
      (d) => Object.assign(d, { l: [2], s: set([2]), c: counter(2) }),
    )
    expect(value).toEqual({ l: [1, 2], s: [1, 2], c: 3 })
  })

  it('create ‖ create of different types: one shows, and editing the other is in vain but harmless', () => {
    const { a, b, value } = concurrently(
      {},
      (d) => (d.k = [1]),
      (d) => (d.k = text('t')),
    )
    expect(value).toEqual({ k: 't' })
    a.do((d) => d.k.append('!'))
    meet(a, b)
    expect(b.value).toEqual({ k: 't!' })
  })

  it('nested edit ‖ remove: hidden', () => {
    expect(
      concurrently(
        { m: { x: 1 } },
        (d) => (d.m.x = 2),
        (d) => delete d.m,
      ).value,
    ).toEqual({})
  })

  it('create anew ‖ remove of the older one: alive, with only what the remove did not see', () => {
    const { value } = concurrently(
      { note: text('old') },
      (d) => {
        d.note = text('new')
      },
      (d) => delete d.note,
    )
    expect(value).toEqual({ note: 'new' })
  })

  it('edit ‖ overwrite by the same type: one container, with the edit and the new content', () => {
    const { value } = concurrently(
      { note: text('old') },
      (d) => {
        d.note = text('new')
      },
      (d) => d.note.append('!'),
    )
    expect([...value.note].sort().join('')).toBe('!enw')
  })

  it('a container made again after its removal begins empty', () => {
    const a = new Side('a').init({ note: text('old'), n: counter(3), s: set([1]), m: { k: 1 }, l: [1] })
    a.do((d) => {
      for (const key of ['note', 'n', 's', 'm', 'l']) delete d[key]
    })
    a.do((d) => Object.assign(d, { note: text(), n: counter(), s: set(), m: {}, l: [] }))
    expect(a.value).toEqual({ note: '', n: 0, s: [], m: {}, l: [] })
  })

  it('edits in the old one ‖ removal and another one: the new one does not get them', () => {
    const { value } = concurrently(
      { note: text('old') },
      (d) => d.note.append('!'),
      (d) => {
        delete d.note
        d.note = text('new')
      },
    )
    expect(value).toEqual({ note: 'new' })
  })

  it('null and plain values overwrite; what was inside is cleared, what was not seen stays hidden', () => {
    const { a, b, value } = concurrently(
      { m: { x: 1 } },
      (d) => (d.m.y = 2),
      (d) => (d.m = null),
    )
    expect(value).toEqual({ m: null })
    a.do((d) => (d.m = {}))
    meet(a, b)
    expect(b.value).toEqual({ m: {} })
  })

  it('clearing goes down through slots, and takes only what was seen', () => {
    const { value } = concurrently(
      { m: { n: { l: [1], c: counter(5), s: set(['x']), t: text('t') } } },
      (d) => (d.m = { n: {} }),
      (d) => {
        d.m.n.l.push(2)
        d.m.n.c.add(1)
        d.m.n.s.add('y')
        d.m.n.t.append('!')
      },
    )
    // The inner slots were removed: what was added to them at the same time stays hidden, as with any nested edit ‖ remove.
    expect(value).toEqual({ m: { n: {} } })
  })
})

describe('a counter', () => {
  it('adds ‖ adds: all of them', () => {
    expect(
      concurrently(
        { n: counter(1) },
        (d) => d.n.add(2),
        (d) => d.n.add(-4),
      ).value,
    ).toEqual({ n: -1 })
  })

  it('adds ‖ overwrite by a new counter: what the overwrite did not see counts', () => {
    expect(
      concurrently(
        { n: counter(7) },
        (d) => d.n.add(2),
        (d) => (d.n = counter(100)),
      ).value,
    ).toEqual({ n: 102 })
  })

  it('is a bigint past 2^53 and a number again below, exactly', () => {
    const a = new Side('a').init({ n: counter(Number.MAX_SAFE_INTEGER) })
    a.do((d) => d.n.add(2))
    expect(a.value).toEqual({ n: 2n ** 53n + 1n })
    a.do((d) => d.n.add(-2))
    expect(a.value).toEqual({ n: Number.MAX_SAFE_INTEGER })
  })
})

describe('a set', () => {
  it('add ‖ remove: present', () => {
    expect(
      concurrently(
        { s: set(['x']) },
        (d) => d.s.delete('x'),
        (d) => d.s.add('x'),
      ).value,
    ).toEqual({ s: ['x'] })
  })

  it('remove ‖ remove: absent, and an add that saw both is present', () => {
    const { a, b, value } = concurrently(
      { s: set(['x']) },
      (d) => d.s.delete('x'),
      (d) => d.s.delete('x'),
    )
    expect(value).toEqual({ s: [] })
    a.do((d) => d.s.add('x'))
    meet(a, b)
    expect(b.value).toEqual({ s: ['x'] })
  })

  it('orders its members by their bytes, and tells values apart by them', () => {
    const a = new Side('a').init({ s: set(['b', 'a', 2, 1, -0, 0, null, true, 1n, json([1]), 'a']) })
    expect(a.value.s).toEqual([null, true, 0, 1, 2, -0, 1n, 'a', 'b', [1]])
  })
})

describe('a list or text', () => {
  it('words typed at one place at once do not interleave', () => {
    const typed = (word: string) => (d: { t: { length: number; append(c: string): void } }) => {
      for (const unit of word) d.t.append(unit)
    }
    expect(concurrently({ t: text('') }, typed('hello'), typed('world')).value).toEqual({ t: 'helloworld' })
  })

  it('words typed backwards at one place at once do not interleave', () => {
    const typed = (word: string) => (d: { t: { insert(i: number, c: string): void } }) => {
      for (const unit of [...word].reverse()) d.t.insert(0, unit)
    }
    expect(concurrently({ t: text('') }, typed('hello'), typed('world')).value).toEqual({ t: 'helloworld' })
  })

  it('insert ‖ delete around it: the insert stays', () => {
    expect(
      concurrently(
        { t: text('abcd') },
        (d) => d.t.delete(0, 4),
        (d) => d.t.insert(2, 'X'),
      ).value,
    ).toEqual({ t: 'X' })
  })

  it('delete ‖ delete of overlapping parts: each unit goes once', () => {
    expect(
      concurrently(
        { t: text('abcdef') },
        (d) => d.t.delete(0, 4),
        (d) => d.t.delete(2, 3),
      ).value,
    ).toEqual({ t: 'f' })
  })

  it('edit of an item ‖ its removal: removed', () => {
    const onA = (d: { items: { done: boolean }[] }): void => {
      const [first] = d.items
      if (first !== undefined) first.done = true
    }
    expect(concurrently({ items: [{ done: false }] }, onA, (d) => d.items.splice(0, 1)).value).toEqual({ items: [] })
  })

  it('replace ‖ replace of an item: both new ones', () => {
    expect(
      concurrently(
        { l: [0] },
        (d) => (d.l[0] = 1),
        (d) => (d.l[0] = 2),
      ).value,
    ).toEqual({ l: [1, 2] })
  })

  it('who goes on typing after hearing of somebody is placed by what was heard, on every replica', () => {
    const [a, b, c] = [
      new Side('a').init({ t: text('P') }),
      new Side('b').init({ t: text('P') }),
      new Side('c').init({ t: text('P') }),
    ]
    const first = a.do((d) => d.t.append('a'))
    const other = b.do((d) => d.t.append('X'))
    c.take(first)
    const third = c.do((d) => d.t.append('c'))
    a.take(other)
    const second = a.do((d) => d.t.insert(2, 'A'))
    // On r, X comes before what it was typed beside: the run of a goes on, but not in front of what it did before.
    const r = new Side('r').init({ t: text('P') })
    for (const ranges of [other, first, second, third]) r.take(ranges)
    meet(a, b, c)
    expect([a.value.t, b.value.t, c.value.t, r.value.t]).toEqual(['PacAX', 'PacAX', 'PacAX', 'PacAX'])
  })

  it('an emoji deleted ‖ a letter typed after it: no half of it stays', () => {
    expect(
      concurrently(
        { t: text('a🙂b') },
        (d) => d.t.delete(1, 2),
        (d) => d.t.insert(3, 'X'),
      ).value,
    ).toEqual({ t: 'aXb' })
  })
})

describe('two different inits', () => {
  it('join as two writers: structure there', () => {
    const a = new Side('a').init({ items: [], title: 'A' })
    const b = new Side('b').init({ items: [], note: text('n') })
    a.do((d) => d.items.push(1))
    b.do((d) => d.items.push(2))
    meet(a, b)
    expect(a.value).toEqual(b.value)
    expect(a.value).toMatchObject({ title: 'A', note: 'n' })
    expect([...a.value.items].sort()).toEqual([1, 2])
  })
})
