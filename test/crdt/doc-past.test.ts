// What a document was, who made it so, and places that stay: at, diff, history, conflicts, blame, frontier, cursors.

import { beforeEach, describe, expect, it } from 'vitest'
import { applyPatches, counter, type Doc, log, register, set, text } from '../../src/doc.ts'
import { apart, type Draft, docOf, meet, reopened, time } from './doc-side.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const hex = (name: string): string => Buffer.from(name).toString('hex')

beforeEach(() => {
  time.ms = 0
})

/** Something of everything, edited by two people at once, and the versions it went through. */
function busy(): { doc: Doc<Draft>; versions: Doc<Draft>['version'][]; values: unknown[] } {
  const init = {
    note: text('The cat'),
    items: [1, { done: false }],
    votes: counter(1),
    tags: set(['x']),
    events: log(['made']),
    owner: register('Ada'),
  }
  const [a, b] = [docOf('a', init), docOf('b', init)]
  const [versions, values] = [[a.version], [a.value as unknown]]
  const edit = (fn: (d: Draft) => unknown): void => {
    a.change((d) => void fn(d))
    versions.push(a.version)
    values.push(a.value)
  }
  edit((d) => d.note.insert(4, 'black '))
  edit((d) => d.items.push('two'))
  b.change((d) => {
    d.note.append(' sat')
    d.items[1].done = true
    d.votes.add(5)
    d.owner.set('Bo')
  })
  edit((d) => d.owner.set('Cy'))
  meet(a, b)
  versions.push(a.version)
  values.push(a.value)
  edit((d) => d.tags.delete('x'))
  edit((d) => d.note.delete(0, 4))
  edit((d) => delete d.items)
  edit((d) => d.events.push('emptied'))
  return { doc: a, versions, values }
}

describe('an older version', () => {
  it('reads as the document did then, whatever was written since', () => {
    const { doc, versions, values } = busy()
    for (const [i, version] of versions.entries()) expect(doc.at(version).value).toEqual(values[i])
    expect(doc.value).toEqual(values.at(-1))
  })

  it('reads the same in a document that was saved and opened', () => {
    const { doc, versions, values } = busy()
    const again = reopened(doc, 'c')
    for (const [i, version] of versions.entries()) expect(again.at(version).value).toEqual(values[i])
  })

  it('is what one of two had, though both are merged here', () => {
    const [a, b] = apart(
      { k: 0 },
      (d) => (d.k = 'a'),
      (d) => (d.k = 'b'),
    )
    const onlyA = new Map([...a.version].filter(([actor]) => actor !== b.actor))
    expect([a.at(onlyA).value, b.at(onlyA).value, a.at(new Map()).value]).toEqual([{ k: 'a' }, { k: 'a' }, {}])
  })

  it.each<[string, (doc: Doc<Draft>) => [Draft, number], RegExp]>([
    ['of somebody nobody heard of', () => ['ff', 1], /names op 0 of ff, which is not here/],
    ['of more than there is', (doc) => [doc.actor, 99], /names op 98 of 61/],
    ['with half a change', (doc) => [doc.actor, 2], /in the midst of a change/],
    ['with less than nothing', (doc) => [doc.actor, -1], /has -1 ops/],
    ['with half an op', (doc) => [doc.actor, 1.5], /has 1.5 ops/],
  ])('%s is none', (_name, entry, message) => {
    const doc = docOf('a')
    doc.change((d) => {
      d.k = 1
      d.note = text('hi')
    })
    expect(() => doc.at(new Map([entry(doc)]))).toThrowError(code('bad-option'))
    expect(() => doc.at(new Map([entry(doc)]))).toThrowError(message)
  })

  it('lacks nothing that it builds on, or is none', () => {
    const [a, b] = [docOf('a'), docOf('b')]
    a.change((d) => (d.k = 1))
    meet(a, b)
    b.change((d) => (d.l = 1))
    meet(a, b)
    const withoutA = new Map([...a.version].filter(([actor]) => actor !== a.actor))
    expect(() => a.at(withoutA)).toThrowError(/lacks op 0 of 61, which it builds on/)
  })
})

