// Deltas that stand alone, version 0: ranges of ops with their bodies (wire.ts), for whoever has no session. Nothing is signed here.
//
//   delta = range*                                               empty bytes are an empty delta
//   range = head u8, actor, fromSeq varint, [base tag (8)], [length varint], body     head = version << 4 | flags
//   flags = 1 actor is full: its bytes with their length; else its short id (8)
//         | 2 another range follows, and the body has its length before it
//         | 4 the actor was forked (forks.ts), as far as the sender knows: the first bytes of the chain's hash after `fromSeq` ops
//
// The full name is written with a branch's first ops, and where the short id names two.

import { present } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Actors } from './actors.ts'
import type { Forks } from './forks.ts'
import { actorId, tagBytes } from './ids.ts'
import { shortIdBytes } from './short-ids.ts'
import { actorBytesMax, type Source, wireVersion } from './wire.ts'
import { BodyEncoder } from './wire-encoder.ts'

/** Whole changes of one branch. */
export interface OpRange {
  readonly branch: number
  readonly fromSeq: number
  /** Half open. */
  readonly endSeq: number
}

/** An actor as it came: by all its bytes or by its short id; of a forked one, with what its chain is somewhere behind the fork. */
export interface WireName {
  readonly bytes: Uint8Array
  readonly isFull: boolean
  readonly fork?: { readonly end: number; readonly tag: Uint8Array }
}

/** A range as it came. */
export interface WireRange {
  readonly actor: WireName
  readonly fromSeq: number
  /** Of a forked actor: the tag of the chain it goes on from. */
  readonly base?: Uint8Array | undefined
  readonly body: Uint8Array
}

const full = 1
const more = 2
const forked = 4
const shared = new ByteWriter(4096)
/** In a delta of one range: behind its head. */
export const shortIdAt = 1
/** With a seq, which may be of one byte. */
const shortBytesMin = shortIdAt + shortIdBytes + 1

/** The head of a delta that one keystroke makes: one range, of an actor that is named shortly. */
export class ShortDelta {
  readonly #reader = new ByteReader(new Uint8Array(0))
  fromSeq = 0
  /** Where its body begins; it goes to the end. The short id is before it: from its second byte on. */
  bodyAt = 0

  /** False for any other delta, and for what is none. */
  read(bytes: Uint8Array): boolean {
    if (bytes[0] !== wireVersion << 4 || bytes.length < shortBytesMin) return false
    this.#reader.reset(bytes, shortIdAt + shortIdBytes)
    this.fromSeq = this.#reader.varint(limits.seq)
    this.bodyAt = this.#reader.at
    return true
  }
}

/** Writes the deltas of one document. */
export class DeltaEncoder {
  readonly #source: Source
  readonly #bodies: BodyEncoder
  /** Deltas of one range: what each of `#oneBranch` begins with stays in there. */
  readonly #one = new ByteWriter(64)
  #oneBranch = -1

  constructor(source: Source) {
    this.#source = source
    this.#bodies = new BodyEncoder(source)
  }

  /** The delta of one range: what a local change sends. */
  one(branch: number, fromSeq: number, endSeq: number): Uint8Array {
    const { shortIds } = this.#source.actors
    const writer = this.#one
    if (fromSeq === 0 || shortIds.isAmbiguous(branch) || this.#source.actors.isForked(branch)) {
      this.#range(shared.clear(), branch, fromSeq, endSeq, 0)
      return shared.finish()
    }
    if (branch === this.#oneBranch) writer.clear(shortIdAt + shortIdBytes)
    else {
      writer
        .clear()
        .u8(wireVersion << 4)
        .raw(shortIds.idOf(branch))
      this.#oneBranch = branch
    }
    this.#bodies.write(writer.varint(fromSeq), branch, fromSeq, endSeq, 'following', undefined)
    return writer.copy()
  }

  /** The delta of several: parents first, as far as ranges allow (`rangesSince` gives them so). */
  all(ranges: readonly OpRange[]): Uint8Array {
    shared.clear()
    ranges.forEach(({ branch, fromSeq, endSeq }, i) => {
      this.#range(shared, branch, fromSeq, endSeq, i + 1 < ranges.length ? more : 0)
    })
    return shared.finish()
  }

  #range(writer: ByteWriter, branch: number, fromSeq: number, endSeq: number, flags: number): void {
    const { actors, chain } = this.#source
    const isForked = actors.isForked(branch)
    const isFull = fromSeq === 0 || isForked || actors.shortIds.isAmbiguous(branch)
    writer.u8((wireVersion << 4) | flags | (isFull ? full : 0) | (isForked ? forked : 0))
    if (isFull) writer.bytes(actors.bytesOf(branch))
    else writer.raw(actors.shortIds.idOf(branch))
    writer.varint(fromSeq)
    if (isForked) writer.raw(present(chain, 'forks are hashed').tag(branch, fromSeq))
    const start = writer.length
    this.#bodies.write(writer, branch, fromSeq, endSeq, 'following', undefined)
    if (flags & more) writer.lengthAt(start)
  }
}

