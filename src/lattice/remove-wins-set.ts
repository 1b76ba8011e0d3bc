// A set in which a remove wins over a concurrent add: the element is absent until an add that saw the remove.
// The remove-wins set of Baquero's delta-enabled-crdts (rwset): adds and removes alike leave a dot, each takes away those of the
// element that it saw, and one live remove is enough to keep the element out. So a removed element leaves a mark until it is added
// again: no remove could win over an add it has never met otherwise.

import { type DotChange, type DotStore, type Dotted, dotLattice, dotOf } from './dot-store.ts'
import { nextDot } from './dotted-version-vector.ts'
import type { Kind } from './kind.ts'
import type { Lattice } from './lattice.ts'
import { refuse, refuseCommand, show, tuple } from './plain.ts'
import { distinct, minus } from './sorted.ts'

/** An element, and whether it was added or removed. */
export type Mark<T> = readonly [element: T, added: boolean]

export interface RemoveWinsCommand<T> {
  readonly type: 'add' | 'remove'
  readonly element: T
}

/**
 * A set whose elements may come and go. Add beside remove: the element is not there.
 *
 * @example
 * import { kinds, removeWinsSet, update } from 'joinery/lattice'
 * const members = removeWinsSet(kinds.string)
 * const banned = update(members, members.bottom, { type: 'remove', element: 'Eve' }, 'a')
 * const added = update(members, members.bottom, { type: 'add', element: 'Eve' }, 'b')
 * console.log(members.value(members.join(banned, added))) // []
 */
export function removeWinsSet<T>(
  kind: Kind<T>,
): Lattice<DotStore<Mark<T>>, RemoveWinsCommand<T>, readonly T[], DotChange<Mark<T>>> {
  return dotLattice({
    name: `remove-wins set of ${kind.name}`,
    kind: marks(kind),
    value: (live) => minus(elements(live, true, kind), elements(live, false, kind), kind.compare),
    change({ live, seen }, command: RemoveWinsCommand<T>, replica) {
      if (command.type !== 'add' && command.type !== 'remove') return refuseCommand(command.type)
      const element = kind.check(command.element)
      const replaced = live.filter(([, , [other]]) => kind.compare(other, element) === 0)
      const mark: Mark<T> = [element, command.type === 'add']
      return { adds: [[...nextDot(seen, replica), mark]], removes: replaced.map(dotOf) }
    },
  })
}

function elements<T>(live: readonly Dotted<Mark<T>>[], added: boolean, kind: Kind<T>): readonly T[] {
  return distinct(
    live.flatMap(([, , mark]) => (mark[1] === added ? [mark[0]] : [])),
    kind.compare,
  )
}

function marks<T>(kind: Kind<T>): Kind<Mark<T>> {
  return {
    name: kind.name,
    check(data) {
      const [element, added] = tuple(data, 2, 'an element and its mark')
      if (typeof added !== 'boolean') return refuse(`a mark is true or false, not ${show(added)}`)
      return [kind.check(element), added]
    },
    compare: (a, b) => kind.compare(a[0], b[0]) || Number(a[1]) - Number(b[1]),
  }
}
