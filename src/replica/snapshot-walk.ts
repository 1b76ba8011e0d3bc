// The ops of a branch by seq, from one on, as pieces of the log's rows.

import type { LV } from '../core/graph.ts'
import type { Kind } from '../core/kinds.ts'
import { advanceA, advanceB, type OpLog } from '../core/op-log.ts'
import type { Canon } from './snapshot-canon.ts'

/** A row of the log, or a part of one, that is of one branch. `b` is an offset or an index as core/kinds.ts says. */
export interface Piece {
  lv: LV
  kind: Kind
  ref: number
  a: number
  b: number
  units: number
  isVoid: boolean
}

/** Calls `visit` for each piece of what counts as a canonical branch's own. The piece is the same object each time. */
export function walkBranch(
  { graph, branches, starts }: Canon,
  log: OpLog,
  index: number,
  visit: (piece: Readonly<Piece>) => void,
): void {
  const piece: Piece = { lv: 0, kind: 0, ref: 0, a: 0, b: 0, units: 0, isVoid: false }
  const branch = branches[index] as number
  for (let seq = starts[index] as number; seq < graph.endOf(branch); ) {
    const from = graph.lvOf(branch, seq)
    const to = graph.endIn(branch, from)
    for (let row = log.rowAt(from), lv = from; lv < to; row++) {
      const kind = log.kindOf(row)
      const skipped = lv - log.startOf(row)
      const end = Math.min(to, log.endOf(row))
      piece.lv = lv
      piece.kind = kind
      piece.ref = log.refOf(row)
      piece.a = advanceA(kind, log.aOf(row), skipped)
      piece.b = advanceB(kind, log.bOf(row), skipped)
      piece.units = end - lv
      piece.isVoid = log.isVoid(row)
      visit(piece)
      lv = end
    }
    seq += to - from
  }
}
