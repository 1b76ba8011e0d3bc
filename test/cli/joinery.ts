// The real command as a child process, for tests: run it to its end, or start it and talk with it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'

/** Each test starts some processes, on machines that have other things to do. */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** How the command is run: by this Node, from its sources. */
export const command: readonly string[] = [process.execPath, '--experimental-strip-types', '--no-warnings', main]

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export class Running {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #ended: Promise<unknown>

  constructor(args: readonly string[]) {
    const [node = '', ...before] = command
    this.child = spawn(node, [...before, ...args], { env: { ...process.env, NO_COLOR: '1' } })
    this.#ended = once(this.child, 'close')
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
  }

  /** Waits until the output holds `pattern`, and gives what it matched. */
  async match(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found) return found
      const isOver = await Promise.race([
        this.#ended.then(() => true),
        once(this.child.stdout as never, 'data').then(() => false),
      ])
      if (isOver && !pattern.test(this.stdout)) {
        throw new Error(`It ended without ${pattern}: ${this.stdout}\n${this.stderr}`)
      }
    }
  }

  /** How it ended; null while it runs. */
  get code(): number | string | null {
    return this.child.exitCode ?? this.child.signalCode
  }

  async end(signal?: NodeJS.Signals): Promise<Ended> {
    if (signal !== undefined) this.child.kill(signal)
    await this.#ended
    expect(this.stderr, 'no stack is ever shown').not.toMatch(/^ {4}at /m)
    return { code: this.code, stdout: this.stdout, stderr: this.stderr }
  }
}

/** Runs one command to its end. */
export function joinery(...args: readonly string[]): Promise<Ended> {
  return new Running(args).end()
}

/** Runs one command to its end and reads its one line of JSON. */
export async function joineryJson(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await joinery(...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** What a failed command says to programs. */
export async function failure(
  ...args: readonly string[]
): Promise<{ exit: number | string | null; code: string; message: string }> {
  const { code: exit, stdout, stderr } = await joinery(...args, '--json')
  expect(stdout).toBe('')
  const { error } = JSON.parse(stderr)
  return { exit, ...error }
}

/** A folder for one test, and an end to what the test started in it. */
export class Place {
  readonly folder: string
  readonly #running: Running[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'joinery-cli-')))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  start(...args: readonly string[]): Running {
    const running = new Running(args)
    this.#running.push(running)
    return running
  }

  /** A peer that serves on the folder of this name. */
  async serve(name: string, ...args: readonly string[]): Promise<Served> {
    const running = this.start('serve', '--path', this.path(name), '--port', '0', ...args)
    const [, url = '', invitation = ''] = await running.match(/(http:\/\/localhost:\d+\/)#(joinery:[\w-]+)/)
    return { running, folder: this.path(name), url, invitation }
  }

  async clear(): Promise<void> {
    for (const running of this.#running) if (running.code === null) await running.end('SIGKILL')
    await rm(this.folder, { recursive: true, force: true })
  }
}

export interface Served {
  readonly running: Running
  readonly folder: string
  readonly url: string
  readonly invitation: string
}
