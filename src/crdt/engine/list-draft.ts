// The draft of a list: a proxy that behaves as an array does, while every edit becomes an op. Reading methods are those of arrays.

import { JoineryError } from '../../base/errors.ts'
import { show } from './build.ts'
import type { Drafts } from './drafts.ts'
import type { Item, ListState } from './list-state.ts'
import { fixed, property } from './map-draft.ts'
import type { Recorder } from './recorder.ts'
import { isContainer } from './state.ts'

type Method = (...args: never[]) => unknown

export function listHandler(drafts: Drafts, list: ListState): ProxyHandler<unknown[]> {
  const methods = listMethods(drafts, list)
  return {
    get(target, key) {
      drafts.use(list)
      if (key === 'length') return list.length
      const index = indexOf(key)
      if (index !== undefined) return index < list.length ? drafts.read(list.items.at(index)) : undefined
      return Object.hasOwn(methods, key) ? methods[key as string] : Reflect.get(target, key)
    },
    set(_target, key, value) {
      const recorder = drafts.use(list)
      if (key === 'length') setLength(recorder, list, value)
      else setIndex(drafts, list, key, value)
      return true
    },
    has(target, key) {
      drafts.use(list)
      const index = indexOf(key)
      return index === undefined ? Reflect.has(target, key) : index < list.length
    },
    deleteProperty(_target, key) {
      drafts.use(list)
      throw new JoineryError('bad-change', `delete leaves a hole in a list: use splice(${String(key)}, 1)`)
    },
    ownKeys() {
      drafts.use(list)
      return [...Array.from({ length: list.length }, (_, i) => String(i)), 'length']
    },
    getOwnPropertyDescriptor(target, key) {
      drafts.use(list)
      if (key === 'length') return { ...Reflect.getOwnPropertyDescriptor(target, key), value: list.length }
      const item = itemAt(list, indexOf(key))
      return item === undefined ? undefined : property(drafts.read(item))
    },
    defineProperty(_target, key, descriptor) {
      drafts.use(list)
      if (!('value' in descriptor)) throw new JoineryError('bad-change', 'a document holds values, not getters')
      setIndex(drafts, list, key, descriptor.value)
      return true
    },
    ...fixed,
  }
}

function listMethods(drafts: Drafts, list: ListState): Record<string, Method> {
  const insert = (index: number, values: readonly unknown[]): number => {
    const recorder = drafts.use(list)
    const plans = values.map((value, i) => drafts.plan(value, list, index + i))
    recorder.insert(list, index, plans)
    return list.length
  }
  // What is removed is handed out as a plain value: its draft would lead nowhere.
  const remove = (index: number, count: number): unknown[] => {
    const recorder = drafts.use(list)
    const { rollback } = drafts.context
    const removed = list.items.slice(index, index + count).map((item) => show(item, rollback))
    recorder.remove(list, index, count)
    return removed
  }
  return {
    push: (...values: unknown[]) => insert(list.length, values),
    unshift: (...values: unknown[]) => insert(0, values),
    pop: () => (list.length === 0 ? undefined : remove(list.length - 1, 1)[0]),
    shift: () => (list.length === 0 ? undefined : remove(0, 1)[0]),
    splice: (...args: unknown[]) => {
      if (args.length === 0) return []
      const [start, count, ...values] = args
      const { length } = list
      const from = startOf(start, length)
      const plans = values.map((value, i) => drafts.plan(value, list, from + i))
      const removed = remove(from, args.length === 1 ? length - from : clamp(toInteger(count), 0, length - from))
      drafts.use(list).insert(list, from, plans)
      return removed
    },
    sort: refuse('sort', 'read toSorted(), or keep a field to sort by'),
    reverse: refuse('reverse', 'read toReversed()'),
    copyWithin: refuse('copyWithin', 'use splice'),
    fill: refuse('fill', 'assign each index'),
  }
}

function setLength(recorder: Recorder, list: ListState, length: unknown): void {
  const { length: now } = list
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > now)
    throw new JoineryError('bad-change', `a list's length can only be made less than ${now}: use push to add`)
  recorder.remove(list, length, now - length)
}

function setIndex(drafts: Drafts, list: ListState, key: string | symbol, value: unknown): void {
  const recorder = drafts.use(list)
  const index = indexOf(key)
  const { length } = list
  if (index === undefined) throw new JoineryError('bad-change', `a list has no property ${String(key)}`)
  if (index > length)
    throw new JoineryError('bad-change', `index ${index} is past the end of a list of ${length}: use push`)
  const current = itemAt(list, index)
  if (isContainer(current) && typeof value === 'object' && value !== null && drafts.containerOf(value) === current)
    return
  const plan = drafts.plan(value, list, index)
  if (index < length) recorder.remove(list, index, 1)
  recorder.insert(list, index, [plan])
}

function itemAt(list: ListState, index: number | undefined): Item | undefined {
  return index !== undefined && index < list.length ? list.items.at(index) : undefined
}

function indexOf(key: string | symbol): number | undefined {
  if (typeof key !== 'string') return undefined
  const first = key.charCodeAt(0)
  // Most that are no indexes are names of methods.
  return first >= 48 && first <= 57 && /^(0|[1-9]\d{0,15})$/.test(key) ? Number(key) : undefined
}

/** As Array.prototype.splice reads its first argument. */
function startOf(start: unknown, length: number): number {
  const at = toInteger(start)
  return at < 0 ? Math.max(0, length + at) : Math.min(at, length)
}

function toInteger(value: unknown): number {
  const number = Math.trunc(Number(value))
  return Number.isNaN(number) ? 0 : number
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}

function refuse(name: string, instead: string): Method {
  return () => {
    throw new JoineryError(
      'bad-change',
      `${name} would replace every item and undo what others do to them at the same time: ${instead}`,
    )
  }
}
