// All that is measured, in the order of the table.

import { engineNames, floor } from '../engine.ts'
import type { Measurement } from '../measurement.ts'
import { comparing } from './comparing.ts'
import { crowd } from './crowd.ts'
import { rejoining } from './rejoining.ts'
import { typing } from './typing.ts'

export const measurements: readonly Measurement[] = [...typing, ...rejoining, ...comparing, ...crowd]

export function measurement(id: string): Measurement {
  const found = measurements.find((one) => one.id === id)
  if (found === undefined) throw new RangeError(`nothing is measured as ${id}`)
  return found
}

/** The engines that a measurement says something of. */
export function enginesOf({ of }: Measurement): readonly string[] {
  return of ?? engineNames.filter((name) => name !== floor)
}
