// The laws that every replicated type must keep, checked by chance: a seed makes a history of commands and messages between a few
// replicas; the laws of the lattice are checked on the states that came up, and three worlds (worlds.ts) say whether states, deltas and
// ops agree. What fails is made smaller, and shown with its seed. After QuickCheck (Claessen & Hughes 2000).

import { JoineryError } from '../base/errors.ts'
import { type Random, seededRandom } from '../base/random.ts'
import { at, below, type History, makeHistory, showHistory, shrink } from './history.ts'
import type { Lattice } from './lattice.ts'
import { same, show } from './plain.ts'
import { Breach, demand, type Law, lawNames, watched } from './watched.ts'
import { live, type Remains } from './worlds.ts'

export { type Law, lawNames }

/** Makes a command, out of nothing but `random`: the same numbers, the same command. */
export type Arbitrary<Command> = (random: Random) => Command

export interface LawOptions<Command> {
  /** Histories to try: 200 by default. */
  readonly runs?: number
  /** The seed of the first run; the next has the next. 0 by default, so that a build fails today if it does tomorrow. */
  readonly seed?: number
  /** Steps in the longest history: 12 by default. */
  readonly steps?: number
  /** The names of the replicas: a, b and c by default. */
  readonly replicas?: readonly string[]
  /** Smaller commands to try in place of one, when a history that fails is made smaller. None by default. */
  readonly smaller?: (command: Command) => Iterable<Command>
}

/**
 * Checks that a type keeps the laws in `lawNames`. Returns, or throws a JoineryError 'law-broken' that names the law and shows the smallest
 * history found; `details` has `law`, `seed`, `history` and `facts`.
 *
 * @example
 * import { gCounter, laws } from 'joinery/lattice'
 * laws(gCounter, (random) => ({ type: 'add', by: Math.floor(random.unit() * 10) }), { runs: 100 })
 */
export function laws<State, Command, Value, Op>(
  type: Lattice<State, Command, Value, Op>,
  arbitrary: Arbitrary<Command>,
  options: LawOptions<Command> = {},
): void {
  const { runs, seed: first, steps, replicas, smaller } = checked(options)
  if (typeof arbitrary !== 'function') wrong(`the arbitrary is a function that makes a command, not ${show(arbitrary)}`)
  const eyed = watched(type)
  for (let seed = first; seed < first + runs; seed++) {
    const history = makeHistory(seededRandom(seed), arbitrary, { replicas: replicas.length, steps })
    const found = breach(eyed, history, replicas, seed)
    if (found === undefined) continue
    const fails = (less: History<Command>): Breach | undefined => breachOf(found.law, eyed, less, replicas, seed)
    const least = shrink(history, found, fails, smaller)
    throw broken(type.name, seed, least.history, least.failure, replicas)
  }
}

/** The breach that a history leads to, if any: the plainest, where there are several. */
function breach<State, Command, Value, Op>(
  type: Lattice<State, Command, Value, Op>,
  history: History<Command>,
  replicas: readonly string[],
  chance: number,
): Breach | undefined {
  // Transports draw from another stream than the history, so that a smaller history may meet the same chances.
  const random = seededRandom(chance ^ 0x5eed)
  const remains: Remains<State, Op> = { states: new Set([type.bottom]), ops: [] }
  const parted = caught(() => live(type, history, replicas, random, remains))
  if (parted?.law === 'answers' || parted?.law === 'purity') return parted
  return caught(() => demandLaws(type, remains, random)) ?? parted
}

/** A breach of this law and no other, by a smaller history, in one of a few chances. */
function breachOf<State, Command, Value, Op>(
  law: Law,
  type: Lattice<State, Command, Value, Op>,
  history: History<Command>,
  replicas: readonly string[],
  seed: number,
): Breach | undefined {
  for (let chance = seed; chance < seed + 4; chance++) {
    const found = breach(type, history, replicas, chance)
    if (found?.law === law) return found
  }
  return undefined
}

function caught(run: () => void): Breach | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof Breach) return error
    throw error
  }
}

