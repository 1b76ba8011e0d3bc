// The page in real Chromium, against the real command: what a person does, sees, and does by keyboard alone. Screenshots of
// each screen go to test/e2e/screenshots.

import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { builtPage, create, eventually, field, items, open, Stage, status, text } from '../page/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await Stage.open()
})
afterEach(() => stage.clear())
afterAll(async () => {
  await stage.close()
  expect(stage.complaints).toEqual([])
})

test('a link joins, leaves no invitation in the address bar, and is needed only once', async () => {
  const person = await stage.person()
  const page = await stage.tab(person)
  expect(page.url()).toBe(stage.url)
  await page.getByText('always-on', { exact: true }).waitFor()
  await eventually(() => status(page)).toMatch(/^Saved, and up to date with 1 peer/)
  await create(page, 'packing', 'To-do list')
  await field(page, 'Add an item').fill('tent')
  await page.keyboard.press('Enter')
  await eventually(() => status(page)).toMatch(/^Saved, and up to date/)
  await page.goto('about:blank')
  await page.goto(stage.url)
  await open(page, 'packing')
  expect(await items(page)).toEqual(['[ ] tent'])
  await person.close()
})

test('what the command line writes appears in the page, and the other way round', async () => {
  await stage.joinery('set', 'Home/groceries', 'items', '[{"name":"milk","done":false},{"name":"rice","done":true}]')
  const page = await stage.tab(await stage.person())
  await open(page, 'groceries')
  expect(await items(page)).toEqual(['[ ] milk', '[x] rice'])

  await field(page, 'Name of rice').click()
  await page.keyboard.press('End')
  await page.keyboard.type(', brown')
  await stage.joinery('set', 'Home/groceries', 'items[0].done', 'true')
  await page.locator('.items li.done').nth(1).waitFor()
  await page.keyboard.press('Enter')
  expect(await items(page), 'a half-typed name survives the edit of another').toEqual(['[x] milk', '[x] rice, brown'])
  await page.getByLabel('Delete milk').click()
  await page.getByLabel('rice, brown', { exact: true }).uncheck()
  await eventually(async () => JSON.parse(await stage.joinery('cat', 'Home/groceries', 'items', '--json'))).toEqual([
    { name: 'rice, brown', done: false },
  ])
})

test('two tabs and another browser write one text, and nobody loses a letter or their place', async () => {
  const ada = await stage.person()
  const [first, second] = [await stage.tab(ada), await stage.tab(ada)]
  const other = await stage.tab(await stage.person())
  await create(first, 'letter', 'Text')
  for (const page of [second, other]) await open(page, 'letter')
  await first.locator('textarea.prose').fill('one 😀 two')
  for (const page of [second, other]) await eventually(() => text(page)).toBe('one 😀 two')
  // Each stands at a place of its own; what the others type moves it along.
  await put(other, 4)
  await put(second, 10)
  await first.locator('textarea.prose').focus()
  await first.keyboard.press('Control+Home')
  const typed = { first: 'alpha ', second: ' omega', other: 'middle ' }
  await Promise.all([
    first.keyboard.type(typed.first, { delay: 15 }),
    second.keyboard.type(typed.second, { delay: 15 }),
    other.keyboard.type(typed.other, { delay: 15 }),
  ])
  const all = 'alpha one middle 😀 two omega'
  for (const page of [first, second, other]) await eventually(() => text(page)).toBe(all)
  await eventually(() => stage.joinery('cat', 'Home/letter', 'body', '--json')).toBe(JSON.stringify(all))

  await other.keyboard.type('!')
  for (const page of [first, second, other]) await eventually(() => text(page)).toBe(all.replace('middle ', 'middle !'))

  async function put(page: typeof other, caret: number): Promise<void> {
    await page.locator('textarea.prose').focus()
    await page.evaluate(
      (at) => document.querySelector<HTMLTextAreaElement>('textarea.prose')?.setSelectionRange(at, at),
      caret,
    )
  }
})

