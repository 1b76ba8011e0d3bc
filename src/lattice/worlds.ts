// One history, lived through in three worlds side by side: whole states are sent, or deltas, or ops. After each step a replica holds the
// same in all three. This is what the three ways of Shapiro et al. 2011 (section 2.4: they are equivalent) and Almeida et al. 2018 promise.

import type { Random } from '../base/random.ts'
import { at, below, type History, shuffled } from './history.ts'
import type { Lattice } from './lattice.ts'
import { demand } from './watched.ts'

/** What one command came to. */
interface Made<State, Op> {
  readonly delta: State
  readonly op: Op
  /** The commands, by number, that its replica had heard of: its causal past. */
  readonly past: ReadonlySet<number>
}

/** A replica at a moment, in each world. */
interface Moment<State> {
  readonly byStates: State
  readonly byDeltas: State
  readonly byOps: State
  /** The commands, by number, that it has heard of: the same in each world. */
  readonly heard: ReadonlySet<number>
}

/** What a history left behind: all states and ops that came up in it. */
export interface Remains<State, Op> {
  readonly states: Set<State>
  readonly ops: { readonly before: State; readonly op: Op }[]
}

/** Lives through a history, and leaves its remains even where it throws: a Breach, when the worlds part. */
export function live<State, Command, Op>(
  type: Lattice<State, Command, unknown, Op>,
  history: History<Command>,
  replicas: readonly string[],
  random: Random,
  remains: Remains<State, Op>,
): void {
  const { bottom } = type
  const beginning: Moment<State> = { byStates: bottom, byDeltas: bottom, byOps: bottom, heard: new Set() }
  const lives = replicas.map(() => [beginning])
  const lifeOf = (replica: number): Moment<State>[] => at(lives, replica)
  const now = (replica: number): Moment<State> => at(lifeOf(replica), lifeOf(replica).length - 1)
  const made: Made<State, Op>[] = []
  const wholes = new Set<State>()

  for (const step of history) {
    if (step.type === 'command') {
      const before = now(step.replica)
      const making = prepared(type, before, step.command, at(replicas, step.replica))
      remains.states.add(making.delta)
      remains.ops.push({ before: before.byOps, op: making.op })
      lifeOf(step.replica).push(taken(type, before, making, made.length, remains))
      made.push(making)
    } else {
      const life = lifeOf(step.from)
      const there = at(life, Math.max(0, life.length - 1 - step.age))
      lifeOf(step.to).push(told(type, now(step.to), there, made, random))
    }
    for (const replica of lives.keys()) wholes.add(now(replica).byStates)
    for (const state of wholes) remains.states.add(state)
  }

  const ends = replicas.map((_, replica) => now(replica).byStates)
  observe(type, ends, [...wholes], made, random)
}

function prepared<State, Command, Op>(
  type: Lattice<State, Command, unknown, Op>,
  before: Moment<State>,
  command: Command,
  replica: string,
): Made<State, Op> {
  const delta = type.delta(before.byStates, command, replica)
  return { delta, op: type.prepare(before.byOps, command, replica), past: before.heard }
}

/** What its own command makes of a replica, in each world. */
function taken<State, Op>(
  type: Lattice<State, never, unknown, Op>,
  before: Moment<State>,
  { delta, op }: Made<State, Op>,
  number: number,
  remains: Remains<State, Op>,
): Moment<State> {
  const byStates = type.join(before.byStates, delta)
  const byDeltas = type.join(before.byDeltas, delta)
  const byOps = type.effect(before.byOps, op)
  remains.states.add(byStates)
  const facts = { before: before.byStates, delta, 'by delta': byStates, op, 'by op': byOps }
  demand('monotonicity', type.leq(before.byStates, byStates) && type.leq(before.byOps, byOps), () => facts)
  demand('agreement', type.equal(byOps, byStates), () => facts)
  return { byStates, byDeltas, byOps, heard: new Set([...before.heard, number]) }
}

