// Reads what application code assigns into a plan: everything is checked, with its path, before the first op is recorded.

import { utf8 } from '../../base/bytes.ts'
import { JoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { defineKey, encodedLength, Json, type Scalar } from '../../core/value.ts'
import { NewCounter, NewJson, NewLog, NewRegister, NewSet, NewText } from '../constructors.ts'
import type { Path } from '../patch.ts'
import type { Amount } from './amounts.ts'
import { originOf } from './build.ts'
import { type Container, isContainer } from './state.ts'

/** What is to be made. */
export type Plan =
  | { readonly type: 'scalar'; readonly value: Scalar }
  | { readonly type: 'map'; readonly entries: readonly (readonly [string, Plan])[] }
  | { readonly type: 'list'; readonly items: readonly Plan[] }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'counter'; readonly value: Amount; readonly grows: boolean }
  | { readonly type: 'set'; readonly values: readonly Scalar[]; readonly wins: 'add' | 'remove' }
  | { readonly type: 'log'; readonly values: readonly Scalar[] }
  /** undefined: nothing was assigned. */
  | { readonly type: 'register'; readonly value: Scalar | undefined }

/** Where in an assigned value we are, and what is around it. */
interface Spot {
  readonly path: Path
  /** How deep a container here would stand. */
  readonly depth: number
  readonly around: ReadonlySet<object>
}

/** Finds the container behind a draft. */
export type DraftReader = (value: object) => Container | undefined

/** Reads a value that is to stand at `path`, `depth` containers deep. Errors: 'bad-value', with the path. */
export function readPlan(value: unknown, path: Path, depth: number, draftOf: DraftReader): Plan {
  return readAt(value, { path, depth, around: new Set() }, draftOf)
}

/** The plan of what is never wrong, as most that is assigned: no path is made for it. undefined where readPlan() has to look. */
export function plainPlan(value: unknown): Plan | undefined {
  if (
    typeof value === 'string'
      ? isPlainText(value)
      : typeof value === 'number' || typeof value === 'boolean' || value === null
  )
    return { type: 'scalar', value: value as Scalar }
  return undefined
}

function isPlainText(text: string): boolean {
  return 3 * text.length <= limits.valueBytes && text.isWellFormed()
}

/** Reads what can be a member of a set, or in a log or register. */
export function readMember(value: unknown, path: Path, holder = 'a set'): Scalar {
  const plan = readPlan(value, path, 0, () => undefined)
  if (plan.type !== 'scalar') throw bad(path, `is a container: ${holder} holds plain values; wrap it in json(…)`)
  return plan.value
}

/** `items[0].done` */
export function formatPath(path: Path): string {
  let out = ''
  for (const key of path) {
    if (typeof key === 'number') out += `[${key}]`
    else if (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)) out += out === '' ? key : `.${key}`
    else out += `[${JSON.stringify(key)}]`
  }
  return out === '' ? 'the root' : out
}

export function checkText(text: string, path: Path): string {
  if (!text.isWellFormed())
    throw bad(path, 'holds half of a surrogate pair: use toWellFormed(), or keep pairs together')
  if (text.length * 3 > limits.valueBytes && utf8(text).length > limits.valueBytes)
    throw bad(path, `has more than ${limits.valueBytes} bytes: keep large things in files`)
  return text
}

export function checkKey(key: string, path: Path): string {
  if (!key.isWellFormed()) throw bad(path, 'has a key with half of a surrogate pair')
  if (key.length * 3 > limits.keyBytes && utf8(key).length > limits.keyBytes)
    throw bad(path, `has a key of more than ${limits.keyBytes} bytes`)
  return key
}

/** The plan that makes a copy of a container. */
function planOf(value: Scalar | Container): Plan {
  if (!isContainer(value)) return { type: 'scalar', value }
  switch (value.type) {
    case 'map':
      return { type: 'map', entries: value.keys.map((key) => [key, planOf(value.get(key) ?? null)]) }
    case 'list':
      return { type: 'list', items: value.items.slice().map(planOf) }
    case 'text':
      return { type: 'text', text: value.units.toString().toWellFormed() }
    case 'counter':
    case 'gcounter':
      return { type: 'counter', value: value.value, grows: value.type === 'gcounter' }
    case 'set':
    case 'rwset':
      return { type: 'set', values: value.sorted, wins: value.type === 'set' ? 'add' : 'remove' }
    case 'log':
      return { type: 'log', values: [...value.values] }
    case 'register':
      return { type: 'register', value: value.heads[0]?.value }
  }
}

function readAt(value: unknown, spot: Spot, draftOf: DraftReader): Plan {
  const { path } = spot
  switch (typeof value) {
    case 'boolean':
    case 'number':
      return { type: 'scalar', value }
    case 'bigint':
      return { type: 'scalar', value: checkSize(value, path) }
    case 'string':
      return { type: 'scalar', value: checkText(value, path) }
    case 'undefined':
      throw bad(path, 'is undefined: use null or delete')
    case 'function':
      throw bad(path, 'is a function: a document holds data only')
    case 'symbol':
      throw bad(path, 'is a symbol: use a string')
    default:
      return value === null ? { type: 'scalar', value } : readObject(value as object, spot, draftOf)
  }
}

