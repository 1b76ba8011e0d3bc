// The world that the page shows: real peers (replica, journal, replicator, sessions) over a simulated clock, network and disks. It knows no screen, and
// nothing happens in it but while its time goes on. What it looks at lies inside of peers, where no entry of the package leads: so it imports the sources.

import type { Counter, Register, SetOf, Text } from 'joinery/doc'
import { counter, register, set, text } from 'joinery/doc'
import { cryptoRunning } from '../../src/auth/platform.ts'
import { assert, present } from '../../src/base/assert.ts'
import { memoryHub } from '../../src/net/memory.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { Dice } from '../../src/testing/dice.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { type PeerWatch, SimulatedPeer } from '../../src/testing/simulated-peer.ts'
import { turn, turns } from '../../src/testing/turns.ts'
import type { Span } from './flights.ts'
import { type Inside, inside } from './inside.ts'
import { type Climate, Links } from './links.ts'
import { readOpened } from './reading.ts'

/** The document that all replicas are copies of. */
export interface Page {
  title: Register<string>
  note: Text
  votes: Counter
  tags: SetOf<string>
}

export const names = ['Ada', 'Bo', 'Cy', 'Di'] as const
export type Name = (typeof names)[number]

export const usual: Climate = { delayMs: 200, loss: 0 }
const DOCUMENT = 'trip'
/** Until a slow disk has written. */
export const SLOW_DISK_MS = 4_000
const QUICK_DISK_MS = 3
const ARRIVED_MAX = 500

/** One replica through all its lives. */
export interface Replica {
  readonly name: Name
  readonly peer: SimulatedPeer
  /** Its document while it runs. */
  handle: DocHandle<Page> | undefined
  /** Counts its lives: what one of them began is not the next one's. */
  life: number
  hasSlowDisk: boolean
  /** Edits that it was handed by others, newest last: those that are not merged yet wait. */
  arrived: Span[]
}

export class World {
  readonly clock = new ManualClock()
  readonly links: Links
  /** What must not happen: a peer threw, or complained. */
  readonly troubles: unknown[] = []
  readonly #replicas: Replica[] = []
  /** By device: it may write under several names, as after a disk that failed. */
  readonly #writers = new Map<string, Name>()
  readonly #dice: Dice
  readonly #hub: ReturnType<typeof memoryHub>
  readonly #startMs = this.clock.now()
  #ticket = ''
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(seed: number) {
    this.#dice = new Dice(seed)
    this.links = new Links(this.#dice.seed(), () => this.now)
    this.#hub = memoryHub({ clock: this.clock, weather: this.links })
  }

  /** A world at rest: so many replicas of one document that Ada began. */
  static async open({ seed = 1, replicas = 3 } = {}): Promise<World> {
    const world = new World(seed)
    for (const name of names.slice(0, replicas)) await world.#during(world.#live(world.#add(name)))
    const ada = world.at('Ada')
    present(ada.handle, 'Ada has the document open').change((page) => {
      page.title.set('Trip to the lake')
      page.note.append('Meet at noon.')
      page.tags.add('lake')
    })
    await world.rest()
    world.links.climate = usual
    return world
  }

  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.clock.now() - this.#startMs
  }

  at(name: Name): Replica {
    return present(
      this.#replicas.find((one) => one.name === name),
      `${name} is in this world`,
    )
  }

  inside(name: Name): Inside {
    return inside(this.at(name), (actor) => this.writer(actor))
  }

  /** Whose edits these are; undefined of a beginning that all have. */
  writer(actor: string): Name | undefined {
    return this.#writers.get(deviceOf(actor))
  }

