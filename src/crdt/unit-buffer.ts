// A text at rest: its UTF-16 units and nothing else, in gap buffers of typed arrays. An edit costs the distance from the last one, and never more
// than one chunk. A text that was loaded and not yet edited stays the string that it came as.
//
//   chunk   h e l l o · · · · · w o r l d        the gap is where the last edit was
//                     gapStart  gapEnd

import { assert } from '../base/assert.ts'
import {
  asciiToString,
  copyUnits,
  hasSurrogate,
  isAscii,
  isSurrogate,
  unitsOf,
  unitsToString,
} from '../core/columns.ts'
import { fewUnits, GapChunk } from './gap-chunk.ts'

/** 32 kB: moving half of it costs less than a microsecond, and 10 million units are a thousand chunks. */
const chunkMax = 2 ** 14
/** From here on bytes are made of ASCII, as strings keep it. */
const bytesMin = 256

export class UnitBuffer {
  readonly #chunkMax: number
  #chunks: GapChunk[] = []
  /** Units; altered in here only. */
  length = 0
  /** The chunk of the last edit or question, and the index of its first unit. */
  #at = 0
  #start = 0
  /** What toString gave, until an edit. If there are units but no chunks, it is all there is. */
  #text: string | undefined = ''
  /** Whether a surrogate was ever in it; undefined while it is a string nobody looked through. */
  #paired: boolean | undefined = false
  /** Whether nothing but ASCII was ever in it: not said of a string. */
  #isAscii = true

  /** Chunks are made smaller by tests only. */
  constructor(max = chunkMax) {
    assert(max >= 4, `chunks of ${max} units cannot be halved`)
    this.#chunkMax = max
  }

  static from(text: string | Uint16Array, max = chunkMax): UnitBuffer {
    const buffer = new UnitBuffer(max)
    if (typeof text !== 'string') buffer.insert(0, text, 0, text.length)
    else {
      buffer.#text = text
      buffer.length = text.length
      buffer.#paired = undefined
    }
    return buffer
  }

  /** Whether a surrogate was ever inserted: if not, every index is between two characters and the text is well formed. */
  get paired(): boolean {
    this.#paired ??= /[\ud800-\udfff]/.test(this.#text ?? '')
    return this.#paired
  }

  insertUnit(index: number, unit: number): void {
    const chunk = this.#open(index, 1)
    chunk.put(index - this.#start, unit)
    if (unit >= 0x80) this.#note(isSurrogate(unit))
    this.length++
  }

  insertString(index: number, text: string): void {
    if (text.length === 1) this.insertUnit(index, text.charCodeAt(0))
    else if (text.length <= this.#chunkMax >> 1) {
      const chunk = this.#open(index, text.length)
      const { units } = chunk
      const from = chunk.spread(index - this.#start, text.length)
      let all = 0
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i)
        units[from + i] = unit
        all |= unit
      }
      if (all >= 0x80) this.#note(hasSurrogate(units, from, from + text.length))
      this.length += text.length
    } else this.insert(index, unitsOf(text), 0, text.length)
  }

