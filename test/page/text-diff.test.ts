import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply, diff, type Edit, rebase, shift } from '../../examples/notes/text-diff.ts'

/** '|' stands for the caret after the edit. */
const edited = (before: string, after: string): Edit | undefined =>
  diff(before, after.replace('|', ''), after.indexOf('|'))

describe('what one input event changed', () => {
  const cases: [name: string, before: string, after: string, expected: [number, number, string] | undefined][] = [
    ['nothing', 'abc', 'abc|', undefined],
    ['a letter typed', 'ac', 'ab|c', [1, 0, 'b']],
    ['one of equal letters typed in the middle', 'aaa', 'aa|aa', [1, 0, 'a']],
    ['one of equal letters typed at the start', 'aaa', 'a|aaa', [0, 0, 'a']],
    ['one of equal letters deleted backwards', 'aaa', 'a|a', [1, 1, '']],
    ['all of it deleted', 'abc', '|', [0, 3, '']],
    ['a selection replaced', 'one two three', 'one 2| three', [4, 3, '2']],
    ['a word put at the start by a program, the caret at the end', 'old pond', 'the old pond|', [0, 0, 'the ']],
    ['pasted over with the same start', 'one two', 'one ton|', [5, 2, 'on']],
    ['an emoji for one that shares its first half', '😀', '😁|', [0, 2, '😁']],
    ['an emoji for one that shares its second half', '😀', '🐀|', [0, 2, '🐀']],
    ['an emoji put before one that shares its first half', '😀', '😁|😀', [0, 0, '😁']],
    ['an emoji deleted', 'a😀b', 'a|b', [1, 2, '']],
  ]
  test.each(cases)('%s', (_name, before, after, expected) => {
    const edit = edited(before, after)
    expect(edit && [edit.start, edit.removed, edit.inserted]).toEqual(expected)
  })

  const word = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '😁', '🐀'), maxLength: 8 })

  test('applied to the text before, it gives the text after, and cuts no character', () => {
    fc.assert(
      fc.property(word, word, fc.nat(16), (before, after, at) => {
        const edit = diff(before, after, Math.min(at, after.length))
        expect(edit === undefined).toBe(before === after)
        if (edit === undefined) return
        expect(apply(before, edit)).toBe(after)
        expect(edit.inserted.isWellFormed()).toBe(true)
        expect(before.slice(edit.start, edit.start + edit.removed).isWellFormed()).toBe(true)
      }),
    )
  })
})

describe('where a caret goes when another edits', () => {
  const cases: [name: string, caret: number, edit: [number, number, string], expected: number][] = [
    ['behind it: it stays', 3, [5, 1, 'xy'], 3],
    ['before it: it moves with its letter', 3, [0, 1, 'xyz'], 5],
    ['just where it stands: what comes goes behind it', 3, [3, 0, 'xy'], 3],
    ['just before it: it moves', 3, [2, 1, ''], 2],
    ['around it: it goes to where the text was', 3, [1, 4, 'x'], 1],
  ]
  test.each(cases)('%s', (_name, caret, [start, removed, inserted], expected) => {
    expect(shift(caret, { start, removed, inserted })).toBe(expected)
  })
})

describe('an edit made on an older text', () => {
  /** The newer text after the older edit was told to it. */
  function told(edit: [number, number, string], before: string, ...later: [number, number, string][]): string {
    const [own, ...others] = [edit, ...later].map(([start, removed, inserted]) => ({ start, removed, inserted }))
    const now = others.reduce(apply, before)
    return own === undefined ? now : rebase(own, others).reduce(apply, now)
  }

  test('goes to where its place has moved', () => {
    expect(told([3, 0, '!'], 'abc', [0, 0, 'xy'])).toBe('xyabc!')
  })
  test('removes only what it saw', () => {
    expect(told([0, 4, ''], 'abcd', [2, 0, 'XY'])).toBe('XY')
  })
  test('removes nothing that is gone already', () => {
    expect(told([0, 3, ''], 'abcdef', [1, 4, ''])).toBe('f')
  })
  test('replaces what is left of what it replaced', () => {
    expect(told([1, 2, 'ñ'], 'abcd', [2, 1, ''])).toBe('añd')
    expect(told([1, 2, 'ñ'], 'abcd', [0, 4, ''])).toBe('ñ')
  })
  test('is itself when nothing came after it', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 })
    fc.assert(
      fc.property(texts, fc.nat(6), fc.nat(6), texts, (before, from, length, inserted) => {
        const start = Math.min(from, before.length)
        const edit = { start, removed: Math.min(length, before.length - start), inserted }
        expect(rebase(edit, []).reduce(apply, before)).toBe(apply(before, edit))
      }),
    )
  })
})
