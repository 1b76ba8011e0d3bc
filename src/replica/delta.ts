// A delta, stand-alone: ops on their way from one replica to another, by whatever road.
//
//   delta = count varint, range*          empty bytes are an empty delta

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { decodeRange, encodeRange, type SignedRange } from '../core/range.ts'

export function encodeDelta(ranges: readonly SignedRange[]): Uint8Array {
  if (ranges.length === 0) return new Uint8Array(0)
  const writer = new ByteWriter().varint(ranges.length)
  for (const range of ranges) encodeRange(writer, range)
  return writer.finish()
}

/** Total: any bytes give ranges or a 'bad-message'. */
export function decodeDelta(bytes: Uint8Array): SignedRange[] {
  if (bytes.length === 0) return []
  const reader = new ByteReader(bytes)
  const ranges: SignedRange[] = []
  for (let left = reader.varint(reader.left); left > 0; left--) ranges.push(decodeRange(reader))
  reader.end()
  return ranges
}
