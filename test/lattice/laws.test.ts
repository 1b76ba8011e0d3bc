// Laws that cannot fail prove nothing: for each of them a type that breaks it, and what is said of it.

import {
  dottedVersionVector,
  gCounter,
  gSet,
  isJoineryError,
  type JoineryError,
  kinds,
  type Lattice,
  type Law,
  type LawOptions,
  lawNames,
  laws,
  max,
  orSet,
  pnCounter,
  type Random,
  seededRandom,
  versionVector,
} from 'joinery/lattice'
import { expect, test } from 'vitest'
import { type History, type Step, showHistory } from '../../src/lattice/history.ts'
import { Breach } from '../../src/lattice/watched.ts'
import { live } from '../../src/lattice/worlds.ts'
import { addOrRemove, below, letter } from './all.ts'

const numbers = (random: Random) => ({ type: 'add' as const, by: 1 + below(random, 9) })
const letters = (random: Random) => ({ type: 'add' as const, element: letter(random) })
const ticks = () => ({ type: 'tick' as const })
const puts = (random: Random) => ({ type: 'put' as const, value: below(random, 9) })
const words = gSet(kinds.string)
const greatest = max(kinds.number)
const tags = orSet(kinds.string)

/** A type with some of its functions replaced, unguarded. */
function but<State, Command, Value, Op>(
  type: Lattice<State, Command, Value, Op>,
  other: Partial<Lattice<State, Command, Value, Op>>,
): Lattice<State, Command, Value, Op> {
  return { ...type, ...other }
}

function judge<State, Command, Value, Op>(
  type: Lattice<State, Command, Value, Op>,
  arbitrary: (random: Random) => Command,
  options?: LawOptions<Command>,
): () => void {
  return () => laws(type, arbitrary, options)
}

/** A counter by state: one number. Its join is where it goes wrong. */
const tally = (join: (a: number, b: number) => number): Lattice<number, { by: number }, number, number> => ({
  name: 'tally',
  delivery: { order: 'any', repeats: 'never' },
  bottom: 0,
  join,
  leq: (a, b) => a <= b,
  equal: (a, b) => a === b,
  value: (state) => state,
  delta: (_, { by }) => by,
  diff: (newer) => newer,
  prepare: (_, { by }) => by,
  effect: (state, by) => state + by,
  decode: Number,
  decodeOp: Number,
})

const broken: readonly (readonly [law: Law, what: string, run: () => void])[] = [
  ['answers', 'a counter that refuses a command of its own', judge(gCounter, () => ({ type: 'add', by: -1 }))],
  [
    'answers',
    'a set that throws on the way back from outside',
    judge(but(words, { decode: (data) => JSON.parse(String(data)) }), letters),
  ],
  [
    'purity',
    'a set that adds to the list it is handed',
    judge(
      but(words, {
        join(a, b) {
          const list: string[] = Array.isArray(a) ? a : []
          for (const item of b) if (!list.includes(item)) list.push(item)
          return list.sort()
        },
      }),
      letters,
    ),
  ],
  ['plain', 'a set whose decode loses what it does not expect', judge(but(words, { decode: () => [] }), letters)],
  [
    'plain',
    'an op that JSON cannot carry',
    judge(but(gCounter, { decodeOp: () => ({ replica: 'a', by: 1 }) }), numbers),
  ],
  [
    'equality',
    'a state that is not equal to itself',
    judge(but(words, { equal: () => false, decode: words.decode }), letters),
  ],
  [
    'equality',
    'equal states that mean different things',
    judge(
      but(greatest, { equal: (a, b) => (a === null) === (b === null), leq: (a, b) => a === null || b !== null }),
      puts,
    ),
  ],
  ['bottom', 'a maximum that begins at 5', judge({ ...tally(Math.max), bottom: 5, delta: () => 1 }, () => ({ by: 1 }))],
  [
    'idempotence',
    'a counter that joins by sum',
    judge(
      tally((a, b) => a + b),
      (random) => ({ by: 1 + below(random, 3) }),
    ),
  ],
  [
    'commutativity',
    'a register in which the one that comes last stays',
    judge(but(greatest, { join: (a, b) => b ?? a }), puts),
  ],
  [
    'associativity',
    'a join that takes the mean',
    judge({ ...tally((a, b) => (a === 0 || b === 0 ? a + b : (a + b) / 2)), effect: (_, by) => by }, (random) => ({
      by: below(random, 9),
    })),
  ],
  [
    'order',
    'an order that the join does not know',
    judge(but(words, { leq: (a, b) => a.length <= b.length }), letters),
  ],
  [
    'monotonicity',
    'a set whose op takes out what it adds again',
    judge(
      but(words, {
        effect: (state, { element }) =>
          state.includes(element) ? state.filter((other) => other !== element) : words.effect(state, { element }),
      }),
      letters,
    ),
  ],
  ['difference', 'a difference that says nothing', judge(but(words, { diff: () => [] }), letters)],
  [
    'difference',
    'a difference that says more than there is',
    judge(but(versionVector, { diff: (newer) => newer.map(([key, count]) => [key, count + 1] as const) }), ticks),
  ],
  [
    'agreement',
    'an op that does less than the delta',
    judge(but(pnCounter, { prepare: (_, __, replica) => ({ replica, by: 0 }) }), numbers),
  ],
  [
    'agreement',
    'a grow-only counter by maximum, whose ops add',
    judge(tally(Math.max), (random) => ({ by: 1 + below(random, 9) })),
  ],
  [
    'ops',
    'a counter that claims that its ops may come twice',
    judge(but(gCounter, { delivery: { order: 'any', repeats: 'allowed' } }), numbers),
  ],
  [
    'ops',
    'a set whose ops toggle, and that claims that they may come twice',
    judge(
      but(dottedVersionVector, {
        delivery: { order: 'any', repeats: 'allowed' },
        effect: (state, dot) =>
          dottedVersionVector.leq(dottedVersionVector.effect(dottedVersionVector.bottom, dot), state)
            ? dottedVersionVector.bottom
            : dottedVersionVector.effect(state, dot),
      }),
      ticks,
    ),
  ],
  [
    'answers',
    'an OR-set that claims that its ops may come in any order',
    judge(but(tags, { delivery: { order: 'any', repeats: 'never' } }), addOrRemove),
  ],
]

