// A tab of a simulated browser: what is told to it comes in order, unless it is frozen, and it can be shown, hidden, put to sleep and killed.

import type { Off } from '../base/emitter.ts'
import type { PageLife } from '../store/indexeddb/page-life.ts'
import type { TabChannel, TabHost } from '../store/indexeddb/tab-host.ts'
import { indexeddbStore } from '../store/indexeddb.ts'
import type { StoreFactory } from '../store/store.ts'
import type { BrowserCall } from './indexeddb/calls.ts'
import { simulatedFactory } from './indexeddb/factory.ts'
import type { SimulatedBrowser } from './simulated-browser.ts'

export class SimulatedTab {
  /** 0, 1, 2 … in the order in which tabs were opened. */
  readonly number: number
  readonly #browser: SimulatedBrowser
  #waiting: (() => void)[] = []
  #isAlive = true
  #isStill = false
  #isVisible = true
  readonly #shown = new Set<() => void>()
  readonly #sleepers = new Set<(how: 'frozen' | 'left') => void>()
  readonly #wakers = new Set<() => void>()
  readonly #timers = new Set<Off>()
  readonly #channels = new Map<TabChannel, string>()
  /** @internal What the store in it asks of its browser. */
  readonly host: TabHost

  constructor(browser: SimulatedBrowser, number: number) {
    this.#browser = browser
    this.number = number
    const { notes } = browser
    this.host = {
      indexedDB: simulatedFactory(this, (name) => browser.engine(name)),
      locks: browser.locks.manager(this),
      storage: undefined,
      notes: {
        getItem: (key) => notes.get(key) ?? null,
        setItem: (key, value) => void notes.set(key, value),
        removeItem: (key) => void notes.delete(key),
      },
      life: this.#life(),
      clock: {
        now: () => browser.clock.now(),
        monotonic: () => browser.clock.monotonic(),
        after: (delayMs, fn) => this.#after(delayMs, fn),
      },
      random: browser.random,
      channel: (name) => this.#channel(name),
    }
  }

  /** Opens stores in this tab. */
  readonly store: StoreFactory = (path) => indexeddbStore(this.host)(path)

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isStill(): boolean {
    return this.#isStill
  }

  show(): void {
    this.#seen(true)
  }

  hide(): void {
    this.#seen(false)
  }

  /** Puts it to sleep, as browsers do with hidden tabs; of a tab that is merely stuck nobody tells it so. */
  freeze(how: 'told' | 'stuck' = 'told'): void {
    if (how === 'told') for (const listener of [...this.#sleepers]) listener('frozen')
    this.#isStill = true
  }

  /** Lets it go on with all that waited for it. */
  thaw(): void {
    this.#isStill = false
    for (const listener of [...this.#wakers]) listener()
    this.#browser.run()
  }

  /** Ends it, as a crash or the user does: it is told of nothing any more, its locks are free. */
  kill(): void {
    this.#isAlive = false
    this.#waiting = []
    for (const off of this.#timers) off()
    this.#channels.clear()
    this.#browser.forget(this)
  }

  // ── for the browser ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  get tasks(): (() => void)[] {
    return this.#isStill ? [] : this.#waiting
  }

  /** @internal */
  post(task: () => void): void {
    if (!this.#isAlive) return
    this.#waiting.push(task)
    this.#browser.run()
  }

  /** @internal */
  work(task: () => void): void {
    this.#browser.work(task)
  }

  /** @internal */
  atEndOfTurn(task: () => void): void {
    this.#browser.atEndOfTurn(task)
  }

  /** @internal */
  either(): boolean {
    return this.#browser.random.unit() < 0.5
  }

  /** @internal */
  nextTransaction(): number {
    return this.#browser.nextTransaction()
  }

  /** @internal */
  readonly ask = (call: Omit<BrowserCall, 'index' | 'tab'>): DOMException | undefined => {
    return this.#browser.ask({ ...call, tab: this.number })
  }

  #seen(isVisible: boolean): void {
    this.#isVisible = isVisible
    for (const listener of [...this.#shown]) listener()
  }

  #life(): PageLife {
    return {
      isVisible: () => this.#isVisible,
      onVisibility: (listener) => added(this.#shown, listener),
      onSleep: (listener) => added(this.#sleepers, listener),
      onWake: (listener) => added(this.#wakers, listener),
    }
  }

  #after(delayMs: number, fn: () => void): Off {
    let isOver = false
    const cancel = this.#browser.clock.after(delayMs, () => {
      this.#timers.delete(off)
      this.post(() => isOver || fn())
    })
    const off = (): void => {
      isOver = true
      this.#timers.delete(off)
      cancel()
    }
    this.#timers.add(off)
    return off
  }

  #channel(name: string): TabChannel {
    const channel: TabChannel = {
      onmessage: null,
      postMessage: (message) => {
        const data: unknown = structuredClone(message)
        for (const tab of this.#browser.others) tab.#hear(name, data, channel)
      },
      close: () => void this.#channels.delete(channel),
    }
    this.#channels.set(channel, name)
    return channel
  }

  #hear(name: string, data: unknown, from: TabChannel): void {
    for (const [channel, of] of this.#channels) {
      if (of !== name || channel === from) continue
      this.post(() => {
        if (this.#channels.has(channel)) channel.onmessage?.(new MessageEvent('message', { data }))
      })
    }
  }
}

function added<Listener>(listeners: Set<Listener>, listener: Listener): Off {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
