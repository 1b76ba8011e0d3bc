// The runs of a snapshot as they were read, in canonical order, and how they come into a log in the order of LVs.

import { JoineryError } from '../base/errors.ts'
import { Int32Column, lastAtMost } from '../core/columns.ts'
import type { LV } from '../core/graph.ts'
import { Kind } from '../core/kinds.ts'
import { advanceA, advanceB, type OpLog } from '../core/op-log.ts'
import type { Canon } from './snapshot-canon.ts'

/** What the ops of a snapshot are. */
export interface Canonical {
  readonly canon: Canon
  /** How many there are. */
  readonly base: LV
  /** How many each canonical branch has. */
  readonly ends: readonly number[]
}

/** Runs in canonical order. `b` are offsets into the log's units and values, of which room was made. */
export class Rows {
  readonly starts = new Int32Column()
  readonly kinds = new Int32Column()
  readonly refs = new Int32Column()
  readonly as = new Int32Column()
  readonly bs = new Int32Column()
  /** Spans of void ops: flat and ascending, in canonical order. */
  readonly voids = new Int32Column()
  readonly unitsAt: number
  /** Units of all texts. */
  units = 0
  /** All ops. */
  length = 0

  constructor(unitsAt: number) {
    this.unitsAt = unitsAt
  }

  get count(): number {
    return this.starts.length
  }

  endOf(row: number): number {
    return row + 1 < this.count ? this.starts.at(row + 1) : this.length
  }

  isVoid(ordinal: number): boolean {
    return (lastAtMost(this.voids, ordinal) & 1) === 0
  }

  /** The end of the stretch from `ordinal` on that is all void, or all not. */
  endOfSame(ordinal: number): number {
    const next = lastAtMost(this.voids, ordinal) + 1
    return next < this.voids.length ? this.voids.at(next) : this.length
  }
}

/** Pushes the rows into the log in the order of LVs. */
export function layRows(rows: Rows, { canon, base, ends }: Canonical, log: OpLog): void {
  const { graph } = canon
  const cursors: number[] = []
  const ordinals: number[] = []
  let ordinal = 0
  for (const end of ends) {
    cursors.push(lastAtMost(rows.starts, ordinal))
    ordinals.push(ordinal)
    ordinal += end
  }
  for (let graphRow = 0, lv = 0; lv < base; graphRow++) {
    const index = canon.indexOf(graph.branchOfRow(graphRow))
    const end = Math.min(base, graph.endOfRow(graphRow))
    let at = ordinals[index] as number
    let row = cursors[index] as number
    while (lv < end) {
      if (at >= rows.endOf(row)) row++
      const units = Math.min(end - lv, rows.endOf(row) - at, rows.endOfSame(at) - at)
      layRow(rows, row, at, units, log)
      at += units
      lv += units
    }
    ordinals[index] = at
    cursors[index] = row
  }
}

function layRow(rows: Rows, row: number, at: number, units: number, log: OpLog): void {
  const whole = rows.kinds.at(row) as Kind
  const skipped = at - rows.starts.at(row)
  const kind = whole === Kind.eraseBack && units === 1 ? Kind.erase : whole
  const start = log.length
  if (log.makerOf(rows.refs.at(row)) >= start)
    throw new JoineryError('bad-message', 'an op is older than what it is in')
  log.push(
    kind,
    rows.refs.at(row),
    advanceA(whole, rows.as.at(row), skipped),
    advanceB(whole, rows.bs.at(row), skipped),
    units,
    false,
  )
  if (rows.isVoid(at)) log.markVoid(start, log.length)
}

/** Goes through the items of all inserts in canonical order. */
export class InsertedItems {
  readonly #rows: Rows
  #row = -1
  #left = 0

  constructor(rows: Rows) {
    this.#rows = rows
  }

  /** The offset in the values of the item after `gap` others; -1 if there are not so many. */
  skip(gap: number): number {
    let left = gap
    while (left >= this.#left) {
      left -= this.#left
      do this.#row++
      while (this.#row < this.#rows.count && this.#rows.kinds.at(this.#row) !== Kind.insert)
      if (this.#row >= this.#rows.count) return -1
      this.#left = this.#rows.endOf(this.#row) - this.#rows.starts.at(this.#row)
    }
    const at =
      this.#rows.bs.at(this.#row) + this.#rows.endOf(this.#row) - this.#rows.starts.at(this.#row) - this.#left + left
    this.#left -= left + 1
    return at
  }
}
