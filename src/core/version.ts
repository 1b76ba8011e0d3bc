// A version: how many ops of each actor somebody has. Half open: the number is also the next seq.
//
//   version = count varint, (actor bytes, seq varint)*     actors ascending, seq ≥ 1

import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type ActorId, compareActors, decodeActor, encodeActor } from './ids.ts'

export type Version = ReadonlyMap<ActorId, number>

export function encodeVersion(writer: ByteWriter, version: Version): void {
  const entries = [...version].filter(([, seq]) => seq > 0).sort(([a], [b]) => compareActors(a, b))
  writer.varint(entries.length)
  for (const [actor, seq] of entries) {
    encodeActor(writer, actor)
    writer.varint(seq)
  }
}

export function decodeVersion(reader: ByteReader): Version {
  const version = new Map<ActorId, number>()
  let last: ActorId | undefined
  // Three bytes are the least an entry takes: a count that lies is found before anything is made for it.
  for (let left = reader.varint(Math.floor(reader.left / 3)); left > 0; left--) {
    const actor = decodeActor(reader)
    if (last !== undefined && compareActors(last, actor) >= 0)
      throw new JoineryError('bad-message', 'a version is not in order')
    const seq = reader.varint(limits.seq)
    if (seq === 0) throw new JoineryError('bad-message', 'a version names an actor without ops')
    version.set(actor, seq)
    last = actor
  }
  return version
}

/** True if whoever has `a` has all of `b`. */
export function containsVersion(a: Version, b: Version): boolean {
  for (const [actor, seq] of b) if ((a.get(actor) ?? 0) < seq) return false
  return true
}

export function joinVersions(a: Version, b: Version): Version {
  const out = new Map(a)
  for (const [actor, seq] of b) if ((out.get(actor) ?? 0) < seq) out.set(actor, seq)
  return out
}

export function equalVersions(a: Version, b: Version): boolean {
  return containsVersion(a, b) && containsVersion(b, a)
}
