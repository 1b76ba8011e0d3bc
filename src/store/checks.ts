// What every store asks of its callers, in one place, so that all adapters refuse the same things with the same words.

import { assert } from '../base/assert.ts'
import { JoineryError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Cursor, StoreRecord, StreamName } from './store.ts'

/** Invariant 9: no record and no group is larger than a store can write in one go. Returns the group's bytes. */
export function checkRecords(records: readonly StoreRecord[]): number {
  let sum = 0
  for (const { stream, bytes, common } of records) {
    checkStream(stream)
    const isWithin =
      common === undefined || (common.at >= 0 && common.length > 0 && common.at + common.length <= bytes.length)
    assert(isWithin, `what a record has in common with others lies within it`)
    sum += checkSize(stream, bytes)
  }
  if (sum > limits.storeQueueBytes) {
    throw new JoineryError(
      'limit',
      `One append holds ${sum} bytes, at most ${limits.storeQueueBytes} are allowed: append in smaller groups.`,
    )
  }
  return sum
}

export function checkSize(stream: StreamName, bytes: Uint8Array): number {
  if (bytes.length <= limits.recordBytes) return bytes.length
  throw new JoineryError(
    'limit',
    `A record of stream ${stream} holds ${bytes.length} bytes, at most ${limits.recordBytes} are allowed: split it.`,
  )
}

export function checkStream(stream: StreamName): void {
  assert(/^[0-9a-z/-]{1,200}$/.test(stream), `a stream's name is 1-200 characters of [0-9a-z/-], not "${stream}"`)
}

export function checkKey(key: string): void {
  assert(/^[0-9a-z/.-]{1,200}$/.test(key), `a shelf key is 1-200 characters of [0-9a-z/.-], not "${key}"`)
}

export function checkUpTo(upTo: Cursor, end: Cursor): void {
  assert(Number.isSafeInteger(upTo) && upTo >= 0 && upTo <= end, `a snapshot reaches at most to ${end}, not ${upTo}`)
}

export function closedError(path: string): JoineryError {
  return new JoineryError('closed', `The store at ${path} was closed: open it again.`)
}

export function outdatedError(path: string): JoineryError {
  return new JoineryError('store-locked', `Another writer leads the store at ${path} by now: ask to lead again.`)
}
