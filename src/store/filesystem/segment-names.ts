// What comes again and again within a segment, and is written as a number: names of streams, of which the first half is that of a space, and parts that
// records have in common, as who wrote them. A stream's name is 129 bytes and an author 37, a small edit little more than a hundred.
//
//   stream = number varint if flag 10 ‖ name if flag 20, or if there is no number
//   name   = string, or with flag 40 two halves of 32 bytes; with flag 04 the first of these is a word
//   word   = 1 + 2 × number + (1 if it is told here) varint ‖ its length varint ‖ its bytes, where it is told
//
// A number is the place in the log where it was given, so none ever means two things; and what it means is told again in the second, the third, the fifth,
// ninth, … frame that mentions it, so that one damaged frame never takes the meaning of another's records.

import type { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import type { Cursor, StreamName } from '../store.ts'

/** Bytes that others have as well; undefined where they are told elsewhere in the segment. */
export interface Word {
  readonly id: number
  readonly bytes: Uint8Array | undefined
}

/** A stream in a table: by its name alone (the first draft), by a number that is given here, or by a number given elsewhere in the segment. */
export interface Mention {
  readonly id: number | undefined
  readonly name: StreamName | { readonly space: Word; readonly rest: Uint8Array } | undefined
  readonly flags: number
}

/** Words are used in this row of a table: in the name, and of data a part that it has in common with others. */
export const withWords = 0x04
const numbered = 0x10
const withName = 0x20
/** The name is two 32-byte values in hex with a slash between, as those of documents are. */
const packed = 0x40
const halfBytes = 32

export class SegmentNames {
  readonly #firstCursor: Cursor
  readonly #streams = new Telling<StreamName>()
  /** By their bytes in hex. */
  readonly #words = new Telling<string>()
  readonly #kept = new Map<string, Uint8Array>()

  constructor(firstCursor: Cursor) {
    this.#firstCursor = firstCursor
  }

  /** `frame` is the place of the frame's first record: within one frame a name is told once at most. */
  mention(stream: StreamName, cursor: Cursor, frame: Cursor): Mention {
    const { id, isTold } = this.#streams.tell(stream, cursor - this.#firstCursor, frame)
    if (!isTold) return { id, name: undefined, flags: numbered }
    if (!isPackable(stream)) return { id, name: stream, flags: numbered | withName }
    const [hex = '', rest = ''] = stream.split('/')
    const space = this.#word(hex, fromHex(hex), 2 * (cursor - this.#firstCursor), frame)
    return { id, name: { space, rest: fromHex(rest) }, flags: numbered | withName | packed | withWords }
  }

  /** A part that a record has in common with others; and its bytes, which are the same object for all of them. */
  word(bytes: Uint8Array, cursor: Cursor, frame: Cursor): { readonly word: Word; readonly bytes: Uint8Array } {
    const hex = toHex(bytes)
    const kept = this.#kept.get(hex) ?? bytes.slice()
    this.#kept.set(hex, kept)
    // One row may tell two words: its space and this one.
    return { word: this.#word(hex, kept, 2 * (cursor - this.#firstCursor) + 1, frame), bytes: kept }
  }

  #word(hex: string, bytes: Uint8Array, fresh: number, frame: Cursor): Word {
    const { id, isTold } = this.#words.tell(hex, fresh, frame)
    return { id, bytes: isTold ? bytes : undefined }
  }

  /** What was mentioned may not have reached the disk: all are named anew, by new numbers. */
  forget(): void {
    this.#streams.forget()
    this.#words.forget()
    this.#kept.clear()
  }
}

/** When what comes again is told, and which number it has. */
class Telling<Key> {
  readonly #known = new Map<Key, { readonly id: number; frames: number; frame: Cursor }>()

  tell(key: Key, fresh: number, frame: Cursor): { readonly id: number; readonly isTold: boolean } {
    const known = this.#known.get(key) ?? { id: fresh, frames: 0, frame: -1 }
    this.#known.set(key, known)
    if (known.frame === frame) return { id: known.id, isTold: false }
    const isTold = (known.frames & (known.frames - 1)) === 0
    known.frames++
    known.frame = frame
    return { id: known.id, isTold }
  }

  forget(): void {
    this.#known.clear()
  }
}

export function writeMention(writer: ByteWriter, { id, name }: Mention): void {
  if (id !== undefined) writer.varint(id)
  if (typeof name === 'string') writer.string(name)
  else if (name !== undefined) {
    writeWord(writer, name.space)
    writer.raw(name.rest)
  }
}

export function readMention(reader: ByteReader, flags: number): Mention {
  const id = flags & numbered ? reader.varint() : undefined
  if (id !== undefined && (flags & withName) === 0) return { id, name: undefined, flags }
  if ((flags & packed) === 0) return { id, name: reader.string(), flags }
  const space = flags & withWords ? readWord(reader) : { id: -1, bytes: reader.raw(halfBytes) }
  const rest = reader.raw(halfBytes)
  return { id, name: space === undefined ? undefined : { space, rest }, flags }
}

export function writeWord(writer: ByteWriter, word: Word | undefined): void {
  if (word === undefined) writer.u8(0)
  else writer.varint(1 + 2 * word.id + (word.bytes === undefined ? 0 : 1))
  if (word?.bytes !== undefined) writer.bytes(word.bytes)
}

/** Undefined where the row has none. The bytes are the caller's to keep. */
export function readWord(reader: ByteReader): Word | undefined {
  const head = reader.varint()
  if (head === 0) return undefined
  return { id: Math.floor((head - 1) / 2), bytes: head % 2 === 0 ? reader.bytes().slice() : undefined }
}

/** What a stream's mention names by itself; undefined where its meaning is told elsewhere, or was lost. */
export function nameIn({ name }: Mention, words: ReadonlyMap<number, Uint8Array>): StreamName | undefined {
  if (name === undefined || typeof name === 'string') return name
  const space = name.space.bytes ?? words.get(name.space.id)
  return space && `${toHex(space)}/${toHex(name.rest)}`
}

/** The word in it, if it has one. */
export function spaceIn({ name }: Mention): Word | undefined {
  return typeof name === 'object' ? name.space : undefined
}

function isPackable(stream: StreamName): boolean {
  return /^[0-9a-f]{64}\/[0-9a-f]{64}$/.test(stream)
}
