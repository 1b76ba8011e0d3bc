// Presence in the documents of one space: this window says what it shows of itself, hears what others do, and forgets both. Nothing of it is stored.
//
//   set ──► a beat, at most every 100 ms; and one every 3 s while something is shown ──► gossip, other tabs
//   heard ──► limits, news?, of now?, signature ──► attendance ──► who reads doc.presence
//
// By gossip and not by sessions, since whoever is present is seen by all and not by those in contact alone. That it is no storm: it is silent where nobody
// shows anything, at most presenceWindows speak, all documents are in one beat, and a newcomer is answered once by each, spread over a moment.

import type { Device } from '../auth/device.ts'
import type { Signing } from '../auth/signing.ts'
import { concatBytes, toHex } from '../base/bytes.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { Emitter, type Off } from '../base/emitter.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import { docKey } from '../sync/holdings.ts'
import type { DocName } from '../sync/messages.ts'
import { decodeBeat, encodeBeat, type Json, readJson, signedBytes, windowBytes, writeJson } from '../sync/presence.ts'
import { Allowance } from './allowance.ts'
import type { Present } from './api.ts'
import { Attendance, windowKey } from './attendance.ts'

export interface SpacePresenceOptions {
  readonly spaceId: Uint8Array
  readonly device: Device
  readonly signing: Signing
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly trace: Trace
  /** Whether that device is a member in contact. */
  readonly inContact: (device: string) => boolean
  /** Hands a beat to whoever is there, by all ways there are. */
  readonly publish: (beat: Uint8Array) => Promise<void>
}

interface Shown {
  readonly document: DocName
  readonly json: string
  readonly state: Json
}

/** Whoever is new is answered within this time, by each once. */
const ANSWER_MS = 1_000
/** A farewell is on its way so long before the connections go. */
const FAREWELL_MS = 40

export class SpacePresence {
  readonly #options: SpacePresenceOptions
  readonly #window: Uint8Array
  readonly #key: string
  readonly #attendance = new Attendance()
  readonly #ofDevice = new Allowance(limits.presenceDeviceRate)
  readonly #ofNeighbour = new Allowance(limits.presenceNeighbourRate)
  readonly #own = new Map<string, Shown>()
  readonly #emitter = new Emitter<{ change: undefined }>()
  #number = 0
  /** Others may know of us. */
  #isKnown = false
  #connected = false
  #sentAt = Number.NEGATIVE_INFINITY
  #answeredAt = Number.NEGATIVE_INFINITY
  #cancelSend: (() => void) | undefined
  #sendAt = Number.POSITIVE_INFINITY
  #cancelExpiry: (() => void) | undefined
  #sending: Promise<void> = Promise.resolve()

  constructor(options: SpacePresenceOptions) {
    this.#options = options
    this.#window = options.random.bytes(windowBytes)
    this.#key = windowKey(options.device.publicKey, this.#window)
  }

  /** Who else is in a document, now. */
  of(document: DocName): readonly Present[] {
    return this.#attendance.of(docKey(document))
  }

  own(document: DocName): Json | undefined {
    return this.#own.get(docKey(document))?.state
  }

  /** Calls `listener` when somebody came, went or shows something else, in whatever document. */
  onChange(listener: () => void): Off {
    return this.#emitter.on('change', listener)
  }

