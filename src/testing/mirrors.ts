// Invariant 7 in a simulated world: every document that appears at a peer is opened by somebody who sees nothing but patches, and must see what is there.

import { applyPatches } from '../crdt/apply-patches.ts'
import { diffValues } from '../crdt/diff.ts'
import type { DocHandle, Space } from '../peer/api.ts'
import type { Violation } from './claims.ts'
import type { SimulatedPeer } from './simulated-peer.ts'

interface Mirror {
  readonly handle: DocHandle
  value: unknown
}

export class Mirrors {
  readonly #ofPeer = new Map<SimulatedPeer, Map<string, Mirror>>()

  /** Mirrors what is in the space, and what will be. */
  watch(peer: SimulatedPeer, space: Space): void {
    const mirrors = new Map<string, Mirror>()
    this.#ofPeer.set(peer, mirrors)
    const look = (): void => {
      for (const name of space.documents) if (!mirrors.has(name)) void this.#mirror(name, space, mirrors)
    }
    space.on('documents', look)
    look()
  }

  /** The peer's life is over. */
  forget(peer: SimulatedPeer): void {
    this.#ofPeer.delete(peer)
  }

  /** The documents that are open at a peer, by name. */
  of(peer: SimulatedPeer): ReadonlyMap<string, DocHandle> {
    return new Map([...(this.#ofPeer.get(peer) ?? [])].map(([name, { handle }]) => [name, handle]))
  }

  unequal(): Violation | undefined {
    for (const [peer, mirrors] of this.#ofPeer)
      for (const [name, { handle, value }] of mirrors) {
        const [difference] = diffValues(value, handle.value)
        if (difference !== undefined)
          return {
            rule: '7 Patches',
            message: `"${name}" at ${peer.name} is not what its patches say: ${JSON.stringify(difference)}`,
          }
      }
    return undefined
  }

  async #mirror(name: string, space: Space, mirrors: Map<string, Mirror>): Promise<void> {
    try {
      const handle = await space.open(name)
      if (mirrors.has(name)) return handle.close()
      const mirror: Mirror = { handle, value: handle.value }
      mirrors.set(name, mirror)
      handle.on('patch', ({ patches }) => {
        mirror.value = applyPatches(mirror.value, patches)
      })
      handle.on('close', () => mirrors.delete(name))
    } catch {
      // The peer was closed, or the document deleted, before it was open.
    }
  }
}
