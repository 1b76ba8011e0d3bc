// Bytes that come in pieces of any size, taken in pieces of the size that is asked for. No more is held than was asked for, and one piece.

export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held: Uint8Array[] = []
  #heldBytes = 0
  #ended = false

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** The next bytes, so many of them, for the caller to keep; undefined if fewer are left. Rejects with what the source throws. */
  async take(length: number): Promise<Uint8Array | undefined> {
    while (this.#heldBytes < length && (await this.#more())) {}
    if (this.#heldBytes < length) return undefined
    const out = new Uint8Array(length)
    for (let at = 0; at < length; ) at += this.#moveTo(out, at)
    this.#heldBytes -= length
    return out
  }

  /** Whether nothing is left. */
  async isDone(): Promise<boolean> {
    while (this.#heldBytes === 0 && (await this.#more())) {}
    return this.#heldBytes === 0
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    this.#held = []
    this.#heldBytes = 0
    if (!this.#ended) await this.#pieces.return?.()
    this.#ended = true
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false
    const { done, value } = await this.#pieces.next()
    if (done === true) this.#ended = true
    else {
      this.#held.push(value)
      this.#heldBytes += value.length
    }
    return !this.#ended
  }

  /** Moves what fits of the first piece; gives how many bytes that was. */
  #moveTo(out: Uint8Array, at: number): number {
    const [first = new Uint8Array(0)] = this.#held
    const part = first.subarray(0, out.length - at)
    out.set(part, at)
    if (part.length === first.length) this.#held.shift()
    else this.#held[0] = first.subarray(part.length)
    return part.length
  }
}
