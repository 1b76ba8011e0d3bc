// What is assigned to make a text, a counter, a set or an opaque value. Before it is assigned each behaves as a plain, private one.

import { JoineryError } from '../base/errors.ts'
import type { Counter, SetOf, Text } from './types.ts'

/**
 * A text that many people write in at once. Read back from `value` it is a string.
 *
 * @example
 * doc.change((d) => { d.note = text('hi') })
 */
export function text(content = ''): Text {
  return new NewText(content)
}

/**
 * A number that many people add to at once.
 *
 * @example
 * doc.change((d) => { d.votes = counter(); d.votes.add(1) })
 */
export function counter(value: number = 0): Counter {
  return new NewCounter(value)
}

/**
 * A set of plain values. Read back from `value` it is an array.
 *
 * @example
 * doc.change((d) => { d.tags = set(['a']); d.tags.add('b') })
 */
export function set<V = unknown>(values: Iterable<V> = []): SetOf<V> {
  return new NewSet<V>(values)
}

/**
 * An opaque value: kept and replaced whole, never merged inside.
 *
 * @example
 * doc.change((d) => { d.position = json({ x: 1, y: 2 }) })
 */
export function json<V>(value: V): V {
  // Typed as what it reads back as, so that it can be assigned where that is expected.
  return new NewJson(value) as V
}

/** Not yet checked: that is done when it is assigned, where the path is known. */
export class NewJson {
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }
}

export class NewText implements Text {
  #content: string

  constructor(content: string) {
    this.#content = String(content)
  }

  get length(): number {
    return this.#content.length
  }

  insert(index: number, content: string): void {
    checkSpan(this.length, index, 0)
    this.#content = this.#content.slice(0, index) + content + this.#content.slice(index)
  }

  delete(index: number, count: number): void {
    checkSpan(this.length, index, count)
    this.#content = this.#content.slice(0, index) + this.#content.slice(index + count)
  }

  append(content: string): void {
    this.#content += content
  }

  slice(start?: number, end?: number): string {
    return this.#content.slice(start, end)
  }

  toString(): string {
    return this.#content
  }

  toJSON(): string {
    return this.#content
  }
}

export class NewCounter implements Counter {
  #value: number

  constructor(value: number) {
    this.#value = checkAmount(value)
  }

  get value(): number {
    return this.#value
  }

  add(by = 1): void {
    this.#value = checkAmount(this.#value + checkAmount(by))
  }

  toJSON(): number {
    return this.#value
  }
}

export class NewSet<V> implements SetOf<V> {
  readonly #values: V[]

  constructor(values: Iterable<V>) {
    this.#values = [...values]
  }

  get size(): number {
    return this.#values.length
  }

  add(value: V): void {
    if (!this.has(value)) this.#values.push(value)
  }

  delete(value: V): boolean {
    const index = this.#find(value)
    if (index >= 0) this.#values.splice(index, 1)
    return index >= 0
  }

  has(value: V): boolean {
    return this.#find(value) >= 0
  }

  values(): IterableIterator<V> {
    return this.#values.values()
  }

  [Symbol.iterator](): IterableIterator<V> {
    return this.values()
  }

  toJSON(): V[] {
    return this.#values
  }

  #find(value: V): number {
    return this.#values.findIndex((other) => Object.is(other, value))
  }
}

/** Checks a place in something of `length`. */
export function checkSpan(length: number, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index > length)
    throw new JoineryError('bad-change', `index ${index} is outside of 0-${length}`)
  if (!Number.isInteger(count) || count < 0 || index + count > length)
    throw new JoineryError('bad-change', `${count} from index ${index} on is more than the length of ${length}`)
}

export function checkAmount(by: number): number {
  if (!Number.isSafeInteger(by)) throw new JoineryError('bad-value', `a counter adds safe integers, not ${String(by)}`)
  return by === 0 ? 0 : by
}
