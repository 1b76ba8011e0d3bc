// Live handles: a container named by its path, read from the value, edited by a change of its own each time. Edits of one step go straight to the
// recorder; those of several go by a draft.

import { JoineryError } from '../../base/errors.ts'
import { valueKey } from '../../core/value.ts'
import type { Path } from '../patch.ts'
import type { Counter, Log, Register, SetOf, Text } from '../types.ts'
import { checkAmount, checkGrowth } from './amounts.ts'
import { showScalar } from './build.ts'
import type { CounterState } from './counter-state.ts'
import { checkKey, type Plan, plainPlan, readMember } from './input.ts'
import type { ListState } from './list-state.ts'
import type { LogState } from './log-state.ts'
import type { MapState } from './map-state.ts'
import type { RegisterState } from './register-state.ts'
import type { SetState } from './set-state.ts'
import { type Editable, Spot } from './spot.ts'
import type { Container } from './state.ts'
import { checkDelete, checkInsert } from './text-edits.ts'
import type { TextState } from './text-state.ts'

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
  log<V = unknown>(at: At): Log<V>
  register<V = unknown>(at: At): Register<V>
}

/** Handles on the containers of a document. Errors, when they are used: 'bad-path' where there is no such container. */
export function handles(target: Editable): Handles {
  const spotAt = (at: At): Spot => new Spot(target, typeof at === 'string' ? [at] : at)
  return {
    text: (at) => new TextHandle(spotAt(at)),
    list: <V>(at: At) => listHandle<V>(spotAt(at)),
    map: (at) => mapHandle(spotAt(at)),
    counter: (at) => counterHandle(spotAt(at)),
    set: <V>(at: At) => setHandle<V>(spotAt(at)),
    log: <V>(at: At) => logHandle<V>(spotAt(at)),
    register: <V>(at: At) => registerHandle<V>(spotAt(at)),
  }
}

class TextHandle implements Text {
  readonly #spot: Spot

  constructor(spot: Spot) {
    this.#spot = spot
  }

  get length(): number {
    // Without a string being made of it: editors ask between keystrokes.
    const text = this.#spot.find()
    return text?.type === 'text' ? text.length : this.#spot.read(isString, 'text').length
  }

