// One run of a plan: real peers on a simulated clock, network and disks; chaos first, then everything heals, and all must come to rest alike. Whatever it does
// follows from the plan; a run of a part of its steps is a run, too.

import { cryptoRunning } from '../auth/platform.ts'
import { present } from '../base/assert.ts'
import { isJoineryError, type JoineryError, messageOf } from '../base/errors.ts'
import { memoryHub } from '../net/memory.ts'
import type { Peer, Space } from '../peer/api.ts'
import type { JournalRecord } from '../store/journal.ts'
import { decodeGossip } from '../sync/gossip.ts'
import { decodeMessage } from '../sync/messages.ts'
import { Acts } from './acts.ts'
import { Chronicle, Stopped } from './chronicle.ts'
import { escaped, falseClaim, type Truth, unbounded, type Violation } from './claims.ts'
import { Dice } from './dice.ts'
import { ghost, unseen } from './ghosts.ts'
import { HostileMember } from './hostile-member.ts'
import { ManualClock } from './manual-clock.ts'
import { Mirrors } from './mirrors.ts'
import type { Plan } from './plan.ts'
import { broken, lost, type Older, restless } from './quiet.ts'
import type { Scene } from './scene.ts'
import { type PeerWatch, SimulatedPeer } from './simulated-peer.ts'
import { SimulatedWeather } from './simulated-weather.ts'
import { turn, turns } from './turns.ts'
import { writeAnything } from './writes.ts'

/** What runs on the peers of a simulated world. */
export interface SimulatedApp {
  /** One thing that a user does on one peer. What it does by chance it draws from `dice`. */
  write(here: { readonly space: Space; readonly peer: Peer; readonly name: string; readonly dice: Dice }): unknown
  /** Where the world has come to rest, and all documents are the same everywhere: throws what must not be. */
  check?(documents: Readonly<Record<string, unknown>>): void
}

export interface RunOptions {
  readonly app?: SimulatedApp
  /** Keeps a line for each event. */
  readonly tracing?: boolean
  /** Ed25519 and XChaCha20-Poly1305 instead of what takes no time: then the order of events may differ from run to run. */
  readonly realSignatures?: boolean
}

export interface Outcome {
  readonly violation: (Violation & { readonly atMs: number }) | undefined
  readonly events: { readonly frames: number; readonly timers: number; readonly stores: number }
  /** How often each fault struck. */
  readonly faults: Readonly<Record<string, number>>
  /** Simulated time, for all peers together. */
  readonly peerMs: number
  /** How long it took to come to rest, once all was well again. */
  readonly healMs: number | undefined
  /** Of all that travelled, byte for byte, and when: the same for the same plan. */
  readonly digest: number
  readonly trace: readonly string[]
  /** The history of each document, drawn, where something was violated. */
  readonly graphs: readonly string[]
}

const names = ['ada', 'bo', 'cy', 'di', 'eve', 'flo', 'gus', 'hal']
const SAMPLE_EVENTS = 24
const WHOLE_SAMPLES = 64
const HEAL_LIMIT_MS = 150_000
// What of a session was left behind by a fault is noticed by its silence, and a new one begun.
const REST_MS = 12_000
const SILENCE_MS = 30_000

/** Plays a plan to its end, or to the first thing that must not be. */
export function play(plan: Plan, options: RunOptions = {}): Promise<Outcome> {
  return new Run(plan, options).play()
}

class Run implements PeerWatch, Scene {
  readonly app: SimulatedApp
  readonly clock = new ManualClock()
  readonly dice: Dice
  readonly weather: SimulatedWeather
  readonly hub: Scene['hub']
  readonly peers: readonly SimulatedPeer[]
  readonly mirrors = new Mirrors()
  readonly declared = new Set<string>()
  readonly chronicle: Chronicle
  readonly truth: Truth
  hostile: HostileMember | undefined
  readonly #plan: Plan
  readonly #options: RunOptions
  readonly #startMs = this.clock.now()
  readonly #acts = new Acts(this)
  #older: Older | undefined
  #sampled = 0
  #phase: 'begin' | 'chaos' | 'heal' | 'silence' | 'end' = 'begin'
  #healMs: number | undefined

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan
    this.#options = options
    this.app = options.app ?? { write: ({ space, dice }) => writeAnything(space, dice) }
    this.chronicle = new Chronicle(() => this.#elapsedMs, options.tracing ?? false)
    this.dice = new Dice(plan.seed ^ 0x5eed)
    this.weather = new SimulatedWeather({
      dice: new Dice(this.dice.seed()),
      now: () => this.clock.now(),
      carried: (from, to, { bytes, delayMs }) => this.chronicle.carried(from, to, bytes, delayMs),
      isFrozen: (node) => this.peers.some(({ name, clock }) => name === node && clock.frozen),
    })
    this.hub = memoryHub({ clock: this.clock, weather: this.weather })
    this.peers = Array.from({ length: plan.peers }, (_, index) => this.#makePeer(index))
    this.truth = {
      peers: this.peers,
      declared: this.declared,
      wordsAreTrue: !plan.kinds.includes('flips'),
      liars: plan.kinds.includes('hostile') ? 1 : 0,
      now: () => this.clock.now(),
    }
  }

  get #elapsedMs(): number {
    return this.clock.now() - this.#startMs
  }

