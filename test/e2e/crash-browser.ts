// `npm run crash:browser -- [--kills 100] [--seed N]`: a real Chromium killed in the middle of writing, again and again, its renderers or all of it, with
// one tab or two that write at once. What was settled and what was seen outside must be there at the next opening, and nothing said twice.
// A kill shows what the death of a process does. What a power cut does stands on simulated disks.

import type { Page } from 'playwright'
import { seededRandom } from '../../src/base/random.ts'
import { pageProgram } from './bundle.ts'
import { crashTab, OwnChromium } from './own-chromium.ts'
import { Witness } from './witness.ts'

const usage = 'usage: npm run crash:browser -- [--kills N] [--seed N]'
const pathOfStore = 'log'
const lifeMs = { least: 10, most: 150 }

/** What was found out so far. */
interface Tally {
  kills: number
  twoTabs: number
  wholeBrowser: number
  unopened: number
  lost: string[]
  /** At most so many entries of one life were there though nobody had been told yet. */
  unacknowledgedMost: number
}

interface Tab {
  readonly page: Page
  readonly entries: readonly string[]
}

class Crashes {
  readonly #browser: OwnChromium
  readonly #witness: Witness
  readonly #settled = new Set<string>()
  readonly tally: Tally = { kills: 0, twoTabs: 0, wholeBrowser: 0, unopened: 0, lost: [], unacknowledgedMost: 0 }

  constructor(browser: OwnChromium, witness: Witness) {
    this.#browser = browser
    this.#witness = witness
  }

  get settled(): number {
    return this.#settled.size
  }

  /** One life: opened, looked at, written in, killed. */
  async live(run: number, random: () => number): Promise<void> {
    const { tally } = this
    const isDouble = run % 2 === 1
    const isWhole = run % 4 >= 2
    const tabs = [await this.open(run)]
    if (isDouble) tabs.push(await this.open(run))
    const told = this.#settled.size
    // Every third time among others, so that what is written is seen outside as soon as it may be.
    if (run % 3 === 0) await tabs[0]?.page.evaluate(() => globalThis.writer.meet({}))
    for (const [index, { page }] of tabs.entries())
      await page.evaluate((value) => globalThis.writer.write({ run: value }), `${run}${index === 0 ? 'a' : 'b'}`)
    while (this.#settled.size === told) await pause(2)
    await pause(lifeMs.least + random() * (lifeMs.most - lifeMs.least))
    if (isWhole) {
      await this.#browser.kill()
      await this.#browser.start()
    } else await Promise.all(tabs.map(({ page }) => crashTab(page)))
    tally.kills++
    if (isDouble) tally.twoTabs++
    if (isWhole) tally.wholeBrowser++
  }

  /** Opens a tab and holds what is there against what was promised. */
  async open(run: number): Promise<Tab> {
    const page = await this.#browser.context.newPage()
    await page.exposeFunction('told', (entry: string) => void this.#settled.add(entry))
    await page.goto(this.#browser.url)
    await page.waitForFunction(() => globalThis.writer !== undefined)
    const seen = [...this.#witness.seen]
    const promised = new Set([...this.#settled, ...seen])
    try {
      const argument = { path: pathOfStore, ticket: this.#witness.ticket }
      const { entries } = await page.evaluate((value) => globalThis.writer.open(value), argument)
      this.#compare(run, entries, promised)
      return { page, entries }
    } catch (error) {
      this.tally.unopened++
      throw error
    }
  }

  #compare(run: number, entries: readonly string[], promised: ReadonlySet<string>): void {
    const there = new Set(entries)
    for (const entry of promised) if (!there.has(entry)) this.tally.lost.push(`${entry}, at opening ${run}`)
    const last = entries.filter((entry) => entry.startsWith(`${run - 1}a:`) || entry.startsWith(`${run - 1}b:`))
    const unacknowledged = last.filter((entry) => !this.#settled.has(entry)).length
    this.tally.unacknowledgedMost = Math.max(this.tally.unacknowledgedMost, unacknowledged)
  }
}

const { kills, seed } = readArguments(process.argv.slice(2))
const witness = await Witness.open()
const browser = await OwnChromium.open(await pageProgram('log-page.ts'))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  await main(new Crashes(browser, witness), kills, seed)
} finally {
  await browser.close()
  await witness.close()
}
process.exit()

async function main(crashes: Crashes, kills: number, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const { tally } = crashes
  for (let run = 0; run < kills; run++) {
    await crashes.live(run, () => random.unit())
    if (tally.lost.length > 0) break
    if (run % 10 === 9) console.log(`${run + 1} kills, ${crashes.settled} entries settled, none lost`)
  }
  const { entries, page } = await crashes.open(kills)
  const isSeen = await witness.sees(entries, 20_000)
  const outside = witness.seen
  const isSame = JSON.stringify(outside) === JSON.stringify(await page.evaluate(() => globalThis.writer.value({})))
  const twice = entries.length - new Set(entries).size
  console.log(
    [
      `seed ${seed}: ${tally.kills} kills, ${tally.wholeBrowser} of the whole browser, ${tally.twoTabs} of two tabs that wrote at once`,
      `  ${crashes.settled} entries were settled, ${entries.length} are there; at most ${tally.unacknowledgedMost} of one life were there before anybody was told`,
      `  acknowledged or seen outside, and lost: ${tally.lost.length}; stores that did not open: ${tally.unopened}; entries there twice: ${twice}`,
      `  the member outside ${isSeen && isSame ? 'holds the same' : 'DOES NOT HOLD THE SAME'}, and saw ${witness.errors.length} contradictions (a seq used twice)`,
      ...tally.lost.slice(0, 10).map((entry) => `  LOST ${entry}`),
      ...witness.errors.slice(0, 10).map((error) => `  ${error}`),
    ].join('\n'),
  )
  const isGood = tally.lost.length + tally.unopened + twice + witness.errors.length === 0 && isSeen && isSame
  process.exitCode = isGood ? 0 : 1
}

function readArguments(given: readonly string[]): { readonly kills: number; readonly seed: number } {
  const values = { kills: 100, seed: 1 }
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i]?.slice(2)
    const value = Number(given[i + 1])
    if ((name !== 'kills' && name !== 'seed') || !Number.isSafeInteger(value) || value < 1) {
      console.error(usage)
      process.exit(2)
    }
    values[name] = value
  }
  return values
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
