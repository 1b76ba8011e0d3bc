// A register in which the last write wins: each write bears a time greater than that of the write it saw, and the greatest
// (time, replica) stays. Of two concurrent writes one is lost; which one is the same everywhere.
// Shapiro et al. 2011, section 3.2.1 (LWW-Register). Times are Lamport's (1978, Time, clocks, and the ordering of events …), or hybrid.

import { compareHybrid, decodeHybrid, type HybridTime, hybridNext, hybridZero } from './hybrid-clock.ts'
import type { Kind } from './kind.ts'
import { defineLattice, type Lattice } from './lattice.ts'
import { name, positive, record, refuseCommand, sum } from './plain.ts'
import { type Compare, compareText } from './sorted.ts'

/** A write. The register's state is the last one, or null; its op is the write itself. */
export interface Written<T, Time> {
  readonly time: Time
  readonly replica: string
  readonly value: T
}

export interface SetCommand<T> {
  readonly type: 'set'
  readonly value: T
}

export interface SetNowCommand<T> extends SetCommand<T> {
  /** What the wall clock says, in whole milliseconds. */
  readonly now: number
}

export type LwwRegister<T, Time, Command> = Lattice<Written<T, Time> | null, Command, T | null, Written<T, Time>>

/**
 * A register ordered by Lamport time: a write that saw another wins over it, and between concurrent ones the busier replica tends to.
 *
 * @example
 * import { kinds, lwwRegister, update } from 'joinery/lattice'
 * const title = lwwRegister(kinds.string)
 * const first = update(title, title.bottom, { type: 'set', value: 'Sea' }, 'b')
 * console.log(title.value(update(title, first, { type: 'set', value: 'Mountains' }, 'a'))) // Mountains
 */
export function lwwRegister<T>(kind: Kind<T>): LwwRegister<T, number, SetCommand<T>> {
  return register<T, number, SetCommand<T>>(`lww-register of ${kind.name}`, kind, {
    next: (last = 0) => sum([last, 1], 'a Lamport time'),
    compare: (a, b) => a - b,
    decode: (data) => positive(data, 'a Lamport time'),
  })
}

/**
 * A register ordered by hybrid time: as above, and between concurrent writes the later on the wall wins, as far as clocks agree.
 * Whoever takes states of strangers checks `time` with `hybridHear` first: a write from the far future wins until the wall is there.
 *
 * @example
 * import { hybridRegister, kinds, update } from 'joinery/lattice'
 * const title = hybridRegister(kinds.string)
 * const atA = update(title, title.bottom, { type: 'set', value: 'Sea', now: 2000 }, 'a')
 * const atB = update(title, title.bottom, { type: 'set', value: 'Mountains', now: 1000 }, 'b')
 * console.log(title.value(title.join(atA, atB))) // Sea
 */
export function hybridRegister<T>(kind: Kind<T>): LwwRegister<T, HybridTime, SetNowCommand<T>> {
  return register<T, HybridTime, SetNowCommand<T>>(`hybrid register of ${kind.name}`, kind, {
    next: (last = hybridZero, { now }) => hybridNext(last, now),
    compare: compareHybrid,
    decode: decodeHybrid,
  })
}

interface RegisterClock<Time, Command> {
  readonly next: (last: Time | undefined, command: Command) => Time
  readonly compare: Compare<Time>
  readonly decode: (data: unknown) => Time
}

function register<T, Time, Command extends SetCommand<T>>(
  what: string,
  kind: Kind<T>,
  clock: RegisterClock<Time, Command>,
): LwwRegister<T, Time, Command> {
  type Write = Written<T, Time>
  // The value comes last: it decides only between two replicas of one name, where all must agree as well.
  const compare = (a: Write, b: Write): number =>
    clock.compare(a.time, b.time) || compareText(a.replica, b.replica) || kind.compare(a.value, b.value)
  const join = (a: Write | null, b: Write | null): Write | null => {
    if (a === null || b === null) return a ?? b
    return compare(a, b) >= 0 ? a : b
  }
  const write = (state: Write | null, command: Command, replica: string): Write => {
    if (command.type !== 'set') return refuseCommand(command.type)
    return { time: clock.next(state?.time, command), replica, value: kind.check(command.value) }
  }
  const decode = (data: unknown): Write => {
    const { time, replica, value } = record(data, ['time', 'replica', 'value'], 'a write')
    return { time: clock.decode(time), replica: name(replica, 'the name of a replica'), value: kind.check(value) }
  }
  return defineLattice<Write | null, Command, T | null, Write>({
    name: what,
    delivery: { order: 'any', repeats: 'allowed' },
    bottom: null,
    join,
    leq: (a, b) => a === null || (b !== null && compare(a, b) <= 0),
    value: (state) => (state === null ? null : state.value),
    delta: write,
    diff: (newer, older) => (newer !== null && older !== null && compare(newer, older) <= 0 ? null : newer),
    prepare: write,
    effect: join,
    decode: (data) => (data === null ? null : decode(data)),
    decodeOp: decode,
  })
}
