// The bytes of changes, version 0: a range's body, and the canonical bytes of one change, which its chain hashes.
//
//   body      = table, change*                                          to the end of the bytes
//   table     = count varint, actor bytes*                              every other actor that is named, in order of first mention
//   canonical = table, change                                           names actors in full, so it is the same however ranges are cut
//   change    = flags u8 (1 links, 2 time, 4 message), [links], [time varint], [message string], count varint, op*
//   links     = count varint, (actor index varint, seq varint)*         ascending by actor bytes; 1-32; never the own actor
//   op        = kind u8, container, content
//   container = 0 the root | 1 that of the op before | 2 dot
//   dot       = actor index varint, n varint      index 0 is the own actor, and n counts back from this op's first seq: 0 is the one before;
//                                                 index i > 0 is the i-th of the table, and n its seq
//   content   = 0 set     key string, value | 16-20 type (map, list, text, counter, set), gen varint
//             | 1 delete  key string
//             | 2 type    left, string (not empty)                      left = 0 | 1 dot
//             | 3 insert  left, count varint, (value | type, gen)*      count ≥ 1
//             | 4 remove  count varint, (dot, count varint)*            counts ≥ 1
//             | 5 add     0 n varint | 1 n varint                       n | -1 - n
//             | 6 include value | 7 exclude value | 8 meta              meta has no container
//
// Dots count back from their own op, so an actor can only name what it made before, and its bytes do not know its name.
// A departure from FORMAT §2, which comes with the engine: links are dots here, not hashes, and a change is the block of the chain.

import { never } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, decodeActor } from './ids.ts'
import { type Change, type ContainerType, type Content, Make, type Op, type Ref, type Target, unitsOf } from './op.ts'
import { decodeTagged, encodeValue, type Scalar } from './value.ts'

/** Turns an actor's index in memory into its name, and back. */
export interface ActorTable {
  nameOf(index: number): ActorId
  bytesOf(index: number): Uint8Array
  indexOf(name: ActorId): number
}

const kinds = ['set', 'delete', 'type', 'insert', 'remove', 'add', 'include', 'exclude', 'meta'] as const
const kindCodes: Record<Op['type'], number> = {
  set: 0,
  delete: 1,
  type: 2,
  insert: 3,
  remove: 4,
  add: 5,
  include: 6,
  exclude: 7,
  meta: 8,
}
const containerTypes: readonly ContainerType[] = ['map', 'list', 'text', 'counter', 'set']
const makeTag = 16
const timeMax = 8.64e15
const messageBytesMax = 4096

/** The body of consecutive changes of `self`. */
export function encodeBody(changes: readonly Change[], self: number, actors: ActorTable): Uint8Array {
  const encoder = new ChangeEncoder(self)
  for (const change of changes) encoder.change(change)
  return encoder.finish(actors)
}

/** The changes of a body, from `fromSeq` to exactly `endSeq`. Total: any bytes give changes or a 'bad-message'. */
export function decodeBody(
  body: Uint8Array,
  self: number,
  fromSeq: number,
  endSeq: number,
  actors: ActorTable,
): Change[] {
  const reader = new ByteReader(body)
  const table = decodeTable(reader, self, actors)
  const changes: Change[] = []
  let seq = fromSeq
  while (!reader.done) {
    const change = new ChangeDecoder(reader, self, table, actors, seq).change()
    changes.push(change)
    seq += change.count
    if (seq > endSeq) break
  }
  if (seq !== endSeq) throw new JoineryError('bad-message', `a body ends at seq ${seq}, its range at ${endSeq}`)
  return changes
}

/** What the chain hashes of one change. */
export function canonicalChange(change: Change, self: number, actors: ActorTable): Uint8Array {
  return encodeBody([change], self, actors)
}

function decodeTable(reader: ByteReader, self: number, actors: ActorTable): number[] {
  const table = new Set([self])
  for (let left = reader.varint(Math.floor(reader.left / 2)); left > 0; left--) {
    const index = actors.indexOf(decodeActor(reader))
    if (table.has(index)) throw new JoineryError('bad-message', 'a table names an actor twice')
    table.add(index)
  }
  return [...table]
}

class ChangeEncoder {
  readonly #writer = new ByteWriter(128)
  readonly #indexes = new Map<number, number>()
  #at: Ref | undefined | null = null

