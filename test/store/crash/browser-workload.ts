// A workload in a simulated browser. Tabs of Ada's write, receive, read after one another and compact, the real Writer and Documents in each; Bo writes
// on what she published. Tabs are killed, get stuck and lose what they had leased to others; and one thing goes wrong, if told so. At every call to the
// browser, and at every acknowledgement, the moment is kept.

import type { Device } from '../../../src/auth/device.ts'
import { isJoineryError } from '../../../src/base/errors.ts'
import { type Random, seededRandom } from '../../../src/base/random.ts'
import { memoryStore } from '../../../src/store/memory.ts'
import type { Store, StoreFactory } from '../../../src/store/store.ts'
import type { BrowserCall, BrowserFault } from '../../../src/testing/indexeddb/calls.ts'
import { ManualClock } from '../../../src/testing/manual-clock.ts'
import { SimulatedBrowser } from '../../../src/testing/simulated-browser.ts'
import type { SimulatedTab } from '../../../src/testing/simulated-tab.ts'
import { BrowserBook, type BrowserPoint, type Versions } from './browser-book.ts'
import { deviceOf, keyPair, openParts, type Parts } from './parts.ts'
import { edit, hear, path, type Seen, tell, unsignedOf, watchAppends } from './workload.ts'

/** What goes wrong at the call of that name in that transaction, once. */
export interface Mishap {
  readonly transaction: number
  readonly name: BrowserCall['name']
  /** Which of them, where a transaction calls so again and again. */
  readonly nth: number
  /**
   * The name of the error that the call fails with; 'close' and 'evict' let it go on, and soon after it the browser closes all databases under the tabs,
   * or clears them.
   */
  readonly what: string
}

export interface BrowserWorkload {
  readonly seed: number
  /** Edits, own and received. */
  readonly edits: number
  readonly tabs: number
  /** How often everything is compacted, as a share of the steps. */
  readonly compacting?: number
  readonly mishap?: Mishap
  /** Opens the store in a tab; a faulty one, to prove that faults are found. */
  readonly open?: (tab: SimulatedTab) => StoreFactory
  /** Publishes before it is durable: a fault. */
  readonly hasty?: boolean
}

export interface BrowserRecording {
  /** Those at which something else was kept or promised than at the one before. */
  readonly points: readonly BrowserPoint[]
  readonly calls: readonly BrowserCall[]
  readonly seen: readonly Seen[]
  /** All that any tab wrote for good. */
  readonly ada: Parts
  readonly own: number
  readonly received: number
  readonly compactions: number
  readonly takeovers: number
  /** The codes that writes and openings were refused with. */
  readonly refusals: readonly string[]
}

interface Page {
  readonly tab: SimulatedTab
  readonly store: Store
  readonly parts: Parts
  leads: boolean
}

const names = ['note', 'list/one', 'plan']
/** Who is evicted loses its keys with all else, and comes back as another device. */
const devices = [deviceOf(1), deviceOf(3)]
const pairs = await Promise.all([keyPair(1), keyPair(3)])

export async function recordBrowser(options: BrowserWorkload): Promise<BrowserRecording> {
  const site = new Site(options)
  await site.run()
  return site.recording()
}

class Site {
  readonly #options: BrowserWorkload
  readonly #random: Random
  readonly #browser: SimulatedBrowser
  readonly #book: BrowserBook
  readonly #refusals: string[] = []
  readonly #counts = { own: 0, received: 0, compactions: 0, takeovers: 0 }
  #pages: Page[] = []
  #met = 0
  #told = 0
  #evictions = 0
  #ada: Parts | undefined

