// Server-sent events: all to-dos at first, and again after each change. A slow reader misses those in between, never the last.

import type { ServerResponse } from 'node:http'

const readersMax = 100
/** Proxies close what says nothing for long. */
const heartbeatMs = 15_000

export class Events {
  readonly #value: () => unknown
  readonly #readers = new Set<Reader>()
  readonly #heartbeat: NodeJS.Timeout

  constructor(value: () => unknown) {
    this.#value = value
    this.#heartbeat = setInterval(() => {
      for (const reader of this.#readers) reader.beat()
    }, heartbeatMs)
    this.#heartbeat.unref()
  }

  /** Keeps a reader until it goes. */
  serve(response: ServerResponse): void {
    if (this.#readers.size >= readersMax) {
      response.writeHead(503, { 'Retry-After': '10' }).end()
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const reader = new Reader(response, this.#value)
    this.#readers.add(reader)
    response.on('close', () => this.#readers.delete(reader))
    reader.tell()
  }

  /** What is shown is another one. */
  tell(): void {
    for (const reader of this.#readers) reader.tell()
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const reader of this.#readers) reader.end()
    this.#readers.clear()
  }
}

class Reader {
  readonly #response: ServerResponse
  readonly #value: () => unknown
  #isStale = false
  #isFull = false

  constructor(response: ServerResponse, value: () => unknown) {
    this.#response = response
    this.#value = value
    response.on('drain', () => {
      this.#isFull = false
      if (this.#isStale) this.tell()
    })
  }

  /** While what was sent is not read, nothing is queued: one value, the newest, is sent when there is room. */
  tell(): void {
    this.#isStale = this.#isFull
    if (this.#isFull) return
    this.#isFull = !this.#response.write(`data: ${JSON.stringify(this.#value())}\n\n`)
  }

  beat(): void {
    if (!this.#isFull) this.#response.write(':\n\n')
  }

  end(): void {
    this.#response.end()
  }
}