  /** Inserts `count` units from `from` on of a store of units. */
  insert(index: number, units: Uint16Array, from: number, count: number): void {
    if (from < 0 || count < 0 || from + count > units.length) this.#refuse(from, from + count)
    if (count === 0) return
    const half = this.#chunkMax >> 1
    if (count <= fewUnits && count <= half) {
      const chunk = this.#open(index, count)
      const to = chunk.spread(index - this.#start, count)
      const target = chunk.units
      let all = 0
      for (let i = 0; i < count; i++) {
        const unit = units[from + i] as number
        target[to + i] = unit
        all |= unit
      }
      if (all >= 0x80) this.#note(this.#paired !== true && hasSurrogate(units, from, from + count))
      this.length += count
      return
    }
    if (count <= half) {
      const chunk = this.#open(index, count)
      const to = chunk.spread(index - this.#start, count)
      chunk.units.set(units.subarray(from, from + count), to)
    } else this.#insertChunks(index, units, from, count)
    if (!isAscii(units, from, from + count))
      this.#note(this.#paired !== true && hasSurrogate(units, from, from + count))
    this.length += count
  }

  remove(index: number, count: number): void {
    if (index < 0 || count < 0 || index + count > this.length) this.#refuse(index, index + count)
    if (count === 0) return
    this.#change()
    let left = count
    while (left > 0) left -= this.#removePart(index, left)
  }

  unitAt(index: number): number {
    if (index < 0 || index >= this.length) this.#refuse(index, index + 1)
    if (this.#chunks.length === 0) return (this.#text ?? '').charCodeAt(index)
    this.#seek(index + 1)
    return (this.#chunks[this.#at] as GapChunk).unitAt(index - this.#start)
  }

  /** Units [start, end) as a string, lone surrogates too. */
  slice(start: number, end: number): string {
    if (start < 0 || start > end || end > this.length) this.#refuse(start, end)
    if (this.#text !== undefined) return this.#text.slice(start, end)
    const units = this.units(start, end)
    return unitsToString(units, 0, units.length)
  }

  /** A copy of units [start, end). */
  units(start: number, end: number): Uint16Array<ArrayBuffer> {
    const units = new Uint16Array(end - start)
    this.copyTo(units, 0, start, end)
    return units
  }

  /** Copies units [start, end) to `target`, from `at` on. */
  copyTo(target: Uint16Array, at: number, start: number, end: number): void {
    if (start < 0 || start > end || end > this.length) this.#refuse(start, end)
    if (this.#chunks.length === 0) copyUnits((this.#text ?? '').slice(start, end), target, at)
    else this.#gather(target, at, start, end)
  }

  #gather(target: Uint16Array | Uint8Array, at: number, start: number, end: number): void {
    if (start === end) return
    this.#seek(start + 1)
    let next = this.#at
    let first = this.#start
    for (let from = start; from < end; next++) {
      const chunk = this.#chunks[next] as GapChunk
      const to = Math.min(end, first + chunk.length)
      chunk.copyTo(target, at + from - start, from - first, to - first)
      from = to
      first += chunk.length
    }
  }

  /** The whole text, lone surrogates too. Kept until the next edit. */
  toString(): string {
    if (this.#text !== undefined) return this.#text
    if (this.#isAscii && this.length >= bytesMin) {
      const bytes = new Uint8Array(this.length)
      this.#gather(bytes, 0, 0, this.length)
      this.#text = asciiToString(bytes)
    } else {
      const units = this.units(0, this.length)
      this.#text = unitsToString(units, 0, units.length)
    }
    return this.#text
  }

  /** Gives back what growth took too much. */
  trim(): void {
    for (const chunk of this.#chunks) chunk.trim()
  }

  /** Throws unless everything is as it must be. */
  check(): void {
    let [length, start] = [0, 0]
    for (const [i, chunk] of this.#chunks.entries()) {
      if (i === this.#at) start = length
      chunk.check(this.#chunkMax)
      length += chunk.length
      assert(chunk.length > 0 || this.#chunks.length === 1, `chunk ${i} of ${this.#chunks.length} is empty`)
    }
    assert(this.#start === start, `chunk ${this.#at} starts at ${start}, not ${this.#start}`)
    if (this.#chunks.length > 0) assert(length === this.length, `${length} units in chunks, ${this.length} in all`)
    if (this.#text !== undefined) assert(this.#text.length === this.length, `the kept text is of another length`)
    else assert(this.#chunks.length > 0, 'neither chunks nor a text')
    if (this.#paired === false) assert(!/[\ud800-\udfff]/.test(this.toString()), 'a surrogate was not noticed')
  }

  /** The chunk where `count` units, at most half a chunk, go in at `index`; it has room for them. */
  #open(index: number, count: number): GapChunk {
    if (index < 0 || index > this.length) this.#refuse(index, index)
    if (this.#chunks.length === 0) this.#wake()
    this.#text = undefined
    this.#seek(index)
    const chunk = this.#chunks[this.#at] as GapChunk
    if (chunk.gapEnd - chunk.gapStart >= count) return chunk
    if (chunk.length + count <= this.#chunkMax) {
      chunk.grow(count, this.#chunkMax)
      return chunk
    }
    this.#halve(chunk, index)
    return this.#open(index, count)
  }

  /** Removes up to `count` units at `index`, as many as are in one chunk; gives how many. */
  #removePart(index: number, count: number): number {
    this.#seek(index + 1)
    const chunk = this.#chunks[this.#at] as GapChunk
    const at = index - this.#start
    const before = chunk.length
    const part = Math.min(count, before - at)
    chunk.remove(at, part)
    this.length -= part
    if (before === part || before - part < this.#chunkMax >> 3) this.#join()
    return part
  }

  /** The half that is not edited keeps no room: most are not for long. */
  #halve(chunk: GapChunk, index: number): void {
    const middle = chunk.length >> 1
    const isLeft = index - this.#start <= middle
    const right = new GapChunk(isLeft ? chunk.length - middle : this.#chunkMax)
    right.fill(chunk, middle, chunk.length)
    chunk.remove(middle, chunk.length - middle)
    if (!isLeft) chunk.trim()
    this.#chunks.splice(this.#at + 1, 0, right)
  }

  /** Many units: they become chunks of their own, three quarters full, between what was before and what was after. */
  #insertChunks(index: number, units: Uint16Array, from: number, count: number): void {
    this.#open(index, 0)
    const chunk = this.#chunks[this.#at] as GapChunk
    const at = index - this.#start
    const made: GapChunk[] = []
    const size = (this.#chunkMax * 3) >> 2
    for (let done = 0; done < count; done += size) {
      const part = units.subarray(from + done, from + Math.min(count, done + size))
      const next = new GapChunk(part.length)
      next.units.set(part)
      next.gapStart = part.length
      made.push(next)
    }
    if (at < chunk.length) {
      const rest = new GapChunk(chunk.length - at)
      rest.fill(chunk, at, chunk.length)
      chunk.remove(at, rest.length)
      made.push(rest)
    }
    const before = this.#chunks.slice(0, chunk.length > 0 ? this.#at + 1 : this.#at)
    this.#chunks = before.concat(made, this.#chunks.slice(this.#at + 1))
    this.#at = 0
    this.#start = 0
  }

  /** Puts the chunk last looked at, which shrank, into a neighbour if both are small together. */
  #join(): void {
    if (this.#chunks.length === 1) return
    const chunk = this.#chunks[this.#at] as GapChunk
    if (chunk.length === 0) {
      this.#chunks.splice(this.#at, 1)
      if (this.#at === this.#chunks.length) this.#start -= (this.#chunks[--this.#at] as GapChunk).length
      return
    }
    const left = this.#at > 0 ? this.#at - 1 : this.#at
    const a = this.#chunks[left] as GapChunk
    const b = this.#chunks[left + 1] as GapChunk
    if (a.length + b.length > this.#chunkMax >> 1) return
    if (left < this.#at) this.#start -= a.length
    this.#at = left
    if (a.room < b.length) a.grow(b.length, this.#chunkMax)
    const to = a.spread(a.length, b.length)
    b.copyTo(a.units, to, 0, b.length)
    this.#chunks.splice(left + 1, 1)
  }

  /** Before an edit: the string is no longer what is here. */
  #change(): void {
    if (this.#chunks.length === 0) this.#wake()
    this.#text = undefined
  }

  #wake(): void {
    const text = this.#text ?? ''
    this.#paired = this.paired
    this.#chunks.push(new GapChunk(0))
    if (text.length === 0) return
    const units = new Uint16Array(text.length)
    this.#isAscii = copyUnits(text, units, 0)
    this.#insertChunks(0, units, 0, text.length)
  }

  /** Something that is not ASCII goes in. */
  #note(hasSurrogates: boolean): void {
    this.#isAscii = false
    if (hasSurrogates) this.#paired = true
  }

  /** Goes to a chunk that ends at or after `index`, and starts before it (or at 0). */
  #seek(index: number): void {
    const start = this.#start
    const { length } = this.#chunks[this.#at] as GapChunk
    if (index > start + length || (index <= start && start > 0)) this.#walk(index)
  }

  /** Walks there from wherever is nearest. */
  #walk(index: number): void {
    const chunks = this.#chunks
    if (index * 2 < this.#start) {
      this.#at = 0
      this.#start = 0
    } else if (index * 2 > this.#start + this.length) {
      this.#at = chunks.length - 1
      this.#start = this.length - (chunks[this.#at] as GapChunk).length
    }
    while (this.#start > 0 && index <= this.#start) this.#start -= (chunks[--this.#at] as GapChunk).length
    for (;;) {
      const { length } = chunks[this.#at] as GapChunk
      if (index <= this.#start + length) return
      this.#start += length
      this.#at++
    }
  }

  // Apart, so that no sentence is made where all is well.
  #refuse(start: number, end: number): void {
    assert(false, `no units [${start}, ${end}) in a text of ${this.length}`)
  }
}
