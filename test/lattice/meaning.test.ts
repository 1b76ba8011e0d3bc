// What a value means, said a second time and slowly: from the commands that a replica has heard of and what each of them had heard of,
// with no lattice in it. The types must say the same after every step of histories by chance.

import {
  gCounter,
  kinds,
  type Lattice,
  log,
  lwwRegister,
  mvRegister,
  orSet,
  pnCounter,
  type Random,
  removeWinsSet,
  seededRandom,
  twoPhaseSet,
  update,
} from 'joinery/lattice'
import { expect, test } from 'vitest'
import { makeHistory } from '../../src/lattice/history.ts'
import { addOrRemove, below, letter } from './all.ts'

/** A command, and what its maker had heard of. */
interface Event<Command> {
  readonly replica: string
  readonly command: Command
  readonly past: ReadonlySet<Event<Command>>
}

const replicas = ['a', 'b', '__proto__']

/** Compares a type with its meaning after every step. */
function means<State, Command, Value>(
  type: Lattice<State, Command, Value, unknown>,
  arbitrary: (random: Random) => Command,
  meaning: (heard: readonly Event<Command>[]) => Value,
): void {
  for (let seed = 0; seed < 400; seed++) {
    const history = makeHistory(seededRandom(seed), arbitrary, { replicas: replicas.length, steps: 30 })
    const states = replicas.map(() => type.bottom)
    const heard = replicas.map(() => new Set<Event<Command>>())
    const [state, heardBy] = [
      (index: number) => states[index] ?? type.bottom,
      (index: number) => heard[index] ?? new Set(),
    ]
    for (const step of history) {
      const [index, replica] = step.type === 'send' ? [step.to, ''] : [step.replica, replicas[step.replica] ?? '']
      if (step.type === 'send') {
        states[index] = type.join(state(index), state(step.from))
        heard[index] = new Set([...heardBy(index), ...heardBy(step.from)])
      } else {
        states[index] = update(type, state(index), step.command, replica)
        heard[index] = new Set([...heardBy(index), { replica, command: step.command, past: new Set(heardBy(index)) }])
      }
      expect(type.value(state(index)), `seed ${seed}`).toEqual(meaning([...heardBy(index)]))
    }
  }
}

/** Those that no other of them has seen. */
function latest<Command>(events: readonly Event<Command>[]): readonly Event<Command>[] {
  return events.filter((event) => !events.some(({ past }) => past.has(event)))
}

function inOrder<T extends string | number>(values: Iterable<T>): readonly T[] {
  return [...new Set(values)].sort()
}

function lamport(event: Event<unknown>): number {
  return 1 + Math.max(0, ...[...event.past].map(lamport))
}

function byTime(a: Event<unknown>, b: Event<unknown>): number {
  return lamport(a) - lamport(b) || (a.replica < b.replica ? -1 : 1)
}

type Mark = { readonly type: 'add' | 'remove'; readonly element: string } | { readonly type: 'clear' }
const marks = (random: Random): Mark => (random.unit() < 0.1 ? { type: 'clear' } : addOrRemove(random))
const letters = ['x', 'y', '__proto__', 'constructor']

test('an element is in an OR-set if one of its latest adds and removes is an add', () => {
  means(orSet(kinds.string), marks, (heard) =>
    inOrder(
      letters.filter((letter) => {
        const about = heard.filter(({ command }) => command.type === 'clear' || command.element === letter)
        return latest(about).some(({ command }) => command.type === 'add')
      }),
    ),
  )
})

test('an element is in a remove-wins set if its latest adds and removes are all adds', () => {
  means(removeWinsSet(kinds.string), addOrRemove, (heard) =>
    inOrder(
      letters.filter((letter) => {
        const last = latest(heard.filter(({ command }) => command.element === letter))
        return last.length > 0 && last.every(({ command }) => command.type === 'add')
      }),
    ),
  )
})

test('an element is in a 2P-set if it was added, and nobody removed it who had it', () => {
  means(twoPhaseSet(kinds.string), addOrRemove, (heard) => {
    const has = (events: readonly Event<{ type: string; element: string }>[], letter: string): boolean => {
      const about = events.filter(({ command }) => command.element === letter)
      const added = about.some(({ command }) => command.type === 'add')
      return added && !about.some(({ command, past }) => command.type === 'remove' && has([...past], letter))
    }
    return inOrder(letters.filter((letter) => has(heard, letter)))
  })
})

test('an MV register has the values of its latest writes', () => {
  means(
    mvRegister(kinds.string),
    (random) => ({ type: 'set' as const, value: letter(random) }),
    (heard) => inOrder(latest(heard).map(({ command }) => command.value)),
  )
})

test('an LWW register has the value of the write with the greatest Lamport time, then replica', () => {
  means(
    lwwRegister(kinds.number),
    (random) => ({ type: 'set' as const, value: below(random, 100) }),
    (heard) => heard.toSorted(byTime).at(-1)?.command.value ?? null,
  )
})

test('a log has what was appended, by Lamport time, then replica', () => {
  means(
    log(kinds.number),
    (random) => ({ type: 'append' as const, value: below(random, 3) }),
    (heard) => heard.toSorted(byTime).map(({ command }) => command.value),
  )
})

test('counters have the sum of what was added', () => {
  const total = (heard: readonly Event<{ by: number }>[]): number =>
    heard.reduce((sum, { command }) => sum + command.by, 0)
  means(gCounter, (random) => ({ type: 'add' as const, by: below(random, 5) }), total)
  means(pnCounter, (random) => ({ type: 'add' as const, by: below(random, 9) - 4 }), total)
})