  constructor(self: number) {
    this.#indexes.set(self, 0)
  }

  finish(actors: ActorTable): Uint8Array {
    const rest = this.#writer.finish()
    this.#writer.varint(this.#indexes.size - 1)
    let first = true
    for (const actor of this.#indexes.keys()) {
      if (!first) this.#writer.bytes(actors.bytesOf(actor))
      first = false
    }
    return this.#writer.raw(rest).finish()
  }

  change(change: Change): void {
    const { links, time, message, ops } = change
    const writer = this.#writer
    writer.u8((links.length > 0 ? 1 : 0) | (time === undefined ? 0 : 2) | (message === undefined ? 0 : 4))
    if (links.length > 0) {
      writer.varint(links.length)
      for (const link of links) writer.varint(this.#index(link.actor)).varint(link.seq)
    }
    if (time !== undefined) writer.varint(time)
    if (message !== undefined) writer.string(message)
    writer.varint(ops.length)
    this.#at = null
    let seq = change.seq
    for (const op of ops) {
      this.#op(op, seq)
      seq += unitsOf(op)
    }
  }

  #op(op: Op, seq: number): void {
    const writer = this.#writer.u8(kindCodes[op.type])
    if (op.type === 'meta') return
    this.#container(op.at, seq)
    switch (op.type) {
      case 'set':
        writer.string(op.key)
        this.#content(op.value)
        return
      case 'delete':
        writer.string(op.key)
        return
      case 'type':
        this.#left(op.left, seq)
        writer.string(op.text)
        return
      case 'insert':
        this.#left(op.left, seq)
        writer.varint(op.values.length)
        for (const value of op.values) this.#content(value)
        return
      case 'remove':
        writer.varint(op.targets.length)
        for (const target of op.targets) {
          this.#dot(target, seq)
          writer.varint(target.count)
        }
        return
      case 'add':
        if (op.by >= 0) writer.u8(0).varint(op.by)
        else writer.u8(1).varint(-1 - op.by)
        return
      case 'include':
      case 'exclude':
        encodeValue(writer, op.value)
        return
      default:
        never(op)
    }
  }

  #container(at: Ref | undefined, seq: number): void {
    if (at === undefined) this.#writer.u8(0)
    else if (this.#at && this.#at.actor === at.actor && this.#at.seq === at.seq) this.#writer.u8(1)
    else {
      this.#writer.u8(2)
      this.#dot(at, seq)
    }
    this.#at = at
  }

  #left(left: Ref | undefined, seq: number): void {
    if (left === undefined) this.#writer.u8(0)
    else {
      this.#writer.u8(1)
      this.#dot(left, seq)
    }
  }

  #dot(dot: Ref, seq: number): void {
    const index = this.#index(dot.actor)
    this.#writer.varint(index).varint(index === 0 ? seq - 1 - dot.seq : dot.seq)
  }

  #content(value: Content): void {
    if (value instanceof Make) this.#writer.u8(makeTag + containerTypes.indexOf(value.type)).varint(value.gen)
    else encodeValue(this.#writer, value)
  }

  #index(actor: number): number {
    const known = this.#indexes.get(actor)
    if (known !== undefined) return known
    const index = this.#indexes.size
    this.#indexes.set(actor, index)
    return index
  }
}

class ChangeDecoder {
  readonly #reader: ByteReader
  readonly #table: readonly number[]
  readonly #actors: ActorTable
  readonly #self: number
  readonly #start: number
  #seq: number
  #at: Ref | undefined

  constructor(reader: ByteReader, self: number, table: readonly number[], actors: ActorTable, seq: number) {
    this.#reader = reader
    this.#self = self
    this.#table = table
    this.#actors = actors
    this.#start = seq
    this.#seq = seq
  }

