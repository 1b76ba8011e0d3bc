// Local versions, and sets of them as spans.

/** A local version: the number of an op within one process. */
export type LV = number

/** Spans of LVs, flat and ascending: [start, end, start, end, …], half open, none touching the next. */
export type Spans = readonly number[]

export const noSpans: Spans = []

/** Whether spans hold an LV. */
export function inSpans(spans: Spans, lv: LV): boolean {
  return startOfSpan(spans, lv) >= 0
}

/** The start of the span that holds an LV; -1 if none does. */
export function startOfSpan(spans: Spans, lv: LV): LV {
  let low = 0
  let high = spans.length >> 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[2 * middle] as number) <= lv) low = middle + 1
    else high = middle
  }
  return low > 0 && lv < (spans[2 * low - 1] as number) ? (spans[2 * low - 2] as LV) : -1
}

/** Spans found from above, as pairs, put in order, with those that touch joined. */
export function ascendingSpans(pairs: readonly number[]): Spans {
  if (pairs.length <= 2) return pairs
  const out: number[] = []
  for (let i = pairs.length - 2; i >= 0; i -= 2) {
    const start = pairs[i] as number
    if (out.length > 0 && out[out.length - 1] === start) out[out.length - 1] = pairs[i + 1] as number
    else out.push(start, pairs[i + 1] as number)
  }
  return out
}

/** The spans with [from, to) after them. */
export function extendedSpans(spans: Spans, from: LV, to: LV): Spans {
  if (from === to) return spans
  const out = spans.slice()
  if (out.length > 0 && out[out.length - 1] === from) out[out.length - 1] = to
  else out.push(from, to)
  return out
}

/** What is in `a` only. */
export function minus(a: Spans, b: Spans): Spans {
  if (a.length === 0 || b.length === 0) return a
  const out: LV[] = []
  let j = 0
  for (let i = 0; i < a.length; i += 2) {
    let from = a[i] as LV
    const to = a[i + 1] as LV
    while (j < b.length && (b[j + 1] as LV) <= from) j += 2
    for (let k = j; k < b.length && (b[k] as LV) < to; k += 2) {
      if (from < (b[k] as LV)) out.push(from, b[k] as LV)
      from = Math.max(from, b[k + 1] as LV)
    }
    if (from < to) out.push(from, to)
  }
  return out
}

/** Whether two versions, as heads in ascending order, are one. */
export function sameVersion(a: readonly LV[], b: readonly LV[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
