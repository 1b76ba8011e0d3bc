// What becomes of two edits at once, case by case, written as one would tell it: `a: add x | b: remove x` happen apart, `then` joins.

import {
  compare,
  dottedVersionVector,
  gCounter,
  hybridRegister,
  kinds,
  type Lattice,
  log,
  lwwRegister,
  mapOf,
  max,
  min,
  mvRegister,
  orSet,
  pnCounter,
  removeWinsSet,
  twoPhaseSet,
  update,
  vectorOf,
  versionVector,
} from 'joinery/lattice'
import { describe, expect, test } from 'vitest'

/**
 * Plays lines of notation: `a: …` gives a command to a replica, ` | ` stands between what happens apart, and at the end of each line
 * all replicas join. Gives the value that all of them see.
 */
function play<State, Command, Value>(
  type: Lattice<State, Command, Value, unknown>,
  command: (verb: string, word: string) => Command,
  ...lines: readonly string[]
): Value {
  let all = type.bottom
  for (const line of lines) {
    const replicas = new Map<string, State>()
    for (const part of line.split(' | ')) {
      const [replica = '', verb = '', word = ''] = part.split(/:? /)
      replicas.set(replica, update(type, replicas.get(replica) ?? all, command(verb, word), replica))
    }
    all = [...replicas.values()].reduce(type.join)
  }
  return type.value(all)
}

const mark = (verb: string, element: string) => ({
  type: verb === 'add' ? ('add' as const) : ('remove' as const),
  element,
})

describe('an OR-set', () => {
  const tags = orSet(kinds.string)
  const word = (verb: string, element: string) => (verb === 'clear' ? { type: 'clear' as const } : mark(verb, element))

  test.each([
    [['a: add x | b: add x'], ['x']],
    [['a: add x', 'a: remove x'], []],
    [['a: add x', 'a: remove x | b: add x'], ['x']],
    [['a: add x', 'a: remove x | b: remove x'], []],
    [['a: add x', 'a: remove x | b: add x', 'c: remove x'], []],
    [['a: add x | b: add x', 'c: remove x'], []],
    [['a: add x', 'a: clear | b: add y'], ['y']],
    [['a: add x', 'a: clear | b: add x'], ['x']],
    [['a: remove x | b: add x'], ['x']],
    [['a: add __proto__ | b: add constructor', 'a: remove constructor'], ['__proto__']],
  ])('%j gives %j', (lines, value) => {
    expect(play(tags, word, ...lines)).toEqual(value)
  })

  test('an element that came and went ten thousand times leaves a version vector of one entry, and no tombstone', () => {
    let state = tags.bottom
    for (let round = 0; round < 10_000; round++)
      for (const type of ['add', 'remove'] as const) state = update(tags, state, { type, element: 'x' }, 'a')
    expect(state).toEqual({ live: [], seen: [['a', [[0, 10_000]]]] })
  })

  test('an element added again and again by each of two replicas has one dot of each that nobody has replaced', () => {
    let state = tags.bottom
    for (const replica of ['a', 'a', 'b', 'b', 'b']) state = update(tags, state, { type: 'add', element: 'x' }, replica)
    const apart = tags.join(state, tags.delta(tags.bottom, { type: 'add', element: 'x' }, 'c'))
    expect(apart.live).toEqual([
      ['b', 2, 'x'],
      ['c', 0, 'x'],
    ])
  })

  test('a delta that is early leaves a hole, which closes when the others come', () => {
    const first = tags.delta(tags.bottom, { type: 'add', element: 'x' }, 'a')
    const second = tags.delta(first, { type: 'add', element: 'y' }, 'a')
    expect(second.seen).toEqual([['a', [[1, 2]]]])
    expect(tags.join(second, first).seen).toEqual([['a', [[0, 2]]]])
  })

  test('what is to be told of a large set to one who lacks little is little', () => {
    let older = tags.bottom
    for (let index = 0; index < 500; index++) older = update(tags, older, { type: 'add', element: `${index}` }, 'a')
    const newer = update(
      tags,
      update(tags, older, { type: 'add', element: 'x' }, 'a'),
      { type: 'remove', element: '7' },
      'b',
    )
    expect(tags.diff(newer, older)).toEqual({
      live: [['a', 500, 'x']],
      seen: [
        [
          'a',
          [
            [7, 8],
            [500, 501],
          ],
        ],
      ],
    })
  })

  test('an op that comes before what it removes, or twice, is refused', () => {
    const state = update(tags, tags.bottom, { type: 'add', element: 'x' }, 'a')
    const add = tags.prepare(tags.bottom, { type: 'add', element: 'x' }, 'a')
    const remove = tags.prepare(state, { type: 'remove', element: 'x' }, 'b')
    expect(() => tags.effect(tags.bottom, remove)).toThrow(
      'an op removes a:0, which is not here: ops want causal delivery',
    )
    expect(() => tags.effect(state, add)).toThrow('a:0 is here already: each op takes effect once')
  })
})

