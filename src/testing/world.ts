// A small world: peers with real engines, real sync and real signatures, over a simulated clock, network and disks. Seeded: a failing run prints its
// seed and its trace, one line per event, and the seed runs the same schedule again.
//
//   +12ms  a  sync      peer:… met
//
// Signing and checking run on the platform's own threads, so the world waits for them in real time between two events; their results do not depend on it.

import { type Random, seededRandom } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import { type MemoryHub, type MemoryHubOptions, memoryHub, memoryNetwork } from '../net/memory.ts'
import type { Peer } from '../peer/api.ts'
import { openPeerOn } from '../peer/peer.ts'
import { type MemoryDisk, memoryDisk, memoryStore } from '../store/memory.ts'
import { ManualClock } from './manual-clock.ts'
import { turns } from './turns.ts'

export interface WorldOptions {
  readonly seed?: number
  /** How the network misbehaves. */
  readonly network?: Omit<MemoryHubOptions, 'clock' | 'random'>
}

const TRACE_LINES = 10_000

/**
 * Peers by name, over a network, disks and a clock in memory. Nothing happens in it but while it is awaited.
 *
 * @example
 * const world = new World({ seed: 7 })
 * const ada = await (await world.open('ada')).space('Team')
 * const bo = await (await world.open('bo')).join(await ada.invite())
 * await world.during(ada.open('plan', { init: { steps: [] } }))
 * await world.settle()
 * console.log(bo.documents, world.trace)
 * await world.close()
 */
export class World {
  readonly seed: number
  readonly random: Random
  readonly clock = new ManualClock()
  readonly hub: MemoryHub
  readonly #disks = new Map<string, MemoryDisk>()
  /** The peers that live now, by name. */
  readonly peers = new Map<string, Peer>()
  readonly #lines: string[] = []
  readonly #startMs: number

  constructor(options: WorldOptions = {}) {
    this.seed = options.seed ?? 1
    this.random = seededRandom(this.seed)
    this.#startMs = this.clock.now()
    this.hub = memoryHub({ delayMs: 1, ...options.network, clock: this.clock, random: this.random })
  }

  /** Opens a peer of that name, with what its disk holds from before. Its node on the network bears the name too. */
  async open(name: string): Promise<Peer> {
    const disk = this.#disks.get(name) ?? memoryDisk({ random: this.random })
    this.#disks.set(name, disk)
    const opening = openPeerOn(
      {
        path: name,
        store: memoryStore(disk),
        network: memoryNetwork(this.hub, { id: name }),
        awaitNetwork: true,
        onThrow: (error) => this.#note(name, 'threw', error),
      },
      { clock: this.clock, random: this.random, name, trace: this.#traceOf(name) },
    )
    const peer = await this.#while(opening)
    this.peers.set(name, peer)
    return peer
  }

  /** The disk of a peer: to be filled, or to lose power. */
  disk(name: string): MemoryDisk {
    const disk = this.#disks.get(name)
    if (disk === undefined) throw new Error(`no peer ${name} was opened in this world`)
    return disk
  }

  /** Ends a peer without a word: what it did not acknowledge is lost. */
  async crash(name: string, how: 'process' | 'power' = 'process'): Promise<void> {
    this.hub.partition([[...this.peers.keys()].filter((other) => other !== name)])
    this.disk(name).crash(name, how)
    await this.#while(this.peers.get(name)?.close() ?? Promise.resolve())
    this.peers.delete(name)
    this.hub.heal()
  }

  /** Lets `ms` of the world's time pass. */
  run(ms: number): Promise<void> {
    return this.clock.advance(ms, turns)
  }

  /** Lets time pass until `done` holds; throws with the seed and the trace when it does not within `limitMs`. */
  async until(done: () => boolean, limitMs = 60_000): Promise<void> {
    const end = this.clock.now() + limitMs
    await turns()
    while (!done()) {
      if (this.clock.now() >= end) throw new Error(`not so after ${limitMs} ms (SEED=${this.seed})\n${this.trace}`)
      await this.run(Math.max(1, this.clock.nextMs ?? 1))
    }
  }

  /** Lets time pass until every peer agrees with every peer in contact (and none that is not paused is alone), and has nothing left to do. */
  settle(limitMs = 60_000): Promise<void> {
    const peers = [...this.peers.values()]
    return this.until(() => peers.every((peer) => isSettled(peer, peers.length === 1)), limitMs)
  }

  /** Lets time pass while a promise is under way. */
  async during<T>(promise: Promise<T>): Promise<T> {
    return this.#while(promise)
  }

  /** What happened so far, one line per event. */
  get trace(): string {
    return this.#lines.join('\n')
  }

  async close(): Promise<void> {
    for (const peer of this.peers.values()) await this.#while(peer.close())
    this.peers.clear()
  }

  async #while<T>(promise: Promise<T>): Promise<T> {
    let over = false
    const ended = promise.then(
      () => {
        over = true
      },
      () => {
        over = true
      },
    )
    await turns()
    while (!over) await this.run(1)
    await ended
    return promise
  }

  #traceOf(name: string): Trace {
    return (event, ...details) => this.#note(name, event, ...details)
  }

  #note(name: string, event: string, ...details: readonly unknown[]): void {
    const atMs = this.clock.now() - this.#startMs
    this.#lines.push(`${`+${atMs}ms`.padStart(9)}  ${name.padEnd(3)}  ${event.padEnd(8)}  ${details.join(' ')}`)
    if (this.#lines.length > TRACE_LINES) this.#lines.shift()
  }
}

function isSettled(peer: Peer, single: boolean): boolean {
  return peer.spaces.every(({ status: { current } }) =>
    single || peer.paused ? current.saved : current.saved && current.upToDate,
  )
}
