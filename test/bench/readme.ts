// The README's figures come from a run, never from a hand: they stand between two comments.

import { reasonOf } from './goals.ts'
import { machineLine } from './machine.ts'
import type { Report } from './run.ts'
import type { Row } from './statistics.ts'
import { markdownTable, tally } from './table.ts'

const start = '<!-- figures of `npm run bench`: begin -->'
const end = '<!-- figures of `npm run bench`: end -->'

/** The README with the table of this report, and with the plot if there is one. Throws where the two comments are not there. */
export function withTable(
  readme: string,
  { machine, versions, rows }: Report,
  { plot, size }: { readonly plot?: string | undefined; readonly size?: string } = {},
): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)]
  if (from < 0 || to < from) throw new RangeError(`README.md has no place for the figures: "${start}" and "${end}"`)
  // The rows that have a goal; the others are a command away.
  const shown = rows.filter(({ goal }) => goal !== null)
  const peers = Object.keys(versions)
  const used = peers.map((peer) => `${peer} ${versions[peer]}`).join(', ')
  const words = `Medians of ${runsOf(rows)}, smaller is better; of all ${rows.length} rows, ${tally(rows)}. ${machine.date}: ${machineLine(machine)}. ${used}.`
  const weighed = size === undefined ? '' : `\`joinery/doc\` weighs ${size}.`
  const drawn = plot === undefined ? [] : [`![How cost grows with the number of edits](${plot})`]
  const parts = [markdownTable(shown, peers), words, unmet(shown), weighed, ...drawn].filter((part) => part !== '')
  return `${readme.slice(0, from + start.length)}\n${parts.join('\n\n')}\n${readme.slice(to)}`
}

function runsOf(rows: readonly Row[]): string {
  const counts = rows.flatMap(({ results }) =>
    Object.values(results).flatMap((result) => ('runs' in result ? [result.runs.length] : [])),
  )
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least === most ? `${most} runs` : `${least} to ${most} runs`
}

/** The rows that fall short, by what holds them back. */
function unmet(rows: readonly Row[]): string {
  const byReason = Map.groupBy(
    rows.filter(({ met }) => met === false),
    ({ row }) => reasonOf(row),
  )
  return [...byReason]
    .map(([reason, those]) => `* ${those.map(({ row }) => `\`${row}\``).join(', ')}: ${reason}`)
    .join('\n')
}
