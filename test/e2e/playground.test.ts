// The built playground in a real Chromium, opened as a file: whoever looks cuts a link, writes on both sides, sees that they differ, mends, and sees them alike.
// One page for all of it, since it is opened in less time than it takes to look.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumArgs, findChromium } from '../../.ci/chromium.mjs'
import { root } from '../setup/sources.ts'

const built = join(root, 'dist/playground/index.html')
const screenshots = join(root, 'test/e2e/screenshots')

let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  if (!existsSync(built)) spawnSync(process.execPath, [join(root, '.ci/page.mjs')], { stdio: 'inherit' })
  mkdirSync(screenshots, { recursive: true })
  const executablePath = await findChromium()
  browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) })
  page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, colorScheme: 'light' })
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(pathToFileURL(built).href)
  await page.getByRole('article', { name: 'Replica of Cy' }).waitFor()
})
afterAll(async () => {
  await browser.close()
  expect(complaints).toEqual([])
})

const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
const text = (name: string): Promise<string> => page.getByRole('textbox', { name: `Text (${name})` }).inputValue()
const alike = (): Promise<string | null> => page.locator('#alike').textContent()
const soon = { timeout: 10_000, interval: 50 }

test('two sides of a cut are written on, differ, and are alike once it is mended', async () => {
  await page.getByRole('slider', { name: 'Speed' }).fill('100')
  await press('Cut the link between Ada and Cy')
  await press('Cut the link between Bo and Cy')
  await page.getByRole('textbox', { name: 'Text (Ada)' }).press('Control+End')
  await page.keyboard.type(' Bring towels.')
  await page.getByRole('textbox', { name: 'Text (Cy)' }).press('Control+Home')
  await page.keyboard.type('Saturday! ')
  await press('One vote more (Cy)')
  await expect.poll(() => text('Bo'), soon).toBe('Meet at noon. Bring towels.')
  expect(await text('Cy')).toBe('Saturday! Meet at noon.')
  expect(await alike()).toBe('Not alike: Ada and Bo | Cy')

  await press('Mend the link between Ada and Cy')
  await press('Mend the link between Bo and Cy')
  await expect.poll(alike, soon).toBe('All alike')
  expect(await Promise.all(['Ada', 'Bo', 'Cy'].map(text))).toEqual(
    Array(3).fill('Saturday! Meet at noon. Bring towels.'),
  )
  expect(await page.getByLabel('Votes (Ada)').textContent()).toBe('1')
})

test('a scene stops where there is something to look at, and nobody is kept out, in light or in darkness', async () => {
  await page.getByRole('button', { name: /^An answer too early/ }).click()
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor(soon)
  const buffer = page.getByRole('article', { name: 'Replica of Cy' }).locator('.buffer')
  expect(await buffer.textContent()).toBe('Bo 1–7 waits until Ada 27 is here')
  await page.evaluate(axe.source)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.screenshot({ path: join(screenshots, `playground-${colorScheme}.png`), fullPage: true })
    // In the dark nothing is other than its colours.
    const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {}
    const options = { preload: false, resultTypes: ['violations'], ...rules }
    const { violations } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify(options)})`)
    expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ target }) => target.join())])).toEqual([])
  }
})
