// Coded symbols in columns, and their bytes.
//
//   symbols = from varint ‖ size of the set varint ‖ count varint ‖ sums 8 each ‖ checks 4 each ‖ counts, each as what it differs from the expected
//             ⌊2 · size / (2 + index)⌋, zigzag varint
//
// Numbers of 8 and 4 bytes have their most significant byte first. A count takes a byte or two, since it varies by its square root only.

import { assert } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

/** The coded symbols with indices [from, from + length) of a set of `size` ids: for each the XOR of its ids, of their checks, and how many they are. */
export interface Symbols {
  readonly from: number
  readonly length: number
  readonly size: number
  readonly highs: Uint32Array
  readonly lows: Uint32Array
  readonly checks: Uint32Array
  readonly counts: Int32Array
}

const LEAST_BYTES = 13

export function encodeSymbols({ from, length, size, highs, lows, checks, counts }: Symbols): Uint8Array {
  const writer = new ByteWriter(16 + 15 * length)
  writer.varint(from).varint(size).varint(length)
  for (let i = 0; i < length; i++) writer.u32(highs[i] as number).u32(lows[i] as number)
  for (let i = 0; i < length; i++) writer.u32(checks[i] as number)
  for (let i = 0; i < length; i++) {
    const more = (counts[i] as number) - expected(size, from + i)
    writer.varint(more < 0 ? -2 * more - 1 : 2 * more)
  }
  return writer.finish()
}

/** Total: any bytes give symbols or JoineryError('bad-message'). */
export function decodeSymbols(bytes: Uint8Array): Symbols {
  const reader = new ByteReader(bytes)
  const from = reader.varint(limits.symbols)
  const size = reader.varint(limits.symbolIds)
  // A number of symbols that lies is found before anything is made for it.
  const length = reader.varint(Math.min(limits.symbols - from, Math.floor(reader.left / LEAST_BYTES)))
  const symbols = emptySymbols(from, length, size)
  for (let i = 0; i < length; i++) {
    symbols.highs[i] = reader.u32()
    symbols.lows[i] = reader.u32()
  }
  for (let i = 0; i < length; i++) symbols.checks[i] = reader.u32()
  for (let i = 0; i < length; i++) {
    const zigzag = reader.varint(2 * limits.symbolIds + 1)
    const count = expected(size, from + i) + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2)
    if (count < 0 || count > size)
      throw new JoineryError('bad-message', `symbol ${from + i} of a set of ${size} counts ${count} ids`)
    symbols.counts[i] = count
  }
  reader.end()
  return symbols
}

export function emptySymbols(from: number, length: number, size: number): Symbols {
  assert(from >= 0 && length >= 0, `symbols [${from}, ${from + length}) cannot be`)
  return {
    from,
    length,
    size,
    highs: new Uint32Array(length),
    lows: new Uint32Array(length),
    checks: new Uint32Array(length),
    counts: new Int32Array(length),
  }
}

/** How many ids of a set symbol `index` has on average. In whole numbers: the same on every platform. */
function expected(size: number, index: number): number {
  return Math.floor((2 * size) / (2 + index))
}
