// Patches for those who speak other languages: as JSON Patch (RFC 6902), and for one text as the delta of editors (retain, insert, delete: the form of
// Quill's). Both are one way, out of the document: edits come in by drafts and handles.

import { never } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { applyPatches } from './apply-patches.ts'
import { valueAt } from './at-path.ts'
import type { Patch, Path } from './patch.ts'

/** An operation of RFC 6902. Values are those of the document: bytes, dates and bigints are yours to turn into JSON. */
export type JsonOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** A part of a text that stays, comes or goes. What is behind the last stays. Counts are of UTF-16 units. */
export type TextDeltaOperation = { readonly retain: number } | { readonly insert: string } | { readonly delete: number }

/**
 * The patches as operations of RFC 6902; `before` is the value that they alter. A text that changed is replaced whole, since JSON Patch cannot say less:
 * once, however many edits in a row it had. Errors: 'bad-path' where the patches belong to another value.
 *
 * @example
 * let before: unknown = doc.value
 * doc.on('patch', ({ patches }) => {
 *   const operations = toJsonPatch(patches, before) // [{ op: 'replace', path: '/title', value: 'Groceries' }]
 *   before = doc.value
 * })
 */
export function toJsonPatch(patches: readonly Patch[], before: unknown): JsonOperation[] {
  const out: JsonOperation[] = []
  const texts = new Map<string, Path>()
  let value = before
  // No other patch of texts can move a text or what is in it, so their replacements wait for each other.
  const flush = (): void => {
    for (const [path, keys] of texts) out.push({ op: 'replace', path, value: valueAt(value, keys) })
    texts.clear()
  }
  for (const patch of patches) {
    const isText = editsText(patch, value)
    if (!isText) flush()
    const next = applyPatches(value, [patch])
    if (isText) texts.set(pointer(patch.path), patch.path)
    else operations(patch, value, next, out)
    value = next
  }
  flush()
  return out
}

/**
 * What the patches did to the text at `path`, as one delta: an empty one if they did nothing to it. `path` is where the text was before them; it is
 * followed where it moves. Undefined if there is another value in its place now, or none: then read the value again.
 *
 * @example
 * doc.on('patch', ({ patches }) => {
 *   const delta = toTextDelta(patches, ['note']) // [{ retain: 2 }, { insert: '!' }]
 * })
 */
export function toTextDelta(patches: readonly Patch[], path: Path): TextDeltaOperation[] | undefined {
  const delta = new TextDelta()
  let place = path
  for (const patch of patches) {
    if (isInside(place, patch.path) && place.length === patch.path.length) {
      if (patch.type === 'insert' && 'text' in patch) delta.insert(patch.index, patch.text)
      else if (patch.type === 'remove') delta.remove(patch.index, patch.count)
      else return undefined
    } else {
      const moved = follow(place, patch)
      if (moved === undefined) return undefined
      place = moved
    }
  }
  return delta.operations()
}

function editsText(patch: Patch, value: unknown): boolean {
  if (patch.type === 'insert') return 'text' in patch
  return patch.type === 'remove' && typeof valueAt(value, patch.path) === 'string'
}

/** The operations for a patch of anything but a text. */
function operations(patch: Patch, before: unknown, after: unknown, out: JsonOperation[]): void {
  const path = pointer(patch.path)
  switch (patch.type) {
    case 'set': {
      const isThere = has(valueAt(before, patch.path.slice(0, -1)), patch.path.at(-1))
      out.push({ op: isThere ? 'replace' : 'add', path, value: patch.value })
      return
    }
    case 'delete':
      out.push({ op: 'remove', path })
      return
    case 'insert': {
      if ('text' in patch) return
      for (const [i, value] of patch.values.entries())
        out.push({ op: 'add', path: `${path}/${patch.index + i}`, value })
      return
    }
    case 'remove':
      for (let i = 0; i < patch.count; i++) out.push({ op: 'remove', path: `${path}/${patch.index}` })
      return
    case 'increment':
      out.push({ op: 'replace', path, value: patch.value })
      return
    case 'add':
    case 'take':
      members(path, listAt(before, patch.path), listAt(after, patch.path), out)
      return
    default:
      never(patch)
  }
}

/** A set is a list in JSON, in an order of its own; one patch adds to it or takes from it in one place. */
function members(path: string, before: readonly unknown[], after: readonly unknown[], out: JsonOperation[]): void {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  const isSame = (from: number, to: number): boolean =>
    before.slice(from).every((member, i) => member === after[to + i])
  if (after.length === before.length + 1 && isSame(start, start + 1))
    out.push({ op: 'add', path: `${path}/${start}`, value: after[start] })
  else if (before.length > after.length && isSame(start + before.length - after.length, start))
    for (let i = after.length; i < before.length; i++) out.push({ op: 'remove', path: `${path}/${start}` })
  else out.push({ op: 'replace', path, value: after })
}

