// The ops of a snapshot in columns: runs in canonical order, without their content.
//
//   head     one byte a run
//            < 128: what 0-3 (type, erase, eraseBack, insert) + 4 × min(place, 3) + 16 × min(length, 7)
//            else : 128 + kind + 16 × min(length, 7)
//            length: units less the least (2 of eraseBack, 1 of others). A 7 is followed by the rest, varint, in `typed` (type, insert) or `lengths`
//            place: zigzag difference to where the branch's run before ended. A 3 is followed by the rest in `places`: one byte below 253,
//                   else 253 and of what is above it the low byte in `lows`, the others, varint, in `highs`. Random places cost two bytes so.
//   refs     the container of runs that have one, run-length: signed difference of the index in `makers`, and in `spans` how many runs keep it
//   makers   dots of the ops that made containers, in order of first use; index 0 is the root
//   names    keys that the state does not have, as strings
//   keyIds   0: the key after the last one; else 1 + the index among the state's keys and then these, in order of first use
//   slots    of makes: type + 16 × gen varint
//   amounts  of adds: 2 × zigzag varint, or 1 and a value in `extras`
//   makes    inserted containers: gap varint (in inserted items), type u8
//   extras   by kind, see below
//   voids    gap varint, count varint: spans of void ops

import { assert } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import { type Cut, containerTypes, Kind, Make, type Targets } from '../core/kinds.ts'
import type { OpLog } from '../core/op-log.ts'
import { encodeValue } from '../core/value.ts'
import { type BranchContext, endOfRun, hasPlace } from './snapshot-branches.ts'
import { type Canon, DotWriter } from './snapshot-canon.ts'
import { pack, zigzag } from './snapshot-columns.ts'
import { forgotten, type Run, RunCutter } from './snapshot-runs.ts'
import { type Piece, walkBranch } from './snapshot-walk.ts'

export const longLength = 7
export const longPlace = 3
export const widePlace = 253
/** By kind: its code in a short head; -1 for the kinds without a place. */
export const placed: readonly number[] = [-1, 0, 3, 1, 2]

/** The least units of a run, which are not written. */
export function leastUnits(kind: Kind): number {
  return kind === Kind.eraseBack ? 2 : 1
}

export function hasContainer(kind: Kind): boolean {
  return kind !== Kind.meta && kind < Kind.revoke
}

export function hasKey(kind: Kind): boolean {
  return kind === Kind.set || kind === Kind.make || kind === Kind.unset
}

export interface EncodedOps {
  readonly heads: Uint8Array
  readonly ops: Uint8Array
  /** By canonical branch. */
  readonly contexts: readonly BranchContext[]
}

/** `keys` are those of the state, by their index. What `forgets` says of an op is written as forgotten. */
export function encodeOps(
  canon: Canon,
  log: OpLog,
  keys: ReadonlyMap<string, number>,
  forgets: (piece: Readonly<Piece>) => boolean,
): EncodedOps {
  return new OpsWriter(canon, log, keys, forgets).run()
}

class OpsWriter {
  readonly #canon: Canon
  readonly #log: OpLog
  readonly #keys: Map<string, number>
  readonly #forgets: (piece: Readonly<Piece>) => boolean
  readonly #refs = new Map<number, number>([[0, 0]])
  readonly #heads = new ByteWriter(4096)
  readonly #typed = new ByteWriter(1024)
  readonly #lengths = new ByteWriter(1024)
  readonly #places = new ByteWriter(1024)
  readonly #lows = new ByteWriter(1024)
  readonly #highs = new ByteWriter(1024)
  readonly #refIds = new ByteWriter()
  readonly #spans = new ByteWriter()
  readonly #makerBranches = new ByteWriter()
  readonly #makerSeqs = new ByteWriter()
  readonly #names = new ByteWriter()
  readonly #keyIds = new ByteWriter()
  readonly #slots = new ByteWriter()
  readonly #amounts = new ByteWriter()
  readonly #makes = new ByteWriter()
  readonly #extras = new ByteWriter()
  readonly #voids = new ByteWriter()
  readonly #makers: DotWriter
  #place = 0
  #ref = 0
  #span = 0
  #made = 0
  #ordinal = 0
  #voidEnd = 0
  #voidCount = 0
  #nextKey = 0

