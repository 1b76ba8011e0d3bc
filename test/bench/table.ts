// The table as people read it, in a terminal and in Markdown.

import { comparedWith } from './goals.ts'
import { type Goal, ours, type Result, type Row } from './statistics.ts'

export function textTable(rows: readonly Row[], peers: readonly string[]): string {
  const head = ['row', 'unit', ...peers, 'ratio', 'to', 'goal', '']
  const lines = [head, ...rows.map((row) => cells(row, peers))]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const padded = lines.map((line) =>
    line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  )
  const notes = rows.flatMap((row) => Object.entries(row.results).flatMap(([peer, result]) => note(row, peer, result)))
  return [...padded.map((line) => line.join('  ').trimEnd()), '', ...notes].join('\n')
}

/** Medians alone, best figure in bold. */
export function markdownTable(rows: readonly Row[], peers: readonly string[]): string {
  const head = ['', ...peers, 'ratio to best', 'goal']
  const lines = rows.map(({ row, unit, results, ratioToBest, goal, met }) => {
    const figures = peers.map((peer) => results[peer])
    const least = Math.min(...figures.flatMap((result) => (result && 'median' in result ? [result.median] : [])))
    const shown = figures.map((result) => {
      if (result === undefined) return ''
      if ('failed' in result) return shortReason(result.failed)
      return result.median === least ? `**${number(result.median)}**` : number(result.median)
    })
    return [`\`${row}\`, ${unit}`, ...shown, ratio(ratioToBest), `${goalText(goal)}${verdict(met, ', ')}`]
  })
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'))
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** Figures with three digits that count; whole numbers from 100 on, with commas. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 99.95) return Math.round(value).toLocaleString('en-US')
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 0.001 ? String(Number(value.toPrecision(3))) : value.toExponential(1)
}

function cells({ row, unit, results, ratioToBest, best, goal, met }: Row, peers: readonly string[]): string[] {
  const figures = peers.map((peer) => figure(results[peer]))
  const against = comparedWith[row] === undefined ? (best ?? '') : `${best ?? ''} ${comparedWith[row]}`
  return [
    row,
    unit,
    ...figures,
    ratio(ratioToBest),
    ratioToBest === null ? '' : against,
    goalText(goal),
    verdict(met, ''),
  ]
}

function figure(result: Result | undefined): string {
  if (result === undefined) return ''
  if ('failed' in result) return shortReason(result.failed)
  const { median, min, runs } = result
  return runs.length > 1 && min !== median ? `${number(median)} (${number(min)})` : number(median)
}

/** A failure's whole reason stands beneath the table. */
function shortReason(reason: string): string {
  return reason.startsWith('failed') ? 'failed' : reason
}

function note({ row }: Row, peer: string, result: Result): string[] {
  return 'failed' in result && result.failed.startsWith('failed') ? [`${row}, ${peer}: ${result.failed}`] : []
}

function ratio(ratioToBest: number | null): string {
  return ratioToBest === null ? '' : `${number(ratioToBest)} x`
}

function goalText(goal: Goal | null): string {
  if (goal === null) return ''
  const parts = [goal.ratio && `≤ ${goal.ratio} x`, goal.most && `≤ ${number(goal.most)}`]
  return parts.filter((part) => part !== undefined).join(', ')
}

function verdict(met: boolean | null, before: string): string {
  return met === null ? '' : `${before}${met ? 'met' : 'not met'}`
}

/** How many goals are met. */
export function tally(rows: readonly Row[]): string {
  const judged = rows.filter(({ results, met }) => results[ours] !== undefined && met !== null)
  return `${judged.filter(({ met }) => met).length} of ${judged.length} goals met`
}
