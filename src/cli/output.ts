// What a command writes: to people in words, to programs in lines of JSON. A reader that leaves early (`| head`) ends us quietly.

import type { Writable } from 'node:stream'
import { JoineryError, messageOf } from '../base/errors.ts'

export interface OutputOptions {
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
}

export class Output {
  /** Lines of JSON instead of words. */
  json = false
  readonly isTerminal: boolean
  readonly hasColor: boolean
  readonly #out: OutputOptions['stdout']
  readonly #err: Writable
  readonly #gone = new AbortController()

  constructor({ stdout, stderr, env }: OutputOptions) {
    this.#out = stdout
    this.#err = stderr
    this.isTerminal = stdout.isTTY === true
    this.hasColor = this.isTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
    stdout.on('error', (error) => this.#gone.abort(error))
    stderr.on('error', () => {}) // Nowhere is left to say it.
  }

  /** Fires when nobody reads any more, or writing failed. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Characters in a line of the terminal. */
  get columns(): number {
    return this.#out.columns ?? 80
  }

  /** Writes one line for people or programs, and resolves when the next may come. */
  line(text: string): Promise<void> {
    return write(this.#out, `${text}\n`)
  }

  /** Writes a line of JSON. */
  value(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value))
  }

  /** Writes a remark that is not part of the answer. */
  note(text: string): Promise<void> {
    return write(this.#err, `${text}\n`)
  }

  /** Writes what went wrong: a sentence and its code, never a stack. */
  error(error: unknown): Promise<void> {
    const code = error instanceof JoineryError ? error.code : 'internal'
    if (!this.json) return this.note(`joinery: ${visible(messageOf(error))} (${code})`)
    const details =
      error instanceof JoineryError && Object.keys(error.details).length > 0 ? { details: error.details } : {}
    return this.note(JSON.stringify({ error: { code, message: messageOf(error), ...details } }))
  }

  bold(text: string): string {
    return this.hasColor ? `\x1b[1m${text}\x1b[22m` : text
  }

  dim(text: string): string {
    return this.hasColor ? `\x1b[2m${text}\x1b[22m` : text
  }

  /** Text of others as it may be shown: a terminal does not obey it. Elsewhere it stays as it is. */
  safe(text: string): string {
    return this.isTerminal ? visible(text) : text
  }
}

/** Whether writing failed only because the reader left. */
export function isReaderGone(reason: unknown): boolean {
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED'
}

/** Control characters, shown instead of sent: names and texts come from peers, and a terminal obeys what it is sent. */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

// A failed write is told by the stream's 'error' event; the one who writes only has to wait no longer.
function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) return resolve()
    stream.write(text, () => resolve())
  })
}
