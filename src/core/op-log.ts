// The ops of a document in the order of local versions, run-length encoded in typed columns (core/kinds.ts says what stands in them). It knows
// what was said, not what it means: that is crdt/'s. The event graph (core/graph.ts) knows who said it and what they had seen.
//
//   LV   0        16      17          18       29
//        | meta   | make  | type … 11          | erase …
//   One row for each run; a run ends where the next begins.

import { assert } from '../base/assert.ts'
import { BitRuns, Int32Column, lastAtMost, UnitColumn } from './columns.ts'
import { Kind } from './kinds.ts'

const kindBits = 4
const voidBit = 1 << kindBits
const refShift = kindBits + 1
/** Containers of one document, by the ops that made them: what fits beside the kind. */
const refMax = 2 ** (31 - refShift) - 1

export class OpLog {
  /** Content of texts, in order of arrival. */
  readonly units = new UnitColumn()
  /** Scalars, Makes, Metas and Targets, in order of arrival. */
  readonly values: unknown[] = []
  readonly keys: string[] = []
  /** Whether an op is the last of its change, by LV. */
  readonly changeEnds = new BitRuns()
  #starts = new Int32Column()
  #heads = new Int32Column()
  #as = new Int32Column()
  #bs = new Int32Column()
  readonly #keyIds = new Map<string, number>()
  /** By ref: the LV of the op that made the container; -1 for the root. */
  readonly #makers = new Int32Column()
  readonly #refs = new Map<number, number>([[-1, 0]])
  #length = 0
  /** Rows below this LV are not here yet; #fill brings them. */
  #base = 0
  #fill: ((log: OpLog) => void) | undefined
  /** Content up to here stays when a change that threw is forgotten: rows that came in its midst have theirs there. */
  #unitsKept = 0
  #valuesKept = 0

  constructor() {
    this.#makers.push(-1)
  }

  /** The next LV. */
  get length(): number {
    return this.#length
  }

  /** Rows that are here: thaw() first to go through all of them. */
  get count(): number {
    return this.#starts.length
  }

  /**
   * Appends `units` ops. If `goesOn` (same branch, and its parent is the op before), they may join the last run.
   * `b` of a type, insert or append is an offset that the caller has just filled.
   */
  push(kind: Kind, ref: number, a: number, b: number, units: number, goesOn: boolean): void {
    const last = this.#starts.length - 1
    if (!goesOn || last < 0 || !this.#extend(last, kind, ref, a, b, units)) {
      this.#starts.push(this.#length)
      this.#heads.push(kind | (ref << refShift))
      this.#as.push(a)
      this.#bs.push(b)
    }
    this.#length += units
  }

  /** Marks the newest `units` ops as the end of a change, or as ops within one: to be called once for each push, in order. */
  endChange(units: number): void {
    if (units > 1) this.changeEnds.push(0, units - 1)
    this.changeEnds.push(1)
  }

