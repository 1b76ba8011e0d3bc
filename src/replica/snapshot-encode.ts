// Writes a snapshot; snapshot-format.ts has the grammar. What is written is a function of the set of ops (Invariant 6), tips aside.

import type { Actors } from '../core/actors.ts'
import type { Graph } from '../core/graph.ts'
import type { OpLog } from '../core/op-log.ts'
import type { DocState } from '../crdt/engine/state-form.ts'
import { encodeBranches } from './snapshot-branches.ts'
import { Canon } from './snapshot-canon.ts'
import { encodeHidden, type SequenceOrder } from './snapshot-content.ts'
import { type Deflate, writeSnapshot } from './snapshot-format.ts'
import { encodeSegments } from './snapshot-graph.ts'
import { encodeOps } from './snapshot-ops.ts'
import { encodeState } from './snapshot-state.ts'
import { encodeUnits } from './snapshot-text.ts'
import { encodeTips, type SnapshotTip } from './snapshot-tips.ts'

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
  /** Drops content that does not show; ids survive. Must be set for a document that was loaded from such a snapshot. */
  readonly live?: boolean
  /** Signed tips that go with it. */
  readonly tips?: readonly SnapshotTip[]
}

export function encodeSnapshot(source: SnapshotSource, options: SnapshotOptions = {}): Uint8Array {
  const { actors, graph, log, state, orders } = source
  const { deflate, live = false, tips = [] } = options
  log.thaw()
  const canon = Canon.of(graph, actors)
  const encoded = encodeState(state, canon)
  const { heads, ops, contexts } = encodeOps(canon, log, encoded.keys)
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
    },
    { live, deflate: deflate && { deflate } },
  )
}
