// Opens a snapshot: the graph and what the document shows at once; the log's rows and their content when somebody first asks for them. LVs are the
// same before and after, so a snapshot and later ops equal the replay of all ops (Invariant 10).

import { AssertionError } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { Actors } from '../core/actors.ts'
import type { Graph } from '../core/graph.ts'
import { isSelfCertifying } from '../core/ids.ts'
import { OpLog } from '../core/op-log.ts'
import type { DocState } from '../crdt/engine/state-form.ts'
import { type BranchContext, type BranchRow, decodeBranches } from './snapshot-branches.ts'
import { Canon } from './snapshot-canon.ts'
import { fillContent, type SequenceOrder } from './snapshot-content.ts'
import { type Inflate, Sections } from './snapshot-format.ts'
import { decodeSegments } from './snapshot-graph.ts'
import { type Canonical, layRows } from './snapshot-lay.ts'
import { MetaReader } from './snapshot-metas.ts'
import { type RowsInput, readRows } from './snapshot-rows.ts'
import { type DecodedState, decodeState } from './snapshot-state-reader.ts'
import { decodeStops, type Stop } from './snapshot-stops.ts'
import { decodeUnits } from './snapshot-text.ts'
import { decodeTips, type SnapshotTip } from './snapshot-tips.ts'

/**
 * Gives the order of all texts and lists by replaying a log: rows are whole, but units and values have no content yet, inserted containers
 * aside. Ops from `log.length` on may be in the graph and are not meant.
 */
export type Replay = (graph: Graph, log: OpLog, actors: Actors) => readonly SequenceOrder[]

export interface OpenOptions {
  readonly replay: Replay
  /** Synchronous decompression; without it only snapshots that are not compressed open. */
  readonly inflate?: Inflate['inflate']
  /** Actors that have numbers already. */
  readonly actors?: Actors
}

export interface OpenedSnapshot {
  readonly actors: Actors
  readonly graph: Graph
  /** Its rows come at first need; `thaw()` brings them. Content that contradicts the state is 'bad-message' then. */
  readonly log: OpLog
  readonly state: DocState
  /** By branch of the graph: what its ops end in. */
  readonly contexts: ReadonlyMap<number, BranchContext>
  readonly tips: readonly SnapshotTip[]
  readonly stops: readonly Stop[]
  /** Hidden content was dropped: units are U+FFFD, values null. */
  readonly isLive: boolean
}

/** Total: any bytes give a document, 'bad-message' or 'store-newer'. */
export function openSnapshot(bytes: Uint8Array, options: OpenOptions): OpenedSnapshot {
  const { replay, inflate, actors = new Actors() } = options
  const sections = new Sections(bytes, inflate && { inflate })
  const rows = decodeBranches(sections.get('branches'))
  const log = new OpLog()
  const branches = rows.map(({ actor, fork, end }) => ({
    branch: fork === undefined ? actors.indexOf(actor) : actors.fork(actors.indexOf(actor)),
    end,
    origin: fork?.origin ?? -1,
    start: fork?.base ?? 0,
    isSelfCertifying: isSelfCertifying(actor),
  }))
  const graph = decodeSegments(sections.get('segments'), branches, log.changeEnds)
  const canon = new Canon(
    graph,
    branches.map(({ branch }) => branch),
  )
  const base = graph.length
  const readState = (): DecodedState =>
    decodeState(sections.get('state'), decodeUnits(sections.get('text')), canon, base)
  const { state } = readState()
  const lazy = { sections, canon, base, ends: canon.branches.map((_, index) => canon.countOf(index)), readState }
  log.freeze(base, (into) => thaw(lazy, into, (whole) => replay(graph, whole, actors)))
  return {
    actors,
    graph,
    log,
    state,
    contexts: contextsOf(rows, canon, base),
    tips: decodeTips(sections.get('tips'), canon),
    stops: decodeStops(sections.get('stops'), canon),
    isLive: sections.isLive,
  }
}

function contextsOf(rows: readonly BranchRow[], canon: Canon, base: number): Map<number, BranchContext> {
  const out = new Map<number, BranchContext>()
  for (const [index, { context, container }] of rows.entries()) {
    const lv = container === undefined ? -1 : canon.lvOf(container.index, container.seq, base)
    out.set(canon.branches[index] as number, { ...context, container: lv })
  }
  return out
}

interface Lazy extends Canonical {
  readonly sections: Sections
  /** Read again, so that a document that is only shown need not keep it. */
  readonly readState: () => DecodedState
}

function thaw(
  { sections, canon, base, ends, readState }: Lazy,
  log: OpLog,
  replay: (log: OpLog) => readonly SequenceOrder[],
): void {
  const { state, keys, order, values: shown } = readState()
  const { isLive } = sections
  const text = decodeUnits(sections.get('hidden'))
  const values = sections.get('values')
  if (isLive && text.length + values.length > 0) throw new JoineryError('bad-message', 'dropped content is there')
  const [heads, ops, metas] = [sections.get('heads'), sections.get('ops'), sections.get('metas')]
  let visible = 0
  for (const { content } of state.containers) if (content.type === 'text') visible += content.text.length
  // Each value is a byte or more of something: so what lies about its length is found before room is made.
  const room = isLive
    ? { units: limits.snapshotBytes / 2, values: limits.snapshotBytes / 8 }
    : { units: visible + text.length, values: shown + values.length + ops.length + metas.length }
  const input: RowsInput = { heads, ops, metas: new MetaReader(metas), canon, base, ends, keys, room }
  const rows = readRows(input, log)
  log.units.reserve(rows.units)
  log.units.data.fill(isLive ? replacement : 0, log.units.length, log.units.length + rows.units)
  log.units.length += rows.units
  layRows(rows, input, log)
  const hidden = isLive ? undefined : { text, values }
  fillContent({ state, order, orders: ordersOf(log, replay), canon, base, ends, rows, hidden }, log)
}

const replacement = 0xfffd

/**
 * What a replay asserts of its ops is here a matter of input: void marks may lie. It works on structures of its own, so nothing is left half done,
 * and this is the one place where an assertion is caught.
 */
function ordersOf(log: OpLog, replay: (log: OpLog) => readonly SequenceOrder[]): readonly SequenceOrder[] {
  try {
    return replay(log)
  } catch (cause) {
    if (cause instanceof AssertionError)
      throw new JoineryError('bad-message', 'the ops of a snapshot contradict one another', { cause })
    throw cause
  }
}
