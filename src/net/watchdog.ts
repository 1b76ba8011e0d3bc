// A connected peer can be missing from gossip: its gossip stream died with another connection, an oversized frame made it deaf, or identify never
// finished. gossipsub does not mend that by itself. The watchdog looks at every connected peer once a second: first it introduces the connection
// again, which makes gossipsub open its stream; what stays missing is hung up and dialled anew.

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Clock } from '../base/clock.ts'
import { gossipProtocols } from './gossip.ts'
import type { NodeId } from './network.ts'

const lookEveryMs = 1_000
/** Identify and the first streams need a moment, more so on a busy machine. */
const introduceAfterMs = 1_500
const redialAfterMs = 6_000

export interface WatchdogOptions {
  readonly clock: Clock
  readonly libp2p: Libp2p
  /** True if gossipsub counts the node among its own. */
  readonly knows: (node: NodeId) => boolean
  readonly introduce: (connection: Connection) => void
  readonly redial: (node: NodeId) => void
}

/** Starts watching. Returns what stops it. */
export function startWatchdog(options: WatchdogOptions): () => void {
  const missingSince = new Map<NodeId, { readonly since: number; introduced: boolean }>()

  const look = (): void => {
    const connections = directConnections(options.libp2p)
    for (const node of [...missingSince.keys()]) if (!connections.has(node)) missingSince.delete(node)
    for (const [node, ofNode] of connections) lookAt(node, ofNode)
    cancel = options.clock.after(lookEveryMs, look)
  }

  const lookAt = (node: NodeId, connections: readonly Connection[]): void => {
    const [first] = connections
    if (first === undefined || (options.knows(node) && gossips(connections))) {
      missingSince.delete(node)
      return
    }
    const now = options.clock.monotonic()
    const missing = missingSince.get(node) ?? { since: now, introduced: false }
    missingSince.set(node, missing)
    const missingMs = now - missing.since
    if (missingMs >= redialAfterMs) {
      missingSince.delete(node)
      options.redial(node)
    } else if (missingMs >= introduceAfterMs && !missing.introduced) {
      missing.introduced = true
      options.introduce(first)
    }
  }

  let cancel = options.clock.after(lookEveryMs, look)
  return () => cancel()
}

/** Gossip does not run on relayed connections. */
function directConnections(libp2p: Libp2p): Map<NodeId, Connection[]> {
  const direct = libp2p
    .getConnections()
    .filter((connection) => connection.limits === undefined && connection.status === 'open')
  return Map.groupBy(direct, (connection) => connection.remotePeer.toString())
}

/** True if gossip flows both ways, be it on two connections. */
function gossips(connections: readonly Connection[]): boolean {
  const streams = connections.flatMap((connection) => connection.streams).filter(isOpenGossip)
  return (
    streams.some((stream) => stream.direction === 'inbound') &&
    streams.some((stream) => stream.direction === 'outbound')
  )
}

function isOpenGossip(stream: Stream): boolean {
  return stream.protocol.startsWith(gossipProtocols) && stream.writeStatus === 'writable'
}
