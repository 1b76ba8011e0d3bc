// What is hashed of a block of ops, version 0: one stream of structure and one of contents, the same for every peer, however ranges, rows and
// batches were cut and whatever numbers ops, actors and keys have here. FORMAT section 2; hash-chain.ts puts the hashes together.
//
//   M     = (run | links)*, ends
//   run   = kind u8, [container], rest          as long as it can be: an op that may join the run before it does, changes and links aside;
//                                               written where the next one begins
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
//     revoke     level u8, count varint, runs   run = 0 | actor | 65 u8, actor, hash (32); seq varint, n varint: own ones first, then by actor
//                                               bytes and seq, then those with a hash; none goes on from another
//     cut        1 | 2 u8, actor, afterSeq varint, hash (32)
//     15         code varint                    C: content
//   container = 0 that of the last run in this block that has one | 1 the root | 2 own, seq varint | 3 actor, seq varint
//             | 4 actor, seq varint, hash (32)   the op that made it, as the author named it
//   hash      where the run's first op has two ops of that actor and seq in its past (forks.ts): the chain's after the change of the one that is
//             meant, of targets of the last of the run
//   actor     = length varint (≥ 1), bytes
//   links     = 16 u8, index of the op in the block varint, count varint, chain hashes (32) ascending
//               written where the op is read, which is before the run that it is in
//   ends      = lengths varint: of ops that end no change, of ops that end one, in turn
//   key, value, message, depends, content of 15 = length varint, bytes; or, beyond 32 bytes, length varint, SHA-256 of the bytes
//
// A branch does not name its own actor: so a self-certifying actor can be the hash of its ops.

import { sha256 } from '@noble/hashes/sha2.js'
import { assert } from '../base/assert.ts'
import { ByteWriter, toHex, utf8 } from '../base/bytes.ts'
import { CanonicalRuns, noRef } from './canonical-runs.ts'
import type { LV } from './graph.ts'
import { type Cut, Kind, Make, type Meta, type Targets } from './kinds.ts'
import { advanceA, advanceB } from './op-log.ts'
import { RunningHash } from './running-hash.ts'
import { lastOfChange, targetRuns } from './split-names.ts'
import { encodeValue, type Scalar } from './value.ts'
import { hasKey, isInContainer, logRowAt, type Source, saltBytes } from './wire.ts'
import { flagsOf, typeCode } from './wire-contents.ts'

/** The hash of a value above this size is remembered: a block whose hash is asked for again and again costs a millisecond at most. */
const rememberedBytes = 1024
const plainBytes = 32
const linksHead = 16
/** In the place of an actor's length, which is 64 at most. */
const splitName = 65
const zeroSalt = new Uint8Array(saltBytes)

/** Writes the two streams of one block, op after op: what is there can be hashed at any end, and goes on from there. */
export class Canonical {
  readonly #source: Source
  readonly #runs: CanonicalRuns
  /** Begins with room for the salt. */
  readonly #contents = new ByteWriter()
  readonly #ends = new ByteWriter(64)
  readonly #metadataHash = new RunningHash()
  readonly #contentsHash = new RunningHash()
  readonly #scratch = new ByteWriter(64)
  /** By place among the log's values: large ones as they stand in the contents. */
  readonly #remembered: Map<number, Uint8Array>
  /** The salt that the block's first op gives, and the last one in the block. */
  firstSalt: Uint8Array | undefined
  lastSalt: Uint8Array | undefined
  #branch = 0
  #seq = 0
  #from = 0
  // Ops in turn that end no change and that end one.
  #endsBit = 0
  #endsCount = 0

  constructor(source: Source, remembered: Map<number, Uint8Array>) {
    this.#source = source
    this.#runs = new CanonicalRuns(source)
    this.#remembered = remembered
  }

  /** The first op of the block. */
  get from(): number {
    return this.#from
  }

  /** The next op to be read. */
  get end(): number {
    return this.#seq
  }

  begin(branch: number, from: number): void {
    this.#branch = branch
    this.#seq = from
    this.#from = from
    this.#runs.begin(branch)
    this.#metadataHash.restart()
    this.#contentsHash.restart()
    this.#ends.clear()
    this.#contents.clear().raw(zeroSalt)
    this.#endsBit = 0
    this.#endsCount = 0
    this.firstSalt = undefined
    this.lastSalt = undefined
  }

