// Assertions hold our own mistakes. They are never caught and never part of an API.

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/**
 * Throws an AssertionError with `reason` unless `condition` holds. Where it is passed for each op, a reason made of numbers costs more than the question:
 * there, `if (!condition) assert(false, reason)`.
 */
export function assert(condition: unknown, reason: string): asserts condition {
  if (!condition) throw new AssertionError(reason)
}

/** The value, asserted to be there. */
export function present<T>(value: T | undefined | null, reason: string): T {
  assert(value !== undefined && value !== null, reason)
  return value
}

/** Ends every switch over a union: the compiler proves that nothing arrives here. */
export function never(value: never): never {
  throw new AssertionError(`unexpected case ${JSON.stringify(value)}`)
}
