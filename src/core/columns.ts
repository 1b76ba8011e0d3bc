// Growable columns of numbers: what the event graph and the op log are made of. No object per entry; growth is by a part of what is there, so appending
// is amortised constant, and a column of a million entries is one typed array.

import { assert } from '../base/assert.ts'

/** What is empty has no array of its own: a document has dozens of columns, and most stay as they are in most documents. */
const noNumbers = new Int32Array(0)
const noUnits = new Uint16Array(0)

/** Twice as much, or a quarter more of what is large: what is held in vain is a fifth at most then. */
function roomAfter(length: number): number {
  return length < largeLength ? 2 * length : length + (length >>> 2)
}

const largeLength = 2 ** 16

/** A growable Int32Array. `data` may be read directly below `length`; it is another array after a push. */
export class Int32Column {
  data: Int32Array<ArrayBuffer>
  length = 0

  constructor(capacity = 0) {
    this.data = capacity === 0 ? noNumbers : new Int32Array(capacity)
  }

  push(value: number): void {
    if (this.length === this.data.length) this.#grow(this.length + 1)
    this.data[this.length++] = value
  }

  /** Four at once, for who keeps things by fours. */
  push4(a: number, b: number, c: number, d: number): void {
    const at = this.length
    if (at + 4 > this.data.length) this.#grow(at + 4)
    const { data } = this
    data[at] = a
    data[at + 1] = b
    data[at + 2] = c
    data[at + 3] = d
    this.length = at + 4
  }

  at(index: number): number {
    return this.data[index] as number
  }

  last(): number {
    return this.data[this.length - 1] as number
  }

  truncate(length: number): void {
    if (length > this.length) assert(false, `a column of ${this.length} cannot be cut to ${length}`)
    this.length = length
  }

  insert(index: number, value: number): void {
    if (this.length === this.data.length) this.#grow(this.length + 1)
    this.data.copyWithin(index + 1, index, this.length)
    this.data[index] = value
    this.length++
  }

  /** Gives back what growth took too much. */
  trim(): void {
    this.data = this.data.slice(0, this.length)
  }

  #grow(least: number): void {
    const grown = new Int32Array(Math.max(8, roomAfter(this.data.length), least))
    if (this.length > 0) grown.set(this.data.subarray(0, this.length))
    this.data = grown
  }
}

