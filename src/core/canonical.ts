// What is hashed of a block of ops, version 0: one stream of structure and one of contents, the same for every peer, however ranges, rows and
// batches were cut and whatever numbers ops, actors and keys have here. FORMAT section 2; hash-chain.ts puts the hashes together.
//
//   M     = run*, ends, links                   up to the number of ops in the block
//   run   = kind u8, [container], rest          as long as it can be: an op that may join the run before it does, changes and parents aside
//     type       position varint, n varint      C: n units, each a varint        joins at position + n
//     insert     class u8, position, n          C: n values                      class 0; joins likewise
//                                               C: nothing                       class 1 + type: a Make; joins likewise
//     erase      position, n                    C: nothing                       joins at the same position
//     eraseBack  position, n ≥ 2                C: nothing                       joins at position - n; a single erase becomes one
//     set key                                   C: value
//     make key, type + 16 * gen varint          unset key
//     add        n varint                       C: value, once                   joins if the amount is the same
//     append     n varint                       C: n values                      joins
//     include, exclude, assign                  C: value
//     meta       flags u8, [time varint]        C: [message], [salt (16)], [depends]
//     revoke     level u8, count varint, runs   run = 0 | actor, seq varint, n varint: own ones first, then by actor bytes, then by seq;
//                                               none touches the next
//     cut        1 | 2 u8, actor, afterSeq varint, hash (32)
//     15         code varint                    C: content
//   container = 0 that of the last run in this block that has one | 1 the root | 2 own, seq varint | 3 actor, seq varint
//               the op that made it, as the author named it. (When branches of one actor are told apart, 4 will name an op behind a fork
//               that is in this op's past, with the first differing hash.)
//   actor     = length varint (≥ 1), bytes
//   ends      = lengths varint: of ops that end no change, of ops that end one, in turn, until the block is full
//   links     = (1 + index of the op varint, count varint, chain hashes (32) ascending)*, 0
//   key, value, message, depends, content of 15 = length varint, bytes; or, beyond 32 bytes, length varint, SHA-256 of the bytes
//
// A branch does not name its own actor: so a self-certifying actor can be the hash of its ops.

import { sha256 } from '@noble/hashes/sha2.js'
import { assert } from '../base/assert.ts'
import { ByteWriter, toHex, utf8 } from '../base/bytes.ts'
import type { LV } from './graph.ts'
import { type Cut, Kind, Make, type Meta, type Targets } from './kinds.ts'
import { advanceA, advanceB } from './op-log.ts'
import { encodeValue, type Scalar } from './value.ts'
import { hasKey, isInContainer, logRowAt, type Source, saltBytes } from './wire.ts'
import { flagsOf, typeCode } from './wire-contents.ts'

/** The hash of a value above this size is remembered: a block whose hash is asked for again and again costs a millisecond at most. */
const rememberedBytes = 1024
const plainBytes = 32
const noKind = -1
const noRef = -1
const zeroSalt = new Uint8Array(saltBytes)

/** Writes the two streams of one block, or of the first part of one. */
export class Canonical {
  readonly #source: Source
  readonly #metadata = new ByteWriter()
  /** Begins with room for the salt. */
  readonly #contents = new ByteWriter()
  readonly #ends = new ByteWriter(64)
  readonly #links = new ByteWriter(64)
  readonly #scratch = new ByteWriter(64)
  /** By place among the log's values: large ones as they stand in the contents. */
  readonly #remembered = new Map<number, Uint8Array>()
  /** The salt that the block's first op gives, and the last one in the block. */
  firstSalt: Uint8Array | undefined
  lastSalt: Uint8Array | undefined
  #branch = 0
  #seq = 0
  #from = 0
  /** The container of the last run that has one. */
  #lastRef = noRef
  // The run that may still grow.
  #kind = noKind
  #ref = 0
  #class = 0
  #a = 0
  #n = 0
  #amount: unknown
  // Ops in turn that end no change and that end one.
  #endsBit = 0
  #endsCount = 0

