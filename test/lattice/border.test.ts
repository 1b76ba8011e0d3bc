// What comes in wrongly is told so, by a code and a sentence, and nothing comes in that is not what it seems.

import {
  type Dots,
  defineLattice,
  dottedVersionVector,
  gCounter,
  gSet,
  hybridRegister,
  isJoineryError,
  type Json,
  kinds,
  type Lattice,
  log,
  lwwRegister,
  mapOf,
  max,
  mvRegister,
  orSet,
  pnCounter,
  type Random,
  removeWinsSet,
  seededRandom,
  twoPhaseSet,
  update,
  versionVector,
} from 'joinery/lattice'
import { describe, expect, test } from 'vitest'
import { below } from './all.ts'

const most = Number.MAX_SAFE_INTEGER

/** A type as a caller without types has it: any of its functions takes anything. */
function loose(type: object): Record<string, (...args: readonly unknown[]) => unknown> {
  return { ...type } as Record<string, (...args: readonly unknown[]) => unknown>
}

const types: readonly Lattice<never, never, unknown, never>[] = [
  gCounter,
  pnCounter,
  max(kinds.number),
  gSet(kinds.string),
  twoPhaseSet(kinds.string),
  orSet(kinds.string),
  removeWinsSet(kinds.string),
  lwwRegister(kinds.string),
  hybridRegister(kinds.string),
  mvRegister(kinds.string),
  log(kinds.string),
  mapOf(gCounter),
  versionVector,
  dottedVersionVector,
].map((type) => type as unknown as Lattice<never, never, unknown, never>)

const junk: readonly unknown[] = [
  undefined,
  0,
  '',
  true,
  1n,
  Symbol('x'),
  () => {},
  {},
  { type: 'nonsense' },
  { live: [], seen: [], more: 1 },
  { live: [['a', 0, 'x']], seen: [] },
  { added: [['a', -1]], removed: [] },
  [1],
  [['a']],
  [['a', 0]],
  [['a', 1.5]],
  [['a', Number.NaN]],
  [['a', -1]],
  [['a', 2 ** 53]],
  [['', 1]],
  [
    ['b', 1],
    ['a', 1],
  ],
  [
    ['a', 1],
    ['a', 1],
  ],
  [['a', [[1, 1]]]],
  [
    [
      'a',
      [
        [0, 1],
        [1, 2],
      ],
    ],
  ],
  [['\ud800', 1]],
  new Date(0),
  new Map([['a', 1]]),
  Object.create({ time: 1, replica: 'a', value: 'x' }),
  { time: 0, replica: 'a', value: 'x' },
  { time: 1, replica: 'a', value: '\udfff' },
  { value: Number.NaN },
]

describe.each(types.map((type) => [type.name, loose(type), type.bottom] as const))('%s', (_, type, bottom) => {
  const answers = (run: () => unknown, ...codes: readonly string[]): void => {
    try {
      run()
    } catch (error) {
      expect(isJoineryError(error) ? codes.includes(error.code) : false, String(error)).toBe(true)
    }
  }

  test('takes junk as a state or op with a code if at all amiss, never with a TypeError, and no junk as a command', () => {
    for (const thing of junk) {
      answers(() => type.decode?.(thing), 'bad-message', 'limit')
      answers(() => type.decodeOp?.(thing), 'bad-message', 'limit')
      answers(() => type.join?.(thing, bottom), 'bad-value', 'bad-message', 'limit')
      answers(() => type.join?.(bottom, thing), 'bad-value', 'bad-message', 'limit')
      answers(() => type.leq?.(thing, bottom), 'bad-value', 'bad-message', 'limit')
      answers(() => type.value?.(thing), 'bad-value', 'bad-message', 'limit')
      answers(() => type.effect?.(bottom, thing), 'bad-value', 'bad-message', 'limit')
      for (const make of [type.delta, type.prepare])
        expect(() => make?.(bottom, thing, 'a'), String(thing)).toThrow(expect.objectContaining({ code: 'bad-value' }))
    }
  })

  test.each([undefined, '', 7, null, 'x'.repeat(1025), '\ud800'])('refuses %j as the name of a replica', (replica) => {
    expect(() => type.delta?.(bottom, { type: 'add' }, replica)).toThrow(
      expect.objectContaining({ code: typeof replica === 'string' && replica.length > 1024 ? 'limit' : 'bad-value' }),
    )
  })

  test('is frozen, and so is all that it gives', () => {
    expect(Object.isFrozen(bottom)).toBe(true)
    expect(Object.isFrozen(type.join?.(bottom, bottom))).toBe(true)
  })
})