  async play(): Promise<Outcome> {
    const { chronicle } = this
    try {
      await this.#begin()
      await this.#chaos()
      await this.#heal()
      await this.#fallSilent()
      if (this.dice.maybe(0.25)) await this.#openAllAgain()
      this.#phase = 'end'
      await this.#closeAll()
    } catch (error) {
      if (!(error instanceof Stopped)) chronicle.record({ rule: 'nothing is thrown', message: stackOf(error) })
    }
    const { violation, events, faults, digest, lines } = chronicle
    const graphs = violation === undefined ? [] : drawn(this.peers)
    const peerMs = this.#elapsedMs * this.peers.length
    return { violation, events, faults, peerMs, healMs: this.#healMs, digest, trace: lines, graphs }
  }

  // ── phases ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #begin(): Promise<void> {
    for (const peer of this.peers) await this.#during(this.open(peer))
    const [first, ...others] = this.peers.map(({ peer }) => present(peer, 'every peer opened'))
    const space = await this.#during(present(first, 'there is a peer').space('World'))
    const ticket = await this.#during(space.invite())
    for (const peer of others) await this.#during(peer.join(ticket))
    for (const peer of this.peers) this.#watchDocuments(peer)
    if (!this.#plan.kinds.includes('hostile') || this.#options.realSignatures) return
    const dice = new Dice(this.dice.seed())
    this.hostile = await this.#during(HostileMember.join({ dice, clock: this.clock, hub: this.hub, ticket }))
    this.declared.add(this.hostile.actor)
  }

  async #chaos(): Promise<void> {
    this.#phase = 'chaos'
    this.weather.climate = this.#plan.climate
    const startMs = this.#elapsedMs
    const { steps, chaosMs } = this.#plan
    for (const [index, step] of steps.entries()) {
      await this.#advance(startMs + step.atMs - this.#elapsedMs)
      const { type, atMs: _, ...rest } = step
      this.chronicle.line('world', type, JSON.stringify(rest))
      this.chronicle.struck(type)
      this.#acts.do(step)
      await this.#between()
      if (index === steps.length >> 1) this.#keepSnapshot()
    }
    await this.#advance(Math.max(0, startMs + chaosMs - this.#elapsedMs))
  }

