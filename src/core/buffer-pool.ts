// What waits in the causal buffers of many documents, counted together: in all, and of each neighbour that handed it on, so that neither one document nor one
// neighbour takes all the room there is (Invariant 9).

import { limits } from '../base/limits.ts'

/** A buffer, as the others see it. */
export interface Pooled {
  /** Bytes that wait in it and may be dropped. */
  readonly limitedBytes: number
  /** Drops what is furthest from what is held; false if there is nothing to drop. */
  dropFurthest(): boolean
}

export interface PoolLimits {
  readonly bytes: number
  readonly sourceBytes: number
}

export class BufferPool {
  readonly #limits: PoolLimits
  readonly #buffers = new Set<Pooled>()
  readonly #bySource = new Map<string, number>()
  #bytes = 0

  constructor(poolLimits: PoolLimits = { bytes: limits.bufferTotalBytes, sourceBytes: limits.bufferSourceBytes }) {
    this.#limits = poolLimits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Something came into a buffer, or left it (a negative number). */
  account(buffer: Pooled, source: string | undefined, bytes: number): void {
    this.#bytes += bytes
    if (buffer.limitedBytes > 0) this.#buffers.add(buffer)
    else this.#buffers.delete(buffer)
    if (source === undefined) return
    const left = (this.#bySource.get(source) ?? 0) + bytes
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }

  /** Whether a neighbour has more waiting here than it may. */
  isOver(source: string | undefined): boolean {
    return source !== undefined && (this.#bySource.get(source) ?? 0) > this.#limits.sourceBytes
  }

  /** Makes room where more waits in all than may: whichever document has most gives way. Whether anything did. */
  trim(): boolean {
    let hasTrimmed = false
    while (this.#bytes > this.#limits.bytes) {
      const fullest = [...this.#buffers].reduce<Pooled | undefined>(
        (most, one) => (most === undefined || one.limitedBytes > most.limitedBytes ? one : most),
        undefined,
      )
      if (fullest === undefined || !fullest.dropFurthest()) return hasTrimmed
      hasTrimmed = true
    }
    return hasTrimmed
  }
}
