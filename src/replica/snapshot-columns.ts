// Streams of small numbers, as snapshots are made of: one stream for each column, so that like stands beside like and deflate finds it.

import { assert } from '../base/assert.ts'
import { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'

/** Zigzag: small for numbers near 0 on both sides. */
export function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1
}

export function unzigzag(code: number): number {
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2
}

export function pack(...streams: readonly ByteWriter[]): Uint8Array {
  const writer = new ByteWriter(1024)
  for (const stream of streams) writer.bytes(stream.finish())
  const bytes = writer.finish()
  // Nothing but empty streams is an empty section.
  return bytes.some((byte) => byte !== 0) ? bytes : new Uint8Array(0)
}

/** The streams of a pack, as many as are expected. An empty section is so many empty streams. */
export function unpack(bytes: Uint8Array, count: number): ColumnReader[] {
  const reader = new ColumnReader(bytes)
  const out: ColumnReader[] = []
  for (let i = 0; i < count; i++) out.push(new ColumnReader(bytes.length === 0 ? bytes : reader.bytes()))
  reader.end()
  return out
}

/** Reads one stream. Total: whatever the bytes, a number or 'bad-message'. */
export class ColumnReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    if (this.#at >= this.#bytes.length) throw endsEarly()
    return this.#bytes[this.#at++] as number
  }

  varint(max = Number.MAX_SAFE_INTEGER): number {
    const bytes = this.#bytes
    const first = bytes[this.#at] as number
    if (first < 0x80) {
      this.#at++
      if (first > max) throw tooLarge(first, max)
      return first
    }
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new JoineryError('bad-message', 'a varint is longer than it need be')
        if (value > max) throw tooLarge(value, max)
        return value
      }
      scale *= 0x80
    }
    throw new JoineryError('bad-message', 'a varint is longer than 8 bytes')
  }

  signed(): number {
    return unzigzag(this.varint())
  }

  raw(length: number): Uint8Array {
    if (length > this.left) throw endsEarly()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  bytes(): Uint8Array {
    return this.raw(this.varint(this.left))
  }

  /** What is left, to be looked at. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#at)
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.raw(this.left)
  }

  end(): void {
    if (this.left > 0) throw new JoineryError('bad-message', `${this.left} bytes follow where a stream should end`)
  }
}

/** Writes bits as the lengths of runs of equal ones, the first of zeros. */
export class BitWriter {
  readonly #writer: ByteWriter
  #bit: 0 | 1 = 0
  #count = 0

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  push(bit: 0 | 1, count: number): void {
    assert(count >= 0, `a run of ${count} bits`)
    if (count === 0) return
    if (bit !== this.#bit) this.#flush()
    this.#bit = bit
    this.#count += count
  }

  /** The last run is written too. */
  end(): void {
    if (this.#count > 0) this.#flush()
  }

  #flush(): void {
    this.#writer.varint(this.#count)
    this.#count = 0
  }
}

function endsEarly(): JoineryError {
  return new JoineryError('bad-message', 'a stream ends too early')
}

function tooLarge(value: number, max: number): JoineryError {
  return new JoineryError('bad-message', `a number is ${value}, at most ${max} is allowed`)
}
