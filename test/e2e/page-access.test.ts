// Who uses the page by keyboard, by ear, in the dark or on a phone: every action by keys alone, axe-core on every screen in
// both schemes, and a screenshot of each for eyes.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually, field, items, open, Stage, screenshots, status, text } from '../page/stage.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let stage: Stage

beforeAll(async () => {
  stage = await Stage.open()
  const shopping = ['milk', 'sourdough from the bakery on the corner, if they still have some', 'tomatoes', 'olive oil']
  const items = shopping.map((name, index) => ({ name, done: index % 2 === 1 }))
  await stage.joinery('set', 'Home/groceries', '', JSON.stringify({ kind: 'todo', items }))
  await stage.joinery('set', 'Home/wifi', '', '{"name":"attic","channels":[1,6,11]}')
})
afterEach(() => stage.clear())
afterAll(async () => {
  await stage.close()
  expect(stage.complaints).toEqual([])
})

test('every action is done by keyboard alone', async () => {
  const page = await stage.tab(await stage.person(), stage.url)
  const key = (name: string) => page.keyboard.press(name)
  const type = (words: string) => page.keyboard.type(words)

  // Join by a pasted invitation: the field has the focus.
  await type(stage.link)
  await key('Enter')
  await page.locator('#space-screen').waitFor()

  // A new to-do list; its items added, ticked, renamed, deleted.
  await tabTo(page, '#create-open')
  await key('Enter')
  await type('camping')
  await key('Enter')
  await page.getByRole('heading', { name: 'camping' }).waitFor()
  await eventually(() => focused(page)).toBe('Add an item')
  for (const name of ['tent', 'stove', 'mpa']) {
    await type(name)
    await key('Enter')
    await eventually(() => page.locator('#add-item').inputValue()).toBe('')
  }
  await tabTo(page, '[aria-label="tent"]', 'Shift+Tab')
  await key('Space')
  await tabTo(page, '[aria-label="Name of mpa"]')
  await key('Control+a')
  await type('map')
  await key('Enter')
  await tabTo(page, '[aria-label="Delete stove"]', 'Shift+Tab')
  await key('Enter')
  await eventually(() => items(page)).toEqual(['[x] tent', '[ ] map'])
  expect(await focused(page), 'the focus goes to the neighbour').toBe('Delete map')

  // A text, its kind chosen by arrow; then back and forth in the list by arrows.
  await tabTo(page, '#create-open', 'Shift+Tab')
  await key('Space')
  await type('route')
  await key('Tab')
  await key('ArrowRight')
  await key('Enter')
  await eventually(() => focused(page)).toBe('Text of route')
  await type('North pier, then left.')
  await tabTo(page, '#documents button[aria-current]', 'Shift+Tab')
  await key('Home')
  expect(await focused(page)).toMatch(/^camping/)
  await key('Enter')
  await page.getByRole('heading', { name: 'camping' }).waitFor()

  // Skip to the document from the top of the page.
  await tabTo(page, '#skip', 'Shift+Tab')
  await key('Enter')
  expect(await focused(page)).toBe('camping')

  // Pause and resume.
  await tabTo(page, '#pause', 'Shift+Tab')
  await key('Space')
  await eventually(() => status(page)).toMatch(/^Paused/)
  await key('Space')
  await eventually(() => status(page)).not.toMatch(/^Paused/)

  // Invite, copy, close: the focus returns to where it was.
  await tabTo(page, '#invite-open')
  await key('Enter')
  await page.locator('#invite-dialog[open]').waitFor()
  await key('Enter')
  await eventually(() => page.locator('#invite-copied').textContent()).not.toBe('')
  await key('Escape')
  expect(await focused(page)).toBe('Invite')

  // Give this peer a name.
  await tabTo(page, '.own button')
  await key('Enter')
  await type('Grace')
  await key('Enter')
  await eventually(() => page.locator('.own .title').textContent()).toBe('Grace')

  // Delete a document, after a look at Cancel; leave the space; start one.
  await tabTo(page, '#documents button:first-child')
  await key('Enter')
  await page.getByRole('heading', { name: 'camping' }).waitFor()
  await tabTo(page, '#document-delete')
  await key('Enter')
  await key('Tab')
  await key('Enter')
  await eventually(() => page.locator('#documents').textContent()).not.toContain('camping')
  await tabTo(page, '#leave')
  await key('Enter')
  await key('Tab')
  await key('Enter')
  await page.locator('#join-screen').waitFor()
  await tabTo(page, '#own-label')
  await type('Mine')
  await key('Enter')
  await page.getByText('No documents yet').first().waitFor()
})

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }
const looks = (['light', 'dark'] as const).flatMap((scheme) =>
  (['desktop', 'phone'] as const).map((size) => ({ scheme, size })),
)