test('who else is in a text shows by name and by caret, which stays on its letter; and goes with them', async () => {
  const named = async (name: string) => {
    const person = await stage.person()
    const page = await stage.tab(person)
    await page.locator('.own').getByRole('button', { name: 'Change the name' }).click()
    await field(page, 'Name').fill(name)
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('.own .title').textContent()).toBe(name)
    return { person, page }
  }
  const ada = await named('Ada')
  const ben = await named('Ben')
  const here = (page: typeof ada.page) => page.locator('#document-here').textContent()
  const caretX = async () => Math.round((await ada.page.locator('.caret').boundingBox())?.x ?? 0)
  await create(ada.page, 'travel', 'Text')
  await open(ben.page, 'travel')
  await ada.page.locator('textarea.prose').fill('one two')
  await eventually(() => text(ben.page)).toBe('one two')
  await eventually(() => here(ada.page)).toBe('Here now: Ben')
  await eventually(() => here(ben.page)).toBe('Here now: Ada')
  await ben.page.locator('textarea.prose').focus()
  await ben.page.keyboard.press('Control+End')
  await eventually(() => ada.page.locator('.caret').getAttribute('data-name')).toBe('Ben')
  // It is told a few times a second: where it stays is where it is.
  const restX = async () => {
    const before = await caretX()
    await ada.page.waitForTimeout(700)
    return before === (await caretX()) ? before : 0
  }
  await eventually(restX).toBeGreaterThan(0)
  const endX = await caretX()
  await ben.page.keyboard.press('Control+Home')
  await eventually(caretX).toBeLessThan(endX - 20)
  await ben.page.keyboard.press('Control+End')
  await eventually(caretX).toBe(endX)
  await ada.page.locator('textarea.prose').focus()
  await ada.page.keyboard.press('Control+Home')
  await ada.page.keyboard.type('zero ')
  await eventually(caretX).toBeGreaterThan(endX + 20)
  await ben.page.goBack()
  await eventually(() => ada.page.locator('.caret').count(), 2_000).toBe(0)
  await open(ben.page, 'travel')
  await eventually(() => here(ada.page)).toBe('Here now: Ben')
  await ben.person.close()
  await eventually(() => ada.page.locator('#document-here').isVisible(), 11_000).toBe(false)
})

test('a word in the making is left alone while others write, and goes to where its place has moved', async () => {
  const page = await stage.tab(await stage.person())
  await create(page, 'haiku', 'Text')
  const area = page.locator('textarea.prose')
  await area.fill('old  pond')
  await area.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(4, 4))
  const keys = await page.context().newCDPSession(page)
  const compose = (word: string) =>
    keys.send('Input.imeSetComposition', { text: word, selectionStart: word.length, selectionEnd: word.length })
  await compose('shi')
  const other = await stage.tab(await stage.person())
  await open(other, 'haiku')
  await eventually(() => text(other)).toBe('old  pond')
  await other.locator('textarea.prose').fill('the old  pond')
  await eventually(() => stage.joinery('cat', 'Home/haiku', 'body', '--json')).toBe('"the old  pond"')
  await compose('shizu')
  expect(await text(page)).toBe('old shizu pond')
  await keys.send('Input.insertText', { text: '静' })
  await page.keyboard.type('か')
  for (const each of [page, other]) await eventually(() => text(each)).toBe('the old 静か pond')
})

test('one tab of a browser carries the connection, and another takes over when it closes', async () => {
  const person = await stage.person()
  const first = await stage.tab(person)
  await eventually(() => status(first)).toMatch(/up to date/)
  const second = await stage.tab(person, stage.url)
  const carries = (page: typeof first) => page.locator('#tab-text').textContent()
  await eventually(
    async () => [await carries(first), await carries(second)].filter((words) => /^This tab/.test(words ?? '')).length,
  ).toBe(1)
  const [carrier, waiting] = /^This tab/.test((await carries(first)) ?? '') ? [first, second] : [second, first]
  await carrier.close()
  await eventually(() => carries(waiting)).toMatch(/^This tab/)
  await eventually(() => status(waiting)).toMatch(/up to date/)
})

test('the pause switch cuts this peer off; what was written meanwhile goes out when it is turned back', async () => {
  await stage.joinery('set', 'Home/pause', 'items', '[]')
  const page = await stage.tab(await stage.person())
  await open(page, 'pause')
  const pause = page.getByRole('switch', { name: 'Pause' })
  await pause.click()
  expect(await pause.getAttribute('aria-checked')).toBe('true')
  await eventually(() => status(page)).toMatch(/^Paused/)
  await field(page, 'Add an item').fill('written while away')
  await page.keyboard.press('Enter')
  await stage.joinery('set', 'Home/pause', 'items[-]', '{"name":"written at home","done":false}')
  await page.waitForTimeout(500) // There is nothing to wait for: the proof is that nothing comes.
  expect(await items(page)).toEqual(['[ ] written while away'])
  await pause.click()
  await eventually(async () => (await items(page)).sort()).toEqual(['[ ] written at home', '[ ] written while away'])
  await eventually(async () => JSON.parse(await stage.joinery('cat', 'Home/pause', 'items', '--json')).length).toBe(2)
})

