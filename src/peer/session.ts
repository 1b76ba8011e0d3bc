// One conversation with one member about one space: hello, then sealed messages both ways over one stream until either ends it. It carries and
// never decides: what a message means is the replicator's business.

import { type Device, deviceId } from '../auth/device.ts'
import {
  type Ends,
  firstHello,
  NONCE_BYTES,
  readFirstHello,
  readSecondHello,
  type SessionKeys,
  secondHello,
  sessionKeys,
} from '../auth/hello.ts'
import type { SpaceKeys } from '../auth/keys.ts'
import { FrameSealer, type Sealer } from '../auth/seal.ts'
import { ed25519Signing, type Signing } from '../auth/signing.ts'
import { ByteWriter, concatBytes, toHex } from '../base/bytes.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { isJoineryError, JoineryError, messageOf } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { FrameStream } from '../net/network.ts'
import { type ByeReason, decodeMessage, encodeMessage, type Message } from '../sync/messages.ts'
import { deflate, inflate } from './deflate.ts'

export const SYNC_PROTOCOL = '/joinery/sync/2'
/** Drafts that are not spoken any more. */
export const OLD_PROTOCOLS: readonly string[] = ['/joinery/sync/0', '/joinery/sync/1']

/** The member at the other end, as its hello showed it. */
export interface Member {
  readonly node: string
  /** The device's public key in hex. */
  readonly device: string
  /** 'peer:…' for people. */
  readonly id: string
  readonly name: string
  /** The store it keeps things in, hex. Receipts are counted once per incarnation. */
  readonly incarnation: string
  /** False for a store that forgets: it gives no receipts. */
  readonly durable: boolean
  /** What it knows of where members are, itself among them, in a number: another one where it knows otherwise (Links). */
  readonly book: number
}

export interface SessionContext {
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  /** Ed25519 if not given. */
  readonly signing?: Signing
  readonly device: Device
  /** This node's id on the network. */
  readonly node: string
}

/** What we say of ourselves in a space. */
export interface Introduction {
  readonly name: string
  readonly incarnation: Uint8Array
  readonly durable: boolean
  readonly book: number
}

// Much less than a frame may hold: on a slow link, too, something is heard between two pings.
const PART_BYTES = limits.deltaPartBytes
const MESSAGE_BYTES = 64 * 1024 * 1024
const FAREWELL_MS = 200
/** Smaller messages do not get smaller. */
const DEFLATED_BYTES = 256
/** What a part is marked with: more follows · the message ends here · and it was deflated. */
const LAST = 0
const MORE = 1
const LAST_DEFLATED = 2

/** Opens a session on a stream that we opened. Undefined where the other end is no member of this space. */
export async function initiate(
  stream: FrameStream,
  keys: SpaceKeys,
  context: SessionContext,
  introduction: Introduction,
): Promise<Session | undefined> {
  const frames = stream.frames[Symbol.asyncIterator]()
  const ends = { initiator: context.node, responder: stream.remote }
  const nonce = context.random.bytes(NONCE_BYTES)
  await stream.send(firstHello(keys.helloKey, ends, nonce))
  const answer = await frames.next()
  if (answer.done) return undefined
  const nonces = readSecondHello(keys.helloKey, ends, nonce, answer.value)
  if (nonces === undefined) return undefined
  return introduce(
    new Channel(stream, frames, sessionKeys(keys.helloKey, keys.spaceId, ends, nonces), true, context),
    context,
    introduction,
  )
}

/** Takes a stream another end opened: finds the space that its first frame was made for. Undefined, and silence, where there is none. */
export async function respond<S extends { readonly keys: SpaceKeys }>(
  stream: FrameStream,
  spaces: readonly S[],
  context: SessionContext,
  introductionOf: (space: S) => Promise<Introduction>,
): Promise<{ readonly space: S; readonly session: Session } | undefined> {
  const frames = stream.frames[Symbol.asyncIterator]()
  const first = await frames.next()
  if (first.done) return undefined
  const ends = { initiator: stream.remote, responder: context.node }
  const found = findSpace(spaces, ends, first.value)
  if (found === undefined) return undefined
  const { space, nonce } = found
  const nonces = { initiator: nonce, responder: context.random.bytes(NONCE_BYTES) }
  await stream.send(secondHello(space.keys.helloKey, ends, nonces))
  const channel = new Channel(
    stream,
    frames,
    sessionKeys(space.keys.helloKey, space.keys.spaceId, ends, nonces),
    false,
    context,
  )
  return { space, session: await introduce(channel, context, await introductionOf(space)) }
}

