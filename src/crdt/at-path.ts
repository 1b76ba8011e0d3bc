// Reading and writing at a path of keys and indexes, with an error that says how far the path led.

import { JoineryError } from '../base/errors.ts'
import type { Path } from './patch.ts'

type Container = Record<string | number, unknown>

/** The value at a path. Errors: 'bad-path'. */
export function valueAt(root: unknown, path: Path): unknown {
  let at = root
  path.forEach((key, depth) => {
    if (!has(at, key)) throw missing(path, depth)
    at = (at as Container)[key]
  })
  return at
}

/** Sets the value at a path in a draft: a missing map key is made, a missing index is refused, a text takes a new wording. Errors: 'bad-path'. */
export function applyAt(root: unknown, path: Path, value: unknown): void {
  if (path.length === 0)
    throw new JoineryError('bad-path', 'The root of a document cannot be replaced: name a key in it.')
  let at = root as Container
  path.slice(0, -1).forEach((key, depth) => {
    if (!has(at, key)) {
      if (Array.isArray(at) || typeof key === 'number') throw missing(path, depth)
      at[key] = {}
    }
    const next = at[key]
    if (typeof next !== 'object' || next === null) throw missing(path, depth + 1)
    at = next as Container
  })
  setAt(at, path, path.at(-1) as string | number, value)
}

function setAt(at: Container, path: Path, key: string | number, value: unknown): void {
  if (Array.isArray(at) && !(typeof key === 'number' && key >= 0 && key <= at.length))
    throw missing(path, path.length - 1)
  const old = has(at, key) ? at[key] : undefined
  if (typeof value === 'string' && isText(old)) {
    old.delete(0, old.length)
    old.insert(0, value)
  } else if (Array.isArray(at) && key === at.length) at.push(value)
  else at[key] = value
}

function isText(
  value: unknown,
): value is { length: number; insert(index: number, text: string): void; delete(index: number, count: number): void } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    'insert' in value &&
    'append' in value &&
    typeof value.insert === 'function'
  )
}

function has(at: unknown, key: string | number): boolean {
  if (typeof at !== 'object' || at === null) return false
  if (Array.isArray(at)) return typeof key === 'number' && Number.isInteger(key) && key >= 0 && key < at.length
  return Object.hasOwn(at, key)
}

function missing(path: Path, depth: number): JoineryError {
  const shown = path.map((key) =>
    typeof key === 'number'
      ? `[${key}]`
      : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`,
  )
  const until = shown
    .slice(0, depth + 1)
    .join('')
    .replace(/^\./, '')
  return new JoineryError('bad-path', `There is nothing at ${until} in this document.`, { details: { path } })
}
