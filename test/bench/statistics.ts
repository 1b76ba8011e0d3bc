// Medians, and what they mean against the best of the others.

import type { Unit } from './measurement.ts'

export const ours = 'joinery'

export type Result =
  | { readonly median: number; readonly min: number; readonly runs: readonly number[] }
  /** Why there is no figure: n/a, not built, over 60 s, failed: … */
  | { readonly failed: string }

export interface Goal {
  /** At most so many times the best other's median. */
  readonly ratio?: number
  /** At most so much, in the row's unit. */
  readonly most?: number
}

export interface Row {
  readonly row: string
  readonly unit: Unit
  readonly results: Readonly<Record<string, Result>>
  /** Our median by the best other's; null where there is no such figure. */
  readonly ratioToBest: number | null
  readonly best: string | null
  readonly goal: Goal | null
  readonly met: boolean | null
}

export function median(runs: readonly number[]): number {
  const sorted = runs.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  if (low === undefined || high === undefined) throw new RangeError('a median of nothing')
  return (low + high) / 2
}

export function summary(runs: readonly number[]): Result {
  return { median: median(runs), min: Math.min(...runs), runs }
}

/** `others` holds the results to be compared with: those of the row itself, or of the row that does the same. */
export function judge(
  row: string,
  unit: Unit,
  results: Readonly<Record<string, Result>>,
  goal: Goal | undefined,
  others = results,
): Row {
  const best = bestOther(others)
  const mine = results[ours]
  const figure = mine !== undefined && 'median' in mine ? mine.median : undefined
  const ratioToBest = figure === undefined || best === undefined || best.median === 0 ? null : figure / best.median
  const met = mine === undefined || goal === undefined ? null : isMet(goal, figure, ratioToBest)
  return { row, unit, results, ratioToBest, best: best?.name ?? null, goal: goal ?? null, met }
}

function bestOther(results: Readonly<Record<string, Result>>): { name: string; median: number } | undefined {
  return Object.entries(results)
    .flatMap(([name, result]) => (name !== ours && 'median' in result ? [{ name, median: result.median }] : []))
    .sort((a, b) => a.median - b.median)[0]
}

/** Null where a ratio is the goal and nobody is there to be compared with. */
function isMet({ ratio, most }: Goal, figure: number | undefined, ratioToBest: number | null): boolean | null {
  if (figure === undefined) return false
  if (most !== undefined && figure > most) return false
  if (ratio === undefined) return true
  return ratioToBest === null ? null : ratioToBest <= ratio
}
