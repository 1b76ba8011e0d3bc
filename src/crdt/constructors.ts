// What is assigned to make a text, a counter, a set or an opaque value. Before it is assigned each behaves as a plain, private one.

import { JoineryError } from '../base/errors.ts'
import { type Amount, checkAmount as checkExact, checkGrowth, sum } from './engine/amounts.ts'
import type { Counter, Log, Register, SetOf, Text } from './types.ts'

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
 * A number that many people add to at once; with `grows`, one that never becomes less.
 *
 * @example
 * doc.change((d) => { d.votes = counter(); d.votes.add(1) })
 */
export function counter(value: number | bigint = 0, options: { readonly grows?: boolean } = {}): Counter {
  return new NewCounter(value, options.grows ?? false)
}

/**
 * A set of plain values. Read back from `value` it is an array. Where one person adds what another removes at the same time, it is in, or with
 * `wins: 'remove'` out until somebody who knows of the removal adds it again.
 *
 * @example
 * doc.change((d) => { d.tags = set(['a']); d.tags.add('b') })
 */
export function set<V = unknown>(
  values: Iterable<V> = [],
  options: { readonly wins?: 'add' | 'remove' } = {},
): SetOf<V> {
  return new NewSet<V>(values, options.wins ?? 'add')
}

/**
 * A list that is only ever added to, in the same order for everybody. Read back from `value` it is an array.
 *
 * @example
 * doc.change((d) => { d.events = log(); d.events.push('created') })
 */
export function log<V = unknown>(values: Iterable<V> = []): Log<V> {
  return new NewLog<V>(values)
}

/**
 * One value of which none is lost: what several people assign at once is all kept, until somebody who has seen it assigns again. Read back from
 * `value` it is the one that shows.
 *
 * @example
 * doc.change((d) => { d.owner = register('Ada'); d.owner.set('Bo') })
 */
export function register<V = unknown>(...value: [] | [V]): Register<V> {
  return new NewRegister<V>(value)
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
  readonly grows: boolean
  #value: Amount = 0

  constructor(value: Amount, grows: boolean) {
    this.grows = grows
    this.add(value)
  }

  get value(): Amount {
    return this.#value
  }

  add(by: Amount = 1): void {
    const amount = checkExact(by)
    this.#value = sum(this.#value, this.grows ? checkGrowth(amount) : amount)
  }

  toJSON(): Amount {
    return this.#value
  }
}

export class NewSet<V> implements SetOf<V> {
  readonly wins: 'add' | 'remove'
  readonly #values: V[]

  constructor(values: Iterable<V>, wins: 'add' | 'remove') {
    this.#values = [...values]
    this.wins = wins
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

export class NewLog<V> implements Log<V> {
  readonly #values: V[]

  constructor(values: Iterable<V>) {
    this.#values = [...values]
  }

  get length(): number {
    return this.#values.length
  }

  push(...values: V[]): number {
    for (const value of values) this.#values.push(value)
    return this.length
  }

  at(index: number): V | undefined {
    return this.#values.at(index)
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
}

export class NewRegister<V> implements Register<V> {
  #values: [] | [V]

  constructor(value: [] | [V]) {
    this.#values = value
  }

  get isSet(): boolean {
    return this.#values.length > 0
  }

  get value(): V | null {
    return this.#values.length === 0 ? null : this.#values[0]
  }

  get values(): readonly V[] {
    return this.#values
  }

  set(value: V): void {
    this.#values = [value]
  }

  toJSON(): V | null {
    return this.value
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
