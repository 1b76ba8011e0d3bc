// The draft of a map: a proxy that behaves as a plain object does, while every edit becomes an op.

import { JoineryError } from '../../base/errors.ts'
import type { Drafts } from './drafts.ts'
import { checkKey } from './input.ts'
import type { MapState } from './map-state.ts'
import { isContainer } from './state.ts'

export function mapHandler(drafts: Drafts, map: MapState): ProxyHandler<object> {
  const has = (key: string): boolean => map.get(key) !== undefined
  return {
    get(target, key) {
      drafts.use(map)
      const value = typeof key === 'string' ? map.get(key) : undefined
      return value === undefined ? Reflect.get(target, key) : drafts.read(value)
    },
    set(_target, key, value) {
      assignKey(drafts, map, key, value)
      return true
    },
    has(target, key) {
      drafts.use(map)
      return (typeof key === 'string' && has(key)) || Reflect.has(target, key)
    },
    deleteProperty(_target, key) {
      const recorder = drafts.use(map)
      if (typeof key === 'string' && has(key)) recorder.deleteKey(map, key)
      return true
    },
    ownKeys() {
      drafts.use(map)
      return [...map.keys]
    },
    getOwnPropertyDescriptor(_target, key) {
      drafts.use(map)
      const value = typeof key === 'string' ? map.get(key) : undefined
      return value === undefined ? undefined : property(drafts.read(value))
    },
    defineProperty(_target, key, descriptor) {
      drafts.use(map)
      if (!('value' in descriptor)) throw new JoineryError('bad-change', 'a document holds values, not getters')
      assignKey(drafts, map, key, descriptor.value)
      return true
    },
    ...fixed,
  }
}

function assignKey(drafts: Drafts, map: MapState, key: string | symbol, value: unknown): void {
  const recorder = drafts.use(map)
  if (typeof key === 'symbol') throw new JoineryError('bad-value', 'a key is a string, not a symbol')
  checkKey(key, [])
  const current = map.get(key)
  // Assigning what stands there already, as `d.items = d.items ?? []` does, is no edit.
  if (isContainer(current) && typeof value === 'object' && value !== null && drafts.containerOf(value) === current)
    return
  recorder.setKey(map, key, drafts.plan(value, map, key))
}

export function property(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}

/** What no draft allows. */
export const fixed = {
  setPrototypeOf(): boolean {
    throw new JoineryError('bad-change', 'a draft keeps its prototype')
  },
  preventExtensions(): boolean {
    throw new JoineryError('bad-change', 'a draft cannot be frozen: read doc.value')
  },
} as const
