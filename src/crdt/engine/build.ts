// Values: what the state of a container reads as. Frozen, built along dirty paths only, the same reference while nothing changed.

import { defineKey, Json, type Scalar } from '../../core/value.ts'
import type { ListState } from './list-state.ts'
import type { MapState } from './map-state.ts'
import type { Rollback } from './rollback.ts'
import { type Container, isContainer } from './state.ts'

/** Which container a built object came from: so that assigning it copies texts as texts. */
const origins = new WeakMap<object, Container>()

/** The container whose current value this object is. */
export function originOf(value: object): Container | undefined {
  const container = origins.get(value)
  return container?.cache === value ? container : undefined
}

/** `rollback` is told of values built in a change, which may yet throw. */
export function build(container: Container, rollback: Rollback): unknown {
  if (container.cache !== undefined) return container.cache
  const fresh = buildNew(container, rollback)
  const built = container.type === 'register' ? fresh : same(container.last, fresh)
  rollback.keepValue(container)
  container.cache = built
  container.last = built
  if (typeof built === 'object' && built !== null) origins.set(built, container)
  return built
}

/** What a scalar or container reads as. */
export function show(value: Scalar | Container, rollback: Rollback): unknown {
  if (isContainer(value)) return build(value, rollback)
  return value instanceof Json ? value.value : value
}

function buildNew(container: Container, rollback: Rollback): unknown {
  switch (container.type) {
    case 'map':
      return buildMap(container, rollback)
    case 'list':
      return buildList(container, rollback)
    case 'text':
      return container.value
    case 'counter':
    case 'gcounter':
      return container.value
    case 'set':
    case 'rwset':
      return buildScalars(container.sorted)
    case 'log':
      return buildScalars(container.values)
    case 'register':
      return showScalar(container.value)
  }
}

function buildMap(map: MapState, rollback: Rollback): object {
  const out = {}
  for (const key of map.keys) {
    const value = map.get(key)
    if (value !== undefined) defineKey(out, key, show(value, rollback))
  }
  return Object.freeze(out)
}

function buildList(list: ListState, rollback: Rollback): readonly unknown[] {
  const out = list.items.slice() as unknown[]
  for (let i = 0; i < out.length; i++) {
    const item = out[i]
    if (typeof item === 'object' && item !== null) out[i] = show(item as Scalar | Container, rollback)
  }
  return Object.freeze(out)
}

function buildScalars(values: readonly Scalar[]): readonly unknown[] {
  return Object.freeze(values.map(showScalar))
}

export function showScalar(value: Scalar): unknown {
  return value instanceof Json ? value.value : value
}

/** `old` if `built` says the same, item by item. */
function same(old: unknown, built: unknown): unknown {
  if (Array.isArray(old) && Array.isArray(built))
    return old.length === built.length && old.every((item, i) => Object.is(item, built[i])) ? old : built
  if (!isObject(old) || !isObject(built)) return built
  const keys = Object.keys(built)
  if (keys.length !== Object.keys(old).length) return built
  return keys.every((key) => Object.hasOwn(old, key) && Object.is(old[key], built[key])) ? old : built
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
