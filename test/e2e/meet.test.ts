// Two real browsers and nothing else: the peer that served the page is dead, neither knows an address of the other, and pasted codes connect them.

import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { chromiumArgs, findChromium } from '../../.ci/chromium.mjs'
import { create, eventually, field, items, open, Stage, status } from '../page/stage.ts'

let stage: Stage
/** Another process, which shares nothing with the stage's browser. */
let elsewhere: Browser

beforeAll(async () => {
  stage = await Stage.open()
  const executablePath = await findChromium()
  elsewhere = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) })
})
afterEach(() => stage.clear())
afterAll(async () => {
  await elsewhere.close()
  await stage.close()
  expect(stage.complaints).toEqual([])
})

const code = (page: Page): Promise<string> => field(page, 'Your code').inputValue()

test('two browsers meet by pasted codes with every other process dead, and edit together', async () => {
  const ada = await stage.tab(await stage.person())
  await create(ada, 'packing', 'To-do list')
  await field(ada, 'Add an item').fill('tent')
  await ada.keyboard.press('Enter')
  const ben = await (await elsewhere.newContext()).newPage()
  await ben.goto(stage.url)
  await field(ben, 'Invitation').waitFor()
  await stage.kill()
  await eventually(() => status(ada)).toMatch(/^Saved here/)

  await ada.getByRole('button', { name: 'Meet by hand' }).click()
  const bare = await code(ada)
  await ada.getByLabel(/With an invitation/).check()
  await eventually(() => code(ada)).toMatch(/^joinery:[\w-]+ joinery-meet:[\w-]+$/)
  expect(await code(ada)).toContain(bare)
  expect(await ada.locator('#meet-code path').getAttribute('d')).toMatch(/^M3 3h1/)
  await field(ben, 'Invitation').fill(await code(ada))
  await ben.keyboard.press('Enter')
  await ben.locator('#meet-dialog[open]').waitFor()
  await eventually(() => ben.locator('#meet-state').textContent()).toMatch(/^Waiting until the other/)

  const answer = await code(ben)
  await field(ada, 'Their code').fill(answer.slice(0, -3))
  await ada.getByRole('button', { name: 'Connect' }).click()
  await eventually(() => ada.locator('#meet-error').textContent()).toMatch(/^This code is damaged/)
  const startedAt = performance.now()
  await field(ada, 'Their code').fill(answer)
  await ada.getByRole('button', { name: 'Connect' }).click()
  for (const page of [ada, ben]) await page.locator('#meet-dialog').waitFor({ state: 'hidden' })
  console.log(
    `two browsers met by codes of ${bare.length} characters in ${Math.round(performance.now() - startedAt)} ms`,
  )
  await open(ben, 'packing')
  await eventually(() => items(ben)).toEqual(['[ ] tent'])
  await field(ben, 'Add an item').fill('stove')
  await ben.keyboard.press('Enter')
  await eventually(() => items(ada)).toEqual(['[ ] tent', '[ ] stove'])
  for (const page of [ada, ben]) {
    await eventually(() => status(page)).toMatch(/up to date with 1 peer/)
    await page.getByText('Direct, by WebRTC').waitFor()
  }
})
