// Two sides of an engine, each in a process of its own, with a counting proxy before the second: `a` makes, `b` takes.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { letters } from './edits.ts'
import { CountingProxy, now } from './proxy.ts'

/** How long after all agree bytes are still counted: receipts and the like. */
export const AFTER_MS = 1_500
/** Long enough to see what an idle connection says: pulses, beacons, who is here. */
const IDLE_MS = 4_500

export class Side {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #next = 0

  constructor() {
    this.#child = fork(fileURLToPath(new URL('side.ts', import.meta.url)), [], {
      execArgv: ['--experimental-strip-types', '--no-warnings'],
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    this.#child.on('message', ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a side ended with ${code}`))
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answer is what the command of that name in side.ts gives.
  call(command: string, argument: object = {}): Promise<any> {
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, command, argument }, (error) => {
        if (error !== null) reject(error)
      })
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

export class Pair {
  readonly a: Side
  readonly b: Side
  readonly proxy: CountingProxy
  readonly #folder: string
  readonly #server: Side | undefined

  private constructor(sides: { a: Side; b: Side; server?: Side }, proxy: CountingProxy, folder: string) {
    this.a = sides.a
    this.b = sides.b
    this.#server = sides.server
    this.proxy = proxy
    this.#folder = folder
  }

  /** Opens both; `b` as often as said, all in one process. */
  static async open(engine: string, { count = 1 }: { readonly count?: number } = {}): Promise<Pair> {
    const folder = mkdtempSync(join(tmpdir(), 'joinery-bench-sync-'))
    const port = await freePort()
    const proxy = await CountingProxy.open(port)
    const [a, b] = [new Side(), new Side()]
    const hasServer: boolean = await a.call('load', { engine })
    await b.call('load', { engine })
    const server = hasServer ? new Side() : undefined
    const pair = new Pair({ a, b, ...(server && { server }) }, proxy, folder)
    process.once('exit', () => pair.close())
    await server?.call('load', { engine })
    await server?.call('serve', { port, folder: join(folder, 'server') })
    const common = { port, publicPort: proxy.port, folder }
    const invitation: string = await a.call('open', { ...common, role: 'a' })
    await b.call('open', { ...common, role: 'b', invitation, count })
    return pair
  }

  /** Documents of `length` letters each, the same on both sides, and nothing under way. */
  async share(count: number, length: number): Promise<readonly string[]> {
    const names = Array.from({ length: count }, (_, i) => `note/${i}`)
    const ids: string[] = await this.a.call('make', { names })
    if (length > 0)
      for (const [i, id] of ids.entries()) await this.a.call('write', { id, text: letters(1_000 + i, length) })
    await this.a.call('settled')
    await this.b.call('take', { ids })
    await this.b.call('reached', { ids, length })
    await this.b.call('settled')
    await sleep(AFTER_MS)
    return ids
  }

  /** Cuts the cable, lets `meanwhile` happen, and mends it: bytes are counted, and time runs, from the first connection on. */
  async rejoin(meanwhile: () => Promise<void>): Promise<void> {
    await this.proxy.cut()
    await sleep(300)
    await meanwhile()
    await this.a.call('settled')
    await this.b.call('settled')
    this.proxy.reset()
    await this.proxy.heal()
    while (this.proxy.connectedAt === undefined) await sleep(1)
  }

  /** Bytes since `fromMs`, without what a connection on which nothing happens says in as long a time. */
  async bytesSince(from: number): Promise<number> {
    await sleep(AFTER_MS)
    const [bytes, forMs] = [this.proxy.bytes, now() - from]
    this.proxy.reset()
    await sleep(IDLE_MS)
    return Math.round(bytes - (this.proxy.bytes * forMs) / IDLE_MS)
  }

  /** The same since the connection stood again. */
  bytesRejoined(): Promise<number> {
    return this.bytesSince(this.proxy.connectedAt ?? now())
  }

  /** Since the connection stood again, until a time. */
  since(at: number): number {
    return at - (this.proxy.connectedAt ?? now())
  }

  async ensureSame(ids: readonly string[]): Promise<void> {
    const shown = new Set([...(await this.a.call('digests', { ids })), ...(await this.b.call('digests', { ids }))])
    if (shown.size !== 1) throw new Error('the sides show different texts')
  }

  close(): void {
    this.proxy.close()
    for (const side of [this.a, this.b, this.#server]) side?.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('a server listens on a port')
  return address.port
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
