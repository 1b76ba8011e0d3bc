// Tabs steered over the bare debugging protocol. Playwright makes every tab believe that it is seen and has the focus; here one is in front and the
// others are hidden, may be frozen, and may be stopped, as in a browser that people use.

import { once } from 'node:events'

type Params = Readonly<Record<string, unknown>>

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

const ANSWER_MS = 20_000

/** One connection to a browser. */
export class Protocol {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>()
  readonly #events = new Map<string, () => void>()
  #nextId = 1

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data))))
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The browser is gone.'))
    })
  }

  static async connect(address: string): Promise<Protocol> {
    const socket = new WebSocket(address)
    await once(socket, 'open')
    return new Protocol(socket)
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = this.#nextId++
    const answer = Promise.withResolvers<Record<string, unknown>>()
    this.#waiting.set(id, answer)
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    // A tab that is frozen, stopped or gone gives no answer, which is to fail a test and not to hang it.
    const words = `no answer to ${method} ${String(params.expression ?? '').slice(0, 200)}`
    const timer = setTimeout(() => answer.reject(new Error(words)), ANSWER_MS)
    return answer.promise.finally(() => clearTimeout(timer))
  }

  /** The next event of this name in a session. */
  event(name: string, sessionId: string): Promise<void> {
    return new Promise((resolve) => this.#events.set(`${sessionId} ${name}`, resolve))
  }

  close(): void {
    this.#socket.close()
  }

  #take({ id, method, sessionId, result, error }: Answer): void {
    if (id === undefined) {
      this.#events.get(`${sessionId} ${method}`)?.()
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result ?? {})
    else waiting?.reject(new Error(error.message))
  }
}

export class PlainTab {
  readonly #protocol: Protocol
  readonly #target: string
  readonly #session: string

  private constructor(protocol: Protocol, target: string, session: string) {
    this.#protocol = protocol
    this.#target = target
    this.#session = session
  }

  /** Opens a tab in front of the others, or in a window of its own. */
  static async open(protocol: Protocol, url: string, { newWindow = false } = {}): Promise<PlainTab> {
    const { targetId } = await protocol.send('Target.createTarget', { url, newWindow })
    const { sessionId } = await protocol.send('Target.attachToTarget', { targetId, flatten: true })
    return new PlainTab(protocol, String(targetId), String(sessionId))
  }

  send(method: string, params: Params = {}): Promise<Record<string, unknown>> {
    return this.#protocol.send(method, params, this.#session)
  }

  event(name: string): Promise<void> {
    return this.#protocol.event(name, this.#session)
  }

  /** Calls a function in the page, as Playwright's `evaluate` does. */
  async evaluate<A, R>(call: (argument: A) => R | Promise<R>, argument?: A): Promise<R> {
    const expression = `(${call})(${JSON.stringify(argument)})`
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { readonly value: R }).value
  }

  /** Brings it in front; the one that was there is hidden. */
  async show(): Promise<void> {
    await this.#protocol.send('Target.activateTarget', { targetId: this.#target })
  }

  /** Ends the renderer, as when a tab runs out of memory. */
  async crash(): Promise<void> {
    await this.send('Inspector.enable')
    const crashed = this.event('Inspector.targetCrashed')
    this.send('Page.crash').catch(() => {}) // Never answered: nobody is left to.
    await crashed
    await this.close()
  }

  async close(): Promise<void> {
    await this.#protocol.send('Target.closeTarget', { targetId: this.#target })
  }
}
