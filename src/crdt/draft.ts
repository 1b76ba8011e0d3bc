// What a change function is handed: proxies that behave as plain objects and arrays do, while every edit becomes an op.

import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { Json, type Scalar } from '../core/value.ts'
import { build } from './build.ts'
import { type Container, isContainer, type ListState, type MapState } from './container.ts'
import { checkKey, type Plan, readPlan } from './input.ts'
import { listMethods } from './list-draft.ts'
import type { Path } from './patch.ts'
import type { Recorder } from './recorder.ts'
import { CounterDraft, SetDraft, TextDraft } from './type-drafts.ts'

/** The drafts of one change. They end with it. */
export class Session {
  readonly recorder: Recorder
  #alive = true
  readonly #drafts = new Map<Container, object>()
  readonly #containers = new WeakMap<object, Container>()

  constructor(recorder: Recorder) {
    this.recorder = recorder
  }

  end(): void {
    this.#alive = false
  }

  /** Called by everything a draft does. */
  use(): Recorder {
    if (!this.#alive)
      throw new JoineryError(
        'bad-change',
        'this draft belongs to a change that is over: read doc.value, or make another change',
      )
    return this.recorder
  }

  /** The same draft for the same container: so that indexOf and === work. */
  draftOf(container: Container): object {
    const known = this.#drafts.get(container)
    if (known !== undefined) return known
    const draft = this.#make(container)
    this.#drafts.set(container, draft)
    this.#containers.set(draft, container)
    return draft
  }

  /** The container behind a draft of this change. */
  readonly containerOf = (value: object): Container | undefined => this.#containers.get(value)

  /** What reading gives: a draft for a container, else the value (copied, where writing into it would go unnoticed). */
  read(value: Scalar | Container): unknown {
    if (isContainer(value)) return this.draftOf(value)
    if (value instanceof Date) return new Date(value)
    if (value instanceof Uint8Array) return value.slice()
    return value instanceof Json ? value.value : value
  }

  plan(value: unknown, inside: Container, key: string | number): Plan {
    const path = (): Path => [...this.recorder.pathOf(inside), key]
    return readPlan(value, isPlain(value) ? [] : path(), inside.depth + 1, this.containerOf)
  }

  /** A result with the drafts in it turned into values, since drafts end with their change. */
  plainOf(result: unknown, around: ReadonlySet<object> = new Set()): unknown {
    if (typeof result !== 'object' || result === null || around.has(result)) return result
    const container = this.#containers.get(result)
    if (container !== undefined) return build(container)
    const inner = new Set(around).add(result)
    if (Array.isArray(result)) {
      const items = result.map((item) => this.plainOf(item, inner))
      return items.some((item, i) => item !== result[i]) ? items : result
    }
    if (Object.getPrototypeOf(result) !== Object.prototype) return result
    const entries = Object.entries(result).map(([key, item]) => [key, item, this.plainOf(item, inner)] as const)
    if (entries.every(([, item, plain]) => item === plain)) return result
    return Object.fromEntries(entries.map(([key, , plain]) => [key, plain]))
  }

  #make(container: Container): object {
    switch (container.type) {
      case 'map':
        return new Proxy({}, mapHandler(this, container))
      case 'list':
        return new Proxy([], listHandler(this, container))
      case 'text':
        return new TextDraft(this, container)
      case 'counter':
        return new CounterDraft(this, container)
      case 'set':
        return new SetDraft(this, container)
    }
  }
}

/** Short of a path: numbers and the like are never wrong, and most edits. */
function isPlain(value: unknown): boolean {
  return value === null || typeof value === 'number' || typeof value === 'boolean'
}

function mapHandler(session: Session, map: MapState): ProxyHandler<object> {
  const has = (key: string): boolean => map.get(key) !== undefined
  return {
    get(target, key) {
      session.use()
      const value = typeof key === 'string' ? map.get(key) : undefined
      return value === undefined ? Reflect.get(target, key) : session.read(value)
    },
    set(_target, key, value) {
      const recorder = session.use()
      assignKey(session, recorder, map, key, value)
      return true
    },
    has(target, key) {
      session.use()
      return (typeof key === 'string' && has(key)) || Reflect.has(target, key)
    },
    deleteProperty(_target, key) {
      const recorder = session.use()
      if (typeof key === 'string' && has(key)) recorder.deleteKey(map, key)
      return true
    },
    ownKeys() {
      session.use()
      return [...map.keys]
    },
    getOwnPropertyDescriptor(_target, key) {
      session.use()
      const value = typeof key === 'string' ? map.get(key) : undefined
      return value === undefined ? undefined : property(session.read(value))
    },
    defineProperty(_target, key, descriptor) {
      const recorder = session.use()
      if (!('value' in descriptor)) throw new JoineryError('bad-change', 'a document holds values, not getters')
      assignKey(session, recorder, map, key, descriptor.value)
      return true
    },
    ...fixed,
  }
}

