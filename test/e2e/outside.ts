// Members outside of the browser: each has what gets out of it, and counts who is connected.

import { libp2pNetwork, openPeer } from '../../src/node.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import type { PeerImpl } from '../../src/peer/peer.ts'
import type { TabLog } from './tab-page.ts'

export class Outside {
  readonly ticket: string
  readonly errors: string[] = []
  readonly #peer: Peer
  readonly #log: DocHandle<TabLog>

  private constructor(peer: Peer, log: DocHandle<TabLog>, ticket: string) {
    this.#peer = peer
    this.#log = log
    this.ticket = ticket
    peer.on('error', ({ code, message }) => this.errors.push(`${code}: ${message}`))
  }

  /** The first of them, or one more. */
  static async open(first?: Outside): Promise<Outside> {
    const peer = await openPeer({ store: 'memory', network: libp2pNetwork({ host: '127.0.0.1', mdns: false }) })
    const space = first === undefined ? await peer.space('Shared') : await peer.join(first.ticket)
    return new Outside(peer, await space.open<TabLog>('log', { init: { items: [] } }), await space.invite())
  }

  get items(): readonly string[] {
    return this.#log.value.items.map((item) => item.split('@')[0] ?? '')
  }

  get upToDate(): boolean {
    return this.#log.status.current.upToDate
  }

  write(item: string): void {
    this.#log.change((d) => void d.items.push(item))
  }

  /** Names of the members in contact, as a status shows them. */
  get members(): readonly string[] {
    return this.#log.status.current.peers.filter(({ connected }) => connected).map(({ name }) => name)
  }

  /** Nodes that are connected, but for another member outside: what no status of a member shows. */
  connections(other?: Outside): number {
    const nodes = [...(this.#network?.connections.keys() ?? [])]
    const known = other === undefined ? undefined : other.#network?.id
    return nodes.filter((node) => node !== known).length
  }

  get #network(): PeerImpl['network'] {
    return (this.#peer as PeerImpl).network
  }

  close(): Promise<void> {
    return this.#peer.close()
  }
}
