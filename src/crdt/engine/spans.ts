// Sets of LVs as spans: flat and ascending, [start, end, start, end, …], none touching the next.

import type { LV, Spans } from '../../core/graph.ts'
import { minus } from '../../core/spans.ts'

export { minus } from '../../core/spans.ts'

/** What is in either. */
export function union(a: Spans, b: Spans): Spans {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const out: LV[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const isFirst = j >= b.length || (i < a.length && (a[i] as LV) <= (b[j] as LV))
    const from = (isFirst ? a[i] : b[j]) as LV
    const to = (isFirst ? a[i + 1] : b[j + 1]) as LV
    if (isFirst) i += 2
    else j += 2
    const last = out.length - 1
    if (last > 0 && from <= (out[last] as LV)) out[last] = Math.max(out[last] as LV, to)
    else out.push(from, to)
  }
  return out
}

/** What of it is below `end`. */
export function below(spans: Spans, end: LV): Spans {
  return minus(spans, [end, Number.MAX_SAFE_INTEGER])
}

/** Spans as they come from outside: put in order, joined, what is empty left out. */
export function tidied(spans: ArrayLike<number>): Spans {
  let out: Spans = []
  for (let i = 0; i + 1 < spans.length; i += 2) {
    const from = spans[i] as LV
    const to = spans[i + 1] as LV
    const last = out.length - 1
    if (from >= to) continue
    // Most come in order: then they are only appended.
    if (last < 0 || from > (out[last] as LV)) (out as LV[]).push(from, to)
    else out = [...union(out, [from, to])]
  }
  return out
}

/** Spans in any order, put in order and joined. */
export function joined(spans: readonly LV[]): Spans {
  if (spans.length <= 2) return spans
  const pairs: (readonly [LV, LV])[] = []
  for (let i = 0; i < spans.length; i += 2) pairs.push([spans[i] as LV, spans[i + 1] as LV])
  const out: LV[] = []
  for (const [from, to] of pairs.sort(([a], [b]) => a - b)) {
    const last = out.length - 1
    if (last > 0 && from <= (out[last] as LV)) out[last] = Math.max(out[last] as LV, to)
    else out.push(from, to)
  }
  return out
}
