// Values: what the state of a container reads as. Frozen, built along dirty paths only, the same reference while nothing changed.

import { defineKey, Json, type Scalar } from '../core/value.ts'
import {
  type Container,
  isContainer,
  type ListState,
  type MapState,
  type SetState,
  type TextState,
} from './container.ts'
import type { Chunk } from './sequence.ts'

/** Which container a built object came from: so that assigning it copies texts as texts. */
const origins = new WeakMap<object, Container>()

/** The container whose current value this object is. */
export function originOf(value: object): Container | undefined {
  const container = origins.get(value)
  return container?.cache === value ? container : undefined
}

export function build(container: Container): unknown {
  if (container.cache !== undefined) return container.cache
  const built = same(container.last, buildNew(container))
  container.cache = built
  container.last = built
  if (typeof built === 'object' && built !== null) origins.set(built, container)
  return built
}

/** What a scalar or container reads as. */
export function show(value: Scalar | Container): unknown {
  if (isContainer(value)) return build(value)
  return value instanceof Json ? value.value : value
}

function buildNew(container: Container): unknown {
  switch (container.type) {
    case 'map':
      return buildMap(container)
    case 'list':
      return buildList(container)
    case 'text':
      return buildText(container)
    case 'counter':
      return container.value
    case 'set':
      return buildSet(container)
  }
}

function buildMap(map: MapState): object {
  const out = {}
  for (const key of map.keys) {
    const value = map.get(key)
    if (value !== undefined) defineKey(out, key, show(value))
  }
  return Object.freeze(out)
}

function buildList(list: ListState): readonly unknown[] {
  const out: unknown[] = []
  for (const item of list.items) out.push(show(item.value))
  return Object.freeze(out)
}

function buildSet(set: SetState): readonly unknown[] {
  return Object.freeze(set.sorted.map(show))
}

function buildText(text: TextState): string {
  const raw = rawText(text)
  return text.lone ? raw.toWellFormed() : raw
}

/** The units as they are, half pairs too. */
export function rawText(text: TextState): string {
  return text.items.chunks.map(chunkText).join('')
}

function chunkText(chunk: Chunk<number>): string {
  if (chunk.visible === 0) return ''
  if (typeof chunk.built !== 'string') {
    const units: number[] = []
    for (const item of chunk.items) if (!item.deleted) units.push(item.value)
    chunk.built = String.fromCharCode(...units)
  }
  return chunk.built as string
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