  constructor(
    canon: Canon,
    log: OpLog,
    keys: ReadonlyMap<string, number>,
    forgets: (piece: Readonly<Piece>) => boolean,
  ) {
    this.#forgets = forgets
    this.#canon = canon
    this.#log = log
    this.#keys = new Map(keys)
    this.#makers = new DotWriter(canon, this.#makerBranches, this.#makerSeqs)
  }

  run(): EncodedOps {
    const contexts = this.#canon.branches.map((_, index) => this.#branch(index))
    this.#endSpan()
    this.#endVoid()
    const ops = pack(
      this.#typed,
      this.#lengths,
      this.#places,
      this.#lows,
      this.#highs,
      this.#refIds,
      this.#spans,
      this.#makerBranches,
      this.#makerSeqs,
      this.#names,
      this.#keyIds,
      this.#slots,
      this.#amounts,
      this.#makes,
      this.#extras,
      this.#voids,
    )
    return { heads: this.#heads.finish(), ops, contexts }
  }

  #branch(index: number): BranchContext {
    this.#place = 0
    let kind: Kind = Kind.meta
    let container = -1
    let time: number | undefined
    const cutter = new RunCutter((run) => {
      kind = run.kind
      container = hasContainer(run.kind) ? this.#log.makerOf(run.ref) : -1
      this.#write(run)
    })
    walkBranch(this.#canon, this.#log, index, (piece) => {
      time = this.#timeOf(piece) ?? time
      this.#note(piece)
      if (this.#forgets(piece)) cutter.push(Kind.unknown, 0, forgotten, undefined, piece.units)
      else cutter.push(piece.kind, piece.ref, piece.a, this.#b(piece), piece.units)
    })
    cutter.flush()
    return { kind, container, next: this.#place, time }
  }

  #timeOf({ kind, b }: Readonly<Piece>): number | undefined {
    return kind === Kind.meta ? (this.#log.values[b] as { readonly time?: number }).time : undefined
  }

  /** Of an add the amount, however it is stored. */
  #b({ kind, a, b }: Readonly<Piece>): unknown {
    return kind === Kind.add && a === 1 ? this.#log.values[b] : b
  }

  /** What goes by op and not by run. */
  #note(piece: Readonly<Piece>): void {
    if (piece.kind === Kind.insert)
      for (let i = 0; i < piece.units; i++) {
        const value = this.#log.values[piece.b + i]
        if (value instanceof Make) {
          this.#makes.varint(this.#made).u8(containerTypes.indexOf(value.type))
          this.#made = 0
        } else this.#made++
      }
    if (piece.isVoid) {
      if (this.#voidCount > 0 && this.#ordinal === this.#voidEnd + this.#voidCount) this.#voidCount += piece.units
      else {
        this.#endVoid()
        this.#voids.varint(this.#ordinal - this.#voidEnd)
        this.#voidEnd = this.#ordinal
        this.#voidCount = piece.units
      }
    }
    this.#ordinal += piece.units
  }

  #endVoid(): void {
    if (this.#voidCount > 0) this.#voids.varint(this.#voidCount)
    this.#voidEnd += this.#voidCount
    this.#voidCount = 0
  }

  #write(run: Readonly<Run>): void {
    const { kind, a, units } = run
    const length = units - leastUnits(kind)
    const short = Math.min(length, longLength)
    const code = placed[kind] ?? -1
    if (code < 0) this.#heads.u8(128 + kind + 16 * short)
    else this.#heads.u8(code + 4 * this.#writePlace(a) + 16 * short)
    if (short === longLength)
      (kind === Kind.type || kind === Kind.insert ? this.#typed : this.#lengths).varint(length - longLength)
    if (hasPlace(kind)) this.#place = endOfRun(kind, a, units)
    if (hasContainer(kind)) this.#writeRef(run.ref)
    if (hasKey(kind)) this.#writeKey(a)
    if (kind === Kind.make) this.#slots.varint(run.b as number)
    else if (kind === Kind.add) this.#writeAmount(run.b)
    else if (kind >= Kind.revoke)
      this.#writeExtra(kind, a, run.b === undefined ? undefined : this.#log.values[run.b as number])
  }

  #writePlace(a: number): number {
    const place = zigzag(a - this.#place)
    if (place < longPlace) return place
    const rest = place - longPlace
    if (rest < widePlace) this.#places.u8(rest)
    else {
      this.#places.u8(widePlace)
      this.#lows.u8((rest - widePlace) % 256)
      this.#highs.varint(Math.floor((rest - widePlace) / 256))
    }
    return longPlace
  }

  #writeRef(ref: number): void {
    let index = this.#refs.get(ref)
    if (index === undefined) {
      index = this.#refs.size
      this.#refs.set(ref, index)
      this.#makers.write(this.#log.makerOf(ref))
    }
    if (this.#span > 0 && index !== this.#ref) this.#endSpan()
    if (this.#span === 0) this.#refIds.varint(zigzag(index - this.#ref))
    this.#ref = index
    this.#span++
  }

  #endSpan(): void {
    if (this.#span > 0) this.#spans.varint(this.#span - 1)
    this.#span = 0
  }

  #writeKey(id: number): void {
    const key = this.#log.keys[id] as string
    let index = this.#keys.get(key)
    if (index === undefined) {
      index = this.#keys.size
      this.#keys.set(key, index)
      this.#names.string(key)
    }
    this.#keyIds.varint(index === this.#nextKey ? 0 : index + 1)
    this.#nextKey = index + 1
  }

  #writeAmount(amount: unknown): void {
    assert(typeof amount === 'number' || typeof amount === 'bigint', 'an add has an amount')
    if (typeof amount === 'number' && (amount | 0) === amount && !Object.is(amount, -0))
      this.#amounts.varint(2 * zigzag(amount))
    else {
      this.#amounts.varint(1)
      encodeValue(this.#extras, amount)
    }
  }

  /**
   *   revoke   level varint, count varint, (branch varint, seq varint, units varint)*    ascending by branch and seq, none touching the next
   *   cut      1 or 2 varint, actor bytes, afterSeq varint, hash bytes
   *   unknown  kind code varint, bytes; or 0 alone, forgotten
   */
  #writeExtra(kind: Kind, a: number, value: unknown): void {
    this.#extras.varint(a)
    if (kind === Kind.unknown && a === forgotten) return
    if (kind === Kind.revoke) this.#writeTargets(value as Targets)
    else if (kind === Kind.cut) {
      const { actor, afterSeq, hash } = value as Cut
      this.#extras.bytes(actor).varint(afterSeq).bytes(hash)
    } else this.#extras.bytes(value as Uint8Array)
  }

