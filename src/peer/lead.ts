// Leading, one spell after another: of several tabs on one store, one owns network and compaction. What a leader begins is ended before it may
// begin anew, so that no tab ever has two networks, however fast the lead comes and goes.

import type { Leadership, Store } from '../store/store.ts'

export interface LeadOptions {
  readonly store: Store
  /** Ends all leading. */
  readonly signal: AbortSignal
  /** What a leader does; `signal` fires when the lead is lost. */
  readonly begin: (signal: AbortSignal) => Promise<void>
  /** Ends what was begun. */
  readonly end: () => Promise<void>
  readonly failed: (cause: unknown) => void
}

export class Lead {
  readonly #options: LeadOptions
  #leadership: Leadership | undefined
  #begun: Promise<void> = Promise.resolve()

  constructor(options: LeadOptions) {
    this.#options = options
  }

  get held(): boolean {
    return this.#leadership !== undefined
  }

  /** Resolves when this peer leads, and has begun. Rejects with what waiting or beginning failed with. */
  async take(): Promise<void> {
    const { store, signal, begin } = this.#options
    const leadership = await store.lead(signal)
    if (signal.aborted) return leadership.release()
    this.#leadership = leadership
    const lost = new AbortController()
    void leadership.lost.then(() => this.#lose(leadership, lost))
    const begun = begin(AbortSignal.any([signal, lost.signal])).catch((cause: unknown) => {
      if (!lost.signal.aborted) throw cause
    })
    this.#begun = begun.catch(() => {}) // Told to whoever asked to lead.
    await begun
  }

  /** Resolves when nothing is being begun any more, and gives the lead to others. */
  async close(): Promise<void> {
    await this.#begun
    await this.#leadership?.release()
  }

  async #lose(leadership: Leadership, lost: AbortController): Promise<void> {
    if (this.#leadership !== leadership || this.#options.signal.aborted) return
    this.#leadership = undefined
    lost.abort()
    await this.#begun
    await this.#options.end()
    if (this.#options.signal.aborted) return
    await this.take().catch((cause: unknown) => this.#options.failed(cause))
  }
}
