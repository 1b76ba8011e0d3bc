// Notices dead links within a few seconds, and busy ones never. Each connection carries one quiet stream on which either side asks "there?" and is
// answered at once. libp2p's own monitor opens a stream for every question (on WebRTC a data channel, for hours), and takes a link that is full
// of data for a dead one: its answer waits behind the data. Here anything heard counts.
//
// Answers are events, not timers: a hidden browser tab, whose timers run once a minute, still answers.
//
// A bit that turned over in the length of an encrypted frame looks like a dead link, since whoever reads it waits for up to 64 KiB that nobody sends.
// So who asks in vain asks for so many bytes, over the way that still works: they make that frame full, it does not open, and the connection ends
// there and then. They come in pieces, each twice as large as the one before; who hears the first says that it is enough, so that a link that is only
// slow, or a peer that was only busy, carries little more than that.

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
const fillAfterMs = 300
const fillAfterTimes = 4
/** Until then a connection waited for so many answers at least. */
const handshakeTrips = 3
/** What was slow once counts less with each question. */
const usualFades = 0.9
/** Filling is given once in so long, whoever asks: pieces of so many bytes, and all that follow, to more than the longest frame, a moment apart. */
const fillEveryMs = 4_000
const fillFirstBytes = 1_056
const fillLastBytes = 32 * fillFirstBytes
const fillGapMs = 20

const question = 0
const answer = 1
const fill = 2
const filling = 3
const enough = 4

interface Link {
  stream: Stream | undefined
  /** When the oldest question was asked since which nothing was heard. */
  askedSince: number | undefined
  /** When the last question was asked. */
  askedAt: number
  /** How long an answer takes: the longest, of those lately; before the first, as the handshake lets one think. */
  usualMs: number
  askedToFill: boolean
  filledAt: number
  endFilling: () => void
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
  let stopped = false
  let cancel = nothing

  const heard = (connection: Connection): void => {
    const link = links.get(connection)
    if (link === undefined) return
    link.askedSince = undefined
    if (link.askedToFill && link.stream !== undefined) say(link.stream, Uint8Array.of(enough))
    link.askedToFill = false
    link.suspect = false
  }

  const noteAnswer = (link: Link): void => {
    // Who slept heard late, which says nothing about the link.
    const tookMs = Math.min(clock.monotonic() - link.askedAt, silenceMs)
    link.usualMs = Math.max(tookMs, link.usualMs * usualFades)
  }

  const attach = (connection: Connection, stream: Stream): void => {
    const link = links.get(connection) ?? newLink(clock.now() - connection.timeline.open)
    link.stream = stream
    links.set(connection, link)
    stream.addEventListener('message', ({ data }) => {
      heard(connection)
      for (const byte of data.subarray()) {
        if (byte === question) say(stream, Uint8Array.of(answer))
        else if (byte === answer) noteAnswer(link)
        else if (byte === fill) beginFilling(connection, link)
        else if (byte === enough) link.endFilling()
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

  const next = (delayMs: number, action: () => void): void => {
    if (!stopped) cancel = clock.after(delayMs, action)
  }

  const look = (): void => {
    const now = clock.monotonic()
    for (const [connection, link] of links) {
      if (link.stream === undefined) continue
      const patienceMs = isByHand(connection.remoteAddr) ? silenceByHandMs : silenceMs
      if (link.askedSince !== undefined && now - link.askedSince > patienceMs) suspect(connection, link)
      link.askedSince ??= now
      link.askedAt = now
      say(link.stream, Uint8Array.of(question))
    }
    next(fillAfterMs, () => lookAgain(askEveryMs - fillAfterMs))
  }

  const lookAgain = (leftMs: number): void => {
    const now = clock.monotonic()
    let isAwaited = false
    for (const [connection, link] of links) {
      const { stream, askedSince, usualMs } = link
      if (stream === undefined || askedSince === undefined || link.askedToFill) continue
      if (!mayStall(connection)) continue
      if (now - askedSince < Math.max(fillAfterMs, usualMs * fillAfterTimes)) isAwaited = true
      else link.askedToFill = say(stream, Uint8Array.of(fill))
    }
    if (isAwaited && leftMs > fillAfterMs) next(fillAfterMs, () => lookAgain(leftMs - fillAfterMs))
    else next(leftMs, look)
  }

  const beginFilling = (connection: Connection, link: Link): void => {
    const now = clock.monotonic()
    if (!mayStall(connection) || now - link.filledAt < fillEveryMs) return
    link.filledAt = now
    goOnFilling(link, fillFirstBytes)
  }

  const goOnFilling = (link: Link, sizeBytes: number): void => {
    link.endFilling = nothing
    // Where there is no room, there is something else on its way that fills a frame.
    if (link.stream === undefined || !say(link.stream, new Uint8Array(sizeBytes).fill(filling))) return
    if (sizeBytes >= fillLastBytes) return
    const gapMs = Math.max(fillGapMs, 1.5 * link.usualMs)
    link.endFilling = clock.after(gapMs, () => goOnFilling(link, 2 * sizeBytes))
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

  const closed = ({ detail }: { readonly detail: Connection }): void => {
    links.get(detail)?.endFilling()
    links.delete(detail)
  }
  const onOpen = (event: { readonly detail: Connection }): void => void opened(event)

  libp2p.addEventListener('connection:open', onOpen)
  libp2p.addEventListener('connection:close', closed)
  const handled = libp2p.handle(protocol, (stream, connection) => attach(connection, stream), {
    runOnLimitedConnection: true,
    maxInboundStreams: 2,
  })
  // The handler stands at once; what is awaited is a note in the peer store.
  handled.catch(() => {})
  next(askEveryMs, look)

  return {
    heard,
    has: (connection) => links.get(connection)?.stream !== undefined,
    stop() {
      stopped = true
      cancel()
      for (const link of links.values()) link.endFilling()
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', closed)
    },
  }
}

/** Of a connection whose pulse begins after so long. */
function newLink(afterMs: number): Link {
  return {
    stream: undefined,
    askedSince: undefined,
    askedAt: 0,
    usualMs: Math.min(Math.max(afterMs, 0) / handshakeTrips, silenceMs),
    askedToFill: false,
    filledAt: Number.NEGATIVE_INFINITY,
    endFilling: nothing,
    suspect: false,
  }
}

function nothing(): void {}

/** What goes by TCP goes in encrypted frames; WebRTC checks what it carries, and by way of a relay there is no room to spare. */
function mayStall({ remoteAddr, limits }: Connection): boolean {
  return limits === undefined && ['tcp', 'websocket'].includes(transportOf(remoteAddr))
}

/** Whether it was said: a stream that cannot take anything now is full of bytes to say it with. */
function say(stream: Stream, bytes: Uint8Array): boolean {
  if (stream.writableNeedsDrain || stream.writeStatus !== 'writable') return false
  try {
    stream.send(bytes)
    return true
  } catch {
    // Closing: its end is reported by the connection.
    return false
  }
}
