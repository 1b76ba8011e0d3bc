// Undo and redo as those who edit together meet them. What is taken back case by case is in engine-revoke.test.ts.

import { beforeEach, describe, expect, it } from 'vitest'
import { counter, log, register, set, text } from '../../src/doc.ts'
import { type Draft, docOf, meet, reopened, time } from './doc-side.ts'

const code = (name: string) => expect.objectContaining({ code: name })

beforeEach(() => {
  time.ms = 0
})

/** An edit long after the one before. */
function later(edit: () => unknown): void {
  time.ms += 10_000
  edit()
}

describe('undo and redo', () => {
  it.each<[string, (d: Draft) => unknown]>([
    ['a key that is set', (d) => (d.k = 2)],
    ['a key that is new', (d) => (d.l = 1)],
    ['a key that is deleted', (d) => delete d.k],
    ['a text that is typed in', (d) => d.note.insert(2, 'XY')],
    ['a text that is deleted from', (d) => d.note.delete(1, 3)],
    ['a text that is replaced', (d) => (d.note = text('new'))],
    ['items that come', (d) => d.items.push(3, { deep: [text('t')] })],
    ['items that go', (d) => d.items.splice(0, 2)],
    ['an item that is replaced', (d) => (d.items[0] = 'other')],
    ['a field in an item', (d) => (d.items[1].done = true)],
    ['a counter', (d) => d.votes.add(5)],
    ['a counter, past 2^53', (d) => d.votes.add(2n ** 70n)],
    ['a counter that only grows', (d) => d.seen.add(3)],
    ['a member that is added', (d) => d.tags.add('y')],
    ['a member that is removed', (d) => d.tags.delete('x')],
    ['a member that is added where removals win', (d) => d.gone.add('y')],
    ['a member that is removed where removals win', (d) => d.gone.delete('x')],
    ['what is logged', (d) => d.events.push('b', 'c')],
    ['what is assigned', (d) => d.owner.set('Bo')],
    ['everything of one change', (d) => Object.assign(d, { k: 3, m: { n: [1] } }) && d.note.append('!')],
  ])('%s: taken back and brought again, here and elsewhere', (_name, edit) => {
    const doc = docOf('a', {
      k: 1,
      note: text('hello'),
      items: [1, { done: false }],
      votes: counter(1),
      seen: counter(1, { grows: true }),
      tags: set(['x']),
      gone: set(['x'], { wins: 'remove' }),
      events: log(['a']),
      owner: register('Ada'),
    })
    const undo = doc.undo()
    const before = doc.value
    doc.change((d) => void edit(d))
    const after = doc.value
    expect(after).not.toEqual(before)
    for (let round = 0; round < 2; round++) {
      expect(undo.undo()).toBe(true)
      expect(doc.value).toEqual(before)
      expect(undo.redo()).toBe(true)
      expect(doc.value).toEqual(after)
    }
    const other = docOf('b')
    other.receive(doc.delta())
    expect(other.value).toEqual(after)
  })

  it('go step by step, say what can be done, and begin anew with an edit', () => {
    const doc = docOf('a', { note: text() })
    const undo = doc.undo()
    expect([undo.canUndo, undo.canRedo, undo.undo(), undo.redo()]).toEqual([false, false, false, false])
    for (const word of ['one ', 'two ', 'three']) later(() => doc.text('note').append(word))
    undo.undo()
    undo.undo()
    expect([doc.value.note, undo.canUndo, undo.canRedo]).toEqual(['one ', true, true])
    undo.redo()
    expect(doc.value.note).toBe('one two ')
    doc.text('note').append('other')
    expect([undo.canRedo, undo.redo()]).toEqual([false, false])
    undo.undo()
    undo.undo()
    expect(doc.value.note).toBe('one ')
  })

  it('tell others by deltas, and listeners by patches, with what can be undone by then', () => {
    const [a, b] = [docOf('a', { note: text() }), docOf('b', { note: text() })]
    const undo = a.undo()
    const heard: unknown[] = []
    a.on('delta', (bytes) => b.receive(bytes))
    a.on('patch', ({ patches }) => heard.push(...patches.map(({ type }) => type), undo.canUndo))
    a.text('note').append('!')
    undo.undo()
    undo.redo()
    expect(b.value).toEqual({ note: '!' })
    expect(heard).toEqual(['insert', true, 'remove', false, 'insert', true])
  })

  it('do not work within a change, and are as they were then', () => {
    const doc = docOf('a', { note: text() })
    const undo = doc.undo()
    doc.text('note').append('hi')
    expect(() => doc.change(() => undo.undo())).toThrowError(code('bad-change'))
    expect([doc.value.note, undo.canUndo, undo.canRedo]).toEqual(['hi', true, false])
  })

  it('forget everything when closed', () => {
    const doc = docOf('a', { note: text() })
    const undo = doc.undo()
    doc.text('note').append('hi')
    undo.close()
    doc.text('note').append('!')
    expect([undo.canUndo, undo.undo(), doc.value.note]).toEqual([false, false, 'hi!'])
  })
})

