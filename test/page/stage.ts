// What tests of the page stand on: the built `joinery serve` on a folder of its own, and Chromium with people in it.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright'
import { expect } from 'vitest'
import { chromiumArgs, findChromium } from '../../.ci/chromium.mjs'
import { root } from '../setup/sources.ts'

const program = join(root, 'dist/node/cli/main.js')
export const builtPage = join(root, 'dist/notes')
export const screenshots = join(root, 'test/e2e/screenshots')

export class Stage {
  readonly #folder: string
  readonly #serving: ChildProcess
  readonly #contexts: BrowserContext[] = []
  /** What pages complained of: errors nobody caught, what the content security policy stopped. */
  readonly complaints: string[] = []
  readonly browser: Browser
  /** The page's address, and the same with an invitation in its fragment. */
  readonly url: string
  readonly link: string

  private constructor(folder: string, serving: ChildProcess, browser: Browser, link: string) {
    this.#folder = folder
    this.#serving = serving
    this.browser = browser
    this.link = link
    this.url = link.split('#', 1)[0] ?? ''
  }

  static async open(): Promise<Stage> {
    if (!existsSync(join(builtPage, 'index.html')) || !existsSync(program)) build()
    mkdirSync(screenshots, { recursive: true })
    const folder = mkdtempSync(join(tmpdir(), 'joinery-page-'))
    const args = [program, 'serve', '--path', folder, '--port', '0', '--no-mdns', '--name', 'always-on', '--json']
    const serving = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const executablePath = await findChromium()
    const browser = await chromium.launch({ args: chromiumArgs, ...(executablePath && { executablePath }) })
    return new Stage(folder, serving, browser, await linkOf(serving))
  }

  /** Runs a command on the folder, as a person at a terminal would. What it prints. */
  async joinery(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--path', this.#folder, ...args])
    return stdout.trim()
  }

  /** A browser of its own: nothing of others' storage is seen. */
  async person(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    this.#contexts.push(context)
    context.on('weberror', (error) => this.complaints.push(error.error().message))
    context.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
        this.complaints.push(message.text())
    })
    return context
  }

  /** Opens the page in a new tab: by the invitation, unless told otherwise. */
  async tab(person: BrowserContext, address = this.link): Promise<Page> {
    const page = await person.newPage()
    await page.goto(address)
    await page.locator('#wait-screen').waitFor({ state: 'hidden' })
    return page
  }

  /** Closes the browsers of one test. */
  async clear(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close()
  }

  /** Ends the peer that serves, at once. Its pages stay open. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async close(): Promise<void> {
    await this.clear()
    await this.browser.close()
    await this.#end('SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#serving.exitCode !== null || this.#serving.signalCode !== null) return
    const ended = once(this.#serving, 'exit')
    this.#serving.kill(signal)
    await ended
  }
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(root, '.ci/setup.mjs'), 'rebuild'], { stdio: 'inherit' })
  if (status !== 0) throw new Error('The package could not be built.')
}

/** The address that the serving peer prints for its first space. */
async function linkOf(serving: ChildProcess): Promise<string> {
  if (serving.stdout === null) throw new Error('The serving peer has no output.')
  for await (const line of createInterface(serving.stdout)) {
    const { event, url } = JSON.parse(line)
    if (event === 'space') {
      serving.stdout.resume()
      return url
    }
  }
  throw new Error('The serving peer ended without an address.')
}

/** Waits until `read` gives what is expected. */
export function eventually<T>(read: () => T | Promise<T>, timeoutMs = 15_000): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: timeoutMs, interval: 50 })
}

/** A field on the screen, by its label. */
export const field = (page: Page, name: string): Locator => page.getByRole('textbox', { name, exact: true })

/** Makes a document by the page's own dialog. */
export async function create(page: Page, name: string, kind: 'To-do list' | 'Text'): Promise<void> {
  await page.click('#create-open')
  await field(page, 'Name').fill(name)
  await page.getByRole('radio', { name: kind }).check()
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name, exact: true }).waitFor()
}

/** Opens a document from the list, once it is there. */
export async function open(page: Page, name: string): Promise<void> {
  await page.locator('#documents').getByRole('button', { name }).click()
  await page.getByRole('heading', { name, exact: true }).waitFor()
}

/** The items of the open list, as '[x] milk'. */
export function items(page: Page): Promise<string[]> {
  return page.locator('.items li').evaluateAll((rows) =>
    rows.map((row) => {
      const name = row.querySelector('textarea')?.value
      return `[${row.querySelector('input')?.checked ? 'x' : ' '}] ${name}`
    }),
  )
}

/** The line at the top. */
export const status = (page: Page): Promise<string | null> => page.locator('#status-text').textContent()

export const text = (page: Page): Promise<string> => page.locator('textarea.prose').inputValue()
