import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { BitRuns, Int32Column, lastAtMost, UnitColumn, unitsToString } from '../../src/core/columns.ts'

const chance = (seed: number): ((max: number) => number) => {
  const random = seededRandom(seed)
  return (max) => Math.floor(random.unit() * max)
}

describe('a column of integers', () => {
  it('is a plain array, whatever is pushed, inserted and cut', () => {
    const below = chance(1)
    const column = new Int32Column(1)
    const array: number[] = []
    for (let step = 0; step < 3000; step++) {
      const value = below(2 ** 31) - 2 ** 30
      const what = below(60)
      if (what < 40) {
        column.push(value)
        array.push(value)
      } else if (what < 50) {
        const at = below(array.length + 1)
        column.insert(at, value)
        array.splice(at, 0, value)
      } else if (what === 50) {
        array.length = below(array.length + 1)
        column.truncate(array.length)
      } else column.trim()
      expect(column.length).toBe(array.length)
      if (array.length > 0) expect(column.last()).toBe(array.at(-1))
    }
    expect(Array.from(column.data.subarray(0, column.length))).toEqual(array)
    expect(() => column.truncate(array.length + 1)).toThrow('cannot be cut')
  })

  it('finds the last entry at or below a value', () => {
    const below = chance(2)
    for (let round = 0; round < 50; round++) {
      const array = Array.from({ length: below(40) }, () => below(60)).sort((x, y) => x - y)
      const column = new Int32Column()
      for (const value of array) column.push(value)
      for (let value = -1; value < 61; value++) {
        expect(lastAtMost(column, value)).toBe(array.findLastIndex((entry) => entry <= value))
      }
    }
  })
})

describe('units', () => {
  it.each([
    ['nothing', ''],
    ['a little', 'plain text'],
    ['much ASCII', 'abc\0xyz\x7f'.repeat(500)],
    ['much Latin', 'abcdé\x80\xff'.repeat(500)],
    ['much of other scripts', '字母\ufeff\ufffd\uffff'.repeat(1000)],
    ['a mark of byte order in front', `\ufeff${'字'.repeat(3000)}`],
    ['pairs and lone halves', 'a\u{1f600}b\ud83d\ude00\ude00\ud83d'.repeat(3000)],
    ['one lone half at the end of much', `${'字'.repeat(9000)}\ud83d`],
  ])('are the string that was pushed: %s', (_, text) => {
    const column = new UnitColumn(1)
    column.push('xyz')
    const at = column.push(text)
    expect(column.slice(at, at + text.length)).toBe(text)
    const copy = new UnitColumn(1)
    copy.pushUnits(column.data.subarray(0, column.length))
    copy.pushUnit(0xd800)
    expect(unitsToString(copy.data, 0, copy.length)).toBe(`xyz${text}\ud800`)
    copy.truncate(3)
    copy.trim()
    expect(unitsToString(copy.data, 0, copy.data.length)).toBe('xyz')
  })
})

describe('bits in runs', () => {
  it.each([1, 2, 3, 4])('are a plain array of bits, seed %i', (seed) => {
    const below = chance(seed)
    const bits = new BitRuns()
    const array: (0 | 1)[] = []
    for (let step = 0; step < 1000; step++) {
      const bit = below(3) === 0 ? 1 : 0
      const count = below(4)
      if (below(6) > 0) {
        bits.push(bit, count)
        for (let i = 0; i < count; i++) array.push(bit)
      } else if (below(3) === 0) {
        array.length = Math.max(0, array.length - below(12))
        bits.truncate(array.length)
      }
      expect(bits.length).toBe(array.length)
      const index = below(array.length + 3)
      if (index < array.length) expect(bits.get(index)).toBe(array[index])
      for (const wanted of [0, 1] as const) {
        const next = array.indexOf(wanted, index)
        expect(bits.next(index, wanted)).toBe(next === -1 ? array.length : next)
      }
    }
    expect(Array.from(array.keys(), (i) => bits.get(i))).toEqual(array)
  })
})