describe('steps', () => {
  it('hold what came within mergeMs of each other', () => {
    const doc = docOf('a', { note: text() })
    const undo = doc.undo({ mergeMs: 300 })
    for (const [ms, word] of [
      [0, 'a'],
      [299, 'b'],
      [598, 'c'],
      [898, 'd'],
    ] as const) {
      time.ms = ms
      doc.text('note').append(word)
    }
    undo.undo()
    expect(doc.value.note).toBe('abc')
    undo.undo()
    expect(doc.value.note).toBe('')
  })

  it('are each change alone with mergeMs 0, and end where split() says', () => {
    const doc = docOf('a', { note: text() })
    const [each, split] = [doc.undo({ mergeMs: 0 }), doc.undo()]
    doc.text('note').append('a')
    doc.text('note').append('b')
    split.split()
    doc.text('note').append('c')
    each.undo()
    expect(doc.value.note).toBe('ab')
    each.undo()
    expect(doc.value.note).toBe('a')
    expect(() => doc.undo({ mergeMs: -1 })).toThrowError(code('bad-option'))
  })

  it('are of one part with a scope, and leave others alone', () => {
    const doc = docOf('a', { note: text(), m: { k: 0, items: [1] } })
    const [inNote, inMap] = [doc.undo({ scope: ['note'] }), doc.undo({ scope: ['m'] })]
    later(() => doc.text('note').append('x'))
    later(() => doc.change((d) => (d.m.k = 1)))
    later(() => doc.list(['m', 'items']).push(2))
    later(() => doc.text('note').append('y'))
    inMap.undo()
    inNote.undo()
    expect(doc.value).toEqual({ note: 'x', m: { k: 1, items: [1] } })
    inMap.undo()
    expect(doc.value).toEqual({ note: 'x', m: { k: 0, items: [1] } })
    expect([inMap.canUndo, inNote.canUndo]).toEqual([false, true])
  })

  it('that another undo of the same document took back are taken back', () => {
    const doc = docOf('a', { note: text() })
    const [all, inNote] = [doc.undo(), doc.undo({ scope: ['note'] })]
    later(() => doc.text('note').append('x'))
    inNote.undo()
    expect([all.canUndo, all.canRedo]).toEqual([false, true])
    all.redo()
    expect([doc.value.note, inNote.canUndo]).toEqual(['x', true])
  })
})

