// A real network whose owner means ill: what it says on the streams of sessions can be cut short or drawn out, and what it hears there left unread.

import type { Stream } from '@libp2p/interface'
import { systemClock } from '../../src/base/clock.ts'
import { startLibp2p } from '../../src/net/libp2p.ts'
import type { NetworkFactory } from '../../src/net/network.ts'
import { nodePlatform } from '../../src/net/transports.node.ts'
import { SYNC_PROTOCOL } from '../../src/peer/session.ts'
import { type Components, onStreams } from './stream-middleware.ts'

/** From the call on, what is said and heard in sessions is not as it should be. */
export interface Spoiler {
  /** Of what is said next a half goes out, and then nothing. */
  cutShort(): void
  /** What is said goes out at a byte a second. */
  drip(): void
  /** Nothing is read any more, and no credit given. */
  deafen(): void
}

type Mode = 'honest' | 'cut short' | 'mute' | 'drip'

export function spoiling(): { readonly network: NetworkFactory; readonly spoiler: Spoiler } {
  let mode: Mode = 'honest'
  let isDeaf = false
  const spoil = (stream: Stream): void => {
    const raw = stream as Stream & { onData(data: unknown): void }
    const [send, onData] = [raw.send.bind(raw), raw.onData.bind(raw)]
    const queue: number[] = []
    const sayOne = (): void => {
      const byte = queue.shift()
      if (byte !== undefined && raw.status === 'open') send(Uint8Array.of(byte))
      if (raw.status === 'open') setTimeout(sayOne, 1_000)
    }
    raw.send = (data) => {
      const bytes = data.subarray()
      if (mode === 'honest') return send(bytes)
      if (mode === 'cut short') {
        mode = 'mute'
        return send(bytes.subarray(0, bytes.length >> 1))
      }
      if (mode === 'drip') {
        if (queue.length === 0) setTimeout(sayOne, 0)
        queue.push(...bytes)
      }
      return true
    }
    raw.onData = (data) => {
      if (!isDeaf) onData(data)
    }
  }
  const network: NetworkFactory = (context) =>
    startLibp2p(context, systemClock, async (gate) => {
      const platform = await nodePlatform(context.shelf, systemClock, gate, { host: '127.0.0.1', mdns: false })
      const spoils = (components: Components): object => onStreams(components, [SYNC_PROTOCOL], spoil)
      return { ...platform, services: { ...platform.services, spoils } }
    })
  const spoiler: Spoiler = {
    cutShort: () => void (mode = 'cut short'),
    drip: () => void (mode = 'drip'),
    deafen: () => void (isDeaf = true),
  }
  return { network, spoiler }
}
