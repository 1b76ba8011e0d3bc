// Which errors of a peer that runs for years are told. What a bad member sends is refused each time, and each time is an error: a log that somebody else
// can fill is none. So of those one a minute is told, and with it how many were not. Pure: time is handed in.

import { JoineryError } from '../base/errors.ts'

const EVERY_MS = 60_000

export class SparseErrors {
  #toldAt = Number.NEGATIVE_INFINITY
  #untold = 0

  /** The error as it is to be told now, by a clock in milliseconds; undefined if it is only counted. */
  pass(error: JoineryError, now: number): JoineryError | undefined {
    if (error.code !== 'bad-message') return error
    if (now - this.#toldAt < EVERY_MS) {
      this.#untold++
      return undefined
    }
    const untold = this.#untold
    this.#toldAt = now
    this.#untold = 0
    if (untold === 0) return error
    const message = `${error.message} (${untold} more of this kind since the last that was told)`
    return new JoineryError(error.code, message, { cause: error, details: { ...error.details, untold } })
  }
}