test('an invitation made in the page brings in another browser', async () => {
  const page = await stage.tab(await stage.person())
  await eventually(() => status(page)).toMatch(/up to date/)
  await page.click('#invite-open')
  const link = await field(page, 'Link').inputValue()
  expect(link).toBe(`${stage.url}#${await field(page, 'Invitation').inputValue()}`)
  expect(await page.locator('#invite-code path').getAttribute('d')).toMatch(/^M3 3h1/)
  await page.getByRole('button', { name: 'Done', exact: true }).click()
  const guest = await stage.tab(await stage.person(), link)
  await guest.locator('#space-screen').waitFor()
  await guest.getByText('always-on', { exact: true }).waitFor()
})

test('when the peer that served the page is gone, the browsers go on with each other', async () => {
  const hub = await Stage.open()
  try {
    const [one, two] = [await hub.tab(await hub.person()), await hub.tab(await hub.person())]
    await create(one, 'plan', 'Text')
    await open(two, 'plan')
    const member = (page: typeof one, name: string) => page.locator('#peers li:not(.own)', { hasText: name })
    for (const page of [one, two]) await member(page, 'Chrome on').getByText('Direct, by WebRTC').waitFor()
    await hub.kill()
    for (const page of [one, two]) await member(page, 'always-on').getByText('Not in contact').waitFor()
    await one.locator('textarea.prose').fill('we go on')
    await eventually(() => text(two)).toBe('we go on')
    await eventually(() => status(two)).toMatch(/up to date with 1 peer/)
  } finally {
    await hub.close()
  }
})

test('a deleted document goes from every screen, and says so to who had it open', async () => {
  await stage.joinery('set', 'Home/gone', 'items', '[{"name":"x","done":false}]')
  const [page, other] = [await stage.tab(await stage.person()), await stage.tab(await stage.person())]
  for (const each of [page, other]) await open(each, 'gone')
  await page.click('#document-delete')
  await page.getByRole('button', { name: 'Cancel' }).click()
  expect(await items(page)).toEqual(['[ ] x'])
  await page.click('#document-delete')
  await page.getByRole('button', { name: 'Delete for everyone' }).click()
  for (const each of [page, other])
    await eventually(() => each.locator('#documents').textContent()).not.toContain('gone')
  await other.getByText('“gone” was deleted by another member.').waitFor()
  await page.goBack()
  await page.getByText('Choose a document').waitFor()
})

test('without an invitation the page asks for one, and says what is wrong with a bad one', async () => {
  const page = await stage.tab(await stage.person(), `${stage.url}#${stage.link.split('#')[1]?.slice(0, -8)}`)
  expect(page.url()).toBe(stage.url)
  await eventually(() => page.locator('#join-error').textContent()).toMatch(/damaged|invitation/)
  for (const bad of ['hello', 'joinery:', 'joinery:____________']) {
    await field(page, 'Invitation').fill(bad)
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('#join-error').textContent()).toMatch(/^[A-Z].*\.$/)
  }
  expect(await page.locator('#join-error').textContent(), 'one from a newer version').toMatch(/[Uu]pdate/)
  await field(page, 'What you call it').fill('Mine')
  await page.keyboard.press('Enter')
  await page.locator('#space-screen').waitFor()
  await page.getByText('No documents yet').first().waitFor()

  await page.click('#join-another')
  await field(page, 'Invitation').fill(`Come in: ${stage.link}`)
  await page.keyboard.press('Enter')
  await page.getByText('always-on', { exact: true }).waitFor()
  expect(await page.locator('#space-select option').allTextContents()).toEqual(expect.arrayContaining(['Mine', 'Home']))
  await page.click('#leave')
  await page.getByRole('button', { name: 'Leave', exact: true }).click()
  await eventually(() => page.locator('#space-select option').allTextContents()).toEqual(['Mine'])
})

test('where a peer cannot live, or cannot keep anything, the page says so in a sentence', async () => {
  const person = await stage.person()
  await person.route('http://joinery.test/**', (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || 'index.html'
    const types: Record<string, string> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' }
    const contentType = types[extname(name)] ?? 'image/svg+xml'
    return route.fulfill({ contentType, body: readFileSync(join(builtPage, name)) })
  })
  const plain = await stage.tab(person, 'http://joinery.test/')
  expect(await plain.locator('#stop-text').textContent()).toMatch(/secure context/)

  const bare = await stage.person()
  await bare.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }))
  const page = await stage.tab(bare)
  await eventually(() => status(page)).toMatch(/keeps nothing/)
})
