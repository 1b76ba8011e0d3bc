// Every state that a power cut may leave of a workload in a simulated browser: as it goes well, and with one thing that goes wrong in each of its
// transactions, one workload after another: it fails, or the browser closes or clears all beneath it. Each is opened by the real store and held to what
// was promised.

import { createHash } from 'node:crypto'
import { seededRandom } from '../../../src/base/random.ts'
import { type BrowserImage, browserStates } from '../../../src/testing/browser-states.ts'
import type { BrowserCall } from '../../../src/testing/indexeddb/calls.ts'
import type { Entry } from '../../../src/testing/indexeddb/tables.ts'
import { ManualClock } from '../../../src/testing/manual-clock.ts'
import { SimulatedBrowser } from '../../../src/testing/simulated-browser.ts'
import { type BrowserPoint, joined, type Versions } from './browser-book.ts'
import { type BrowserRecording, type BrowserWorkload, type Mishap, recordBrowser } from './browser-workload.ts'
import { checkStore, goOn, reopen } from './check.ts'
import type { Failure } from './explore.ts'
import { path } from './workload.ts'

export interface BrowserExploreOptions extends Omit<BrowserWorkload, 'mishap'> {
  /** Tries each mishap with this chance; 1 is all, 0 none. */
  readonly mishaps: number
  /** Stops at the first failure: to prove that faults are found. */
  readonly untilFailure?: boolean
  readonly progress?: (line: string) => void
}

export interface BrowserExplored {
  /** Workloads that were run: one that goes well, and those in which something goes wrong. */
  readonly runs: number
  readonly transactions: number
  readonly own: number
  readonly received: number
  readonly compactions: number
  readonly takeovers: number
  /** How many states were made, and how many different ones there were. */
  readonly states: number
  readonly distinct: number
  /** How often writes and openings were refused, by the code. */
  readonly refusals: Readonly<Record<string, number>>
  readonly failures: readonly Failure[]
}

export async function exploreBrowser(options: BrowserExploreOptions): Promise<BrowserExplored> {
  const explorer = new Explorer(options)
  const well = await explorer.run(undefined)
  const mishaps = well === undefined ? [] : mishapsOf(well.calls)
  const random = seededRandom(options.seed + 2)
  const chosen = mishaps.filter(() => random.unit() < options.mishaps)
  for (const [i, mishap] of chosen.entries()) {
    if (explorer.isOver) break
    if (i % 20 === 0) options.progress?.(`mishap ${i} of ${chosen.length}: ${explorer.distinct} distinct states`)
    await explorer.run(mishap)
  }
  return explorer.explored(well)
}

/** In each transaction: it is aborted at once, a write finds no room, the commit fails or finds no room; the browser closes or clears all beneath it. */
function mishapsOf(calls: readonly BrowserCall[]): Mishap[] {
  const counts = new Map<string, number>()
  return calls.flatMap(({ transaction, name }) => {
    if (transaction === undefined) return []
    const key = `${transaction} ${name}`
    const nth = counts.get(key) ?? 0
    counts.set(key, nth + 1)
    return (mishaps[name] ?? []).map((what) => ({ transaction, name, nth, what }))
  })
}

const mishaps: Partial<Record<BrowserCall['name'], readonly string[]>> = {
  transaction: ['AbortError', 'close', 'evict'],
  add: ['QuotaExceededError', 'close', 'evict'],
  put: ['QuotaExceededError', 'close', 'evict'],
  get: ['UnknownError'],
  getAll: ['UnknownError'],
  commit: ['QuotaExceededError', 'UnknownError'],
  complete: ['close', 'evict'],
}

interface Found {
  readonly image: BrowserImage
  readonly digest: string
  /** What has to be there. */
  versions: Versions
  /** The last moment at which this may be what is left. */
  last: BrowserPoint
}

class Explorer {
  readonly #options: BrowserExploreOptions
  readonly #failures: Failure[] = []
  readonly #refusals: Record<string, number> = {}
  readonly #digests = new Set<string>()
  readonly #checked = new Set<string>()
  #runs = 0
  #states = 0

  constructor(options: BrowserExploreOptions) {
    this.#options = options
  }

  get isOver(): boolean {
    return this.#options.untilFailure === true && this.#failures.length > 0
  }

  get distinct(): number {
    return this.#digests.size
  }

