// Plain values and their bytes. One value has one encoding, so equal values have equal bytes and sets can be keyed by them.
//
//   value = 0 null | 1 false | 2 true
//         | 3 n varint          the integer n           | 4 n varint   the integer -1 - n          (safe integers)
//         | 5 f64               any other number: -0, NaN, infinities, fractions
//         | 6 bytes | 7 bytes   the bigint n | -1 - n, big-endian without leading zeros
//         | 8 string | 9 bytes
//         | 10 n | 11 n         a Date at n ms | -1 - n ms
//         | 12 json             an opaque value
//   json  = any of 0-11 | 13 count json* (array) | 14 count (key string, json)* (object, keys ascending)

import { never } from '../base/assert.ts'
import { type ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

/** An opaque value, as `json(…)` makes it: deeply frozen, replaced whole. */
export class Json {
  readonly value: unknown
  /** `value` must be frozen and checked; made by crdt/input.ts and by the decoder. */
  constructor(value: unknown) {
    this.value = value
  }
}

/** What one register, one list place or one member of a set holds. */
export type Scalar = null | boolean | number | bigint | string | Uint8Array | Date | Json

const dateMax = 8.64e15
const jsonTag = 12
const arrayTag = 13
const objectTag = 14

export function encodeValue(writer: ByteWriter, value: Scalar): void {
  if (value instanceof Json) {
    writer.u8(jsonTag)
    encodeJson(writer, value.value)
  } else encodePlain(writer, value)
}

export function decodeValue(reader: ByteReader): Scalar {
  return decodeTagged(reader, reader.u8())
}

/** Goes on where a tag was read already. */
export function decodeTagged(reader: ByteReader, tag: number): Scalar {
  return tag === jsonTag ? new Json(decodeJson(reader, 0)) : decodePlain(reader, tag)
}

/** The bytes of a value as a string of code units 0-255, whose order is byte order: the key of a set's member. */
export function valueKey(value: Scalar): string {
  const writer = new ByteWriter(32)
  encodeValue(writer, value)
  let key = ''
  for (const byte of writer.finish()) key += String.fromCharCode(byte)
  return key
}

function encodePlain(writer: ByteWriter, value: Exclude<Scalar, Json>): void {
  if (value === null) writer.u8(0)
  else if (typeof value === 'boolean') writer.u8(value ? 2 : 1)
  else if (typeof value === 'number') encodeNumber(writer, value)
  else if (typeof value === 'bigint') encodeBigint(writer, value)
  else if (typeof value === 'string') writer.u8(8).string(value)
  else if (value instanceof Uint8Array) writer.u8(9).bytes(value)
  else if (value instanceof Date) encodeSigned(writer, 10, value.getTime())
  else never(value)
}

function decodePlain(reader: ByteReader, tag: number): Exclude<Scalar, Json> {
  switch (tag) {
    case 0:
      return null
    case 1:
      return false
    case 2:
      return true
    case 3:
      return reader.varint()
    case 4:
      return -1 - reader.varint(Number.MAX_SAFE_INTEGER - 1)
    case 5:
      return decodeFloat(reader)
    case 6:
      return decodeBigint(reader)
    case 7:
      return -1n - decodeBigint(reader)
    case 8:
      return reader.string(limits.valueBytes)
    case 9:
      return reader.bytes(limits.valueBytes).slice()
    case 10:
      return new Date(reader.varint(dateMax))
    case 11:
      return new Date(-1 - reader.varint(dateMax - 1))
    default:
      throw new JoineryError('bad-message', `no value has the tag ${tag}`)
  }
}

function isPlainInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function encodeNumber(writer: ByteWriter, value: number): void {
  if (isPlainInteger(value)) encodeSigned(writer, 3, value)
  else writer.u8(5).f64(Number.isNaN(value) ? Number.NaN : value)
}

/** `tag` and n from 0 on, the tag after it and -1 - n below. */
function encodeSigned(writer: ByteWriter, tag: number, value: number): void {
  if (value >= 0) writer.u8(tag).varint(value)
  else writer.u8(tag + 1).varint(-1 - value)
}

function decodeFloat(reader: ByteReader): number {
  const value = reader.f64()
  if (isPlainInteger(value)) throw new JoineryError('bad-message', `the integer ${value} is written as a fraction`)
  return Number.isNaN(value) ? Number.NaN : value
}

function encodeBigint(writer: ByteWriter, value: bigint): void {
  const magnitude = value >= 0n ? value : -1n - value
  const hex = magnitude === 0n ? '' : magnitude.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  writer.u8(value >= 0n ? 6 : 7).varint(even.length / 2)
  for (let i = 0; i < even.length; i += 2) writer.u8(Number.parseInt(even.slice(i, i + 2), 16))
}

/** 64 KiB is more digits than anyone writes, and parses in well under a millisecond. */
const bigintBytesMax = 65_536

function decodeBigint(reader: ByteReader): bigint {
  const bytes = reader.bytes(bigintBytesMax)
  if (bytes[0] === 0) throw new JoineryError('bad-message', 'a bigint begins with a zero byte')
  if (bytes.length === 0) return 0n
  let hex = '0x'
  for (const byte of bytes) hex += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16)
  return BigInt(hex)
}

function encodeJson(writer: ByteWriter, value: unknown): void {
  if (Array.isArray(value)) {
    writer.u8(arrayTag).varint(value.length)
    for (const item of value) encodeJson(writer, item)
  } else if (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  ) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    writer.u8(objectTag).varint(entries.length)
    for (const [key, item] of entries) encodeJson(writer.string(key), item)
  } else encodePlain(writer, value as Exclude<Scalar, Json>)
}

function decodeJson(reader: ByteReader, depth: number): unknown {
  if (depth > limits.depth) throw new JoineryError('bad-message', `json is nested deeper than ${limits.depth}`)
  const tag = reader.u8()
  if (tag === arrayTag) return decodeArray(reader, depth)
  if (tag === objectTag) return decodeObject(reader, depth)
  return decodePlain(reader, tag)
}

function decodeArray(reader: ByteReader, depth: number): unknown {
  const array: unknown[] = []
  for (let left = reader.varint(reader.left); left > 0; left--) array.push(decodeJson(reader, depth + 1))
  return Object.freeze(array)
}

function decodeObject(reader: ByteReader, depth: number): unknown {
  const object: Record<string, unknown> = {}
  let last: string | undefined
  for (let left = reader.varint(reader.left); left > 0; left--) {
    const key = reader.string(limits.valueBytes)
    if (last !== undefined && last >= key)
      throw new JoineryError('bad-message', 'the keys of an object are not in order')
    defineKey(object, key, decodeJson(reader, depth + 1))
    last = key
  }
  return Object.freeze(object)
}

/** Sets any key as an own property, `__proto__` too. */
export function defineKey(object: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else (object as Record<string, unknown>)[key] = value
}

/** Whether the value's bytes keep the limit: for what local code assigns. */
export function encodedLength(value: Scalar): number {
  const writer = new ByteWriter(64)
  encodeValue(writer, value)
  return writer.length
}
