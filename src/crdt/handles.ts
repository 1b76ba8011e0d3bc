// Live handles: a container named by its path, read from the value, edited by a change of its own each time.

import { JoineryError } from '../base/errors.ts'
import { valueAt } from './at-path.ts'
import { formatPath } from './input.ts'
import type { Path } from './patch.ts'
import { CounterDraft, SetDraft, TextDraft } from './type-drafts.ts'
import type { Counter, SetOf, Text } from './types.ts'

/** What has a value and can be changed: a document of any kind. */
export interface Changeable {
  readonly value: unknown
  change<R>(fn: (draft: unknown) => R): R
}

/** A key of the root, or a path. */
export type At = string | Path

/** A list, as arrays are, as far as that is kind to what others do at the same time. */
export interface ListHandle<V = unknown> {
  readonly length: number
  readonly value: readonly V[]
  at(index: number): V | undefined
  push(...values: V[]): number
  insert(index: number, ...values: V[]): void
  delete(index: number, count?: number): void
  set(index: number, value: V): void
}

export interface MapHandle {
  readonly value: Readonly<Record<string, unknown>>
  readonly keys: readonly string[]
  get(key: string): unknown
  has(key: string): boolean
  set(key: string, value: unknown): void
  delete(key: string): void
}

export interface Handles {
  text(at: At): Text
  list<V = unknown>(at: At): ListHandle<V>
  map(at: At): MapHandle
  counter(at: At): Counter
  set<V = unknown>(at: At): SetOf<V>
}

/** Handles on the containers of a document. Errors, when they are used: 'bad-path' where there is no such container. */
export function handles(target: Changeable): Handles {
  return {
    text: (at) => textHandle(new Spot(target, at)),
    list: <V>(at: At) => listHandle<V>(new Spot(target, at)),
    map: (at) => mapHandle(new Spot(target, at)),
    counter: (at) => counterHandle(new Spot(target, at)),
    set: <V>(at: At) => setHandle<V>(new Spot(target, at)),
  }
}

/** A place in a document. */
class Spot {
  readonly #target: Changeable
  readonly #path: Path

  constructor(target: Changeable, at: At) {
    this.#target = target
    this.#path = typeof at === 'string' ? [at] : at
  }

  read<V>(isWanted: (value: unknown) => value is V, kind: string): V {
    const value = valueAt(this.#target.value, this.#path)
    if (!isWanted(value)) throw this.#not(kind)
    return value
  }

  edit<D, R>(isWanted: (draft: unknown) => draft is D, kind: string, fn: (draft: D) => R): R {
    return this.#target.change((root) => {
      const draft = valueAt(root, this.#path)
      if (!isWanted(draft)) throw this.#not(kind)
      return fn(draft)
    })
  }

  #not(kind: string): JoineryError {
    return new JoineryError('bad-path', `${formatPath(this.#path)} is not a ${kind}`, { details: { path: this.#path } })
  }
}

function textHandle(spot: Spot): Text {
  const read = (): string => spot.read((value) => typeof value === 'string', 'text')
  const edit = (fn: (text: Text) => void): void => spot.edit((draft) => draft instanceof TextDraft, 'text', fn)
  return {
    get length() {
      return read().length
    },
    insert: (index, content) => edit((text) => text.insert(index, content)),
    delete: (index, count) => edit((text) => text.delete(index, count)),
    append: (content) => edit((text) => text.append(content)),
    slice: (start, end) => read().slice(start, end),
    toString: read,
  }
}

function listHandle<V>(spot: Spot): ListHandle<V> {
  const isList = (value: unknown): value is V[] => Array.isArray(value)
  const read = (): readonly V[] => spot.read(isList, 'list')
  const edit = <R>(fn: (list: V[]) => R): R => spot.edit(isList, 'list', fn)
  const checked = (list: V[], index: number, count: number): void => {
    if (!Number.isInteger(index) || index < 0 || !Number.isInteger(count) || count < 0 || index + count > list.length)
      throw new JoineryError('bad-change', `${count} from index ${index} on is outside of a list of ${list.length}`)
  }
  return {
    get length() {
      return read().length
    },
    get value() {
      return read()
    },
    at: (index) => read().at(index),
    push: (...values) => edit((list) => list.push(...values)),
    insert: (index, ...values) =>
      edit((list) => {
        checked(list, index, 0)
        list.splice(index, 0, ...values)
      }),
    delete: (index, count = 1) =>
      edit((list) => {
        checked(list, index, count)
        list.splice(index, count)
      }),
    set: (index, value) =>
      edit((list) => {
        checked(list, index, 1)
        list[index] = value
      }),
  }
}

function mapHandle(spot: Spot): MapHandle {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  const read = (): Readonly<Record<string, unknown>> => spot.read(isMap, 'map')
  return {
    get value() {
      return read()
    },
    get keys() {
      return Object.keys(read())
    },
    get: (key) => (Object.hasOwn(read(), key) ? read()[key] : undefined),
    has: (key) => Object.hasOwn(read(), key),
    set: (key, value) =>
      spot.edit(isMap, 'map', (map) => {
        map[key] = value
      }),
    delete: (key) =>
      spot.edit(isMap, 'map', (map) => {
        delete map[key]
      }),
  }
}

function counterHandle(spot: Spot): Counter {
  return {
    get value() {
      return spot.read((value) => typeof value === 'number' || typeof value === 'bigint', 'counter')
    },
    add: (by = 1) =>
      spot.edit(
        (draft) => draft instanceof CounterDraft,
        'counter',
        (counter) => counter.add(by),
      ),
  }
}

function setHandle<V>(spot: Spot): SetOf<V> {
  const edit = <R>(fn: (set: SetDraft) => R): R => spot.edit((draft) => draft instanceof SetDraft, 'set', fn)
  const read = (): readonly V[] => spot.read((value): value is readonly V[] => Array.isArray(value), 'set')
  return {
    get size() {
      return read().length
    },
    add: (value) => edit((set) => set.add(value)),
    delete: (value) => edit((set) => set.delete(value)),
    has: (value) => read().some((member) => Object.is(member, value)),
    values: () => read().values(),
    [Symbol.iterator]: () => read().values(),
  }
}
