// Plain data, as JSON has it: how it is checked where it comes in, compared, frozen and shown. All refusals of this layer begin here.

import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export function refuse(message: string): never {
  throw new JoineryError('bad-value', message)
}

/** Ends the cases of a type's commands: the compiler knows them all, a caller without types may not. Takes the command or its `type`. */
export function refuseCommand(unknown: never): never {
  const data: unknown = unknown
  return refuse(`${show(isRecord(data) ? data.type : data)} is no command of this type`)
}

export function isRecord(data: unknown): data is Readonly<Record<string, unknown>> {
  if (typeof data !== 'object' || data === null) return false
  const prototype: unknown = Object.getPrototypeOf(data)
  return prototype === Object.prototype || prototype === null
}

/** An object with these fields of its own, and no others. */
export function record(data: unknown, names: readonly string[], what: string): Readonly<Record<string, unknown>> {
  if (!isRecord(data)) return refuse(`${what} is an object, not ${show(data)}`)
  const own = Object.keys(data)
  if (own.length !== names.length || !names.every((name) => Object.hasOwn(data, name)))
    refuse(`${what} has the fields ${names.join(', ')}, not ${own.slice(0, 10).join(', ') || 'none'}`)
  return data
}

export function list(data: unknown, what: string): readonly unknown[] {
  return Array.isArray(data) ? data : refuse(`${what} is an array, not ${show(data)}`)
}

export function tuple(data: unknown, length: number, what: string): readonly unknown[] {
  const items = list(data, what)
  return items.length === length ? items : refuse(`${what} has ${length} items, not ${items.length}`)
}

/** A safe integer, zero or more. */
export function count(data: unknown, what: string): number {
  if (typeof data !== 'number' || !Number.isSafeInteger(data) || data < 0)
    return refuse(`${what} is a safe integer of 0 or more, not ${show(data)}`)
  return data + 0
}

/** A safe integer, one or more. */
export function positive(data: unknown, what: string): number {
  return count(data, what) > 0 ? count(data, what) : refuse(`${what} is 1 or more, not 0`)
}

/** The sum of integers, exact, or an error: a counter that rounds would count differently at each replica. */
export function sum(numbers: readonly number[], what: string): number {
  const exact = numbers.reduce((total, number) => total + BigInt(number), 0n)
  if (exact > BigInt(Number.MAX_SAFE_INTEGER) || exact < BigInt(Number.MIN_SAFE_INTEGER))
    throw new JoineryError('limit', `${what} would be ${exact}, beyond the safe integers`)
  return Number(exact)
}

/** A string that UTF-8 can carry: lone surrogates would come back as another string. */
export function wellFormed(data: unknown, what: string): string {
  if (typeof data !== 'string' || !data.isWellFormed())
    return refuse(`${what} is a well-formed string, not ${show(data)}`)
  return data
}

/** The name of a replica or the key of a map. Any string will do, `__proto__` too: names are never keys of an object. */
export function name(data: unknown, what: string): string {
  const text = wellFormed(data, what)
  if (text === '') refuse(`${what} is not empty`)
  if (text.length > limits.keyBytes)
    throw new JoineryError('limit', `${what} has at most ${limits.keyBytes} characters, not ${text.length}`)
  return text
}

/** A finite number. -0 becomes 0, as it does in JSON. */
export function finite(data: unknown, what: string): number {
  if (typeof data !== 'number' || !Number.isFinite(data)) return refuse(`${what} is a finite number, not ${show(data)}`)
  return data + 0
}

/** A copy of what JSON can say, with the keys of objects in order, so that equal values have equal texts. */
export function json(data: unknown, what: string, depth = 0): Json {
  if (depth > limits.depth) throw new JoineryError('limit', `${what} is nested more than ${limits.depth} deep`)
  if (data === null || typeof data === 'boolean') return data
  if (typeof data === 'string') return wellFormed(data, what)
  if (typeof data === 'number') return finite(data, what)
  if (Array.isArray(data)) return Array.from(data, (item) => json(item, what, depth + 1))
  if (!isRecord(data) || Object.getOwnPropertySymbols(data).length > 0)
    return refuse(`${what} is what JSON can say, not ${show(data)}`)
  // fromEntries defines its keys, so that `__proto__` is a key like any other.
  return Object.fromEntries(
    Object.keys(data)
      .sort()
      .map((key) => [wellFormed(key, what), json(data[key], what, depth + 1)]),
  )
}

/** True if two values have the same shape and content. Maps and sets are compared in their order. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]))
  if (a instanceof Map || a instanceof Set)
    return (b instanceof Map || b instanceof Set) && a.constructor === b.constructor && same([...a], [...b])
  if (!isRecord(a) || !isRecord(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}

/** The value itself, frozen through and through as far as it is arrays and plain objects. What is frozen already is not entered. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) for (const item of Object.freeze(value)) freeze(item)
  else if (isRecord(value)) for (const item of Object.values(Object.freeze(value))) freeze(item)
  return value
}

/** A value in a sentence: never long, whatever it is. */
export function show(data: unknown): string {
  if (typeof data === 'string') return data.length > 40 ? `a string of ${data.length} characters` : JSON.stringify(data)
  if (typeof data === 'function') return 'a function'
  if (typeof data === 'bigint') return 'a bigint'
  if (typeof data !== 'object' || data === null) return String(data)
  return Array.isArray(data) ? `an array of ${data.length}` : 'an object'
}
