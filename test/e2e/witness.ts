// A member that hears all that the writer of the log lets out, and remembers: what was seen outside must be there when the writer opens again
// (Invariant 8), and nothing it sees may contradict what it saw before (Invariant 11: no seq is used twice).

import { libp2pNetwork, openPeer } from '../../src/node.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import { type Log, openLog } from './log-commands.ts'

export class Witness {
  readonly ticket: string
  readonly errors: string[] = []
  readonly #peer: Peer
  readonly #log: DocHandle<Log>

  private constructor(peer: Peer, log: DocHandle<Log>, ticket: string) {
    this.#peer = peer
    this.#log = log
    this.ticket = ticket
    peer.on('error', ({ code, message }) => this.errors.push(`${code}: ${message}`))
  }

  static async open(): Promise<Witness> {
    const peer = await openPeer({ store: 'memory', network: libp2pNetwork({ host: '127.0.0.1', mdns: false }) })
    const space = await peer.space('Witnessed')
    return new Witness(peer, await openLog(space), await space.invite())
  }

  get seen(): readonly string[] {
    return this.#log.value.entries
  }

  /** Waits until it has seen all of these. */
  async sees(entries: readonly string[], timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    const lacks = (): boolean => {
      const seen = new Set(this.seen)
      return entries.some((entry) => !seen.has(entry))
    }
    while (lacks() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
    return !lacks()
  }

  close(): Promise<void> {
    return this.#peer.close()
  }
}