/** The laws of single values, in the order of `lawNames`, on the states and ops that came up. */
function demandLaws<State, Value, Op>(
  type: Lattice<State, never, Value, Op>,
  { states, ops }: Remains<State, Op>,
  random: Random,
): void {
  const { join, leq, equal, diff, bottom } = type
  const all = [...states]
  const triples = sample(all, random)

  for (const a of all) demand('equality', equal(a, a), () => ({ a, 'equal(a, a)': false }))
  for (const [a, b] of triples) {
    demand('equality', equal(a, b) === equal(b, a), () => ({ a, b, 'equal(a, b)': equal(a, b) }))
    const alike = !equal(a, b) || same(type.value(a), type.value(b))
    demand('equality', alike, () => ({ a, b, 'value of a': type.value(a), 'value of b': type.value(b) }))
  }
  for (const state of all)
    demand('plain', equal(type.decode(throughJson(state)), state), () => ({
      state,
      decoded: type.decode(throughJson(state)),
    }))
  for (const { before, op } of ops) {
    const decoded = type.decodeOp(throughJson(op))
    demand('plain', equal(type.effect(before, decoded), type.effect(before, op)), () => ({ before, op, decoded }))
  }
  for (const a of all) {
    const up = join(bottom, a)
    demand('bottom', equal(up, a) && leq(bottom, a), () => ({
      bottom,
      a,
      'join(bottom, a)': up,
      'leq(bottom, a)': leq(bottom, a),
    }))
  }
  for (const a of all) demand('idempotence', equal(join(a, a), a), () => ({ a, 'join(a, a)': join(a, a) }))
  for (const [a, b] of triples) {
    const [ab, ba] = [join(a, b), join(b, a)]
    demand('commutativity', equal(ab, ba), () => ({ a, b, 'join(a, b)': ab, 'join(b, a)': ba }))
  }
  for (const [a, b, c] of triples) {
    const [left, right] = [join(join(a, b), c), join(a, join(b, c))]
    const facts = { a, b, c, 'join(join(a, b), c)': left, 'join(a, join(b, c))': right }
    demand('associativity', equal(left, right), () => facts)
  }
  for (const [a, b] of triples) {
    const ab = join(a, b)
    demand('order', leq(a, b) === equal(ab, b), () => ({ a, b, 'leq(a, b)': leq(a, b), 'join(a, b)': ab }))
  }
  for (const [newer, older] of triples) {
    const more = diff(newer, older)
    const [whole, part] = [join(older, newer), join(older, more)]
    demand('difference', equal(whole, part) && leq(more, newer), () => ({
      newer,
      older,
      diff: more,
      'join(older, diff)': part,
    }))
  }
}

/** Three of the states, again and again: each choice if there are few, else some by chance. */
function sample<State>(states: readonly State[], random: Random): readonly (readonly [State, State, State])[] {
  if (states.length <= 3) return states.flatMap((a) => states.flatMap((b) => states.map((c) => [a, b, c] as const)))
  const one = (): State => at(states, below(random, states.length))
  return Array.from({ length: triplesPerHistory }, () => [one(), one(), one()] as const)
}

const triplesPerHistory = 12

function throughJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value))
  } catch (error) {
    throw new Breach('plain', { value }, error)
  }
}

// --- what is said ---

function broken(
  name: string,
  seed: number,
  history: History<unknown>,
  { law, facts, cause }: Breach,
  replicas: readonly string[],
): JoineryError {
  const steps = showHistory(history, replicas)
  const width = Math.max(...Object.keys(facts).map((fact) => fact.length))
  const lines = [
    `${name} breaks ${law}, seed ${seed}: ${lawNames[law]}`,
    ...(steps.length > 0 ? ['  history', ...steps.map((step) => `    ${step}`)] : []),
    ...Object.entries(facts).map(([fact, value]) => `  ${fact.padEnd(width)}  ${text(value)}`),
    `Again: laws(type, arbitrary, { seed: ${seed}, runs: 1 }), other options as they were.`,
  ]
  const details = { law, seed, history: steps, facts }
  return new JoineryError('law-broken', lines.join('\n'), { details, ...(cause === undefined ? {} : { cause }) })
}

/** A value on a line. What JSON cannot say is said some other way. */
function text(value: unknown): string {
  const line = JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Map || item instanceof Set) return [...item]
    return typeof item === 'bigint' ? `${item}n` : item
  })
  return line === undefined ? show(value) : line.length > 2000 ? `${line.slice(0, 2000)} …` : line
}

function checked<Command>(options: LawOptions<Command>): Required<LawOptions<Command>> {
  const { runs = 200, seed = 0, steps = 12, replicas = ['a', 'b', 'c'], smaller = () => [] } = options
  for (const [name, number] of Object.entries({ runs, steps }))
    if (!Number.isSafeInteger(number) || number < 1) wrong(`${name} is an integer of 1 or more, not ${show(number)}`)
  if (!Number.isSafeInteger(seed) || seed < 0 || seed + runs > 2 ** 32)
    wrong(`seed is an integer of 0 to 2^32 - runs, not ${show(seed)}`)
  if (!Array.isArray(replicas) || new Set(replicas).size < 2 || new Set(replicas).size < replicas.length)
    wrong('replicas are two names or more, each once')
  return { runs, seed, steps, replicas, smaller }
}

function wrong(message: string): never {
  throw new JoineryError('bad-option', message)
}
