// A proxy on loopback that counts the bytes it passes on, and can be cut like a cable.

import { connect, createServer, type Server, type Socket } from 'node:net'

export class CountingProxy {
  readonly port: number
  /** Bytes of TCP payload since the last `reset`, both ways. */
  bytes = 0
  /** When the first connection since the last `heal` came in, by the clock that all processes share. */
  connectedAt: number | undefined
  readonly #server: Server
  readonly #target: number
  readonly #sockets = new Set<Socket>()

  static async open(target: number): Promise<CountingProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new CountingProxy(server, target)
  }

  constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a proxy listens on a port')
    this.port = address.port
    server.on('connection', (socket) => this.#join(socket))
  }

  reset(): void {
    this.bytes = 0
  }

  /** Ends what is connected, and refuses what dials. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async heal(): Promise<void> {
    this.connectedAt = undefined
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve))
  }

  close(): void {
    void this.cut()
  }

  #join(near: Socket): void {
    this.connectedAt ??= now()
    const far = connect(this.#target, '127.0.0.1')
    this.#pipe(near, far)
    this.#pipe(far, near)
  }

  #pipe(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (data) => {
      this.bytes += data.length
      if (!to.write(data)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
    from.on('error', () => from.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroySoon()
    })
  }
}

/** Milliseconds of the clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}
