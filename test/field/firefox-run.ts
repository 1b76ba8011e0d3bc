// A Firefox and a Chromium that meet, inside the container; each in a network namespace of its own.

import { fileURLToPath } from 'node:url'
import { type FieldPeer, startBrowser } from '../e2e/field.ts'
import { meetByCodes } from '../e2e/first-meeting.ts'
import { LineProcess, nodeCommand } from '../e2e/line-process.ts'
import { asProcessOne, inNamespace } from '../e2e/namespaces.ts'
import type { CallPad } from '../e2e/pad-commands.ts'

const [pageFolder = '', firefox = ''] = process.argv.slice(2)
const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
let inFirefox: FieldPeer | undefined

await asProcessOne(run, {
  limitMs: 120_000,
  failed: async (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n${await inFirefox?.tail()}\n`)
  },
})

async function run(): Promise<void> {
  const [a, b] = await Promise.all([startFirefox(4), startBrowser(5, pageFolder)])
  await meetByCodes(a, b, 5)
}

/** In namespace k, on the page that a server in the same namespace serves. */
async function startFirefox(k: number): Promise<FieldPeer> {
  const name = `f${k}`
  const inside = (path: string, ...args: string[]): LineProcess =>
    new LineProcess([...inNamespace(k), ...nodeCommand(program(path)), ...args], { name })
  const server = inside('../e2e/static-server.ts', pageFolder)
  await new Promise((resolve) => server.child.stdout?.once('data', resolve))
  const lines = inside('firefox-pad.ts', firefox, 'http://localhost:8080/')
  const call: CallPad = (command, argument) => lines.call(command, argument) as never
  inFirefox = { name, call, tail: async () => `${lines.stderr}\n${server.stderr}` }
  await call('open', { path: 'joinery', name })
  return inFirefox
}
