// The page without the peer that served it: kept by its service worker, whole, and never an old one where a newer is served.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type PageServer, servePage } from '../../src/cli/page-server.ts'
import { builtPage, create, eventually, open, Stage, status, text } from '../page/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(async () => {
  await stage.close()
  expect(stage.complaints).toEqual([])
})

/** Which builds the page's origin keeps, once one of them is ready to serve. */
const kept = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready
    return active?.state === 'activated' ? caches.keys() : []
  })

test('the page opens, shows what was written, and is written in, with the peer that served it dead', async () => {
  const hub = await Stage.open()
  onTestFinished(() => hub.close())
  const person = await hub.person()
  const page = await hub.tab(person)
  await create(page, 'diary', 'Text')
  await page.locator('textarea.prose').fill('written with the peer')
  await eventually(() => status(page)).toMatch(/^Saved/)
  await eventually(() => kept(page)).toHaveLength(1)
  await hub.kill()
  await page.reload()
  await page.locator('#wait-screen').waitFor({ state: 'hidden' })
  await eventually(() => text(page)).toBe('written with the peer')
  await page.locator('textarea.prose').fill('and without')
  await eventually(() => status(page)).toMatch(/^Saved here/)
  // A new tab as well, and the address with a fragment.
  const other = await hub.tab(person, hub.url)
  await open(other, 'diary')
  await eventually(() => text(other)).toBe('and without')
  expect(hub.complaints).toEqual([])
})

test('after an upgrade nobody sees the old page, with the peer or without', async () => {
  const [first, second] = [copyOfPage('A'), copyOfPage('B')]
  let server: PageServer = await servePage(first, 0)
  onTestFinished(() => server.close())
  const { port, url } = server
  const page = await (await stage.person()).newPage()
  const stillOpen = await page.context().newPage()
  await page.goto(url)
  await stillOpen.goto(url)
  await eventually(() => kept(page)).toEqual(['joinery-notes-build-A'])
  await server.close()
  await page.reload()
  expect(await page.locator('html').getAttribute('data-build')).toBe('A')

  server = await servePage(second, port)
  await page.goto(url)
  expect(await page.locator('html').getAttribute('data-build')).toBe('B')
  await eventually(() => kept(page)).toEqual(['joinery-notes-build-B'])
  await stillOpen.locator('#complaint-text', { hasText: 'newer version' }).waitFor()
  expect(await page.locator('#complaint').isVisible()).toBe(false)
  await server.close()
  for (const each of [page, stillOpen]) {
    await each.reload()
    expect(await each.locator('html').getAttribute('data-build')).toBe('B')
    await each.locator('#join-screen').waitFor()
  }
})

test('a peer that serves the page and gives no answer is passed over', async () => {
  const server = await servePage(copyOfPage('C'), 0)
  onTestFinished(() => server.close())
  const page = await (await stage.person()).newPage()
  await page.goto(server.url)
  await eventually(() => kept(page)).toHaveLength(1)
  await server.close()
  const { createServer } = await import('node:net')
  const silent = createServer(() => {}).listen(server.port, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await page.reload()
  expect(await page.locator('html').getAttribute('data-build')).toBe('C')
})

/** The built page as another build of it: all that tells builds apart is altered. */
function copyOfPage(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'joinery-page-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(builtPage, folder, { recursive: true })
  const id = /name="build" content="(\w+)"/.exec(readFileSync(join(folder, 'index.html'), 'utf8'))?.[1] ?? ''
  const script = readdirSync(folder).find((file) => /^main-.*\.js$/.test(file)) ?? ''
  cpSync(join(folder, script), join(folder, `main-${name}.js`))
  rmSync(join(folder, script))
  for (const file of ['index.html', 'service-worker.js']) {
    const path = join(folder, file)
    const altered = readFileSync(path, 'utf8').replaceAll(id, `build-${name}`).replaceAll(script, `main-${name}.js`)
    writeFileSync(path, altered.replace('<html ', `<html data-build="${name}" `))
  }
  return folder
}