  constructor(source: Source) {
    this.#source = source
  }

  get metadata(): Uint8Array {
    return this.#metadata.view()
  }

  /** The contents behind this salt. */
  contents(salt: Uint8Array): Uint8Array {
    const view = this.#contents.view()
    view.set(salt)
    return view
  }

  /** Writes ops [from, end) of a branch. `hashAt` gives the chain hash of what a change links to. */
  write(branch: number, from: number, end: number, hashAt: (link: LV) => Uint8Array): void {
    const { graph, log } = this.#source
    this.#begin(branch, from)
    while (this.#seq < end) {
      const lv = graph.lvOf(branch, this.#seq)
      const row = graph.rowAt(lv)
      const until = Math.min(lv + end - this.#seq, graph.endOfRow(row))
      if (lv === graph.startOfRow(row)) this.#link(linksOf(this.#source, row), hashAt)
      this.#countEnds(lv, until)
      for (let at = lv, logRow = logRowAt(log, lv); at < until; logRow++) {
        const rowEnd = Math.min(until, log.endOf(logRow))
        this.#row(logRow, at - log.startOf(logRow), rowEnd - at)
        at = rowEnd
      }
    }
    this.#flush()
    this.#ends.varint(this.#endsCount)
    this.#metadata.raw(this.#ends.view()).raw(this.#links.view()).u8(0)
  }

  /** Forgets values that are no longer there. */
  truncate(values: number): void {
    for (const place of this.#remembered.keys()) if (place >= values) this.#remembered.delete(place)
  }

  #begin(branch: number, from: number): void {
    this.#branch = branch
    this.#seq = from
    this.#from = from
    this.#metadata.clear()
    this.#ends.clear()
    this.#links.clear()
    this.#contents.clear().raw(zeroSalt)
    this.#lastRef = noRef
    this.#kind = noKind
    this.#endsBit = 0
    this.#endsCount = 0
    this.firstSalt = undefined
    this.lastSalt = undefined
  }

  #link(links: readonly LV[], hashAt: (link: LV) => Uint8Array): void {
    if (links.length === 0) return
    const hashes = links.map(hashAt).map((hash) => [toHex(hash), hash] as const)
    hashes.sort(([a], [b]) => (a < b ? -1 : 1))
    this.#links.varint(1 + this.#seq - this.#from).varint(hashes.length)
    for (const [, hash] of hashes) this.#links.raw(hash)
  }

  #countEnds(lv: LV, until: LV): void {
    const { changeEnds } = this.#source.log
    for (let at = lv; at < until; ) {
      const bit = changeEnds.get(at)
      const next = Math.min(until, changeEnds.next(at, bit === 0 ? 1 : 0))
      if (bit !== this.#endsBit) {
        this.#ends.varint(this.#endsCount)
        this.#endsBit = bit
        this.#endsCount = 0
      }
      this.#endsCount += next - at
      at = next
    }
  }

  #row(row: number, skipped: number, n: number): void {
    const { log } = this.#source
    const kind = log.kindOf(row)
    const ref = log.refOf(row)
    const a = advanceA(kind, log.aOf(row), skipped)
    const b = advanceB(kind, log.bOf(row), skipped)
    if (kind === Kind.type) {
      this.#grow(kind, ref, 0, a, n)
      this.#contents.units(log.units.data, b, b + n)
    } else if (kind === Kind.erase || kind === Kind.eraseBack) this.#erase(ref, a, n, kind === Kind.eraseBack && n > 1)
    else if (kind === Kind.insert) this.#insert(ref, a, b, n)
    else if (kind === Kind.append) {
      if (this.#kind === kind && this.#ref === ref) this.#n += n
      else this.#start(kind, ref, 0, 0, n)
      for (let i = b; i < b + n; i++) this.#value(i)
    } else if (kind === Kind.add) this.#add(ref, a === 0 ? b : log.values[b], n)
    else this.#single(kind, ref, a, b)
    this.#seq += n
  }