test('a state that was tampered with is refused, or is a state in its one form', () => {
  const random = seededRandom(7)
  const held = [
    update(orSet(kinds.string), orSet(kinds.string).bottom, { type: 'add', element: 'x' }, 'a'),
    {
      live: [
        ['a', 1, 'x'],
        ['b', 0, 'y'],
      ],
      seen: [
        [
          'a',
          [
            [0, 2],
            [4, 5],
          ],
        ],
        ['b', [[0, 1]]],
      ],
    },
    {
      added: [
        ['a', 2],
        ['b', 3],
      ],
      removed: [['a', 1]],
    },
    { present: ['x', 'y'], removed: ['z'] },
    { time: { time: 3, count: 0 }, replica: 'a', value: 'x' },
    [
      { time: 1, replica: 'a', value: 'x' },
      { time: 1, replica: 'b', value: 'x' },
    ],
    [
      ['x', [['a', 1]]],
      [
        'y',
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
    ],
    [
      ['a', 1],
      ['b', 2],
    ],
  ]
  let taken = 0
  for (let run = 0; run < 20_000; run++) {
    const text = JSON.stringify(tampered(held[below(random, held.length)], random))
    const type = types[below(random, types.length)] ?? types[0]
    try {
      const state = type?.decode(JSON.parse(text))
      expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(text))
      taken++
    } catch (error) {
      expect(isJoineryError(error, 'bad-message') || isJoineryError(error, 'limit'), String(error)).toBe(true)
    }
  }
  expect(taken).toBeGreaterThan(500)
})

test.each<[string, () => unknown, string, string]>([
  [
    'a negative count',
    () => gCounter.delta([], { type: 'add', by: -1 }, 'a'),
    'bad-value',
    'what is added is a safe integer of 0 or more, not -1',
  ],
  ['half a count', () => pnCounter.delta(pnCounter.bottom, { type: 'add', by: 0.5 }, 'a'), 'bad-value', 'not 0.5'],
  [
    'a count that would round',
    () => update(gCounter, [['a', most]], { type: 'add', by: 1 }, 'a'),
    'limit',
    'the count of a would be 9007199254740992',
  ],
  [
    'a sum that would round',
    () =>
      gCounter.value([
        ['a', most],
        ['b', 1],
      ]),
    'limit',
    'the value of a counter would be 9007199254740992',
  ],
  [
    'an op that would round',
    () => gCounter.effect([['a', most]], { replica: 'a', by: 1 }),
    'limit',
    'beyond the safe integers',
  ],
  [
    'a Lamport time past the last',
    () => lwwRegister(kinds.string).delta({ time: most, replica: 'a', value: 'x' }, { type: 'set', value: 'y' }, 'a'),
    'limit',
    'a Lamport time',
  ],
  [
    'an event past the last',
    () => dottedVersionVector.delta([['a', [[0, most]]]], { type: 'tick' }, 'a'),
    'limit',
    'no more can be named',
  ],
  [
    'a number that is none',
    () => max(kinds.number).delta(null, { type: 'put', value: Number.NaN }, 'a'),
    'bad-value',
    'not NaN',
  ],
  [
    'half of a surrogate pair',
    () => gSet(kinds.string).delta([], { type: 'add', element: '\ud83d' }, 'a'),
    'bad-value',
    'a well-formed string',
  ],
  [
    'json nested beyond all need',
    () => gSet(kinds.json).delta([], { type: 'add', element: nested(200) }, 'a'),
    'limit',
    'nested more than 100 deep',
  ],
  [
    'an element twice in a set',
    () => gSet(kinds.string).decode(['a', 'a']),
    'bad-message',
    'ascend and have no doubles',
  ],
  [
    'an element present and removed',
    () => twoPhaseSet(kinds.string).decode({ present: ['x'], removed: ['x'] }),
    'bad-message',
    'present or removed, not both',
  ],
  [
    'a live dot that nobody has seen',
    () => orSet(kinds.string).decode({ live: [['a', 3, 'x']], seen: [['a', [[0, 3]]]] }),
    'bad-message',
    'a:3 is live, but not among the dots seen',
  ],
  [
    'a key at nothing',
    () => mapOf(pnCounter).decode([['x', { added: [], removed: [] }]]),
    'bad-message',
    'at its bottom',
  ],
])('%s is refused', (_, run, code, message) => {
  expect(run).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})

test('sums whose parts round are exact when they themselves do not', () => {
  const state = {
    added: [
      ['a', most],
      ['b', most],
    ],
    removed: [['c', most]],
  } as const
  expect(pnCounter.value(state)).toBe(most)
})

