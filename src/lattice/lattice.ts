// What a replicated type is, as plain values and pure functions, for each of the three ways to carry it:
//
//   states   join(a, b)                        Shapiro et al. 2011, A comprehensive study …, section 2.2.1 (state-based)
//   deltas   join(a, delta(b, command))        Almeida, Shoker & Baquero 2018, Delta state replicated data types
//   ops      effect(a, prepare(b, command))    Shapiro et al. 2011, section 2.2.2 (op-based)
//
// All three use one State, so that a program may mix them, and `laws` may compare them. Nothing here knows a clock, chance or a network.

import { isJoineryError, JoineryError } from '../base/errors.ts'
import { freeze, isRecord, name, refuse, same, show } from './plain.ts'

/**
 * What a type asks of whoever carries its ops. States and deltas ask nothing: they may come late, twice and in any order.
 * 'causal': an op comes after all that its maker held when it was prepared. 'never': it takes effect once at each replica, its
 * maker's included. Who carries ops also sees to it that none is lost.
 */
export interface Delivery {
  readonly order: 'any' | 'causal'
  readonly repeats: 'allowed' | 'never'
}

/**
 * A type. States and ops are plain data that JSON can carry as they are; `decode` and `decodeOp` take them back from outside.
 * A replica's name is its own: two living replicas never share one, and who lost its state takes a new one.
 */
export interface Lattice<State, Command, Value, Op> {
  readonly name: string
  readonly delivery: Delivery
  /** The state of a replica that has heard nothing. */
  readonly bottom: State
  /** The least state that holds both: commutative, associative, idempotent. */
  join(a: State, b: State): State
  /** True if `b` holds all that `a` does. */
  leq(a: State, b: State): boolean
  equal(a: State, b: State): boolean
  /** What the state means to its user. */
  value(state: State): Value
  /** A delta-mutator (Almeida et al. 2018, definition 1): the small state that, joined to `state`, carries out `command`. */
  delta(state: State, command: Command, replica: string): State
  /** What `newer` holds beyond `older`: joined to `older` it gives their join. Deltas joined are deltas again (definition 2). */
  diff(newer: State, older: State): State
  /** The op that carries out `command`, made where it is given. Changes nothing. */
  prepare(state: State, command: Command, replica: string): Op
  /** The state after an op: at its maker at once, elsewhere when it is delivered as `delivery` says. */
  effect(state: State, op: Op): State
  /** A state that came from outside. Errors: 'bad-message' | 'limit'. */
  decode(data: unknown): State
  /** An op that came from outside. Errors: 'bad-message' | 'limit'. */
  decodeOp(data: unknown): Op
}

type Optional = 'leq' | 'equal' | 'diff'

/** A type as its author writes it: what is left out follows from the rest. */
export type Definition<State, Command, Value, Op> = Omit<Lattice<State, Command, Value, Op>, Optional> &
  Partial<Pick<Lattice<State, Command, Value, Op>, Optional>>

/** The state after a command, for those who carry states or deltas. */
export function update<State, Command>(
  type: Pick<Lattice<State, Command, unknown, unknown>, 'join' | 'delta'>,
  state: State,
  command: NoInfer<Command>,
  replica: string,
): State {
  return type.join(state, type.delta(state, command, replica))
}

/**
 * How two states stand to each other: for version vectors, what happened before what (Mattern 1989).
 *
 * @example
 * import { compare, versionVector } from 'joinery/lattice'
 * const a = versionVector.delta(versionVector.bottom, { type: 'tick' }, 'a')
 * console.log(compare(versionVector, versionVector.bottom, a)) // before
 */
export function compare<State>(
  type: Pick<Lattice<State, never, unknown, never>, 'leq'>,
  a: State,
  b: State,
): 'equal' | 'before' | 'after' | 'concurrent' {
  if (type.leq(a, b)) return type.leq(b, a) ? 'equal' : 'before'
  return type.leq(b, a) ? 'after' : 'concurrent'
}

/**
 * Makes a type from its definition, and guards it: states and ops that it has not made itself are decoded before they are used, so
 * that no function of the definition ever meets a wrong shape; what it gives is frozen.
 * `equal` is sameness of the plain data unless given, `leq` is join(a, b) = b, and `diff` the whole newer state.
 *
 * @example
 * import { defineLattice, update } from 'joinery/lattice'
 * const isSet = (data: unknown) => data === true
 * const flag = defineLattice<boolean, object, boolean, boolean>({
 *   name: 'flag', delivery: { order: 'any', repeats: 'allowed' },
 *   bottom: false, join: (a, b) => a || b, value: (state) => state,
 *   delta: () => true, prepare: () => true, effect: (state, op) => state || op,
 *   decode: isSet, decodeOp: isSet,
 * })
 * console.log(flag.value(update(flag, flag.bottom, {}, 'a'))) // true
 */
export function defineLattice<State, Command, Value, Op>(
  definition: Definition<State, Command, Value, Op>,
): Lattice<State, Command, Value, Op> {
  const states = doorFor((data) => definition.decode(data))
  const ops = doorFor((data) => definition.decodeOp(data))
  const { equal = same, leq = (a, b) => equal(definition.join(a, b), b), diff = (newer) => newer } = definition
  const bottom = states.keep(definition.bottom)
  return Object.freeze({
    name: definition.name,
    delivery: freeze({ ...definition.delivery }),
    bottom,
    join: (a, b) => states.keep(definition.join(states.take(a), states.take(b))),
    leq: (a, b) => leq(states.take(a), states.take(b)),
    equal: (a, b) => equal(states.take(a), states.take(b)),
    value: (state) => freeze(definition.value(states.take(state))),
    delta: (state, command, replica) =>
      states.keep(definition.delta(states.take(state), checked(command), name(replica, 'the name of a replica'))),
    diff: (newer, older) => states.keep(diff(states.take(newer), states.take(older))),
    prepare: (state, command, replica) =>
      ops.keep(definition.prepare(states.take(state), checked(command), name(replica, 'the name of a replica'))),
    effect: (state, op) => states.keep(definition.effect(states.take(state), ops.take(op))),
    decode: (data) => fromOutside(() => states.keep(definition.decode(data))),
    decodeOp: (data) => fromOutside(() => ops.keep(definition.decodeOp(data))),
  } satisfies Lattice<State, Command, Value, Op>)
}

/** Knows what came out of this type, and decodes everything else. What it keeps is frozen, so it stays what it was. */
function doorFor<T>(decode: (data: unknown) => T): { keep: (value: T) => T; take: (value: T) => T } {
  const known = new WeakSet<object>()
  const keep = (value: T): T => {
    freeze(value)
    if (typeof value === 'object' && value !== null) known.add(value)
    return value
  }
  const isKnown = (value: T): boolean => typeof value === 'object' && value !== null && known.has(value)
  return { keep, take: (value) => (isKnown(value) ? value : keep(decode(value))) }
}

function checked<Command>(command: Command): Command {
  return isRecord(command) ? command : refuse(`a command is an object, not ${show(command)}`)
}

/** What a caller hands in wrongly is a 'bad-value'; what came from a peer wrongly is a 'bad-message'. */
function fromOutside<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (isJoineryError(error, 'bad-value')) throw new JoineryError('bad-message', error.message, { cause: error })
    throw error
  }
}
