// What a power cut may leave of a browser's databases. A transaction is there whole or not at all; a strict one is on disk when the page is told; of
// those committed since, relaxed ones, the last may be lost, as many as there are, and never one without all that came after it.

import type { Random } from '../base/random.ts'
import type { Kept } from './indexeddb/engine.ts'
import type { DatabaseState } from './indexeddb/tables.ts'

/** What a browser holds: databases by their name. */
export type BrowserImage = ReadonlyMap<string, DatabaseState>

/** A browser at one moment: what is durable, and what is not. */
export type BrowserMoment = ReadonlyMap<string, Kept>

/**
 * All that may be found after a power cut at that moment.
 *
 * @example
 * const browser = new SimulatedBrowser()
 * const store = await browser.store('notes')
 * await store.append([{ stream: 'a', bytes: new Uint8Array(9) }], { durability: 'relaxed' })
 * for (const image of browserStates(browser.moment())) {
 *   const again = await new SimulatedBrowser({ image }).store('notes')
 *   console.log((await again.read('a')).records.length) // 0 or 1
 *   await again.close()
 * }
 * await store.close()
 */
export function* browserStates(moment: BrowserMoment): Generator<BrowserImage> {
  const [first, ...rest] = moment
  if (first === undefined) return yield new Map()
  const [name, { durable, relaxed }] = first
  for (const others of browserStates(new Map(rest)))
    for (const state of [durable, ...relaxed]) yield state === undefined ? others : new Map([...others, [name, state]])
}

/** One of them, by chance. */
export function someBrowserState(moment: BrowserMoment, random: Random): BrowserImage {
  return imageOf(moment, ({ length }) => Math.floor(random.unit() * length))
}

/** All that pages see: what a crash of the browser leaves, and what a copied profile holds. */
export function everythingKept(moment: BrowserMoment): BrowserImage {
  return imageOf(moment, ({ length }) => length - 1)
}

function imageOf(
  moment: BrowserMoment,
  pick: (states: readonly (DatabaseState | undefined)[]) => number,
): BrowserImage {
  const image = new Map<string, DatabaseState>()
  for (const [name, { durable, relaxed }] of moment) {
    const states = [durable, ...relaxed]
    const state = states[pick(states)]
    if (state !== undefined) image.set(name, state)
  }
  return image
}
