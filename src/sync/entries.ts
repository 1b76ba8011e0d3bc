// Documents with the versions that somebody holds of them, for telling many at once: each writer is named once for all of them.
//
//   entries = actor count varint ‖ actor … ‖ entry count varint ‖ entry …
//   entry   = document ‖ branch count varint ‖ (index of the actor varint ‖ seq varint ‖ tag 8) …      as core/version.ts has them, in the same order

import { assert } from '../base/assert.ts'
import { type ByteReader, type ByteWriter, compareBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import {
  type ActorId,
  actorOf,
  type BranchId,
  compareActors,
  decodeActor,
  encodeActor,
  forkedBranch,
  forkPoint,
  tagBytes,
} from '../core/ids.ts'
import type { Version } from '../core/version.ts'
import { type DocName, readDocument, readMany, writeDocument } from './document-name.ts'

export interface Entry {
  readonly document: DocName
  readonly version: Version
}

/** Entries in one message: what is more goes in parts. */
export const ENTRIES_MAX = 4096
/** A name, its length and generation, and the branches' count. */
const LEAST_BYTES = 3

export function writeEntries(writer: ByteWriter, entries: readonly Entry[]): void {
  const actors = [...new Set(entries.flatMap(({ version }) => [...version.keys()].map(actorOf)))].sort(compareActors)
  const indexOf = new Map(actors.map((actor, index) => [actor, index]))
  writer.varint(actors.length)
  for (const actor of actors) encodeActor(writer, actor)
  writer.varint(entries.length)
  for (const { document, version } of entries) {
    writeDocument(writer, document)
    writer.varint(version.size)
    for (const { actor, seq, tag } of inOrder(version))
      writer
        .varint(indexOf.get(actor) ?? 0)
        .varint(seq)
        .raw(tag)
  }
}

/** Total: any bytes give entries or JoineryError('bad-message'). */
export function readEntries(reader: ByteReader): Entry[] {
  const actors = readMany(reader, reader.left >> 1, () => decodeActor(reader))
  for (const [index, actor] of actors.entries())
    if (index > 0 && compareActors(actors[index - 1] as ActorId, actor) >= 0)
      throw new JoineryError('bad-message', 'the actors of entries are not in order')
  return readMany(reader, Math.min(ENTRIES_MAX, Math.floor(reader.left / LEAST_BYTES)), () => ({
    document: readDocument(reader),
    version: readVersion(reader, actors),
  }))
}

interface Part {
  readonly actor: ActorId
  readonly seq: number
  readonly tag: Uint8Array
}

function inOrder(version: Version): Part[] {
  const parts = [...version].map(([id, seq]) => {
    const point = forkPoint(id)
    assert(point !== undefined && point.end === seq && seq > 0, `an entry says of ${id} what its chain is at ${seq}`)
    return { actor: actorOf(id), seq, tag: point.tag }
  })
  return parts.sort(compare)
}

function readVersion(reader: ByteReader, actors: readonly ActorId[]): Version {
  const version = new Map<BranchId, number>()
  let last: Part | undefined
  for (let left = reader.varint(Math.floor(reader.left / (2 + tagBytes))); left > 0; left--) {
    const actor = actors[reader.varint(limits.seq)]
    const seq = reader.varint(limits.seq)
    const tag = reader.raw(tagBytes).slice()
    if (actor === undefined || seq === 0) throw new JoineryError('bad-message', 'an entry of nobody, or of no ops')
    const part = { actor, seq, tag }
    if (last !== undefined && compare(last, part) >= 0)
      throw new JoineryError('bad-message', 'the version of an entry is not in order')
    version.set(forkedBranch(actor, seq, tag), seq)
    last = part
  }
  return version
}

function compare(a: Part, b: Part): number {
  return compareActors(a.actor, b.actor) || a.seq - b.seq || compareBytes(a.tag, b.tag)
}
