// A log to which everybody appends, in one order for all: by Lamport time, then replica. Whoever appends stands after all that it saw.
// A set of entries that only grows (Shapiro et al. 2011, section 3.3.1), read in Lamport's total order (Lamport 1978).
// An entry made elsewhere at the same time may come to stand before one that is here already; no two ever change places.

import type { Kind } from './kind.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { list, name, positive, record, refuseCommand, sum } from './plain.ts'
import { ascending, compareText, minus, union } from './sorted.ts'

/** An entry: the log's state is a list of these, its op is one. */
export interface LogEntry<T> {
  readonly time: number
  readonly replica: string
  readonly value: T
}

export interface AppendCommand<T> {
  readonly type: 'append'
  readonly value: T
}

/**
 * An append-only log.
 *
 * @example
 * import { kinds, log, update } from 'joinery/lattice'
 * const chat = log(kinds.string)
 * const asked = update(chat, chat.bottom, { type: 'append', value: 'Tea?' }, 'b')
 * const answered = update(chat, asked, { type: 'append', value: 'Yes.' }, 'a')
 * console.log(chat.value(answered)) // [ 'Tea?', 'Yes.' ]
 */
export function log<T>(kind: Kind<T>): Lattice<readonly LogEntry<T>[], AppendCommand<T>, readonly T[], LogEntry<T>> {
  type State = readonly LogEntry<T>[]
  // The value comes last: it decides only between two replicas of one name, where all must agree as well.
  const compare = (a: LogEntry<T>, b: LogEntry<T>): number =>
    a.time - b.time || compareText(a.replica, b.replica) || kind.compare(a.value, b.value)
  const append = (state: State, command: AppendCommand<T>, replica: string): LogEntry<T> => {
    if (command.type !== 'append') return refuseCommand(command.type)
    return { time: sum([state.at(-1)?.time ?? 0, 1], 'a Lamport time'), replica, value: kind.check(command.value) }
  }
  const decode = (data: unknown): LogEntry<T> => {
    const { time, replica, value } = record(data, ['time', 'replica', 'value'], 'an entry of a log')
    return {
      time: positive(time, 'a Lamport time'),
      replica: name(replica, 'the name of a replica'),
      value: kind.check(value),
    }
  }
  return defineLattice<State, AppendCommand<T>, readonly T[], LogEntry<T>>({
    name: `log of ${kind.name}`,
    delivery: { order: 'any', repeats: 'allowed' },
    bottom: [],
    join: (a, b) => union(a, b, compare),
    leq: (a, b) => minus(a, b, compare).length === 0,
    value: (state) => state.map(({ value }) => value),
    delta: (state, command, replica) => [append(state, command, replica)],
    diff: (newer, older) => minus(newer, older, compare),
    prepare: append,
    effect: (state, entry) => union(state, [entry], compare),
    decode: (data) => ascending(list(data, 'a log').map(decode), compare, 'the entries of a log'),
    decodeOp: decode,
  })
}
