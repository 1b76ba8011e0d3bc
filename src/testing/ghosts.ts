// Presence in a simulated world: nobody is seen who is gone, and where all is well everybody is seen who is there.

import type { Violation } from './claims.ts'
import type { Mirrors } from './mirrors.ts'
import type { SimulatedPeer } from './simulated-peer.ts'

/** What is promised: who crashed is gone after so long. */
const GONE_MS = 10_000

export interface Watching {
  readonly peers: readonly SimulatedPeer[]
  readonly mirrors: Mirrors
  readonly now: number
  /** How much later than by the rules somebody may still be seen, since what was said is on its way. */
  readonly slackMs: number
}

/** Somebody whom a peer sees in a document, though that one, or an earlier life of it, is gone for long. */
export function ghost(peer: SimulatedPeer, { peers, mirrors, now, slackMs }: Watching): Violation | undefined {
  const goneAt = now - GONE_MS - slackMs
  if (!peer.isOn || peer.awakeSince > now - slackMs) return undefined
  for (const [name, handle] of mirrors.of(peer)) {
    const seen = handle.presence.current
    for (const other of seen.length === 0 ? [] : peers) {
      const windows = seen.filter(({ id }) => id === other.id).length
      const most = other.state === 'up' || other.since > goneAt ? 1 : 0
      if (windows > most && other.since <= goneAt)
        return {
          rule: 'presence leaves no ghosts',
          message: `${peer.name} sees ${windows} x ${other.name} in "${name}"`,
        }
    }
  }
  return undefined
}

/** Somebody who shows itself, and whom another does not see, or sees otherwise. */
export function unseen(peers: readonly SimulatedPeer[], mirrors: Mirrors): Violation | undefined {
  for (const peer of peers)
    for (const [name, { presence }] of mirrors.of(peer))
      for (const other of peers) {
        const handle = other === peer ? undefined : mirrors.of(other).get(name)
        const seen = handle?.presence.current
          .filter(({ id }) => id === peer.id)
          .map(({ state }) => JSON.stringify(state))
        const shown = presence.own === undefined ? [] : [JSON.stringify(presence.own)]
        if (seen !== undefined && seen.join() !== shown.join())
          return {
            rule: 'who is here is seen',
            message: `${peer.name} shows ${shown.join() || 'nothing'} in "${name}", ${other.name} sees ${seen.join(' and ') || 'nobody'}`,
          }
      }
  return undefined
}
