// What a space that was left has on disk goes when nobody writes there any more: at once where this peer leads, else when somebody does. Whatever is
// dropped was written under names that others remember, so those are never used again (Invariant 11).

import { isJoineryError } from '../base/errors.ts'
import { type ActorId, isOwn, ownerOf } from '../core/ids.ts'
import { Replica } from '../replica/replica.ts'
import { decodeRecord } from '../store/journal.ts'
import type { Store, StreamName } from '../store/store.ts'
import { leftKey, leftPrefix, spaceKey, spacesPrefix } from './shelf.ts'

export interface SweepOptions {
  readonly store: Store
  readonly keyHex: string
  readonly retire: (instances: ReadonlySet<number>) => Promise<void>
  readonly signal: AbortSignal
}

/** Drops every stream whose space was left and is not on the shelf. Where only its key is missing, they stay. Errors: those of the store. */
export async function sweep({ store, keyHex, retire, signal }: SweepOptions): Promise<void> {
  const notes = await store.keys(leftPrefix)
  if (notes.length === 0) return
  // The streams first: whoever joins puts the space on the shelf before its first record.
  const streams = Map.groupBy(await store.streams(), (stream) => stream.slice(0, stream.indexOf('/')))
  const kept = new Set(await store.keys(spacesPrefix))
  for (const idHex of notes.map((note) => note.slice(leftPrefix.length))) {
    if (signal.aborted) return
    const own = streams.get(idHex)
    // Another tab may have written there a moment ago: the note goes when nothing is found any more.
    if (own === undefined) await store.delete(leftKey(idHex))
    else if (!kept.has(spaceKey(idHex))) await dropAll(idHex, own, { store, keyHex, retire, signal })
  }
}

async function dropAll(
  idHex: string,
  streams: readonly StreamName[],
  { store, keyHex, retire, signal }: SweepOptions,
): Promise<void> {
  for (const stream of streams) {
    if (signal.aborted || (await store.get(spaceKey(idHex))) !== undefined) return
    const { records } = await store.read(stream)
    const instances = new Set(records.flatMap((bytes) => instancesIn(bytes, keyHex)))
    if (instances.size > 0) await retire(instances)
    await store.drop(stream)
  }
}

/** The instances of this device that wrote what a record holds. */
function instancesIn(record: Uint8Array, keyHex: string): number[] {
  return authorsIn(record).flatMap((actor) => {
    const owner = ownerOf(actor)
    return owner.kind === 1 && isOwn(actor, keyHex) ? [owner.instance] : []
  })
}

function authorsIn(bytes: Uint8Array): ActorId[] {
  try {
    const record = decodeRecord(bytes)
    if (record.type === 'range') return [record.range.actor]
    return record.type === 'snapshot' ? Replica.ranges(record.snapshot).map(({ actor }) => actor) : []
  } catch (error) {
    // Damaged, or of a version that is not read here: it is about to go either way.
    if (isJoineryError(error)) return []
    throw error
  }
}
