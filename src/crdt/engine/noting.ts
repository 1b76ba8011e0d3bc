// The histories of all texts and lists from the rows of a log alone: which ops are whose, what has cleared them, what was revoked. For a document
// that was loaded as it shows, when somebody first has not seen all of it; and for the order of items, which needs no content.

import type { Graph, LV } from '../../core/graph.ts'
import { type ContainerType, containerTypes, Kind, Make } from '../../core/kinds.ts'
import type { OpLog } from '../../core/op-log.ts'
import { linearFrom } from '../critical-cuts.ts'
import { Cuts } from '../cuts.ts'
import { Sequence } from '../eg-sequence.ts'
import type { CompareBranches } from './context.ts'
import { Switches } from './switches.ts'
import { UnseenWalk } from './unseen-walk.ts'

/** A container, as far as rows tell of it. */
interface Noted {
  /** The first op that made it. */
  readonly maker: LV
  readonly type: ContainerType
  sequence: Sequence | undefined
  /** By the number of the key, then by type and generation. */
  readonly keys: Map<number, Map<number, Noted>>
}

export interface NotedSequence {
  readonly maker: LV
  readonly sequence: Sequence
}

/** What is noted of ops below `end`. */
export interface Notes {
  readonly sequences: readonly NotedSequence[]
  readonly switches: Switches
}

/** All items of a text or list that ever were, in document order. */
export interface ItemOrder {
  /** The op that made the container. */
  readonly container: LV
  /** Flat: [first LV, count, 1 if visible else 0, …]. */
  readonly spans: readonly number[]
}

/** Makes the Sequence of a container, by the op that made it. */
export type MakeSequence = (maker: LV, type: ContainerType) => Sequence

/** `cuts`, in which there are none yet, is given those of the history. */
export function noteHistory(graph: Graph, log: OpLog, end: LV, cuts: Cuts, makeSequence: MakeSequence): Notes {
  log.thaw()
  const made = new Map<LV, Noted>([[-1, noted(-1, 'map')]])
  const sequences: NotedSequence[] = []
  const switches = new Switches(graph, cuts)
  const walk = new UnseenWalk(graph)
  for (let row = 0; row < log.count && log.startOf(row) < end; row++) {
    if (log.isVoid(row)) continue
    const kind = log.kindOf(row)
    const from = log.startOf(row)
    const to = Math.min(end, log.endOf(row))
    if (kind === Kind.revoke) {
      const { revoke } = switches.add(from, log.aOf(row) === 2 ? 2 : 1, targetsOf(log, row), walk.unseenAt(from))
      for (const { sequence } of sequences) sequence.noteRevoke(from, revoke.level, revoke.targets)
      continue
    }
    if (kind === Kind.cut) {
      cuts.take(graph, log, from)
      continue
    }
    const container = kind === Kind.meta ? undefined : made.get(log.makerOf(log.refOf(row)))
    if (container === undefined) continue
    if (kind === Kind.set || kind === Kind.unset || kind === Kind.make) noteKey(container, log, row, made)
    else if (kind >= Kind.type && kind <= Kind.eraseBack) {
      if (container.sequence === undefined) {
        container.sequence = makeSequence(container.maker, container.type)
        sequences.push({ maker: container.maker, sequence: container.sequence })
      }
      container.sequence.note(from, to)
      if (kind === Kind.insert) noteItems(log, row, to, made)
    }
  }
  const first = Math.min(end, linearFrom(graph))
  for (const { sequence } of sequences) {
    sequence.noteCuts(end)
    sequence.loaded(first)
  }
  if (cuts.acts.length > 0) switches.renew(end)
  return { sequences, switches }
}

/** The order of all texts and lists, from rows that may be without content. */
export function itemOrders(graph: Graph, log: OpLog, compareBranches: CompareBranches): readonly ItemOrder[] {
  const cuts = new Cuts()
  const make = (): Sequence => new Sequence(graph, log, compareBranches, counting(), cuts)
  const { sequences } = noteHistory(graph, log, log.length, cuts, make)
  return sequences.map(({ maker, sequence }) => ({ container: maker, spans: orderOf(sequence) }))
}

export function orderOf(sequence: Sequence): readonly number[] {
  const spans: number[] = []
  sequence.order((lv, count, isVisible) => spans.push(lv, count, isVisible ? 1 : 0))
  return spans
}

/** A set, unset or make clears what is in the key's slots; a make may be the first of a slot. */
function noteKey(map: Noted, log: OpLog, row: number, made: Map<LV, Noted>): void {
  const lv = log.startOf(row)
  const slots = map.keys.get(log.aOf(row)) ?? new Map<number, Noted>()
  clear(slots, lv)
  if (log.kindOf(row) !== Kind.make) return
  const code = log.bOf(row)
  const container = slots.get(code) ?? noted(lv, containerTypes[code % 16] ?? 'map')
  slots.set(code, container)
  map.keys.set(log.aOf(row), slots)
  made.set(lv, container)
}

/** As deep as containers go by slots, which is limited. */
function clear(slots: ReadonlyMap<number, Noted>, lv: LV): void {
  for (const { sequence, keys } of slots.values()) {
    sequence?.noteClear(lv)
    for (const inner of keys.values()) clear(inner, lv)
  }
}

function noteItems(log: OpLog, row: number, to: LV, made: Map<LV, Noted>): void {
  const from = log.startOf(row)
  for (let lv = from; lv < to; lv++) {
    const value = log.values[log.bOf(row) + lv - from]
    if (value instanceof Make) made.set(lv, noted(lv, value.type))
  }
}

function targetsOf(log: OpLog, row: number): ArrayLike<number> {
  const targets = log.values[log.bOf(row)]
  return targets instanceof Int32Array ? targets : []
}

function noted(maker: LV, type: ContainerType): Noted {
  return { maker, type, sequence: undefined, keys: new Map() }
}

/** A host that only counts. */
function counting(): {
  length: number
  insert(index: number, lv: LV, count: number): void
  remove(index: number, count: number): void
} {
  return {
    length: 0,
    insert(_, __, count) {
      this.length += count
    },
    remove(_, count) {
      this.length -= count
    },
  }
}
