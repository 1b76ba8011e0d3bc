// Names that say two things. Who names an op by actor and seq means the one in its own past, and nearly always there is one. Where an actor was forked
// and somebody has seen both sides, a name from behind the fork is said with a hash (canonical.ts). Whether it is, is a matter of that past alone:
// nothing that anybody hears of later alters what was hashed.

import type { Graph, LV } from './graph.ts'
import { Kind, type Targets } from './kinds.ts'
import { logRowAt, type Source } from './wire.ts'

/** Whether an op has another one in its past that has the same actor and seq as `named`, which is in there too. */
export function isSplit({ graph, actors }: Source, at: LV, named: LV): boolean {
  const branch = graph.branchAt(named)
  if (!actors.isForked(branch)) return false
  const seq = graph.seqAt(named)
  return actors.branchesOf(branch).some((other) => {
    const lv = graph.lvOf(other, seq)
    return lv >= 0 && lv !== named && lv < at && graph.contains([at], lv)
  })
}

/** The last op of the change that an op is in: what stands behind it differs where the changes of two branches first do, even if their first ops are alike. */
export function lastOfChange({ log }: Pick<Source, 'log'>, lv: LV): LV {
  return log.changeEnds.next(lv, 1)
}

/** Ops [from, end) of a branch, by seq; `last` is the LV of the last. */
export interface TargetRun {
  readonly as: 'own' | 'plain' | 'split'
  readonly branch: number
  from: number
  end: number
  last: LV
}

/** What a revoke at `at` of the branch `own` names, in runs that are the same on every peer: as long as they can be. */
export function targetRuns(source: Source, own: number, at: LV, targets: Targets): TargetRun[] {
  const pieces: TargetRun[] = []
  for (const span of namedSpans(source, targets))
    for (const { from, end } of cutWhereSeenEnds(source, at, span)) pieces.push(runAt(source, own, at, from, end))
  pieces.sort(
    (x, y) =>
      Number(y.as === 'own') - Number(x.as === 'own') ||
      Number(x.as === 'split') - Number(y.as === 'split') ||
      compareChains(source, x, y) ||
      x.from - y.from,
  )
  const runs: TargetRun[] = []
  for (const piece of pieces) {
    const last = runs.at(-1)
    if (last !== undefined && last.as === piece.as && last.end === piece.from && goesOn(source.graph, last, piece)) {
      last.end = piece.end
      last.last = piece.last
    } else runs.push(piece)
  }
  return runs
}

/** By actor; of one actor, what one chain goes on from before it, else by chain. Whose rows hold what several branches share alters nothing. */
function compareChains({ graph, actors }: Source, x: TargetRun, y: TargetRun): number {
  if (x.as !== 'split' || actors.firstOf(x.branch) !== actors.firstOf(y.branch))
    return actors.compare(actors.firstOf(x.branch), actors.firstOf(y.branch))
  const isOneChain = x.end <= y.from ? graph.isOf(y.branch, x.last) : graph.isOf(x.branch, y.last)
  return isOneChain ? 0 : actors.compare(x.branch, y.branch)
}

interface Span {
  readonly from: LV
  readonly end: LV
}

/** Spans of LVs, cut where rows end and where any fork begins. */
export function namedSpans({ graph, actors }: Source, targets: Targets): Span[] {
  const spans: Span[] = []
  for (let i = 0; i < targets.length; i += 2)
    for (let lv = targets[i] as LV, until = targets[i + 1] as LV; lv < until; ) {
      const row = graph.rowAt(lv)
      let end = Math.min(until, graph.endOfRow(row))
      for (const other of actors.branchesOf(graph.branchOfRow(row))) {
        const cut = lv + graph.baseOf(other) - graph.seqAt(lv)
        if (cut > lv && cut < end) end = cut
      }
      spans.push({ from: lv, end })
      lv = end
    }
  return spans
}

/** Cuts a span where other branches of its actor end that `at` has seen: up to there a seq is the name of several ops. */
function cutWhereSeenEnds(source: Source, at: LV, { from, end }: Span): Span[] {
  const { graph, actors } = source
  const branch = graph.branchAt(from)
  if (!actors.isForked(branch)) return [{ from, end }]
  const cuts = actors
    .branchesOf(branch)
    .map((other) => from + seenOf(source, at, other) - graph.seqAt(from))
    .filter((cut) => cut > from && cut < end)
  const edges = [...new Set([from, ...cuts, end])].sort((x, y) => x - y)
  return edges.slice(1).map((edge, i) => ({ from: edges[i] as LV, end: edge }))
}

/** How many ops of a branch an op has in its past. */
function seenOf({ graph }: Source, at: LV, branch: number): number {
  let low = 0
  let high = graph.endOf(branch)
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const lv = graph.lvOf(branch, middle - 1)
    if (lv < at && graph.contains([at], lv)) low = middle
    else high = middle - 1
  }
  return low
}

function runAt(source: Source, own: number, at: LV, from: LV, end: LV): TargetRun {
  const { graph } = source
  const last = end - 1
  const as = graph.isOf(own, last) ? 'own' : isSplit(source, at, last) ? 'split' : 'plain'
  return { as, branch: graph.branchAt(last), from: graph.seqAt(from), end: graph.seqAt(last) + 1, last }
}

/** Whether a run and what has the next seqs are of one branch. */
function goesOn(graph: Graph, run: TargetRun, next: TargetRun): boolean {
  if (run.as === 'own') return true
  return run.branch === next.branch || graph.lvOf(next.branch, run.end - 1) === run.last
}

/** Ops of forked actors that the ops [from, until) of a branch, of one row of the graph, name: those that may be said with a hash. */
export function forkedNames(source: Source, own: number, from: LV, until: LV): LV[] {
  const { graph, log, actors } = source
  const named: LV[] = []
  for (let row = logRowAt(log, from); row < log.count && log.startOf(row) < until; row++) {
    const maker = log.makerOf(log.refOf(row))
    if (maker >= 0 && actors.isForked(graph.branchAt(maker)) && !graph.isOf(own, maker))
      named.push(lastOfChange(source, maker))
    if (log.kindOf(row) !== Kind.revoke) continue
    for (const span of namedSpans(source, log.values[log.bOf(row)] as Targets))
      for (const { end } of cutWhereSeenEnds(source, log.startOf(row), span))
        if (actors.isForked(graph.branchAt(end - 1)) && !graph.isOf(own, end - 1))
          named.push(lastOfChange(source, end - 1))
  }
  return named
}
