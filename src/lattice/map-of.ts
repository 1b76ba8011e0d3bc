// A map whose values are states of one type, joined key by key: functions into a lattice are a lattice, pointwise.
// (Baquero, Almeida, Cunha & Ferreira 2015, Composition of state-based CRDTs.)
// A key that is at its bottom is not there. Keys do not go: for that, the values would have to share their dots.

import { decodeEntries, diffEntries, type Entries, joinEntries, leqEntries, valueAt } from './entries.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { isRecord, name, record, refuse, show } from './plain.ts'

/** A command to the value under a key. */
export interface MapCommand<Command> {
  readonly key: string
  readonly command: Command
}

export interface MapOp<Op> {
  readonly key: string
  readonly op: Op
}

/**
 * A map of states. Its ops ask of their carrier what those of its values do.
 *
 * @example
 * import { gCounter, mapOf, update } from 'joinery/lattice'
 * const votes = mapOf(gCounter)
 * const state = update(votes, votes.bottom, { key: 'Lisbon', command: { type: 'add', by: 1 } }, 'a')
 * console.log(votes.value(state)) // Map(1) { 'Lisbon' => 1 }
 */
export function mapOf<State, Command, Value, Op>(
  inner: Lattice<State, Command, Value, Op>,
): Lattice<Entries<State>, MapCommand<Command>, ReadonlyMap<string, Value>, MapOp<Op>> {
  const at = (entries: Entries<State>, key: string): State => {
    const state = valueAt(entries, key)
    return state === undefined ? inner.bottom : state
  }
  const single = (key: string, state: State): Entries<State> => (inner.equal(state, inner.bottom) ? [] : [[key, state]])
  const checked = (command: MapCommand<Command>): MapCommand<Command> => ({
    key: name(command.key, 'a key'),
    command: isRecord(command.command)
      ? command.command
      : refuse(`a map's command holds one, not ${show(command.command)}`),
  })
  return defineLattice<Entries<State>, MapCommand<Command>, ReadonlyMap<string, Value>, MapOp<Op>>({
    name: `map of ${inner.name}`,
    delivery: inner.delivery,
    bottom: [],
    join: (a, b) => joinEntries(a, b, inner.join),
    leq: (a, b) => leqEntries(a, b, inner.leq),
    equal: (a, b) => leqEntries(a, b, inner.equal) && leqEntries(b, a, inner.equal),
    value: (state) => new Map(state.map(([key, value]) => [key, inner.value(value)])),
    delta(state, mapCommand, replica) {
      const { key, command } = checked(mapCommand)
      return single(key, inner.delta(at(state, key), command, replica))
    },
    diff: (newer, older) =>
      diffEntries(newer, older, (ours, theirs) => {
        const more = inner.diff(ours, theirs)
        return inner.leq(more, theirs) ? undefined : more
      }),
    prepare(state, mapCommand, replica) {
      const { key, command } = checked(mapCommand)
      return { key, op: inner.prepare(at(state, key), command, replica) }
    },
    effect(state, { key, op }) {
      const others = state.filter(([other]) => other !== key)
      return joinEntries(others, single(key, inner.effect(at(state, key), op)), inner.join)
    },
    decode(data) {
      const entries = decodeEntries(data, inner.decode, 'a map')
      const empty = entries.find(([, state]) => inner.equal(state, inner.bottom))
      return empty === undefined ? entries : refuse(`${show(empty[0])} is at its bottom, so it is not in the map`)
    },
    decodeOp(data) {
      const { key, op } = record(data, ['key', 'op'], 'an op of a map')
      return { key: name(key, 'a key'), op: inner.decodeOp(op) }
    },
  })
}
