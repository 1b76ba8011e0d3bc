// Frames over a stream of bytes, with back pressure that reaches from the reader to the sender: the transports differ too much in theirs
// (yamux has windows, a WebRTC data channel cannot be told to wait at all).
//
//   header   check u8 ‖ word u24                    check = CRC-8 of the word, so that no flipped bit makes anybody wait for what never comes
//   frame    header length ‖ bytes                  length at most limits.frameBytes
//   credit   header 0x800000 + n                    the reader took frames that cost n: so much more may be sent
//   end      header 0x800000                        this side sends no more frames (but still gives credit for those it reads)

import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { FrameStream, NodeId } from './network.ts'

/** What carries the bytes: a libp2p stream, or one end of a pipe in memory. Bytes arrive in order, cut anywhere. */
export interface Wire {
  readonly remote: NodeId
  /** Called once, before anything is sent. `end` comes last: without an error if the other end closed in order. */
  start(on: { data(bytes: Uint8Array): void; end(error?: Error): void }): void
  /** Resolves when the wire can take more. Rejects when it is gone. */
  send(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
  abort(error: Error): void
}

const creditMark = 0x800000
const endMark = creditMark
const headerBytes = 4

/** What a frame costs beyond its bytes, so that a million empty frames are not free (Invariant 9: Bounded). */
const frameCost = 64
/**
 * What may lie unread at the reader. Credit is given in steps of `creditStep`, hence at most one step is withheld and the largest frame always
 * fits in what is left.
 */
const creditStep = limits.frameBytes / 2
const windowCost = limits.frameBytes + frameCost + creditStep
assert(windowCost < creditMark, 'a length and a credit fit into a word, and leave one bit')

/** A FrameStream over a Wire. */
export class FramedStream implements FrameStream {
  readonly remote: NodeId
  readonly frames: AsyncIterable<Uint8Array>
  readonly #wire: Wire
  readonly #inbox: Uint8Array[] = []
  readonly #parser: FrameParser
  /** Cost of frames received and not yet taken by the reader, and of frames taken for which no credit was given yet. */
  #unread = 0
  #taken = 0
  /** Cost of frames we sent for which no credit came yet. */
  #inFlight = 0
  #sending: Promise<void> = Promise.resolve()
  #wakeReader: () => void = () => {}
  #wakeSender: () => void = () => {}
  #error: JoineryError | undefined
  #oursEnded = false
  #theirsEnded = false
  #readerGone = false

  constructor(wire: Wire) {
    this.#wire = wire
    this.remote = wire.remote
    this.frames = this.#read()
    this.#parser = new FrameParser({
      admit: (length) => this.#admit(length),
      frame: (frame) => this.#received(frame),
      credit: (cost) => this.#credited(cost),
      end: () => this.#endReceived(),
    })
    wire.start({ data: (bytes) => this.#data(bytes), end: (error) => this.#wireEnded(error) })
  }

  send(frame: Uint8Array): Promise<void> {
    if (frame.length > limits.frameBytes) {
      return Promise.reject(
        new JoineryError('limit', `a frame of ${frame.length} bytes is over the limit of ${limits.frameBytes}`),
      )
    }
    return this.#inTurn(() => this.#sendNow(frame))
  }

  async close(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        if (this.#oursEnded) return
        this.#oursEnded = true
        await this.#wire.send(frameHeader(endMark))
        this.#closeWhenBothEnded()
      })
    } catch {
      // The other end is gone: there is nobody left to tell.
    }
  }

  abort(reason: Error): void {
    if (this.#finished) return
    this.#fail(
      reason instanceof JoineryError
        ? reason
        : new JoineryError('network', `the stream was cut: ${reason.message}`, { cause: reason }),
    )
  }

  get #finished(): boolean {
    return this.#error !== undefined || (this.#oursEnded && this.#theirsEnded)
  }

  /** One send after the other, in the order of the calls. */
  #inTurn(send: () => Promise<void>): Promise<void> {
    const turn = this.#sending.then(send)
    this.#sending = turn.catch(() => {})
    return turn
  }

  async #sendNow(frame: Uint8Array): Promise<void> {
    const cost = frame.length + frameCost
    while (this.#error === undefined && this.#inFlight + cost > windowCost) {
      await new Promise<void>((resolve) => {
        this.#wakeSender = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
    if (this.#oursEnded) throw new JoineryError('closed', 'the stream was closed')
    this.#inFlight += cost
    const bytes = new Uint8Array(headerBytes + frame.length)
    bytes.set(frameHeader(frame.length))
    bytes.set(frame, headerBytes)
    try {
      await this.#wire.send(bytes)
    } catch (cause) {
      throw this.#error ?? new JoineryError('network', 'the stream broke while sending', { cause })
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const frame = this.#inbox.shift()
        if (frame !== undefined) {
          yield frame
          this.#take(frame.length + frameCost)
        } else if (this.#error !== undefined) {
          throw this.#error
        } else if (this.#theirsEnded) {
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve
          })
        }
      }
    } finally {
      // Nobody reads on: what still comes is taken and dropped, so that the sender need not wait for ever.
      this.#readerGone = true
      this.#inbox.length = 0
      this.#take(this.#unread)
    }
  }

  #take(cost: number): void {
    this.#unread -= cost
    this.#taken += cost
    if (this.#taken < creditStep || this.#theirsEnded || this.#finished) return
    const credit = this.#taken
    this.#taken = 0
    // A wire that fails here says so by its end.
    this.#wire.send(frameHeader(creditMark + credit)).catch(() => {})
  }

  #data(bytes: Uint8Array): void {
    if (this.#error !== undefined) return
    try {
      this.#parser.push(bytes)
    } catch (error) {
      assert(error instanceof JoineryError, `the frame parser threw ${String(error)}`)
      this.#fail(error)
    }
  }

  /** Before a byte is allocated for it (Invariant 9: Bounded). */
  #admit(length: number): void {
    if (this.#theirsEnded) throw new JoineryError('bad-message', 'a frame follows the end of the stream')
    if (length > limits.frameBytes) {
      throw new JoineryError('bad-message', `a frame of ${length} bytes is over the limit of ${limits.frameBytes}`)
    }
    if (this.#unread + length + frameCost > windowCost) {
      throw new JoineryError('bad-message', `frames came without credit: ${this.#unread} unread, ${length} more`)
    }
    this.#unread += length + frameCost
  }

  #received(frame: Uint8Array): void {
    if (this.#readerGone) this.#take(frame.length + frameCost)
    else this.#inbox.push(frame)
    this.#wakeReader()
  }

  #credited(cost: number): void {
    if (cost > this.#inFlight)
      throw new JoineryError('bad-message', `credit of ${cost} for ${this.#inFlight} in flight`)
    this.#inFlight -= cost
    this.#wakeSender()
  }

  #endReceived(): void {
    this.#theirsEnded = true
    this.#wakeReader()
    this.#closeWhenBothEnded()
  }

  #closeWhenBothEnded(): void {
    // Both sides have said all: a wire that cannot even close is cut by its owner.
    if (this.#oursEnded && this.#theirsEnded) this.#wire.close().catch(() => {})
  }

  #wireEnded(error: Error | undefined): void {
    if (this.#finished) return
    this.#fail(
      new JoineryError('network', `the stream broke${error === undefined ? '' : `: ${error.message}`}`, {
        cause: error,
      }),
    )
  }

  #fail(error: JoineryError): void {
    this.#error = error
    this.#wire.abort(error)
    this.#wakeReader()
    this.#wakeSender()
  }
}

