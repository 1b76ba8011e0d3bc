// Every measurement, in the order of the table.

import type { Measurement } from '../measurement.ts'
import { b1 } from './b1.ts'
import { b2 } from './b2.ts'
import { b3 } from './b3.ts'
import { b4 } from './b4.ts'
import { collections } from './collections.ts'
import { concurrentTraces } from './concurrent.ts'
import { delta } from './delta.ts'
import { growth } from './growth.ts'

export const measurements: readonly Measurement[] = [
  ...b1,
  ...b2,
  ...b3,
  ...b4,
  ...delta,
  ...concurrentTraces,
  ...collections,
]

/** Those of the table, and those that draw the cost of growth. */
export function measurement(id: string): Measurement {
  const found = [...measurements, ...growth].find((one) => one.id === id)
  if (found === undefined) throw new RangeError(`there is no measurement ${id}`)
  return found
}