test('objects that say the same are the same, in whatever order they say it', () => {
  const things = gSet(kinds.json)
  const state = update(things, things.bottom, { type: 'add', element: { b: 1, a: 2 } }, 'a')
  expect(things.value(update(things, state, { type: 'add', element: { a: 2, b: 1 } }, 'b'))).toEqual([{ a: 2, b: 1 }])
})

test('-0 is 0, as it is after JSON', () => {
  const type = max(kinds.number)
  expect(Object.is(type.value(type.delta(null, { type: 'put', value: -0 }, 'a')), 0)).toBe(true)
})

test('a value that its giver changes afterwards is not changed here', () => {
  const things = gSet(kinds.json)
  const element = { list: [1] }
  const state = update(things, things.bottom, { type: 'add', element }, 'a')
  const mine: Dots[number][] = [['a', [[0, 1]]]]
  const seen = dottedVersionVector.join(mine, [])
  element.list.push(2)
  mine.push(['b', [[0, 1]]])
  expect(things.value(state)).toEqual([{ list: [1] }])
  expect(seen).toEqual([['a', [[0, 1]]]])
})

test('names that are names of things in JavaScript are names like any other', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', '0', 'valueOf']
  const votes = mapOf(gCounter)
  const state = names.reduce(
    (all, name) => update(votes, all, { key: name, command: { type: 'add', by: 1 } }, name),
    votes.bottom,
  )
  const back = votes.decode(JSON.parse(JSON.stringify(state)))
  expect(votes.value(back)).toEqual(new Map(names.toSorted().map((name) => [name, 1])))
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()

  const things = orSet(kinds.json)
  const evil: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}')
  const held = update(things, things.bottom, { type: 'add', element: kinds.json.check(evil) }, '__proto__')
  expect(JSON.stringify(things.value(things.decode(JSON.parse(JSON.stringify(held)))))).toBe(
    '[{"__proto__":{"polluted":true},"constructor":{"prototype":1}}]',
  )
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('two replicas of one name are a mistake, after which all still agree', () => {
  const title = lwwRegister(kinds.string)
  const [x, y] = ['x', 'y'].map((value) => title.delta(null, { type: 'set', value }, 'a'))
  expect(title.join(x ?? null, y ?? null)).toEqual(title.join(y ?? null, x ?? null))
  const tags = orSet(kinds.string)
  const [one = tags.bottom, two = tags.bottom] = ['x', 'y'].map((element) =>
    tags.delta(tags.bottom, { type: 'add', element }, 'a'),
  )
  const both = tags.join(one, two)
  expect(both).toEqual(tags.join(two, one))
  expect([tags.leq(one, both), tags.leq(two, both)]).toEqual([true, true])
  expect(tags.join(one, tags.diff(two, one))).toEqual(both)
})

test('a type of one’s own needs no order and no difference: both follow from its join', () => {
  const highest = defineLattice<number, { readonly put: number }, number, number>({
    name: 'highest',
    delivery: { order: 'any', repeats: 'allowed' },
    bottom: 0,
    join: Math.max,
    value: (state) => state,
    delta: (_, { put }) => put,
    prepare: (_, { put }) => put,
    effect: Math.max,
    decode: kinds.number.check,
    decodeOp: kinds.number.check,
  })
  expect([highest.leq(1, 2), highest.leq(2, 1), highest.diff(2, 1), highest.equal(2, 2)]).toEqual([
    true,
    false,
    2,
    true,
  ])
  expect(() => highest.join(1, Number.NaN)).toThrow(expect.objectContaining({ code: 'bad-value' }))
})

function nested(depth: number): Json {
  let value: Json = []
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

/** The same data with one thing in it replaced by another. */
function tampered(data: unknown, random: Random): unknown {
  const others: readonly unknown[] = [null, 0, 1, -1, 2 ** 60, 0.5, '', 'a', 'b', [], {}, ['a', 1], true, '\ud800']
  if (random.unit() < 0.15 || typeof data !== 'object' || data === null)
    return random.unit() < 0.5 ? data : others[below(random, others.length)]
  if (Array.isArray(data)) {
    const index = below(random, data.length)
    return random.unit() < 0.2 ? data.toSpliced(index, 1) : data.with(index, tampered(data[index], random))
  }
  const entries = Object.entries(data)
  const at = below(random, entries.length)
  return Object.fromEntries(entries.map(([key, value], index) => [key, index === at ? tampered(value, random) : value]))
}
