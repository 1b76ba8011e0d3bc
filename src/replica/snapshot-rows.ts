// Reads the ops of a snapshot (snapshot-ops.ts has the columns) into rows in canonical order. Content is not here yet: rows point to room for it.

import { ByteReader } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Cut, containerTypes, Kind, makes } from '../core/kinds.ts'
import type { OpLog } from '../core/op-log.ts'
import { decodeValue } from '../core/value.ts'
import { endOfRun, hasPlace, placeOf } from './snapshot-branches.ts'
import { DotReader } from './snapshot-canon.ts'
import { ColumnReader, unpack, unzigzag } from './snapshot-columns.ts'
import { type Canonical, InsertedItems, Rows } from './snapshot-lay.ts'
import type { MetaReader } from './snapshot-metas.ts'
import { hasContainer, hasKey, leastUnits, longLength, longPlace, placed, widePlace } from './snapshot-ops.ts'
import { forgotten } from './snapshot-runs.ts'

const streams = 16
/** Kinds with a short head, by code. */
const placedKinds: readonly Kind[] = [Kind.type, Kind.erase, Kind.eraseBack, Kind.insert]
const int32Max = 2 ** 31 - 1

export interface RowsInput extends Canonical {
  readonly heads: Uint8Array
  readonly ops: Uint8Array
  readonly metas: MetaReader
  /** Keys of the state, by their index. */
  readonly keys: readonly string[]
  /** How many units and values there may be at most. */
  readonly room: { readonly units: number; readonly values: number }
}

/** Reads all columns; values that stand there (metas, amounts, targets …) are put into the log, and room is made for the others. */
export function readRows(input: RowsInput, log: OpLog): Rows {
  return new RowsReader(input, log).run()
}

class RowsReader {
  readonly #input: RowsInput
  readonly #log: OpLog
  readonly #rows: Rows
  readonly #heads: ColumnReader
  readonly #columns: readonly ColumnReader[]
  readonly #makerDots: DotReader
  readonly #refs: number[] = [0]
  readonly #keyIds: number[] = []
  readonly #valuesAt: number
  #ref = 0
  #span = 0
  #place = 0
  #nextKey = 0

  constructor(input: RowsInput, log: OpLog) {
    this.#input = input
    this.#log = log
    this.#rows = new Rows(log.units.length)
    this.#valuesAt = log.values.length
    this.#heads = new ColumnReader(input.heads)
    this.#columns = unpack(input.ops, streams)
    this.#makerDots = new DotReader(input.canon, input.base, this.#column(7), this.#column(8))
  }

  run(): Rows {
    const names = this.#column(9)
    for (const key of this.#input.keys) this.#keyIds.push(this.#log.keyId(key))
    for (let reader = new ByteReader(names.rest()); !reader.done; )
      this.#keyIds.push(this.#log.keyId(reader.string(limits.keyBytes)))
    for (const end of this.#input.ends) this.#branch(end)
    this.#heads.end()
    this.#readMakes()
    this.#readVoids()
    for (const column of this.#columns) column.end()
    this.#input.metas.end()
    return this.#rows
  }

  #column(index: number): ColumnReader {
    return this.#columns[index] as ColumnReader
  }

  #branch(end: number): void {
    this.#place = 0
    for (let left = end; left > 0; ) left -= this.#row(left)
  }

  /** Reads one run, of at most `left` units; gives how many it has. */
  #row(left: number): number {
    const head = this.#heads.u8()
    const short = (head >> 4) & 7
    const kind = head < 128 ? (placedKinds[head & 3] as Kind) : ((head & 15) as Kind)
    if (head >= 128 && (placed[kind] ?? -1) >= 0) throw new JoineryError('bad-message', `a head ${head}`)
    const isTyped = kind === Kind.type || kind === Kind.insert
    const long = short === longLength ? this.#column(isTyped ? 0 : 1).varint(left) : 0
    const units = leastUnits(kind) + short + long
    if (units > left) throw new JoineryError('bad-message', 'a run goes beyond its branch')
    let a = 0
    if (hasPlace(kind)) {
      a = this.#readPlace((head >> 2) & 3)
      this.#place = placeOf(endOfRun(kind, a, units))
    }
    const ref = hasContainer(kind) ? this.#readRef() : 0
    if (hasKey(kind)) a = this.#readKey()
    this.#rows.starts.push(this.#rows.length)
    this.#rows.length += units
    this.#rows.kinds.push(kind)
    this.#rows.refs.push(ref)
    this.#content(kind, a, units)
    return units
  }

  #readPlace(code: number): number {
    let place = code
    if (code === longPlace) {
      const rest = this.#column(2).u8()
      if (rest > widePlace) throw new JoineryError('bad-message', `a place of ${rest}`)
      place += rest
      if (rest === widePlace) place += this.#column(3).u8() + 256 * this.#column(4).varint(2 ** 32)
    }
    return placeOf(this.#place + unzigzag(place))
  }

  #readRef(): number {
    if (this.#span === 0) {
      this.#ref += unzigzag(this.#column(5).varint())
      this.#span = 1 + this.#column(6).varint(int32Max)
      if (this.#ref === this.#refs.length) this.#refs.push(this.#log.refTo(this.#makerDots.read()))
    }
    this.#span--
    const ref = this.#refs[this.#ref]
    if (ref === undefined) throw new JoineryError('bad-message', `no container ${this.#ref}`)
    return ref
  }

