// Keys of IndexedDB, their order, and ranges of them (W3C Indexed Database API 3.0, section 2.4). Numbers, strings and lists of them: dates and
// bytes, which nobody here uses as keys, are refused.

export type Key = number | string | readonly Key[]

/** The key that a value is. Throws a DataError where it is none. */
export function keyOf(value: unknown): Key {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (Array.isArray(value)) return value.map(keyOf)
  throw new DOMException(`${typeof value} is no key that is simulated`, 'DataError')
}

/** Below 0 if a stands before b, 0 if they are equal. Numbers stand before strings, strings before lists. */
export function compareKeys(a: Key, b: Key): number {
  const byKind = kind(a) - kind(b)
  if (byKind !== 0) return byKind
  if (typeof a === 'object' && typeof b === 'object') {
    for (const [i, item] of a.entries()) {
      const other = b[i]
      if (other === undefined) return 1
      const order = compareKeys(item, other)
      if (order !== 0) return order
    }
    return a.length - b.length
  }
  return a < b ? -1 : a > b ? 1 : 0
}

/** The key at a path of a value: of a list of paths, the list of their keys. Undefined where there is none. */
export function keyAt(value: unknown, path: string | readonly string[]): Key | undefined {
  if (typeof path === 'string') {
    const part = typeof value === 'object' && value !== null ? Reflect.get(value, path) : undefined
    return part === undefined ? undefined : keyOf(part)
  }
  const parts = path.map((one) => keyAt(value, one))
  return parts.every((part) => part !== undefined) ? parts : undefined
}

/** IDBKeyRange. */
export class SimulatedKeyRange {
  readonly lower: Key | undefined
  readonly upper: Key | undefined
  readonly lowerOpen: boolean
  readonly upperOpen: boolean

  private constructor(lower: unknown, upper: unknown, lowerOpen = false, upperOpen = false) {
    this.lower = lower === undefined ? undefined : keyOf(lower)
    this.upper = upper === undefined ? undefined : keyOf(upper)
    this.lowerOpen = lowerOpen
    this.upperOpen = upperOpen
    if (this.lower === undefined || this.upper === undefined) return
    const order = compareKeys(this.lower, this.upper)
    if (order > 0 || (order === 0 && (lowerOpen || upperOpen)))
      throw new DOMException('The lower key stands behind the upper key.', 'DataError')
  }

  static only(key: unknown): SimulatedKeyRange {
    return new SimulatedKeyRange(key, key)
  }

  static lowerBound(lower: unknown, open?: boolean): SimulatedKeyRange {
    return new SimulatedKeyRange(lower, undefined, open)
  }

  static upperBound(upper: unknown, open?: boolean): SimulatedKeyRange {
    return new SimulatedKeyRange(undefined, upper, false, open)
  }

  static bound(lower: unknown, upper: unknown, lowerOpen?: boolean, upperOpen?: boolean): SimulatedKeyRange {
    return new SimulatedKeyRange(lower, upper, lowerOpen, upperOpen)
  }

  includes(key: unknown): boolean {
    return !this.isAbove(keyOf(key)) && !this.isBelow(keyOf(key))
  }

  /** Whether all of the range stands behind the key. */
  isAbove(key: Key): boolean {
    if (this.lower === undefined) return false
    const order = compareKeys(key, this.lower)
    return order < 0 || (order === 0 && this.lowerOpen)
  }

  /** Whether all of the range stands before the key. */
  isBelow(key: Key): boolean {
    if (this.upper === undefined) return false
    const order = compareKeys(key, this.upper)
    return order > 0 || (order === 0 && this.upperOpen)
  }
}

const all = SimulatedKeyRange.lowerBound(Number.NEGATIVE_INFINITY)

/** What a query asks for: a key, a range, or all. */
export function rangeOf(query: unknown): SimulatedKeyRange {
  if (query instanceof SimulatedKeyRange) return query
  return query === undefined || query === null ? all : SimulatedKeyRange.only(query)
}

function kind(key: Key): number {
  return typeof key === 'number' ? 0 : typeof key === 'string' ? 1 : 2
}
