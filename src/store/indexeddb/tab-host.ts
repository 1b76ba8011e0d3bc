// What the store asks of the browser around it, as one value: the page's own, or that of a simulated tab (joinery/testing).

import { type Clock, systemClock } from '../../base/clock.ts'
import type { Off } from '../../base/emitter.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import { type PageLife, pageLife } from './page-life.ts'

export interface TabHost {
  /** Undefined where there is none, as in some private windows. */
  readonly indexedDB: IDBFactory | undefined
  /** Undefined where the page is no secure context. */
  readonly locks: LockManager | undefined
  readonly storage: StorageManager | undefined
  /** What is written there is there at once; undefined where the page is given none. */
  readonly notes: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined
  readonly life: PageLife
  readonly clock: Clock
  readonly random: Random
  /** A way to the other tabs. */
  readonly channel: (name: string) => TabChannel
}

export interface TabChannel {
  onmessage: ((event: MessageEvent) => void) | null
  postMessage(message: unknown): void
  close(): void
}

/** The page that this runs in. */
export function pageHost(): TabHost {
  const { locks, storage } = navigator
  return {
    indexedDB: given(() => globalThis.indexedDB),
    locks,
    storage,
    notes: given(() => globalThis.localStorage),
    life: pageLife,
    clock: systemClock,
    random: systemRandom,
    channel: (name) => new BroadcastChannel(name),
  }
}

/** Does something again and again, until told to stop. */
export function every(clock: Clock, intervalMs: number, act: () => void): Off {
  let cancel = clock.after(intervalMs, again)
  function again(): void {
    cancel = clock.after(intervalMs, again)
    act()
  }
  return () => cancel()
}

/** Some browsers throw where it is asked for, as in a frame that may keep nothing. */
function given<T>(get: () => T | undefined): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