  /** Reads on to op `end` of the branch. `hashAt` gives the chain hash of what a change links to. */
  extend(end: number, hashAt: (link: LV) => Uint8Array): void {
    const { graph, log } = this.#source
    this.#runs.hashAt = hashAt
    while (this.#seq < end) {
      const lv = graph.lvOf(this.#branch, this.#seq)
      const row = graph.rowAt(lv)
      const until = Math.min(lv + end - this.#seq, graph.endIn(this.#branch, lv))
      if (lv === graph.startOfRow(row)) this.#link(linksOf(this.#source, row), hashAt)
      this.#countEnds(lv, until)
      for (let at = lv, logRow = logRowAt(log, lv); at < until; logRow++) {
        const rowEnd = Math.min(until, log.endOf(logRow))
        this.#row(logRow, at - log.startOf(logRow), rowEnd - at)
        at = rowEnd
      }
    }
  }

  /** SHA-256(M) */
  metadataHash(): Uint8Array {
    const settled = this.#runs.bytes.length
    return this.#metadataHash.of(this.#runs.viewWith(this.#ends.view(), this.#endsCount), settled)
  }

  /** SHA-256(salt ‖ C), with one salt for the block. */
  contentsHash(salt: Uint8Array): Uint8Array {
    const view = this.#contents.view()
    view.set(salt)
    return this.#contentsHash.of(view, view.length)
  }

  #link(links: readonly LV[], hashAt: (link: LV) => Uint8Array): void {
    if (links.length === 0) return
    const hashes = links.map(hashAt).map((hash) => [toHex(hash), hash] as const)
    hashes.sort(([a], [b]) => (a < b ? -1 : 1))
    this.#runs.bytes
      .u8(linksHead)
      .varint(this.#seq - this.#from)
      .varint(hashes.length)
    for (const [, hash] of hashes) this.#runs.bytes.raw(hash)
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
    const runs = this.#runs
    runs.at = log.startOf(row) + skipped
    if (kind === Kind.type) {
      runs.grow(kind, ref, 0, a, n)
      this.#contents.units(log.units.data, b, b + n)
    } else if (kind === Kind.erase || kind === Kind.eraseBack) runs.erase(ref, a, n, kind === Kind.eraseBack && n > 1)
    else if (kind === Kind.insert) this.#insert(ref, a, b, n)
    else if (kind === Kind.append) {
      runs.repeat(kind, ref, undefined, n)
      for (let i = b; i < b + n; i++) this.#value(i)
    } else if (kind === Kind.add) this.#add(ref, a === 0 ? b : log.values[b], n)
    else this.#single(kind, ref, a, b)
    this.#seq += n
  }

  #insert(ref: number, a: number, b: number, n: number): void {
    const { values } = this.#source.log
    for (let i = 0; i < n; i++) {
      const item = values[b + i]
      const itemClass = item instanceof Make ? 1 + typeCode(item.type) : 0
      this.#runs.grow(Kind.insert, ref, itemClass, a + i, 1)
      if (itemClass === 0) this.#value(b + i)
    }
  }

  #add(ref: number, amount: unknown, n: number): void {
    if (this.#runs.repeat(Kind.add, ref, amount, n)) return
    encodeValue(this.#scratch.clear(), amount as number | bigint)
    sized(this.#contents, this.#scratch.view())
  }

  #single(kind: Kind, ref: number, a: number, b: number): void {
    const { log } = this.#source
    const metadata = this.#runs.single(kind, isInContainer(kind) ? ref : noRef)
    if (hasKey(kind)) sized(metadata, utf8(log.keys[a] as string))
    // The log's values are what kinds.ts says for each kind.
    if (kind === Kind.make) metadata.varint(b)
    else if (kind === Kind.meta) this.#meta(metadata, log.values[b] as Meta)
    else if (kind === Kind.revoke) this.#targets(metadata, a, log.values[b] as Targets)
    else if (kind === Kind.cut) {
      const { actor, afterSeq, hash } = log.values[b] as Cut
      metadata.u8(a).bytes(actor).varint(afterSeq).raw(hash)
    } else if (kind === Kind.unknown) {
      metadata.varint(a)
      sized(this.#contents, log.values[b] as Uint8Array)
    } else if (kind !== Kind.unset) this.#value(b)
  }

  #meta(metadata: ByteWriter, meta: Meta): void {
    const { time, message, salt, depends } = meta
    metadata.u8(flagsOf(meta))
    if (time !== undefined) metadata.varint(time)
    if (message !== undefined) sized(this.#contents, utf8(message))
    if (salt !== undefined) {
      assert(salt.length === saltBytes, `a salt has ${saltBytes} bytes, not ${salt.length}`)
      this.#contents.raw(salt)
      if (this.#seq === this.#from) this.firstSalt = salt
      this.lastSalt = salt
    }
    if (depends !== undefined) sized(this.#contents, depends)
  }

  #targets(metadata: ByteWriter, level: number, targets: Targets): void {
    const { actors } = this.#source
    const runs = targetRuns(this.#source, this.#branch, this.#runs.at, targets)
    metadata.u8(level).varint(runs.length)
    for (const { as, branch, from, end, last } of runs) {
      if (as === 'own') metadata.u8(0)
      else if (as === 'plain') metadata.bytes(actors.bytesOf(branch))
      else
        metadata
          .u8(splitName)
          .bytes(actors.bytesOf(branch))
          .raw(this.#runs.hashAt(lastOfChange(this.#source, last)))
      metadata.varint(from).varint(end - from)
    }
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

function sized(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length)
  writer.raw(bytes.length > plainBytes ? sha256(bytes) : bytes)
}
