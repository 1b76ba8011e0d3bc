// A set in which an add wins over a concurrent remove: a remove removes the adds it saw, and no others.
// Shapiro et al. 2011, section 3.3.5 (OR-Set), in the representation of Bieniusa et al. 2012, An optimized conflict-free replicated set:
// no tombstones, and at most one live dot of each replica for an element, since an add replaces the ones it saw.

import { type DotChange, type DotStore, dotLattice, dotOf, valuesOf } from './dot-store.ts'
import { nextDot } from './dotted-version-vector.ts'
import type { Kind } from './kind.ts'
import type { Lattice } from './lattice.ts'
import { refuseCommand } from './plain.ts'

export type OrSetCommand<T> =
  | { readonly type: 'add'; readonly element: T }
  | { readonly type: 'remove'; readonly element: T }
  | { readonly type: 'clear' }

/**
 * A set whose elements may come and go. Add beside remove: the element is there.
 *
 * @example
 * import { kinds, orSet, update } from 'joinery/lattice'
 * const tags = orSet(kinds.string)
 * const milk = update(tags, tags.bottom, { type: 'add', element: 'milk' }, 'a')
 * const removed = update(tags, milk, { type: 'remove', element: 'milk' }, 'a')
 * const again = update(tags, milk, { type: 'add', element: 'milk' }, 'b')
 * console.log(tags.value(tags.join(removed, again))) // [ 'milk' ]
 */
export function orSet<T>(kind: Kind<T>): Lattice<DotStore<T>, OrSetCommand<T>, readonly T[], DotChange<T>> {
  return dotLattice({
    name: `or-set of ${kind.name}`,
    kind,
    value: (live) => valuesOf(live, kind),
    change({ live, seen }, command: OrSetCommand<T>, replica) {
      switch (command.type) {
        case 'add': {
          const element = kind.check(command.element)
          const replaced = live.filter(([, , value]) => kind.compare(value, element) === 0)
          return { adds: [[...nextDot(seen, replica), element]], removes: replaced.map(dotOf) }
        }
        case 'remove': {
          const element = kind.check(command.element)
          return { adds: [], removes: live.filter(([, , value]) => kind.compare(value, element) === 0).map(dotOf) }
        }
        case 'clear':
          return { adds: [], removes: live.map(dotOf) }
        default:
          return refuseCommand(command)
      }
    },
  })
}