function listAt(value: unknown, path: Path): readonly unknown[] {
  const list = valueAt(value, path)
  if (!Array.isArray(list)) throw new JoineryError('bad-path', 'these patches belong to another value')
  return list
}

function has(container: unknown, key: string | number | undefined): boolean {
  return typeof container === 'object' && container !== null && key !== undefined && Object.hasOwn(container, key)
}

/** RFC 6901. */
function pointer(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Where a patch that is not of the text itself moves its path to; undefined if the text goes. */
function follow(place: Path, patch: Patch): Path | undefined {
  if (!isInside(place, patch.path)) return place
  if (patch.type === 'set' || patch.type === 'delete') return undefined
  const at = patch.path.length
  const index = place[at]
  if (typeof index !== 'number') return place
  if (patch.type === 'insert' && 'values' in patch)
    return index < patch.index ? place : place.with(at, index + patch.values.length)
  if (patch.type !== 'remove' || index < patch.index) return place
  return index < patch.index + patch.count ? undefined : place.with(at, index - patch.count)
}

function isInside(place: Path, container: Path): boolean {
  return container.length <= place.length && container.every((key, i) => place[i] === key)
}

/** Edits one after the other, composed: segments in the order of the text, and where the last edit was, since the next is mostly near. */
class TextDelta {
  /** Text that came, units that stay (positive), units that went (negative). What is behind the last stays. */
  readonly #segments: (string | number)[] = []
  #at = 0
  /** Where the segment begins in the text as it is now. */
  #start = 0

  insert(index: number, text: string): void {
    this.#seek(index)
    const before = this.#segments[this.#at - 1]
    if (typeof before === 'string') this.#segments[this.#at - 1] = before + text
    else this.#segments.splice(this.#at++, 0, text)
    this.#start += text.length
  }

  remove(index: number, count: number): void {
    this.#seek(index)
    for (let left = count; left > 0; ) {
      const segment = this.#segments[this.#at] ?? left
      const width = widthOf(segment)
      const part = Math.min(left, width)
      const isText = typeof segment === 'string'
      if (width === 0) this.#at++
      else if (part < width) this.#segments[this.#at] = isText ? segment.slice(part) : segment - part
      else this.#segments.splice(this.#at, 1)
      if (!isText && part > 0) this.#drop(part)
      left -= part
    }
  }

  /** Between what stays, first what comes and then what goes. */
  operations(): TextDeltaOperation[] {
    const out: TextDeltaOperation[] = []
    let [retain, text, gone] = [0, '', 0]
    const flush = (): void => {
      if (text === '' && gone === 0) return
      if (retain > 0) out.push({ retain })
      if (text !== '') out.push({ insert: text })
      if (gone > 0) out.push({ delete: gone })
      ;[retain, text, gone] = [0, '', 0]
    }
    for (const segment of this.#segments) {
      if (typeof segment === 'string') text += segment
      else if (segment < 0) gone -= segment
      else {
        flush()
        retain += segment
      }
    }
    flush()
    return out
  }

  /** Says that so many units went here. */
  #drop(count: number): void {
    const before = this.#segments[this.#at - 1]
    if (typeof before === 'number' && before < 0) this.#segments[this.#at - 1] = before - count
    else this.#segments.splice(this.#at++, 0, -count)
  }

  /** Goes to where a segment begins at `index`, the first one: one is cut in two for it, or what is behind the last. */
  #seek(index: number): void {
    const segments = this.#segments
    while (this.#at > 0 && this.#start >= index) this.#start -= widthOf(segments[--this.#at] ?? 0)
    while (this.#start < index) {
      const segment = segments[this.#at] ?? index - this.#start
      const width = widthOf(segment)
      const part = Math.min(width, index - this.#start)
      if (this.#at === segments.length) segments.push(segment)
      else if (part < width) {
        const [left, right] = typeof segment === 'string' ? cut(segment, part) : [part, segment - part]
        segments.splice(this.#at, 1, left, right)
      }
      this.#at++
      this.#start += part
    }
  }
}

/** How many units of the text as it is now. */
function widthOf(segment: string | number): number {
  return typeof segment === 'string' ? segment.length : Math.max(0, segment)
}

function cut(text: string, at: number): [string, string] {
  return [text.slice(0, at), text.slice(at)]
}
