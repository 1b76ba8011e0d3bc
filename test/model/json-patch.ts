// RFC 6902 as its text says it, for the operations that we export and `test`: an oracle for patches as JSON Patch. Values are not altered.

import { isDeepStrictEqual } from 'node:util'

type Members = Record<string, unknown>

export function applyJsonPatch(value: unknown, patch: readonly object[]): unknown {
  return patch.reduce((now: unknown, operation) => apply(now, operation), value)
}

function apply(root: unknown, operation: object): unknown {
  const op = Reflect.get(operation, 'op')
  const keys = keysOf(Reflect.get(operation, 'path'))
  if (op !== 'remove' && !Object.hasOwn(operation, 'value')) throw new Error(`${op} without a value`)
  const value = Reflect.get(operation, 'value')
  switch (op) {
    case 'add':
      return edit(
        root,
        keys,
        (parent, key) =>
          Array.isArray(parent) ? parent.toSpliced(indexIn(parent, key, true), 0, value) : { ...parent, [key]: value },
        value,
      )
    case 'remove':
      return edit(root, keys, without, undefined)
    case 'replace':
      return edit(
        root,
        keys,
        (parent, key) =>
          Array.isArray(parent)
            ? parent.with(indexIn(parent, key, false), value)
            : { ...here(parent, key), [key]: value },
        value,
      )
    case 'test':
      if (!isDeepStrictEqual(at(root, keys), value)) throw new Error('it is another value')
      return root
    default:
      throw new Error(`no operation ${op}`)
  }
}

/** RFC 6901. */
function keysOf(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw new Error(`no pointer: ${path}`)
  if (/~(?![01])/.test(path)) throw new Error(`no pointer: ${path}`)
  return path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

type Edit = (parent: Members | unknown[], key: string) => unknown

function edit(value: unknown, keys: readonly string[], change: Edit, whole: unknown): unknown {
  const [key, ...rest] = keys
  if (key === undefined) return whole
  const parent = container(value)
  if (rest.length === 0) return change(parent, key)
  const child = edit(at(value, [key]), rest, change, whole)
  return Array.isArray(parent) ? parent.with(indexIn(parent, key, false), child) : { ...parent, [key]: child }
}

function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((now: unknown, key) => {
    const parent = container(now)
    return Array.isArray(parent) ? parent[indexIn(parent, key, false)] : here(parent, key)[key]
  }, value)
}

function without(parent: Members | unknown[], key: string): unknown {
  if (Array.isArray(parent)) return parent.toSpliced(indexIn(parent, key, false), 1)
  const { [key]: _, ...rest } = here(parent, key)
  return rest
}

function container(value: unknown): Members | unknown[] {
  if (typeof value !== 'object' || value === null) throw new Error('nothing is in a scalar')
  return value as Members | unknown[]
}

function here(parent: Members, key: string): Members {
  if (!Object.hasOwn(parent, key)) throw new Error(`there is no ${key}`)
  return parent
}

function indexIn(list: readonly unknown[], key: string, isNew: boolean): number {
  if (isNew && key === '-') return list.length
  const index = Number(key)
  if (!/^(0|[1-9]\d*)$/.test(key) || index > list.length - (isNew ? 0 : 1)) throw new Error(`there is no index ${key}`)
  return index
}
