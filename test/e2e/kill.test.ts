// A tab killed in the middle of writing, again and again (Node: crash.test.ts): what was settled is there, what was seen outside is there, nothing is said twice, and it opens.

import { afterEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { pageProgram } from './bundle.ts'
import type { LogCommands } from './log-commands.ts'
import { crashTab, OwnChromium } from './own-chromium.ts'
import { Witness } from './witness.ts'

const PAGE_KILLS = 10
const WRITES_MS = { least: 10, most: 120 }
// The first life is long enough that a journal comes to be compacted in one of the later ones.
const FIRST_MS = 4_000

/** One life of the writer, from its opening to its end. */
interface Life {
  open(argument: Parameters<LogCommands['open']>[0]): ReturnType<LogCommands['open']>
  meet(): Promise<void>
  write(run: string): Promise<void>
  value(): Promise<readonly string[]>
  kill(): Promise<void>
  /** Which entries it said were settled. */
  readonly settled: readonly string[]
}

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

test(`a tab killed ${PAGE_KILLS} times during writes keeps every settled change and uses no seq twice`, async () => {
  const browser = await OwnChromium.open(await pageProgram('log-page.ts'))
  closing.push(() => browser.close())
  await killed(PAGE_KILLS, 'log', () => pageLife(browser))
}, 120_000)

/** Opens, writes and kills so many times; after each life the next one must hold what the one before settled or let out. */
async function killed(times: number, path: string, begin: () => Promise<Life>): Promise<void> {
  const witness = await Witness.open()
  closing.push(() => witness.close())
  const random = seededRandom(50)
  const settled = new Set<string>()
  const { ticket } = witness
  for (let run = 0; run < times; run++) {
    const life = await begin()
    expectHeld((await life.open({ path, ticket })).entries, settled, witness.seen, run)
    // Every other time among others, so that what it writes is seen as soon as it may be.
    if (run % 2 === 0) await life.meet()
    await life.write(String(run))
    await until(() => life.settled.length > 0)
    const anyMs = WRITES_MS.least + random.unit() * (WRITES_MS.most - WRITES_MS.least)
    await new Promise((resolve) => setTimeout(resolve, run === 0 ? FIRST_MS : anyMs))
    await life.kill()
    for (const entry of life.settled) settled.add(entry)
  }
  const last = await begin()
  const { entries, spaces } = await last.open({ path, ticket })
  expect(spaces).toBe(1)
  expectHeld(entries, settled, witness.seen, times)
  expect(await witness.sees(entries, 20_000)).toBe(true)
  expect(witness.seen).toEqual(await last.value())
  expect(new Set(entries).size, 'no entry is there twice').toBe(entries.length)
  expect(witness.errors).toEqual([])
  console.log(`killed ${times} times: ${settled.size} entries were settled, ${entries.length} are there`)
  await last.kill()
}

function expectHeld(
  entries: readonly string[],
  settled: ReadonlySet<string>,
  seen: readonly string[],
  run: number,
): void {
  const held = new Set(entries)
  expect(
    [...settled].filter((entry) => !held.has(entry)),
    `settled, and gone at opening ${run}`,
  ).toEqual([])
  expect(
    seen.filter((entry) => !held.has(entry)),
    `seen outside, and gone at opening ${run}`,
  ).toEqual([])
}

async function pageLife(browser: OwnChromium): Promise<Life> {
  const settled: string[] = []
  const page = await browser.context.newPage()
  await page.exposeFunction('told', (entry: string) => void settled.push(entry))
  await page.goto(browser.url)
  await page.waitForFunction(() => globalThis.writer !== undefined)
  return {
    settled,
    open: (argument) => page.evaluate((value) => globalThis.writer.open(value), argument),
    meet: () => page.evaluate(() => globalThis.writer.meet({})),
    write: (run) => page.evaluate((value) => globalThis.writer.write({ run: value }), run),
    value: () => page.evaluate(() => globalThis.writer.value({})),
    kill: () => crashTab(page),
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2))
}
