// Reading and writing bytes: varints, lengths, strings. Readers are total: any input gives a value or a typed error.

import { assert } from './assert.ts'
import { JoineryError } from './errors.ts'

const encoder = new TextEncoder()
// ignoreBOM: a leading U+FEFF is content here, not a mark to be swallowed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Up to here a loop is faster than the platform's decoder. */
const shortString = 32

/** Grows as it is written to. `finish` hands out the bytes and starts anew. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(sizeBytes = 256) {
    this.#bytes = new Uint8Array(sizeBytes)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    // The sentence is made only when it is needed: it would cost more than the byte.
    if (!(value >= 0 && value <= 0xff)) assert(false, `u8 holds 0-255, not ${value}`)
    if (this.#length === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  u32(value: number): this {
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setUint32(this.#length, value)
    this.#length += 4
    return this
  }

  f64(value: number): this {
    this.#reserve(8)
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value)
    this.#length += 8
    return this
  }

  /** An unsigned LEB128 varint of a safe integer: 1 byte below 128, at most 8. */
  varint(value: number): this {
    if ((value & 0x7f) === value) return this.u8(value)
    if (!(Number.isSafeInteger(value) && value >= 0)) assert(false, `varint holds safe integers from 0, not ${value}`)
    this.#reserve(8)
    let rest = value
    if (value < 0x80000000) {
      for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      this.#bytes[this.#length++] = rest
      return this
    }
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
    return this
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    return this.#copy(bytes, bytes.length)
  }

  /** UTF-16 units, each as a varint: lone surrogates too, and any cut between two of them is clean. */
  units(units: Uint16Array, start: number, end: number): this {
    this.#reserve(3 * (end - start))
    const bytes = this.#bytes
    let at = this.#length
    for (let i = start; i < end; i++) {
      const unit = units[i] as number
      if (unit >= 0x80) {
        bytes[at++] = (unit & 0x7f) | 0x80
        if (unit >= 0x4000) {
          bytes[at++] = ((unit >>> 7) & 0x7f) | 0x80
          bytes[at++] = unit >>> 14
        } else bytes[at++] = unit >>> 7
      } else bytes[at++] = unit
    }
    this.#length = at
    return this
  }

  /** Puts the number of bytes written since `start` before them, as a varint. */
  lengthAt(start: number): this {
    const length = this.#length - start
    const end = this.varint(length).#length
    const width = end - start - length
    const prefix = this.#bytes.slice(end - width, end)
    this.#bytes.copyWithin(start + width, start, start + length)
    this.#bytes.set(prefix, start)
    return this
  }

  /** What was written so far, where it stands: good until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets what was written beyond the first `length` bytes; the room stays. */
  clear(length = 0): this {
    this.#length = length
    return this
  }

  /** What another writer has. */
  append(other: ByteWriter): this {
    return this.#copy(other.#bytes, other.#length)
  }

  /** Bytes with their length before them. */
  bytes(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes)
  }

  /** A well-formed string as UTF-8 with its byte length before it. */
  string(text: string): this {
    const { length } = text
    if (length > 64) return this.bytes(encoder.encode(text))
    this.#reserve(length + 1)
    const start = this.#length
    let at = start + 1
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) return this.bytes(encoder.encode(text))
      this.#bytes[at++] = unit
    }
    this.#bytes[start] = length
    this.#length = at
    return this
  }

  finish(): Uint8Array {
    const bytes = this.copy()
    this.#length = 0
    return bytes
  }

  /** What was written so far: it stays, and may be gone on with. */
  copy(): Uint8Array {
    const length = this.#length
    if (length > 64) return this.#bytes.slice(0, length)
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) out[i] = this.#bytes[i] as number
    return out
  }

  #copy(bytes: Uint8Array, length: number): this {
    this.#reserve(length)
    if (length > 16) this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.#length)
    // For a few bytes a loop is faster than the call.
    else for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = bytes[i] as number
    this.#length += length
    return this
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Reads what a ByteWriter wrote. Throws JoineryError('bad-message') on anything else; never reads past the end. */
export class ByteReader {
  #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, from = 0) {
    this.#bytes = bytes
    this.#at = from
  }

  /** Reads other bytes, from a place on. */
  reset(bytes: Uint8Array, from: number): void {
    this.#bytes = bytes
    this.#at = from
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Where the next byte stands. */
  get at(): number {
    return this.#at
  }

  get done(): boolean {
    return this.left === 0
  }

  u8(): number {
    if (this.#at >= this.#bytes.length) throw new JoineryError('bad-message', 'the bytes end 1 bytes too early')
    return this.#bytes[this.#at++] as number
  }

  u32(): number {
    const bytes = this.raw(4)
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  }

  f64(): number {
    const bytes = this.raw(8)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)
  }

  /** A varint, canonical (no needless last zero byte) and at most `max`. */
  varint(max = Number.MAX_SAFE_INTEGER): number {
    const first = this.#bytes[this.#at]
    if (first !== undefined && first < 0x80 && first <= max) {
      this.#at++
      return first
    }
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new JoineryError('bad-message', 'a varint is longer than it need be')
        if (value > max) throw new JoineryError('bad-message', `a number is ${value}, at most ${max} is allowed`)
        return value
      }
      scale *= 0x80
    }
    throw new JoineryError('bad-message', 'a varint is longer than 8 bytes')
  }

  /** What ByteWriter.units wrote: exactly `count` units, into `target` from `at` on. */
  units(target: Uint16Array, at: number, count: number): void {
    const bytes = this.#bytes
    let from = this.#at
    for (let i = at; i < at + count; i++) {
      const byte = bytes[from] ?? 0x80
      if (byte < 0x80) {
        target[i] = byte
        from++
      } else {
        this.#at = from
        target[i] = this.varint(0xffff)
        from = this.#at
      }
    }
    this.#at = from
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    if (length > this.left) throw new JoineryError('bad-message', `the bytes end ${length - this.left} bytes too early`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  bytes(max = Number.MAX_SAFE_INTEGER): Uint8Array {
    return this.raw(this.varint(max))
  }

  string(maxBytes = Number.MAX_SAFE_INTEGER): string {
    const start = this.#at
    const length = this.varint(maxBytes)
    if (length <= shortString && length <= this.left) {
      const codes = new Array<number>(length)
      let all = 0
      for (let i = 0; i < length; i++) {
        const byte = this.#bytes[this.#at + i] as number
        codes[i] = byte
        all |= byte
      }
      if (all < 0x80) {
        this.#at += length
        return String.fromCharCode.apply(undefined, codes)
      }
    }
    this.#at = start
    try {
      return decoder.decode(this.bytes(maxBytes))
    } catch (cause) {
      if (cause instanceof JoineryError) throw cause
      throw new JoineryError('bad-message', 'a string is not UTF-8', { cause })
    }
  }

  /** Asserts, for a peer's bytes, that nothing follows. */
  end(): void {
    if (!this.done) throw new JoineryError('bad-message', `${this.left} bytes follow where the message should end`)
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Below 0 if `a` comes first: as numbers, byte by byte. Both have the same length. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The codes of the two digits of each byte. */
const hexCodes = Uint16Array.from({ length: 512 }, (_, i) =>
  '0123456789abcdef'.charCodeAt(((i >> 1) >> (i & 1 ? 0 : 4)) & 15),
)
const hexAtOnce = 1024

/** Lower-case hex: also the key under which byte ids stand in maps, since its order is byte order. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > hexAtOnce) return toHex(bytes.subarray(0, hexAtOnce)) + toHex(bytes.subarray(hexAtOnce))
  const codes = new Array<number>(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    codes[2 * i] = hexCodes[2 * (bytes[i] as number)] as number
    codes[2 * i + 1] = hexCodes[2 * (bytes[i] as number) + 1] as number
  }
  return String.fromCharCode.apply(undefined, codes)
}

export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1)
  let wrong = 0
  for (let i = 0; i < bytes.length; i++) {
    const high = digitOf(hex.charCodeAt(2 * i))
    const low = digitOf(hex.charCodeAt(2 * i + 1))
    wrong |= high | low
    bytes[i] = high * 16 + low
  }
  if (wrong & ~15 || hex.length & 1) throw new JoineryError('bad-message', 'not lower-case hex')
  return bytes
}

/** 16 and more for what is no digit. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : 16
}
