// Who among the tabs may write as which actor, and who owns network and compaction: Web Locks, which the browser frees when a tab dies.
// A visible tab is preferred: browsers slow hidden ones down. A hidden leader gives way to a visible tab that asks.
//
//   visible tab, waiting          hidden tab, leading
//     asks when it begins to wait ──────► gives way
//     asks when it becomes visible ─────► gives way
//     asks ◄───────────────────────────── tells that it leads hidden: on taking the lead, on becoming hidden

import type { Off } from '../../base/emitter.ts'
import { JoineryError } from '../../base/errors.ts'
import type { Leadership, Lease } from '../store.ts'

/** Whether anyone looks at this tab. */
export interface Visibility {
  isVisible(): boolean
  onChange(listener: () => void): Off
}

/** The page's own; a worker has no page and counts as visible. */
export const pageVisibility: Visibility = {
  isVisible: () => globalThis.document?.visibilityState !== 'hidden',
  onChange(listener) {
    globalThis.document?.addEventListener('visibilitychange', listener)
    return () => globalThis.document?.removeEventListener('visibilitychange', listener)
  },
}

export interface LeaderOptions {
  readonly name: string
  readonly visibility: Visibility
  /** Tells the other tabs. */
  readonly post: (message: LeaderMessage) => void
  /** Called while the lock is held, before anyone is told: makes the term by which older leaders are refused. */
  readonly begin: () => Promise<void>
}

export type LeaderMessage = 'visible-tab-asks' | 'hidden-tab-leads'

export class Leader {
  readonly #options: LeaderOptions
  readonly #offVisibility: Off
  /** Ends our leadership, if we lead. */
  #giveWay: (() => void) | undefined
  #waiting = 0

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#offVisibility = options.visibility.onChange(() => this.#say())
  }

  async lead(signal: AbortSignal): Promise<Leadership> {
    signal.throwIfAborted()
    const lost = Promise.withResolvers<void>()
    this.#waiting++
    this.#say()
    try {
      const held = await hold(this.#options.name, { signal }, this.#options.begin)
      const release = async (): Promise<void> => {
        if (this.#giveWay === giveWay) this.#giveWay = undefined
        await held.release()
      }
      const giveWay = (): void => {
        lost.resolve()
        void release()
      }
      void held.lost.then(lost.resolve)
      this.#giveWay = giveWay
      this.#say()
      return { lost: lost.promise, release }
    } finally {
      this.#waiting--
    }
  }

  /** What another tab said. */
  hear(message: LeaderMessage): void {
    if (message === 'hidden-tab-leads') this.#say()
    else if (!this.#options.visibility.isVisible()) this.#giveWay?.()
  }

  close(): void {
    this.#offVisibility()
  }

  #say(): void {
    const isVisible = this.#options.visibility.isVisible()
    if (this.#giveWay !== undefined && !isVisible) this.#options.post('hidden-tab-leads')
    else if (this.#giveWay === undefined && this.#waiting > 0 && isVisible) this.#options.post('visible-tab-asks')
  }
}

/** Invariant 11: an instance number is held by one living tab, and is free again the moment it dies. */
export async function leaseInstance(name: string): Promise<Lease> {
  for (let instance = 0; ; instance++) {
    const held = await hold(`${name}:${instance}`, { ifAvailable: true }).catch((error: unknown) => {
      if (error === taken) return undefined
      throw error
    })
    if (held !== undefined) return { instance, ...held }
  }
}

interface Held {
  /** Resolves when the lock was stolen. */
  readonly lost: Promise<void>
  release(): Promise<void>
}

const taken = new Error('the lock is taken')

/** Takes a Web Lock and keeps it until released. Rejects `taken` where it was asked for only if available. */
function hold(name: string, options: LockOptions, begin = async (): Promise<void> => {}): Promise<Held> {
  const { locks } = navigator
  if (locks === undefined)
    throw new JoineryError('insecure-context', 'Tabs share data only on https: or http://localhost pages.')
  const granted = Promise.withResolvers<Held>()
  const released = Promise.withResolvers<void>()
  const lost = Promise.withResolvers<void>()
  const request = locks.request(name, options, async (lock) => {
    if (lock === null) throw taken
    await begin()
    granted.resolve({ lost: lost.promise, release })
    await released.promise
  })
  const release = async (): Promise<void> => {
    released.resolve()
    await request.catch(() => {}) // Stolen meanwhile: then it is as free as we wanted it.
  }
  request.catch((error: unknown) => {
    granted.reject(error)
    lost.resolve()
  })
  return granted.promise
}