function readObject(value: object, spot: Spot, draftOf: DraftReader): Plan {
  const { path } = spot
  const copied = draftOf(value) ?? originOf(value)
  if (copied !== undefined) return checkDepth(planOf(copied), spot)
  if (value instanceof Date) return { type: 'scalar', value: copyDate(value, path) }
  if (value instanceof Uint8Array) return { type: 'scalar', value: checkSize(Uint8Array.from(value), path) }
  if (value instanceof NewJson)
    return { type: 'scalar', value: checkSize(new Json(copyJson(value.value, { ...spot, depth: 0 })), path) }
  if (spot.depth > limits.depth) throw bad(path, `is nested deeper than ${limits.depth} containers`)
  if (value instanceof NewText) return { type: 'text', text: checkText(value.toString(), path) }
  if (value instanceof NewCounter) return { type: 'counter', value: value.value, grows: value.grows }
  if (value instanceof NewSet) return { type: 'set', values: readMembers(value, path, 'a set'), wins: value.wins }
  if (value instanceof NewLog) return { type: 'log', values: readMembers(value, path, 'a log') }
  if (value instanceof NewRegister)
    return { type: 'register', value: value.isSet ? readMember(value.value, path, 'a register') : undefined }
  const read = (item: unknown, inner: Spot): Plan => readAt(item, inner, draftOf)
  if (Array.isArray(value)) return { type: 'list', items: readItems(value, spot, read) }
  return { type: 'map', entries: readEntries(value, spot, read) }
}

function readMembers(values: Iterable<unknown>, path: Path, holder: string): Scalar[] {
  return Array.from(values, (member, i) => readMember(member, [...path, i], holder))
}

/** Reads each place of an array. */
function readItems<T>(array: readonly unknown[], spot: Spot, read: (item: unknown, spot: Spot) => T): T[] {
  const around = enclose(array, spot)
  return Array.from(array, (item, i) => {
    const path = [...spot.path, i]
    if (!(i in array)) throw bad(path, 'is a hole in a sparse array: use null')
    return read(item, { path, depth: spot.depth + 1, around })
  })
}

/** Reads each key of a plain object. */
function readEntries<T>(object: object, spot: Spot, read: (item: unknown, spot: Spot) => T): [string, T][] {
  const { path } = spot
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw bad(path, `is an instance of ${nameOf(prototype)}: assign a plain object with its data${hintFor(object)}`)
  if (Object.getOwnPropertySymbols(object).length > 0) throw bad(path, 'has a symbol as a key: use a string')
  const around = enclose(object, spot)
  return Object.keys(object).map((key) => {
    const inner = [...path, checkKey(key, path)]
    return [key, read((object as Record<string, unknown>)[key], { path: inner, depth: spot.depth + 1, around })]
  })
}

/** What is around the things inside `value`. */
function enclose(value: object, { path, depth, around }: Spot): ReadonlySet<object> {
  if (around.has(value)) throw bad(path, 'holds itself: a document is a tree')
  if (depth > limits.depth) throw bad(path, `is nested deeper than ${limits.depth} levels`)
  return new Set(around).add(value)
}

/** A frozen copy, made of what a document can hold. */
function copyJson(value: unknown, spot: Spot): unknown {
  if (Array.isArray(value)) return Object.freeze(readItems(value, spot, copyJson))
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) {
    const plan = readAt(value, spot, () => undefined)
    return plan.type === 'scalar' ? plan.value : undefined
  }
  if (value instanceof NewJson) return copyJson(value.value, spot)
  const out = {}
  for (const [key, item] of readEntries(value, spot, copyJson).sort(([a], [b]) => (a < b ? -1 : 1)))
    defineKey(out, key, item)
  return Object.freeze(out)
}

function copyDate(date: Date, path: Path): Date {
  if (Number.isNaN(date.getTime())) throw bad(path, 'is an invalid date')
  return new Date(date)
}

function checkSize<T extends Scalar>(value: T, path: Path): T {
  const max = typeof value === 'bigint' ? 65_536 : limits.valueBytes
  if (encodedLength(value) > max) throw bad(path, `has more than ${max} bytes: keep large things in files`)
  return value
}

function checkDepth(plan: Plan, spot: Spot): Plan {
  const inner = plan.type === 'map' ? plan.entries.map(([, item]) => item) : plan.type === 'list' ? plan.items : []
  if (plan.type !== 'scalar' && spot.depth > limits.depth)
    throw bad(spot.path, `is nested deeper than ${limits.depth} containers`)
  for (const item of inner) checkDepth(item, { ...spot, depth: spot.depth + 1 })
  return plan
}

function nameOf(prototype: unknown): string {
  const maker = (prototype as { constructor?: { name?: unknown } }).constructor
  return typeof maker?.name === 'string' && maker.name !== '' ? maker.name : 'a class'
}

function hintFor(object: object): string {
  if (object instanceof Set) return ', or set(…)'
  if (object instanceof Map) return ', such as Object.fromEntries(…)'
  return ''
}

function bad(path: Path, why: string): JoineryError {
  return new JoineryError('bad-value', `${formatPath(path)} ${why}`, { details: { path } })
}
