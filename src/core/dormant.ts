// Changes that name themselves (an init) and that nothing here builds on. Nobody signed them, so anybody can have any number of them made: they are not
// entered, nor stored, but kept aside, some of them, until a signed edit comes that builds on one. Whoever sends that edit sends the change again, if need be.

import { limits } from '../base/limits.ts'
import { BufferPool, type Pooled } from './buffer-pool.ts'
import type { ActorId } from './ids.ts'
import type { SignedRange } from './range.ts'

interface Kept {
  readonly range: SignedRange
  readonly source: string
}

export class Dormant implements Pooled {
  readonly #pool: BufferPool
  /** The oldest first. */
  readonly #kept = new Map<ActorId, Kept>()
  #bytes = 0

  constructor(pool: BufferPool = new BufferPool()) {
    this.#pool = pool
  }

  get count(): number {
    return this.#kept.size
  }

  get limitedBytes(): number {
    return this.#bytes
  }

  add(range: SignedRange, source: string): void {
    this.take(range.actor)
    this.#kept.set(range.actor, { range, source })
    this.#account(range, source, 1)
    while (this.#kept.size > limits.dormant || this.#bytes > limits.dormantBytes || this.#pool.isOver(source))
      if (!this.dropFurthest()) return
    this.#pool.trim()
  }

  /** What an edit builds on, to be entered with it. */
  take(actor: ActorId): SignedRange | undefined {
    const kept = this.#kept.get(actor)
    if (kept === undefined) return undefined
    this.#kept.delete(actor)
    this.#account(kept.range, kept.source, -1)
    return kept.range
  }

  dropFurthest(): boolean {
    const [oldest] = this.#kept.keys()
    return oldest !== undefined && this.take(oldest) !== undefined
  }

  clear(): void {
    while (this.dropFurthest());
  }

  #account({ body }: SignedRange, source: string, sign: 1 | -1): void {
    const bytes = sign * (body.length + overheadBytes)
    this.#bytes += bytes
    this.#pool.account(this, source, bytes)
  }
}

/** A range takes about so much more memory than its bytes. */
const overheadBytes = 256