describe('a remove-wins set', () => {
  const members = removeWinsSet(kinds.string)

  test.each([
    [['a: add x | b: add x'], ['x']],
    [['a: remove x | b: add x'], []],
    [['a: add x', 'a: remove x | b: add x'], []],
    [['a: add x', 'a: remove x | b: add x', 'c: add x'], ['x']],
    [['a: remove x | b: remove x', 'c: add x'], ['x']],
    [['a: remove x | b: remove x', 'a: add x | c: remove x'], []],
    [
      ['a: remove x', 'a: add x | b: add y'],
      ['x', 'y'],
    ],
  ])('%j gives %j', (lines, value) => {
    expect(play(members, mark, ...lines)).toEqual(value)
  })
})

describe('a 2P-set', () => {
  test.each([
    [['a: add x', 'a: remove x | b: add x'], []],
    [['a: add x', 'a: remove x', 'b: add x'], []],
    [['a: remove x', 'a: add x'], ['x']],
    [['a: remove x | b: add x'], ['x']],
  ])('%j gives %j', (lines, value) => {
    expect(play(twoPhaseSet(kinds.string), mark, ...lines)).toEqual(value)
  })
})

describe('registers', () => {
  const set = (_: string, value: string) => ({ type: 'set' as const, value })
  const setNow = (now: string, value: string) => ({ type: 'set' as const, value, now: Number(now) })

  test.each([
    [['a: set x | b: set y'], 'y'],
    [['b: set y', 'a: set x'], 'x'],
    [['a: set x', 'a: set y | b: set z', 'a: set w'], 'w'],
  ])('LWW: %j gives %j', (lines, value) => {
    expect(play(lwwRegister(kinds.string), set, ...lines)).toBe(value)
  })

  test.each([
    [['a: 2000 x | b: 1000 y'], 'x'],
    [['a: 2000 x', 'b: 1000 y'], 'y'],
    [['a: 1000 x | b: 1000 y'], 'y'],
    [['a: 9000 x', 'b: 1000 y', 'a: 9000 z | b: 9001 w'], 'w'],
  ])('hybrid: %j gives %j', (lines, value) => {
    expect(play(hybridRegister(kinds.string), setNow, ...lines)).toBe(value)
  })

  test.each([
    [['a: set x | b: set y'], ['x', 'y']],
    [['a: set x | b: set y', 'c: set z'], ['z']],
    [['a: set x | b: set x'], ['x']],
    [
      ['a: set x', 'a: set y | b: set z | c: set w'],
      ['w', 'y', 'z'],
    ],
  ])('MV: %j gives %j', (lines, value) => {
    expect(play(mvRegister(kinds.string), set, ...lines)).toEqual(value)
  })

  test('two clients that write through one replica, having read the same, both are kept; one that read both replaces both', () => {
    const title = mvRegister(kinds.string)
    const zero = update(title, title.bottom, { type: 'set', value: 'zero' }, 'a')
    const one = update(title, zero, { type: 'set', value: 'one', seen: zero.seen }, 'a')
    const two = update(title, one, { type: 'set', value: 'two', seen: zero.seen }, 'a')
    expect(title.value(two)).toEqual(['one', 'two'])
    expect(title.value(update(title, two, { type: 'set', value: 'both', seen: two.seen }, 'b'))).toEqual(['both'])
    expect(title.value(update(title, two, { type: 'set', value: 'blind', seen: [] }, 'b'))).toEqual([
      'blind',
      'one',
      'two',
    ])
    expect(() => title.delta(zero, { type: 'set', value: 'early', seen: two.seen }, 'b')).toThrow(
      'the writer had seen what b has not: bring that state here first',
    )
  })
})

