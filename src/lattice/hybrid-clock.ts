// Hybrid logical clocks: times that never contradict cause and effect, and stay close to the wall. As pure functions: whoever calls
// hands in what the wall says.
//
// Kulkarni, Demirbas, Madappa, Avva & Leone 2014, Logical physical clocks and consistent snapshots in globally distributed databases,
// figure 5. `time` is the paper's l, the greatest wall time heard of; `count` its c, which orders what falls into one l.

import { JoineryError } from '../base/errors.ts'
import { count, record, sum } from './plain.ts'

export interface HybridTime {
  /** Milliseconds of wall time: the greatest this clock has heard of. */
  readonly time: number
  readonly count: number
}

/** Before everything. */
export const hybridZero: HybridTime = Object.freeze({ time: 0, count: 0 })

/**
 * The time of an event here, or of a message sent: after `last`, and not before `now` on the wall.
 *
 * @example
 * import { hybridNext, hybridZero } from 'joinery/lattice'
 * const first = hybridNext(hybridZero, 1000)
 * console.log(hybridNext(first, 990)) // { time: 1000, count: 1 }: the wall went back, this clock does not
 */
export function hybridNext(last: HybridTime, now: number): HybridTime {
  const wall = count(now, 'now')
  return wall > last.time ? { time: wall, count: 0 } : { time: last.time, count: after(last.count) }
}

/**
 * The time of hearing a message: after `last` and after `heard`, and not before `now`.
 * With `aheadMaxMs`, a time that is further ahead of the wall is refused, for it would drag all others along: JoineryError 'limit'.
 */
export function hybridHear(
  last: HybridTime,
  heard: HybridTime,
  now: number,
  options: { readonly aheadMaxMs?: number } = {},
): HybridTime {
  const { aheadMaxMs = Number.POSITIVE_INFINITY } = options
  const wall = count(now, 'now')
  if (heard.time - wall > aheadMaxMs)
    throw new JoineryError(
      'limit',
      `a time ${heard.time - wall} ms ahead of the wall was heard, at most ${aheadMaxMs} are taken`,
    )
  const time = Math.max(last.time, heard.time, wall)
  const counts = [last, heard].flatMap((other) => (other.time === time ? [other.count] : []))
  return { time, count: counts.length === 0 ? 0 : after(Math.max(...counts)) }
}

export function compareHybrid(a: HybridTime, b: HybridTime): number {
  return a.time - b.time || a.count - b.count
}

export function decodeHybrid(data: unknown): HybridTime {
  const fields = record(data, ['time', 'count'], 'a hybrid time')
  return { time: count(fields.time, 'a time'), count: count(fields.count, 'the count of a hybrid time') }
}

function after(number: number): number {
  return sum([number, 1], 'the count of a hybrid time')
}
