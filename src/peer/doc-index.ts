// What must be known of each document of a space before it is read: its name, what of it is held and may leave, and the mark that the store gave its
// stream when this was noted. Where the mark is another one by now, the document itself is read. Nothing depends on an index: without one, all are read.
//
//   index   = version u8 (1) ‖ actors ‖ count varint ‖ entry …
//   actors  = count varint ‖ actor bytes …                    each once, so that a member is named once for a thousand documents
//   entry   = name string ‖ generation varint ‖ mark string ‖ records varint ‖ version ‖ outward ‖ digest 32
//   version = count varint ‖ (number of the actor varint ‖ seq varint) …
//   outward = count varint ‖ (number of the actor varint ‖ seq varint ‖ tag 8) …     the tag of the chain there: what others are told
//
// Digests stand in it: whoever makes replica.outward.digest() another function counts `indexVersion` on (test/peer/doc-index.test.ts notices).

import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import {
  type ActorId,
  actorOf,
  type BranchId,
  decodeActor,
  encodeActor,
  forkedBranch,
  forkPoint,
  tagBytes,
} from '../core/ids.ts'
import { equalVersions, type Version } from '../core/version.ts'
import { type DocName, readDocument, readMany, writeDocument } from '../sync/messages.ts'
import type { Face } from './document.ts'

export interface IndexEntry {
  readonly id: DocName
  /** What the store said of its stream. */
  readonly mark: string
  readonly face: Face
}

export const indexVersion = 1

const MARK_BYTES = 200

export function encodeIndex(entries: readonly IndexEntry[]): Uint8Array {
  const numbers = new Map<ActorId, number>()
  for (const { face } of entries)
    for (const branch of [...face.version.keys(), ...face.outward.keys()]) {
      const actor = actorOf(branch)
      if (!numbers.has(actor)) numbers.set(actor, numbers.size)
    }
  const writer = new ByteWriter(128 * entries.length).u8(indexVersion).varint(numbers.size)
  for (const actor of numbers.keys()) encodeActor(writer, actor)
  writer.varint(entries.length)
  const write = (version: Version): void => {
    writer.varint(version.size)
    for (const [branch, seq] of version) {
      writer.varint(numbers.get(actorOf(branch)) ?? 0).varint(seq)
      const point = forkPoint(branch)
      if (point !== undefined) writer.raw(point.tag)
    }
  }
  for (const { id, mark, face } of entries) {
    writeDocument(writer, id)
    writer.string(mark).varint(face.records)
    write(face.version)
    write(face.stated)
    writer.raw(face.digest)
  }
  return writer.finish()
}

/** Total. Errors: 'bad-message', 'store-newer' (another version, older or newer: it is no loss). */
export function decodeIndex(bytes: Uint8Array): IndexEntry[] {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version !== indexVersion) throw new JoineryError('store-newer', `an index of version ${version} is unknown here`)
  const actors = readMany(reader, reader.left, () => decodeActor(reader))
  const entries = readMany(reader, limits.documents, () => readEntry(reader, actors))
  reader.end()
  return entries
}

function readEntry(reader: ByteReader, actors: readonly ActorId[]): IndexEntry {
  const id = readDocument(reader)
  const mark = reader.string(MARK_BYTES)
  const records = reader.varint()
  const version = readVersion(reader, actors, false)
  const stated = readVersion(reader, actors, true)
  const served: Version = new Map([...stated].map(([branch, seq]) => [actorOf(branch), seq]))
  // Mostly they are the same, and one is enough to keep.
  const outward = equalVersions(version, served) ? version : served
  return { id, mark, face: { version, outward, stated, records, digest: reader.raw(32).slice() } }
}

function readVersion(reader: ByteReader, actors: readonly ActorId[], hasTags: boolean): Version {
  const entries = readMany(reader, actors.length, (): [BranchId, number] => {
    const actor = actors[reader.varint()]
    if (actor === undefined) throw new JoineryError('bad-message', 'an index names an actor that it does not list')
    const seq = reader.varint(limits.seq)
    return [hasTags ? forkedBranch(actor, seq, reader.raw(tagBytes)) : actor, seq]
  })
  return new Map(entries)
}
