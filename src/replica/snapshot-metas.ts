// What is no edit, in canonical order: wall times, messages, salts (FORMAT §2).
//
//   meta = flags u8 (1 time, 2 message, 4 salt, 8 depends), [zigzag varint: difference to the last time], [string], [16 bytes], [bytes]

import { ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import type { Meta } from '../core/kinds.ts'
import { ColumnReader, unzigzag, zigzag } from './snapshot-columns.ts'

const saltLength = 16
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class MetaWriter {
  readonly #writer = new ByteWriter()
  #time = 0

  write({ time, message, salt, depends }: Meta): void {
    const has = (part: unknown, flag: number): number => (part === undefined ? 0 : flag)
    this.#writer.u8(has(time, 1) | has(message, 2) | has(salt, 4) | has(depends, 8))
    if (time !== undefined) {
      this.#writer.varint(zigzag(time - this.#time))
      this.#time = time
    }
    if (message !== undefined) this.#writer.string(message)
    if (salt !== undefined) this.#writer.raw(salt)
    if (depends !== undefined) this.#writer.bytes(depends)
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}

export class MetaReader {
  readonly #reader: ColumnReader
  #time = 0

  constructor(bytes: Uint8Array) {
    this.#reader = new ColumnReader(bytes)
  }

  read(): Meta {
    const reader = this.#reader
    const flags = reader.u8()
    if (flags > 15) throw new JoineryError('bad-message', `a meta op has the flags ${flags}`)
    if ((flags & 1) !== 0) this.#time += unzigzag(reader.varint())
    return {
      ...((flags & 1) !== 0 && { time: this.#time }),
      ...((flags & 2) !== 0 && { message: messageOf(reader.bytes()) }),
      ...((flags & 4) !== 0 && { salt: reader.raw(saltLength).slice() }),
      ...((flags & 8) !== 0 && { depends: reader.bytes().slice() }),
    }
  }

  end(): void {
    this.#reader.end()
  }
}

function messageOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new JoineryError('bad-message', 'a message is not UTF-8', { cause })
  }
}
