// The platform's own compression, which browsers and Node both give as streams only.

import { onPlatform } from '../auth/platform.ts'
import { concatBytes } from '../base/bytes.ts'
import { JoineryError, messageOf } from '../base/errors.ts'

export function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return onPlatform(() => through(bytes, new CompressionStream('deflate-raw'), Number.POSITIVE_INFINITY))
}

/** Errors: 'bad-message' for what was not deflated whole, or becomes more than `maxBytes`: of a bomb, no more than that is held. */
export async function inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await onPlatform(() => through(bytes, new DecompressionStream('deflate-raw'), maxBytes))
  } catch (cause) {
    throw new JoineryError('bad-message', `what was deflated cannot be inflated: ${messageOf(cause)}`, { cause })
  }
}

async function through(
  bytes: Uint8Array,
  transform: CompressionStream | DecompressionStream,
  maxBytes: number,
): Promise<Uint8Array> {
  const writer = transform.writable.getWriter()
  // What goes wrong is told to the reader as well.
  writer.write(bytes.slice()).catch(() => {})
  writer.close().catch(() => {})
  const reader = transform.readable.getReader()
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concatBytes(...pieces)
    pieces.push(value)
    length += value.length
    if (length <= maxBytes) continue
    await reader.cancel().catch(() => {})
    throw new Error(`it is larger than ${maxBytes} bytes`)
  }
}
