// Notices dead links within a few seconds, and busy ones never. Each connection carries one quiet stream on which either side asks "there?" and is
// answered at once. libp2p's own monitor opens a stream for every question (on WebRTC a data channel, for hours), and takes a link that is full
// of data for a dead one: its answer waits behind the data. Here anything heard counts.
//
// Answers are events, not timers: a hidden browser tab, whose timers run once a minute, still answers.

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Clock } from '../base/clock.ts'
import { JoineryError } from '../base/errors.ts'
import { isByHand } from './addresses.ts'

const protocol = '/joinery/pulse/0'
const askEveryMs = 1_000
/** A question unanswered for so long, and nothing else heard since, means a dead link. */
const silenceMs = 2_500
/** One that was made by hand cannot be made anew without hands, and comes back by itself while ICE goes on looking, for half a minute. */
const silenceByHandMs = 45_000
/** After a long turn of our own, timers run before what arrived meanwhile is read: look twice. */
const secondLookMs = 300

const question = 0
const answer = 1

interface Link {
  stream: Stream | undefined
  /** When the oldest question was asked since which nothing was heard. */
  askedSince: number | undefined
  suspect: boolean
}

export interface Pulse {
  /** Something arrived over this connection. */
  heard(connection: Connection): void
  /** The dialling side spoke over this connection: it, too, takes it for made. */
  has(connection: Connection): boolean
  stop(): void
}

/** Watches all connections of the node. Tells `begun` when one's pulse begins. */
export function startPulse(libp2p: Libp2p, clock: Clock, begun: (connection: Connection) => void): Pulse {
  const links = new Map<Connection, Link>()

  const heard = (connection: Connection): void => {
    const link = links.get(connection)
    if (link === undefined) return
    link.askedSince = undefined
    link.suspect = false
  }

  const attach = (connection: Connection, stream: Stream): void => {
    const link = links.get(connection) ?? { stream: undefined, askedSince: undefined, suspect: false }
    link.stream = stream
    links.set(connection, link)
    stream.addEventListener('message', ({ data }) => {
      heard(connection)
      for (const byte of data.subarray()) if (byte === question) say(stream, answer)
    })
    // The other side ends its pulse when it hangs up. On WebRTC nothing else would say so.
    const ended = (): void => {
      if (link.stream !== stream || !links.delete(connection)) return
      if (connection.status === 'open') connection.abort(new JoineryError('network', 'the other side hung up'))
    }
    stream.addEventListener('remoteCloseWrite', ended)
    stream.addEventListener('close', ended)
    begun(connection)
  }

  const opened = async ({ detail: connection }: { readonly detail: Connection }): Promise<void> => {
    if (connection.direction !== 'outbound') return
    try {
      attach(connection, await connection.newStream(protocol, { runOnLimitedConnection: true }))
    } catch {
      // One that does not know the protocol is no peer of ours: hello will find out.
    }
  }

  const look = (): void => {
    const now = clock.monotonic()
    for (const [connection, link] of links) {
      if (link.stream === undefined) continue
      const patienceMs = isByHand(connection.remoteAddr) ? silenceByHandMs : silenceMs
      if (link.askedSince !== undefined && now - link.askedSince > patienceMs) suspect(connection, link)
      link.askedSince ??= now
      say(link.stream, question)
    }
    cancel = clock.after(askEveryMs, look)
  }

  const suspect = (connection: Connection, link: Link): void => {
    if (link.suspect) return
    link.suspect = true
    clock.after(secondLookMs, () => {
      if (!link.suspect) return
      links.delete(connection)
      connection.abort(new JoineryError('network', 'nothing heard for too long'))
    })
  }

  const closed = ({ detail }: { readonly detail: Connection }): void => void links.delete(detail)
  const onOpen = (event: { readonly detail: Connection }): void => void opened(event)

  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', closed)
  const handled = libp2p.handle(protocol, (stream, connection) => attach(connection, stream), {
    runOnLimitedConnection: true,
    maxInboundStreams: 2,
  })
  // The handler stands at once; what is awaited is a note in the peer store.
  handled.catch(() => {})
  let cancel = clock.after(askEveryMs, look)

  return {
    heard,
    has: (connection) => links.get(connection)?.stream !== undefined,
    stop() {
      cancel()
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', closed)
    },
  }
}

/** A stream that cannot take a byte now is full of bytes to say it with. */
function say(stream: Stream, byte: number): void {
  if (stream.writableNeedsDrain || stream.writeStatus !== 'writable') return
  try {
    stream.send(Uint8Array.of(byte))
  } catch {
    // Closing: its end is reported by the connection.
  }
}