  /** The end of the stretch from an op on whose names go on. */
  #endOfName(lv: number): number {
    const { graph, starts, branches } = this.#canon
    let end = graph.endOfRow(graph.rowAt(lv))
    for (const branch of graph.familyOf(graph.branchAt(lv))) {
      const from = lv + (starts[branches.indexOf(branch)] ?? 0) - graph.seqAt(lv)
      if (from > lv && from < end) end = from
    }
    return end
  }

  #writeTargets(targets: Targets): void {
    const { graph } = this.#canon
    const spans: { index: number; seq: number; units: number }[] = []
    for (let i = 0; i + 1 < targets.length; i += 2)
      for (let lv = targets[i] as number; lv < (targets[i + 1] as number); ) {
        const to = Math.min(targets[i + 1] as number, this.#endOfName(lv))
        spans.push({ index: this.#canon.indexAt(lv), seq: graph.seqAt(lv), units: to - lv })
        lv = to
      }
    spans.sort((x, y) => x.index - y.index || x.seq - y.seq)
    const joined: typeof spans = []
    for (const span of spans) {
      const last = joined.at(-1)
      if (last?.index === span.index && last.seq + last.units === span.seq) last.units += span.units
      else joined.push(span)
    }
    this.#extras.varint(joined.length)
    for (const { index, seq, units } of joined) this.#extras.varint(index).varint(seq).varint(units)
  }
}