  /** The row that holds an LV. May bring rows that were not here (`freeze`): numbers of rows that were known before are others then. */
  rowAt(lv: number): number {
    const row = lastAtMost(this.#starts, lv)
    if (row >= 0 || this.#fill === undefined) return row
    this.thaw()
    return lastAtMost(this.#starts, lv)
  }

  /**
   * Lets a new log begin at `base`: the rows below come when one of them is asked for, or by thaw(). `fill` then pushes them into what looks like
   * an empty log, whose content may be anywhere; if it throws, nothing has changed. `changeEnds` must be there already.
   */
  freeze(base: number, fill: (log: OpLog) => void): void {
    assert(this.#length === 0 && this.changeEnds.length === base, `a log that begins at ${base} is new`)
    if (base === 0) return
    this.#base = base
    this.#length = base
    this.#fill = fill
  }

  /** The first LV whose row was not brought by thaw(). */
  get base(): number {
    return this.#base
  }

  /** Whether all rows are here. */
  get isWhole(): boolean {
    return this.#fill === undefined
  }

  /** Brings all rows: for those who go through them by number. */
  thaw(): void {
    const fill = this.#fill
    if (fill === undefined) return
    const above = [this.#starts, this.#heads, this.#as, this.#bs] as const
    const [length, units, values] = [this.#length, this.units.length, this.values.length]
    const put = ([starts, heads, as, bs]: readonly [Int32Column, Int32Column, Int32Column, Int32Column]): void => {
      this.#starts = starts
      this.#heads = heads
      this.#as = as
      this.#bs = bs
    }
    put([new Int32Column(), new Int32Column(), new Int32Column(), new Int32Column()])
    this.#length = 0
    this.#fill = undefined
    try {
      fill(this)
      assert(this.#length === this.#base, `${this.#length} ops came for ${this.#base}`)
    } catch (error) {
      put(above)
      this.#length = length
      this.#fill = fill
      this.units.truncate(units)
      this.values.length = values
      throw error
    }
    const below = [this.#starts, this.#heads, this.#as, this.#bs]
    for (const [i, column] of below.entries())
      for (let row = 0, from = above[i] as Int32Column; row < from.length; row++) column.push(from.at(row))
    this.#length = length
    this.#unitsKept = this.units.length
    this.#valuesKept = this.values.length
  }

  startOf(row: number): number {
    return this.#starts.at(row)
  }

  endOf(row: number): number {
    return row + 1 < this.#starts.length ? this.#starts.at(row + 1) : this.#length
  }

  kindOf(row: number): Kind {
    return (this.#heads.at(row) & (voidBit - 1)) as Kind
  }

  /** Whether the ops of the row count for nothing, ever: out of range, wrong type … (FORMAT §3). */
  isVoid(row: number): boolean {
    return (this.#heads.at(row) & voidBit) !== 0
  }

  refOf(row: number): number {
    return this.#heads.at(row) >>> refShift
  }

  aOf(row: number): number {
    return this.#as.at(row)
  }

  bOf(row: number): number {
    return this.#bs.at(row)
  }

  keyId(key: string): number {
    const known = this.#keyIds.get(key)
    if (known !== undefined) return known
    const id = this.keys.push(key) - 1
    this.#keyIds.set(key, id)
    return id
  }

  /** The small number of the container that the op at `maker` made (-1: the root). */
  refTo(maker: number): number {
    const known = this.#refs.get(maker)
    if (known !== undefined) return known
    const ref = this.#makers.length
    if (ref > refMax) assert(false, `a document has at most ${refMax} containers`)
    this.#makers.push(maker)
    this.#refs.set(maker, ref)
    return ref
  }

  /** The LV of the op that made a container, -1 for the root. */
  makerOf(ref: number): number {
    return this.#makers.at(ref)
  }

  /** Marks ops [from, to) as void: the row is split so that nothing else is touched. */
  markVoid(from: number, to: number): void {
    this.splitAt(from)
    this.splitAt(to)
    for (let row = this.rowAt(from); row < this.count && this.startOf(row) < to; row++)
      this.#heads.data[row] = this.#heads.at(row) | voidBit
  }

  /** Makes a row begin at `lv`, if it is inside one. */
  splitAt(lv: number): void {
    if (lv >= this.#length) return
    const row = this.rowAt(lv)
    const skipped = lv - this.startOf(row)
    if (skipped === 0) return
    const kind = this.kindOf(row)
    const [a, b] = [this.aOf(row), this.bOf(row)]
    const at = row + 1
    this.#starts.insert(at, lv)
    this.#heads.insert(at, this.#heads.at(row))
    this.#as.insert(at, advanceA(kind, a, skipped))
    this.#bs.insert(at, advanceB(kind, b, skipped))
    this.#straighten(row)
    this.#straighten(at)
  }

  /** Forgets everything from `lv` on: for a change that threw. The stores of units and values are cut to what they were then. */
  truncate(lv: number, units: number, values: number): void {
    while (this.count > 0 && this.#starts.last() >= lv) {
      const rows = this.count - 1
      this.#starts.truncate(rows)
      this.#heads.truncate(rows)
      this.#as.truncate(rows)
      this.#bs.truncate(rows)
    }
    this.#length = lv
    if (this.count > 0) this.#straighten(this.count - 1)
    this.units.truncate(Math.max(units, this.#unitsKept))
    this.values.length = Math.max(values, this.#valuesKept)
    if (this.changeEnds.length > lv) this.changeEnds.truncate(lv)
  }

  /** A run that was cut may be a single op: one delete has no direction. */
  #straighten(row: number): void {
    if (this.kindOf(row) === Kind.eraseBack && this.endOf(row) - this.startOf(row) === 1)
      this.#heads.data[row] = (this.#heads.at(row) & ~(voidBit - 1)) | Kind.erase
  }

  /** Lengthens the last row, if the ops go on from it. */
  #extend(last: number, kind: Kind, ref: number, a: number, b: number, units: number): boolean {
    const head = this.#heads.data[last] as number
    if (head >>> refShift !== ref || (head & voidBit) !== 0) return false
    const lastKind = head & (voidBit - 1)
    const lastA = this.#as.data[last] as number
    const lastUnits = this.#length - (this.#starts.data[last] as number)
    switch (kind) {
      case Kind.type:
      case Kind.insert:
        return lastKind === kind && a === lastA + lastUnits && b === (this.#bs.data[last] as number) + lastUnits
      case Kind.append:
        return lastKind === kind && b === (this.#bs.data[last] as number) + lastUnits
      case Kind.add:
        return lastKind === kind && a === 0 && lastA === 0 && b === this.#bs.data[last]
      case Kind.erase:
        if (lastKind === Kind.erase && a === lastA) return true
        return units === 1 && this.#extendBack(last, lastKind, a, lastA, lastUnits)
      case Kind.eraseBack:
        return this.#extendBack(last, lastKind, a, lastA, lastUnits)
      default:
        return false
    }
  }

  #extendBack(last: number, lastKind: number, a: number, lastA: number, lastUnits: number): boolean {
    const isOne = lastKind === Kind.erase && lastUnits === 1
    if ((!isOne && lastKind !== Kind.eraseBack) || a !== lastA - lastUnits) return false
    this.#heads.data[last] = (this.#heads.at(last) & ~(voidBit - 1)) | Kind.eraseBack
    return true
  }
}

/** `a` of the rest of a run when its first `skipped` ops are left out. */
export function advanceA(kind: Kind, a: number, skipped: number): number {
  if (kind === Kind.type || kind === Kind.insert) return a + skipped
  return kind === Kind.eraseBack ? a - skipped : a
}

/** `b` of the rest of a run when its first `skipped` ops are left out. */
export function advanceB(kind: Kind, b: number, skipped: number): number {
  return kind === Kind.type || kind === Kind.insert || kind === Kind.append ? b + skipped : b
}