describe('a difference', () => {
  it('takes any version to any other, forth and back', () => {
    const { doc, versions, values } = busy()
    for (const [i, from] of versions.entries())
      for (const [j, to] of versions.entries())
        expect(applyPatches(values[i], doc.diff(from, to)), `${i} to ${j}`).toEqual(values[j])
  })

  it('says no more than what differs', () => {
    const doc = docOf('a', { note: text('hello'), k: 1 })
    const { version } = doc
    doc.change((d) => {
      d.note.insert(5, '!')
      d.k = 2
    })
    expect(doc.diff(version, doc.version)).toEqual([
      { type: 'set', path: ['k'], value: 2 },
      { type: 'insert', path: ['note'], index: 5, text: '!' },
    ])
    expect(doc.diff(version, version)).toEqual([])
  })
})

describe('the history', () => {
  it('lists changes, the newest first, with who, when and why', () => {
    const doc = docOf('a')
    doc.change((d) => (d.k = 1), { message: 'begin' })
    time.ms = 100_000
    doc.change((d) => (d.note = text('hi')))
    expect(doc.history()).toMatchObject([
      { actor: hex('a'), time: 100_000, message: undefined },
      { actor: hex('a'), seq: 0, time: undefined, message: 'begin' },
    ])
    expect(doc.history({ limit: 1 }).length).toBe(1)
  })

  it('has the same times after a load', () => {
    const doc = docOf('a', { note: text() })
    for (const ms of [100_000, 200_000, 300_000]) {
      time.ms = ms
      doc.text('note').append('x')
    }
    const times = (of: Doc<Draft>): unknown => [of.history().map((entry) => entry.time), of.blame(['note'])]
    expect(times(reopened(doc))).toEqual(times(doc))
    const later = reopened(doc)
    time.ms = 400_000
    later.text('note').append('x')
    expect(later.history().map((entry) => entry.time)).toEqual([400_000, 300_000, 200_000, 100_000, undefined])
  })

  it('says of each change what its author had seen, and so what it did', () => {
    const [a, b] = apart(
      { k: 0 },
      (d) => (d.x = 1),
      (d) => (d.y = 1),
    )
    a.change((d) => (d.z = 1))
    const did = a.history().map(({ actor, before, after }) => [actor, a.diff(before, after)])
    expect(did.slice(0, 3)).toEqual([
      [a.actor, [{ type: 'set', path: ['z'], value: 1 }]],
      [b.actor, [{ type: 'set', path: ['y'], value: 1 }]],
      [a.actor, [{ type: 'set', path: ['x'], value: 1 }]],
    ])
    expect(a.history()[0]?.after).toEqual(a.version)
  })

  it('of a path is what altered something there or inside of it, also when it is gone', () => {
    const doc = docOf('a', { m: { note: text('x') }, items: [{ done: false }], k: 1 })
    const edit = (message: string, fn: (d: Draft) => unknown): void => doc.change((d) => void fn(d), { message })
    edit('type', (d) => d.m.note.append('y'))
    edit('other', (d) => (d.k = 2))
    edit('tick', (d) => (d.items[0].done = true))
    edit('remove', (d) => delete d.m.note)
    const of = (...path: (string | number)[]): unknown => doc.history({ path }).flatMap(({ message }) => message ?? [])
    expect([of('m', 'note'), of('m'), of('items', 0), of('k')]).toEqual([
      ['remove', 'type'],
      ['remove', 'type'],
      ['tick'],
      ['other'],
    ])
    expect([of('nowhere'), of('items', 5)]).toEqual([[], []])
  })

  it('of a path has undo and redo', () => {
    const doc = docOf('a', { note: text(), k: 0 })
    const undo = doc.undo()
    doc.text('note').append('x')
    undo.undo()
    undo.redo()
    expect(doc.history({ path: ['note'] }).length).toBe(4)
    expect(doc.history({ path: ['k'] }).length).toBe(1)
  })
})

