// Who of the others is here now, by what they said of themselves (sync/presence.ts) and when that was heard. A window is gone when it says so, or when
// nothing was heard of it for a while; what was heard once is not taken again, so that recordings make no ghosts. Pure: time is handed in.

import { deviceId } from '../auth/device.ts'
import { toHex } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { docKey } from '../sync/holdings.ts'
import { type Beat, readJson } from '../sync/presence.ts'
import type { Present } from './api.ts'

interface Window {
  readonly device: string
  /** A member in contact: it is preferred where there is no room for all. */
  near: boolean
  number: number
  heardAt: number
  /** By document, with the text that was read. */
  readonly shown: Map<string, { readonly json: string; readonly present: Present }>
}

/** What came of a beat: somebody new is here · something may show otherwise · it is as it was · it is not taken. */
export type Heard = 'newcomer' | 'news' | 'same' | 'refused'

/** Windows that are gone, whose beats would make ghosts. */
const GONE_MAX = 1024

export class Attendance {
  readonly #windows = new Map<string, Window>()
  /** The number of the last beat of those that are gone. */
  readonly #gone = new Map<string, number>()

  get size(): number {
    return this.#windows.size
  }

  /** How many windows stand before that one, in the order that is the same for all. */
  countBefore(key: string): number {
    return [...this.#windows.keys()].filter((other) => other < key).length
  }

  /** Whether a beat says more than what was heard of its window already. */
  isNews({ device, window, number }: Beat): boolean {
    const key = windowKey(device, window)
    return number > (this.#windows.get(key)?.number ?? this.#gone.get(key) ?? -1)
  }

  /** Takes a beat whose signature is good. Errors: 'bad-message' for a state that is not JSON; then it is as if nothing had come. */
  take(beat: Beat, now: number, near: boolean): Heard {
    if (!this.isNews(beat)) return 'refused'
    const shown = beat.states.map(({ document, json }) => [docKey(document), json] as const)
    const states = shown.map(([key, json]) => ({ key, json, state: readJson(json) }))
    const key = windowKey(beat.device, beat.window)
    const known = this.#windows.get(key)
    if (states.length === 0) return this.#leave(key, beat.number) ? 'news' : 'same'
    if (known === undefined && !this.#makeRoom(toHex(beat.device), near)) return 'refused'
    const window = known ?? { device: toHex(beat.device), near, number: 0, heardAt: now, shown: new Map() }
    this.#windows.set(key, window)
    Object.assign(window, { near, number: beat.number, heardAt: now })
    const isNews = this.#show(key, window, beat, states)
    return known === undefined ? 'newcomer' : isNews ? 'news' : 'same'
  }

  /** Lets go of those of whom nothing was heard. Whether there were any. */
  expire(now: number): boolean {
    const silent = [...this.#windows].filter(([, { heardAt }]) => now - heardAt >= limits.presenceGoneMs)
    for (const [key, { number }] of silent) this.#leave(key, number)
    return silent.length > 0
  }

  /** When the next one is gone if nothing is heard of it; undefined where nobody is here. */
  get nextGoneAt(): number | undefined {
    if (this.#windows.size === 0) return undefined
    return Math.min(...[...this.#windows.values()].map(({ heardAt }) => heardAt)) + limits.presenceGoneMs
  }

  /** Who shows something in a document, in an order that stays. */
  of(document: string): readonly Present[] {
    const all = [...this.#windows.values()].flatMap(({ shown }) => shown.get(document)?.present ?? [])
    return all.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** We hear of nobody any more. Whether there was somebody. */
  clear(): boolean {
    const keys = [...this.#windows]
    for (const [key, { number }] of keys) this.#leave(key, number)
    return keys.length > 0
  }

  #show(
    key: string,
    window: Window,
    beat: Beat,
    states: readonly { key: string; json: string; state: Present['state'] }[],
  ): boolean {
    let isNews = false
    const { shown } = window
    for (const { key: document, json, state } of states) {
      const before = shown.get(document)
      if (before?.json === json && before.present.name === beat.name) continue
      const present = Object.freeze({ id: deviceId(beat.device), key, name: beat.name, state })
      shown.set(document, { json, present })
      isNews = true
    }
    for (const document of [...shown.keys()])
      if (!states.some((state) => state.key === document)) isNews = shown.delete(document) || isNews
    return isNews
  }

  #leave(key: string, number: number): boolean {
    this.#gone.delete(key)
    this.#gone.set(key, number)
    if (this.#gone.size > GONE_MAX) for (const oldest of [...this.#gone.keys()].slice(0, 1)) this.#gone.delete(oldest)
    return this.#windows.delete(key)
  }

  /** Invariant 9: whether one more has room: of one device a few, and of those in contact before others. */
  #makeRoom(device: string, near: boolean): boolean {
    const own = [...this.#windows.values()].filter((window) => window.device === device)
    if (own.length >= limits.presenceDeviceWindows) return false
    if (this.#windows.size < limits.presenceWindows) return true
    const far = [...this.#windows].find((entry) => !entry[1].near)
    return near && far !== undefined && this.#leave(far[0], far[1].number)
  }
}

export function windowKey(device: Uint8Array, window: Uint8Array): string {
  return `${toHex(device)}/${toHex(window)}`
}
