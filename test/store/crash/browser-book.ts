// What is known of a workload in a simulated browser as it goes: at every call to the browser, and at every acknowledgement, what the browser held and
// what had been promised.

import type { SignedRange } from '../../../src/core/range.ts'
import { joinVersions, type Version } from '../../../src/core/version.ts'
import type { BrowserMoment } from '../../../src/testing/browser-states.ts'
import type { BrowserCall } from '../../../src/testing/indexeddb/calls.ts'
import type { SimulatedBrowser } from '../../../src/testing/simulated-browser.ts'
import type { Promised, Seen } from './workload.ts'

export interface BrowserPoint {
  readonly kept: BrowserMoment
  readonly promised: Promised
  /** The call that was not made any more; undefined at an acknowledgement. */
  readonly call: BrowserCall | undefined
}

/** Versions of documents, by their name. */
export type Versions = ReadonlyMap<string, Version>

export class BrowserBook {
  /** Those at which something else was kept or promised than at the one before. */
  readonly points: BrowserPoint[] = []
  readonly calls: BrowserCall[] = []
  readonly seen: Seen[] = []
  readonly #browser: SimulatedBrowser
  readonly #cleared = new Set<string>()
  #promised: Promised = { strict: new Map(), relaxed: new Map(), seen: 0, cursor: 0, incarnation: undefined }

  constructor(browser: SimulatedBrowser) {
    this.#browser = browser
  }

  called(call: BrowserCall): void {
    this.calls.push(call)
    this.note(call)
  }

  /** A store is open: it is the same from now on. */
  opened(incarnation: string): void {
    if (this.#cleared.has(incarnation)) throw new Error('a store that was cleared has the name that it had before')
    this.#promised = { ...this.#promised, incarnation: this.#promised.incarnation ?? incarnation }
  }

  /** All is cleared: nothing is promised but that others go on holding what they saw. */
  evicted(): void {
    const { seen, incarnation } = this.#promised
    if (incarnation !== undefined) this.#cleared.add(incarnation)
    this.#promised = { strict: new Map(), relaxed: new Map(), seen, cursor: 0, incarnation: undefined }
  }

  publish(name: string, ranges: readonly SignedRange[]): void {
    for (const range of ranges) this.seen.push({ name, range })
    this.promise({})
  }

  promise({
    strict = new Map(),
    relaxed = new Map(),
    cursor = 0,
  }: {
    readonly strict?: Versions
    readonly relaxed?: Versions
    readonly cursor?: number
  }): void {
    this.#promised = {
      strict: joined(this.#promised.strict, strict),
      relaxed: joined(joined(this.#promised.relaxed, strict), relaxed),
      seen: this.seen.length,
      cursor: Math.max(this.#promised.cursor, cursor),
      incarnation: this.#promised.incarnation,
    }
    this.note(undefined)
  }

  note(call: BrowserCall | undefined): void {
    const point = { kept: this.#browser.moment(), promised: this.#promised, call }
    const last = this.points.at(-1)
    if (last === undefined || last.promised !== point.promised || !isSame(last.kept, point.kept))
      this.points.push(point)
  }
}

export function joined(a: Versions, b: Versions): Versions {
  const both = new Map(a)
  for (const [name, version] of b) both.set(name, joinVersions(both.get(name) ?? new Map(), version))
  return both
}

function isSame(a: BrowserMoment, b: BrowserMoment): boolean {
  const statesB = statesOf(b)
  return statesOf(a).every((state, i, all) => state === statesB[i] && all.length === statesB.length)
}

function statesOf(moment: BrowserMoment): readonly unknown[] {
  return [...moment.values()].flatMap(({ durable, relaxed }) => [durable, ...relaxed])
}
