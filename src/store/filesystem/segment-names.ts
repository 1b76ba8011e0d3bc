// Names of streams within a segment. A name is 129 bytes, a small edit little more than a hundred: so a stream that is mentioned again is a number.
// The number is the place in the log where it was given, so none ever means two things; and the name is told again in the second, the third, the
// fifth, ninth, … frame that mentions it, so that one damaged frame never takes the name of another's records.

import type { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import type { Cursor, StreamName } from '../store.ts'

/** A stream in a table: by its name alone (the first draft), by a number that is given here, or by a number given elsewhere in the segment. */
export interface Mention {
  readonly id: number | undefined
  readonly name: StreamName | undefined
  readonly flag: number
}

const numbered = 0x10
const withName = 0x20
/** The name is two 32-byte values in hex with a slash between, as those of documents are. */
const packed = 0x40

export class SegmentNames {
  readonly #firstCursor: Cursor
  readonly #known = new Map<StreamName, { readonly id: number; frames: number; frame: Cursor }>()

  constructor(firstCursor: Cursor) {
    this.#firstCursor = firstCursor
  }

  /** `frame` is the place of the frame's first record: within one frame a name is told once at most. */
  mention(stream: StreamName, cursor: Cursor, frame: Cursor): Mention {
    const known = this.#known.get(stream) ?? { id: cursor - this.#firstCursor, frames: 0, frame: -1 }
    this.#known.set(stream, known)
    const isNamed = known.frame !== frame && (known.frames & (known.frames - 1)) === 0
    if (known.frame !== frame) known.frames++
    known.frame = frame
    const flag = numbered | (isNamed ? withName | (isPackable(stream) ? packed : 0) : 0)
    return { id: known.id, name: isNamed ? stream : undefined, flag }
  }

  /** What was mentioned may not have reached the disk: all are named anew, by new numbers. */
  forget(): void {
    this.#known.clear()
  }
}

export function writeMention(writer: ByteWriter, { id, name, flag }: Mention): void {
  if (id !== undefined) writer.varint(id)
  if (name === undefined) return
  if (flag & packed) for (const half of name.split('/')) writer.raw(fromHex(half))
  else writer.string(name)
}

export function readMention(reader: ByteReader, flags: number): Mention {
  const id = flags & numbered ? reader.varint() : undefined
  const isNamed = id === undefined || (flags & withName) !== 0
  const readName = (): StreamName =>
    flags & packed ? `${toHex(reader.raw(32))}/${toHex(reader.raw(32))}` : reader.string()
  return { id, name: isNamed ? readName() : undefined, flag: flags }
}

function isPackable(stream: StreamName): boolean {
  return /^[0-9a-f]{64}\/[0-9a-f]{64}$/.test(stream)
}
