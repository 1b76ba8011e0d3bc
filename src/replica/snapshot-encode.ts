// Writes a snapshot; snapshot-format.ts has the grammar. What is written is a function of the set of ops (Invariant 6), tips aside.

import type { Actors } from '../core/actors.ts'
import type { Graph, LV } from '../core/graph.ts'
import { Kind } from '../core/kinds.ts'
import type { OpLog } from '../core/op-log.ts'
import type { DocState } from '../crdt/engine/state-form.ts'
import { encodeBranches } from './snapshot-branches.ts'
import { Canon } from './snapshot-canon.ts'
import { encodeHidden, type SequenceOrder } from './snapshot-content.ts'
import { type Deflate, writeSnapshot } from './snapshot-format.ts'
import { encodeSegments } from './snapshot-graph.ts'
import { encodeOps } from './snapshot-ops.ts'
import { encodeState } from './snapshot-state.ts'
import { encodeStops, type Stop } from './snapshot-stops.ts'
import { encodeUnits } from './snapshot-text.ts'
import { encodeTips, type SnapshotTip } from './snapshot-tips.ts'
import type { Piece } from './snapshot-walk.ts'

/** A document as it is held: branches of the graph are indexes into the actors. */
export interface SnapshotSource {
  readonly actors: Actors
  readonly graph: Graph
  readonly log: OpLog
  readonly state: DocState
  /** Of every text and list, shown or not. */
  readonly orders: readonly SequenceOrder[]
}

export interface SnapshotOptions {
  /** Synchronous compression, where there is one; else the bytes are as they are. */
  readonly deflate?: Deflate['deflate']
  /**
   * Drops content that does not show; ids survive. Of sets of keys and assigns that were overwritten nothing else does. Must be set
   * for a document that was loaded from such a snapshot.
   */
  readonly live?: boolean
  /** Signed tips that go with it. */
  readonly tips?: readonly SnapshotTip[]
  /** What is held and not merged. */
  readonly stops?: readonly Stop[]
}

export function encodeSnapshot(source: SnapshotSource, options: SnapshotOptions = {}): Uint8Array {
  const { actors, graph, log, state, orders } = source
  const { deflate, live = false, tips = [], stops = [] } = options
  log.thaw()
  const canon = Canon.of(graph, actors)
  const encoded = encodeState(state, canon)
  const { heads, ops, contexts } = encodeOps(canon, log, encoded.keys, live ? forgetting(state, log) : () => false)
  const hidden = encodeHidden(state, encoded, orders, canon, log)
  return writeSnapshot(
    {
      branches: encodeBranches(canon, actors, contexts),
      segments: encodeSegments(canon, log.changeEnds),
      state: encoded.bytes,
      text: encodeUnits(encoded.text),
      metas: hidden.metas,
      heads,
      ops,
      ...(!live && { hidden: hidden.units, values: hidden.values }),
      tips: encodeTips(tips, canon),
      stops: encodeStops(stops, canon),
    },
    { live, deflate: deflate && { deflate } },
  )
}

/** What is dropped wholly: overwritten values. Under a key that ever had a container nothing is, since a set there clears what is in it. */
function forgetting({ containers }: DocState, log: OpLog): (piece: Readonly<Piece>) => boolean {
  const heads = new Set<LV>()
  const indexes = new Map<LV, number>([[-1, 0]])
  const slots = new Set<string>()
  for (const [index, { place, makers, content }] of containers.entries()) {
    for (const maker of makers) indexes.set(maker, index)
    if (place.in === 'slot') slots.add(`${place.parent}/${place.key}`)
    if (content.type === 'register') for (const { lv } of content.heads) heads.add(lv)
    if (content.type === 'map') for (const entry of content.entries) for (const { lv } of entry.heads) heads.add(lv)
  }
  return ({ lv, kind, ref, a, isVoid }) => {
    if (isVoid || heads.has(lv)) return false
    if (kind !== Kind.set && kind !== Kind.unset) return kind === Kind.assign
    const index = indexes.get(log.makerOf(ref))
    return index !== undefined && !slots.has(`${index}/${log.keys[a]}`)
  }
}