describe('what lost', () => {
  it('to another write is listed with its author, and comes back by assigning it', () => {
    const [a, b] = apart(
      { k: 0 },
      (d) => (d.k = 'mine'),
      (d) => (d.k = 'theirs'),
    )
    expect(a.value.k).toBe('theirs')
    expect(a.conflicts(['k'])).toEqual([{ value: 'mine', actor: a.actor, seq: 0 }])
    const [lost] = a.conflicts(['k'])
    a.change((d) => (d.k = lost?.value))
    meet(a, b)
    expect([b.value.k, b.conflicts(['k'])]).toEqual(['mine', []])
  })

  it('and what was edited in something that is removed, hidden there', () => {
    const [a] = apart(
      { note: text('hi'), m: { k: 0 } },
      (d) => {
        delete d.note
        delete d.m
      },
      (d) => {
        d.note.append('!')
        d.m.l = 1
      },
    )
    expect(a.value).toEqual({})
    expect(a.conflicts(['note'])).toMatchObject([{ value: '!' }])
    expect(a.conflicts(['m'])).toMatchObject([{ value: { l: 1 } }])
  })

  it('is nothing where nobody wrote at once, and no question where nothing could', () => {
    const doc = docOf('a', { k: 0, items: [1] })
    expect([doc.conflicts(['k']), doc.conflicts(['never']), doc.conflicts(['items'])]).toEqual([[], [], []])
    expect(() => doc.conflicts(['never', 'there'])).toThrowError(code('bad-path'))
  })
})

describe('blame', () => {
  it('says who wrote which part, after inserts and deletes of others', () => {
    const [a, b] = [docOf('a'), docOf('b')]
    a.change((d) => (d.note = text('hello world')))
    meet(a, b)
    b.change((d) => {
      d.note.delete(0, 5)
      d.note.insert(1, 'brave ')
    })
    meet(a, b)
    expect(a.value.note).toBe(' brave world')
    expect(a.blame(['note'])).toEqual([
      { index: 0, count: 1, actor: a.actor, time: undefined },
      { index: 1, count: 6, actor: b.actor, time: undefined },
      { index: 7, count: 5, actor: a.actor, time: undefined },
    ])
    expect(b.blame(['note'])).toEqual(a.blame(['note']))
  })

  it('is of items in lists, and of nothing else', () => {
    const doc = docOf('a', { items: [1, 2], k: 1 })
    doc.change((d) => d.items.splice(1, 0, 'mine'))
    expect(doc.blame(['items']).map(({ count }) => count)).toEqual([1, 1, 1])
    expect(() => doc.blame(['k'])).toThrowError(/k is neither a text nor a list/)
  })
})

describe('the frontier', () => {
  it('is one op where all is known, and one of each where two wrote at once', () => {
    const [a, b] = apart(
      { k: 0 },
      (d) => (d.k = 1),
      (d) => (d.k = 2),
    )
    const both = [a.actor, b.actor].map((actor) => ({ actor, seq: 0 }))
    expect(a.frontier).toHaveLength(2)
    expect(a.frontier).toEqual(expect.arrayContaining(both))
    a.change((d) => (d.k = 3))
    expect(a.frontier).toEqual([{ actor: a.actor, seq: 1 }])
    expect(docOf('c').frontier).toEqual([])
  })
})

