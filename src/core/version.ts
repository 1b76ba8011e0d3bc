// A version: how many ops of each branch somebody has. Half open: the number is also the next seq. A branch is an actor, nearly always; of a forked one,
// each continuation that somebody has stands by itself (forks.ts).
//
//   version = count varint, (actor bytes, seq varint, tag (8))*     actors ascending, then seq, then tag; seq ≥ 1
//
// Between peers every entry has a tag, the first bytes of the chain's hash after `seq` ops: so whoever holds another chain under the same name
// notices. In memory such an entry is a BranchId with its tag; replica/outward.ts leads there and back.

import { assert } from '../base/assert.ts'
import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { compareBytes } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import {
  actorOf,
  type BranchId,
  compareActors,
  decodeActor,
  encodeActor,
  forkedBranch,
  forkPoint,
  tagBytes,
} from './ids.ts'

export type Version = ReadonlyMap<BranchId, number>

/** Writes a version as Outward.stated gives it. */
export function encodeVersion(writer: ByteWriter, version: Version): void {
  const entries = [...version].map(([id, seq]) => {
    const point = forkPoint(id)
    assert(point !== undefined && point.end === seq && seq > 0, `a version says of ${id} what its chain is at ${seq}`)
    return { actor: actorOf(id), seq, tag: point.tag }
  })
  entries.sort((a, b) => compareActors(a.actor, b.actor) || a.seq - b.seq || compareBytes(a.tag, b.tag))
  writer.varint(entries.length)
  for (const { actor, seq, tag } of entries) {
    encodeActor(writer, actor)
    writer.varint(seq).raw(tag)
  }
}

export function decodeVersion(reader: ByteReader): Version {
  const version = new Map<BranchId, number>()
  let last: { actor: ReturnType<typeof decodeActor>; seq: number; tag: Uint8Array } | undefined
  // Eleven bytes are the least an entry takes: a count that lies is found before anything is made for it.
  for (let left = reader.varint(Math.floor(reader.left / (3 + tagBytes))); left > 0; left--) {
    const actor = decodeActor(reader)
    const seq = reader.varint(limits.seq)
    const tag = reader.raw(tagBytes).slice()
    if (seq === 0) throw new JoineryError('bad-message', 'a version names an actor without ops')
    const isAfter =
      last === undefined || (compareActors(last.actor, actor) || last.seq - seq || compareBytes(last.tag, tag)) < 0
    if (!isAfter) throw new JoineryError('bad-message', 'a version is not in order')
    version.set(forkedBranch(actor, seq, tag), seq)
    last = { actor, seq, tag }
  }
  return version
}

/** True if whoever has `a` has all of `b`. */
export function containsVersion(a: Version, b: Version): boolean {
  for (const [branch, seq] of b) if ((a.get(branch) ?? 0) < seq) return false
  return true
}

export function joinVersions(a: Version, b: Version): Version {
  const out = new Map(a)
  for (const [branch, seq] of b) if ((out.get(branch) ?? 0) < seq) out.set(branch, seq)
  return out
}

export function equalVersions(a: Version, b: Version): boolean {
  return containsVersion(a, b) && containsVersion(b, a)
}