/** The greatest index whose value is at most `value`, in an ascending column; -1 if there is none. */
export function lastAtMost(column: Int32Column, value: number): number {
  const { data } = column
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((data[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** UTF-16 units in order of arrival: the content of all texts of a document. */
export class UnitColumn {
  data: Uint16Array<ArrayBuffer>
  length = 0

  constructor(capacity = 0) {
    this.data = capacity === 0 ? noUnits : new Uint16Array(capacity)
  }

  /** Appends the units of a string; gives the offset of the first. */
  push(text: string): number {
    const at = this.length
    this.reserve(text.length)
    const { data } = this
    for (let i = 0; i < text.length; i++) data[at + i] = text.charCodeAt(i)
    this.length = at + text.length
    return at
  }

  pushUnit(unit: number): number {
    if (this.length === this.data.length) this.reserve(1)
    this.data[this.length] = unit
    return this.length++
  }

  pushUnits(units: Uint16Array, from = 0, to = units.length): number {
    const at = this.length
    const count = to - from
    this.reserve(count)
    // For a few units a loop is faster than a view.
    if (count > fewUnits) this.data.set(units.subarray(from, to), at)
    else for (let i = 0; i < count; i++) this.data[at + i] = units[from + i] as number
    this.length = at + count
    return at
  }

  slice(start: number, end: number): string {
    return unitsToString(this.data, start, end)
  }

  truncate(length: number): void {
    if (length > this.length) assert(false, `${this.length} units cannot be cut to ${length}`)
    this.length = length
  }

  trim(): void {
    this.data = this.data.slice(0, this.length)
  }

  reserve(more: number): void {
    const least = this.length + more
    if (least <= this.data.length) return
    const grown = new Uint16Array(Math.max(32, roomAfter(this.data.length), least))
    if (this.length > 0) grown.set(this.data.subarray(0, this.length))
    this.data = grown
  }
}

const unitsAtOnce = 8192
const fewUnits = 16
/** From here on the platform's decoders are faster than a call with the units as arguments. */
const manyUnits = 1024
const encoder = new TextEncoder()
const asciiDecoder = new TextDecoder('utf-8')
const unitDecoder = new TextDecoder('utf-16le', { ignoreBOM: true })

/** Units as a string, lone surrogates too. */
export function unitsToString(units: Uint16Array, start: number, end: number): string {
  if (end - start < manyUnits) return unitsByCall(units, start, end)
  // A decoder of UTF-16 gives a string of twice the size, even where bytes would do.
  if (isAscii(units, start, end)) return asciiToString(Uint8Array.from(units.subarray(start, end)))
  // A decoder replaces lone surrogates, so it is not asked where there may be any.
  if (hasSurrogate(units, start, end)) return unitsByCall(units, start, end)
  return unitDecoder.decode(units.subarray(start, end))
}

/** Units that are all ASCII, as bytes. */
export function asciiToString(bytes: Uint8Array): string {
  return asciiDecoder.decode(bytes)
}

/** Whether all units are below 0x80: four are looked at in each step, since this is done to whole texts and mostly once. */
export function isAscii(units: Uint16Array, start: number, end: number): boolean {
  let all = 0
  let at = start
  for (; at + 4 <= end; at += 4)
    all |= (units[at] as number) | (units[at + 1] as number) | (units[at + 2] as number) | (units[at + 3] as number)
  for (; at < end; at++) all |= units[at] as number
  return all < 0x80
}

/** In parts, since a call takes only so many arguments. */
function unitsByCall(units: Uint16Array, start: number, end: number): string {
  let out = ''
  for (let at = start; at < end; at += unitsAtOnce) {
    // A typed array is what apply takes at run time; its type in the library names arrays only.
    const part = units.subarray(at, Math.min(end, at + unitsAtOnce)) as unknown as number[]
    out += String.fromCharCode.apply(null, part)
  }
  return out
}

export function unitsOf(text: string): Uint16Array<ArrayBuffer> {
  const units = new Uint16Array(text.length)
  copyUnits(text, units, 0)
  return units
}

/** Says whether all units are ASCII, if the text is long; false else. */
export function copyUnits(text: string, target: Uint16Array, at: number): boolean {
  if (text.length >= manyUnits) {
    // The platform is faster than a loop, but it only gives UTF-8.
    const bytes = encoder.encode(text)
    if (bytes.length === text.length) {
      target.set(bytes, at)
      return true
    }
  }
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i)
  return false
}

export function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800
}

export function hasSurrogate(units: Uint16Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (isSurrogate(units[i] as number)) return true
  return false
}

/** A sequence of bits as runs of equal ones: bits that are all alike cost nothing. */
export class BitRuns {
  /** Where the bit changes: the first run is of zeros and may be empty. */
  readonly #flips = new Int32Column()
  length = 0

  push(bit: 0 | 1, count = 1): void {
    if (count === 0) return
    if (bit !== (this.#flips.length & 1)) this.#flips.push(this.length)
    this.length += count
  }

  get(index: number): 0 | 1 {
    return ((lastAtMost(this.#flips, index) + 1) & 1) as 0 | 1
  }

  /** The first index at or after `index` with this bit; `length` if there is none. */
  next(index: number, bit: 0 | 1): number {
    const run = lastAtMost(this.#flips, index)
    if (((run + 1) & 1) === bit) return Math.min(index, this.length)
    return run + 1 < this.#flips.length ? this.#flips.at(run + 1) : this.length
  }

  /** The last index at or before `index` with this bit; -1 if there is none. */
  previous(index: number, bit: 0 | 1): number {
    const run = lastAtMost(this.#flips, index)
    if (((run + 1) & 1) === bit) return index
    return run < 0 ? -1 : this.#flips.at(run) - 1
  }

  truncate(length: number): void {
    while (this.#flips.length > 0 && this.#flips.last() >= length) this.#flips.truncate(this.#flips.length - 1)
    this.length = length
  }
}
