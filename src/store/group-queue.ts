// Group commit: one commit runs at a time, and what arrives meanwhile goes together into the next. The order of the calls is the order on
// disk, strict and relaxed alike (DESIGN §3): an op of ours must never be durable before what it builds upon.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

interface Waiting<Item> {
  readonly item: Item
  readonly sizeBytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class GroupQueue<Item> {
  readonly #commit: (items: readonly Item[]) => Promise<void>
  readonly #groupBytes: number
  #waiting: Waiting<Item>[] = []
  #waitingBytes = 0
  #running: Promise<void> | undefined

  /** `commit` makes a group of items durable, all or nothing; a group is cut when it exceeds `groupBytes`. */
  constructor(commit: (items: readonly Item[]) => Promise<void>, groupBytes: number) {
    this.#commit = commit
    this.#groupBytes = groupBytes
  }

  /** Resolves when the item is committed. Rejects with what its commit, or one before it in the queue, failed with. */
  push(item: Item, sizeBytes: number): Promise<void> {
    // Invariant 9: a disk slower than its callers is told, not buffered without end.
    if (this.#waitingBytes > 0 && this.#waitingBytes + sizeBytes > limits.storeQueueBytes) {
      const words = `The store is ${this.#waitingBytes} bytes behind: wait for earlier appends before adding more.`
      return Promise.reject(new JoineryError('limit', words))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, sizeBytes, resolve, reject })
      this.#waitingBytes += sizeBytes
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    await undefined // What is appended in one turn of the event loop goes together.
    while (this.#waiting.length > 0) {
      const group = this.#take()
      try {
        await this.#commit(group.map(({ item }) => item))
        for (const { resolve } of group) resolve()
      } catch (error) {
        // What was queued behind may build upon what failed, so it fails too.
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error)
        this.#waitingBytes = 0
      }
    }
    this.#running = undefined
  }

  #take(): Waiting<Item>[] {
    let count = 0
    let sum = 0
    for (const { sizeBytes } of this.#waiting) {
      if (count > 0 && sum + sizeBytes > this.#groupBytes) break
      sum += sizeBytes
      count++
    }
    this.#waitingBytes -= sum
    return this.#waiting.splice(0, count)
  }
}
