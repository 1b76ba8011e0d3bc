// Sums that lose nothing: numbers while they are safe integers, bigints beyond.

import { JoineryError } from '../../base/errors.ts'

export type Amount = number | bigint

const safeMax = BigInt(Number.MAX_SAFE_INTEGER)

export function sum(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const total = a + b
    if (Number.isSafeInteger(total)) return total
  }
  return exact(BigInt(a) + BigInt(b))
}

/** The same amount so many times. */
export function times(amount: Amount, count: number): Amount {
  if (count === 1) return amount
  if (typeof amount === 'number') {
    const total = amount * count
    if (Number.isSafeInteger(total)) return total
  }
  return exact(BigInt(amount) * BigInt(count))
}

/** A number if it is a safe one. */
export function exact(value: bigint): Amount {
  return value >= -safeMax && value <= safeMax ? Number(value) : value
}

/** Errors: 'bad-value'. */
export function checkAmount(by: unknown): Amount {
  if (typeof by === 'bigint') return exact(by)
  if (typeof by !== 'number' || !Number.isSafeInteger(by))
    throw new JoineryError('bad-value', `a counter adds safe integers, not ${String(by)}`)
  return by === 0 ? 0 : by
}

/** What a counter that only grows adds. Errors: 'bad-value'. */
export function checkGrowth(by: Amount): Amount {
  if (by < 0) throw new JoineryError('bad-value', `this counter only grows: it adds nothing less than 0, not ${by}`)
  return by
}