  change(): Change {
    const reader = this.#reader
    const flags = reader.u8()
    if (flags > 7) throw new JoineryError('bad-message', `a change has the flags ${flags}`)
    const links = flags & 1 ? this.#links() : []
    const time = flags & 2 ? reader.varint(timeMax) : undefined
    const message = flags & 4 ? reader.string(messageBytesMax) : undefined
    const ops: Op[] = []
    for (let left = reader.varint(Math.min(reader.left, limits.changeOps)); left > 0; left--) ops.push(this.#next())
    if (ops.length === 0) throw new JoineryError('bad-message', 'a change has no ops')
    return { seq: this.#start, count: this.#seq - this.#start, links, time, message, ops }
  }

  #next(): Op {
    const op = this.#op()
    this.#seq += unitsOf(op)
    if (this.#seq - this.#start > limits.changeOps)
      throw new JoineryError('bad-message', `a change has more than ${limits.changeOps} ops`)
    if (this.#seq > limits.seq) throw new JoineryError('bad-message', `an actor has more than ${limits.seq} ops`)
    return op
  }

  #op(): Op {
    const reader = this.#reader
    const code = reader.u8()
    const type = kinds[code]
    if (type === undefined) throw new JoineryError('bad-message', `no op has the kind ${code}`)
    if (type === 'meta') return { type }
    const at = this.#container()
    switch (type) {
      case 'set':
        return { type, at, key: reader.string(limits.keyBytes), value: this.#content() }
      case 'delete':
        return { type, at, key: reader.string(limits.keyBytes) }
      case 'type':
        return { type, at, left: this.#left(), text: this.#text() }
      case 'insert':
        return { type, at, left: this.#left(), values: this.#some(() => this.#content()) }
      case 'remove':
        return { type, at, targets: this.#some(() => this.#target()) }
      case 'add':
        return { type, at, by: this.#amount() }
      case 'include':
      case 'exclude':
        return { type, at, value: this.#scalar(reader.u8()) }
      default:
        return never(type)
    }
  }

  #links(): Ref[] {
    const reader = this.#reader
    const links: Ref[] = []
    let last = ''
    for (let left = this.#count(limits.links); left > 0; left--) {
      const actor = this.#actor(reader.varint())
      const name = this.#actors.nameOf(actor)
      if (actor === this.#self || name <= last) throw new JoineryError('bad-message', 'links are not in order')
      links.push({ actor, seq: reader.varint(limits.seq) })
      last = name
    }
    return links
  }

  #container(): Ref | undefined {
    const code = this.#reader.u8()
    if (code > 2) throw new JoineryError('bad-message', `no container is named by ${code}`)
    if (code !== 1) this.#at = code === 0 ? undefined : this.#dot()
    return this.#at
  }

  #dot(): Ref {
    const index = this.#reader.varint()
    const actor = this.#actor(index)
    if (index > 0) return { actor, seq: this.#reader.varint(limits.seq) }
    const back = this.#reader.varint()
    if (back >= this.#seq) throw new JoineryError('bad-message', `op ${this.#seq} names one before the first`)
    return { actor, seq: this.#seq - 1 - back }
  }

  #left(): Ref | undefined {
    return this.#reader.varint(1) === 0 ? undefined : this.#dot()
  }

  #target(): Target {
    const { actor, seq } = this.#dot()
    return { actor, seq, count: this.#count(limits.changeOps) }
  }

  #text(): string {
    const text = this.#reader.string(limits.valueBytes)
    if (text === '') throw new JoineryError('bad-message', 'an insert is empty')
    return text
  }

  #amount(): number {
    return this.#reader.varint(1) === 0 ? this.#reader.varint() : -1 - this.#reader.varint(Number.MAX_SAFE_INTEGER - 1)
  }

  #content(): Content {
    const reader = this.#reader
    const tag = reader.u8()
    if (tag < makeTag) return this.#scalar(tag)
    const type = containerTypes[tag - makeTag]
    if (type === undefined) throw new JoineryError('bad-message', `no value has the tag ${tag}`)
    return new Make(type, reader.varint(limits.seq))
  }

  #scalar(tag: number): Scalar {
    const before = this.#reader.left
    const value = decodeTagged(this.#reader, tag)
    if (before - this.#reader.left > limits.valueBytes)
      throw new JoineryError('bad-message', `a value has more than ${limits.valueBytes} bytes`)
    return value
  }

  #some<T>(one: () => T): T[] {
    const out: T[] = []
    for (let left = this.#count(Math.min(this.#reader.left, limits.changeOps)); left > 0; left--) out.push(one())
    return out
  }

  /** A count from 1 to `max`. */
  #count(max: number): number {
    const count = this.#reader.varint(max)
    if (count === 0) throw new JoineryError('bad-message', 'a count is 0')
    return count
  }

  #actor(index: number): number {
    const actor = this.#table[index]
    if (actor === undefined) throw new JoineryError('bad-message', `no actor has the index ${index}`)
    return actor
  }
}
