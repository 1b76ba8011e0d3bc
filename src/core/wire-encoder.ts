// Writes bodies (grammar: wire.ts) straight from the columns of log and graph: no object is made for an op, and one typed character costs one
// look at the newest row.

import { assert, present } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { LV } from './graph.ts'
import { type Cut, Kind, type Make, type Meta, type Targets } from './kinds.ts'
import { advanceA, advanceB } from './op-log.ts'
import { lastOfChange, namedSpans } from './split-names.ts'
import { encodeValue, type Scalar } from './value.ts'
import {
  Dot,
  hasKey,
  isInContainer,
  isRun,
  isSequence,
  knownKey,
  linksHead,
  logRowAt,
  Mode,
  positionAfter,
  type Source,
  Where,
  zigzag,
} from './wire.ts'
import { writeAmount, writeCut, writeItem, writeMeta } from './wire-contents.ts'

/** Whether the first op may refer to the one before it, or stands alone. */
export type BodyForm = 'following' | 'alone'

/**
 * How links and targets name an actor first. Who has its past knows it by its short id; by its full name whoever has not can say what is missing.
 * (Containers are in the past of what was linked to.)
 */
export type BodyNames = 'short' | 'full'

/** The actors a session has named: a stand-alone body has a table of its own. */
export interface ActorTable {
  /** The place of a branch in the table, which may be given to it now. */
  indexOf(branch: number): number
}

const nowhere = -1
const shared = new ByteWriter(4096)

/** Writes bodies of one document: to be kept, since making it costs more than what it does for one character. */
export class BodyEncoder {
  readonly #source: Source
  readonly #names: BodyNames
  #writer = shared
  #branch = 0
  #table: ActorTable | undefined
  #named: Map<number, number> | undefined
  #keys: Map<number, number> | undefined
  #firstKey = -1
  #ref = nowhere
  #position = 0
  #time = 0
  #mode = 0

  constructor(source: Source, names: BodyNames = 'short') {
    this.#source = source
    this.#names = names
  }

  /** The body of ops [fromSeq, endSeq) of a branch, which are whole changes. */
  body(branch: number, fromSeq: number, endSeq: number, form: BodyForm = 'following'): Uint8Array {
    this.write(shared.clear(), branch, fromSeq, endSeq, form, undefined)
    return shared.finish()
  }

  /** The same, at the end of what `writer` has. */
  write(
    writer: ByteWriter,
    branch: number,
    fromSeq: number,
    endSeq: number,
    form: BodyForm,
    table: ActorTable | undefined,
  ): void {
    const { graph, log } = this.#source
    if (form === 'following' && fromSeq < endSeq && this.#newest(writer, branch, fromSeq, endSeq, table)) return
    if (!(fromSeq < endSeq && endSeq <= graph.endOf(branch)))
      assert(false, `ops ${fromSeq}-${endSeq} are not among the ${graph.endOf(branch)} of the branch`)
    const first = graph.lvOf(branch, fromSeq)
    this.#writer = writer
    this.#branch = branch
    this.#table = table
    this.#named = undefined
    this.#keys = undefined
    this.#firstKey = -1
    this.#time = 0
    let seq = fromSeq
    let lv = first
    this.#begin(fromSeq, lv, form)
    for (;;) {
      const row = graph.rowAt(lv)
      const end = Math.min(graph.endIn(branch, lv), lv + endSeq - seq)
      if (lv === graph.startOfRow(row)) this.#links(row, seq)
      const isLast = seq + end - lv === endSeq
      for (let at = lv, logRow = logRowAt(log, lv); at < end; logRow++) {
        const until = Math.min(log.endOf(logRow), end)
        this.#row(logRow, at, until, seq + at - lv, isLast && until === end)
        at = until
      }
      seq += end - lv
      if (isLast) break
      lv = graph.lvOf(branch, seq)
    }
  }

  /** The newest ops of all, if they are one change of one run, after the op before: what one edit makes. False for all else. */
  #newest(writer: ByteWriter, branch: number, fromSeq: number, endSeq: number, table: ActorTable | undefined): boolean {
    const { graph, log } = this.#source
    const n = endSeq - fromSeq
    const lv = log.length - n
    const row = log.count - 1
    const start = row < 0 ? lv : log.startOf(row)
    const graphRow = graph.rows - 1
    if (start > lv || graph.branchOfRow(graphRow) !== branch || graph.startOfRow(graphRow) >= lv) return false
    if (graph.endOf(branch) !== endSeq) return false
    if (n > 1 && log.changeEnds.next(lv, 1) !== lv + n - 1) return false
    if (start < lv && n === 1) {
      this.#goesOn(writer, row, lv)
      return true
    }
    const kind = log.kindOf(row)
    const done = lv - start
    if (!isInContainer(kind) || (done === 0 && row === 0)) return false
    const ref = log.refOf(row)
    const before = done > 0 ? row : row - 1
    this.#writer = writer
    this.#branch = branch
    this.#table = table
    this.#named = undefined
    this.#keys = undefined
    this.#firstKey = -1
    this.#ref = log.refOf(before)
    this.#position = positionAfter(log.kindOf(before), log.aOf(before), lv - log.startOf(before))
    const a = advanceA(kind, log.aOf(row), done)
    this.#item(kind, ref, a, advanceB(kind, log.bOf(row), done), n, n === 1 ? Mode.one : Mode.last, fromSeq)
    return true
  }

