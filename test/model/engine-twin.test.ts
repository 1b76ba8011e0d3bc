// The twin itself, against cases worked out by hand and the FugueMax conformance suite.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, test } from 'vitest'
import { dataPath, hasData } from '../setup/data.ts'
import { type LinearCase, textOfCase } from './linear-cases.ts'
import { History } from './twin-notation.ts'
import { indexOf, keyHeads } from './twin-show.ts'

const value = (lines: string): unknown => new History(lines).value()

describe('maps', () => {
  it('show the greatest of what was set at once, by Lamport time, then by actor', () => {
    expect(value('a set . k 1\nb set . k 2')).toEqual({ k: 2 })
    expect(value('a set . j 0\na set . k 1\nb set . k 2')).toEqual({ j: 0, k: 1 })
  })

  it('show what an unset did not see', () => {
    expect(value('a set . k 1\nb set . k 2\nc+b0 unset . k')).toEqual({ k: 1 })
    expect(value('a set . k 1\na unset . k')).toEqual({})
  })

  it('show again what a revoked set had overwritten', () => {
    const history = new History('a set . k 1\na set . k 2\na revoke a1\na rerevoke a2\na revoke a1')
    expect(['a0', 'a1', 'a2', 'a3', 'a4'].map((at) => history.value(at))).toEqual([
      { k: 1 },
      { k: 2 },
      { k: 1 },
      { k: 2 },
      { k: 1 },
    ])
  })

  it('keep losers as heads', () => {
    const history = new History('a set . k 1\nb set . k 2\nc unset . k')
    const heads = keyHeads(history.twin, history.twin.root, 'k', history.version())
    expect(heads.map(({ name }) => name)).toEqual(['b:0', 'a:0'])
  })
})

describe('revokes', () => {
  it('stay while one of two is not taken back', () => {
    const both = 'a set . k 1\nb+a0 revoke a0\nc+a0 revoke a0\n'
    expect(value(`${both}b rerevoke b0`)).toEqual({})
    expect(value(`${both}b+c0 rerevoke b0 c0`)).toEqual({ k: 1 })
  })

  it('of what is not in the past count for nothing', () => {
    expect(value('a set . k 1\nb revoke a0')).toEqual({ k: 1 })
  })

  it('of level 1 are no target of level 1, and those of level 2 of none', () => {
    expect(value('a set . k 1\na revoke a0\na revoke a1')).toEqual({})
    expect(value('a set . k 1\na revoke a0\na rerevoke a1\na rerevoke a2\na revoke a2')).toEqual({ k: 1 })
  })

  it('move the indexes of whoever saw them', () => {
    const base = 'a make . t text 0\na type a0 0 xyz\na revoke a1\n'
    expect(value(`${base}a type a0 1 !`)).toEqual({ t: 'y!z' })
    expect(value(`${base}b+a3 type a0 1 !`)).toEqual({ t: '!yz' })
    expect(new History(`${base}a type a0 3 !`).isVoid('a5')).toBe(true)
  })
})

describe('slots', () => {
  const made = 'a make . t text 0\nb make . t text 0\n'

  it('that two make at once are one container', () => {
    expect(value(`${made}a type a0 0 x\nb type b0 0 y`)).toEqual({ t: 'xy' })
  })

  it('lose what whoever removed or overwrote them saw, and only that', () => {
    expect(value('a make . t text 0\na type a0 0 xy\nb+a1 make . t text 0\na type a0 2 !')).toEqual({ t: 'y!' })
    expect(value('a make . t text 0\na type a0 0 x\nb+a1 unset . t\na type a0 1 y\na make . t text 0')).toEqual({
      t: '',
    })
    expect(value('a make . n counter 0\na add a0 2\nb+a1 make . n counter 0\na add a0 3')).toEqual({ n: 3 })
  })

  it('come back with their content when the removal is revoked', () => {
    const history = new History('a make . m map 0\na make a0 t text 0\na type a1 0 x\na unset . m\na revoke a3')
    expect(history.value('a3')).toEqual({})
    expect(history.value()).toEqual({ m: { t: 'x' } })
  })

  it('have generations, up to one past what the author saw', () => {
    const lines = 'a make . t text 0\na make . t text 2\na make . t text 1\na make . t list 2\nb make . t text 1'
    const history = new History(lines)
    expect(['a0', 'a1', 'a2', 'a3', 'b0'].map((op) => history.isVoid(op))).toEqual([false, true, false, false, true])
  })

  it('of another generation are another container', () => {
    expect(value('a make . t text 0\na type a0 0 x\nb+a1 set . t 1\nb make . t text 1\na type a0 1 y')).toEqual({
      t: '',
    })
  })

  it('do not reach into items of lists', () => {
    const history = new History(
      'a make . l list 0\na insert a0 0 *text\na type a1 0 x\na unset . l\na type a1 1 y\na revoke a3',
    )
    expect(history.isVoid('a4')).toBe(false)
    expect(history.value()).toEqual({ l: ['xy'] })
  })
})

