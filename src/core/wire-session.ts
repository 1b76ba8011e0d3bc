// Deltas in a session, version 0: an ordered stream between two ends, in which actors have small numbers. One typed character that goes on is
// three bytes.
//
//   message = [version u8, in the first], range*
//   range   = head varint, [names], [jump zigzag varint], [base tag (8)], [length varint], body       head = actor * 8 + flags
//             of actors with the name 2, the tag of the chain after `fromSeq` ops
//   flags   = 1 another range follows, and the body has its length before it
//           | 2 fromSeq is jump more than one after the branch's last fromSeq here (than 0, if it is the first): else jump is 0
//           | 4 names precede: actors that get the next numbers
//   names   = count varint, (0, short id (8) | 1, actor bytes | 2, actor bytes, end varint, tag (8))*     2: of a forked actor, the branch whose
//             chain has this tag after `end` ops (forks.ts)
//   body    = as in wire.ts, with the session's numbers as its table

import { present } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Actors } from './actors.ts'
import type { Forks } from './forks.ts'
import { forkPoint, tagBytes } from './ids.ts'
import { unknownActor } from './short-ids.ts'
import { type Source, unzigzag, wireVersion, zigzag } from './wire.ts'
import { branchOf, type OpRange, readName, type WireName, type WireRange } from './wire-delta.ts'
import { BodyEncoder } from './wire-encoder.ts'

const more = 1
const jumps = 2
const names = 4
/** Actors one end may name in a session. */
const actorsMax = 65_536

/** One end's side of what it sends. */
export class SessionEncoder {
  readonly #source: Source
  readonly #bodies: BodyEncoder
  readonly #indexes = new Map<number, number>()
  /** By number: the fromSeq that is not written, one after the last. */
  readonly #next: number[] = []
  /** Numbers of branches of forked actors. */
  readonly #forked = new Set<number>()
  readonly #body = new ByteWriter()
  readonly #message = new ByteWriter()
  readonly #news = new ByteWriter(64)
  #newCount = 0
  #isFirst = true

  constructor(source: Source) {
    this.#source = source
    this.#bodies = new BodyEncoder(source)
  }

  one(branch: number, fromSeq: number, endSeq: number): Uint8Array {
    this.#begin()
    this.#range(branch, fromSeq, endSeq, 0)
    return this.#message.finish()
  }

  all(ranges: readonly OpRange[]): Uint8Array {
    this.#begin()
    ranges.forEach(({ branch, fromSeq, endSeq }, i) => {
      this.#range(branch, fromSeq, endSeq, i + 1 < ranges.length ? more : 0)
    })
    return this.#message.finish()
  }

  /** The number of a branch, which is named in this message if it was not before. Bodies ask it. */
  indexOf(branch: number): number {
    return this.#index(branch, false)
  }

  #begin(): void {
    this.#message.clear()
    if (this.#isFirst) this.#message.u8(wireVersion)
    this.#isFirst = false
  }

  #range(branch: number, fromSeq: number, endSeq: number, more: number): void {
    const message = this.#message
    const index = this.#index(branch, fromSeq === 0)
    this.#bodies.write(this.#body.clear(), branch, fromSeq, endSeq, 'following', this)
    const jump = fromSeq - (this.#next[index] as number)
    message.varint(index * 8 + more + (jump === 0 ? 0 : jumps) + (this.#newCount > 0 ? names : 0))
    if (this.#newCount > 0) message.varint(this.#newCount).append(this.#news)
    this.#newCount = 0
    this.#news.clear()
    if (jump !== 0) message.varint(zigzag(jump))
    if (this.#forked.has(index)) message.raw(present(this.#source.chain, 'forks are hashed').tag(branch, fromSeq))
    if (more) message.varint(this.#body.length)
    message.append(this.#body)
    this.#next[index] = fromSeq + 1
  }

  #index(branch: number, isFull: boolean): number {
    const { actors, forks } = this.#source
    const known = this.#indexes.get(branch)
    // Of whom a fork was heard of since, the old number says too little.
    if (known !== undefined && (!actors.isForked(branch) || this.#forked.has(known))) return known
    const index = this.#next.length
    this.#indexes.set(branch, index)
    this.#next.push(0)
    this.#newCount++
    const point = forkPoint(forks?.outwardIdOf(branch) ?? actors.nameOf(branch))
    if (point !== undefined) this.#forked.add(index)
    if (point !== undefined) this.#news.u8(2).bytes(actors.bytesOf(branch)).varint(point.end).raw(point.tag)
    else if (isFull || actors.shortIds.isAmbiguous(branch)) this.#news.u8(1).bytes(actors.bytesOf(branch))
    else this.#news.u8(0).raw(actors.shortIds.idOf(branch))
    return index
  }
}

/** The other end's side. After a 'bad-message' the session is over: what follows cannot be read. */
export class SessionDecoder {
  readonly #actors: Actors
  readonly #forks: Forks | undefined
  readonly #names: WireName[] = []
  readonly #branches: number[] = []
  readonly #next: number[] = []
  #isFirst = true

  constructor(actors: Actors, forks?: Forks) {
    this.#actors = actors
    this.#forks = forks
  }

  /** The branches of the numbers so far, for decodeBody: unknownActor where one is not known here (yet). Numbers never change. */
  table(): readonly number[] {
    for (let i = 0; i < this.#branches.length; i++)
      if (this.#branches[i] === unknownActor)
        this.#branches[i] = branchOf(this.#actors, this.#names[i] as WireName, this.#forks) ?? unknownActor
    return this.#branches
  }

  read(bytes: Uint8Array): WireRange[] {
    const reader = new ByteReader(bytes)
    if (this.#isFirst && reader.u8() !== wireVersion)
      throw new JoineryError('bad-message', 'a session has another version')
    this.#isFirst = false
    const ranges: WireRange[] = []
    for (let hasMore = !reader.done; hasMore; ) {
      const head = reader.varint(8 * actorsMax)
      hasMore = (head & more) !== 0
      ranges.push(this.#range(reader, head))
    }
    reader.end()
    return ranges
  }

  #range(reader: ByteReader, head: number): WireRange {
    const index = head >>> 3
    if (head & names) this.#learn(reader)
    const actor = this.#names[index]
    if (actor === undefined) throw new JoineryError('bad-message', `no actor has the number ${index}`)
    const jump = head & jumps ? unzigzag(reader.varint(2 * limits.seq)) : 0
    const fromSeq = (this.#next[index] as number) + jump
    if (fromSeq < 0 || fromSeq > limits.seq) throw new JoineryError('bad-message', `no op is number ${fromSeq}`)
    this.#next[index] = fromSeq + 1
    const base = actor.fork === undefined ? undefined : reader.raw(tagBytes).slice()
    return { actor, fromSeq, base, body: head & more ? reader.bytes() : reader.raw(reader.left) }
  }

  #learn(reader: ByteReader): void {
    for (let left = reader.varint(Math.min(reader.left, actorsMax - this.#names.length)); left > 0; left--) {
      const form = reader.varint(2)
      const { bytes, isFull } = readName(reader, form > 0)
      // Copies: they outlive the message.
      const name = { bytes: bytes.slice(), isFull }
      const fork = form < 2 ? undefined : { end: reader.varint(limits.seq), tag: reader.raw(tagBytes).slice() }
      this.#names.push(fork === undefined ? name : { ...name, fork })
      this.#branches.push(unknownActor)
      this.#next.push(0)
    }
  }
}