  #readKey(): number {
    const code = this.#column(10).varint()
    const index = code === 0 ? this.#nextKey : code - 1
    this.#nextKey = index + 1
    const id = this.#keyIds[index]
    if (id === undefined) throw new JoineryError('bad-message', 'a key that is not there')
    return id
  }

  /** `a` and `b` of the row, and room for its content. */
  #content(kind: Kind, a: number, units: number): void {
    let [first, b] = [a, 0]
    switch (kind) {
      case Kind.type:
        b = this.#rows.unitsAt + this.#rows.units
        this.#rows.units += units
        if (this.#rows.units > this.#input.room.units) throw new JoineryError('bad-message', 'more units than content')
        break
      case Kind.insert:
      case Kind.append:
      case Kind.set:
      case Kind.include:
      case Kind.exclude:
      case Kind.assign:
        b = this.#room(units)
        break
      case Kind.meta:
        b = this.#put(this.#input.metas.read())
        break
      case Kind.make:
        b = this.#column(11).varint(int32Max)
        if (b % 16 >= containerTypes.length) throw new JoineryError('bad-message', `a slot of type ${b % 16}`)
        break
      case Kind.add:
        ;[first, b] = this.#readAmount()
        break
      case Kind.revoke:
      case Kind.cut:
      case Kind.unknown:
        first = this.#column(14).varint(int32Max)
        b = this.#put(this.#readExtra(kind, first))
        break
      default:
    }
    if (units > 1 && isSingle(kind) && !(kind === Kind.unknown && first === forgotten))
      throw new JoineryError('bad-message', `a run of ${units} ops of kind ${kind}`)
    this.#rows.as.push(first)
    this.#rows.bs.push(b)
  }

  #room(units: number): number {
    const at = this.#log.values.length
    if (at - this.#valuesAt + units > this.#input.room.values)
      throw new JoineryError('bad-message', 'more values than content')
    for (let i = 0; i < units; i++) this.#log.values.push(undefined)
    return at
  }

  #put(value: unknown): number {
    return this.#log.values.push(value) - 1
  }

  #readAmount(): [a: number, b: number] {
    const code = this.#column(12).varint(2 ** 34)
    if (code % 2 === 1) {
      const amount = this.#decode(14)
      if (code !== 1 || (typeof amount !== 'number' && typeof amount !== 'bigint'))
        throw new JoineryError('bad-message', 'an add without an amount')
      return [1, this.#put(amount)]
    }
    const amount = unzigzag(code / 2)
    if ((amount | 0) !== amount) throw new JoineryError('bad-message', `an amount of ${amount}`)
    return [0, amount]
  }

  #decode(column: number): unknown {
    const from = this.#column(column)
    const reader = new ByteReader(from.peek())
    const value = decodeValue(reader)
    from.raw(from.left - reader.left)
    return value
  }

  #readExtra(kind: Kind, code: number): unknown {
    const extras = this.#column(14)
    if (kind === Kind.revoke) return this.#readTargets(extras)
    if (kind === Kind.unknown) return code === forgotten ? new Uint8Array(0) : extras.bytes().slice()
    const cut: Cut = {
      actor: extras.bytes().slice(),
      afterSeq: extras.varint(limits.seq),
      hash: extras.bytes().slice(),
    }
    return cut
  }

  #readTargets(extras: ColumnReader): Int32Array {
    const { canon, base } = this.#input
    const spans: [number, number][] = []
    for (let count = extras.varint(extras.left); count > 0; count--) {
      const [index, seq, units] = [extras.varint(), extras.varint(), extras.varint()]
      if (units === 0) throw new JoineryError('bad-message', 'a revoke of nothing')
      canon.lvOf(index, seq + units - 1, base)
      // A branch's ops may be apart in the order of LVs.
      for (let at = seq; at < seq + units; ) {
        const lv = canon.lvOf(index, at, base)
        const to = Math.min(lv + seq + units - at, canon.graph.endIn(canon.branches[index] as number, lv))
        spans.push([lv, to])
        at += to - lv
      }
    }
    spans.sort((x, y) => x[0] - y[0])
    return Int32Array.from(joined(spans))
  }

  #readMakes(): void {
    const column = this.#column(13)
    const inserts = new InsertedItems(this.#rows)
    while (column.left > 0) {
      const at = inserts.skip(column.varint())
      const type = containerTypes[column.u8()]
      if (type === undefined || at < 0) throw new JoineryError('bad-message', 'a container that no insert makes')
      this.#log.values[at] = makes[type]
    }
  }

  #readVoids(): void {
    const column = this.#column(15)
    let at = 0
    while (column.left > 0) {
      const from = at + column.varint(int32Max)
      const to = from + column.varint(int32Max)
      if (to > this.#rows.length || to === from || (from === at && at > 0))
        throw new JoineryError('bad-message', 'void ops that are not there')
      this.#rows.voids.push(from)
      this.#rows.voids.push(to)
      at = to
    }
  }
}

/** Whether each run of the kind is one op. */
function isSingle(kind: Kind): boolean {
  return kind === Kind.meta || (kind >= Kind.set && kind !== Kind.add && kind !== Kind.append)
}

function joined(spans: readonly (readonly [number, number])[]): number[] {
  const out: number[] = []
  for (const [from, to] of spans) {
    if (out.length > 0 && from < (out[out.length - 1] as number))
      throw new JoineryError('bad-message', 'a revoke names an op twice')
    if (out.length > 0 && out[out.length - 1] === from) out[out.length - 1] = to
    else out.push(from, to)
  }
  return out
}
