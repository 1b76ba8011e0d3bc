// What takes one value of a document to another, as patches: what differs is looked for along the keys, and in lists and texts between the first and
// the last place where they differ. Values that share structure are compared by reference, so that what did not change costs nothing.

import type { Patch, Path } from './patch.ts'

/** Patches such that the value `from` plus them is the value `to` (Invariant 7). */
export function diffValues(from: unknown, to: unknown, path: Path = []): Patch[] {
  const patches: Patch[] = []
  compare(from, to, path, patches)
  return patches
}

/** Values nest at most as deep as documents do, so this may call itself. */
function compare(from: unknown, to: unknown, path: Path, out: Patch[]): void {
  if (Object.is(from, to)) return
  if (typeof from === 'string' && typeof to === 'string') compareText(from, to, path, out)
  else if (Array.isArray(from) && Array.isArray(to)) compareLists(from, to, path, out)
  else if (isMap(from) && isMap(to)) compareMaps(from, to, path, out)
  else if (!isSame(from, to)) out.push({ type: 'set', path, value: to })
}

function compareMaps(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
  path: Path,
  out: Patch[],
): void {
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) out.push({ type: 'delete', path: [...path, key] })
  for (const key of Object.keys(to)) {
    if (Object.hasOwn(from, key)) compare(from[key], to[key], [...path, key], out)
    else out.push({ type: 'set', path: [...path, key], value: to[key] })
  }
}

function compareText(from: string, to: string, path: Path, out: Patch[]): void {
  const most = Math.min(from.length, to.length)
  let start = 0
  while (start < most && from.charCodeAt(start) === to.charCodeAt(start)) start++
  // A pair is never torn: neither half alone is a text.
  if (start > 0 && isHigh(from.charCodeAt(start - 1))) start--
  let end = 0
  while (end < most - start && from.charCodeAt(from.length - 1 - end) === to.charCodeAt(to.length - 1 - end)) end++
  if (end > 0 && isLow(from.charCodeAt(from.length - end))) end--
  splice(path, start, from.length - start - end, out)
  const text = to.slice(start, to.length - end)
  if (text !== '') out.push({ type: 'insert', path, index: start, text })
}

function compareLists(from: readonly unknown[], to: readonly unknown[], path: Path, out: Patch[]): void {
  const most = Math.min(from.length, to.length)
  let start = 0
  while (start < most && isSame(from[start], to[start])) start++
  let end = 0
  while (end < most - start && isSame(from[from.length - 1 - end], to[to.length - 1 - end])) end++
  // One item that became another one is looked into; of several nobody can say which became which.
  if (from.length === to.length && from.length - start - end === 1) {
    compare(from[start], to[start], [...path, start], out)
    return
  }
  splice(path, start, from.length - start - end, out)
  const values = to.slice(start, to.length - end)
  if (values.length > 0) out.push({ type: 'insert', path, index: start, values })
}

function splice(path: Path, index: number, count: number, out: Patch[]): void {
  if (count > 0) out.push({ type: 'remove', path, index, count })
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** Whether two values read the same, as deep as they go. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Date || b instanceof Date)
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime()
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key)))
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
