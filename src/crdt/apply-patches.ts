// Takes a value to the next by its patches (Invariant 7: the old value plus the patches is the new value). Values are shared, not altered.

import { never } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { defineKey, Json, type Scalar, valueKey } from '../core/value.ts'
import type { Patch, Path } from './patch.ts'

type Edit = (value: unknown) => unknown

/**
 * The value after the patches.
 *
 * @example
 * let mirror: unknown = doc.value
 * doc.on('patch', ({ patches }) => { mirror = applyPatches(mirror, patches) })
 */
export function applyPatches(value: unknown, patches: readonly Patch[]): unknown {
  return patches.reduce((now, patch) => applyPatch(now, patch), value)
}

function applyPatch(value: unknown, patch: Patch): unknown {
  switch (patch.type) {
    case 'set': {
      const [inside, key] = split(patch.path)
      return editAt(value, inside, (parent) => withKey(parent, key, patch.value))
    }
    case 'delete': {
      const [inside, key] = split(patch.path)
      return editAt(value, inside, (parent) => withoutKey(parent, key))
    }
    case 'insert':
      return editAt(value, patch.path, (old) =>
        'text' in patch ? spliceText(old, patch.index, 0, patch.text) : spliceList(old, patch.index, 0, patch.values),
      )
    case 'remove':
      return editAt(value, patch.path, (old) =>
        typeof old === 'string'
          ? spliceText(old, patch.index, patch.count, '')
          : spliceList(old, patch.index, patch.count, []),
      )
    case 'increment':
      return editAt(value, patch.path, () => patch.value)
    case 'add':
      return editAt(value, patch.path, (old) => sorted([...listOf(old), patch.value]))
    case 'take':
      return editAt(value, patch.path, (old) => listOf(old).filter((member) => keyOf(member) !== keyOf(patch.value)))
    default:
      return never(patch)
  }
}

function split(path: Path): [Path, string | number] {
  const key = path.at(-1)
  if (key === undefined) throw misfit()
  return [path.slice(0, -1), key]
}

function editAt(value: unknown, path: Path, edit: Edit): unknown {
  const [key, ...rest] = path
  if (key === undefined) return edit(value)
  return withKey(value, key, editAt(at(value, key), rest, edit))
}

function at(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) throw misfit()
  return (value as Record<string | number, unknown>)[key]
}

function withKey(value: unknown, key: string | number, item: unknown): unknown {
  if (Array.isArray(value) && typeof key === 'number') return value.with(key, item)
  const out = copy(value)
  defineKey(out, String(key), item)
  return out
}

function withoutKey(value: unknown, key: string | number): unknown {
  const out = copy(value)
  Reflect.deleteProperty(out, key)
  return out
}

/** A copy of a plain object, `__proto__` and all. */
function copy(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw misfit()
  const out = {}
  for (const [key, item] of Object.entries(value)) defineKey(out, key, item)
  return out
}

function spliceText(value: unknown, index: number, count: number, text: string): string {
  if (typeof value !== 'string') throw misfit()
  return value.slice(0, index) + text + value.slice(index + count)
}

function spliceList(value: unknown, index: number, count: number, values: readonly unknown[]): unknown[] {
  const list = listOf(value)
  return [...list.slice(0, index), ...values, ...list.slice(index + count)]
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw misfit()
  return value
}

/** Members in the order of their bytes. */
function sorted(members: readonly unknown[]): unknown[] {
  const keyed = members.map((member) => [keyOf(member), member] as const)
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member)
}

function keyOf(member: unknown): string {
  const isOpaque =
    typeof member === 'object' && member !== null && !(member instanceof Date) && !(member instanceof Uint8Array)
  return valueKey(isOpaque ? new Json(member) : (member as Scalar))
}

function misfit(): JoineryError {
  return new JoineryError('bad-path', 'these patches belong to another value')
}
