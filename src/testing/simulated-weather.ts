// The weather of a simulated world: its climate, and what strikes for a while. Everything that arrives is counted.

import type { NodeId } from '../net/network.ts'
import type { Arrival, Weather } from '../net/weather.ts'
import type { Dice } from './dice.ts'
import type { Climate } from './plan.ts'

/** A network that does as it should. */
export const calm: Climate = { delayMs: 1, jitterMs: 0, loss: 0, repeats: 0, noise: 0 }
const BURST_LOSS = 0.95
/** Nothing is under way for longer: what was sent in bad weather must not arrive long after that. */
const SLOW_MAX_MS = 8_000

export interface WeatherOptions {
  readonly dice: Dice
  readonly now: () => number
  /** Told of each thing that will arrive. */
  readonly carried: (from: NodeId, to: NodeId, arrival: Arrival) => void
  /** Whether somebody stands still, and takes nothing in. */
  readonly isFrozen: (node: NodeId) => boolean
}

export class SimulatedWeather implements Weather {
  climate: Climate = calm
  /** Whether all is well for good. */
  isOver = false
  readonly #options: WeatherOptions
  /** How many reasons there are why nothing gets from one to another. */
  readonly #blocks = new Map<string, number>()
  readonly #bytesPerMs = new Map<NodeId, number>()
  readonly #truncations = new Set<string>()
  #burstUntil = 0

  constructor(options: WeatherOptions) {
    this.#options = options
  }

  /** Nothing gets from one to another, until as many `open` as `block`. */
  block(from: NodeId, to: NodeId): void {
    const way = `${from}>${to}`
    this.#blocks.set(way, (this.#blocks.get(way) ?? 0) + 1)
  }

  open(from: NodeId, to: NodeId): void {
    const way = `${from}>${to}`
    this.#blocks.set(way, Math.max(0, (this.#blocks.get(way) ?? 0) - 1))
  }

  burst(forMs: number): void {
    this.#burstUntil = Math.max(this.#burstUntil, this.#options.now() + forMs)
  }

  slow(node: NodeId, bytesPerMs: number | undefined): void {
    if (bytesPerMs === undefined) this.#bytesPerMs.delete(node)
    else this.#bytesPerMs.set(node, bytesPerMs)
  }

  /** The next bytes of a stream from one to another are cut, and the connection with them. */
  truncate(from: NodeId, to: NodeId): void {
    this.#truncations.add(`${from}>${to}`)
  }

  /** All is well from here on. */
  clear(): void {
    this.isOver = true
    this.climate = calm
    this.#blocks.clear()
    this.#bytesPerMs.clear()
    this.#truncations.clear()
    this.#burstUntil = 0
  }

  gossip(from: NodeId, to: NodeId, bytes: Uint8Array): readonly Arrival[] {
    const { dice } = this.#options
    if (this.#isLost(from, to)) return []
    const copies = this.climate.repeats > 0 && dice.maybe(this.climate.repeats) ? 2 : 1
    return Array.from({ length: copies }, () => this.#arrival(from, to, this.#noisy(bytes), this.climate.jitterMs))
  }

  stream(from: NodeId, to: NodeId, bytes: Uint8Array): Arrival | undefined {
    if (this.#isLost(from, to)) return undefined
    if (bytes.length > 1 && this.#truncations.delete(`${from}>${to}`)) {
      const kept = bytes.slice(0, this.#options.dice.below(bytes.length))
      return { ...this.#arrival(from, to, kept, 0), breaks: true }
    }
    return this.#arrival(from, to, this.#noisy(bytes), 0)
  }

  #isLost(from: NodeId, to: NodeId): boolean {
    const { dice, now, isFrozen } = this.#options
    if ((this.#blocks.get(`${from}>${to}`) ?? 0) > 0 || isFrozen(to)) return true
    if (now() < this.#burstUntil && dice.maybe(BURST_LOSS)) return true
    return this.climate.loss > 0 && dice.maybe(this.climate.loss)
  }

  #arrival(from: NodeId, to: NodeId, bytes: Uint8Array, jitterMs: number): Arrival {
    const rate = this.#bytesPerMs.get(to)
    const slowMs = rate === undefined ? 0 : Math.min(Math.ceil(bytes.length / rate), SLOW_MAX_MS)
    const delayMs = this.climate.delayMs + slowMs + (jitterMs > 0 ? this.#options.dice.below(jitterMs) : 0)
    const arrival = { delayMs, bytes }
    this.#options.carried(from, to, arrival)
    return arrival
  }

  #noisy(bytes: Uint8Array): Uint8Array {
    const { dice } = this.#options
    if (this.climate.noise === 0 || bytes.length === 0 || !dice.maybe(this.climate.noise)) return bytes
    return withFlippedBit(bytes, dice)
  }
}

export function withFlippedBit(bytes: Uint8Array, dice: Dice): Uint8Array {
  const flipped = bytes.slice()
  const at = dice.below(flipped.length)
  flipped[at] = (flipped[at] ?? 0) ^ (1 << dice.below(8))
  return flipped
}