describe('a cursor', () => {
  it.each<[string, 'before' | 'after', number]>([
    ['before an item goes behind what is typed at it', 'before', 3],
    ['after an item stays in front of what is typed behind it', 'after', 2],
  ])('%s', (_name, side, index) => {
    const doc = docOf('a', { note: text('abcd') })
    const cursor = doc.cursor(['note'], 2, side)
    doc.text('note').insert(2, 'X')
    expect(cursor.index).toBe(index)
  })

  it.each<[number, 'before' | 'after', number]>([
    [0, 'after', 0],
    [0, 'before', 1],
    [4, 'before', 6],
    [4, 'after', 5],
  ])('at the end %i, %s: stays there or with its item', (at, side, index) => {
    const doc = docOf('a', { note: text('abcd') })
    const cursor = doc.cursor(['note'], at, side)
    doc.text('note').insert(0, '<')
    doc.text('note').append('>')
    expect(cursor.index).toBe(index)
  })

  it('is where its item was when that is deleted, and with it again when that is undone', () => {
    const doc = docOf('a', { note: text('abcdef') })
    const undo = doc.undo()
    const cursor = doc.cursor(['note'], 3)
    doc.text('note').delete(1, 4)
    expect(cursor.index).toBe(1)
    undo.undo()
    expect(cursor.index).toBe(3)
  })

  it('goes with its list when that moves, and is nowhere while it does not show', () => {
    const doc = docOf('a', { items: [[1, 2, 3]] })
    const undo = doc.undo()
    const cursor = doc.cursor(['items', 0], 1)
    doc.list('items').insert(0, 'first')
    expect([cursor.path, cursor.index]).toEqual([['items', 1], 1])
    doc.list('items').delete(1)
    expect([cursor.path, cursor.index]).toEqual([undefined, undefined])
    undo.undo()
    undo.undo()
    expect([cursor.path, cursor.index]).toEqual([['items', 0], 1])
  })

  it('is opened by others from its bytes, before and after they edit', () => {
    const [a, b] = [docOf('a'), docOf('b')]
    a.change((d) => (d.note = text('hello')))
    meet(a, b)
    for (const side of ['before', 'after'] as const)
      for (const index of [0, 2, 5]) {
        const bytes = a.cursor(['note'], index, side).encode()
        b.text('note').insert(0, '.')
        const theirs = b.openCursor(bytes)
        meet(a, b)
        expect(theirs.index, `${side} ${index}`).toBe(a.openCursor(bytes).index)
        expect(reopened(b, 'c').openCursor(bytes).index).toBe(theirs.index)
      }
  })

  it('says what it cannot be', () => {
    const doc = docOf('a', { note: text('hi'), k: 1 })
    expect(() => doc.cursor(['k'], 0)).toThrowError(/k is neither a text nor a list/)
    expect(() => doc.cursor(['note'], 3)).toThrowError(code('bad-change'))
    expect(() => doc.cursor(['note'], 0, 'between' as 'before')).toThrowError(code('bad-option'))
    expect(() => doc.openCursor(new Uint8Array(2))).toThrowError(code('bad-message'))
    const elsewhere = docOf('b')
    elsewhere.change((d) => (d.note = text('hi')))
    const bytes = elsewhere.cursor(['note'], 1).encode()
    expect(() => doc.openCursor(bytes)).toThrowError(/which is not here/)
  })
})

describe('a document without its history', () => {
  it('goes on as ever, says what is newer, and not what it cannot know', () => {
    const a = docOf('a')
    a.change((d) => {
      d.note = text('hello world')
      d.k = 'old'
    })
    a.change((d) => {
      d.note.delete(5, 6)
      d.k = 'new'
    })
    const live = reopened(a, 'b', 'live')
    expect([live.value, live.blame(['note'])]).toEqual([a.value, a.blame(['note'])])
    expect(() => live.delta()).toThrowError(code('bad-option'))
    expect(() => live.session(docOf('c').version)).toThrowError(/give the other one a snapshot first/)
    live.text('note').append('!')
    a.text('note').insert(0, '>')
    meet(a, live)
    expect([a.value, live.value]).toEqual([
      { note: '>hello!', k: 'new' },
      { note: '>hello!', k: 'new' },
    ])
  })
})
