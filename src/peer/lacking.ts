// How much one lacks of what another has: a number for people, and for estimates.

import type { Version } from '../core/version.ts'

/** How many ops of `wanted` whoever holds `held` lacks. */
export function lackingOps(held: Version, wanted: Version): number {
  let sum = 0
  for (const [branch, seq] of wanted) sum += Math.max(0, seq - (held.get(branch) ?? 0))
  return sum
}

export function edits(count: number): string {
  return count === 1 ? '1 edit' : `${count} edits`
}
