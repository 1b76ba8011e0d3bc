// A Chromium of our own, as a process that can be killed whole, with one profile that outlives it, and a page of ours served to it. Playwright
// steers it over the debugging port (what it starts by itself it does not let anybody kill); or the bare protocol does (plain-tab.ts).

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { chromiumArgs, findChromium } from '../../.ci/chromium.mjs'
import { Protocol } from './plain-tab.ts'

export interface StartOptions {
  /** Not steered by Playwright. */
  readonly plain?: boolean
}

export class OwnChromium {
  readonly url: string
  readonly #profile: string
  readonly #server: Server
  #process: ChildProcess | undefined
  #browser: Browser | undefined
  #protocol: Protocol | undefined

  private constructor(profile: string, server: Server) {
    this.#profile = profile
    this.#server = server
    this.url = `http://localhost:${(server.address() as AddressInfo).port}/`
  }

  /** Serves a folder with an index.html and a main.js, and starts the browser. */
  static async open(folder: string, options: StartOptions = {}): Promise<OwnChromium> {
    const profile = mkdtempSync(join(tmpdir(), 'joinery-chromium-'))
    const own = new OwnChromium(profile, await servePage(folder))
    await own.start(options)
    return own
  }

  get context(): BrowserContext {
    const context = this.#browser?.contexts()[0]
    if (context === undefined) throw new Error('The browser does not run.')
    return context
  }

  get protocol(): Protocol {
    if (this.#protocol === undefined) throw new Error('The browser was not started plain.')
    return this.#protocol
  }

  /** Starts the browser on the profile that it had. */
  async start({ plain = false }: StartOptions = {}): Promise<void> {
    const executable = (await findChromium()) ?? ''
    const args = [...chromiumArgs, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${this.#profile}`]
    const child = spawn(executable, [...args, '--disable-session-crashed-bubble', 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true, // A process group of its own, to be killed whole.
    })
    this.#process = child
    process.once('exit', () => this.#end()) // It is not to outlive us, whatever ends us.
    const address = await debuggingAddress(child)
    if (plain) this.#protocol = await Protocol.connect(address)
    else this.#browser = await chromium.connectOverCDP(address)
  }

  async tab(): Promise<Page> {
    const page = await this.context.newPage()
    await page.goto(this.url)
    return page
  }

  /** `kill -9` of the browser with all its renderers. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    this.#end()
    await gone
    await this.#browser?.close().catch(() => {}) // The connection to what is no more.
    this.#browser = undefined
    this.#protocol?.close()
    this.#protocol = undefined
  }

  #end(): void {
    const { pid, exitCode, signalCode } = this.#process ?? {}
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
  }

  async close(): Promise<void> {
    await this.kill()
    this.#server.closeAllConnections()
    this.#server.close()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

/** Ends the renderer, not the browser: as when a tab runs out of memory. */
export async function crashTab(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // Never answered: nobody is left to.
  session.send('Page.crash').catch(() => {})
  await crashed
  await page.close()
}

async function debuggingAddress(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('Chromium has no stderr.')
  for await (const line of createInterface(child.stderr)) {
    const address = /ws:\/\/\S+/.exec(line)?.[0]
    if (address === undefined) continue
    child.stderr.resume()
    return address
  }
  throw new Error('Chromium ended before it could be steered.')
}

async function servePage(folder: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const isScript = request.url === '/main.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(await readFile(join(folder, isScript ? 'main.js' : 'index.html')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
