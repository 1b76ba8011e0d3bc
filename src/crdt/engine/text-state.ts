// The state of a text: its visible UTF-16 units, and the Sequence that says where an edit falls. Half pairs, which only crafted or torn ops leave,
// are counted: while there are any, the text shows U+FFFD for each.

import type { LV } from '../../core/graph.ts'
import { Sequence, type SequenceHost } from '../eg-sequence.ts'
import { UnitBuffer } from '../unit-buffer.ts'
import type { Context } from './context.ts'

import { type Place, State } from './state.ts'

export class TextState extends State implements SequenceHost {
  readonly type = 'text'
  units = new UnitBuffer()
  /** Halves of surrogate pairs that stand alone. */
  lone = 0
  sequence: Sequence
  readonly #context: Context

  constructor(context: Context, place: Place | undefined, maker: LV) {
    super(place, maker)
    this.#context = context
    this.sequence = this.newSequence()
  }

  newSequence(): Sequence {
    const { graph, log, compareBranches, cuts } = this.#context
    return new Sequence(graph, log, compareBranches, this, cuts)
  }

  get length(): number {
    return this.units.length
  }

  /** As it shows. */
  get value(): string {
    const raw = this.units.toString()
    return this.lone === 0 ? raw : raw.toWellFormed()
  }

  insert(index: number, lv: LV, count: number): void {
    const { log } = this.#context
    // Items of consecutive ops are mostly of one row.
    for (let done = 0; done < count; ) {
      const row = log.rowAt(lv + done)
      const part = Math.min(count - done, log.endOf(row) - lv - done)
      const offset = log.bOf(row) + lv + done - log.startOf(row)
      this.put(index + done, offset, part)
      done += part
    }
  }

  remove(index: number, count: number): void {
    const { rollback, patches } = this.#context
    const before = this.lone
    if (this.units.paired) this.lone -= this.#loneIn(index, index + count)
    if (rollback.recording) rollback.removedUnits(this, index, count)
    this.units.remove(index, count)
    if (this.units.paired) this.lone += this.#loneIn(index, index)
    this.#context.touch(this)
    if (patches === undefined) return
    if (before > 0 || this.lone > 0) this.#patchTorn(index, count, 0)
    else this.#context.patchRemove(this, index, count)
  }

  /** Puts content from anywhere: for a loaded text, and to take a removal back. */
  putBack(index: number, units: Uint16Array, from: number, count: number): void {
    this.units.insert(index, units, from, count)
    this.recount()
  }

  /** Takes content out, to take an insert back. */
  takeOut(index: number, count: number): void {
    this.units.remove(index, count)
    this.recount()
  }

  /** Counts half pairs anew. */
  recount(): void {
    this.lone = 0
    if (this.units.paired && !this.units.toString().isWellFormed()) this.lone = this.#loneIn(0, this.length)
  }

  /** A place between the halves of a pair. */
  splitsPair(index: number): boolean {
    if (!this.units.paired || index === 0 || index === this.length) return false
    return isHigh(this.units.unitAt(index - 1)) && isLow(this.units.unitAt(index))
  }

  /** Units from the log's store go in. */
  put(index: number, offset: number, count: number): void {
    const { log, rollback, patches } = this.#context
    const before = this.lone
    // Whether a pair is torn is seen from the units on both sides.
    const torn = this.units.paired ? this.#loneIn(index, index) : 0
    this.units.insert(index, log.units.data, offset, count)
    if (this.units.paired) this.lone += this.#loneIn(index, index + count) - torn
    if (rollback.recording) rollback.inserted(this, index, count)
    this.#context.touch(this)
    if (this.spent) this.#context.grow(this)
    if (patches === undefined) return
    if (before > 0 || this.lone > 0) this.#patchTorn(index, 0, count)
    else this.#context.patchText(this, index, this.units.slice(index, index + count))
  }

  /** Where pairs are torn or come together, a half on either side may show as something else: it goes and comes with what was edited. */
  #patchTorn(index: number, removed: number, inserted: number): void {
    const { units } = this
    const end = index + inserted
    const left = index > 0 && isHigh(units.unitAt(index - 1)) ? 1 : 0
    const right = end < this.length && isLow(units.unitAt(end)) ? 1 : 0
    const from = index - left
    if (left + removed + right > 0) this.#context.patchRemove(this, from, left + removed + right)
    if (from < end + right) this.#context.patchText(this, from, units.slice(from, end + right).toWellFormed())
  }

  /** Half pairs in [from, to), and the halves next to it whose other half would be inside: the rest is not altered by an edit in there. */
  #loneIn(from: number, to: number): number {
    const { units } = this
    let lone = 0
    let isOpen = from > 0 && isHigh(units.unitAt(from - 1))
    for (let at = from; at < to; at++) {
      const unit = units.unitAt(at)
      const closes = isLow(unit)
      if (closes !== isOpen) lone++
      isOpen = isHigh(unit)
    }
    const closes = to < this.length && isLow(units.unitAt(to))
    return closes === isOpen ? lone : lone + 1
  }
}

function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800
}

function isLow(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00
}
