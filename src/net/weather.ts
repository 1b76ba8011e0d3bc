// What becomes of things on their way between two nodes of a memory network, decided by whoever makes a world: how long each takes, what is lost, altered
// or cut off. Streams are what TCP makes of it: whole, in order, sent again until they arrive or the connection is given up.

import type { Clock } from '../base/clock.ts'
import type { NodeId } from './network.ts'

/** One thing that arrives. */
export interface Arrival {
  /** Whole milliseconds, so that what is sent in order can arrive so. */
  readonly delayMs: number
  readonly bytes: Uint8Array
  /** These bytes of a stream are the last: the connection breaks after them. */
  readonly breaks?: boolean
}

export interface Weather {
  /** The copies of a gossip message that arrive: none, and it is lost. */
  gossip(from: NodeId, to: NodeId, bytes: Uint8Array): readonly Arrival[]
  /** Bytes of a stream, or the packet that opens it (empty); undefined while nothing gets through: they are sent again. */
  stream(from: NodeId, to: NodeId, bytes: Uint8Array): Arrival | undefined
}

/** How long a sender waits before it sends again what did not get through. */
const RESEND_MS = 250

export interface LaneOptions {
  readonly weather: Weather
  readonly clock: Clock
  readonly from: NodeId
  readonly to: NodeId
}

interface Load {
  readonly bytes: Uint8Array
  readonly arrive: (arrival: Arrival) => void
}

/** One way between two nodes: what is sent on it arrives in order, or not at all once it is closed. */
export class Lane {
  readonly #options: LaneOptions
  readonly #waiting: Load[] = []
  #arrivesAt = 0
  #cancelResend: (() => void) | undefined
  #closed = false

  constructor(options: LaneOptions) {
    this.#options = options
  }

  send(bytes: Uint8Array, arrive: (arrival: Arrival) => void): void {
    if (this.#closed) return
    this.#waiting.push({ bytes, arrive })
    if (this.#waiting.length === 1) this.#pump()
  }

  /** What was not sent yet is dropped. */
  close(): void {
    this.#closed = true
    this.#waiting.length = 0
    this.#cancelResend?.()
  }

  #pump(): void {
    const { weather, clock, from, to } = this.#options
    for (let load = this.#waiting[0]; load !== undefined; load = this.#waiting[0]) {
      const arrival = weather.stream(from, to, load.bytes)
      if (arrival === undefined) {
        this.#cancelResend = clock.after(RESEND_MS, () => this.#pump())
        return
      }
      this.#waiting.shift()
      const now = clock.monotonic()
      this.#arrivesAt = Math.max(this.#arrivesAt, now + arrival.delayMs)
      const { arrive } = load
      clock.after(this.#arrivesAt - now, () => arrive(arrival))
      if (arrival.breaks) this.close()
    }
  }
}
