// The arithmetic behind a text field that several people edit: what one input event changed, where a caret goes when
// others edit, and how an edit made on an older text is told to the newer one. Pure; the DOM is in text-editor.ts.
// Positions count UTF-16 units, as JavaScript strings and the DOM do.

/** Units [start, start + removed) of a text give way to `inserted`. */
export interface Edit {
  readonly start: number
  readonly removed: number
  readonly inserted: string
}

/**
 * What turned `before` into `after`, as one edit; undefined if nothing did. `caret` is where the caret stands in `after`:
 * it tells which of several equal letters was typed or deleted. Surrogate pairs are never cut in two.
 */
export function diff(before: string, after: string, caret: number): Edit | undefined {
  if (before === after) return undefined
  const shorter = Math.min(before.length, after.length)
  // What stands behind the caret was not typed just now: match the end up to the caret, the start, then what is left of the end.
  let tail = 0
  const tailMax = Math.min(shorter, after.length - caret)
  while (tail < tailMax && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  let head = 0
  while (head < shorter - tail && before[head] === after[head]) head++
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  if (cutsPair(before, head) || cutsPair(after, head)) head--
  if (cutsPair(before, before.length - tail) || cutsPair(after, after.length - tail)) tail--
  return { start: head, removed: before.length - tail - head, inserted: after.slice(head, after.length - tail) }
}

/** Where a caret at `caret` stands after `edit`, which somebody else made: on the same letter, or where it was deleted. */
export function shift(caret: number, edit: Edit): number {
  if (caret <= edit.start) return caret
  if (caret >= edit.start + edit.removed) return caret + edit.inserted.length - edit.removed
  return edit.start
}

export function apply(text: string, edit: Edit): string {
  return text.slice(0, edit.start) + edit.inserted + text.slice(edit.start + edit.removed)
}

/**
 * The edits that do to the newer text what `edit` does to the one from which `later` led to it, to be made in this order.
 * What others inserted amid the removed part stays, so there may be several.
 */
export function rebase(edit: Edit, later: readonly Edit[]): Edit[] {
  const units = Array.from({ length: edit.removed }, (_, index) => edit.start + index)
  const left = units.flatMap((unit) => survivor(unit, later) ?? [])
  const edits = runs(left).reverse() // The last first, so that the earlier ones stay where they are.
  const start = later.reduce(shift, edit.start)
  return edit.inserted === '' ? edits : [...edits, { start, removed: 0, inserted: edit.inserted }]
}

/** Where the unit at `index` stands after `edits`; undefined if one of them removed it. */
function survivor(index: number, edits: readonly Edit[]): number | undefined {
  let at = index
  for (const { start, removed, inserted } of edits) {
    if (at < start) continue
    if (at < start + removed) return undefined
    at += inserted.length - removed
  }
  return at
}

/** Ascending positions as removals of neighbours: 3 4 5 9 is 3+3, 9+1. */
function runs(positions: readonly number[]): Edit[] {
  const edits: Edit[] = []
  for (const start of positions) {
    const last = edits.at(-1)
    if (last && last.start + last.removed === start) edits[edits.length - 1] = { ...last, removed: last.removed + 1 }
    else edits.push({ start, removed: 1, inserted: '' })
  }
  return edits
}

/** Whether position `at` lies between the two halves of one character. */
function cutsPair(text: string, at: number): boolean {
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at))
}