describe('two people', () => {
  it('who undo overlapping deletes get the text once', () => {
    const [a, b] = [docOf('a', { note: text('hello world') }), docOf('b', { note: text('hello world') })]
    const [undoA, undoB] = [a.undo(), b.undo()]
    a.text('note').delete(0, 7)
    b.text('note').delete(4, 7)
    meet(a, b)
    expect(a.value.note).toBe('')
    undoA.undo()
    meet(a, b)
    expect(b.value.note).toBe('hell')
    undoB.undo()
    meet(a, b)
    expect([a.value.note, b.value.note]).toEqual(['hello world', 'hello world'])
    undoA.redo()
    undoB.redo()
    meet(a, b)
    expect([a.value.note, b.value.note]).toEqual(['', ''])
  })

  it('never lose what one wrote later to the other undoing', () => {
    const [a, b] = [docOf('a', { k: 'first', note: text() }), docOf('b', { k: 'first', note: text() })]
    const undo = a.undo()
    a.change((d) => {
      d.k = 'mine'
      d.note.append('Hello')
    })
    meet(a, b)
    b.change((d) => {
      d.k = 'theirs'
      d.note.append(', you')
    })
    meet(a, b)
    undo.undo()
    meet(a, b)
    expect([a.value, b.value]).toEqual([
      { k: 'theirs', note: ', you' },
      { k: 'theirs', note: ', you' },
    ])
    undo.redo()
    expect(a.value).toEqual({ k: 'theirs', note: 'Hello, you' })
  })

  it('undo only what is their own', () => {
    const [a, b] = [docOf('a', { note: text() }), docOf('b', { note: text() })]
    const undo = a.undo()
    b.text('note').append('theirs')
    meet(a, b)
    expect([undo.canUndo, undo.undo(), a.value.note]).toEqual([false, false, 'theirs'])
  })

  it('who undo and edit at once keep what the other wrote inside', () => {
    const [a, b] = [docOf('a', { note: text('ad') }), docOf('b', { note: text('ad') })]
    const undo = a.undo()
    a.text('note').insert(1, 'bc')
    meet(a, b)
    undo.undo()
    b.text('note').insert(2, 'X')
    meet(a, b)
    expect([a.value.note, b.value.note]).toEqual(['aXd', 'aXd'])
    undo.redo()
    meet(a, b)
    expect([a.value.note, b.value.note]).toEqual(['abXcd', 'abXcd'])
  })
})

describe('after a reload by the same writer', () => {
  it('what was done can be undone, and what was undone redone, long after too', () => {
    const doc = docOf('a', { note: text(), k: 0 })
    const undo = doc.undo()
    time.ms = 100_000
    doc.text('note').append('x')
    time.ms = 200_000
    doc.change((d) => (d.k = 1))
    time.ms = 300_000
    undo.undo()
    const again = reopened(doc)
    const undoAgain = again.undo()
    expect([undoAgain.canUndo, undoAgain.canRedo]).toEqual([true, true])
    undoAgain.redo()
    expect(again.value).toEqual({ note: 'x', k: 1 })
    undoAgain.undo()
    undoAgain.undo()
    expect([again.value, undoAgain.canUndo]).toEqual([{ note: '', k: 0 }, false])
  })

  it('steps that were undone as one are redone as one', () => {
    const doc = docOf('a', { note: text() })
    const undo = doc.undo()
    later(() => doc.text('note').append('kept '))
    later(() => {
      for (const word of ['a', 'b', 'c']) doc.text('note').append(word)
    })
    undo.undo()
    const again = reopened(doc)
    const undoAgain = again.undo()
    undoAgain.redo()
    expect([again.value.note, undoAgain.canRedo]).toEqual(['kept abc', false])
    undoAgain.undo()
    undoAgain.undo()
    expect([again.value.note, undoAgain.canUndo]).toEqual(['', false])
  })

  it('each scope has its own', () => {
    const doc = docOf('a', { x: text(), y: text() })
    const undoY = doc.undo({ scope: ['y'] })
    later(() => doc.text('x').append('1'))
    later(() => doc.text('y').append('2'))
    later(() => doc.text('x').append('3'))
    undoY.undo()
    const again = reopened(doc)
    const [undoX, undoYAgain] = [again.undo({ scope: ['x'] }), again.undo({ scope: ['y'] })]
    expect([undoX.canRedo, undoYAgain.canUndo, undoYAgain.canRedo]).toEqual([false, false, true])
    undoX.undo()
    undoYAgain.redo()
    expect(again.value).toEqual({ x: '1', y: '2' })
  })

  it('another writer has nothing to undo', () => {
    const doc = docOf('a', { note: text() })
    doc.text('note').append('x')
    expect(reopened(doc, 'b').undo().canUndo).toBe(false)
  })

  it('without history, what was deleted comes back as marks in its place', () => {
    const doc = docOf('a', { note: text('hello') })
    doc.text('note').delete(0, 2)
    const live = reopened(doc, undefined, 'live')
    live.undo().undo()
    expect(live.value.note).toBe('\ufffd\ufffdllo')
  })
})
