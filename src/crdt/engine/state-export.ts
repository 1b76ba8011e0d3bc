// The state of a document as plain data (state-form.ts): with the order of all items (noting.ts), what a snapshot is written from.

import type { LV } from '../../core/graph.ts'
import { Kind, Make } from '../../core/kinds.ts'
import type { Scalar } from '../../core/value.ts'
import type { Context } from './context.ts'
import type { Entry, MapState } from './map-state.ts'
import { type Container, isContainer } from './state.ts'
import type { ContainerState, Content, DocState, EntryState, HeadState, ItemState, Place } from './state-form.ts'

export function exportState(context: Context): DocState {
  const makers = makersOf(context)
  const containers = [context.root as Container, ...makers.keys()]
  const indexes = new Map(containers.map((container, index) => [container, index]))
  const indexOf = (container: Container): number => indexes.get(container) ?? 0
  return {
    containers: containers.map(
      (container): ContainerState => ({
        place: placeOf(container, indexOf),
        makers: makers.get(container) ?? [],
        content: contentOf(container, indexOf),
      }),
    ),
  }
}

/** Every container but the root, in order of its first maker, with all ops that made it. */
function makersOf(context: Context): Map<Container, LV[]> {
  const { log } = context
  const makers = new Map<Container, LV[]>()
  const note = (container: Container | undefined, lv: LV): void => {
    if (container === undefined) return
    const known = makers.get(container)
    if (known === undefined) makers.set(container, [lv])
    else known.push(lv)
  }
  log.thaw()
  for (let row = 0; row < log.count; row++) {
    const kind = log.kindOf(row)
    if (log.isVoid(row) || (kind !== Kind.make && kind !== Kind.insert)) continue
    const start = log.startOf(row)
    if (kind === Kind.make) note(context.madeAt(start), start)
    else
      for (let lv = start, end = log.endOf(row); lv < end; lv++)
        if (log.values[log.bOf(row) + lv - start] instanceof Make) note(context.madeAt(lv), lv)
  }
  return makers
}

function placeOf(container: Container, indexOf: (container: Container) => number): Place {
  const { parent, entry } = container
  if (parent === undefined) return { in: 'root' }
  if (entry === undefined) return { in: 'item', parent: indexOf(parent) }
  return { in: 'slot', parent: indexOf(parent), key: entry.key, gen: genOf(entry, container) }
}

function genOf({ slots }: Entry, container: Container): number {
  for (const [code, other] of slots?.containers ?? []) if (other === container) return Math.floor(code / 16)
  return 0
}

function contentOf(container: Container, indexOf: (container: Container) => number): Content {
  switch (container.type) {
    case 'map':
      return { type: 'map', entries: entriesOf(container, indexOf) }
    case 'text':
      return { type: 'text', text: container.units.toString() }
    case 'list':
      return { type: 'list', items: [...container.items].map((item) => itemOf(item, indexOf)) }
    case 'counter':
    case 'gcounter':
      return { type: container.type, sum: container.value }
    case 'set':
    case 'rwset': {
      const ascending = (lvs: readonly LV[]): LV[] => [...lvs].sort((a, b) => a - b)
      const members = [...container.members.values()].map(({ value, includes, excludes }) => ({
        value,
        includes: ascending(includes),
        excludes: ascending(excludes),
      }))
      return { type: container.type, members }
    }
    case 'log':
      return { type: 'log', items: container.lvs.map((lv, i) => ({ lv, value: container.values[i] as Scalar })) }
    case 'register':
      return { type: 'register', heads: [...container.heads].sort((a, b) => a.lv - b.lv) }
  }
}

function entriesOf(map: MapState, indexOf: (container: Container) => number): EntryState[] {
  const entries: EntryState[] = []
  for (const entry of map.entries.values()) {
    if (entry.lv < 0) continue
    const heads = entry.heads.map(
      ({ lv, value }): HeadState =>
        isContainer(value) ? { lv, kind: 'make', container: indexOf(value) } : { lv, kind: 'set', value },
    )
    entries.push({ key: entry.key, heads: heads.sort((a, b) => a.lv - b.lv) })
  }
  return entries
}

function itemOf(item: Scalar | Container, indexOf: (container: Container) => number): ItemState {
  return isContainer(item) ? { container: indexOf(item) } : { value: item }
}
