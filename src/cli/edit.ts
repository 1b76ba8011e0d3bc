// `set`: puts a value at a path of a document, as one change. What people share keeps its identity: a text is edited and not replaced,
// a counter is moved and a set is filled, so that what others do at the same time is kept too.

import { JoineryError } from '../base/errors.ts'
import type { Counter, DocHandle, SetOf, Text } from '../node.ts'
import { indexOf, isMap, kindOf, nameOf, noEntry, type Segment } from './path.ts'

type Path = readonly Segment[]

/** Errors: 'bad-path', 'bad-value', and those of DocHandle.change. */
export function assign(handle: DocHandle, path: Path, value: unknown): void {
  handle.change((draft) => {
    if (path.length === 0) replaceAll(draft, value)
    else put(draft, path, value)
  })
}

/** Whether a new document could take the value at this path, before there is one. Errors: 'bad-path', 'bad-value'. */
export function rehearse(path: Path, value: unknown): void {
  if (path.length === 0) replaceAll({}, value)
  else put({}, path, value)
}

function put(root: unknown, path: Path, value: unknown): void {
  let node = root
  for (const [depth, segment] of path.entries()) {
    const here = path.slice(0, depth)
    const rest = path.slice(depth + 1)
    const child = childOf(node, segment, here)
    if (child === undefined || rest.length === 0) {
      putChild(node, segment, child, nest(rest, value, path.slice(0, depth + 1)))
      return
    }
    node = child
  }
}

/** What stands under a key or an index; undefined for a key or a place that is free. */
function childOf(node: unknown, segment: Segment, here: Path): unknown {
  if (Array.isArray(node)) {
    if (segment === '-') return undefined
    const index = indexOf(segment)
    if (index === undefined || index >= node.length)
      throw new JoineryError('bad-path', noEntry(here, segment, node.length))
    return node[index]
  }
  if (!isMap(node) || isText(node) || isCounter(node) || isSet(node)) {
    throw new JoineryError('bad-path', `${nameOf(here)} is ${kindOfDraft(node)}: nothing stands inside it.`)
  }
  return Object.hasOwn(node, String(segment)) ? node[String(segment)] : undefined
}

function putChild(node: unknown, segment: Segment, child: unknown, value: unknown): void {
  if (child !== undefined && replaceShared(child, value)) return
  if (Array.isArray(node)) {
    if (segment === '-') node.push(value)
    else node[indexOf(segment) ?? node.length] = value
  } else if (isMap(node)) {
    node[String(segment)] = value
  }
}

/** The value inside as many new maps, or lists for [-], as the rest of the path has segments. */
function nest(rest: Path, value: unknown, here: Path): unknown {
  let inner = value
  for (const [index, segment] of [...rest.entries()].reverse()) {
    if (typeof segment === 'number') {
      const name = nameOf([...here, ...rest.slice(0, index)])
      throw new JoineryError('bad-path', `There is no list at ${name}; [-] instead of [${segment}] makes one.`)
    }
    // fromEntries defines the property, so that the key __proto__ is a key as any other.
    inner = segment === '-' ? [inner] : Object.fromEntries([[segment, inner]])
  }
  return inner
}

function replaceAll(draft: Record<string, unknown>, value: unknown): void {
  if (!isMap(value))
    throw new JoineryError('bad-value', `A whole document is an object, such as {"items":[]}, not ${kindOf(value)}.`)
  for (const key of Object.keys(draft)) if (!Object.hasOwn(value, key)) delete draft[key]
  for (const [key, part] of Object.entries(value)) {
    putChild(draft, key, Object.hasOwn(draft, key) ? draft[key] : undefined, part)
  }
}

/** Makes a text, counter or set equal to a value of its kind; false for everything else, which is replaced. */
function replaceShared(shared: unknown, value: unknown): boolean {
  if (isText(shared) && typeof value === 'string') replaceText(shared, value)
  else if (isCounter(shared) && Number.isSafeInteger(value)) moveCounter(shared, Number(value))
  else if (isSet(shared) && Array.isArray(value)) fillSet(shared, value)
  else return false
  return true
}

// The shared kinds are told from maps by their methods: no value in a map is a function.
const has = (node: unknown, method: string): boolean => isMap(node) && typeof node[method] === 'function'
const isText = (node: unknown): node is Text => has(node, 'insert')
const isCounter = (node: unknown): node is Counter => has(node, 'add') && !has(node, 'delete')
const isSet = (node: unknown): node is SetOf<unknown> => has(node, 'add') && has(node, 'delete')

/** What stands at a place of a draft, in words. */
function kindOfDraft(node: unknown): string {
  if (isText(node)) return 'a text'
  if (isCounter(node)) return 'a counter'
  return isSet(node) ? 'a set' : kindOf(node)
}

/** Replaces only what differs between the common start and the common end: edits of others in there survive. */
function replaceText(text: Text, wanted: string): void {
  const old = String(text)
  let start = 0
  while (start < Math.min(old.length, wanted.length) && old[start] === wanted[start]) start++
  if (splitsPair(old, start) || splitsPair(wanted, start)) start--
  let end = 0
  while (end < Math.min(old.length, wanted.length) - start && old.at(-1 - end) === wanted.at(-1 - end)) end++
  if (splitsPair(old, old.length - end) || splitsPair(wanted, wanted.length - end)) end--
  if (old.length - end > start) text.delete(start, old.length - end - start)
  if (wanted.length - end > start) text.insert(start, wanted.slice(start, wanted.length - end))
}

/** Whether an index stands inside a surrogate pair: a text refuses to be cut there. */
function splitsPair(text: string, index: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(Math.max(0, index - 1), index + 1))
}

function moveCounter(counter: Counter, wanted: number): void {
  const by = BigInt(wanted) - BigInt(counter.value)
  if (by !== 0n) counter.add(Number(by))
}

function fillSet(set: SetOf<unknown>, wanted: readonly unknown[]): void {
  for (const value of [...set]) if (!wanted.includes(value)) set.delete(value)
  for (const value of wanted) set.add(value)
}
