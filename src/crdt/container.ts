// The state of containers: what ops have made of them so far. Documents alter it (document.ts); values are built from it (build.ts).
// What alters a state gives the step that takes it back, for changes that throw.

import type { ContainerType, Ref } from '../core/op.ts'
import type { Seen } from '../core/seen.ts'
import type { Scalar } from '../core/value.ts'
import { type Item, Sequence } from './sequence.ts'
import { observes, type Stamp, seenOf } from './stamp.ts'

export type Container = MapState | ListState | TextState | CounterState | SetState

/** Where a container stands: under a key of a map, or as an item of a list. The root stands nowhere. */
export type Place =
  | { readonly type: 'key'; readonly parent: MapState; readonly key: string }
  | { readonly type: 'item'; readonly parent: ListState; readonly item: Item<Scalar | Container> }

/** Takes a step back. */
export type Inverse = () => void

export abstract class State {
  readonly place: Place | undefined
  /** An op that made it, by which ops name it; undefined for the root. */
  readonly ref: Ref | undefined
  readonly depth: number
  /** The value as last built; undefined when it must be built anew. */
  cache: unknown
  /** The value before that: handed out again if nothing came of the change. */
  last: unknown
  /** Who cleared it last: nothing more is to be cleared by the same until something is added. */
  clearedBy: { readonly actor: number; readonly base: Seen } | undefined

  constructor(place: Place | undefined, ref: Ref | undefined) {
    this.place = place
    this.ref = ref
    this.depth = place === undefined ? 0 : place.parent.depth + 1
  }

  /** Whether there is nothing left that could be cleared. */
  abstract get spent(): boolean
}

/** An assignment nobody who saw it has replaced or removed. */
export interface Head extends Ref {
  readonly lamport: number
  readonly value: Scalar | Container
}

/** One key of a map. */
export class Entry {
  readonly key: string
  /** The antichain of effective heads. A delete leaves none: it only takes those away that it saw. */
  heads: readonly Head[] = []
  /** The head that shows. */
  winner: Head | undefined
  /** Containers that have stood here, by type and generation. */
  readonly slots = new Map<string, Container>()
  /** Those of them that may hold something to clear. */
  readonly busy = new Set<Container>()
  /** The greatest generation so far, -1 where there was none. */
  gen = -1
  /** For each actor, the ops that made slots here, with the greatest generation up to each. */
  readonly #made = new Map<number, { readonly seqs: number[]; readonly gens: number[] }>()

  constructor(key: string) {
    this.key = key
  }

  made(dot: Ref, gen: number): Inverse {
    const before = this.gen
    const made = this.#made.get(dot.actor) ?? { seqs: [], gens: [] }
    this.#made.set(dot.actor, made)
    made.seqs.push(dot.seq)
    made.gens.push(Math.max(gen, made.gens.at(-1) ?? 0))
    this.gen = Math.max(before, gen)
    return () => {
      made.seqs.pop()
      made.gens.pop()
      this.gen = before
    }
  }

  /** A generation counts up to one past the greatest its author saw here. */
  allows(gen: number, stamp: Stamp): boolean {
    if (gen === 0) return true
    if (gen > this.gen + 1) return false
    for (const [actor, { seqs, gens }] of this.#made) {
      const seen = countBelow(seqs, seenOf(stamp, actor))
      if (seen > 0 && (gens[seen - 1] ?? 0) >= gen - 1) return true
    }
    return false
  }
}

export class MapState extends State {
  readonly type = 'map'
  readonly entries = new Map<string, Entry>()
  /** Keys under which there may be something to clear. */
  readonly busy = new Set<string>()
  /** Keys that show, in order; undefined when it must be made anew. */
  #keys: string[] | undefined = []

  get spent(): boolean {
    return this.busy.size === 0
  }

  /** In the order of code units, which does not depend on who wrote first. */
  get keys(): readonly string[] {
    if (this.#keys !== undefined) return this.#keys
    const shown = [...this.entries.values()].filter((entry) => entry.winner !== undefined)
    this.#keys = shown.map((entry) => entry.key).sort()
    return this.#keys
  }

  entry(key: string): Entry {
    const known = this.entries.get(key)
    if (known !== undefined) return known
    const entry = new Entry(key)
    this.entries.set(key, entry)
    return entry
  }

  get(key: string): Scalar | Container | undefined {
    return this.entries.get(key)?.winner?.value
  }

  setHeads(entry: Entry, heads: readonly Head[], winner: Head | undefined): Inverse {
    const before = { heads: entry.heads, winner: entry.winner }
    if ((entry.winner === undefined) !== (winner === undefined)) this.#keys = undefined
    entry.heads = heads
    entry.winner = winner
    return () => this.setHeads(entry, before.heads, before.winner)
  }
}

/** What lists and texts share: items in order. */
export abstract class Ordered<V> extends State {
  readonly items = new Sequence<V>()
  /** What was inserted last, and what its author had seen: what continues it needs no search. */
  newest: { readonly item: Item<V>; readonly base: Seen } | undefined

