import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { unitsToString } from '../../src/core/columns.ts'
import { PackedList } from '../../src/crdt/packed-list.ts'
import { UnitBuffer } from '../../src/crdt/unit-buffer.ts'

/** Edits at random places, of random sizes; half of them near the last one, as people write. */
function edits(seed: number, count: number, step: (index: number, below: (max: number) => number) => number): void {
  const random = seededRandom(seed)
  const below = (max: number): number => Math.floor(random.unit() * max)
  let length = 0
  let last = 0
  for (let i = 0; i < count; i++) {
    const near = Math.min(length, Math.max(0, last + below(5) - 2))
    last = below(2) === 0 ? near : below(length + 1)
    length = step(last, below)
  }
}

const unitsOf = (text: string): Uint16Array => Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
const letters = 'abcdefghij\u{1f600}é\ud800'

describe('a text at rest', () => {
  it.each([
    [1, 4],
    [2, 8],
    [3, 16],
    [4, 64],
    [5, 1024],
  ])('is a plain string after every edit, seed %i, chunks of %i units', (seed, max) => {
    let text = ''
    let buffer = UnitBuffer.from(text, max)
    let paired = false
    edits(seed, 1500, (index, below) => {
      const count = below(4) === 0 ? below(3 * max) : 1 + below(4)
      const what = below(12)
      const given = Array.from({ length: count }, () => letters[below(what < 3 ? 10 : letters.length)]).join('')
      const remove = (): void => {
        const removed = Math.min(count, text.length - index)
        buffer.remove(index, removed)
        text = text.slice(0, index) + text.slice(index + removed)
      }
      if (what === 11 || text.length > 12 * max) remove()
      else if (what > 7) remove()
      else {
        if (what < 4) buffer.insertString(index, given)
        else if (what < 6) for (let i = 0; i < count; i++) buffer.insertUnit(index + i, given.charCodeAt(i))
        else buffer.insert(index, unitsOf(`xy${given}z`), 2, count)
        text = text.slice(0, index) + given + text.slice(index)
        paired ||= /[\ud800-\udfff]/.test(given)
      }
      if (below(150) === 0) buffer = UnitBuffer.from(text, max)
      if (below(150) === 0) buffer.trim()
      buffer.check()
      const from = below(text.length + 1)
      const to = from + below(text.length + 1 - from)
      expect(buffer.slice(from, to)).toBe(text.slice(from, to))
      if (text.length > from) expect(buffer.unitAt(from)).toBe(text.charCodeAt(from))
      if (below(2) === 0) expect(buffer.toString()).toBe(text)
      const units = buffer.units(from, to)
      expect(unitsToString(units, 0, units.length)).toBe(text.slice(from, to))
      if (/[\ud800-\udfff]/.test(text)) expect(buffer.paired).toBe(true)
      expect(buffer.paired && !paired).toBe(false)
      return text.length
    })
    expect(buffer.toString()).toBe(text)
  })

  it('knows no surrogates where there never were any', () => {
    const buffer = UnitBuffer.from('plain')
    expect(buffer.paired).toBe(false)
    buffer.insertString(5, ' text')
    expect(buffer.paired).toBe(false)
    buffer.insertString(5, '\u{1f600}')
    buffer.remove(5, 2)
    expect(buffer.paired).toBe(true)
    expect(UnitBuffer.from('a\u{1f600}').paired).toBe(true)
    expect(UnitBuffer.from(Uint16Array.of(0xd83d)).paired).toBe(true)
  })

  it('refuses places that are not there', () => {
    const buffer = UnitBuffer.from('abc')
    expect(() => buffer.insertString(4, 'x')).toThrow('no units [4, 4) in a text of 3')
    expect(() => buffer.remove(2, 2)).toThrow('no units [2, 4) in a text of 3')
    expect(() => buffer.unitAt(3)).toThrow('no units [3, 4)')
    expect(() => buffer.slice(2, 1)).toThrow('no units [2, 1)')
    expect(buffer.toString()).toBe('abc')
  })
})

describe('a list at rest', () => {
  it.each([
    [1, 4],
    [2, 8],
    [3, 16],
    [4, 512],
  ])('is a plain array after every edit, seed %i, chunks of %i values', (seed, max) => {
    const array: unknown[] = []
    const list = new PackedList<unknown>(max)
    edits(seed, 1500, (index, below) => {
      const count = below(4) === 0 ? below(3 * max) : 1 + below(4)
      const what = below(10)
      const given = Array.from({ length: count }, () => (below(2) === 0 ? below(9) : { n: below(9) }))
      if (what > 5 || array.length > 12 * max) {
        list.remove(index, Math.min(count, array.length - index))
        array.splice(index, count)
      } else if (what > 2) {
        list.insert(index, [0, ...given, 0], 1, count)
        array.splice(index, 0, ...given)
      } else if (what > 0) {
        for (const [i, value] of given.entries()) list.insertOne(index + i, value)
        array.splice(index, 0, ...given)
      } else if (index < array.length) {
        list.set(index, given[0])
        array[index] = given[0]
      }
      list.check()
      const from = below(array.length + 1)
      const to = from + below(array.length + 1 - from)
      expect(list.length).toBe(array.length)
      expect(list.slice(from, to)).toEqual(array.slice(from, to))
      if (array.length > from) {
        expect(list.at(from)).toBe(array[from])
        expect(list.indexOf(array[from])).toBe(array.indexOf(array[from]))
      }
      return array.length
    })
    expect([...list]).toEqual(array)
    expect(PackedList.from(array, max).slice()).toEqual(array)
    expect(list.indexOf({})).toBe(-1)
  })

  it('refuses places that are not there', () => {
    const list = PackedList.from([1, 2, 3])
    expect(() => list.insertOne(4, 0)).toThrow('no values [4, 4) in a list of 3')
    expect(() => list.remove(3, 1)).toThrow('no values [3, 4)')
    expect(() => list.at(-1)).toThrow('no values [-1, 0)')
  })
})
