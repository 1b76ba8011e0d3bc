// What a space that was left has on disk goes when nobody writes there any more: at once where this peer leads, else when somebody does. Whatever is
// dropped was written under names that others remember, so those are never used again (Invariant 11).

import { isJoineryError } from '../base/errors.ts'
import { type ActorId, ownerOf } from '../core/ids.ts'
import { Replica } from '../replica/replica.ts'
import { decodeRecord } from '../store/journal.ts'
import type { Store } from '../store/store.ts'
import { isOwn } from './document.ts'
import { spaceKey, spacesPrefix } from './shelf.ts'

export interface SweepOptions {
  readonly store: Store
  readonly keyHex: string
  readonly retire: (instances: ReadonlySet<number>) => Promise<void>
  readonly signal: AbortSignal
}

/** Drops every stream whose space is not on the shelf. Errors: those of the store. */
export async function sweep({ store, keyHex, retire, signal }: SweepOptions): Promise<void> {
  // The streams first: whoever joins puts the space on the shelf before its first record.
  const streams = await store.streams()
  const kept = new Set(await store.keys(spacesPrefix))
  for (const stream of streams) {
    const key = spaceKey(stream.slice(0, stream.indexOf('/')))
    if (signal.aborted) return
    if (kept.has(key) || (await store.get(key)) !== undefined) continue
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
