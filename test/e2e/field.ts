// The field of the partition test, inside the container: three Node processes and two Chromium processes, each in its own namespace, and the
// bridges between them.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { chromiumArgs } from '../../.ci/chromium.mjs'
import { LineProcess, nodeCommand } from './line-process.ts'
import { inNamespace } from './namespaces.ts'
import type { CallPad, PadCommand } from './pad-commands.ts'

export interface FieldPeer {
  readonly name: string
  readonly call: CallPad
  /** What it told of itself lately, for when something went wrong. */
  tail(): Promise<string>
}

export interface FieldNode extends FieldPeer {
  kill(): Promise<void>
}

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A Node peer in namespace k with its data in a folder that outlives it. */
export async function startNode(k: number, command: readonly string[]): Promise<FieldNode> {
  const name = `n${k}`
  const trace = join(tmpdir(), `${name}.trace`)
  writeFileSync(trace, '', { flag: 'a' })
  const lines = new LineProcess([...inNamespace(k), ...command], {
    name,
    cwd: tmpdir(),
    env: { JOINERY_TRACE: trace },
  })
  const call: CallPad = (command, argument) => lines.call(command, argument) as never
  await call('open', { path: join(tmpdir(), `${name}.joinery`), name })
  return {
    name,
    call,
    kill: () => lines.kill(),
    tail: async () => `${lines.stderr}\n${execFileSync('tail', ['-n', '60', trace], { encoding: 'utf8' })}`,
  }
}

/** A Chromium of its own in namespace k, with a profile of its own, on the page that a server in the same namespace serves. */
export async function startBrowser(k: number, page: string): Promise<FieldPeer> {
  const name = `b${k}`
  const server = new LineProcess([...inNamespace(k), ...nodeCommand(program('static-server.ts')), page], {
    name: `server of ${name}`,
  })
  const context = await launch(k)
  const tab = context.pages()[0] ?? (await context.newPage())
  const noted: string[] = []
  tab.on('pageerror', (error) => noted.push(`page error: ${error.stack ?? error.message}`))
  tab.on('console', (message) => noted.push(`${message.type()}: ${message.text()}`))
  await arrive(tab, server)
  const call = <C extends PadCommand>(command: C, argument: unknown): never =>
    tab.evaluate(([name, value]) => (globalThis.pad[name] as (value: unknown) => unknown)(value), [
      command,
      argument,
    ] as const) as never
  await call('open', { path: 'joinery', name })
  return {
    name,
    call,
    tail: async () => [...noted.slice(-30), ...(await tab.evaluate(() => globalThis.tracing.slice(-60)))].join('\n'),
  }
}

async function launch(k: number): Promise<BrowserContext> {
  const wrapper = join(tmpdir(), `chromium-${k}`)
  // The pipe by which Playwright speaks to it survives both execs.
  writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec n${k} "${process.env.CHROMIUM}" "$@"\n`)
  chmodSync(wrapper, 0o755)
  const profile = join(tmpdir(), `profile-${k}`)
  mkdirSync(profile)
  return chromium.launchPersistentContext(profile, { executablePath: wrapper, args: chromiumArgs })
}

async function arrive(tab: Page, server: LineProcess): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await tab.goto('http://localhost:8080/')
      break
    } catch (error) {
      if (attempt === 20) throw new Error(`no page: ${server.stderr}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await tab.waitForFunction(() => globalThis.pad !== undefined)
}
