// A register that keeps every value written at once, until a write that saw them: nothing is lost, and the reader decides.
// Shapiro et al. 2011, section 3.2.2 (MV-Register). Each value stands under its own dot, as in dotted version vectors (Preguiça et al. 2010):
// with one vector for all, two clients that write through one replica without having seen each other would not be told apart.

import { type DotChange, type DotStore, dotLattice, dotOf, valuesOf } from './dot-store.ts'
import { type Dots, decodeDots, hasDot, leqDots, nextDot } from './dotted-version-vector.ts'
import type { Kind } from './kind.ts'
import type { Lattice } from './lattice.ts'
import { refuse, refuseCommand } from './plain.ts'

export interface MvRegisterCommand<T> {
  readonly type: 'set'
  readonly value: T
  /** What the writer had seen: the `seen` of the state it read here. All of this replica's state by default. */
  readonly seen?: Dots
}

/**
 * A register whose value is the list of all that was written at once.
 *
 * @example
 * import { kinds, mvRegister, update } from 'joinery/lattice'
 * const title = mvRegister(kinds.string)
 * const read = title.bottom
 * const one = update(title, read, { type: 'set', value: 'Sea', seen: read.seen }, 'a')
 * const two = update(title, one, { type: 'set', value: 'Mountains', seen: read.seen }, 'a') // had not seen the sea
 * console.log(title.value(two)) // [ 'Mountains', 'Sea' ]
 */
export function mvRegister<T>(kind: Kind<T>): Lattice<DotStore<T>, MvRegisterCommand<T>, readonly T[], DotChange<T>> {
  return dotLattice({
    name: `mv-register of ${kind.name}`,
    kind,
    value: (live) => valuesOf(live, kind),
    change({ live, seen }, command: MvRegisterCommand<T>, replica) {
      if (command.type !== 'set') return refuseCommand(command.type)
      const known = command.seen === undefined ? seen : decodeDots(command.seen, 'what the writer had seen')
      if (!leqDots(known, seen)) refuse(`the writer had seen what ${replica} has not: bring that state here first`)
      const replaced = live.map(dotOf).filter((dot) => hasDot(known, dot))
      return { adds: [[...nextDot(seen, replica), kind.check(command.value)]], removes: replaced }
    },
  })
}
