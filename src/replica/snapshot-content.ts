// The content of history: what the state shows is not written again. Visible units and items stand in the state in document order; the others are
// written here in item order; and the order of all items, which a replay gives that needs no content, says which op has which.

import { assert } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { UnitColumn, unitsToString } from '../core/columns.ts'
import type { LV } from '../core/graph.ts'
import { Kind, Make } from '../core/kinds.ts'
import type { OpLog } from '../core/op-log.ts'
import { decodeValue, encodeValue, type Scalar } from '../core/value.ts'
import type { ContainerState, DocState, ItemState } from '../crdt/engine/state-form.ts'
import type { Canon } from './snapshot-canon.ts'
import type { Canonical, Rows } from './snapshot-lay.ts'
import { MetaWriter } from './snapshot-metas.ts'
import type { EncodedState } from './snapshot-state.ts'
import { encodeUnits } from './snapshot-text.ts'
import { type Piece, walkBranch } from './snapshot-walk.ts'

/** All items of a text or list that ever were, in document order. */
export interface SequenceOrder {
  /** The LV of an op that made the container. */
  readonly container: LV
  /** Spans of ops, flat: [first LV, count, 1 if visible else 0, …]. A span is of ops that follow each other in the log. */
  readonly spans: ArrayLike<number>
}

export interface HiddenContent {
  readonly metas: Uint8Array
  readonly units: Uint8Array
  readonly values: Uint8Array
}

/** Whether each op of the kind has a value that is content: what the state may have instead. */
function hasValue(kind: Kind): boolean {
  return kind === Kind.set || (kind >= Kind.include && kind <= Kind.assign)
}

export function encodeHidden(
  state: DocState,
  { order }: EncodedState,
  orders: readonly SequenceOrder[],
  canon: Canon,
  log: OpLog,
): HiddenContent {
  const units = new UnitColumn()
  const values = new ByteWriter()
  const metas = new MetaWriter()
  const byMaker = ordersByMaker(orders)
  for (const index of order) {
    const container = state.containers[index] as ContainerState
    const spans = spansOf(container, byMaker)
    if (container.content.type === 'text') hideUnits(spans, log, container.content.text.length, units)
    else if (container.content.type === 'list') hideItems(spans, log, container.content.items.length, values)
  }
  const shown = shownValues(state)
  const visit = (piece: Readonly<Piece>): void => {
    const { lv, kind, b, units: count } = piece
    if (kind === Kind.meta) metas.write(log.values[b] as object)
    else if (kind === Kind.type && piece.isVoid) units.pushUnits(log.units.data.subarray(b, b + count))
    else if (kind === Kind.insert && piece.isVoid) for (let i = 0; i < count; i++) hideItem(log.values[b + i], values)
    else if (hasValue(kind))
      for (let i = 0; i < count; i++) if (!shown.has(lv + i)) encodeValue(values, log.values[b + i] as Scalar)
  }
  for (const index of canon.branches.keys()) walkBranch(canon, log, index, visit)
  return {
    metas: metas.finish(),
    units: encodeUnits(unitsToString(units.data, 0, units.length)),
    values: values.finish(),
  }
}

function hideUnits(spans: ArrayLike<number>, log: OpLog, visible: number, out: UnitColumn): void {
  let left = visible
  forEachPart(spans, log, Kind.type, (at, count, isVisible) => {
    if (isVisible) left -= count
    else out.pushUnits(log.units.data.subarray(at, at + count))
  })
  assert(left === 0, `a text shows ${left} units more than its order has`)
}

function hideItems(spans: ArrayLike<number>, log: OpLog, visible: number, out: ByteWriter): void {
  let left = visible
  forEachPart(spans, log, Kind.insert, (at, count, isVisible) => {
    if (isVisible) left -= count
    else for (let i = at; i < at + count; i++) hideItem(log.values[i], out)
  })
  assert(left === 0, `a list shows ${left} items more than its order has`)
}

/** Inserted containers are told of with the ops. */
function hideItem(item: unknown, out: ByteWriter): void {
  if (!(item instanceof Make)) encodeValue(out, item as Scalar)
}

/** Goes through the spans as parts of rows, with the offset of their content. False if they are not of this kind, or void. */
function forEachPart(
  spans: ArrayLike<number>,
  log: OpLog,
  kind: Kind,
  visit: (at: number, count: number, isVisible: boolean) => void,
): boolean {
  for (let i = 0; i < spans.length; i += 3) {
    let lv = spans[i] as number
    const end = lv + (spans[i + 1] as number)
    for (let row = log.rowAt(lv); lv < end; row++) {
      if (row < 0 || row >= log.count || log.kindOf(row) !== kind || log.isVoid(row)) return false
      const to = Math.min(end, log.endOf(row))
      visit(log.bOf(row) + lv - log.startOf(row), to - lv, spans[i + 2] === 1)
      lv = to
    }
  }
  return true
}

function ordersByMaker(orders: readonly SequenceOrder[]): Map<LV, ArrayLike<number>> {
  return new Map(orders.map(({ container, spans }) => [container, spans]))
}

function spansOf({ makers }: ContainerState, byMaker: ReadonlyMap<LV, ArrayLike<number>>): ArrayLike<number> {
  for (const maker of makers) {
    const spans = byMaker.get(maker)
    if (spans !== undefined) return spans
  }
  return []
}

/** Values of the state by the op they are of: all but those of texts and lists. */
function shownValues({ containers }: DocState): Map<LV, Scalar> {
  const out = new Map<LV, Scalar>()
  for (const { content } of containers) {
    if (content.type === 'map') {
      for (const { heads } of content.entries)
        for (const head of heads) if (head.kind === 'set') out.set(head.lv, head.value)
    } else if (content.type === 'log' || content.type === 'register') {
      for (const { lv, value } of content.type === 'log' ? content.items : content.heads) out.set(lv, value)
    } else if (content.type === 'set' || content.type === 'rwset')
      for (const { value, includes, excludes } of content.members) {
        for (const lv of includes) out.set(lv, value)
        for (const lv of excludes) out.set(lv, value)
      }
  }
  return out
}

