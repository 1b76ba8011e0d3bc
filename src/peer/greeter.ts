// Greeting: every connected node is offered a session for every space, and every stream that comes in is tried against every space. Whoever fits none
// hears nothing, and is disconnected.

import { type Clock, deadline, sleep } from '../base/clock.ts'
import { JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../base/trace.ts'
import type { FrameStream, Network, NodeId } from '../net/network.ts'
import { nodeOf } from './first-contact.ts'
import { initiate, OLD_PROTOCOLS, respond, type SessionContext, SYNC_PROTOCOL } from './session.ts'
import type { SpaceImpl } from './space.ts'

export interface GreeterOptions {
  readonly network: Network
  readonly clock: Clock
  readonly trace: Trace
  readonly session: SessionContext
  readonly spaces: () => readonly SpaceImpl[]
  readonly paused: () => boolean
  readonly failed: (cause: unknown) => void
}

// How long the greater node id waits for the smaller one to open the session.
const ANSWER_PATIENCE_MS = 700
// Invariant 9: so many nodes at once may say hello, each for so many spaces.
const ANSWERING_MAX = 64
const ANSWERING_PER_NODE = 16

export class Greeter {
  readonly #options: GreeterOptions
  readonly #greeting = new Set<string>()
  readonly #abort = new AbortController()
  readonly #offs: (() => void)[]
  /** Until when each connected node has to have said hello: what ends the waiting. */
  readonly #patience = new Map<NodeId, () => void>()
  #hasRefused = false
  /** Who completed a hello since it was connected: one whose link is down for a while is no stranger. */
  readonly #known = new Set<NodeId>()
  /** Hellos under way, by node. */
  readonly #answering = new Map<NodeId, number>()

  constructor(options: GreeterOptions) {
    this.#options = options
    const { network } = options
    network.admitRelayed((node) => this.#isMember(node))
    this.#offs = [
      network.handle(SYNC_PROTOCOL, (stream) => this.#answer(stream)),
      ...OLD_PROTOCOLS.map((protocol) => network.handle(protocol, (stream) => this.#refuse(stream, protocol))),
      network.on('connect', ({ node }) => this.met(node)),
      network.on('disconnect', ({ node }) => {
        this.#gone(node)
        this.#known.delete(node)
      }),
      network.on('found', ({ addresses }) => this.#found(addresses)),
    ]
  }

  /** A connection to a node stands. */
  met(node: NodeId): void {
    const { clock, network, spaces } = this.#options
    for (const space of spaces()) this.greet(space, node)
    // Whoever does not complete hello is no member of ours, and has no business here.
    this.#gone(node)
    const cancel = clock.after(limits.helloMs, () => {
      this.#patience.delete(node)
      if (!network.connections.has(node) || this.#isMember(node) || this.#known.has(node)) return
      this.#options.trace('net', node, 'hung up', `no hello in ${limits.helloMs} ms`)
      void network.hangUp(node)
    })
    this.#patience.set(node, cancel)
  }

  /** Who comes back has all the time again: it is not hung up on for a hello that it owed before it was cut off. */
  #gone(node: NodeId): void {
    this.#patience.get(node)?.()
    this.#patience.delete(node)
  }

  /** Offers a session, unless one stands or is on its way. */
  greet(space: SpaceImpl, node: NodeId): void {
    const key = `${space.keys.idHex} ${node}`
    if (this.#greeting.has(key) || space.inContact(node)) return
    this.#greeting.add(key)
    this.#greet(space, node)
      .catch((cause: unknown) => this.#options.trace('sync', node, 'no session', messageOf(cause)))
      .finally(() => this.#greeting.delete(key))
  }

  close(): void {
    this.#abort.abort(new JoineryError('closed', 'the network is being left'))
    for (const off of this.#offs) off()
    for (const cancel of this.#patience.values()) cancel()
  }

  /** The smaller node id opens the stream; the other waits a little for it, and then tries itself. */
  async #greet(space: SpaceImpl, node: NodeId): Promise<void> {
    const { network, clock, paused } = this.#options
    if (network.id > node) await sleep(clock, ANSWER_PATIENCE_MS, this.#abort.signal)
    if (space.inContact(node) || !network.connections.has(node) || paused()) return
    const { signal, cancel } = deadline(clock, limits.helloMs, this.#abort.signal)
    const stream = await network.open(node, SYNC_PROTOCOL, { signal }).finally(cancel)
    await this.#withDeadline(stream, async () => {
      const session = await initiate(stream, space.keys, this.#options.session, await space.introduction())
      if (session === undefined) {
        stream.abort(new JoineryError('closed', 'no member of this space'))
        return space.strange(node)
      }
      this.#known.add(node)
      space.serve(session).catch(this.#options.failed)
    })
  }

  /** A stream that somebody opened: a member's of one of our spaces, or a stranger's, who hears nothing. */
  async #answer(stream: FrameStream): Promise<void> {
    const { session, spaces, paused, trace } = this.#options
    const ofNode = this.#answering.get(stream.remote) ?? 0
    if (paused() || ofNode >= ANSWERING_PER_NODE || this.#answering.size >= ANSWERING_MAX)
      return stream.abort(new JoineryError('closed', 'not listening'))
    this.#answering.set(stream.remote, ofNode + 1)
    try {
      await this.#withDeadline(stream, async () => {
        const connected = spaces().filter((space) => space.connected)
        const taken = await respond(stream, connected, session, (space) => space.introduction())
        if (taken === undefined) return stream.abort(new JoineryError('closed', 'unknown'))
        this.#known.add(stream.remote)
        taken.space.serve(taken.session).catch(this.#options.failed)
      })
    } catch (cause) {
      trace('sync', stream.remote, 'no session', messageOf(cause))
    } finally {
      const left = (this.#answering.get(stream.remote) ?? 1) - 1
      if (left > 0) this.#answering.set(stream.remote, left)
      else this.#answering.delete(stream.remote)
    }
  }

  /** Somebody runs a draft that we do not speak any more. Said once: it tries again and again. */
  #refuse(stream: FrameStream, protocol: string): void {
    const message = `A device in contact runs an earlier draft of joinery (${protocol}): update it, since the two cannot sync.`
    const error = new JoineryError('unsupported', message)
    stream.abort(error)
    if (!this.#hasRefused) this.#options.failed(error)
    this.#hasRefused = true
  }

  /** Every state has a deadline: a stream whose hello does not come to an end is cut. */
  async #withDeadline(stream: FrameStream, work: () => Promise<void>): Promise<void> {
    const late = new JoineryError('timeout', `hello took longer than ${limits.helloMs} ms`)
    const cancel = this.#options.clock.after(limits.helloMs, () => stream.abort(late))
    try {
      await work()
    } catch (cause) {
      stream.abort(new JoineryError('network', messageOf(cause), { cause }))
      throw cause
    } finally {
      cancel()
    }
  }

  #isMember(node: NodeId): boolean {
    return this.#options.spaces().some((space) => space.inContact(node))
  }

  /** Somebody nearby: an address to try, for every space. */
  #found(addresses: readonly string[]): void {
    for (const space of this.#options.spaces()) {
      if (!addresses.some((address) => space.inContact(nodeOf(address) ?? ''))) space.found(addresses)
    }
  }
}
