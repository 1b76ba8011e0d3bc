// JSON in lines, cut from chunks of bytes: the frame of the command socket. JSON never holds a raw newline, so a line is a message.

import { JoineryError } from '../base/errors.ts'

const newline = 0x0a

/** Cuts chunks into lines of at most `lineBytes`. Not more than one unfinished line is ever held (Invariant 9). */
export class LineReader {
  readonly #lineBytes: number
  #parts: Uint8Array[] = []
  #partBytes = 0

  constructor(lineBytes: number) {
    this.#lineBytes = lineBytes
  }

  /** The lines that end in this chunk, without their newline. Errors: 'limit', 'bad-message' (not UTF-8). */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end))
      lines.push(this.#take())
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  #keep(part: Uint8Array): void {
    this.#partBytes += part.length
    if (this.#partBytes > this.#lineBytes) {
      throw new JoineryError('limit', `A message is longer than ${this.#lineBytes} bytes.`)
    }
    if (part.length > 0) this.#parts.push(part)
  }

  #take(): string {
    const line = Buffer.concat(this.#parts)
    this.#parts = []
    this.#partBytes = 0
    return decodeUtf8(line)
  }
}

/** One message as a line of at most `lineBytes`. Errors: 'limit'. */
export function encodeLine(message: unknown, lineBytes: number): string {
  const line = `${stringify(message)}\n`
  const sizeBytes = Buffer.byteLength(line)
  if (sizeBytes > lineBytes) {
    throw new JoineryError('limit', `This is ${sizeBytes} bytes, more than the ${lineBytes} that one message may have.`)
  }
  return line
}

/** Errors: 'bad-message'. */
export function decodeLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new JoineryError('bad-message', 'What came through the command socket is not JSON.', { cause })
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new JoineryError('bad-message', 'What came through the command socket is not UTF-8.', { cause })
  }
}

// JSON.stringify recurses, so that a value nested by the ten thousand ends its stack; no document can hold one.
function stringify(message: unknown): string {
  try {
    return JSON.stringify(message)
  } catch (cause) {
    throw new JoineryError('limit', 'The value is nested too deeply.', { cause })
  }
}
