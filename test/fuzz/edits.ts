// Edits as an application makes them, on a draft and at the same time on a plain value, so that what a change shows is compared with what its
// author meant, whatever became ops of it.

import { valueKey } from '../../src/core/value.ts'
import { counter, isJoineryError, json, log, text as newText, register, set } from '../../src/doc.ts'
import type { Chance } from './chance.ts'

/** A draft, and how to read and write the plain value beside it. */
interface Spot {
  readonly draft: unknown
  readonly depth: number
  readonly read: () => unknown
  readonly write: (value: unknown) => void
}

/** What is assigned, and what it reads as. */
interface Made {
  readonly assigned: unknown
  readonly plain: unknown
}

/** What the draft of a text, counter, set, log or register may have. */
interface Tools {
  insert(index: number, text: string): void
  delete(index: number, count: number): void
  add(value: unknown): void
  push(...values: unknown[]): number
  set(value: unknown): void
  readonly size: number
  readonly length: number
}

/** The kind of draft was told by its methods. */
function toolsOf(draft: object): Tools {
  return draft as unknown as Tools
}

const letters = ['a', 'b', 'c', 'hello', '😀', 'é', 'x😀y']
const keys = ['k', 'l', 'm', '__proto__', '1', '']
/** A few edits on the root; `root` is altered to what it should read as. */
export function editRoot(draft: unknown, root: { value: unknown }, chance: Chance): void {
  const spot: Spot = {
    draft,
    depth: 0,
    read: () => root.value,
    write: (value) => {
      root.value = value
    },
  }
  for (let left = chance.maybe(0.3) ? 1 + chance.below(5) : 1; left > 0; left--) edit(spot, chance)
}

function edit(spot: Spot, chance: Chance): void {
  const { draft } = spot
  const value = spot.read()
  // What is frozen is opaque.
  if (Object.isFrozen(draft)) return
  if (Array.isArray(draft)) editList(spot, draft, chance)
  else if (typeof draft !== 'object' || draft === null) return
  else if (typeof value === 'string' && 'append' in draft) editText(spot, toolsOf(draft), chance)
  else if ('toJSON' in draft && 'value' in draft && 'add' in draft) editCounter(spot, toolsOf(draft), chance)
  else if (draft instanceof Date || draft instanceof Uint8Array) return
  else if (Array.isArray(value) && 'has' in draft && 'add' in draft) editSet(spot, toolsOf(draft), chance)
  else if (Array.isArray(value) && 'push' in draft) editLog(spot, toolsOf(draft), chance)
  else if ('values' in draft && 'set' in draft && 'value' in draft && typeof draft.set === 'function')
    editRegister(spot, toolsOf(draft), chance)
  else if (isPlain(value)) editMap(spot, draft as Record<string, unknown>, value, chance)
}

function editMap(spot: Spot, draft: Record<string, unknown>, value: Record<string, unknown>, chance: Chance): void {
  const inner = Object.keys(value).filter((key) => typeof draft[key] === 'object' && draft[key] !== null)
  if (inner.length > 0 && chance.maybe(0.65)) {
    const key = chance.pick(inner)
    edit(childOf(spot, draft[key], key), chance)
    return
  }
  const key = chance.pick(keys)
  const has = Object.hasOwn(value, key)
  if (has && chance.maybe(0.25)) {
    delete draft[key]
    spot.write(without(value, key))
  } else if (has && chance.maybe(0.1)) {
    // What is in the document already is copied.
    const to = chance.pick(keys)
    if (to === key) return
    draft[to] = draft[key]
    spot.write(withKey(value, to, structuredClone(value[key])))
  } else {
    const { assigned, plain } = make(chance, spot.depth)
    draft[key] = assigned
    spot.write(withKey(value, key, plain))
  }
}

function editList(spot: Spot, draft: unknown[], chance: Chance): void {
  const value = spot.read() as readonly unknown[]
  const inner = [...value.keys()].filter((i) => typeof draft[i] === 'object' && draft[i] !== null)
  if (inner.length > 0 && chance.maybe(0.4)) {
    const index = chance.pick(inner)
    edit(childOf(spot, draft[index], index), chance)
    return
  }
  const index = chance.below(value.length + 1)
  const count = chance.maybe(0.5) ? 0 : Math.min(value.length - index, 1 + chance.below(3))
  const items = Array.from({ length: chance.below(count === 0 ? 4 : 2) }, () => make(chance, spot.depth))
  if (count === 1 && items.length === 1 && chance.maybe(0.5)) draft[index] = items[0]?.assigned
  else if (count === 0 && index === value.length) draft.push(...items.map(({ assigned }) => assigned))
  else draft.splice(index, count, ...items.map(({ assigned }) => assigned))
  spot.write(value.toSpliced(index, count, ...items.map(({ plain }) => plain)))
}

function editText(spot: Spot, draft: Tools, chance: Chance): void {
  const value = spot.read() as string
  const index = chance.maybe(0.3) ? value.length : chance.below(value.length + 1)
  if (isTorn(value, index)) return
  if (value.length > index && chance.maybe(value.length > 20 ? 0.7 : 0.35)) {
    const count = 1 + chance.below(Math.min(6, value.length - index))
    if (isTorn(value, index + count)) return
    draft.delete(index, count)
    spot.write(value.slice(0, index) + value.slice(index + count))
    return
  }
  const text = chance.pick(letters)
  draft.insert(index, text)
  spot.write(value.slice(0, index) + text + value.slice(index))
}

