// The values of a list at rest, packed in arrays of at most a few hundred: an insert moves what is after it in one of them. Not a tree: the arrays
// are found from where the last question was, or from the nearer end, which for a million values is a walk of a microsecond.

import { assert } from '../base/assert.ts'

/** Moving half of them costs some 50 ns; a million values are about three thousand chunks. */
const chunkMax = 512

export class PackedList<T> {
  readonly #chunkMax: number
  /** None is empty, but the only one may be. */
  #chunks: T[][] = [[]]
  #length = 0
  /** The chunk of the last edit or question, and the index of its first value. */
  #at = 0
  #start = 0

  /** Chunks are made smaller by tests only. */
  constructor(max = chunkMax) {
    assert(max >= 4, `chunks of ${max} values cannot be halved`)
    this.#chunkMax = max
  }

  static from<T>(values: readonly T[], max = chunkMax): PackedList<T> {
    const list = new PackedList<T>(max)
    list.insert(0, values, 0, values.length)
    return list
  }

  get length(): number {
    return this.#length
  }

  insertOne(index: number, value: T): void {
    if (index < 0 || index > this.#length) this.#refuse(index, index)
    this.#seek(index)
    let chunk = this.#chunks[this.#at] as T[]
    if (chunk.length === this.#chunkMax) chunk = this.#halve(chunk, index)
    const at = index - this.#start
    if (at === chunk.length) chunk.push(value)
    else chunk.splice(at, 0, value)
    this.#length++
  }

  /** Inserts `count` values from `from` on of an array, which is often a store of many more. */
  insert(index: number, values: readonly T[], from: number, count: number): void {
    if (from < 0 || count < 0 || from + count > values.length) this.#refuse(from, from + count)
    if (index < 0 || index > this.#length) this.#refuse(index, index)
    if (count === 0) return
    this.#seek(index)
    const chunk = this.#chunks[this.#at] as T[]
    const at = index - this.#start
    const after = chunk.splice(at)
    if (chunk.length + count + after.length <= this.#chunkMax) {
      for (let i = from; i < from + count; i++) chunk.push(values[i] as T)
      for (const value of after) chunk.push(value)
    } else this.#insertChunks(chunk, after, values, from, from + count)
    this.#length += count
  }

  remove(index: number, count: number): void {
    if (index < 0 || count < 0 || index + count > this.#length) this.#refuse(index, index + count)
    for (let left = count; left > 0; ) {
      this.#seek(index + 1)
      const chunk = this.#chunks[this.#at] as T[]
      const at = index - this.#start
      const part = Math.min(left, chunk.length - at)
      if (part === 1 && at === chunk.length - 1) chunk.pop()
      else chunk.splice(at, part)
      this.#length -= part
      left -= part
      if (chunk.length === 0 || chunk.length < this.#chunkMax >> 3) this.#join()
    }
  }

  at(index: number): T {
    if (index < 0 || index >= this.#length) this.#refuse(index, index + 1)
    this.#seek(index + 1)
    return (this.#chunks[this.#at] as T[])[index - this.#start] as T
  }

  set(index: number, value: T): void {
    if (index < 0 || index >= this.#length) this.#refuse(index, index + 1)
    this.#seek(index + 1)
    ;(this.#chunks[this.#at] as T[])[index - this.#start] = value
  }

  /** Values [start, end) in an array of their own. */
  slice(start = 0, end = this.#length): T[] {
    if (start < 0 || start > end || end > this.#length) this.#refuse(start, end)
    if (start === end) return []
    this.#seek(start + 1)
    const chunk = this.#chunks[this.#at] as T[]
    const from = start - this.#start
    if (end <= this.#start + chunk.length) return chunk.slice(from, end - this.#start)
    const out = chunk.slice(from)
    for (let i = this.#at + 1; out.length < end - start; i++) {
      const next = this.#chunks[i] as T[]
      const count = Math.min(next.length, end - start - out.length)
      for (let j = 0; j < count; j++) out.push(next[j] as T)
    }
    return out
  }

  /** Where a value is, by identity; -1 if it is not here. */
  indexOf(value: T): number {
    let start = 0
    for (const chunk of this.#chunks) {
      const at = chunk.indexOf(value)
      if (at >= 0) return start + at
      start += chunk.length
    }
    return -1
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const chunk of this.#chunks) yield* chunk
  }

  /** Throws unless everything is as it must be. */
  check(): void {
    let [length, start] = [0, 0]
    for (const [i, chunk] of this.#chunks.entries()) {
      if (i === this.#at) start = length
      length += chunk.length
      assert(chunk.length <= this.#chunkMax, `chunk ${i} has ${chunk.length} values, at most ${this.#chunkMax}`)
      assert(chunk.length > 0 || this.#chunks.length === 1, `chunk ${i} of ${this.#chunks.length} is empty`)
    }
    assert(length === this.#length, `${length} values in chunks, ${this.#length} in all`)
    assert(this.#start === start, `chunk ${this.#at} starts at ${start}, not ${this.#start}`)
  }

  /** Halves a full chunk; gives the half where `index` is. At either end of the list it is not halved but left full behind. */
  #halve(chunk: T[], index: number): T[] {
    const at = index - this.#start
    const isLast = index === this.#length
    const right = isLast ? [] : chunk.splice(index === 0 ? 0 : chunk.length >> 1)
    this.#chunks.splice(this.#at + 1, 0, right)
    if (!isLast && at <= chunk.length) return chunk
    this.#at++
    this.#start += chunk.length
    return right
  }

  /** Many values: they become chunks of their own, three quarters full, between what was before and what was after. */
  #insertChunks(chunk: T[], after: T[], values: readonly T[], from: number, to: number): void {
    const made: T[][] = []
    const size = (this.#chunkMax * 3) >> 2
    for (let at = from; at < to; at += size) made.push(values.slice(at, Math.min(to, at + size)))
    if (after.length > 0) made.push(after)
    const before = this.#chunks.slice(0, chunk.length > 0 ? this.#at + 1 : this.#at)
    this.#chunks = before.concat(made, this.#chunks.slice(this.#at + 1))
    this.#at = 0
    this.#start = 0
  }

  /** Puts the chunk last looked at, which shrank, into a neighbour if both are small together. */
  #join(): void {
    if (this.#chunks.length === 1) return
    const left = this.#at > 0 ? this.#at - 1 : 0
    const a = this.#chunks[left] as T[]
    const b = this.#chunks[left + 1] as T[]
    if (a.length > 0 && b.length > 0 && a.length + b.length > this.#chunkMax >> 1) return
    if (left < this.#at) this.#start -= a.length
    this.#at = left
    this.#chunks.splice(left, 2, a.concat(b))
  }

  /** Goes to a chunk that ends at or after `index`, and starts before it (or at 0). */
  #seek(index: number): void {
    const start = this.#start
    const { length } = this.#chunks[this.#at] as T[]
    if (index > start + length || (index <= start && start > 0)) this.#walk(index)
  }

  /** Walks there from wherever is nearest. */
  #walk(index: number): void {
    const chunks = this.#chunks
    if (index * 2 < this.#start) {
      this.#at = 0
      this.#start = 0
    } else if (index * 2 > this.#start + this.#length) {
      this.#at = chunks.length - 1
      this.#start = this.#length - (chunks[this.#at] as T[]).length
    }
    while (this.#start > 0 && index <= this.#start) this.#start -= (chunks[--this.#at] as T[]).length
    for (;;) {
      const { length } = chunks[this.#at] as T[]
      if (index <= this.#start + length) return
      this.#start += length
      this.#at++
    }
  }

  // Apart, so that no sentence is made where all is well.
  #refuse(start: number, end: number): void {
    assert(false, `no values [${start}, ${end}) in a list of ${this.#length}`)
  }
}
