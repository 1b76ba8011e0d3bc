// The draft of a map: a proxy that behaves as a plain object does, while every edit becomes an op.

import { JoineryError } from '../../base/errors.ts'
import type { Drafts } from './drafts.ts'
import { checkKey } from './input.ts'
import type { MapState } from './map-state.ts'
import { isContainer } from './state.ts'

/** One small object for each map: there are as many as there are maps that were ever edited. */
export class MapHandler implements ProxyHandler<object> {
  readonly #drafts: Drafts
  readonly #map: MapState

  constructor(drafts: Drafts, map: MapState) {
    this.#drafts = drafts
    this.#map = map
  }

  get(target: object, key: string | symbol): unknown {
    this.#drafts.use(this.#map)
    const value = typeof key === 'string' ? this.#map.get(key) : undefined
    return value === undefined ? Reflect.get(target, key) : this.#drafts.read(value)
  }

  set(_target: object, key: string | symbol, value: unknown): boolean {
    assignKey(this.#drafts, this.#map, key, value)
    return true
  }

  has(target: object, key: string | symbol): boolean {
    this.#drafts.use(this.#map)
    return this.#has(key) || Reflect.has(target, key)
  }

  deleteProperty(_target: object, key: string | symbol): boolean {
    const recorder = this.#drafts.use(this.#map)
    if (typeof key === 'string' && this.#has(key)) recorder.deleteKey(this.#map, key)
    return true
  }

  ownKeys(): string[] {
    this.#drafts.use(this.#map)
    return [...this.#map.keys]
  }

  getOwnPropertyDescriptor(_target: object, key: string | symbol): PropertyDescriptor | undefined {
    this.#drafts.use(this.#map)
    const value = typeof key === 'string' ? this.#map.get(key) : undefined
    return value === undefined ? undefined : property(this.#drafts.read(value))
  }

  defineProperty(_target: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.#drafts.use(this.#map)
    if (!('value' in descriptor)) throw new JoineryError('bad-change', 'a document holds values, not getters')
    assignKey(this.#drafts, this.#map, key, descriptor.value)
    return true
  }

  setPrototypeOf(): boolean {
    return fixed.setPrototypeOf()
  }

  preventExtensions(): boolean {
    return fixed.preventExtensions()
  }

  #has(key: string | symbol): boolean {
    return typeof key === 'string' && this.#map.get(key) !== undefined
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
