// A browser in memory that does to a store what real ones do: tabs die, freeze and are forgotten, transactions are aborted and find no room, data is
// deleted, evicted or closed under a page, and a power cut takes what was committed and not yet on disk. The store in it is the very code that runs on
// IndexedDB; only the browser beneath it is this. What tabs are told comes one at a time, in an order that a seed decides.

import { type Clock, nextTurn, systemClock } from '../base/clock.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { StoreFactory } from '../store/store.ts'
import { type BrowserImage, type BrowserMoment, someBrowserState } from './browser-states.ts'
import type { BrowserCall, BrowserFault } from './indexeddb/calls.ts'
import { Engine } from './indexeddb/engine.ts'
import { SimulatedLocks } from './simulated-locks.ts'
import { SimulatedTab } from './simulated-tab.ts'

export interface SimulatedBrowserOptions {
  /** Decides the order of things, and what a power cut leaves: give another seed to a browser made of an image of this one. */
  readonly random?: Random
  /** What it kept from before. */
  readonly image?: BrowserImage
  /** Whose timers the tabs have. */
  readonly clock?: Clock
}

/**
 * A browser in memory, with one site in it. In Node: where there is a real IndexedDB, nothing is simulated.
 *
 * @example
 * const browser = new SimulatedBrowser({ random: seededRandom(7) })
 * const store = await browser.store('notes')
 * await store.append([{ stream: 'a', bytes: new Uint8Array([1]) }], { durability: 'strict' })
 * browser.cutPower()
 * const again = await browser.store('notes')
 * console.log((await again.read('a')).records.length) // 1
 * await again.close()
 */
export class SimulatedBrowser {
  readonly random: Random
  readonly clock: Clock
  /** Asked before each call: undefined to let it happen. */
  fault: ((call: BrowserCall) => BrowserFault | undefined) | undefined
  /** What tabs noted down at once, for the next one. */
  readonly notes = new Map<string, string>()
  /** Of all tabs. */
  readonly locks = new SimulatedLocks()
  readonly #engines = new Map<string, Engine>()
  readonly #tabs = new Set<SimulatedTab>()
  #calls = 0
  #opened = 0
  #transactions = 0
  /** What the browser does by itself. */
  readonly #work: (() => void)[] = []
  readonly #endings: (() => void)[] = []
  readonly #idle: (() => void)[] = []
  #isRunning = false

  constructor({ random = seededRandom(1), image, clock = systemClock }: SimulatedBrowserOptions = {}) {
    this.random = random
    this.clock = clock
    this.#keep(image)
  }

  /** Opens one more tab. */
  tab(): SimulatedTab {
    const tab = new SimulatedTab(this, this.#opened++)
    this.#tabs.add(tab)
    return tab
  }

  /** Opens stores, each in a tab of its own. */
  readonly store: StoreFactory = (path) => this.tab().store(path)

  /** Ends all tabs, as a crash of the browser does: what it committed stays. */
  kill(): void {
    for (const tab of [...this.#tabs]) tab.kill()
  }

  /** Ends all tabs and loses of what was committed since the last strict transaction as much as chance says, or leaves what it is told. */
  cutPower(image: BrowserImage = someBrowserState(this.moment(), this.random)): void {
    this.kill()
    this.#keep(image)
  }

  /** Clears all data under the tabs, as a browser that runs short of room does. */
  evict(): void {
    this.notes.clear()
    for (const engine of this.#engines.values()) engine.wipe()
  }

  /** Closes all databases under the tabs, and keeps them. */
  closeDatabases(): void {
    for (const engine of this.#engines.values()) engine.forceClose()
  }

  /** What is durable now and what is not: `browserStates` tells all that a power cut may leave of it. */
  moment(): BrowserMoment {
    return new Map([...this.#engines].map(([name, engine]) => [name, engine.kept]))
  }

  /** Resolves when nothing is left to do, but what a frozen tab or a timer waits with. */
  async idle(): Promise<void> {
    this.run()
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  // ── for its tabs ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  get others(): ReadonlySet<SimulatedTab> {
    return this.#tabs
  }

  /** @internal */
  engine(name: string): Engine {
    const engine = this.#engines.get(name) ?? new Engine(name, undefined)
    this.#engines.set(name, engine)
    return engine
  }

  /** @internal */
  ask(call: Omit<BrowserCall, 'index'>): DOMException | undefined {
    const fault = this.fault?.({ ...call, index: this.#calls++ })
    return fault && new DOMException(`${call.name} in ${call.database} failed, as it was told to`, fault.error)
  }

  /** @internal */
  work(task: () => void): void {
    this.#work.push(task)
    this.run()
  }

  /** @internal */
  atEndOfTurn(task: () => void): void {
    this.#endings.push(task)
    this.run()
  }

  /** @internal */
  nextTransaction(): number {
    return this.#transactions++
  }

  /** @internal */
  forget(tab: SimulatedTab): void {
    this.#tabs.delete(tab)
    this.locks.forget(tab)
    for (const engine of this.#engines.values()) engine.forget(tab)
  }

  /** @internal There may be something to do. */
  run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    nextTurn(() => this.#turn())
  }

  /** One thing in each turn of the event loop, so that all promises it settles are heard before the next. */
  #turn(): void {
    for (const end of this.#endings.splice(0)) end()
    const queues = [this.#work, ...[...this.#tabs].map(({ tasks }) => tasks)].filter(({ length }) => length > 0)
    const task = queues[Math.floor(this.random.unit() * queues.length)]?.shift()
    task?.()
    this.#isRunning = false
    if (task !== undefined || this.#endings.length > 0) this.run()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  #keep(image: BrowserImage = new Map()): void {
    this.#engines.clear()
    for (const [name, state] of image) this.#engines.set(name, new Engine(name, state))
  }
}