  /** Of one document, as somebody has it now: what follows is to fit upon it. */
  #keepSnapshot(): void {
    const documents = this.peers.flatMap((peer) => (peer.state === 'up' ? peer.documents : []))
    const awake = documents.filter(({ asleep, id }) => asleep === undefined && id.name !== '')
    if (awake.length === 0) return
    const { id, replica } = this.dice.pick(awake)
    this.#older = { id, snapshot: replica.snapshot() }
  }

  /** Everything is well from here on: within a bound all must agree, and hold the same. */
  async #heal(): Promise<void> {
    this.#phase = 'heal'
    this.chronicle.line('world', 'heal')
    this.weather.clear()
    await this.#during(this.hostile?.leave() ?? Promise.resolve())
    for (const peer of this.peers) {
      peer.flips = undefined
      peer.clock.thaw(0)
      if (peer.state === 'up') peer.peer?.resume()
      if (peer.state === 'down') void this.open(peer)
    }
    this.#healMs = await this.#comeToRest()
  }

  async #comeToRest(): Promise<number> {
    const startMs = this.#elapsedMs
    while (!this.peers.every((peer) => this.#isAtRest(peer))) {
      if (this.#elapsedMs - startMs > HEAL_LIMIT_MS)
        this.chronicle.fail({ rule: 'liveness', message: restlessness(this.peers) })
      await this.#advance(Math.max(1, Math.min(100, this.clock.nextMs ?? 1)))
    }
    const healMs = this.#elapsedMs - startMs
    await this.#advance(REST_MS)
    this.chronicle.failIf(
      this.mirrors.unequal() ?? restless(this.peers, this.#older, this.dice) ?? unseen(this.peers, this.mirrors),
    )
    this.#checkApp()
    return healMs
  }

  #isAtRest(peer: SimulatedPeer): boolean {
    const status = peer.space?.status.current
    if (status === undefined || !status.saved) return false
    if (this.peers.length === 1) return true
    const others = status.peers.filter(({ connected, agreed }) => connected && agreed)
    // What waits for what a hostile member never sent, or what a folder lost that was set back, waits for ever, and that is said.
    const isUpToDate = status.upToDate || this.declared.size > 0
    return isUpToDate && this.peers.every((one) => one === peer || others.some(({ id }) => id === one.id))
  }

  /** Then nothing is said any more but that everybody is there, and that all is as it was. */
  async #fallSilent(): Promise<void> {
    this.#phase = 'silence'
    await this.#advance(SILENCE_MS)
    this.#phase = 'heal'
  }

  /** What the disks kept is what all held. */
  async #openAllAgain(): Promise<void> {
    this.chronicle.line('world', 'all open again')
    for (const peer of this.peers) {
      peer.crash('process')
      this.mirrors.forget(peer)
    }
    for (const peer of this.peers) await this.#during(this.open(peer))
    for (const peer of this.peers) this.chronicle.failIf(lost(peer) ?? broken(peer))
    await this.#comeToRest()
  }

  async #closeAll(): Promise<void> {
    for (const peer of this.peers) await this.#during(peer.peer?.close() ?? Promise.resolve())
  }

  #checkApp(): void {
    const documents = present(this.peers[0], 'there is a peer').documents.filter(({ id }) => id.name !== '')
    try {
      this.app.check?.(Object.fromEntries(documents.map(({ id, replica }) => [id.name, replica.value])))
    } catch (error) {
      this.chronicle.fail({ rule: 'what the app promises', message: stackOf(error) })
    }
  }

  // ── lives ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #makePeer(index: number): SimulatedPeer {
    const name = names[index] ?? `p${index}`
    return new SimulatedPeer({
      name,
      seed: this.dice.seed(),
      inFiles: this.#plan.inFiles[index] ?? true,
      clockOffsetMs: this.#plan.clockOffsetsMs[index] ?? 0,
      clock: this.clock,
      hub: this.hub,
      realSignatures: this.#options.realSignatures ?? false,
      watch: this,
      trace: this.chronicle.isTracing ? this.chronicle.traceOf(name) : undefined,
    })
  }

  async open(peer: SimulatedPeer): Promise<void> {
    try {
      await peer.open()
    } catch (error) {
      // Killed while it opened: the next life has begun, or will.
      if (peer.state !== 'opening') return
      this.chronicle.record({
        rule: 'a peer opens what its disk kept',
        message: `${peer.name}: ${stackOf(error)}`,
      })
      return
    }
    if (peer.state !== 'up') return
    this.noteActor(peer)
    if (this.#phase === 'begin') return
    const found = lost(peer)
    if (found !== undefined) this.chronicle.record(found)
    for (const { stream, version } of peer.space?.documentsByKey.values() ?? [])
      peer.ledger.found(stream, version, peer.actors)
    this.#watchDocuments(peer)
  }

  noteActor(peer: SimulatedPeer): void {
    if (peer.peer !== undefined) peer.actors.add(peer.peer.actor)
  }

  #watchDocuments(peer: SimulatedPeer): void {
    if (peer.space !== undefined) this.mirrors.watch(peer, peer.space)
  }

  track(peer: SimulatedPeer, doing: Promise<unknown>): void {
    const life = peer.peer
    doing.catch((error: unknown) => {
      const good = ['closed', 'timeout', 'aborted', 'document-deleted', 'store-locked']
      const isOver = peer.peer !== life || peer.state !== 'up'
      if (error instanceof Stopped || isOver || (isJoineryError(error) && good.includes(error.code))) return
      this.chronicle.record({
        rule: 'no call fails without a reason',
        message: `${peer.name}: ${stackOf(error)}`,
      })
    })
  }

  // ── what peers tell ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  event(kind: 'timers' | 'stores'): void {
    this.chronicle.events[kind]++
  }

  failed(peer: SimulatedPeer, error: JoineryError): void {
    this.chronicle.line(peer.name, 'error', error.code, error.message)
    if (this.#phase === 'end' || this.#mayFail(error)) return
    this.chronicle.record({
      rule: 'nobody is accused who did nothing',
      message: `${peer.name}: ${error.code} ${error.message}`,
    })
  }

  #mayFail({ code, details }: JoineryError): boolean {
    const { kinds } = this.#plan
    const areBytesGood = !(['noise', 'flips', 'hostile'] as const).some((kind) => kinds.includes(kind))
    if (code === 'forked') {
      const actors: readonly unknown[] = Array.isArray(details.actors) ? details.actors : []
      // Where it does not say whose, there is somebody at least of whom it may be so, or bytes are not what was sent.
      if (actors.length === 0) return this.declared.size > 0 || !areBytesGood
      return actors.every((actor) => this.declared.has(String(actor)))
    }
    if (code === 'bad-message') return !areBytesGood
    return code === 'limit' && kinds.includes('hostile')
  }

  threw(peer: SimulatedPeer, error: unknown): void {
    this.chronicle.record({ rule: 'nothing is thrown', message: `${peer.name}: ${stackOf(error)}` })
  }

  opened(peer: SimulatedPeer, plain: Uint8Array, isGossip: boolean): void {
    if (this.#phase !== 'silence') return
    // Of a session it is a part, marked 0 where it is a whole message as it is: what may be said in silence is.
    if (!isGossip && plain[0] !== 0) {
      this.chronicle.record({ rule: 'then there is silence', message: `${peer.name} hears a long message` })
      return
    }
    const message = isGossip ? decodeGossip(plain) : decodeMessage(plain.subarray(1))
    const isQuiet =
      message.type === 'ping' ||
      message.type === 'pong' ||
      message.type === 'presence' ||
      (message.type === 'state' && message.entries.length === 0)
    if (!isQuiet)
      this.chronicle.record({ rule: 'then there is silence', message: `${peer.name} hears ${message.type}` })
  }

  /** Invariant 12: what is stored of others was checked here. */
  appending(peer: SimulatedPeer, records: readonly JournalRecord[]): void {
    const { chronicle } = this
    if (this.#phase === 'silence') chronicle.record({ rule: 'then there is silence', message: 'something is stored' })
    for (const record of records)
      if (record.type === 'range' && !peer.hasVerified(record.range.signature))
        chronicle.record({
          rule: '12 Verified',
          message: `${peer.name} stores what it has not checked, of ${record.range.actor}`,
        })
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.#between())
  }

  async #during<T>(promise: Promise<T>): Promise<T> {
    let over = false
    const ended = promise.finally(() => {
      over = true
    })
    ended.catch(() => {})
    await this.#between()
    while (!over) await this.#advance(1)
    return ended
  }

  /** After each event: what it set off runs first, then some peer is looked at. */
  async #between(): Promise<void> {
    // What the platform compresses or signs on its own threads is waited for.
    await (this.#options.realSignatures ? turns() : turn())
    if (cryptoRunning() > 0) await turns()
    if (this.chronicle.violation !== undefined) throw new Stopped()
    if (++this.#sampled % SAMPLE_EVENTS !== 0 || this.#phase === 'begin' || this.#phase === 'end') return
    const sample = this.#sampled / SAMPLE_EVENTS
    const peer = this.peers[sample % this.peers.length]
    if (peer?.state !== 'up') return
    const { chronicle, truth } = this
    chronicle.failIf(falseClaim(peer, truth) ?? escaped(peer, truth) ?? unbounded(peer) ?? this.#ghost(peer))
    if (sample % WHOLE_SAMPLES === 0) chronicle.failIf(broken(peer))
  }

  #ghost(peer: SimulatedPeer): Violation | undefined {
    // What a hostile member recorded it may play to those who come later; it shows for a while.
    if (this.#plan.kinds.includes('hostile')) return undefined
    const slackMs = this.#plan.kinds.includes('slow') ? 25_000 : 2_500
    return ghost(peer, { peers: this.peers, mirrors: this.mirrors, now: this.clock.now(), slackMs })
  }
}

function restlessness(peers: readonly SimulatedPeer[]): string {
  const says = peers.map(({ name, state, space }) => {
    const pending = space?.status.current.pending.map(({ message }) => message).join(' ')
    const absent = space?.status.current.peers.filter(({ connected }) => !connected).map((one) => one.name)
    return `${name} is ${state}${pending ? `: ${pending}` : ''}${absent?.length ? `; does not see ${absent.join()}` : ''}`
  })
  return `not at rest ${HEAL_LIMIT_MS} ms after all was well: ${says.join(' | ')}`
}

/** Each document as each peer has it, once for those who have the same. */
function drawn(peers: readonly SimulatedPeer[]): string[] {
  const pictures = new Map<string, string[]>()
  for (const { name, documents } of peers)
    for (const { id, asleep, replica } of documents.filter(({ id }) => id.name !== '')) {
      if (asleep !== undefined) continue
      const picture = `"${id.name}"\n${replica.history.draw()}`
      pictures.set(picture, [...(pictures.get(picture) ?? []), name])
    }
  return [...pictures].map(([picture, holders]) => `${holders.join(', ')}: ${picture}`)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
}
