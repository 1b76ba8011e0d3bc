// Takes a value to the next by its patches (Invariant 7: the old value plus the patches is the new value). Values are shared, not altered.

import { never } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { defineKey, Json, type Scalar, valueKey } from '../core/value.ts'
import type { Patch, Path } from './patch.ts'

type Edit = (value: unknown) => unknown
/** More are not spread into a call: the platform's stack has an end. */
const fewArguments = 1_000

/**
 * The value after the patches.
 *
 * @example
 * let mirror: unknown = doc.value
 * doc.on('patch', ({ patches }) => { mirror = applyPatches(mirror, patches) })
 */
export function applyPatches(value: unknown, patches: readonly Patch[]): unknown {
  // What was copied on the way is nobody else's yet, and takes what follows in place: many patches of one list do not copy it each.
  const own = new Set<object>()
  return patches.reduce((now, patch) => applyPatch(now, patch, own), value)
}

type Own = Set<object>

function applyPatch(value: unknown, patch: Patch, own: Own): unknown {
  switch (patch.type) {
    case 'set': {
      const [inside, key] = split(patch.path)
      return editAt(value, inside, own, (parent) => withKey(parent, key, patch.value, own))
    }
    case 'delete': {
      const [inside, key] = split(patch.path)
      return editAt(value, inside, own, (parent) => withoutKey(parent, key, own))
    }
    case 'insert':
      return editAt(value, patch.path, own, (old) =>
        'text' in patch
          ? spliceText(old, patch.index, 0, patch.text)
          : spliceList(old, patch.index, 0, patch.values, own),
      )
    case 'remove':
      return editAt(value, patch.path, own, (old) =>
        typeof old === 'string'
          ? spliceText(old, patch.index, patch.count, '')
          : spliceList(old, patch.index, patch.count, [], own),
      )
    case 'increment':
      return editAt(value, patch.path, own, () => patch.value)
    case 'add':
      return editAt(value, patch.path, own, (old) => withMember(old, patch.value, own))
    case 'take':
      return editAt(value, patch.path, own, (old) =>
        listOf(old).filter((member) => keyOf(member) !== keyOf(patch.value)),
      )
    default:
      return never(patch)
  }
}

function split(path: Path): [Path, string | number] {
  const key = path.at(-1)
  if (key === undefined) throw misfit()
  return [path.slice(0, -1), key]
}

function editAt(value: unknown, path: Path, own: Own, edit: Edit): unknown {
  const [key, ...rest] = path
  if (key === undefined) return edit(value)
  return withKey(value, key, editAt(at(value, key), rest, own, edit), own)
}

function at(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) throw misfit()
  return (value as Record<string | number, unknown>)[key]
}

function withKey(value: unknown, key: string | number, item: unknown, own: Own): unknown {
  if (Array.isArray(value) && typeof key === 'number') {
    if (!Object.hasOwn(value, key)) throw misfit()
    const list = ownList(value, own)
    list[key] = item
    return list
  }
  const out = ownObject(value, own)
  defineKey(out, String(key), item)
  return out
}

function withoutKey(value: unknown, key: string | number, own: Own): unknown {
  const out = ownObject(value, own)
  Reflect.deleteProperty(out, key)
  return out
}

/** A plain object that may be altered, `__proto__` and all. */
function ownObject(value: unknown, own: Own): object {
  if (typeof value !== 'object' || value === null) throw misfit()
  if (own.has(value)) return value
  const out = {}
  for (const [key, item] of Object.entries(value)) defineKey(out, key, item)
  own.add(out)
  return out
}

function ownList(value: unknown, own: Own): unknown[] {
  const list = listOf(value)
  if (own.has(list)) return list as unknown[]
  const out = list.slice()
  own.add(out)
  return out
}

function spliceText(value: unknown, index: number, count: number, text: string): string {
  if (typeof value !== 'string') throw misfit()
  return value.slice(0, index) + text + value.slice(index + count)
}

function spliceList(value: unknown, index: number, count: number, values: readonly unknown[], own: Own): unknown[] {
  const list = ownList(value, own)
  if (values.length <= fewArguments) {
    list.splice(index, count, ...values)
    return list
  }
  const out = list.slice(0, index).concat(values, list.slice(index + count))
  own.add(out)
  return out
}

/** A list of the members in the order of their bytes, and one more. */
function withMember(value: unknown, member: unknown, own: Own): unknown[] {
  const list = ownList(value, own)
  const key = keyOf(member)
  let low = 0
  for (let high = list.length; low < high; ) {
    const middle = (low + high) >>> 1
    if (keyOf(list[middle]) < key) low = middle + 1
    else high = middle
  }
  list.splice(low, 0, member)
  return list
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw misfit()
  return value
}

function keyOf(member: unknown): string {
  const isOpaque =
    typeof member === 'object' && member !== null && !(member instanceof Date) && !(member instanceof Uint8Array)
  return valueKey(isOpaque ? new Json(member) : (member as Scalar))
}

function misfit(): JoineryError {
  return new JoineryError('bad-path', 'these patches belong to another value')
}
