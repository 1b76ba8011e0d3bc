// The links between replicas as weather of the simulated network (src/net/weather.ts): each is open or cut, and quick or slow; all of them lose a share of what
// is sent. Everything that sets out is noted, so that it can be drawn.

import type { Arrival, Weather } from '../../src/net/weather.ts'
import { Dice } from '../../src/testing/dice.ts'
import { Flights } from './flights.ts'
import { readGossip, readStream } from './reading.ts'

export interface Climate {
  /** How long a message takes. */
  readonly delayMs: number
  /** The share of messages that are lost, 0 to 1. What is lost of a session is sent again. */
  readonly loss: number
}

export interface LinkState {
  readonly isCut: boolean
  readonly isSlow: boolean
}

/** A slow link takes so many times as long. */
export const SLOW = 8
/** Gossip takes up to so much longer, by chance: it overtakes itself. */
const JITTER = 0.3
const open: LinkState = { isCut: false, isSlow: false }

export class Links implements Weather {
  climate: Climate = { delayMs: 1, loss: 0 }
  readonly flights = new Flights()
  readonly #states = new Map<string, LinkState>()
  /** Ways on which the next gossip message is lost. */
  readonly #toLose = new Set<string>()
  readonly #dice: Dice
  readonly #now: () => number

  constructor(seed: number, now: () => number) {
    this.#dice = new Dice(seed)
    this.#now = now
  }

  state(a: string, b: string): LinkState {
    return this.#states.get(nameOf(a, b)) ?? open
  }

  set(a: string, b: string, change: Partial<LinkState>): void {
    this.#states.set(nameOf(a, b), { ...this.state(a, b), ...change })
    if (change.isCut === true) this.flights.cut(a, b, this.#now())
  }

  /** The next edits that gossip carries from one to another get lost. */
  loseNext(from: string, to: string): void {
    this.#toLose.add(`${from}>${to}`)
  }

  gossip(from: string, to: string, bytes: Uint8Array): readonly Arrival[] {
    const saying = readGossip(bytes)
    const isMeant = saying.kind === 'edits' && this.#toLose.delete(`${from}>${to}`)
    const isLost = isMeant || this.#isLost(from, to)
    const delayMs = Math.round(this.#delayMs(from, to) * (1 + JITTER * this.#dice.unit()))
    this.#depart(from, to, delayMs, isLost, saying)
    return isLost ? [] : [{ delayMs, bytes }]
  }

  stream(from: string, to: string, bytes: Uint8Array): Arrival | undefined {
    // Who dials into a cut link sends nothing that could be seen on it.
    if (this.state(from, to).isCut) return undefined
    const isLost = this.#isLost(from, to)
    const delayMs = this.#delayMs(from, to)
    const saying = readStream(bytes)
    if (saying !== undefined) this.#depart(from, to, delayMs, isLost, saying)
    return isLost ? undefined : { delayMs, bytes }
  }

  #depart(from: string, to: string, delayMs: number, isLost: boolean, saying: ReturnType<typeof readGossip>): void {
    const sentAt = this.#now()
    this.flights.add({ ...saying, from, to, sentAt, dueAt: sentAt + delayMs, isLost })
  }

  #delayMs(from: string, to: string): number {
    return Math.round(this.climate.delayMs * (this.state(from, to).isSlow ? SLOW : 1))
  }

  #isLost(from: string, to: string): boolean {
    return this.state(from, to).isCut || (this.climate.loss > 0 && this.#dice.maybe(this.climate.loss))
  }
}

function nameOf(a: string, b: string): string {
  return a < b ? `${a}–${b}` : `${b}–${a}`
}