function editCounter(spot: Spot, draft: Tools, chance: Chance): void {
  const by = chance.maybe(0.05) ? Number.MAX_SAFE_INTEGER : chance.below(7) - 3
  try {
    draft.add(by)
  } catch (error) {
    // One that only grows says no.
    if (by < 0 && isJoineryError(error)) return
    throw error
  }
  const sum = BigInt(spot.read() as number | bigint) + BigInt(by)
  spot.write(Number.isSafeInteger(Number(sum)) ? Number(sum) : sum)
}

function editSet(spot: Spot, draft: Tools, chance: Chance): void {
  const value = chance.pick(members)
  const before = spot.read() as readonly unknown[]
  const others = before.filter((other) => !Object.is(other, value))
  if (chance.maybe(0.4)) {
    ;(draft as unknown as { delete(value: unknown): boolean }).delete(value)
    spot.write(others)
  } else {
    draft.add(value)
    spot.write(inOrder([...others, value]))
  }
}

function editLog(spot: Spot, draft: Tools, chance: Chance): void {
  const values = Array.from({ length: 1 + chance.below(2) }, () => chance.pick(members))
  draft.push(...values)
  spot.write([...(spot.read() as readonly unknown[]), ...values])
}

function editRegister(spot: Spot, draft: Tools, chance: Chance): void {
  const value = chance.pick(members)
  draft.set(value)
  spot.write(value)
}

const members: readonly (string | number | boolean | bigint | null)[] = ['x', 'y', 1, -0, 2.5, true, null, 2n ** 80n]

/** Something to assign. */
function make(chance: Chance, depth: number): Made {
  const few = (): (typeof members)[number][] => Array.from({ length: chance.below(3) }, () => chance.pick(members))
  const same = (value: unknown): Made => ({ assigned: value, plain: value })
  const weights = {
    scalar: 6,
    odd: 2,
    text: 4,
    list: depth < 4 ? 3 : 0,
    map: depth < 4 ? 3 : 0,
    counter: 1.5,
    set: 1.5,
    log: 1,
    register: 1,
  }
  switch (chance.weighed(weights)) {
    case 'scalar':
      return same(chance.pick(members))
    case 'odd':
      return chance.pick<() => Made>([
        () => same(new Date(1_000_000 * chance.below(9))),
        () => same(Uint8Array.from(few().map((_, i) => i))),
        () => same(Number.NaN),
        () => ({ assigned: json({ a: [1, { b: null }] }), plain: { a: [1, { b: null }] } }),
      ])()
    case 'text': {
      const content = Array.from({ length: chance.below(3) }, () => chance.pick(letters)).join('')
      return { assigned: newText(content), plain: content }
    }
    case 'list': {
      const items = Array.from({ length: chance.below(4) }, () => make(chance, depth + 1))
      return { assigned: items.map(({ assigned }) => assigned), plain: items.map(({ plain }) => plain) }
    }
    case 'map': {
      const entries = keys.slice(0, chance.below(4)).map((key) => [key, make(chance, depth + 1)] as const)
      const pick = (part: keyof Made): object => entries.reduce((map, [key, made]) => withKey(map, key, made[part]), {})
      return { assigned: pick('assigned'), plain: pick('plain') }
    }
    case 'counter': {
      const value = chance.below(5)
      return { assigned: counter(value, { grows: chance.maybe(0.4) }), plain: value }
    }
    case 'set': {
      const values = few()
      const wins = chance.maybe(0.5) ? 'add' : 'remove'
      return {
        assigned: set(values, { wins }),
        plain: inOrder(values.filter((value, i) => values.findIndex((other) => Object.is(other, value)) === i)),
      }
    }
    case 'log': {
      const values = few()
      return { assigned: log(values), plain: values }
    }
    case 'register': {
      const value = chance.pick(members)
      return { assigned: register(value), plain: value }
    }
  }
}

function childOf(spot: Spot, draft: unknown, key: string | number): Spot {
  return {
    draft,
    depth: spot.depth + 1,
    read: () => (spot.read() as Record<string | number, unknown>)[key],
    write: (value) => {
      const around = spot.read()
      if (Array.isArray(around)) spot.write(around.with(Number(key), value))
      else spot.write(withKey(around as object, String(key), value))
    },
  }
}

function withKey(map: object, key: string, value: unknown): Record<string, unknown> {
  const out = copyOf(map)
  Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true })
  return out
}

function without(map: object, key: string): Record<string, unknown> {
  const out = copyOf(map)
  delete out[key]
  return out
}

/** Spreading would do, but for `__proto__` assigned by a key. */
function copyOf(map: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** As sets read: by the values' bytes. */
function inOrder(values: readonly unknown[]): unknown[] {
  const key = (value: unknown): string => valueKey(value as (typeof members)[number])
  return [...values].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function isTorn(text: string, index: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(Math.max(0, index - 1), index + 1)) && index > 0
}