describe('counters and orders', () => {
  const add = (_: string, by: string) => ({ type: 'add' as const, by: Number(by) })
  const put = (_: string, value: string) => ({ type: 'put' as const, value: Number(value) })

  test('both add up, and going down is not undone by a join', () => {
    expect(play(gCounter, add, 'a: add 2 | b: add 3', 'a: add 1')).toBe(6)
    expect(play(pnCounter, add, 'a: add 5', 'a: add -5 | b: add 1')).toBe(1)
  })

  test('the greatest and the least stay; nothing put is null, and null may be put', () => {
    expect(play(max(kinds.number), put, 'a: put 3 | b: put 7', 'a: put 5')).toBe(7)
    expect(play(min(kinds.number), put, 'a: put 3 | b: put 7', 'a: put 5')).toBe(3)
    const any = max(kinds.json)
    expect(any.value(any.bottom)).toBe(null)
    expect(any.equal(update(any, any.bottom, { type: 'put', value: null }, 'a'), any.bottom)).toBe(false)
  })

  test('counters under one key add up, and a key at nothing is not there', () => {
    const votes = mapOf(pnCounter)
    const vote = (key: string, by: string) => ({ key, command: { type: 'add' as const, by: Number(by) } })
    const value = play(votes, vote, 'a: __proto__ 1 | b: __proto__ 2 | c: constructor 0')
    expect(value).toEqual(new Map([['__proto__', 3]]))
  })

  test('an answer stands after its question, whoever is first in the alphabet', () => {
    const append = (_: string, value: string) => ({ type: 'append' as const, value })
    expect(play(log(kinds.string), append, 'b: say Tea?', 'a: say Yes | c: say No', 'a: say Good')).toEqual([
      'Tea?',
      'Yes',
      'No',
      'Good',
    ])
  })
})

describe('clocks of events', () => {
  const tick = () => ({ type: 'tick' as const })

  test('what happened before what is told, and what happened apart', () => {
    const a = update(versionVector, versionVector.bottom, tick(), 'a')
    const b = update(versionVector, versionVector.bottom, tick(), 'b')
    const both = versionVector.join(a, b)
    expect(versionVector.value(update(versionVector, both, tick(), 'a'))).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect([compare(versionVector, a, both), compare(versionVector, both, b)]).toEqual(['before', 'after'])
    expect([compare(versionVector, a, b), compare(versionVector, a, a)]).toEqual(['concurrent', 'equal'])
  })

  test('a dotted vector tells the third event alone from the first three, which a plain one cannot', () => {
    const states = [dottedVersionVector.bottom]
    for (let index = 0; index < 3; index++) states.push(update(dottedVersionVector, states[index] ?? [], tick(), 'a'))
    const third = dottedVersionVector.diff(states[3] ?? [], states[2] ?? [])
    expect(third).toEqual([['a', [[2, 3]]]])
    expect(vectorOf(third)).toEqual([])
    expect(vectorOf(dottedVersionVector.join(third, states[2] ?? []))).toEqual([['a', 3]])
  })
})
