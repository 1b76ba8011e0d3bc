// Who owns network and compaction among the tabs: a Web Lock, which the browser frees when a tab dies. A visible tab is preferred, since browsers slow
// hidden ones down; and a leader that sleeps is no leader. Who leads is told by the term (`begin`), which whatever deletes checks in its own transaction:
// two who believe that they lead do no harm.
//
//   visible tab, waiting                    leader
//     asks when it begins to wait ────────► hidden: gives way
//     asks when it becomes visible ───────► hidden: gives way
//     asks ◄─────────────────────────────── tells that it leads hidden: on taking the lead, on becoming hidden
//     asks again and again ───────────────► answers, seen or not; about to be frozen: gives way unasked
//     no answer: steals the lock            frozen, or stuck: finds out when it wakes

import type { Off } from '../../base/emitter.ts'
import { limits } from '../../base/limits.ts'
import type { Leadership } from '../store.ts'
import { type Begin, type Held, hold, taken } from './locks.ts'
import { every, type TabHost } from './tab-host.ts'

export interface LeaderOptions {
  readonly name: string
  readonly host: Pick<TabHost, 'clock' | 'life' | 'locks'>
  /** Tells the other tabs. */
  readonly post: (message: LeaderMessage) => void
  /** Called while the lock is held, before anyone is told: makes the term by which older leaders are refused. */
  readonly begin: Begin
}

export type LeaderMessage = 'visible-tab-asks' | 'hidden-tab-leads' | 'leader-there?' | 'leader-here'

export class Leader {
  readonly #options: LeaderOptions
  readonly #offs: readonly Off[]
  /** Ends our leadership, if we lead. */
  #giveWay: (() => void) | undefined
  #waiting = 0
  #heardAt = 0

  constructor(options: LeaderOptions) {
    this.#options = options
    const { life } = options.host
    this.#offs = [life.onVisibility(() => this.#say()), life.onSleep(() => this.#giveWay?.())]
  }

  get leads(): boolean {
    return this.#giveWay !== undefined
  }

  async lead(signal: AbortSignal): Promise<Leadership> {
    signal.throwIfAborted()
    const lost = Promise.withResolvers<void>()
    this.#waiting++
    this.#say()
    try {
      const held = await this.#acquire(signal)
      const release = async (): Promise<void> => {
        if (this.#giveWay === giveWay) this.#giveWay = undefined
        await held.release()
      }
      const giveWay = (): void => {
        lost.resolve()
        void release()
      }
      void held.lost.then(giveWay)
      this.#giveWay = giveWay
      this.#options.post('leader-here')
      this.#say()
      return { lost: lost.promise, release }
    } finally {
      this.#waiting--
    }
  }

  /** What another tab said. */
  hear(message: LeaderMessage): void {
    if (message === 'leader-here') this.#heardAt = this.#options.host.clock.monotonic()
    else if (message === 'hidden-tab-leads') this.#say()
    else if (message === 'leader-there?') this.#answer()
    else if (!this.#options.host.life.isVisible()) this.#giveWay?.()
  }

  /** Somebody else has begun to lead, which we were not told of. */
  resign(): void {
    this.#giveWay?.()
  }

  close(): void {
    for (const off of this.#offs) off()
  }

  #answer(): void {
    if (this.leads) this.#options.post('leader-here')
  }

  #say(): void {
    const isVisible = this.#options.host.life.isVisible()
    if (this.leads && !isVisible) this.#options.post('hidden-tab-leads')
    else if (!this.leads && this.#waiting > 0 && isVisible) this.#options.post('visible-tab-asks')
  }

  /** The lock, in turn; or at once from whoever holds it and does not answer. */
  #acquire(signal: AbortSignal): Promise<Held> {
    const { name, host, begin } = this.#options
    const turn = new AbortController()
    const wait = AbortSignal.any([signal, turn.signal])
    return new Promise((resolve, reject) => {
      let isOver = false
      const take = (held: Held): void => {
        if (isOver) return void held.release()
        isOver = true
        stop()
        resolve(held)
        turn.abort()
      }
      const fail = (error: unknown): void => {
        isOver = true
        stop()
        reject(error)
      }
      const stop = this.#watch(() =>
        this.#steal().then(
          (held) => held && take(held),
          (error: unknown) => isStolen(error) || fail(error), // Stolen back: it is not our turn yet.
        ),
      )
      const queue = (): void => {
        hold(host.locks, name, { signal: wait }, begin).then(take, (error: unknown) => {
          if (isOver) return
          // It was our turn while we slept, and somebody went ahead of us.
          if (isStolen(error) && !wait.aborted) queue()
          else fail(error)
        })
      }
      queue()
    })
  }

  /** Asks the leader to answer for as long as nobody looks away; `silent` is called each time that it did not. */
  #watch(silent: () => unknown): () => void {
    const { clock, life } = this.#options.host
    this.#heardAt = clock.monotonic()
    let tickedAt = this.#heardAt
    return every(clock, limits.leaderAskMs, () => {
      const now = clock.monotonic()
      // Who slept heard nothing, and cannot say that others were silent. A hidden tab has no haste.
      const slept = now - tickedAt > 2 * limits.leaderAskMs
      tickedAt = now
      if (slept || !life.isVisible()) this.#heardAt = now
      else if (now - this.#heardAt >= limits.leaderSilenceMs) {
        this.#heardAt = now
        silent()
      } else this.#options.post('leader-there?')
    })
  }

  /** One tab at a time, or each would steal from the one before. */
  async #steal(): Promise<Held | undefined> {
    const { name, host, begin } = this.#options
    const alone = await hold(host.locks, `${name}:steal`, { ifAvailable: true }).catch(ifTaken)
    if (alone === undefined) return undefined
    try {
      return await hold(host.locks, name, { steal: true }, async (isLost) => {
        await alone.release() // Should we fall asleep now, others may steal from us.
        await begin(isLost)
      })
    } finally {
      await alone.release()
    }
  }
}

function isStolen(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

function ifTaken(error: unknown): undefined {
  if (error !== taken) throw error
}