describe('what names what it cannot', () => {
  it.each([
    ['a container its author did not see', 'a make . t text 0\nb type a0 0 x', 'b0'],
    ['a container of another type', 'a make . t text 0\na set a0 k 1', 'a1'],
    ['an op that makes none', 'a set . k 1\na set a0 k 1', 'a1'],
    ['a container whose making is void', 'a make . t text 9\na type a0 0 x', 'a1'],
    ['a place past the end', 'a make . t text 0\na type a0 1 x', 'a1'],
    ['an item past the end', 'a make . l list 0\na insert a0 0 1\na erase a0 1', 'a2'],
    ['a growing counter, to make it less', 'a make . n gcounter 0\na add a0 -1', 'a1'],
  ])('is void: %s', (_, lines, op) => {
    expect(new History(lines).isVoid(op)).toBe(true)
  })

  it('is void: a container too deep', () => {
    const lines = ['a make . k map 0', ...Array.from({ length: 100 }, (_, i) => `a make a${i} k map 0`)]
    const history = new History(lines.join('\n'))
    expect(history.isVoid('a99')).toBe(false)
    expect(history.isVoid('a100')).toBe(true)
  })

  it('is void unit by unit where an erase runs past the end', () => {
    const history = new History('a make . t text 0\na type a0 0 xy\na erase a0 1 3')
    expect(['a3', 'a4', 'a5'].map((op) => history.isVoid(op))).toEqual([false, true, true])
  })
})

describe('texts and lists', () => {
  const text = 'a make . t text 0\na type a0 0 ac\n'

  it('keep runs typed at once in one place apart', () => {
    expect(value(`${text}a type a0 1 xyz\nb+a2 type a0 1 123`)).toEqual({ t: 'axyz123c' })
    // Typed backwards.
    expect(value(`${text}a type a0 1 z\na type a0 1 y\nb+a2 type a0 1 3\nb type a0 1 2`)).toEqual({ t: 'ayz23c' })
  })

  it('put the one with the later right origin first, as FugueMax does and plain Fugue does not', () => {
    // A saw that R follows L, B did not: B's right origin is the end.
    const lines = 'a make . t text 0\nb+a0 type a0 0 L\nc+a0 type a0 0 R\na+b0+c0 type a0 1 A\nd+b0 type a0 1 B'
    expect(new History(lines).value()).toEqual({ t: 'LBAR' })
    expect(new History(lines, 'fugue').value()).toEqual({ t: 'LABR' })
  })

  it('lose an item once, however many erase it, and get it back when all of them are revoked', () => {
    const both = `${text}a erase a0 0\nb+a2 erase a0 0\n`
    expect(value(both)).toEqual({ t: 'c' })
    expect(value(`${both}a revoke a3`)).toEqual({ t: 'c' })
    expect(value(`${both}a revoke a3\nb revoke b0`)).toEqual({ t: 'ac' })
  })

  it('count indexes among what the author saw', () => {
    expect(value(`${text}a type a0 0 111\nb+a2 type a0 1 b`)).toEqual({ t: '111abc' })
  })

  it('know where an erased item would stand', () => {
    const history = new History(`${text}a erase a0 1\na type a0 0 1`)
    const box = history.twin.entry('a:0').makes
    if (box === undefined) throw new Error('no text')
    expect(indexOf(history.twin, box, history.twin.entry('a:2'), history.version())).toBe(2)
    expect(indexOf(history.twin, box, history.twin.entry('a:2'), history.version('a2'))).toBe(1)
  })
})

describe('sets, logs, registers, counters', () => {
  it('a set keeps what was added at once with its removal, a remove-wins set does not', () => {
    const lines = (type: string): string =>
      `a make . s ${type} 0\na include a0 1\nb+a1 exclude a0 1\nc+a1 include a0 1\nc include a0 2`
    expect(value(lines('set'))).toEqual({ s: [1, 2] })
    expect(value(lines('rwset'))).toEqual({ s: [2] })
    expect(value(`${lines('rwset')}\nc+b0 include a0 1`)).toEqual({ s: [1, 2] })
  })

  it('a removal that is revoked has removed nothing', () => {
    expect(value('a make . s set 0\na include a0 1\na exclude a0 1\na revoke a2')).toEqual({ s: [1] })
    expect(value('a make . s rwset 0\na include a0 1\nb+a1 exclude a0 1\nb revoke b0')).toEqual({ s: [1] })
  })

  it('a log is in the order of Lamport time, then of actors', () => {
    expect(value('a make . l log 0\na append a0 1\na append a0 2\nb+a0 append a0 3')).toEqual({ l: [1, 3, 2] })
  })

  it('a register shows the greatest of what nobody overwrote, and nothing as null', () => {
    expect(value('a make . r register 0')).toEqual({ r: null })
    expect(value('a make . r register 0\na assign a0 1\nb+a0 assign a0 2')).toEqual({ r: 2 })
    expect(value('a make . r register 0\na assign a0 1\nb+a0 assign a0 2\na assign a0 3')).toEqual({ r: 3 })
  })

  it('a counter is exact past 2^53', () => {
    const big = 2n ** 53n
    expect(value(`a make . n counter 0\na add a0 ${big}\na add a0 1`)).toEqual({ n: big + 1n })
    expect(value(`a make . n counter 0\na add a0 ${big}\na add a0 -1`)).toEqual({ n: Number(big - 1n) })
  })
})

const cases = 'conformance/sequence/fuguemax-500.linear.json.gz'

test.skipIf(!hasData(cases))('all 500 histories of the conformance suite end with their text', () => {
  const all = JSON.parse(gunzipSync(readFileSync(dataPath(cases))).toString()) as LinearCase[]
  expect(all).toHaveLength(500)
  for (const one of all) expect(textOfCase(one)).toBe(one.endContent)
})