function findSpace<S extends { readonly keys: SpaceKeys }>(
  spaces: readonly S[],
  ends: Ends,
  frame: Uint8Array,
): { space: S; nonce: Uint8Array } | undefined {
  for (const space of spaces) {
    const nonce = readFirstHello(space.keys.helloKey, ends, frame)
    if (nonce !== undefined) return { space, nonce }
  }
  return undefined
}

type StoreShown = Pick<Introduction, 'incarnation' | 'durable'>

/** Each side shows its device key by signing what both saw, its own role and its store included. */
async function introduce(channel: Channel, context: SessionContext, introduction: Introduction): Promise<Session> {
  const { name, incarnation, durable, book } = introduction
  const signature = await context.device.sign(shownBytes(channel.keys, channel.initiator, introduction))
  const sent = channel.send({
    type: 'who',
    device: context.device.publicKey,
    signature,
    name,
    incarnation,
    durable,
    book,
  })
  // A rejection is seen through the read below; sending and reading fail together.
  sent.catch(() => {})
  const who = await channel.read()
  if (who?.type !== 'who')
    throw new JoineryError('bad-message', `a session began with ${who?.type ?? 'its end'}, not with who it is`)
  const { signing = ed25519Signing } = context
  signing.admit(who.device)
  const shown = await signing.verify(who.device, who.signature, shownBytes(channel.keys, !channel.initiator, who))
  if (!shown) throw new JoineryError('bad-message', 'a member could not show the device key it named')
  return new Session(
    channel,
    {
      node: channel.stream.remote,
      device: toHex(who.device),
      id: deviceId(who.device),
      name: who.name,
      incarnation: toHex(who.incarnation),
      durable: who.durable,
      book: who.book,
    },
    context.clock,
  )
}

/** What the device signs: whatever it says from here on, its receipts above all, is said of the store that is named here. */
function shownBytes(keys: SessionKeys, initiator: boolean, { incarnation, durable }: StoreShown): Uint8Array {
  return concatBytes(keys.transcript, Uint8Array.of(initiator ? 0 : 1, durable ? 1 : 0), incarnation)
}

/** Sealed messages over a stream, deflated where that helps. A message goes in parts: mark u8 (0 the last, 1 more follows, 2 the last, deflated), bytes. */
class Channel {
  readonly stream: FrameStream
  readonly keys: SessionKeys
  readonly initiator: boolean
  readonly #frames: AsyncIterator<Uint8Array>
  readonly #sealing: FrameSealer
  readonly #opening: FrameSealer
  #sending: Promise<void> = Promise.resolve()

  constructor(
    stream: FrameStream,
    frames: AsyncIterator<Uint8Array>,
    keys: SessionKeys,
    initiator: boolean,
    context: SessionContext,
  ) {
    this.stream = stream
    this.keys = keys
    this.initiator = initiator
    this.#frames = frames
    this.#sealing = new FrameSealer(context.sealer, initiator ? keys.toResponder : keys.toInitiator)
    this.#opening = new FrameSealer(context.sealer, initiator ? keys.toInitiator : keys.toResponder)
  }

  /** Sends in order of the calls; resolves when the transport can take more. */
  send(message: Message): Promise<void> {
    const bytes = encodeMessage(message)
    this.#sending = this.#sending.then(() => this.#sendParts(bytes))
    return this.#sending
  }

  async #sendParts(bytes: Uint8Array): Promise<void> {
    const deflated = bytes.length < DEFLATED_BYTES ? bytes : await deflate(bytes)
    const [sent, last] = deflated.length < bytes.length ? [deflated, LAST_DEFLATED] : [bytes, LAST]
    let from = 0
    do {
      const part = sent.subarray(from, from + PART_BYTES)
      from += part.length
      const frame = new ByteWriter(part.length + 1)
        .u8(from < sent.length ? MORE : last)
        .raw(part)
        .finish()
      await this.stream.send(this.#sealing.seal(frame))
    } while (from < sent.length)
  }