/** `here` hears what `there` held, in each world. */
function told<State, Op>(
  type: Lattice<State, never, unknown, Op>,
  here: Moment<State>,
  there: Moment<State>,
  made: readonly Made<State, Op>[],
  random: Random,
): Moment<State> {
  const missing = [...there.heard].filter((number) => !here.heard.has(number))
  const byStates = type.join(here.byStates, there.byStates)
  const deltas =
    random.unit() < 0.3
      ? [type.diff(there.byDeltas, here.byDeltas)]
      : inAnyOrder(missing, [...there.heard], random).map((number) => at(made, number).delta)
  const byDeltas = joined(type, here.byDeltas, deltas, random)
  demand('deltas', type.equal(byDeltas, byStates), () => ({
    here: here.byDeltas,
    deltas,
    'by deltas': byDeltas,
    'by states': byStates,
  }))
  const ops = delivered(type, missing, here.heard, made, random).map((number) => at(made, number).op)
  const byOps = ops.reduce(type.effect, here.byOps)
  demand('ops', type.equal(byOps, byStates), () => ({ here: here.byOps, ops, 'by ops': byOps, 'by states': byStates }))
  return { byStates, byDeltas, byOps, heard: new Set([...here.heard, ...there.heard]) }
}

/** Three who said nothing and heard everything, each in its way: they end where all replicas would. */
function observe<State, Op>(
  type: Lattice<State, never, unknown, Op>,
  ends: readonly State[],
  states: readonly State[],
  made: readonly Made<State, Op>[],
  random: Random,
): void {
  const all = [...made.keys()]
  const end = ends.reduce(type.join, type.bottom)

  const heardStates = inAnyOrder(states, states, random)
  const byStates = heardStates.reduce(type.join, type.bottom)
  demand('states', type.equal(byStates, end), () => ({
    states: heardStates,
    'by states': byStates,
    'the last of each': end,
  }))

  const deltas = inAnyOrder(all, all, random).map((number) => at(made, number).delta)
  const byDeltas = joined(type, type.bottom, deltas, random)
  demand('deltas', type.equal(byDeltas, end), () => ({ deltas, 'by deltas': byDeltas, 'by states': end }))

  const ops = delivered(type, all, new Set(), made, random).map((number) => at(made, number).op)
  const byOps = ops.reduce(type.effect, type.bottom)
  demand('ops', type.equal(byOps, end), () => ({ ops, 'by ops': byOps, 'by states': end }))
}

/** All of `items`, in any order, and some of `again` once more in between. */
function inAnyOrder<T>(items: readonly T[], again: readonly T[], random: Random): readonly T[] {
  return shuffled(random, [...items, ...again.filter(() => random.unit() < 0.3)])
}

/** Deltas joined to a state, one after the other; now and then two are joined to each other first (a delta-group). */
function joined<State>(
  type: Pick<Lattice<State, never, unknown, never>, 'join'>,
  state: State,
  deltas: readonly State[],
  random: Random,
): State {
  const groups: State[] = []
  for (const delta of deltas) {
    const last = random.unit() < 0.3 ? groups.pop() : undefined
    groups.push(last === undefined ? delta : type.join(last, delta))
  }
  return groups.reduce(type.join, state)
}

/** The numbers of ops in an order, and with the repeats, that the type allows. `heard` are there already. */
function delivered<State, Op>(
  { delivery }: Pick<Lattice<State, never, unknown, Op>, 'delivery'>,
  missing: readonly number[],
  heard: ReadonlySet<number>,
  made: readonly Made<State, Op>[],
  random: Random,
): readonly number[] {
  const once = delivery.order === 'causal' ? inCausalOrder(missing, made, random) : shuffled(random, missing)
  if (delivery.repeats === 'never') return once
  // A repeat comes at any time after the first: it has been causally delivered long ago.
  const out: number[] = []
  for (const number of once) {
    out.push(number)
    const earlier = [...heard, ...out]
    while (random.unit() < 0.3) out.push(at(earlier, below(random, earlier.length)))
  }
  return out
}

/** Any order in which a command comes after its causal past: one of those that are ready, by chance, then the next. */
function inCausalOrder(
  numbers: readonly number[],
  made: readonly Made<unknown, unknown>[],
  random: Random,
): readonly number[] {
  const waiting = new Set(numbers)
  const out: number[] = []
  while (waiting.size > 0) {
    const ready = [...waiting].filter((number) => [...at(made, number).past].every((other) => !waiting.has(other)))
    const next = at(ready, below(random, ready.length))
    waiting.delete(next)
    out.push(next)
  }
  return out
}
