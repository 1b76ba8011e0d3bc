// How records stand in IndexedDB: packed, since reading many small rows is slow, and cut, since very large rows are slow to write.
//
//   row  = { cursor (the ever-growing key), stream, writer, part, parts, upTo if a snapshot, bytes }     parts of one pack follow one another
//   pack = version u8 ‖ count ‖ count × (length ‖ bytes)     (varints)                                   cut into rows of ≤ limits.packBytes

import { ByteReader, ByteWriter, concatBytes } from '../../base/bytes.ts'
import { isJoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Cursor, StreamName } from '../store.ts'

/** Version of a pack's bytes; 0 is a draft that later builds may refuse. */
const packVersion = 0

/** A row as it is written: the key is given by the database. */
export interface NewRow {
  readonly stream: StreamName
  readonly writer: string
  readonly part: number
  readonly parts: number
  /** Of a snapshot: the cursor it reaches to. */
  readonly upTo?: Cursor
  readonly bytes: Uint8Array
}

export interface Row extends NewRow {
  readonly cursor: Cursor
}

/** What was packed together, read again; undefined records are damaged. */
export interface Unpacked {
  readonly stream: StreamName
  readonly writer: string
  readonly upTo: Cursor | undefined
  /** The key of its last row. */
  readonly cursor: Cursor
  readonly records: readonly Uint8Array[] | undefined
}

/** Rows for the records of one stream, in their order. */
export function packRows(stream: StreamName, writer: string, records: readonly Uint8Array[], upTo?: Cursor): NewRow[] {
  const common = upTo === undefined ? { stream, writer } : { stream, writer, upTo }
  return gather(records).flatMap((group) => {
    const parts = cut(encodePack(group))
    return parts.map((bytes, part) => ({ ...common, part, parts: parts.length, bytes }))
  })
}

/** Joins rows, in the order of their keys, to what was packed. */
export function unpackRows(rows: readonly Row[]): Unpacked[] {
  const packs: Unpacked[] = []
  let parts: Row[] = []
  for (const row of rows) {
    if (row.part === 0) parts = []
    parts.push(row)
    if (row.part === row.parts - 1) packs.push(join(parts, row))
  }
  return packs
}

export function encodePack(records: readonly Uint8Array[]): Uint8Array {
  const size = records.reduce((sum, { length }) => sum + length + 8, 16)
  const writer = new ByteWriter(size).u8(packVersion).varint(records.length)
  for (const bytes of records) writer.bytes(bytes)
  return writer.finish()
}

/** The records of a pack, undefined if it is damaged. */
export function decodePack(bytes: Uint8Array): Uint8Array[] | undefined {
  try {
    const reader = new ByteReader(bytes)
    if (reader.u8() !== packVersion) return undefined
    const count = reader.varint(bytes.length)
    const records = Array.from({ length: count }, () => reader.bytes())
    reader.end()
    return records
  } catch (error) {
    if (isJoineryError(error, 'bad-message')) return undefined
    throw error
  }
}

function join(parts: readonly Row[], last: Row): Unpacked {
  const isWhole = parts.length === last.parts
  const records = isWhole ? decodePack(concatBytes(...parts.map(({ bytes }) => bytes))) : undefined
  return { stream: last.stream, writer: last.writer, upTo: last.upTo, cursor: last.cursor, records }
}

/** Groups that fit a row each; a record that fits no row stands alone. */
function gather(records: readonly Uint8Array[]): Uint8Array[][] {
  const groups: Uint8Array[][] = []
  let sum = Number.POSITIVE_INFINITY
  for (const bytes of records) {
    sum += bytes.length + 8
    if (sum > limits.packBytes) {
      groups.push([])
      sum = bytes.length + 8
    }
    groups.at(-1)?.push(bytes)
  }
  return groups
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += limits.packBytes) parts.push(bytes.slice(at, at + limits.packBytes))
  return parts
}
