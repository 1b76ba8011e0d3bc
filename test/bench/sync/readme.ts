// The README's figures of sync come from a run, never from a hand: they stand between two comments.

import { isAsked } from '../arguments.ts'
import { machineLine } from '../machine.ts'
import type { Row } from '../statistics.ts'
import { markdownTable, tally } from '../table.ts'
import { engineNames } from './engine.ts'
import { reasonOf } from './goals.ts'
import type { Report } from './run.ts'

const start = '<!-- figures of `npm run bench:sync`: begin -->'
const end = '<!-- figures of `npm run bench:sync`: end -->'

/** The README with the table of this report, or of the rows that are asked for. Throws where the two comments are not there. */
export function withTable(readme: string, { machine, versions, rows }: Report, only: readonly string[] = []): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)]
  if (from < 0 || to < from) throw new RangeError(`README.md has no place for the figures: "${start}" and "${end}"`)
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const shown = rows.filter(({ row, goal }) => goal !== null && isAsked(row, only))
  const words = `Medians, smaller is better; ${tally(shown)}. ${machine.date}: ${machineLine(machine)}. ${used.join(', ')}.`
  const parts = [markdownTable(shown, engineNames), words, unmet(shown)].filter((part) => part !== '')
  return `${readme.slice(0, from + start.length)}\n${parts.join('\n\n')}\n${readme.slice(to)}`
}

/** The rows that fall short, each with how far, by what holds them back. */
function unmet(rows: readonly Row[]): string {
  const byReason = Map.groupBy(
    rows.filter(({ met }) => met === false),
    ({ row }) => reasonOf(row),
  )
  return [...byReason].map(([reason, those]) => `* ${those.map(farness).join(', ')}: ${reason}`).join('\n')
}

function farness({ row, results, goal }: Row): string {
  const mine = results.joinery
  if (mine === undefined || !('median' in mine) || goal?.most === undefined) return `\`${row}\``
  return `\`${row}\` (${(mine.median / goal.most).toFixed(2)} x the goal)`
}