  /** One op within a run, as most are: where it is and that it ends its change is 0, so that its head is its kind. */
  #goesOn(writer: ByteWriter, row: number, lv: LV): void {
    const { log } = this.#source
    const kind = log.kindOf(row)
    writer.u8(kind)
    const b = log.bOf(row)
    const at = b + lv - log.startOf(row)
    if (kind === Kind.type) writer.varint(log.units.data[at] as number)
    else if (kind === Kind.add) writeAmount(writer, log.aOf(row) === 0 ? b : log.values[b])
    else if (kind === Kind.insert || kind === Kind.append) writeItem(writer, log.values[at] as Scalar | Make)
  }

  #begin(fromSeq: number, lv: LV, form: BodyForm): void {
    this.#ref = form === 'alone' ? nowhere : 0
    this.#position = 0
    if (fromSeq === 0 || form === 'alone') return
    const { graph, log } = this.#source
    const before = lv > graph.startOfRow(graph.rowAt(lv)) ? lv - 1 : graph.lvOf(this.#branch, fromSeq - 1)
    const row = logRowAt(log, before)
    this.#ref = log.refOf(row)
    this.#position = positionAfter(log.kindOf(row), log.aOf(row), before - log.startOf(row) + 1)
  }

  #links(row: number, seq: number): void {
    const { graph } = this.#source
    const own = graph.lvOf(this.#branch, seq - 1)
    const links = graph.parentsOfRow(row).filter((parent) => parent !== own)
    if (links.length === 0) return
    assert(links.length <= limits.links, `a change has at most ${limits.links} links, not ${links.length}`)
    this.#writer.u8(linksHead).varint(links.length)
    for (const link of links) this.#dot(graph.branchAt(link), graph.seqAt(link), seq, 0)
  }

  /**
   * The part [lv, end) of a row, whose first op is `seq`, in pieces of which each ends changes in one way. `isLast`: nothing follows, so that the
   * last op is known to end its change.
   */
  #row(row: number, lv: LV, end: LV, seq: number, isLast: boolean): void {
    const { log } = this.#source
    const kind = log.kindOf(row)
    const ref = log.refOf(row)
    const skipped = lv - log.startOf(row)
    const most = isRun(kind) ? end - lv : 1
    for (let at = lv; at < end; ) {
      const left = Math.min(most, end - at)
      const n = isLast && at + 1 === end ? 1 : this.#pieceAt(at, left)
      const mode = isLast && at + 1 === end ? Mode.one : this.#mode
      const done = skipped + at - lv
      this.#item(
        kind,
        ref,
        advanceA(kind, log.aOf(row), done),
        advanceB(kind, log.bOf(row), done),
        n,
        mode,
        seq + at - lv,
      )
      at += n
    }
  }

  /** How many of the `most` ops from `at` on end changes in one way, which is left in #mode. */
  #pieceAt(at: LV, most: number): number {
    const { changeEnds } = this.#source.log
    if (changeEnds.get(at) === 1) {
      const n = most === 1 ? 1 : Math.min(most, changeEnds.next(at, 0) - at)
      this.#mode = n === 1 ? Mode.one : Mode.each
      return n
    }
    const n = most === 1 ? 2 : changeEnds.next(at, 1) + 1 - at
    this.#mode = n <= most ? Mode.last : Mode.none
    return Math.min(n, most)
  }

  #item(kind: Kind, ref: number, a: number, b: number, n: number, mode: number, seq: number): void {
    const writer = this.#writer
    if (isSequence(kind)) {
      const code = n === 1 && (kind === Kind.erase || kind === Kind.eraseBack) ? this.#direction(ref, a) : kind
      const expected = code === Kind.eraseBack ? this.#position - 1 : this.#position
      const where = ref !== this.#ref ? Where.other : a === expected ? Where.on : Where.jump
      writer.u8(code | (where << 4) | (mode << 6))
      if (mode !== Mode.one) writer.varint(n)
      if (where === Where.other) {
        this.#container(ref, seq)
        writer.varint(a)
      } else if (where === Where.jump) writer.varint(zigzag(a - expected))
      this.#ref = ref
      this.#position = positionAfter(code, a, n)
      if (kind === Kind.type) writer.units(this.#source.log.units.data, b, b + n)
      else if (kind === Kind.insert) this.#items(b, n)
      return
    }
    const key = hasKey(kind) ? this.#keyIndex(a) : -1
    const isSame = !isInContainer(kind) || ref === this.#ref
    writer.u8(kind | ((isSame ? Where.on : Where.other) << 4) | (key >= 0 ? knownKey : 0) | (mode << 6))
    if (mode !== Mode.one && isRun(kind)) writer.varint(n)
    if (!isSame) this.#container(ref, seq)
    this.#ref = ref
    this.#position = 0
    if (key >= 0) writer.varint(key)
    else if (hasKey(kind)) writer.string(this.#source.log.keys[a] as string)
    this.#content(kind, a, b, n, seq)
  }

  /** One delete has no direction: it is a backspace if that is where it goes on. */
  #direction(ref: number, a: number): Kind {
    return ref === this.#ref && a === this.#position - 1 ? Kind.eraseBack : Kind.erase
  }

  #content(kind: Kind, a: number, b: number, n: number, seq: number): void {
    const writer = this.#writer
    const { values } = this.#source.log
    // The log's values are what kinds.ts says for each kind.
    if (kind === Kind.unset) return
    if (kind === Kind.make) writer.varint(b)
    else if (kind === Kind.add) writeAmount(writer, a === 0 ? b : values[b])
    else if (kind === Kind.append) this.#items(b, n)
    else if (kind === Kind.meta) this.#meta(values[b] as Meta)
    else if (kind === Kind.revoke) this.#targets(a, values[b] as Targets, seq)
    else if (kind === Kind.cut) writeCut(writer.u8(a), values[b] as Cut)
    else if (kind === Kind.unknown) writer.varint(a).bytes(values[b] as Uint8Array)
    else encodeValue(writer, values[b] as Scalar)
  }

  #items(from: number, n: number): void {
    const { values } = this.#source.log
    for (let i = from; i < from + n; i++) writeItem(this.#writer, values[i] as Scalar | Make)
  }

  /** The place of a key that this body has named, or -1. */
  #keyIndex(id: number): number {
    if (this.#keys === undefined) {
      // Most bodies name one.
      if (this.#firstKey === id) return 0
      if (this.#firstKey >= 0) this.#keys = new Map([[this.#firstKey, 0]])
      else this.#firstKey = id
    }
    const known = this.#keys?.get(id)
    if (known !== undefined) return known
    this.#keys?.set(id, this.#keys.size)
    return -1
  }

  #meta(meta: Meta): void {
    writeMeta(this.#writer, meta, this.#time)
    this.#time = meta.time ?? this.#time
  }

  #targets(level: number, targets: Targets, seq: number): void {
    const { graph } = this.#source
    const spans = namedSpans(this.#source, targets)
    this.#writer.u8(level).varint(spans.length)
    for (const { from, end } of spans) {
      const branch = graph.branchAt(from)
      const count = end - from
      this.#dot(branch, graph.seqAt(from), seq, 0, count)
      this.#writer.varint(count)
    }
  }

  #container(ref: number, seq: number): void {
    const { graph, log } = this.#source
    const maker = log.makerOf(ref)
    if (maker < 0) this.#writer.u8(0)
    else this.#dot(graph.branchAt(maker), graph.seqAt(maker), seq, 1)
  }

  /** `shift` is 1 where 0 is taken by the root; `count` ops from there on are meant. */
  #dot(branch: number, dotSeq: number, seq: number, shift: number, count = 1): void {
    const writer = this.#writer
    if (branch === this.#branch || this.#isShared(branch, dotSeq + count - 1)) {
      const back = seq - 1 - dotSeq
      if (back < dotSeq) writer.varint(shift + Dot.back).varint(back)
      else writer.varint(shift + Dot.own).varint(dotSeq)
      return
    }
    if (this.#source.actors.isForked(branch)) {
      const last = this.#source.graph.lvOf(branch, dotSeq + count - 1)
      const rest = lastOfChange(this.#source, last) - last
      const tag = present(this.#source.chain, 'forks are hashed').tag(branch, dotSeq + count + rest)
      writer
        .varint(shift + Dot.forked)
        .bytes(this.#source.actors.bytesOf(branch))
        .raw(tag)
        .varint(rest)
        .varint(dotSeq)
      return
    }
    const index = this.#table !== undefined ? this.#table.indexOf(branch) : (this.#named?.get(branch) ?? -1)
    if (index >= 0) writer.varint(shift + Dot.table + index)
    else this.#name(branch, shift)
    writer.varint(dotSeq)
  }

  /** Whether an op of another branch is one of this one's too. */
  #isShared(branch: number, seq: number): boolean {
    const { graph, actors } = this.#source
    return actors.isForked(branch) && graph.isOf(this.#branch, graph.lvOf(branch, seq))
  }

  #name(branch: number, shift: number): void {
    const { actors } = this.#source
    this.#named ??= new Map()
    this.#named.set(branch, this.#named.size)
    const isFull = (this.#names === 'full' && shift === 0) || actors.shortIds.isAmbiguous(branch)
    if (isFull) this.#writer.varint(shift + Dot.full).bytes(actors.bytesOf(branch))
    else this.#writer.varint(shift + Dot.short).raw(actors.shortIds.idOf(branch))
  }
}

/** The body of ops [fromSeq, endSeq) of a branch, which are whole changes. */
export function encodeBody(
  source: Source,
  branch: number,
  fromSeq: number,
  endSeq: number,
  form: BodyForm = 'following',
  names: BodyNames = 'short',
): Uint8Array {
  return new BodyEncoder(source, names).body(branch, fromSeq, endSeq, form)
}