export interface FillInput extends Canonical {
  readonly state: DocState
  /** Of all containers in canonical order, their indexes in the state. */
  readonly order: readonly number[]
  readonly orders: readonly SequenceOrder[]
  readonly rows: Rows
  /** What does not show; nothing if it was dropped. */
  readonly hidden: { readonly text: string; readonly values: Uint8Array } | undefined
}

/** Puts content into the log's room for it. What was dropped is U+FFFD and null. */
export function fillContent(input: FillInput, log: OpLog): void {
  new Filler(input, log).run()
}

class Filler {
  readonly #input: FillInput
  readonly #log: OpLog
  readonly #values: ByteReader
  readonly #shown: ReadonlyMap<LV, Scalar>
  #hiddenUnit = 0
  #units = 0
  #branch = 0
  #branchStart = 0

  constructor(input: FillInput, log: OpLog) {
    this.#input = input
    this.#shown = shownValues(input.state)
    this.#log = log
    this.#values = new ByteReader(input.hidden?.values ?? new Uint8Array(0))
  }

  run(): void {
    const { state, order, orders, hidden, rows } = this.#input
    const byMaker = ordersByMaker(orders)
    for (const index of order) {
      const container = state.containers[index] as ContainerState
      const spans = spansOf(container, byMaker)
      if (container.content.type === 'text') this.#text(spans, container.content.text)
      else if (container.content.type === 'list') this.#list(spans, container.content.items)
    }
    this.#others()
    this.#values.end()
    if (this.#units !== rows.units || (hidden !== undefined && this.#hiddenUnit !== hidden.text.length))
      throw contradiction('units')
  }

  #text(spans: ArrayLike<number>, text: string): void {
    let shown = 0
    const isWhole = forEachPart(spans, this.#log, Kind.type, (at, count, isVisible) => {
      if (isVisible) {
        this.#putUnits(at, text, shown, count)
        shown += count
      } else this.#hideUnits(at, count)
    })
    if (!isWhole || shown !== text.length) throw contradiction('a text')
  }

  #hideUnits(at: number, count: number): void {
    const { hidden } = this.#input
    if (hidden === undefined) {
      this.#units += count
      return
    }
    this.#putUnits(at, hidden.text, this.#hiddenUnit, count)
    this.#hiddenUnit += count
  }

  #putUnits(at: number, from: string, index: number, count: number): void {
    if (index + count > from.length) throw contradiction('units')
    const { data } = this.#log.units
    for (let i = 0; i < count; i++) data[at + i] = from.charCodeAt(index + i)
    this.#units += count
  }

  #list(spans: ArrayLike<number>, items: readonly ItemState[]): void {
    const { values } = this.#log
    let shown = 0
    const isWhole = forEachPart(spans, this.#log, Kind.insert, (at, count, isVisible) => {
      for (let i = at; i < at + count; i++) {
        const item = isVisible ? items[shown++] : undefined
        if (isVisible && (item === undefined || 'container' in item !== values[i] instanceof Make))
          throw contradiction('a list')
        if (values[i] instanceof Make) continue
        values[i] = item !== undefined && 'value' in item ? item.value : this.#hiddenValue()
      }
    })
    if (!isWhole || shown !== items.length) throw contradiction('a list')
  }

  #hiddenValue(): Scalar {
    return this.#input.hidden === undefined ? null : decodeValue(this.#values)
  }

  /** Content of void ops, and values of ops that are no inserts, in canonical order. */
  #others(): void {
    const { rows } = this.#input
    for (let row = 0; row < rows.count; row++) {
      const kind = rows.kinds.at(row) as Kind
      if (kind === Kind.type || kind === Kind.insert) this.#voids(row, kind)
      else if (hasValue(kind)) this.#plain(row)
    }
  }

  #voids(row: number, kind: Kind): void {
    const { rows } = this.#input
    if (rows.voids.length === 0) return
    const start = rows.starts.at(row)
    for (let at = start; at < rows.endOf(row); ) {
      const end = Math.min(rows.endOf(row), rows.endOfSame(at))
      const offset = rows.bs.at(row) + at - start
      if (rows.isVoid(at)) {
        if (kind === Kind.type) this.#hideUnits(offset, end - at)
        else
          for (let i = offset; i < offset + end - at; i++)
            if (!(this.#log.values[i] instanceof Make)) this.#log.values[i] = this.#hiddenValue()
      }
      at = end
    }
  }

  #plain(row: number): void {
    const { rows } = this.#input
    for (let at = rows.starts.at(row), i = rows.bs.at(row); at < rows.endOf(row); at++, i++) {
      const lv = this.#lvAt(at)
      this.#log.values[i] = this.#shown.has(lv) ? this.#shown.get(lv) : this.#hiddenValue()
    }
  }

  /** The LV of an op by its place in canonical order: asked in ascending order. */
  #lvAt(ordinal: number): LV {
    const { canon, ends } = this.#input
    while (ordinal >= this.#branchStart + (ends[this.#branch] as number)) {
      this.#branchStart += ends[this.#branch] as number
      this.#branch++
    }
    const seq = (canon.starts[this.#branch] as number) + ordinal - this.#branchStart
    return canon.graph.lvOf(canon.branches[this.#branch] as number, seq)
  }
}

function contradiction(what: string): JoineryError {
  return new JoineryError('bad-message', `the ops of a snapshot and its state do not have the same content: ${what}`)
}
