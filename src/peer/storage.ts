// How much room there is, and whether what is kept here stays: asked of the platform now and then, since asking takes time, and shown in every status.

import type { Clock } from '../base/clock.ts'
import type { JoineryError } from '../base/errors.ts'
import type { Store, Usage } from '../store/store.ts'
import type { StorageStatus } from './api.ts'

export interface StorageOptions {
  readonly store: Store
  readonly clock: Clock
  /** Why nothing is kept, though nobody asked for a store that forgets. */
  readonly forgets: JoineryError | undefined
  readonly changed: () => void
}

const ASK_EVERY_MS = 10_000
/** Less than this, or than a twentieth of all, is little. */
const LITTLE_BYTES = 5_000_000
const LITTLE_SHARE = 0.05

export class Storage {
  readonly forgets: JoineryError | undefined
  readonly #options: StorageOptions
  #current: StorageStatus
  #askedAt: number | undefined

  constructor(options: StorageOptions) {
    this.#options = options
    this.forgets = options.forgets
    const { kind } = options.store
    this.#current = { kind, persisted: kind === 'filesystem', usedBytes: undefined, roomBytes: undefined }
  }

  get current(): StorageStatus {
    return this.#current
  }

  /** Something was written, or could not be. */
  async look(): Promise<void> {
    const { store, clock, changed } = this.#options
    const now = clock.monotonic()
    if (store.usage === undefined || (this.#askedAt !== undefined && now - this.#askedAt < ASK_EVERY_MS)) return
    this.#askedAt = now
    const usage = await store.usage()
    this.#current = Object.freeze({ kind: store.kind, ...usage })
    changed()
  }
}

/** A sentence for people, where there is something to tell. */
export function storageSentence({ usedBytes, roomBytes }: Usage): string | undefined {
  if (usedBytes === undefined || roomBytes === undefined) return undefined
  const left = Math.max(0, roomBytes - usedBytes)
  if (left >= LITTLE_BYTES && left >= roomBytes * LITTLE_SHARE) return undefined
  return `Little room is left here: ${megabytes(left)} of ${megabytes(roomBytes)}. Free some on this device, or for this site.`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}
