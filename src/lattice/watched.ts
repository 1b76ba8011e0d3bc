// A type under the eyes of `laws`: each call must answer, and leave alone what it was handed. A breach is an error with the law's name.

import { messageOf } from '../base/errors.ts'
import type { Lattice } from './lattice.ts'
import { freeze, same } from './plain.ts'

/** What each law says. In the order in which they are checked: a type that breaks several is told the plainest. */
export const lawNames = Object.freeze({
  answers: 'no function throws, given commands of the arbitrary and states made of them',
  purity: 'no function changes what it is handed',
  equality: 'a state equals itself, equality goes both ways, and equal states have the same value',
  plain: 'a state or op that went through JSON and decode is the same',
  bottom: 'join(bottom, a) equals a, and leq(bottom, a)',
  idempotence: 'join(a, a) equals a',
  commutativity: 'join(a, b) equals join(b, a)',
  associativity: 'join(join(a, b), c) equals join(a, join(b, c))',
  order: 'leq(a, b) is true if, and only if, join(a, b) equals b',
  monotonicity: 'a command never takes a state down: leq(state, the state after it), by delta and by op',
  difference: 'join(older, diff(newer, older)) equals join(older, newer), and leq(diff(newer, older), newer)',
  agreement: 'effect(state, prepare(state, command)) equals join(state, delta(state, command))',
  states:
    'replicas that heard the same commands are equal, whatever states they heard of, in whatever order, how often',
  deltas: 'deltas, in any order, some twice, some joined before, lead to the same state as whole states',
  ops: 'ops, delivered as the type asks, lead to the same state as whole states',
})

export type Law = keyof typeof lawNames

/** A law is broken. Caught by `laws`, which makes the history smaller and tells. */
export class Breach extends Error {
  override readonly name = 'Breach'
  readonly law: Law
  readonly facts: Readonly<Record<string, unknown>>

  constructor(law: Law, facts: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(`breaks ${law}`, { cause })
    this.law = law
    this.facts = facts
  }
}

export function demand(law: Law, holds: boolean, facts: () => Readonly<Record<string, unknown>>): void {
  if (!holds) throw new Breach(law, facts())
}

/** The same type, frozen results, and each call watched. */
export function watched<S, C, V, O>(type: Lattice<S, C, V, O>): Lattice<S, C, V, O> {
  return {
    name: type.name,
    delivery: type.delivery,
    bottom: freeze(type.bottom),
    join: (a, b) => watch('join', [a, b], type.join),
    leq: (a, b) => watch('leq', [a, b], type.leq),
    equal: (a, b) => watch('equal', [a, b], type.equal),
    value: (state) => watch('value', [state], type.value),
    delta: (state, command, replica) => watch('delta', [state, command, replica], type.delta),
    diff: (newer, older) => watch('diff', [newer, older], type.diff),
    prepare: (state, command, replica) => watch('prepare', [state, command, replica], type.prepare),
    effect: (state, op) => watch('effect', [state, op], type.effect),
    decode: (data) => watch('decode', [data], type.decode),
    decodeOp: (data) => watch('decodeOp', [data], type.decodeOp),
  }
}

/** What is frozen throws when it is changed. The same call on copies then tells a change from any other failure. */
function watch<Args extends readonly unknown[], R>(name: string, args: Args, call: (...args: Args) => R): R {
  const facts = (): Readonly<Record<string, unknown>> =>
    Object.fromEntries(args.map((arg, i) => [`${name} #${i + 1}`, arg]))
  try {
    return freeze(call(...args))
  } catch (error) {
    if (changesIts(args, call)) throw new Breach('purity', facts(), error)
    throw new Breach('answers', { ...facts(), thrown: messageOf(error) }, error)
  }
}

function changesIts<Args extends readonly unknown[]>(args: Args, call: (...args: Args) => unknown): boolean {
  const copies = structuredClone(args)
  try {
    call(...copies)
  } catch {
    // It fails either way; only what became of the copies is asked here.
  }
  return !same(copies, args)
}
