// Both sides of what stands last in an op's bytes (grammar: wire.ts): values, amounts, metas, cuts.

import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ContainerType, type Cut, containerTypes, Make, type Meta, makes } from './kinds.ts'
import { decodeTagged, encodeValue, type Scalar } from './value.ts'
import { actorBytesMax, hashBytes, isInt32, messageBytesMax, saltBytes, timeMax, unzigzag, zigzag } from './wire.ts'

/** In a list, tags from here on are containers. */
const makeTag = 16
const metaFlag = { time: 1, message: 2, salt: 4, depends: 8 }
const typeCodes = new Map<ContainerType, number>(containerTypes.map((type, code) => [type, code]))

export function writeItem(writer: ByteWriter, item: Scalar | Make): void {
  if (item instanceof Make) writer.u8(makeTag + typeCode(item.type))
  else encodeValue(writer, item)
}

export function readItem(reader: ByteReader): Scalar | Make {
  const tag = reader.u8()
  if (tag < makeTag) return readTagged(reader, tag)
  const type = containerTypes[tag - makeTag]
  if (type === undefined) throw bad(`no value has the tag ${tag}`)
  return makes[type]
}

export function readValue(reader: ByteReader): Scalar {
  return readTagged(reader, reader.u8())
}

function readTagged(reader: ByteReader, tag: number): Scalar {
  const { left } = reader
  const value = decodeTagged(reader, tag)
  // A json is as long as its parts together.
  if (left - reader.left > limits.valueBytes + 8) throw bad(`a value has more than ${limits.valueBytes} bytes`)
  return value
}

export function typeCode(type: ContainerType): number {
  return typeCodes.get(type) as number
}

/** A type and a gen: type + 16 * gen. */
export function readMake(reader: ByteReader): number {
  const code = reader.varint(limits.seq)
  if (code % 16 >= containerTypes.length) throw bad(`no type has the code ${code % 16}`)
  return code
}

export function writeAmount(writer: ByteWriter, amount: unknown): void {
  if (isInt32(amount)) writer.varint(1 + zigzag(amount))
  else encodeValue(writer.u8(0), amount as number | bigint)
}

export function readAmount(reader: ByteReader): number | bigint {
  const code = reader.varint(2 ** 32)
  if (code > 0) return unzigzag(code - 1)
  const amount = readValue(reader)
  if (typeof amount === 'bigint') return amount
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || isInt32(amount))
    throw bad('an amount is no integer, or one that has a shorter form')
  return amount
}

/** `before` is the time of the meta op before in this body, at first 0. */
export function writeMeta(writer: ByteWriter, meta: Meta, before: number): void {
  const { time, message, salt, depends } = meta
  writer.u8(flagsOf(meta))
  if (time !== undefined) writer.varint(zigzag(time - before))
  if (message !== undefined) writer.string(message)
  if (salt !== undefined) writer.raw(salt)
  if (depends !== undefined) writer.bytes(depends)
}

export function flagsOf({ time, message, salt, depends }: Meta): number {
  return (
    (time === undefined ? 0 : metaFlag.time) |
    (message === undefined ? 0 : metaFlag.message) |
    (salt === undefined ? 0 : metaFlag.salt) |
    (depends === undefined ? 0 : metaFlag.depends)
  )
}

export function readMeta(reader: ByteReader, before: number): Meta {
  const flags = reader.u8()
  if (flags > 15) throw bad(`a meta op has the flags ${flags}`)
  const meta: { -readonly [Name in keyof Meta]: Meta[Name] } = {}
  if (flags & metaFlag.time) meta.time = readTime(reader, before)
  if (flags & metaFlag.message) meta.message = reader.string(messageBytesMax)
  if (flags & metaFlag.salt) meta.salt = reader.raw(saltBytes).slice()
  if (flags & metaFlag.depends) meta.depends = reader.bytes(messageBytesMax).slice()
  return meta
}

function readTime(reader: ByteReader, before: number): number {
  const time = before + unzigzag(reader.varint())
  if (time < 0 || time > timeMax) throw bad(`no time is ${time}`)
  return time
}

export function writeCut(writer: ByteWriter, { actor, afterSeq, hash }: Cut): void {
  writer.bytes(actor).varint(afterSeq).raw(hash)
}

export function readCut(reader: ByteReader): Cut {
  const actor = reader.bytes(actorBytesMax).slice()
  if (actor.length === 0) throw bad('a cut names no actor')
  return { actor, afterSeq: reader.varint(limits.seq), hash: reader.raw(hashBytes).slice() }
}

/** The level of a revoke, or whether a cut cuts. */
export function readOneOrTwo(reader: ByteReader): 1 | 2 {
  const code = reader.u8()
  if (code !== 1 && code !== 2) throw bad(`a revoke or a cut is a ${code}`)
  return code
}

export function bad(sentence: string): JoineryError {
  return new JoineryError('bad-message', sentence)
}
