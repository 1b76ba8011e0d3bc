// Meetings by hand: two peers connect over WebRTC by a code each, carried by people, with no relay and no server between them. Each opens a data
// channel of its own that the other's must fit (negotiated, id 0), so the two sides are alike; what has to differ follows from whose id is smaller.
// libp2p's handshake (noise) over the channel proves that each is who its code says. A code lets nobody in: what to share is decided by hello.

import type { ComponentLogger, Connection, Upgrader } from '@libp2p/interface'
import { type Clock, deadline } from '../base/clock.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { byHand } from './addresses.ts'
import { type Channel, ChannelConnection } from './channel-connection.ts'
import { decodeMeetingCode, encodeMeetingCode, type MeetingPoint } from './meeting-code.ts'
import type { Meeting, NodeId } from './network.ts'

/** What a platform brings to a meeting: its end of a WebRTC connection to be, which waits until the other side is known. */
export interface MeetingEnd {
  /** Where we wait, for our code. */
  open(): Promise<Omit<MeetingPoint, 'node'>>
  /** Begins to call the other side, and goes on until it answers. The channel is handed over before it can open. */
  call(point: MeetingPoint, options: CallOptions): Promise<Channel>
  close(): void
}

export interface CallOptions {
  /** Whether we begin the DTLS handshake. */
  readonly begins: boolean
  /** To be told when there was a way to the other side, and it broke. */
  readonly broken: () => void
}

export interface MeetingsOptions {
  readonly node: NodeId
  readonly clock: Clock
  readonly makeEnd: () => MeetingEnd
  readonly upgrader: Upgrader
  readonly logger: ComponentLogger
  /** How the connection opened that was made from the other side's dialling. */
  readonly connections: () => readonly Connection[]
}

/** The meetings of one network. */
export class Meetings {
  readonly #options: MeetingsOptions
  readonly #open = new Set<HandMeeting>()

  constructor(options: MeetingsOptions) {
    this.#options = options
  }

  async begin(): Promise<Meeting> {
    // Invariant 9: each holds a socket.
    if (this.#open.size >= limits.meetings)
      throw new JoineryError('limit', `${limits.meetings} codes wait to be answered already. Close one first.`)
    const meeting = new HandMeeting(this.#options, () => this.#open.delete(meeting))
    this.#open.add(meeting)
    await meeting.open()
    return meeting
  }

  close(): void {
    for (const meeting of [...this.#open]) meeting.close()
  }
}

class HandMeeting implements Meeting {
  readonly #options: MeetingsOptions
  readonly #end: MeetingEnd
  readonly #over = new AbortController()
  readonly #cancel: () => void
  readonly #ended: () => void
  #state: 'waiting' | 'taking' | 'connected' | 'over' = 'waiting'
  #code = ''

  constructor(options: MeetingsOptions, ended: () => void) {
    this.#options = options
    this.#ended = ended
    this.#end = options.makeEnd()
    const old = new JoineryError(
      'timeout',
      `Nobody answered within ${limits.meetingMs / 60_000} minutes. Make new codes.`,
    )
    this.#cancel = options.clock.after(limits.meetingMs, () => this.#finish(old))
  }

  get code(): string {
    return this.#code
  }

  /** Finds our own addresses, and makes the code of them. */
  async open(): Promise<void> {
    try {
      const point = await this.#end.open()
      if (point.candidates.length === 0)
        throw new JoineryError(
          'network',
          'This device has no address at which another could reach it. Is it in any network?',
        )
      this.#code = encodeMeetingCode({ ...point, node: this.#options.node })
    } catch (cause) {
      this.close()
      if (isJoineryError(cause)) throw cause
      throw new JoineryError('network', `no code could be made: ${messageOf(cause)}`, { cause })
    }
  }

  async take(code: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<NodeId> {
    this.#mustWait()
    const point = decodeMeetingCode(code)
    if (point.node === this.#options.node)
      throw new JoineryError('bad-code', 'This is a code of this very peer. Take the one that the other peer shows.')
    if (signal?.aborted) throw new JoineryError('aborted', 'the caller gave up', { cause: signal.reason })
    this.#state = 'taking'
    const given = (): void => this.#finish(new JoineryError('aborted', 'the caller gave up', { cause: signal?.reason }))
    signal?.addEventListener('abort', given, { once: true })
    try {
      await this.#connect(point)
      this.#settled('connected')
      return point.node
    } catch (cause) {
      const reason = this.#over.signal.aborted ? this.#over.signal.reason : cause
      const error = isJoineryError(reason) ? reason : notReached(messageOf(reason), reason)
      this.#finish(error)
      throw error
    } finally {
      signal?.removeEventListener('abort', given)
    }
  }

  close(): void {
    this.#finish(new JoineryError('closed', 'the meeting was called off'))
  }

  async #connect(point: MeetingPoint): Promise<void> {
    const { node, upgrader, logger, clock, connections } = this.#options
    const leads = node < point.node
    let connection: ChannelConnection | undefined
    const broken = (): void => {
      connection?.gone()
      this.#finish(notReached('the way to it broke'))
    }
    const channel = await this.#end.call(point, { begins: leads, broken })
    connection = new ChannelConnection({
      channel,
      remoteAddr: byHand(point.node),
      direction: leads ? 'outbound' : 'inbound',
      log: logger.forComponent('joinery:meeting'),
      end: () => this.#end.close(),
    })
    await this.#opened(channel)
    const { signal, cancel } = deadline(clock, limits.helloMs, this.#over.signal)
    try {
      if (leads) await upgrader.upgradeOutbound(connection, { signal })
      else await upgrader.upgradeInbound(connection, { signal })
    } finally {
      cancel()
    }
    const made = connections().some(
      ({ remotePeer, status }) => remotePeer.toString() === point.node && status === 'open',
    )
    if (!made) throw notReached('the connection broke at once')
  }

  #opened(channel: Channel): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#over
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      if (signal.aborted) reject(signal.reason)
      channel.addEventListener('open', () => resolve())
      // The other side may refuse us before we hear of anything else: where it does not trust our certificate, it closes all of it.
      channel.addEventListener('close', () => reject(notReached('the way to it broke')))
    })
  }

  #mustWait(): void {
    if (this.#state === 'taking') throw new JoineryError('bad-option', 'this meeting took a code already')
    if (this.#state === 'connected') throw new JoineryError('closed', 'this meeting is over: it led to a connection')
    if (this.#over.signal.aborted) throw this.#over.signal.reason
  }

  #finish(reason: JoineryError): void {
    if (this.#state === 'connected' || this.#state === 'over') return
    this.#over.abort(reason)
    this.#settled('over')
    this.#end.close()
  }

  #settled(state: 'connected' | 'over'): void {
    this.#state = state
    this.#cancel()
    this.#ended()
  }
}

function notReached(why: string, cause?: unknown): JoineryError {
  return new JoineryError(
    'network',
    `The other peer could not be reached: ${why}. Both must be in one network, and each take the code that the other shows now.`,
    { cause },
  )
}
