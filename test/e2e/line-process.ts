// A program of ours in a process of its own, spoken to in JSON, a line each way: { id, command, argument } and { id, result } or { id, error }.
// Lines without an id are events. Its stderr is kept for when something went wrong.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface LineProcessOptions {
  readonly name: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly onEvent?: (event: Record<string, unknown>) => void
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** How Node runs a TypeScript file of this project, whatever its version. */
export function nodeCommand(program: string): readonly string[] {
  return [process.execPath, '--experimental-strip-types', '--disable-warning=ExperimentalWarning', program]
}

const STDERR_CHARS = 20_000

export class LineProcess {
  readonly name: string
  readonly child: ChildProcess
  readonly exited: Promise<void>
  readonly #waiting = new Map<number, Waiting>()
  #stderr = ''
  #nextId = 0

  constructor(command: readonly string[], options: LineProcessOptions) {
    const [program = '', ...args] = command
    this.name = options.name
    this.child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.child.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-STDERR_CHARS)
    })
    // A killed process breaks its pipe: the calls that wait hear of its end.
    this.child.stdin?.on('error', () => {})
    if (this.child.stdout !== null)
      createInterface({ input: this.child.stdout }).on('line', (line) => this.#heard(line, options.onEvent))
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.#stderr += error.message
        resolve()
      })
      this.child.on('close', () => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`${this.name} ended. ${this.#stderr}`))
        this.#waiting.clear()
        resolve()
      })
    })
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Sends a command and waits for its answer. */
  call(command: string, argument: unknown = {}): Promise<unknown> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        return reject(new Error(`${this.name} has ended. ${this.#stderr}`))
      this.#waiting.set(id, { resolve, reject })
      this.child.stdin?.write(`${JSON.stringify({ id, command, argument })}\n`)
    })
  }

  /** `kill -9`, and its end. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
  }

  #heard(line: string, onEvent: LineProcessOptions['onEvent']): void {
    const message = JSON.parse(line) as Record<string, unknown>
    const waiting = typeof message.id === 'number' ? this.#waiting.get(message.id) : undefined
    if (waiting === undefined) {
      onEvent?.(message)
      return
    }
    this.#waiting.delete(message.id as number)
    if (typeof message.error === 'string') waiting.reject(new Error(`${this.name}: ${message.error}`))
    else waiting.resolve(message.result)
  }
}