  insert(index: number, content: string): void {
    const text = this.#spot.container(isText, 'text')
    checkInsert(text, index, content, this.#spot)
    if (content === '') return
    const striker = this.#spot.ready(content.length)
    if (striker !== undefined) {
      striker.strokeText(text, index, 0, content)
      this.#spot.struck(content.length)
      return
    }
    // As edit() does, but with no function made for each keystroke.
    const recorder = this.#spot.begin()
    try {
      recorder.type(text, index, content)
    } catch (error) {
      throw this.#spot.abandoned(error)
    }
    this.#spot.end()
  }

  delete(index: number, count: number): void {
    const text = this.#spot.container(isText, 'text')
    checkDelete(text, index, count)
    if (count === 0) return
    const striker = this.#spot.ready(count)
    if (striker !== undefined) {
      striker.strokeText(text, index, count, '')
      this.#spot.struck(count)
      return
    }
    const recorder = this.#spot.begin()
    try {
      recorder.remove(text, index, count)
    } catch (error) {
      throw this.#spot.abandoned(error)
    }
    this.#spot.end()
  }

  append(content: string): void {
    this.insert(this.#spot.container(isText, 'text').length, content)
  }

  slice(start?: number, end?: number): string {
    return this.toString().slice(start, end)
  }

  toString(): string {
    return this.#spot.read(isString, 'text')
  }
}

function listHandle<V>(spot: Spot): ListHandle<V> {
  const isList = (value: unknown): value is V[] => Array.isArray(value)
  const read = (): readonly V[] => spot.read(isList, 'list')
  const edit = <R>(fn: (list: V[]) => R): R => spot.change(isList, 'list', fn)
  const insert = (list: ListState, index: number, values: readonly V[]): void => {
    const only = values.length === 1 ? plainPlan(values[0]) : undefined
    const striker = only?.type === 'scalar' ? spot.ready(1) : undefined
    if (only?.type === 'scalar' && striker !== undefined) {
      striker.strokeItem(list, index, only.value)
      spot.struck(1)
      return
    }
    const plans = plainPlans(values)
    if (plans === undefined) edit((draft) => draft.splice(index, 0, ...values))
    else if (plans.length > 0) spot.edit((recorder) => recorder.insert(list, index, plans))
  }
  const checked = (list: { readonly length: number }, index: number, count: number): void => {
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
    push: (...values) => {
      const list = spot.container(isListState, 'list')
      insert(list, list.length, values)
      return list.length
    },
    insert: (index, ...values) => {
      const list = spot.container(isListState, 'list')
      checked(list, index, 0)
      insert(list, index, values)
    },
    delete: (index, count = 1) => {
      const list = spot.container(isListState, 'list')
      checked(list, index, count)
      if (count > 0) spot.edit((recorder) => recorder.remove(list, index, count))
    },
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
    set: (key, value) => {
      const map = spot.container(isMapState, 'map')
      const plan = plainPlan(value)
      if (plan === undefined || typeof key !== 'string')
        spot.change(isMap, 'map', (draft) => {
          draft[key] = value
        })
      else {
        checkKey(key, spot.path)
        const striker = plan.type === 'scalar' ? spot.ready(1) : undefined
        if (plan.type === 'scalar' && striker !== undefined) {
          striker.strokeKey(map, key, plan.value)
          spot.struck(1)
        } else spot.edit((recorder) => recorder.setKey(map, key, plan))
      }
    },
    delete: (key) => {
      const map = spot.container(isMapState, 'map')
      if (map.get(key) !== undefined) spot.edit((recorder) => recorder.deleteKey(map, key))
    },
  }
}

function counterHandle(spot: Spot): Counter {
  return {
    get value() {
      return spot.read((value) => typeof value === 'number' || typeof value === 'bigint', 'counter')
    },
    add: (by = 1) => {
      const counter = spot.container(isCounter, 'counter')
      const amount = checkAmount(by)
      if (counter.type === 'gcounter') checkGrowth(amount)
      if (amount === 0) return
      const striker = spot.ready(1)
      if (striker !== undefined) {
        striker.strokeAdd(counter, amount)
        spot.struck(1)
      } else spot.edit((recorder) => recorder.add(counter, amount))
    },
  }
}

function setHandle<V>(spot: Spot): SetOf<V> {
  const read = (): readonly V[] => spot.read((value): value is readonly V[] => Array.isArray(value), 'set')
  return {
    get size() {
      return read().length
    },
    add: (value) => {
      const set = spot.container(isSet, 'set')
      const member = readMember(value, spot.path)
      spot.edit((recorder) => recorder.include(set, member))
    },
    delete: (value) => {
      const set = spot.container(isSet, 'set')
      const member = readMember(value, spot.path)
      if (!set.has(valueKey(member))) return false
      spot.edit((recorder) => recorder.exclude(set, member))
      return true
    },
    has: (value) => spot.container(isSet, 'set').has(valueKey(readMember(value, spot.path))),
    values: () => read().values(),
    [Symbol.iterator]: () => read().values(),
  }
}

function logHandle<V>(spot: Spot): Log<V> {
  const read = (): readonly V[] => spot.read((value): value is readonly V[] => Array.isArray(value), 'log')
  return {
    get length() {
      return read().length
    },
    push: (...values) => {
      const log = spot.container(isLog, 'log')
      const members = values.map((value, i) => readMember(value, [...spot.path, log.length + i], 'a log'))
      if (members.length > 0) spot.edit((recorder) => recorder.append(log, members))
      return log.length
    },
    at: (index) => read().at(index),
    values: () => read().values(),
    [Symbol.iterator]: () => read().values(),
  }
}

function registerHandle<V>(spot: Spot): Register<V> {
  const values = (): readonly V[] =>
    spot.container(isRegister, 'register').heads.map(({ value }) => showScalar(value) as V)
  return {
    get value() {
      return values()[0] ?? null
    },
    get values() {
      return values()
    },
    set: (value) => {
      const register = spot.container(isRegister, 'register')
      const member = readMember(value, spot.path, 'a register')
      spot.edit((recorder) => recorder.assign(register, member))
    },
  }
}

/** Plans of values that are all plain. */
function plainPlans(values: readonly unknown[]): Plan[] | undefined {
  const plans: Plan[] = []
  for (const value of values) {
    const plan = plainPlan(value)
    if (plan === undefined) return undefined
    plans.push(plan)
  }
  return plans
}

const isString = (value: unknown): value is string => typeof value === 'string'
const isListState = (container: Container): container is ListState => container.type === 'list'
const isMapState = (container: Container): container is MapState => container.type === 'map'
const isText = (container: Container): container is TextState => container.type === 'text'
const isLog = (container: Container): container is LogState => container.type === 'log'
const isRegister = (container: Container): container is RegisterState => container.type === 'register'
const isSet = (container: Container): container is SetState => container.type === 'set' || container.type === 'rwset'
const isCounter = (container: Container): container is CounterState =>
  container.type === 'counter' || container.type === 'gcounter'
