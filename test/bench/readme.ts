// The README's figures come from a run, never from a hand: they stand between two comments.

import { machineLine } from './machine.ts'
import type { Report } from './run.ts'
import { markdownTable, tally } from './table.ts'

const start = '<!-- figures of `npm run bench`: begin -->'
const end = '<!-- figures of `npm run bench`: end -->'

/** The rows that tell most; the others are a command away. */
const told = [
  'B1.4/time',
  'B2.3/time',
  'B3.4/batch',
  'B4/handle',
  'B4/change',
  'B4/one-transaction',
  'B4/bytes-full',
  'B4/bytes-live',
  'B4/load',
  'B4/load-first-edit',
  'B4/memory',
  'B4x100/time',
  'delta/bytes',
  'delta/one-character',
  'delta/one-character-bytes',
  'friendsforever/stream',
  'friendsforever/merge',
  'friendsforever/bytes',
  'map100k/local',
  'todo/local',
  'counter50k/local',
  'list-move/local',
]

/** The README with the table of this report, and with the plot if there is one. Throws where the two comments are not there. */
export function withTable(readme: string, { machine, versions, rows }: Report, plot?: string): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)]
  if (from < 0 || to < from) throw new RangeError(`README.md has no place for the figures: "${start}" and "${end}"`)
  const shown = rows.filter(({ row }) => told.includes(row))
  const peers = Object.keys(versions)
  const used = peers.map((peer) => `${peer} ${versions[peer]}`).join(', ')
  const words = `Medians, smaller is better; of all ${rows.length} rows, ${tally(rows)}. ${machine.date}: ${machineLine(machine)}. ${used}.`
  const drawn = plot === undefined ? [] : [`![How cost grows with the number of edits](${plot})`]
  const parts = [markdownTable(shown, peers), words, ...drawn]
  return `${readme.slice(0, from + start.length)}\n${parts.join('\n\n')}\n${readme.slice(to)}`
}
