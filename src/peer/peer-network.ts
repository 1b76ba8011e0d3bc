// The network of a peer while it leads its store: started and stopped with the lead, paused and resumed by the application, and every space connected to it.

import { JoineryError } from '../base/errors.ts'
import type { Network, NetworkFactory, NodeId } from '../net/network.ts'
import type { Meeting, Peer } from './api.ts'
import type { PeerContext } from './context.ts'
import { Greeter } from './greeter.ts'
import { PeerMeeting, type PeerMeetingOptions } from './meeting.ts'
import type { SpaceImpl } from './space.ts'

export interface PeerNetworkOptions {
  readonly context: PeerContext
  /** Undefined for a peer without a network. */
  readonly factory: NetworkFactory | undefined
  readonly spaces: () => readonly SpaceImpl[]
  /** Tells of each change of any status. */
  readonly listen: PeerMeetingOptions['listen']
  readonly failed: (cause: unknown) => void
}

export class PeerNetwork {
  readonly #options: PeerNetworkOptions
  #network: Network | undefined
  #greeter: Greeter | undefined
  #paused = false
  #switching: Promise<void> = Promise.resolve()

  constructor(options: PeerNetworkOptions) {
    this.#options = options
  }

  get network(): Network | undefined {
    return this.#network
  }

  get paused(): boolean {
    return this.#paused
  }

  get traffic(): Peer['traffic'] {
    const counters = this.#network?.counters
    return {
      gossipSent: counters?.gossipSent ?? 0,
      gossipReceived: counters?.gossipReceived ?? 0,
      syncSent: counters?.streamSent ?? 0,
      syncReceived: counters?.streamReceived ?? 0,
    }
  }

  // ── with the lead ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async start(signal: AbortSignal): Promise<void> {
    const { context, factory, spaces, failed } = this.#options
    if (factory === undefined) return
    const { clock, random, sealer, signing, device, trace, store } = context
    const made = await factory({ shelf: store, signal })
    if (signal.aborted) return made.close()
    this.#network = made
    this.#greeter = new Greeter({
      network: made,
      clock,
      trace,
      session: { clock, random, sealer, signing, device, node: made.id },
      spaces,
      paused: () => this.#paused,
      failed,
    })
    made.on('change', () => this.#touchAll())
    if (this.#paused) await made.pause()
    else for (const space of spaces()) await this.#connect(space, made)
    for (const node of made.connections.keys()) this.#greeter.met(node)
  }

  async stop(reason: 'closing' | 'paused'): Promise<void> {
    const network = this.#network
    if (network === undefined) return
    await Promise.all(this.#options.spaces().map((space) => space.disconnect(reason)))
    this.#greeter?.close()
    this.#greeter = undefined
    this.#network = undefined
    await network.close()
  }

  // ── spaces ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Connects a space that came to be, where there is a network now. */
  async connect(space: SpaceImpl): Promise<void> {
    if (this.#network !== undefined && !this.#paused) await this.#connect(space, this.#network)
  }

  async #connect(space: SpaceImpl, network: Network): Promise<void> {
    await space.connect(network)
    for (const node of network.connections.keys()) this.greet(space, node)
  }

  /** Opens a session with a connected node for a space, unless one stands. */
  greet(space: object, node: NodeId): void {
    for (const known of this.#options.spaces()) if (known === space) this.#greeter?.greet(known, node)
  }

  async meet(): Promise<Meeting> {
    const { context, spaces, listen } = this.#options
    if (context.networked && !context.leading)
      throw new JoineryError('store-locked', 'Another tab carries the connection of this peer: meet there.')
    if (this.#network?.meetByHand === undefined)
      throw new JoineryError('unsupported', 'The network of this peer has no meetings by hand.')
    return new PeerMeeting({
      meeting: await this.#network.meetByHand(),
      clock: context.clock,
      sharedWith: (node) => spaces().filter((space) => space.inContact(node)),
      listen,
    })
  }

  /** Others may have given us up meanwhile, and much may have come: nothing waits for its next turn. */
  woke(): void {
    this.#options.context.trace('peer', 'woke')
    if (!this.#paused) for (const space of this.#options.spaces()) space.woke()
  }

  // ── pause ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#switch(async (network) => {
      await Promise.all(this.#options.spaces().map((space) => space.disconnect('paused')))
      await network.pause()
    })
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#switch(async (network) => {
      await network.resume()
      for (const space of this.#options.spaces()) await this.#connect(space, network)
    })
  }

  /** One switching at a time, in the order of the calls. */
  #switch(work: (network: Network) => Promise<void>): void {
    this.#touchAll()
    const paused = this.#paused
    this.#switching = this.#switching
      .then(() => (this.#network !== undefined && this.#paused === paused ? work(this.#network) : undefined))
      .catch((cause: unknown) => this.#options.failed(cause))
      .then(() => this.#touchAll())
  }

  /** Resolves when nothing is being switched. */
  get settled(): Promise<void> {
    return this.#switching
  }

  #touchAll(): void {
    for (const space of this.#options.spaces()) space.touched()
  }
}