  // ── what is done to it ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  cut(a: Name, b: Name): void {
    this.links.set(a, b, { isCut: true })
    this.#hub.cut(a, b)
  }

  mend(a: Name, b: Name): void {
    this.links.set(a, b, { isCut: false })
    // Both are told that there is a network again, as browsers are: they need not wait for their next dial.
    for (const { peer } of [this.at(a), this.at(b)]) {
      peer.clock.freeze()
      peer.clock.thaw(0)
    }
  }

  /** Each two that could be linked. */
  get pairs(): readonly (readonly [Name, Name])[] {
    const all = this.#replicas.map(({ name }) => name)
    return all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b] as const))
  }

  /** The power fails: what was not on the platter may be lost. Others see that it is out of reach, and hear nothing more. */
  kill(name: Name): void {
    const replica = this.at(name)
    if (replica.peer.state === 'down') return
    for (const other of this.#replicas.filter((one) => one !== replica)) {
      this.links.flights.cut(name, other.name, this.now)
      this.#hub.cut(name, other.name)
    }
    replica.peer.crash('power')
    replica.life++
    replica.handle = undefined
    replica.arrived = []
  }

  /** It begins anew with what its disk kept, as time goes on. */
  reopen(name: Name): void {
    const replica = this.at(name)
    if (replica.peer.state === 'down') this.#begin(replica)
  }

  /** One more replica joins by invitation, as time goes on; its document is empty at first. */
  join(name: Name): void {
    this.#begin(this.#add(name))
  }

  edit(name: Name, change: (page: Page) => void): void {
    present(this.at(name).handle, `${name} runs`).change(change)
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Goes on by whole milliseconds. */
  advance(ms: number): Promise<void> {
    return this.#inTurn(() => this.#pass(ms))
  }

  /** Goes on until the next message sets out or something arrives, at most `limitMs`. */
  step(limitMs = 1_000): Promise<void> {
    return this.#inTurn(async () => {
      const end = this.now + limitMs
      const { flights } = this.links
      const seen = (): string => `${flights.departed} ${flights.underWay(this.now).length}`
      for (const before = seen(); seen() === before && this.now < end; )
        await this.#pass(Math.max(1, Math.min(end - this.now, this.clock.nextMs ?? 1)))
    })
  }

  /** Goes on until something is so. */
  until(isSo: () => boolean, limitMs = 60_000): Promise<void> {
    return this.#inTurn(async () => {
      const end = this.now + limitMs
      for (await this.#pass(0); !isSo(); ) {
        assert(this.now < end, `not so after ${limitMs} ms`)
        await this.#pass(this.#nextMs)
      }
    })
  }

  /** Goes on until all that run are in contact, and agree. */
  rest(): Promise<void> {
    return this.until(() => {
      const running = this.#replicas.filter(({ peer }) => peer.state !== 'down')
      return running.every(({ handle }) => {
        const status = handle?.status.current
        const near = status?.peers.filter(({ connected }) => connected).length
        return status?.saved && status.upToDate && near === running.length - 1
      })
    })
  }

  /** Ends all peers, and with them everything that would still happen. */
  close(): void {
    for (const { peer } of this.#replicas) if (peer.state !== 'down') peer.crash('process')
  }

  // ── lives ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #add(name: Name): Replica {
    assert(!this.#replicas.some((one) => one.name === name), `${name} is not in this world yet`)
    const replica = this.#make(name)
    this.#replicas.push(replica)
    return replica
  }

  /** A life may end before it has well begun: then it is nobody's trouble. */
  #begin(replica: Replica): void {
    const { life } = replica
    this.#live(replica).catch((error: unknown) => {
      if (replica.life === life) this.troubles.push(error)
    })
  }

  async #live(replica: Replica): Promise<void> {
    const { name, peer: body, life } = replica
    await body.open()
    if (replica.life !== life) return
    const peer = present(body.peer, `${name} opened`)
    this.#writers.set(deviceOf(peer.actor), name)
    const space = await this.#spaceOf(peer)
    const init: Page = { title: register(''), note: text(''), votes: counter(0), tags: set<string>() }
    const handle = await space.open<Page>(DOCUMENT, { init })
    if (replica.life === life) replica.handle = handle
  }

  /** The one that Ada made: everybody else joins it by her invitation, once. */
  async #spaceOf(peer: Peer): Promise<Space> {
    const [joined] = peer.spaces
    if (joined !== undefined) return joined
    if (this.#ticket !== '') return peer.join(this.#ticket)
    const made = await peer.space('Friends')
    this.#ticket = await made.invite()
    return made
  }

  #make(name: Name): Replica {
    const watch: PeerWatch = {
      event: () => {},
      appending: () => {},
      failed: (_, error) => this.troubles.push(error),
      threw: (_, error) => this.troubles.push(error),
      opened: (_, plain, isGossip) => {
        replica.arrived.push(...readOpened(plain, isGossip))
        replica.arrived.splice(0, replica.arrived.length - ARRIVED_MAX)
      },
    }
    const peer = new SimulatedPeer({
      name,
      seed: this.#dice.seed(),
      inFiles: true,
      clockOffsetMs: 0,
      clock: this.clock,
      hub: this.#hub,
      realSignatures: false,
      syncMs: () => (replica.hasSlowDisk ? SLOW_DISK_MS : QUICK_DISK_MS),
      isToldOfWake: true,
      watch,
      trace: undefined,
    })
    const replica: Replica = { name, peer, handle: undefined, life: 0, hasSlowDisk: false, arrived: [] }
    return replica
  }

  /** One after the other: two that moved the same clock would tear it. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => {})
    return done
  }

  /** Until something may happen; but not for long, since not all that is waited for has a timer. */
  get #nextMs(): number {
    return Math.max(1, Math.min(20, this.clock.nextMs ?? 1))
  }

  #pass(ms: number): Promise<void> {
    return this.clock.advance(ms, between)
  }

  async #during<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const ended = promise.finally(() => {
      isOver = true
    })
    ended.catch(() => {})
    await between()
    while (!isOver) await this.#pass(this.#nextMs)
    return ended
  }
}

/** An actor is a device and a number of four bytes (src/core/ids.ts). */
function deviceOf(actor: string): string {
  return actor.slice(0, -8)
}

/** What an event sets off runs before the next one; what the platform compresses on its own threads is waited for. */
async function between(): Promise<void> {
  await turn()
  if (cryptoRunning() > 0) await turns()
}