  explored(well: BrowserRecording | undefined): BrowserExplored {
    const { own = 0, received = 0, compactions = 0, takeovers = 0, calls = [] } = well ?? {}
    return {
      runs: this.#runs,
      transactions: calls.filter(({ name }) => name === 'transaction').length,
      own,
      received,
      compactions,
      takeovers,
      states: this.#states,
      distinct: this.distinct,
      refusals: this.#refusals,
      failures: this.#failures,
    }
  }

  /** One workload, and all that a power cut may leave of it from where it goes wrong: until then it is as the one that goes well. */
  async run(mishap: Mishap | undefined): Promise<BrowserRecording | undefined> {
    this.#runs++
    const where = mishap && `${mishap.what} at ${mishap.name} ${mishap.nth} of transaction ${mishap.transaction}`
    let recording: BrowserRecording
    try {
      recording = await recordBrowser({ ...this.#options, ...(mishap && { mishap }) })
    } catch (error) {
      this.#fail(where, undefined, error)
      return undefined
    }
    for (const code of recording.refusals) this.#refusals[code] = (this.#refusals[code] ?? 0) + 1
    for (const found of this.#statesOf(recording, mishap)) {
      if (this.isOver) break
      await this.#check(recording, found).catch((error: unknown) => this.#fail(where, found.last, error))
    }
    return recording
  }

  #statesOf({ points }: BrowserRecording, mishap: Mishap | undefined): Iterable<Found> {
    const from = mishap === undefined ? 0 : points.findIndex(({ call }) => call?.transaction === mishap.transaction)
    const byDigest = new Map<string, Found>()
    for (const point of points.slice(Math.max(0, from))) {
      const images = [...browserStates(point.kept)]
      for (const [i, image] of images.entries()) {
        this.#states++
        // A crash of the browser leaves all that was committed; only the loss of power takes what was relaxed.
        const { strict, relaxed } = point.promised
        const promised = i === images.length - 1 ? relaxed : strict
        const digest = digestOf(image)
        const known = byDigest.get(digest)
        byDigest.set(digest, { image, digest, versions: joined(known?.versions ?? new Map(), promised), last: point })
      }
    }
    for (const digest of byDigest.keys()) this.#digests.add(digest)
    return byDigest.values()
  }

  async #check(recording: BrowserRecording, { image, digest, versions, last }: Found): Promise<void> {
    const { seen, incarnation, cursor } = last.promised
    const told = recording.seen.slice(0, seen).map(({ range }) => [...range.signature.subarray(0, 4)])
    const asked = JSON.stringify([
      digest,
      incarnation,
      cursor,
      [...versions].map(([name, one]) => [name, ...one]),
      told,
    ])
    // Another workload may have come to the same, with the same promises.
    if (this.#checked.has(asked)) return
    this.#checked.add(asked)
    const content = await reopen(reopenerOf(image, this.#options))
    checkStore(content, last.promised, false)
    if (last.promised.incarnation === undefined) return
    const expected = { versions, seenCount: last.promised.seen, degraded: false }
    await goOn(reopenerOf(image, this.#options), recording, expected)
  }

  #fail(where: string | undefined, point: BrowserPoint | undefined, error: unknown): void {
    const call = point?.call
    const at = call === undefined ? 'an acknowledgement' : `call ${call.index}, ${call.name} of ${call.transaction}`
    const reason = error instanceof Error ? error.message : String(error)
    this.#failures.push({
      at: [where, point === undefined ? 'the workload itself' : at].filter(Boolean).join('; '),
      reason,
    })
  }
}

/** Opens what was left, each time in a tab of its own. */
function reopenerOf(image: BrowserImage, { open }: BrowserExploreOptions) {
  const browser = new SimulatedBrowser({ random: seededRandom(99), image, clock: new ManualClock() })
  return () => {
    const tab = browser.tab()
    return (open?.(tab) ?? tab.store)(path)
  }
}

const digests = new WeakMap<Entry, string>()

function digestOf(image: BrowserImage): string {
  const hash = createHash('sha1')
  for (const [name, { version, tables }] of image) {
    hash.update(`${name} ${version}`)
    for (const [table, { entries, nextKey }] of tables) {
      hash.update(`\n${table} ${nextKey}`)
      for (const entry of entries) hash.update(digestOfEntry(entry))
    }
  }
  return hash.digest('base64')
}

function digestOfEntry(entry: Entry): string {
  const known = digests.get(entry)
  if (known !== undefined) return known
  const bytes = (_: string, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
  const digest = createHash('sha1').update(JSON.stringify(entry, bytes)).digest('base64')
  digests.set(entry, digest)
  return digest
}
