// Cuts staged ops where what is held ends: of a range that overlaps it, only the rest is new.

import type { Int32Column } from './columns.ts'
import type { Kind } from './kinds.ts'
import { advanceA, advanceB } from './op-log.ts'
import { Ends, type Staging } from './staging.ts'

/** Makes a stretch begin behind the first `ops` ops. False if no change ends there. */
export function splitStaging(staging: Staging, ops: number): boolean {
  if (ops === 0 || ops === staging.length) return true
  let row = 0
  let before = 0
  while (before + staging.counts.at(row) <= ops) before += staging.counts.at(row++)
  if (before < ops) {
    if (staging.ends.at(row) !== Ends.each) return false
    splitRow(staging, row, ops - before)
    row++
  } else if (staging.ends.at(row - 1) === Ends.none) return false
  beginStretch(staging, row, ops)
  return true
}

function splitRow(staging: Staging, row: number, skipped: number): void {
  const kind = staging.kinds.at(row) as Kind
  const count = staging.counts.at(row)
  const copied: [Int32Column, number][] = [
    [staging.kinds, kind],
    [staging.refs, staging.refs.at(row)],
    [staging.as, advanceA(kind, staging.as.at(row), skipped)],
    [staging.bs, advanceB(kind, staging.bs.at(row), skipped)],
    [staging.counts, count - skipped],
    [staging.ends, Ends.each],
  ]
  for (const [column, value] of copied) column.insert(row + 1, value)
  staging.counts.data[row] = skipped
  for (let stretch = 0; stretch < staging.stretches; stretch++)
    if (staging.stretchRows.at(stretch) > row) staging.stretchRows.data[stretch] = staging.stretchRows.at(stretch) + 1
}

function beginStretch(staging: Staging, row: number, ops: number): void {
  let stretch = 0
  while (stretch < staging.stretches && staging.stretchOps.at(stretch) < ops) stretch++
  if (stretch < staging.stretches && staging.stretchOps.at(stretch) === ops) return
  const links = stretch < staging.stretches ? staging.stretchLinks.at(stretch) : staging.linkBranches.length
  staging.stretchRows.insert(stretch, row)
  staging.stretchOps.insert(stretch, ops)
  staging.stretchLinks.insert(stretch, links)
  if (stretch <= staging.mergeable) staging.mergeable++
}
