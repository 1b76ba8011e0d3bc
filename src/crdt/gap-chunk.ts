// A gap buffer of UTF-16 units: text with a gap where it was edited last, so that the next edit there moves nothing. One piece of a UnitBuffer.
//
//   h e l l o · · · · · w o r l d
//             gapStart  gapEnd

import { assert } from '../base/assert.ts'

/** Below this a loop is faster than the call of copyWithin or set. */
export const fewUnits = 24

export class GapChunk {
  units: Uint16Array<ArrayBuffer>
  gapStart = 0
  gapEnd: number
  /** That of `units`, kept here since it is asked for at every edit. */
  #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
    this.units = new Uint16Array(capacity)
    this.gapEnd = capacity
  }

  get length(): number {
    return this.#capacity - this.gapEnd + this.gapStart
  }

  get room(): number {
    return this.gapEnd - this.gapStart
  }

  put(at: number, unit: number): void {
    if (at !== this.gapStart) this.#moveGap(at)
    this.units[this.gapStart++] = unit
  }

  /** Makes the next `count` units of the gap part of the text, to be filled by the caller; gives where they are in `units`. */
  spread(at: number, count: number): number {
    if (at !== this.gapStart) this.#moveGap(at)
    this.gapStart += count
    return at
  }

  remove(at: number, count: number): void {
    if (at <= this.gapStart && at + count >= this.gapStart) {
      // Deletes that meet at the gap, to either side of it, move nothing.
      this.gapEnd += at + count - this.gapStart
      this.gapStart = at
    } else if (at < this.gapStart) {
      this.#moveGap(at + count)
      this.gapStart = at
    } else {
      this.#moveGap(at)
      this.gapEnd += count
    }
  }

  unitAt(at: number): number {
    return this.units[at < this.gapStart ? at : at + this.room] as number
  }

  /** Into bytes only where all is ASCII. */
  copyTo(target: Uint16Array | Uint8Array, at: number, start: number, end: number): void {
    const { gapStart, room } = this
    const middle = Math.max(start, Math.min(end, gapStart))
    if (start < gapStart) target.set(this.units.subarray(start, middle), at)
    if (end > gapStart) target.set(this.units.subarray(middle + room, end + room), at + middle - start)
  }

  /** Takes units of another chunk: for one that is empty. */
  fill(other: GapChunk, start: number, end: number): void {
    other.copyTo(this.units, 0, start, end)
    this.gapStart = end - start
  }

  /** Doubles, as far as chunks go, so that there is room for `count`. */
  grow(count: number, max: number): void {
    this.#resize(Math.max(this.length + count, Math.min(max, Math.max(16, this.units.length * 2))))
  }

  trim(): void {
    if (this.room > 0) this.#resize(this.length)
  }

  check(max: number): void {
    assert(this.gapStart >= 0 && this.gapStart <= this.gapEnd, `the gap is [${this.gapStart}, ${this.gapEnd})`)
    assert(this.gapEnd <= this.units.length, `the gap ends at ${this.gapEnd} of ${this.units.length}`)
    assert(this.units.length <= max, `a chunk of ${this.units.length}, at most ${max}`)
  }

  #resize(capacity: number): void {
    const units = new Uint16Array(capacity)
    const after = this.units.length - this.gapEnd
    units.set(this.units.subarray(0, this.gapStart))
    units.set(this.units.subarray(this.gapEnd), capacity - after)
    this.units = units
    this.#capacity = capacity
    this.gapEnd = capacity - after
  }

  #moveGap(at: number): void {
    const { units } = this
    const count = at - this.gapStart
    if (count < 0) {
      const to = this.gapEnd + count
      if (count < -fewUnits) units.copyWithin(to, at, this.gapStart)
      else for (let i = -count - 1; i >= 0; i--) units[to + i] = units[at + i] as number
    } else {
      const from = this.gapEnd
      if (count > fewUnits) units.copyWithin(this.gapStart, from, from + count)
      else for (let i = 0; i < count; i++) units[this.gapStart + i] = units[from + i] as number
    }
    this.gapStart = at
    this.gapEnd += count
  }
}
