// How members name a document to one another, and in what bytes: name string ‖ generation varint.

import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'

/** A document as members name it to one another. */
export interface DocName {
  readonly name: string
  readonly generation: number
}

export function writeDocument(writer: ByteWriter, document: DocName): void {
  writer.string(document.name).varint(document.generation)
}

export function readDocument(reader: ByteReader): DocName {
  return { name: reader.string(limits.documentNameBytes), generation: reader.varint(limits.seq) }
}

export function readMany<T>(reader: ByteReader, max: number, readOne: () => T): T[] {
  const count = reader.varint(max)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(readOne())
  return items
}