  /** The next message; undefined at the end of the stream. Tells `heard` of each part. Errors: 'bad-message', and the network's. */
  async read(heard: () => void = () => {}): Promise<Message | undefined> {
    const parts: Uint8Array[] = []
    let sizeBytes = 0
    while (true) {
      const next = await this.#frames.next()
      if (next.done) return undefined
      heard()
      const plain = this.#opening.open(next.value)
      const mark = plain[0]
      if (mark !== LAST && mark !== MORE && mark !== LAST_DEFLATED)
        throw new JoineryError('bad-message', `a part is marked ${mark}, not 0, 1 or 2`)
      sizeBytes += plain.length
      if (sizeBytes > MESSAGE_BYTES)
        throw new JoineryError('bad-message', `a message is larger than ${MESSAGE_BYTES} bytes`)
      parts.push(plain.subarray(1))
      if (mark === MORE) continue
      const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts)
      return decodeMessage(mark === LAST ? bytes : await inflate(bytes, MESSAGE_BYTES))
    }
  }
}

export class Session {
  readonly member: Member
  /** Whether we opened the stream. Of two sessions with one node, the one opened by the smaller node id stays. */
  readonly initiator: boolean
  readonly #channel: Channel
  readonly #clock: Clock
  #ended = false
  #isPonging = false

  constructor(channel: Channel, member: Member, clock: Clock) {
    this.#channel = channel
    this.#clock = clock
    this.member = member
    this.initiator = channel.initiator
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Sends; resolves when more can be sent. Never rejects: a broken stream ends the session where it is read. */
  async send(message: Message): Promise<void> {
    if (this.#ended) return
    await this.#channel.send(message).catch(() => {})
  }

  /**
   * Reads until the session ends, handing each message to `take` and waiting for it (back pressure). Resolves with the reason. A message that
   * cannot be taken ends the session alone, never the process.
   */
  async run(
    take: (message: Message) => void | Promise<void>,
    onSilence: () => void,
  ): Promise<JoineryError | undefined> {
    const watch = new SilenceWatch(this.#clock, () => void this.send({ type: 'ping' }), onSilence)
    try {
      while (!this.#ended) {
        const message = await this.#channel.read(() => watch.heard())
        if (message === undefined || message.type === 'bye') return undefined
        if (message.type === 'ping') void this.#pong()
        else if (message.type === 'who') throw new JoineryError('bad-message', 'a member introduced itself twice')
        else if (message.type !== 'pong') await watch.during(take(message))
        // While we were busy nothing was read: our slowness is not their silence.
        watch.heard()
      }
      return undefined
    } catch (cause) {
      return isJoineryError(cause) ? cause : new JoineryError('network', messageOf(cause), { cause })
    } finally {
      watch.stop()
      this.#ended = true
      this.#channel.stream.abort(new JoineryError('closed', 'the session ended'))
    }
  }

  /** Invariant 9: one at a time, since who pings and never reads would have them queue without end. */
  async #pong(): Promise<void> {
    if (this.#isPonging) return
    this.#isPonging = true
    await this.send({ type: 'pong' })
    this.#isPonging = false
  }

  /** Says why and ends. Never rejects. */
  async close(reason: ByeReason): Promise<void> {
    if (this.#ended) return
    // Not waited for long: the other end may be gone.
    await Promise.race([this.send({ type: 'bye', reason }), sleep(this.#clock, FAREWELL_MS)])
    this.#ended = true
    await this.#channel.stream.close().catch(() => {})
  }

  abort(reason: Error): void {
    this.#ended = true
    this.#channel.stream.abort(reason)
  }
}

/** Asks after a silence, and calls it one when nothing comes back. */
class SilenceWatch {
  readonly #clock: Clock
  readonly #ask: () => void
  readonly #onSilence: () => void
  #heardAt: number
  #busy = false
  #cancel: () => void = () => {}

  constructor(clock: Clock, ask: () => void, onSilence: () => void) {
    this.#clock = clock
    this.#ask = ask
    this.#onSilence = onSilence
    this.#heardAt = clock.monotonic()
    this.#next()
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonic()
  }

  /** While we are busy with what was heard nothing more is read, so silence tells nothing; and the other end is told that we live. */
  async during(work: void | Promise<void>): Promise<void> {
    this.#busy = true
    try {
      await work
    } finally {
      this.#busy = false
      this.heard()
    }
  }

  stop(): void {
    this.#cancel()
  }

  #next(): void {
    const since = this.#clock.monotonic()
    this.#cancel = this.#clock.after(limits.pingMs, () => {
      const now = this.#clock.monotonic()
      // Who slept heard nothing, and cannot say that the other was silent: it asks once more.
      const slept = now - since > 2 * limits.pingMs
      if (slept) this.#heardAt = now
      const silentMs = now - this.#heardAt
      if (silentMs > limits.silenceMs && !this.#busy) return this.#onSilence()
      if (slept || this.#busy || silentMs >= limits.pingMs * 0.9) this.#ask()
      this.#next()
    })
  }
}