test.each(broken)('%s is broken by %s', (law, _, run) => {
  expect(run).toThrow(expect.objectContaining({ code: 'law-broken', details: expect.objectContaining({ law }) }))
})

// Where a join is one, states and deltas cannot part; the laws of the join say so sooner. So the worlds are asked by themselves.
const sums = tally((a, b) => a + b)
const lasts = but(greatest, { join: (a, b) => b ?? a })

test.each<[Law, () => readonly Law[]]>([
  ['deltas', () => parted(sums, [does(0, { by: 1 }), sends(0, 1), sends(0, 1)])],
  ['deltas', () => parted(lasts, [does(0, { type: 'put', value: 1 }), does(0, { type: 'put', value: 2 })])],
  ['states', () => parted(lasts, [does(0, { type: 'put', value: 1 }), does(1, { type: 'put', value: 2 })])],
])('worlds part by %s where the join is none', (law, run) => {
  expect(run()).toContain(law)
})

test('every law has a type here that breaks it', () => {
  const tried = new Set<string>([...broken.map(([law]) => law), 'deltas', 'states'])
  expect(Object.keys(lawNames).filter((law) => !tried.has(law))).toEqual([])
})

test('a breach names the law and the seed, and shows the smallest history and the values', () => {
  expect(
    judge(but(gCounter, { delivery: { order: 'any', repeats: 'allowed' } }), numbers, { seed: 5, smaller }),
  ).toThrow(
    `g-counter breaks ops, seed 5: ops, delivered as the type asks, lead to the same state as whole states
  history
    c: {"type":"add","by":1}
  ops        [{"replica":"c","by":1},{"replica":"c","by":1}]
  by ops     [["c",2]]
  by states  [["c",1]]
Again: laws(type, arbitrary, { seed: 5, runs: 1 }), other options as they were.`,
  )
})

test('the seed that is named shows the same again', () => {
  const run = (seed: number, runs: number) => caught(judge(but(words, { diff: () => [] }), letters, { seed, runs }))
  const { message, details } = run(0, 200)
  expect(run(Number(details.seed), 1).message).toBe(message)
  expect(details).toMatchObject({ law: 'difference', history: [expect.stringMatching(/^[abc]: /)] })
})

test('a command may be late, and that is shown where it matters', () => {
  const late: History<object> = [
    { type: 'command', replica: 0, command: { type: 'tick' } },
    { type: 'send', from: 0, to: 1, age: 1 },
  ]
  expect(showHistory(late, ['a', 'b'])).toEqual(['a: {"type":"tick"}', 'a -> b, as of 1 changes ago'])
})

test.each<[string, LawOptions<object>]>([
  ['no runs', { runs: 0 }],
  ['half a run', { runs: 1.5 }],
  ['no steps', { steps: 0 }],
  ['a seed below zero', { seed: -1 }],
  ['a seed that is not a number', { seed: Number.NaN }],
  ['one replica', { replicas: ['a'] }],
  ['two replicas of one name', { replicas: ['a', 'a'] }],
])('laws refuses %s', (_, options) => {
  expect(judge(versionVector, ticks, options)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

function* smaller(command: { readonly type: 'add'; readonly by: number }): Generator<typeof command> {
  if (command.by > 1) yield { ...command, by: 1 }
}

function does<Command>(replica: number, command: Command): Step<Command> {
  return { type: 'command', replica, command }
}

function sends(from: number, to: number): Step<never> {
  return { type: 'send', from, to, age: 0 }
}

/** The laws by which the worlds part, in several chances. */
function parted<State, Command, Op>(
  type: Lattice<State, Command, unknown, Op>,
  history: History<Command>,
): readonly Law[] {
  return Array.from({ length: 50 }).flatMap((_, seed) => {
    try {
      live(type, history, ['a', 'b'], seededRandom(seed), { states: new Set(), ops: [] })
      return []
    } catch (error) {
      if (error instanceof Breach) return [error.law]
      throw error
    }
  })
}

function caught(run: () => void): JoineryError {
  try {
    run()
  } catch (error) {
    if (isJoineryError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