  get spent(): boolean {
    return this.items.length === 0
  }
}

export class ListState extends Ordered<Scalar | Container> {
  readonly type = 'list'
}

/** Its items are UTF-16 units. */
export class TextState extends Ordered<number> {
  readonly type = 'text'
  /** Whether a crafted op has left half a surrogate pair here. It shows as U+FFFD. */
  lone = false
  /** Whether a surrogate was ever written here: else there is no pair to tear. */
  paired = false
}

/** What one actor added to a counter: the seqs, the sums up to and including each, and how many of them a clear has seen. */
interface Tally {
  readonly seqs: number[]
  readonly sums: (number | bigint)[]
  cleared: number
}

export class CounterState extends State {
  readonly type = 'counter'
  value: number | bigint = 0
  readonly #tallies = new Map<number, Tally>()

  get spent(): boolean {
    for (const tally of this.#tallies.values()) if (tally.cleared < tally.seqs.length) return false
    return true
  }

  add(actor: number, seq: number, by: number): Inverse {
    const { value } = this
    const tally = this.#tallies.get(actor) ?? { seqs: [], sums: [], cleared: 0 }
    this.#tallies.set(actor, tally)
    tally.seqs.push(seq)
    tally.sums.push(sum(tally.sums.at(-1) ?? 0, by))
    this.value = sum(value, by)
    return () => {
      tally.seqs.pop()
      tally.sums.pop()
      this.value = value
    }
  }

  /** Drops the adds the author saw. */
  clear(stamp: Stamp): Inverse | undefined {
    const steps: Inverse[] = []
    const { value } = this
    for (const [actor, tally] of this.#tallies) {
      const seen = countBelow(tally.seqs, seenOf(stamp, actor))
      const { cleared } = tally
      if (seen <= cleared) continue
      this.value = sum(this.value, negate(sum(sumAt(tally, seen), negate(sumAt(tally, cleared)))))
      tally.cleared = seen
      steps.push(() => {
        tally.cleared = cleared
        this.value = value
      })
    }
    return steps.length === 0
      ? undefined
      : () => {
          for (const step of steps) step()
        }
  }
}

function sumAt(tally: Tally, count: number): number | bigint {
  return count === 0 ? 0 : (tally.sums[count - 1] ?? 0)
}

interface Member {
  readonly value: Scalar
  /** The adds no remove has seen. */
  readonly adds: readonly Ref[]
}

/** Observed-remove: a member is there while an add is that no remove has seen. */
export class SetState extends State {
  readonly type = 'set'
  /** By the value's bytes (valueKey). */
  readonly members = new Map<string, Member>()

  get spent(): boolean {
    return this.members.size === 0
  }

  /** Members in the order of their bytes. */
  get sorted(): Scalar[] {
    return [...this.members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member.value)
  }

  /** An add takes the place of those it saw. */
  include(key: string, value: Scalar, stamp: Stamp): Inverse {
    const unseen = this.members.get(key)?.adds.filter((add) => !observes(stamp, add.actor, add.seq)) ?? []
    return this.#put(key, { value, adds: [...unseen, { actor: stamp.actor, seq: stamp.seq }] })
  }

  /** Removes the adds the author saw; undefined if there were none. */
  exclude(key: string, stamp: Stamp): Inverse | undefined {
    const member = this.members.get(key)
    if (member === undefined) return undefined
    const adds = member.adds.filter((add) => !observes(stamp, add.actor, add.seq))
    return adds.length === member.adds.length ? undefined : this.#put(key, { value: member.value, adds })
  }

  #put(key: string, member: Member | undefined): Inverse {
    const before = this.members.get(key)
    if (member === undefined || member.adds.length === 0) this.members.delete(key)
    else this.members.set(key, member)
    return () => this.#put(key, before)
  }
}

export function makeContainer(type: ContainerType, place: Place | undefined, ref: Ref | undefined): Container {
  switch (type) {
    case 'map':
      return new MapState(place, ref)
    case 'list':
      return new ListState(place, ref)
    case 'text':
      return new TextState(place, ref)
    case 'counter':
      return new CounterState(place, ref)
    case 'set':
      return new SetState(place, ref)
  }
}

export function isContainer(value: unknown): value is Container {
  return value instanceof State
}

/** Whether a container shows in the one it stands in. */
export function isShown(container: State): boolean {
  const { place } = container
  if (place === undefined) return true
  return place.type === 'key' ? place.parent.get(place.key) === container : !place.item.deleted
}

/** Sums without losing a unit: a bigint only where a number cannot hold it. */
export function sum(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const total = a + b
    if (Number.isSafeInteger(total)) return total
  }
  const total = BigInt(a) + BigInt(b)
  return total >= BigInt(Number.MIN_SAFE_INTEGER) && total <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(total) : total
}

function negate(a: number | bigint): number | bigint {
  return typeof a === 'bigint' ? -a : 0 - a
}

/** How many of the ascending numbers are below `limit`. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}