  /** Ops whose position is `a`: of the run before, if it ends there. */
  #grow(kind: Kind, ref: number, itemClass: number, a: number, n: number): void {
    const joins = this.#kind === kind && this.#ref === ref && this.#class === itemClass && this.#a + this.#n === a
    if (joins) this.#n += n
    else this.#start(kind, ref, itemClass, a, n)
  }

  #start(kind: Kind, ref: number, itemClass: number, a: number, n: number): void {
    this.#flush()
    this.#kind = kind
    this.#ref = ref
    this.#class = itemClass
    this.#a = a
    this.#n = n
  }

  /** Writes the run that cannot grow any more. */
  #flush(): void {
    if (this.#kind === noKind) return
    const kind = this.#kind as Kind
    const metadata = this.#metadata.u8(kind)
    this.#container(this.#ref)
    if (kind === Kind.insert) metadata.u8(this.#class)
    if (kind !== Kind.append && kind !== Kind.add) metadata.varint(this.#a)
    metadata.varint(this.#n)
    this.#kind = noKind
  }

  #insert(ref: number, a: number, b: number, n: number): void {
    const { values } = this.#source.log
    for (let i = 0; i < n; i++) {
      const item = values[b + i]
      const itemClass = item instanceof Make ? 1 + typeCode(item.type) : 0
      this.#grow(Kind.insert, ref, itemClass, a + i, 1)
      if (itemClass === 0) this.#value(b + i)
    }
  }

  #add(ref: number, amount: unknown, n: number): void {
    if (this.#kind === Kind.add && this.#ref === ref && Object.is(this.#amount, amount)) {
      this.#n += n
      return
    }
    this.#start(Kind.add, ref, 0, 0, n)
    this.#amount = amount
    encodeValue(this.#scratch.clear(), amount as number | bigint)
    sized(this.#contents, this.#scratch.view())
  }

  /** The first unit may join the run before where the others do not: whether rows were cut there must not show. */
  #erase(ref: number, a: number, n: number, isBack: boolean): void {
    const direction = this.#eraseDirection(ref, a)
    if (direction !== noKind) {
      const joinsWhole = n === 1 || isBack === (direction === Kind.eraseBack)
      this.#kind = direction
      this.#n += joinsWhole ? n : 1
      if (joinsWhole) return
      const rest = n - 1
      this.#start(isBack && rest > 1 ? Kind.eraseBack : Kind.erase, ref, 0, isBack ? a - 1 : a, rest)
    } else this.#start(isBack ? Kind.eraseBack : Kind.erase, ref, 0, a, n)
  }

  /** Which way the run before goes if it takes an erase at `a`. */
  #eraseDirection(ref: number, a: number): number {
    if (this.#ref !== ref) return noKind
    if (this.#kind === Kind.eraseBack) return a === this.#a - this.#n ? Kind.eraseBack : noKind
    if (this.#kind !== Kind.erase) return noKind
    if (a === this.#a) return Kind.erase
    return this.#n === 1 && a === this.#a - 1 ? Kind.eraseBack : noKind
  }

  #single(kind: Kind, ref: number, a: number, b: number): void {
    this.#flush()
    const { log } = this.#source
    const metadata = this.#metadata.u8(kind)
    if (isInContainer(kind)) this.#container(ref)
    if (hasKey(kind)) sized(metadata, utf8(log.keys[a] as string))
    // The log's values are what kinds.ts says for each kind.
    if (kind === Kind.make) metadata.varint(b)
    else if (kind === Kind.meta) this.#meta(log.values[b] as Meta)
    else if (kind === Kind.revoke) this.#targets(a, log.values[b] as Targets)
    else if (kind === Kind.cut) {
      const { actor, afterSeq, hash } = log.values[b] as Cut
      metadata.u8(a).bytes(actor).varint(afterSeq).raw(hash)
    } else if (kind === Kind.unknown) {
      metadata.varint(a)
      sized(this.#contents, log.values[b] as Uint8Array)
    } else if (kind !== Kind.unset) this.#value(b)
  }

  #meta(meta: Meta): void {
    const { time, message, salt, depends } = meta
    this.#metadata.u8(flagsOf(meta))
    if (time !== undefined) this.#metadata.varint(time)
    if (message !== undefined) sized(this.#contents, utf8(message))
    if (salt !== undefined) {
      assert(salt.length === saltBytes, `a salt has ${saltBytes} bytes, not ${salt.length}`)
      this.#contents.raw(salt)
      if (this.#seq === this.#from) this.firstSalt = salt
      this.lastSalt = salt
    }
    if (depends !== undefined) sized(this.#contents, depends)
  }

  #targets(level: number, targets: Targets): void {
    const { actors } = this.#source
    const runs = dotRunsOf(this.#source, targets)
    const own = this.#branch
    runs.sort(
      (x, y) =>
        Number(y.branch === own) - Number(x.branch === own) || actors.compare(x.branch, y.branch) || x.from - y.from,
    )
    const joined: typeof runs = []
    for (const run of runs) {
      const last = joined[joined.length - 1]
      if (last !== undefined && last.branch === run.branch && last.end === run.from) last.end = run.end
      else joined.push(run)
    }
    this.#metadata.u8(level).varint(joined.length)
    for (const { branch, from, end } of joined) {
      if (branch === own) this.#metadata.u8(0)
      else this.#metadata.bytes(actors.bytesOf(branch))
      this.#metadata.varint(from).varint(end - from)
    }
  }

  #container(ref: number): void {
    const { graph, log, actors } = this.#source
    const metadata = this.#metadata
    const isSame = ref === this.#lastRef
    this.#lastRef = ref
    const maker = log.makerOf(ref)
    if (isSame) metadata.u8(0)
    else if (maker < 0) metadata.u8(1)
    else if (graph.branchAt(maker) === this.#branch) metadata.u8(2).varint(graph.seqAt(maker))
    else
      metadata
        .u8(3)
        .bytes(actors.bytesOf(graph.branchAt(maker)))
        .varint(graph.seqAt(maker))
  }

  #value(place: number): void {
    const known = this.#remembered.get(place)
    if (known !== undefined) {
      this.#contents.raw(known)
      return
    }
    encodeValue(this.#scratch.clear(), this.#source.log.values[place] as Scalar)
    const start = this.#contents.length
    sized(this.#contents, this.#scratch.view())
    if (this.#scratch.length > rememberedBytes) this.#remembered.set(place, this.#contents.view().slice(start))
  }
}

/** The links of a graph row's first op: its parents, without the branch's op before. */
export function linksOf({ graph }: Source, row: number): LV[] {
  const own = graph.lvOf(graph.branchOfRow(row), graph.seqOfRow(row) - 1)
  return graph.parentsOfRow(row).filter((parent) => parent !== own)
}

/** Spans of LVs as runs of seqs. */
export function dotRunsOf({ graph }: Source, targets: Targets): { branch: number; from: number; end: number }[] {
  const runs: { branch: number; from: number; end: number }[] = []
  for (let i = 0; i < targets.length; i += 2) {
    const end = targets[i + 1] as number
    for (let lv = targets[i] as number; lv < end; ) {
      const row = graph.rowAt(lv)
      const count = Math.min(end, graph.endOfRow(row)) - lv
      const from = graph.seqAt(lv)
      runs.push({ branch: graph.branchOfRow(row), from, end: from + count })
      lv += count
    }
  }
  return runs
}

function sized(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length)
  writer.raw(bytes.length > plainBytes ? sha256(bytes) : bytes)
}