  constructor(options: BrowserWorkload) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#browser = new SimulatedBrowser({ random: seededRandom(options.seed + 1), clock: new ManualClock() })
    this.#book = new BrowserBook(this.#browser)
    this.#browser.fault = (call) => {
      this.#book.called(call)
      return this.#isMishap(call) ? this.#goWrong(options.mishap?.what ?? '') : undefined
    }
  }

  recording(): BrowserRecording {
    if (this.#ada === undefined) throw new Error('run first')
    const { own, received, compactions, takeovers } = this.#counts
    return {
      points: this.#book.points,
      calls: this.#book.calls,
      seen: this.#book.seen,
      ada: this.#ada,
      own,
      received,
      compactions,
      takeovers,
      refusals: this.#refusals,
    }
  }

  async run(): Promise<void> {
    this.#ada = await openParts({ store: await memoryStore()('ada'), device: deviceOf(1), random: seededRandom(3) })
    const bo = await openParts({
      store: await memoryStore()('bo'),
      device: deviceOf(2),
      random: this.#random,
      onPublished: ({ id }, own) => this.#book.publish(id.name, own),
    })
    while (this.#counts.own + this.#counts.received < this.#options.edits) {
      while (this.#pages.length < this.#options.tabs) await this.#openPage()
      await this.#step(bo)
      if (this.#random.unit() < 0.4) await this.#flush()
      await this.#replaceBroken()
    }
    await this.#end()
  }

  async #step(bo: Parts): Promise<void> {
    const { compacting = 0.15 } = this.#options
    const random = this.#random
    const name = names[Math.floor(random.unit() * names.length)] ?? ''
    const page = this.#anyPage()
    const chance = random.unit() * (0.95 + compacting)
    if (chance < 0.42) this.#edit(page, name)
    else if (chance < 0.7) {
      if (random.unit() < 0.5) this.#told = tell(bo, this.#book.seen, this.#told)
      bo.edit(name, edit(random))
      await bo.writer.flush()
      hear(page.parts, bo, name)
      this.#counts.received++
    } else if (chance < 0.78) await page.parts.catchUp()
    else if (chance < 0.82) await this.#turns(Math.floor(random.unit() * 30))
    else if (chance < 0.87) await this.#kill(page)
    else if (chance < 0.95) await this.#takeOver(page, name)
    else await this.#compact(page)
  }

  #edit({ parts }: Page, name: string): void {
    parts.edit(name, edit(this.#random))
    this.#counts.own++
    if (this.#options.hasty) this.#book.publish(name, unsignedOf(parts, name))
  }

  async #compact(page: Page): Promise<void> {
    const leader = this.#pages.find(({ leads }) => leads) ?? page
    this.#counts.compactions++
    await leader.parts.documents.compactAll().catch((error: unknown) => this.#refused(error))
  }

  /** Somewhere between a request and its answer. */
  async #kill(page: Page): Promise<void> {
    await this.#turns(Math.floor(this.#random.unit() * 30))
    page.tab.kill()
    this.#remember(page)
  }

  /** A tab is stuck with more to write, another one gets its name, and it goes on as if nothing had happened. */
  async #takeOver(page: Page, name: string): Promise<void> {
    this.#counts.takeovers++
    this.#edit(page, name)
    await this.#turns(Math.floor(this.#random.unit() * 12))
    this.#edit(page, name)
    page.tab.freeze(this.#random.unit() < 0.5 ? 'told' : 'stuck')
    this.#browser.locks.lose(`joinery:${path}:actor:${page.parts.lease.instance}`)
    this.#browser.locks.lose(`joinery:${path}:leader`)
    this.#pages = this.#pages.filter((other) => other !== page)
    await this.#beside(page, this.#openPage())
    for (const heir of this.#pages) this.#edit(heir, name)
    await this.#beside(page, this.#flush())
    page.tab.thaw()
    await this.#close(page)
  }

  /** Does something beside a tab that is stuck, unless what that one had begun keeps it out. */
  async #beside({ tab }: Page, work: Promise<void>): Promise<void> {
    let isDone = false
    const done = work.then(() => {
      isDone = true
    })
    done.catch(() => {}) // Told below.
    await this.#browser.idle()
    if (!isDone) tab.thaw()
    await done
  }

  async #openPage(): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const tab = this.#browser.tab()
      try {
        const store = await (this.#options.open?.(tab) ?? tab.store)(path)
        const evictions = this.#evictions
        await store.keyPair('device', async () => pairs[evictions] as CryptoKeyPair)
        // Cleared in between: this page is of what was there before.
        if (evictions === this.#evictions) this.#book.opened(store.incarnation)
        const parts = await this.#openParts(store, evictions)
        const page = { tab, store, parts, leads: false }
        store.onHint(() => void parts.catchUp())
        this.#lead(page)
        this.#pages.push(page)
        return
      } catch (error) {
        this.#refused(error)
        tab.kill()
      }
    }
    throw new Error('three tabs in a row did not open')
  }

  #openParts(store: Store, evictions: number): Promise<Parts> {
    let isStrict = false
    // What was acknowledged before all was cleared is gone with it, also where the page hears of it only now.
    const promise = (what: Parameters<BrowserBook['promise']>[0]): void => {
      if (evictions === this.#evictions) this.#book.promise(what)
    }
    const watched = watchAppends(store, {
      begun: () => ({ versions: held(parts), cursor: store.cursor() }),
      acknowledged: (durability, { versions, cursor }) => {
        isStrict = durability === 'strict'
        if (isStrict) promise({ strict: versions, cursor })
      },
    })
    const opening = openParts({
      store: watched,
      device: devices[evictions] as Device,
      random: this.#random,
      onPublished: ({ id, durable }, own) => {
        const version = new Map([[id.name, durable]])
        promise({ relaxed: version, ...(isStrict && { strict: version }) })
        this.#book.publish(id.name, own)
      },
    })
    let parts: Parts
    return opening.then((opened) => {
      parts = opened
      return opened
    })
  }

  #lead(page: Page): void {
    const asked = new AbortController()
    const leading = page.store.lead(asked.signal).then(async ({ lost }) => {
      page.leads = true
      await lost
      page.leads = false
    })
    leading.catch(() => {}) // It was closed, or killed, while it waited.
  }

  /** All that waits becomes durable, or is refused. */
  async #flush(): Promise<void> {
    for (const { parts } of this.#pages) await parts.writer.flush().catch((error: unknown) => this.#refused(error))
  }

  /** A tab that was told to be reloaded is; one without room tries again. */
  async #replaceBroken(): Promise<void> {
    for (const page of [...this.#pages]) {
      const { error } = page.parts.writer
      if (error?.code === 'store-full') await page.parts.clock.advance(1_000)
      else if (error !== undefined) await this.#close(page)
    }
  }

  async #close(page: Page): Promise<void> {
    await page.parts.writer.close()
    await page.store.close()
    page.tab.kill()
    this.#remember(page)
  }

  async #end(): Promise<void> {
    await this.#flush()
    await this.#replaceBroken()
    await this.#flush()
    for (const { parts } of this.#pages) await parts.catchUp()
    await this.#replaceBroken()
    for (const page of this.#pages) this.#checkSaved(page)
    for (const page of [...this.#pages]) await this.#close(page)
    this.#book.note(undefined)
  }

  #checkSaved({ parts }: Page): void {
    for (const { id, durable, version } of parts.documents.all)
      for (const [actor, seq] of version)
        if ((durable.get(actor) ?? 0) !== seq)
          throw new Error(`"${id.name}" holds ${seq} of ${actor}, and says that ${durable.get(actor)} are saved`)
  }

  /** What it wrote for good goes into the record of all that was. */
  #remember(page: Page): void {
    this.#pages = this.#pages.filter((other) => other !== page)
    for (const failure of page.parts.failures) this.#refused(failure)
    for (const { id, replica, durable } of page.parts.documents.all) {
      const mine = this.#ada?.documents.open(id.name).replica
      if (mine === undefined) continue
      const { refused } = mine.receive(replica.outward.rangesSince(mine.version, durable, 1e9).ranges, {
        origin: 'sync',
      })
      if (refused[0] !== undefined) throw refused[0].error
    }
  }

  /** An error to fail with; or something that happens to the browser, of which the call knows nothing. */
  #goWrong(what: string): BrowserFault | undefined {
    if (what !== 'close' && what !== 'evict') return { error: what }
    this.#browser.work(() => {
      if (what === 'close') return this.#browser.closeDatabases()
      this.#evictions++
      this.#book.evicted()
      this.#browser.evict()
    })
    return undefined
  }

  #isMishap({ transaction, name }: BrowserCall): boolean {
    const { mishap } = this.#options
    if (mishap === undefined || mishap.transaction !== transaction || mishap.name !== name) return false
    return this.#met++ === mishap.nth
  }

  /** Whatever is refused says a code that somebody can act upon. */
  #refused(error: unknown): void {
    if (!isJoineryError(error) || !codes.includes(error.code)) throw error
    this.#refusals.push(error.code)
  }

  #anyPage(): Page {
    const page = this.#pages[Math.floor(this.#random.unit() * this.#pages.length)]
    if (page === undefined) throw new Error('no tab is open')
    return page
  }

  async #turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const codes = ['store-full', 'store-failed', 'store-locked', 'closed', 'no-indexeddb']

function held({ documents }: Parts): Versions {
  return new Map(documents.all.map(({ id, durable }) => [id.name, durable]))
}
