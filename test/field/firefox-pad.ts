// A peer in a page of a Firefox of its own, as a program: steered by lines on stdin, which it hands on by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).
// It runs where its Firefox does, whose debugging port answers on this loopback alone.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { serveLines } from '../e2e/line-server.ts'
import type { PadCommand } from '../e2e/pad-commands.ts'

interface Answer {
  readonly type: 'success' | 'error' | 'event'
  readonly id?: number
  readonly result?: unknown
  readonly message?: string
}

const [firefox = '', url = ''] = process.argv.slice(2)
const commands: readonly PadCommand[] = [
  ...(['open', 'make', 'join', 'meet', 'take'] as const),
  ...(['contacts', 'waitForContacts', 'append', 'waitFor'] as const),
]
const waiting = new Map<number, PromiseWithResolvers<unknown>>()
let nextId = 0

const socket = new WebSocket(`${await start()}/session`)
socket.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Answer))
await once(socket, 'open')
await send('session.new', { capabilities: {} })
const { contexts } = (await send('browsingContext.getTree', {})) as { contexts: readonly { context: string }[] }
const context = contexts[0]?.context
await send('browsingContext.navigate', { context, url, wait: 'complete' })
serveLines(Object.fromEntries(commands.map((name) => [name, (argument: never) => call(name, argument)])))

/** Starts the browser on a new profile; where it can be steered. */
async function start(): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'joinery-firefox-'))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank']
  const child = spawn(firefox, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  process.once('exit', () => child.kill('SIGKILL')) // It is not to outlive us.
  for await (const line of createInterface(child.stderr)) {
    const address = /ws:\/\/\S+/.exec(line)?.[0]
    if (address === undefined) continue
    child.stderr.resume()
    return address
  }
  throw new Error('Firefox ended before it could be steered.')
}

/** Runs a command of the page's pad; what goes in and out is JSON. */
async function call(name: PadCommand, argument: unknown): Promise<unknown> {
  const run = async (command: PadCommand, json: string): Promise<string> =>
    JSON.stringify((await (globalThis.pad[command] as (value: unknown) => unknown)(JSON.parse(json))) ?? null)
  const answer = (await send('script.callFunction', {
    functionDeclaration: run.toString(),
    arguments: [name, JSON.stringify(argument)].map((value) => ({ type: 'string', value })),
    awaitPromise: true,
    target: { context },
  })) as { type: string; result?: { value: string }; exceptionDetails?: { text: string } }
  if (answer.type !== 'success') throw new Error(answer.exceptionDetails?.text ?? answer.type)
  return JSON.parse(answer.result?.value ?? 'null')
}

function send(method: string, params: object): Promise<unknown> {
  const id = nextId++
  const answer = Promise.withResolvers<unknown>()
  waiting.set(id, answer)
  socket.send(JSON.stringify({ id, method, params }))
  return answer.promise
}

function take({ type, id, result, message }: Answer): void {
  const answer = waiting.get(id ?? -1)
  if (type === 'success') answer?.resolve(result)
  else if (type === 'error') answer?.reject(new Error(message))
}
