// Notices dead links within a few seconds, and busy ones never. Each connection carries one quiet stream on which either side asks "there?" and is
// answered at once. libp2p's own monitor opens a stream for every question (on WebRTC a data channel, for hours), and takes a link that is full
// of data for a dead one: its answer waits behind the data. Here anything heard counts.
//
// Answers are events, not timers: a hidden browser tab, whose timers run once a minute, still answers.
//
// A bit that turned over in the length of an encrypted frame looks like a dead link, since whoever reads it waits for up to 64 KiB that nobody sends.
// So who asks in vain asks for so many bytes, over the way that still works: they make that frame full, it does not open, and the connection ends
// there and then. A link that is only slow has something to carry, and is none the worse.

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Clock } from '../base/clock.ts'
import { JoineryError } from '../base/errors.ts'
import { isByHand, transportOf } from './addresses.ts'

const protocol = '/joinery/pulse/0'
const askEveryMs = 1_000
/** A question unanswered for so long, and nothing else heard since, means a dead link. */
const silenceMs = 2_500
/** One that was made by hand cannot be made anew without hands, and comes back by itself while ICE goes on looking, for half a minute. */
const silenceByHandMs = 45_000
/** After a long turn of our own, timers run before what arrived meanwhile is read: look twice. */
const secondLookMs = 300
/** A question unanswered for so long, and for so many times as long as others were: filling is asked for. */
const fillAfterMs = 500
const fillAfterTimes = 4
/** What was slow once counts less with each question. */
const usualFades = 0.9
/** Filling is given once in so long, whoever asks. */
const fillEveryMs = 4_000

const question = 0
const answer = 1
const fill = 2
/** What is said to fill a frame, the longest of which is 65,535 bytes, length and tag apart. */
const filling = new Uint8Array(65_536).fill(3)

interface Link {
  stream: Stream | undefined
  /** When the oldest question was asked since which nothing was heard. */
  askedSince: number | undefined
  /** How long it takes until something is heard after a question: the longest, of those lately. */
  usualMs: number
  askedToFill: boolean
  filledAt: number
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
    // Who slept heard late, which says nothing about the link.
    if (link.askedSince !== undefined)
      link.usualMs = Math.max(Math.min(clock.monotonic() - link.askedSince, silenceMs), link.usualMs * usualFades)
    link.askedSince = undefined
    link.askedToFill = false
    link.suspect = false
  }

  const attach = (connection: Connection, stream: Stream): void => {
    const link = links.get(connection) ?? newLink()
    link.stream = stream
    links.set(connection, link)
    stream.addEventListener('message', ({ data }) => {
      heard(connection)
      for (const byte of data.subarray()) {
        if (byte === question) say(stream, Uint8Array.of(answer))
        else if (byte === fill) giveFilling(link)
      }
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
      say(link.stream, Uint8Array.of(question))
    }
    cancel = clock.after(fillAfterMs, lookAgain)
  }

  const lookAgain = (): void => {
    const now = clock.monotonic()
    for (const [connection, link] of links) {
      if (link.stream === undefined || link.askedSince === undefined || link.askedToFill) continue
      if (now - link.askedSince < Math.max(fillAfterMs, link.usualMs * fillAfterTimes)) continue
      if (!mayStall(connection)) continue
      link.askedToFill = true
      say(link.stream, Uint8Array.of(fill))
    }
    cancel = clock.after(askEveryMs - fillAfterMs, look)
  }

  const giveFilling = (link: Link): void => {
    const now = clock.monotonic()
    if (link.stream === undefined || now - link.filledAt < fillEveryMs) return
    link.filledAt = now
    say(link.stream, filling)
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

function newLink(): Link {
  return {
    stream: undefined,
    askedSince: undefined,
    usualMs: 0,
    askedToFill: false,
    filledAt: Number.NEGATIVE_INFINITY,
    suspect: false,
  }
}

/** What goes by TCP goes in encrypted frames; WebRTC checks what it carries, and by way of a relay there is no room to spare. */
function mayStall({ remoteAddr, limits }: Connection): boolean {
  return limits === undefined && ['tcp', 'websocket'].includes(transportOf(remoteAddr))
}

/** A stream that cannot take anything now is full of bytes to say it with. */
function say(stream: Stream, bytes: Uint8Array): void {
  if (stream.writableNeedsDrain || stream.writeStatus !== 'writable') return
  try {
    stream.send(bytes)
  } catch {
    // Closing: its end is reported by the connection.
  }
}
