// Values as JSON can hold them. A document may hold more: large integers, bytes, dates, numbers that are none.

/** A copy in plain JSON: bigint as a number if safe, else as text; bytes in base64; dates in ISO 8601; sets as lists; NaN as text. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, plain)
  // Own properties only, made by definition: a key such as __proto__ is an ordinary key.
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}
