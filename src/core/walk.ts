// In which order to go through a part of the event graph: parents first, and staying on a branch as long as possible, so that what follows a
// version on the way seldom has to turn back. Any such order gives the same document; this one is for speed (Gentle & Kleppmann 2025, section 3.2).

import type { Graph } from './graph.ts'
import { type LV, noSpans, type Spans } from './spans.ts'

/**
 * The ops of `spans` as stretches [start, end, start, end, …] in the order of the walk. Each stretch is a row of the graph or the part of it that is
 * in the spans. Parents outside the spans count as gone through before.
 */
export function walk(graph: Graph, spans: Spans): readonly LV[] {
  const pieces = piecesOf(graph, spans)
  if (pieces.length <= 1) return pieces.length === 0 ? noSpans : spans
  const waiting = new Int32Array(pieces.length)
  for (const { children } of pieces) for (const child of children) waiting[child] = (waiting[child] as number) + 1
  const ready: number[] = []
  for (let i = pieces.length - 1; i >= 0; i--) if (waiting[i] === 0) ready.push(i)
  const out: LV[] = []
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const { start, end, branch, children } = pieces[next] as Piece
    if (out.length > 0 && out[out.length - 1] === start) out[out.length - 1] = end
    else out.push(start, end)
    // The oldest child on top, and above it the one that goes on with the branch.
    let own = -1
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i] as number
      waiting[child] = (waiting[child] as number) - 1
      if (waiting[child] !== 0) continue
      if ((pieces[child] as Piece).branch !== branch) ready.push(child)
      else {
        if (own >= 0) ready.push(own)
        own = child
      }
    }
    if (own >= 0) ready.push(own)
  }
  return out
}

interface Piece {
  readonly start: LV
  readonly end: LV
  readonly branch: number
  /** Pieces that have a parent in this one, ascending; one that has several is there as often. */
  readonly children: number[]
}

function piecesOf(graph: Graph, spans: Spans): Piece[] {
  const pieces: Piece[] = []
  for (let i = 0; i < spans.length; i += 2)
    for (let start = spans[i] as LV, to = spans[i + 1] as LV; start < to; ) {
      const row = graph.rowAt(start)
      const end = Math.min(to, graph.endOfRow(row))
      const at = pieces.push({ start, end, branch: graph.branchOfRow(row), children: [] }) - 1
      for (const parent of graph.parentsAt(start)) pieceWith(pieces, parent)?.children.push(at)
      start = end
    }
  return pieces
}

/** The piece that holds an LV, or undefined: pieces are ascending. */
function pieceWith(pieces: readonly Piece[], lv: LV): Piece | undefined {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pieces[middle] as Piece).start <= lv) low = middle + 1
    else high = middle
  }
  const piece = pieces[low - 1]
  return piece !== undefined && lv < piece.end ? piece : undefined
}