  /** Errors: 'bad-value', 'limit'. */
  set(document: DocName, state: unknown): void {
    const key = docKey(document)
    if (state === undefined) {
      if (!this.#own.delete(key)) return
    } else {
      const json = writeJson(state)
      if (this.#own.get(key)?.json === json) return
      if (!this.#own.has(key) && this.#own.size >= limits.presenceDocuments)
        throw new JoineryError(
          'limit',
          `A peer shows itself in at most ${limits.presenceDocuments} documents of a space at once.`,
        )
      this.#own.set(key, { document, json, state: readJson(json) })
    }
    this.#sendWithin(0)
  }

  /** There is a way to others from now on. */
  begin(): void {
    if (this.#connected) return
    this.#connected = true
    this.#sendWithin(0)
  }

  /** A session with a member began: it may not know of us. */
  met(): void {
    this.#answer()
  }

  /** Says goodbye, and hears of nobody any more. Never rejects. */
  async leave(): Promise<void> {
    this.#cancelSend?.()
    this.#cancelSend = undefined
    const isKnown = this.#isKnown
    if (isKnown) void this.#send([])
    this.#connected = false
    if (isKnown) await sleep(this.#options.clock, FAREWELL_MS)
    this.#cancelExpiry?.()
    this.#cancelExpiry = undefined
    if (this.#attendance.clear()) this.#emitter.emit('change', undefined)
  }

  /** A beat came, by way of `from`. Whether it is to be handed on. Never rejects. */
  async hear(bytes: Uint8Array, from: string): Promise<'accept' | 'ignore' | 'reject'> {
    const { clock, trace } = this.#options
    if (!this.#connected) return 'ignore'
    // Invariant 9: what is not even looked at costs nothing.
    if (!this.#ofNeighbour.take(from, clock.monotonic())) return 'ignore'
    try {
      return (await this.#take(bytes)) ? 'accept' : 'ignore'
    } catch (error) {
      if (!isJoineryError(error, 'bad-message')) throw error
      trace('presence', from, 'refused', error.message)
      return 'reject'
    }
  }

  async #take(bytes: Uint8Array): Promise<boolean> {
    const { beat, body, signature } = decodeBeat(bytes)
    const { clock, device, inContact, spaceId } = this.#options
    const name = toHex(beat.device)
    const near = name === device.keyHex || inContact(name)
    if (windowKey(beat.device, beat.window) === this.#key || !this.#attendance.isNews(beat)) return false
    if (!near && Math.abs(clock.now() - beat.madeAt) > limits.presenceClockMs) return false
    if (!(await this.#options.signing.verify(beat.device, signature, signedBytes(spaceId, body))))
      throw new JoineryError('bad-message', 'a beat is not signed by the device it names')
    if (!this.#connected || !this.#ofDevice.take(name, clock.monotonic())) return false
    const heard = this.#attendance.take(beat, clock.monotonic(), near)
    if (heard === 'refused') return false
    this.#watchExpiry()
    if (heard === 'newcomer') this.#answer()
    if (heard !== 'same') this.#emitter.emit('change', undefined)
    return true
  }

  /** Somebody does not know of us: once for all who came since the last time, and not all of us at one moment. */
  #answer(): void {
    const now = this.#options.clock.monotonic()
    if (this.#own.size === 0 || now - this.#answeredAt < ANSWER_MS) return
    this.#answeredAt = now
    // A few answer at once; many spread.
    const spreadMs = Math.min(ANSWER_MS, limits.presenceGapMs * (1 + this.#attendance.size / 4))
    this.#sendWithin(this.#options.random.unit() * spreadMs)
  }

  #sendWithin(delayMs: number): void {
    if (!this.#connected) return
    const now = this.#options.clock.monotonic()
    const at = Math.max(now + delayMs, this.#sentAt + limits.presenceGapMs)
    if (at >= this.#sendAt && this.#cancelSend !== undefined) return
    this.#cancelSend?.()
    this.#sendAt = at
    this.#cancelSend = this.#options.clock.after(at - now, () => {
      this.#cancelSend = undefined
      this.#beat()
    })
  }

  #beat(): void {
    const states = [...this.#own.values()]
    const isCrowded = this.#attendance.countBefore(this.#key) >= limits.presenceWindows
    if (isCrowded || (states.length === 0 && !this.#isKnown)) return
    void this.#send(states)
    if (states.length > 0) this.#sendWithin(limits.presenceBeatMs)
  }

  /** One after the other, in the order of their numbers. */
  #send(states: readonly Shown[]): Promise<void> {
    const { clock, device, name, publish, spaceId, trace } = this.#options
    const { publicKey } = device
    this.#sentAt = clock.monotonic()
    this.#isKnown = states.length > 0
    const number = this.#number++
    const body = encodeBeat({ device: publicKey, window: this.#window, number, madeAt: clock.now(), name, states })
    this.#sending = this.#sending
      .then(async () => publish(concatBytes(body, await device.sign(signedBytes(spaceId, body)))))
      // A hint that did not go out: the next one is on its way.
      .catch((cause: unknown) => trace('presence', 'not sent', messageOf(cause)))
    return this.#sending
  }

  #watchExpiry(): void {
    const { nextGoneAt } = this.#attendance
    if (nextGoneAt === undefined || this.#cancelExpiry !== undefined) return
    const { clock } = this.#options
    this.#cancelExpiry = clock.after(Math.max(0, nextGoneAt - clock.monotonic()), () => {
      this.#cancelExpiry = undefined
      if (this.#attendance.expire(clock.monotonic())) this.#emitter.emit('change', undefined)
      this.#watchExpiry()
    })
  }
}
