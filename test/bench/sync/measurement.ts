// What is measured of an engine in one process: work, and the rows of the table that it fills.

import type { Unit } from '../measurement.ts'

export interface Measurement {
  readonly id: string
  readonly rows: Readonly<Record<string, Unit>>
  readonly limitMs: number
  /** Which engines it says something of; all but the floor by default. */
  readonly of?: readonly string[]
  /** What is the same each time is done once. */
  readonly isOnce?: boolean
  run(engine: string): Promise<Readonly<Record<string, number>>>
}
