// A document's state by plain rules: a function of the set of ops, which is all that the codec asks of a document. Clears, revokes and generations
// are passed over.

import { present } from '../../src/base/assert.ts'
import type { Actors } from '../../src/core/actors.ts'
import type { Graph, LV } from '../../src/core/graph.ts'
import { type ContainerType, containerTypes, Kind, Make } from '../../src/core/kinds.ts'
import type { OpLog } from '../../src/core/op-log.ts'
import { type Scalar, valueKey } from '../../src/core/value.ts'
import type { ContainerState, Content, DocState, HeadState, Place } from '../../src/crdt/engine/state-form.ts'
import type { SequenceOrder } from '../../src/replica/snapshot-content.ts'

interface Held {
  readonly actors: Actors
  readonly graph: Graph
  readonly log: OpLog
}

export function plainState({ actors, graph, log }: Held, orders: readonly SequenceOrder[]): DocState {
  const containers: { place: Place; makers: LV[]; type: ContainerType }[] = [
    { place: { in: 'root' }, makers: [], type: 'map' },
  ]
  const made = new Map<LV, number>([[-1, 0]])
  const slots = new Map<string, number>()
  const add = (lv: LV, type: ContainerType, place: Place, slot = ''): void => {
    const known = slots.get(slot)
    const index = known ?? containers.push({ place, makers: [], type }) - 1
    containers[index]?.makers.push(lv)
    if (slot !== '') slots.set(slot, index)
    made.set(lv, index)
  }
  const rowsOf: number[][] = []
  for (let row = 0; row < log.count; row++) {
    if (log.isVoid(row)) continue
    const kind = log.kindOf(row)
    const parent = made.get(log.makerOf(log.refOf(row)))
    if (kind === Kind.meta || kind >= Kind.revoke || parent === undefined) continue
    ;(rowsOf[parent] ??= []).push(row)
    const [a, b, start] = [log.aOf(row), log.bOf(row), log.startOf(row)]
    if (kind === Kind.make && containers[parent]?.type === 'map') {
      const [type, gen] = [containerTypes[b % 16] as ContainerType, Math.floor(b / 16)]
      add(start, type, { in: 'slot', parent, key: log.keys[a] as string, gen }, `${parent}/${log.keys[a]}/${b}`)
    }
    if (kind === Kind.insert)
      for (let i = 0; i < log.endOf(row) - start; i++) {
        const value = log.values[b + i]
        if (value instanceof Make) add(start + i, value.type, { in: 'item', parent })
      }
  }
  const firstOf = (index: number): LV => containers[index]?.makers[0] ?? -1
  const places = containers.map((_, index) => index).sort((x, y) => firstOf(x) - firstOf(y))
  const indexes = new Map(places.map((place, index) => [place, index]))
  const contentOf = (index: number): Content =>
    plainContent(
      { actors, graph, log },
      containers[index]?.type ?? 'map',
      rowsOf[index] ?? [],
      orderOf(orders, containers[index]?.makers ?? []),
      (lv) => present(indexes.get(made.get(lv) ?? -1), 'a container'),
    )
  return {
    containers: places.map((index): ContainerState => {
      const { place, makers } = present(containers[index], 'a container')
      return {
        place: place.in === 'root' ? place : { ...place, parent: present(indexes.get(place.parent), 'a parent') },
        makers,
        content: contentOf(index),
      }
    }),
  }
}

function orderOf(orders: readonly SequenceOrder[], makers: readonly LV[]): ArrayLike<number> {
  return orders.find(({ container }) => makers.includes(container))?.spans ?? []
}

function plainContent(
  { actors, graph, log }: Held,
  type: ContainerType,
  rows: readonly number[],
  spans: ArrayLike<number>,
  indexOf: (lv: LV) => number,
): Content {
  const lvs = (kinds: readonly Kind[]): LV[] =>
    rows.flatMap((row) =>
      kinds.includes(log.kindOf(row))
        ? Array.from({ length: log.endOf(row) - log.startOf(row) }, (_, i) => log.startOf(row) + i)
        : [],
    )
  const valueAt = (lv: LV): Scalar => log.values[log.bOf(log.rowAt(lv)) + lv - log.startOf(log.rowAt(lv))] as Scalar
  const visible: LV[] = []
  for (let i = 0; i < spans.length; i += 3)
    if (spans[i + 2] === 1) for (let n = 0; n < (spans[i + 1] as number); n++) visible.push((spans[i] as number) + n)
  switch (type) {
    case 'map': {
      const byKey = Map.groupBy(
        lvs([Kind.set, Kind.make, Kind.unset]),
        (lv) => log.keys[log.aOf(log.rowAt(lv))] as string,
      )
      return {
        type,
        entries: [...byKey].map(([key, ops]) => ({
          key,
          heads: graph.dominators(ops).map((lv) => headAt(log, lv, valueAt, indexOf)),
        })),
      }
    }
    case 'text': {
      const units = visible.map((lv) => {
        const row = log.rowAt(lv)
        return String.fromCharCode(log.units.data[log.bOf(row) + lv - log.startOf(row)] as number)
      })
      return { type, text: units.join('') }
    }
    case 'list':
      return {
        type,
        items: visible.map((lv) => (valueAt(lv) instanceof Make ? { container: indexOf(lv) } : { value: valueAt(lv) })),
      }
    case 'counter':
    case 'gcounter':
      return { type, sum: lvs([Kind.add]).length }
    case 'set':
    case 'rwset': {
      const includes = Map.groupBy(lvs([Kind.include]), (lv) => valueKey(valueAt(lv)))
      return {
        type,
        members: [...includes.values()].map((ops) => ({ value: valueAt(ops[0] as LV), includes: ops, excludes: [] })),
      }
    }
    case 'log': {
      const order = (x: LV, y: LV): number =>
        graph.lamportAt(x) - graph.lamportAt(y) || actors.compare(graph.branchAt(x), graph.branchAt(y)) || x - y
      return {
        type,
        items: lvs([Kind.append])
          .sort(order)
          .map((lv) => ({ lv, value: valueAt(lv) })),
      }
    }
    case 'register':
      return { type, heads: graph.dominators(lvs([Kind.assign])).map((lv) => ({ lv, value: valueAt(lv) })) }
  }
}

function headAt(log: OpLog, lv: LV, valueAt: (lv: LV) => Scalar, indexOf: (lv: LV) => number): HeadState {
  const kind = log.kindOf(log.rowAt(lv))
  if (kind === Kind.set) return { lv, kind: 'set', value: valueAt(lv) }
  return kind === Kind.make ? { lv, kind: 'make', container: indexOf(lv) } : { lv, kind: 'unset' }
}