/** The ranges of a delta, which are views of its bytes. Total: any bytes give ranges or a 'bad-message'. */
export function readDelta(bytes: Uint8Array): WireRange[] {
  const ranges: WireRange[] = []
  const reader = new ByteReader(bytes)
  for (let hasMore = bytes.length > 0; hasMore; ) {
    const head = reader.u8()
    if (head >> 4 !== wireVersion || (head & 8) !== 0)
      throw new JoineryError('bad-message', `no delta has the head ${head}`)
    const actor = readName(reader, (head & full) !== 0)
    const fromSeq = reader.varint(limits.seq)
    const base = (head & forked) !== 0 ? reader.raw(tagBytes) : undefined
    hasMore = (head & more) !== 0
    ranges.push({ actor, fromSeq, base, body: hasMore ? reader.bytes() : reader.raw(reader.left) })
  }
  return ranges
}

export function readName(reader: ByteReader, isFull: boolean): WireName {
  if (!isFull) return { bytes: reader.raw(shortIdBytes), isFull }
  const bytes = reader.bytes(actorBytesMax)
  if (bytes.length === 0) throw new JoineryError('bad-message', 'an actor has no bytes')
  return { bytes, isFull }
}

/** The branch of a name, or unknownActor. A full name that is not known here is for the caller to add, once it trusts the range. */
export function branchOf(actors: Actors, { bytes, isFull, fork }: WireName, forks?: Forks): number | undefined {
  const branch = isFull ? (actors.find(actorId(bytes)) ?? -1) : actors.shortIds.find(bytes)
  if (branch < 0) return undefined
  if (fork === undefined) return branch
  const found = forks?.at(branch, fork.end, fork.tag) ?? -1
  return found < 0 ? undefined : found
}

/**
 * What one who has `countOf(branch)` ops of each branch lacks: one range for each branch, in order of their first ops. At most limits.changeOps ops,
 * whole changes, parents before or among them: ask again with what that gave, until nothing is left.
 */
export function rangesSince({ graph, log, actors }: Source, countOf: (branch: number) => number): OpRange[] {
  const ranges = new Map<number, OpRange>()
  const out: OpRange[] = []
  let room: number = limits.changeOps
  for (let row = firstRowSince({ graph }, countOf); row < graph.rows && room > 0; row++) {
    const branch = graph.branchOfRow(row)
    const start = graph.startOfRow(row)
    const had = Math.max(0, countOf(branch) - graph.seqOfRow(row))
    const from = start + had
    let end = graph.endOfRow(row)
    if (from >= end) continue
    if (end - from > room) {
      end = log.changeEnds.previous(from + room - 1, 1) + 1
      room = 0
      if (end <= from) break
    } else room -= end - from
    const fromSeq = graph.seqOfRow(row) + had
    const range = { branch, fromSeq, endSeq: fromSeq + end - from }
    // Where there are forks each stretch stands for itself, so that none waits for another: what waits cannot be told from a fork.
    if (actors.hasForks) out.push(range)
    else ranges.set(branch, { ...range, fromSeq: ranges.get(branch)?.fromSeq ?? fromSeq })
  }
  return actors.hasForks ? out : [...ranges.values()]
}

/** The row of the first op that is lacking. */
function firstRowSince({ graph }: Pick<Source, 'graph'>, countOf: (branch: number) => number): number {
  let first = graph.rows
  for (let branch = 0; branch < graph.branches; branch++) {
    const count = countOf(branch)
    if (count < graph.endOf(branch)) first = Math.min(first, graph.rowAt(graph.lvOf(branch, count)))
  }
  return first
}