test.each(looks)('in $scheme, on a $size, no screen has a serious fault', async ({ scheme, size }) => {
  const look = { colorScheme: scheme, viewport: sizes[size], bypassCSP: true, reducedMotion: 'reduce' } as const
  const page = await stage.tab(await stage.person(look), `${stage.url}#joinery:AAEC`)
  const show = async (name: string) => {
    await page.screenshot({ path: join(screenshots, `${name}-${size}-${scheme}.png`) })
    expect(await faults(page), name).toEqual([])
  }
  await show('join')
  await field(page, 'Invitation').fill(stage.link)
  await page.keyboard.press('Enter')
  await eventually(() => status(page)).toMatch(/up to date/)
  await show('list')
  await open(page, 'groceries')
  await show('todo')
  await page.goBack()
  await open(page, 'wifi')
  await show('other')
  await page.goBack()
  await page.click('#create-open')
  await show('create')
  await field(page, 'Name').fill(`lake ${scheme} ${size}`)
  await page.getByRole('radio', { name: 'Text' }).check()
  await page.keyboard.press('Enter')
  const letter = 'Leave on Friday after school.\n\nAda brings the tent, Ben the stove. The boat is at the north pier.\n'
  await page.locator('textarea.prose').fill(letter)
  await eventually(() => text(page)).toBe(letter)
  const friend = await stage.tab(await stage.person())
  await open(friend, `lake ${scheme} ${size}`)
  await friend.locator('textarea.prose').focus()
  await friend.keyboard.press('Control+End')
  await page.locator('.caret').waitFor({ state: 'attached' })
  await show('text')
  await page.click('#document-delete')
  await show('confirm')
  await page.keyboard.press('Escape')
  await page.click('#invite-open')
  await page.locator('#invite-dialog[open]').waitFor()
  await show('invite')
  await page.keyboard.press('Escape')
  // A phone shows who else there is beside the list only.
  if (size === 'phone') await page.goBack()
  await page.click('#meet-open')
  await page.locator('#meet-dialog[open]').waitFor()
  await show('meet')
  await page.keyboard.press('Escape')
  await page.click('#pause')
  await show('paused')
})

/** Presses a key until what matches has the focus, as a person would, and looks whether it can be seen to have it. */
async function tabTo(page: Page, selector: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    const isThere = await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)
    if (isThere) {
      const ring = await page.evaluate(
        () => document.activeElement && getComputedStyle(document.activeElement).outlineStyle,
      )
      expect(ring, `the focus on ${selector} is seen`).toBe('solid')
      return
    }
    await page.keyboard.press(key)
  }
  throw new Error(`${selector} is not reached by ${key}.`)
}

/** The name of what has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
  )
}

/** What axe-core calls serious or critical, as one line each. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } }
    type Violation = { id: string; impact: string; nodes: { target: string[] }[] }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    return serious.map(({ id, impact, nodes }) => `${impact}: ${id} at ${nodes.map(({ target }) => target.join(' '))}`)
  })
}
