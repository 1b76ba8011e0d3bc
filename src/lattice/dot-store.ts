// What the OR-Set, the remove-wins set and the MV register have in common: values under dots, and the set of all dots ever seen. A dot
// that was seen and has no value any more is dead: so a removed value needs no tombstone, and the set of dots is as small as a version
// vector.
//
// To each dot its ladder: unseen, live, dead. A join takes the higher step of each, so it is a join.
//
// The optimized OR-Set of Bieniusa et al. 2012, An optimized conflict-free replicated set, does so with a plain vector, under causal delivery;
// with holes allowed in the context any delta may be joined (Almeida, Shoker & Baquero 2018: causal δ-CRDTs, where this store is a DotFun).

import {
  compareDots,
  type Dot,
  type Dots,
  decodeDot,
  decodeDots,
  decodeSeq,
  dotsOf,
  hasDot,
  joinDots,
  leqDots,
  minusDots,
} from './dotted-version-vector.ts'
import type { Kind } from './kind.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { list, name, record, refuse, tuple } from './plain.ts'
import { ascending, combine, distinct } from './sorted.ts'

/** A value and the event that brought it. */
export type Dotted<T> = readonly [replica: string, seq: number, value: T]

export interface DotStore<T> {
  /** Ascending by dot. */
  readonly live: readonly Dotted<T>[]
  /** All dots ever seen: those of `live`, and dead ones. */
  readonly seen: Dots
}

/** What a command does: the op of these types. Its dots to remove are those its maker saw. */
export interface DotChange<T> {
  readonly adds: readonly Dotted<T>[]
  readonly removes: readonly Dot[]
}

/** A type over a dot store, from what its commands do and what its live values mean. */
export function dotLattice<T, Command, Value>(type: {
  readonly name: string
  readonly kind: Kind<T>
  readonly change: (state: DotStore<T>, command: Command, replica: string) => DotChange<T>
  readonly value: (live: readonly Dotted<T>[]) => Value
}): Lattice<DotStore<T>, Command, Value, DotChange<T>> {
  const { kind, change, value } = type
  return defineLattice<DotStore<T>, Command, Value, DotChange<T>>({
    name: type.name,
    delivery: { order: 'causal', repeats: 'never' },
    bottom: { live: [], seen: [] },
    join: (a, b) => join(a, b, kind),
    leq: (a, b) => leq(a, b, kind),
    value: ({ live }) => value(live),
    delta: (state, command, replica) => asState(change(state, command, replica)),
    diff: (newer, older) => diff(newer, older, kind),
    prepare: change,
    effect,
    decode: (data) => decodeStore(data, kind),
    decodeOp: (data) => decodeChange(data, kind),
  })
}

function join<T>(a: DotStore<T>, b: DotStore<T>, kind: Kind<T>): DotStore<T> {
  const live = combine<Dotted<T>, Dotted<T>>(a.live, b.live, compareDots, {
    ours: (item) => (isIn(b.seen, item) ? undefined : item),
    theirs: (item) => (isIn(a.seen, item) ? undefined : item),
    // Two values under one dot are two replicas of one name. Even then all must agree.
    both: (ours, theirs) => (kind.compare(ours[2], theirs[2]) >= 0 ? ours : theirs),
  })
  return { live, seen: joinDots(a.seen, b.seen) }
}

function leq<T>(a: DotStore<T>, b: DotStore<T>, kind: Kind<T>): boolean {
  if (!leqDots(a.seen, b.seen)) return false
  const beyond = combine<Dotted<T>, Dotted<T>>(a.live, b.live, compareDots, {
    theirs: (item) => (isIn(a.seen, item) ? item : undefined),
    both: (ours, theirs) => (kind.compare(ours[2], theirs[2]) <= 0 ? undefined : ours),
  })
  return beyond.length === 0
}

/** The newer store, restricted to the dots that stand higher in it than in the older. */
function diff<T>(newer: DotStore<T>, older: DotStore<T>, kind: Kind<T>): DotStore<T> {
  const moved = combine<Dotted<T>, Dot>(newer.live, older.live, compareDots, {
    theirs: (item) => (isIn(newer.seen, item) ? dotOf(item) : undefined),
    both: (ours, theirs) => (kind.compare(ours[2], theirs[2]) > 0 ? dotOf(ours) : undefined),
  })
  const seen = joinDots(minusDots(newer.seen, older.seen), dotsOf(moved))
  return { live: newer.live.filter((item) => isIn(seen, item)), seen }
}

function asState<T>({ adds, removes }: DotChange<T>): DotStore<T> {
  return { live: adds, seen: dotsOf([...adds.map(dotOf), ...removes]) }
}

/** Under causal delivery, exactly once, a change needs no context. That it was so delivered is checked as far as one can see here. */
function effect<T>({ live, seen }: DotStore<T>, { adds, removes }: DotChange<T>): DotStore<T> {
  for (const [replica, seq] of removes)
    if (!hasDot(seen, [replica, seq]))
      refuse(`an op removes ${replica}:${seq}, which is not here: ops want causal delivery`)
  for (const [replica, seq] of adds)
    if (hasDot(seen, [replica, seq])) refuse(`${replica}:${seq} is here already: each op takes effect once`)
  const gone = dotsOf(removes)
  const kept = live.filter((item) => !isIn(gone, item))
  const stay = (item: Dotted<T>): Dotted<T> => item
  return {
    live: combine<Dotted<T>, Dotted<T>>(kept, adds, compareDots, { ours: stay, theirs: stay }),
    seen: joinDots(seen, dotsOf(adds.map(dotOf))),
  }
}

export function dotOf([replica, seq]: Dotted<unknown>): Dot {
  return [replica, seq]
}

function isIn(dots: Dots, item: Dotted<unknown>): boolean {
  return hasDot(dots, dotOf(item))
}

function decodeStore<T>(data: unknown, kind: Kind<T>): DotStore<T> {
  const fields = record(data, ['live', 'seen'], 'a store of dots')
  const store = { live: decodeDotted(fields.live, kind), seen: decodeDots(fields.seen, 'the dots seen') }
  const unseen = store.live.find((item) => !isIn(store.seen, item))
  if (unseen !== undefined) refuse(`${unseen[0]}:${unseen[1]} is live, but not among the dots seen`)
  return store
}

function decodeChange<T>(data: unknown, kind: Kind<T>): DotChange<T> {
  const { adds, removes } = record(data, ['adds', 'removes'], 'an op on dots')
  const dots = list(removes, 'the dots to remove').map(decodeDot)
  return { adds: decodeDotted(adds, kind), removes: ascending(dots, compareDots, 'the dots to remove') }
}

function decodeDotted<T>(data: unknown, kind: Kind<T>): readonly Dotted<T>[] {
  const items = list(data, 'what is live').map((item): Dotted<T> => {
    const [replica, seq, value] = tuple(item, 3, 'a dot with its value')
    return [name(replica, 'the name of a replica'), decodeSeq(seq), kind.check(value)]
  })
  return ascending(items, compareDots, 'dots')
}

/** The live values, each once, in order. */
export function valuesOf<T>(live: readonly Dotted<T>[], kind: Kind<T>): readonly T[] {
  return distinct(
    live.map(([, , value]) => value),
    kind.compare,
  )
}
