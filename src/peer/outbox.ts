// When own edits leave by gossip: at once where nothing left a moment ago, so that a single edit is seen as soon as can be; while more keep coming, together,
// in windows that grow with what comes and shrink when little does. So a typist costs the network some twenty messages a second and not a thousand.

import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { SignedRange } from '../core/range.ts'

export interface OutboxOptions<D> {
  readonly clock: Clock
  readonly send: (document: D, ranges: readonly SignedRange[]) => void
}

export class Outbox<D> {
  readonly #options: OutboxOptions<D>
  #waiting = new Map<D, SignedRange[]>()
  #count = 0
  #windowMs: number = limits.outboxMinMs
  #sentAt = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(options: OutboxOptions<D>) {
    this.#options = options
  }

  /** Own edits that may leave. */
  add(document: D, ranges: readonly SignedRange[]): void {
    const waiting = this.#waiting.get(document) ?? []
    this.#waiting.set(document, waiting)
    waiting.push(...ranges)
    this.#count += ranges.length
    const { clock } = this.#options
    const restMs = this.#sentAt + this.#windowMs - clock.monotonic()
    if (restMs <= 0 || this.#count >= limits.outboxRanges) this.flush()
    else this.#cancel ??= clock.after(restMs, () => this.flush())
  }

  /** Sends what waits, now. */
  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#count === 0) return
    const { clock, send } = this.#options
    const [batch, count] = [this.#waiting, this.#count]
    this.#waiting = new Map()
    this.#count = 0
    this.#sentAt = clock.monotonic()
    this.#windowMs = Math.min(limits.outboxMaxMs, Math.max(limits.outboxMinMs, this.#windowMs * (count > 1 ? 2 : 0.5)))
    for (const [document, ranges] of batch) send(document, ranges)
  }

  /** Whose edits wait. */
  get waiting(): ReadonlyMap<D, unknown> {
    return this.#waiting
  }

  /** Forgets what waits: what is not sent by gossip is pulled. */
  close(): void {
    this.#cancel?.()
    this.#waiting.clear()
    this.#count = 0
  }
}

/** Ranges of one actor that go on from one another, as one with the newest tip: `join` gives that, or nothing, and then they stay as they are. */
export function joinRanges(
  ranges: readonly SignedRange[],
  join: (first: SignedRange, last: SignedRange) => SignedRange | undefined,
): readonly SignedRange[] {
  const joined: SignedRange[] = []
  for (let from = 0; from < ranges.length; ) {
    const to = endOfChain(ranges, from)
    const [first, last] = [ranges[from], ranges[to - 1]]
    const one = to - from > 1 && first !== undefined && last !== undefined ? join(first, last) : undefined
    if (one === undefined) joined.push(...ranges.slice(from, to))
    else joined.push(one)
    from = to
  }
  return joined
}

/** Up to where each range goes on from the one before. */
function endOfChain(ranges: readonly SignedRange[], from: number): number {
  let to = from + 1
  for (let last = ranges[from]; to < ranges.length; last = ranges[to++]) {
    const next = ranges[to]
    if (last === undefined || next?.actor !== last.actor || next.fromSeq !== last.endSeq) break
  }
  return to
}
