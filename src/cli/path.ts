// Where a value stands in a document, as people write it: items[0].done, ["a.b"].c, or as an RFC 6901 pointer: /items/0/done.
// Both become a list of segments; what a segment means (a key, or an index) depends on what stands there, so find() decides.

import { JoineryError } from '../base/errors.ts'

/** A key or an index. '-' on a list is the place after its last entry (RFC 6901 §4). */
export type Segment = string | number

const indexMax = 2 ** 31 - 1

/** Reads `items[0].done`. The empty text is the whole document. Errors: 'bad-option'. */
export function parsePath(text: string): Segment[] {
  const path: Segment[] = []
  let at = 0
  while (at < text.length) {
    const step = text[at] === '[' ? readBracket(text, at) : readName(text, at, path.length === 0)
    path.push(step.segment)
    at = step.end
  }
  return path
}

/** Reads an RFC 6901 pointer. Errors: 'bad-option'. */
export function parsePointer(text: string): Segment[] {
  if (text === '') return []
  if (!text.startsWith('/')) throw badSyntax(text, 0, 'a pointer begins with "/", or is empty for the whole document')
  const wrong = text.search(/~(?![01])/)
  if (wrong !== -1) throw badSyntax(text, wrong, '"~" is written ~0 and "/" in a key ~1')
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Writes a path as `parsePath` reads it. */
export function formatPath(path: readonly Segment[]): string {
  return path.map(formatSegment).join('').replace(/^\./, '')
}

export type Found = { readonly found: true; readonly value: unknown } | { readonly found: false; readonly why: string }

/** The value at a path in plain data, or a sentence that says where the path ends. */
export function find(root: unknown, path: readonly Segment[]): Found {
  let value = root
  for (const [depth, segment] of path.entries()) {
    const here = path.slice(0, depth)
    if (Array.isArray(value)) {
      const index = indexOf(segment)
      if (index === undefined || index >= value.length)
        return { found: false, why: noEntry(here, segment, value.length) }
      value = value[index]
    } else if (isMap(value)) {
      const key = String(segment)
      if (!Object.hasOwn(value, key)) return { found: false, why: `${nameOf(here)} has no ${JSON.stringify(key)}.` }
      value = value[key]
    } else {
      return { found: false, why: `${nameOf(here)} is ${kindOf(value)}: nothing stands inside it.` }
    }
  }
  return { found: true, value }
}

/** The index a segment stands for on a list; undefined for '-' and for words. */
export function indexOf(segment: Segment): number | undefined {
  if (typeof segment === 'number') return segment
  return /^(0|[1-9]\d{0,9})$/.test(segment) ? Number(segment) : undefined
}

/** The sentence for a list that has no such entry. */
export function noEntry(list: readonly Segment[], segment: Segment, length: number): string {
  const has = length === 0 ? 'is an empty list' : `has entries [0] to [${length - 1}]`
  return `${nameOf(list)} ${has}, not ${formatSegment(segment).replace(/^\./, '')}; [-] is the place after the last.`
}

/** "The document" or the path, for sentences. */
export function nameOf(path: readonly Segment[]): string {
  return path.length === 0 ? 'The document' : `"${formatPath(path)}"`
}

/** What a value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Step = { readonly segment: Segment; readonly end: number }

/** A bare name, after a dot unless it comes first. */
function readName(text: string, start: number, isFirst: boolean): Step {
  if (!isFirst && text[start] !== '.') throw badSyntax(text, start, 'a "." or a "[" goes before the next key')
  const from = isFirst ? start : start + 1
  const rest = text.slice(from).search(/[.[\]]/)
  const end = rest === -1 ? text.length : from + rest
  if (end === from) throw badSyntax(text, from, 'a key is missing; an empty one is written [""]')
  if (text[end] === ']') throw badSyntax(text, end, 'a "]" without its "["; such a key is written ["a]b"]')
  return { segment: text.slice(from, end), end }
}

/** [0], [-], ["key"] with JSON's escapes, or ['key'] as it stands. */
function readBracket(text: string, start: number): Step {
  const inside = text.slice(start)
  const index = /^\[(0|[1-9]\d{0,9}|-)\]/.exec(inside)
  if (index) return { segment: readIndex(text, start, index[1] ?? ''), end: start + index[0].length }
  const quoted = /^\[("(?:[^"\\]|\\.)*")\]/s.exec(inside)
  if (quoted) return { segment: readQuoted(text, start, quoted[1] ?? ''), end: start + quoted[0].length }
  const single = /^\['([^']*)'\]/.exec(inside)
  if (single) return { segment: single[1] ?? '', end: start + single[0].length }
  throw badSyntax(text, start, 'in brackets stands an index, [-], or a key in quotes')
}

function readIndex(text: string, start: number, index: string): Segment {
  if (index === '-') return index
  if (Number(index) > indexMax) throw badSyntax(text, start, `an index is at most ${indexMax}`)
  return Number(index)
}

function readQuoted(text: string, start: number, quoted: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch {
    throw badSyntax(text, start, 'the key in quotes is not a JSON string')
  }
}

function formatSegment(segment: Segment): string {
  if (typeof segment === 'number') return `[${segment}]`
  if (segment === '-') return '[-]'
  return segment !== '' && !/[.[\]\s"'\p{Cc}]/u.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`
}

function badSyntax(text: string, at: number, hint: string): JoineryError {
  return new JoineryError(
    'bad-option',
    `The path ${JSON.stringify(text)} cannot be read at character ${at + 1}: ${hint}.`,
  )
}
