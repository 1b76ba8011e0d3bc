import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchRows } from '../../examples/notes/rows.ts'

/** Items by letter; a capital is the item of the same letter, altered. '.' in the result is a new row. */
const rows = (before: string, after: string): string =>
  matchRows([...before], [...after])
    .map((index) => (index === undefined ? '.' : before[index]))
    .join('')

describe('a row stays with its item', () => {
  const cases: [name: string, before: string, after: string, expected: string][] = [
    ['when nothing changes', 'abc', 'abc', 'abc'],
    ['when one is added at the end', 'abc', 'abcd', 'abc.'],
    ['when one is added before it', 'abc', 'xabc', '.abc'],
    ['when one before it goes', 'abc', 'bc', 'bc'],
    ['when it is altered', 'abc', 'aBc', 'abc'],
    ['when two are altered', 'abcd', 'aBCd', 'abcd'],
    ['when it is altered and one before it goes', 'abcd', 'bCd', 'bcd'],
    ['when it is altered and one is added behind', 'abc', 'Abcx', 'abc.'],
    ['when all go', 'abc', '', ''],
    ['when all are new', '', 'abc', '...'],
  ]
  test.each(cases)('%s', (_name, before, after, expected) => expect(rows(before, after)).toBe(expected))

  test('no row is taken twice, and their order is kept', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 })
    fc.assert(
      fc.property(list, list, (before, after) => {
        const taken = matchRows(before, after).filter((index) => index !== undefined)
        expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b))
      }),
    )
  })
})