function assignKey(session: Session, recorder: Recorder, map: MapState, key: string | symbol, value: unknown): void {
  if (typeof key === 'symbol') throw new JoineryError('bad-value', 'a key is a string, not a symbol')
  checkKey(key, [])
  const current = map.get(key)
  // Assigning what stands there already, as `d.items = d.items ?? []` does, is no edit.
  if (isContainer(current) && typeof value === 'object' && value !== null && session.containerOf(value) === current)
    return
  recorder.setKey(map, key, session.plan(value, map, key))
}

function listHandler(session: Session, list: ListState): ProxyHandler<unknown[]> {
  const methods = listMethods(session, list)
  return {
    get(target, key) {
      session.use()
      if (key === 'length') return list.items.length
      const index = indexOf(key)
      if (index !== undefined) {
        const item = list.items.at(index)
        return item === undefined ? undefined : session.read(item.value)
      }
      return Object.hasOwn(methods, key) ? methods[key as string] : Reflect.get(target, key)
    },
    set(_target, key, value) {
      const recorder = session.use()
      if (key === 'length') setLength(recorder, list, value)
      else setIndex(session, recorder, list, key, value)
      return true
    },
    has(target, key) {
      session.use()
      const index = indexOf(key)
      return index === undefined ? Reflect.has(target, key) : index < list.items.length
    },
    deleteProperty(_target, key) {
      session.use()
      throw new JoineryError('bad-change', `delete leaves a hole in a list: use splice(${String(key)}, 1)`)
    },
    ownKeys() {
      session.use()
      return [...Array.from({ length: list.items.length }, (_, i) => String(i)), 'length']
    },
    getOwnPropertyDescriptor(target, key) {
      session.use()
      if (key === 'length') return { ...Reflect.getOwnPropertyDescriptor(target, key), value: list.items.length }
      const index = indexOf(key)
      const item = index === undefined ? undefined : list.items.at(index)
      return item === undefined ? undefined : property(session.read(item.value))
    },
    defineProperty(_target, key, descriptor) {
      const recorder = session.use()
      if (!('value' in descriptor)) throw new JoineryError('bad-change', 'a document holds values, not getters')
      setIndex(session, recorder, list, key, descriptor.value)
      return true
    },
    ...fixed,
  }
}

function setLength(recorder: Recorder, list: ListState, length: unknown): void {
  const { length: now } = list.items
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > now)
    throw new JoineryError('bad-change', `a list's length can only be made less than ${now}: use push to add`)
  recorder.remove(list, length, now - length)
}

function setIndex(session: Session, recorder: Recorder, list: ListState, key: string | symbol, value: unknown): void {
  const index = indexOf(key)
  const { length } = list.items
  if (index === undefined) throw new JoineryError('bad-change', `a list has no property ${String(key)}`)
  if (index > length)
    throw new JoineryError('bad-change', `index ${index} is past the end of a list of ${length}: use push`)
  const current = list.items.at(index)?.value
  if (isContainer(current) && typeof value === 'object' && value !== null && session.containerOf(value) === current)
    return
  const plan = session.plan(value, list, index)
  if (index < length) recorder.remove(list, index, 1)
  recorder.insert(list, index, [plan])
}

function indexOf(key: string | symbol): number | undefined {
  return typeof key === 'string' && /^(0|[1-9]\d{0,15})$/.test(key) ? Number(key) : undefined
}

function property(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}

/** What no draft allows. */
const fixed = {
  setPrototypeOf(): boolean {
    throw new JoineryError('bad-change', 'a draft keeps its prototype')
  },
  preventExtensions(): boolean {
    throw new JoineryError('bad-change', 'a draft cannot be frozen: read doc.value')
  },
} as const

export function rootDraft(session: Session): object {
  const root: unknown = session.draftOf(session.recorder.document.root)
  assert(typeof root === 'object' && root !== null, 'the root has a draft')
  return root
}