interface FrameEvents {
  /** May throw to refuse a frame of this length. */
  admit(length: number): void
  frame(frame: Uint8Array): void
  credit(cost: number): void
  end(): void
}

/** Bytes cut anywhere, put together to frames. Copies each byte once. */
class FrameParser {
  readonly #on: FrameEvents
  readonly #header = new Uint8Array(headerBytes)
  #headerLength = 0
  #frame: Uint8Array | undefined
  #frameLength = 0

  constructor(on: FrameEvents) {
    this.#on = on
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length)
      at += this.#frame === undefined ? this.#intoHeader(bytes, at) : this.#intoFrame(this.#frame, bytes, at)
  }

  #intoHeader(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + headerBytes - this.#headerLength)
    this.#header.set(part, this.#headerLength)
    this.#headerLength += part.length
    if (this.#headerLength === headerBytes) {
      this.#headerLength = 0
      this.#headerDone(readHeader(this.#header))
    }
    return part.length
  }

  #headerDone(word: number): void {
    if (word === endMark) this.#on.end()
    else if (word > creditMark) this.#on.credit(word - creditMark)
    else this.#begin(word)
  }

  #begin(length: number): void {
    this.#on.admit(length)
    this.#frame = new Uint8Array(length)
    this.#frameLength = 0
    if (length === 0) this.#intoFrame(this.#frame, this.#frame, 0)
  }

  #intoFrame(frame: Uint8Array, bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + frame.length - this.#frameLength)
    frame.set(part, this.#frameLength)
    this.#frameLength += part.length
    if (this.#frameLength === frame.length) {
      this.#frame = undefined
      this.#on.frame(frame)
    }
    return part.length
  }
}

/** What stands before the bytes of a frame of this length; a word of more is a credit or the end. */
export function frameHeader(word: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  new DataView(bytes.buffer).setUint32(0, word)
  bytes[0] = checkOf(bytes)
  return bytes
}

/** Errors: 'bad-message' where a bit turned over on the way. */
function readHeader(bytes: Uint8Array): number {
  if (bytes[0] !== checkOf(bytes)) throw new JoineryError('bad-message', 'the header of a frame was altered on the way')
  return new DataView(bytes.buffer).getUint32(0) & 0xffffff
}

/** CRC-8 (x^8 + x^2 + x + 1) of a word: any three flipped bits show. Begun so that zeros are no header. */
function checkOf(bytes: Uint8Array): number {
  let check = 0xa5
  for (const byte of bytes.subarray(1)) {
    check ^= byte
    for (let bit = 0; bit < 8; bit++) check = check & 0x80 ? ((check << 1) ^ 0x07) & 0xff : check << 1
  }
  return check
}
