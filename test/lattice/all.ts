// Every type of the kit, with commands by chance: few elements, so that they meet.

import {
  dottedVersionVector,
  gCounter,
  gSet,
  hybridRegister,
  type Json,
  kinds,
  type Lattice,
  type LawOptions,
  laws,
  log,
  lwwRegister,
  mapOf,
  max,
  min,
  mvRegister,
  orSet,
  pnCounter,
  type Random,
  removeWinsSet,
  twoPhaseSet,
  versionVector,
} from 'joinery/lattice'

export function below(random: Random, end: number): number {
  return Math.floor(random.unit() * end)
}

export function one<T>(random: Random, ...items: readonly [T, ...T[]]): T {
  return items[below(random, items.length)] ?? items[0]
}

export const letter = (random: Random): string => one(random, 'x', 'y', '__proto__', 'constructor')

export const anyJson = (random: Random): Json =>
  one<Json>(random, null, 0, -1.5, '', 'é', [], [null, [1]], {}, JSON.parse('{"__proto__":{"x":1},"10":2,"9":[]}'))

export const addOrRemove = (random: Random): { type: 'add' | 'remove'; element: string } => ({
  type: one<'add' | 'remove'>(random, 'add', 'add', 'remove'),
  element: letter(random),
})

type Run = (options: LawOptions<never>) => void

/** A type and its commands, ready to be judged. */
function ready<State, Command, Value, Op>(
  type: Lattice<State, Command, Value, Op>,
  arbitrary: (random: Random) => Command,
): readonly [name: string, run: Run] {
  return [
    type.name,
    ({ runs = 1, seed = 0, replicas = ['a', 'b', 'c'] }) => laws(type, arbitrary, { runs, seed, replicas }),
  ]
}

export const all: readonly (readonly [name: string, run: Run])[] = [
  ready(gCounter, (random) => ({ type: 'add', by: below(random, 3) })),
  ready(pnCounter, (random) => ({ type: 'add', by: below(random, 7) - 3 })),
  ready(max(kinds.number), (random) => ({ type: 'put', value: below(random, 9) - 4 })),
  ready(min(kinds.string), (random) => ({ type: 'put', value: letter(random) })),
  ready(max(kinds.json), (random) => ({ type: 'put', value: anyJson(random) })),
  ready(gSet(kinds.string), (random) => ({ type: 'add', element: letter(random) })),
  ready(gSet(kinds.json), (random) => ({ type: 'add', element: anyJson(random) })),
  ready(twoPhaseSet(kinds.string), addOrRemove),
  ready(orSet(kinds.string), (random) => (random.unit() < 0.1 ? { type: 'clear' } : addOrRemove(random))),
  ready(orSet(kinds.json), (random) => ({
    type: one<'add' | 'remove'>(random, 'add', 'remove'),
    element: anyJson(random),
  })),
  ready(removeWinsSet(kinds.string), addOrRemove),
  ready(removeWinsSet(kinds.json), (random) => ({
    type: one<'add' | 'remove'>(random, 'add', 'remove'),
    element: anyJson(random),
  })),
  ready(lwwRegister(kinds.string), (random) => ({ type: 'set', value: letter(random) })),
  ready(lwwRegister(kinds.json), (random) => ({ type: 'set', value: anyJson(random) })),
  ready(hybridRegister(kinds.string), (random) => ({ type: 'set', value: letter(random), now: below(random, 4) })),
  ready(mvRegister(kinds.string), (random) => ({ type: 'set', value: letter(random) })),
  ready(mvRegister(kinds.json), (random) => ({ type: 'set', value: anyJson(random) })),
  ready(log(kinds.string), (random) => ({ type: 'append', value: letter(random) })),
  ready(versionVector, () => ({ type: 'tick' })),
  ready(dottedVersionVector, () => ({ type: 'tick' })),
  ready(mapOf(pnCounter), (random) => ({ key: letter(random), command: { type: 'add', by: below(random, 5) - 2 } })),
  ready(mapOf(orSet(kinds.boolean)), (random) => ({
    key: letter(random),
    command: { type: one<'add' | 'remove'>(random, 'add', 'remove'), element: random.unit() < 0.5 },
  })),
  ready(mapOf(mapOf(max(kinds.number))), (random) => ({
    key: letter(random),
    command: { key: letter(random), command: { type: 'put', value: below(random, 3) } },
  })),
]
