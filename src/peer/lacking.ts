// How much one lacks of what another has: a number for people, and for estimates.

import type { Version } from '../core/version.ts'
import type { Holdings } from '../sync/holdings.ts'
import type { Document } from './document.ts'

/** How many ops of `wanted` whoever holds `held` lacks. */
export function lackingOps(held: Version, wanted: Version): number {
  let sum = 0
  for (const [branch, seq] of wanted) sum += Math.max(0, seq - (held.get(branch) ?? 0))
  return sum
}

/** How many ops of a version of a document a member lacks: only what can be seen here to be the same counts (Holdings.contains). */
export function lackingIn(holdings: Holdings, { id }: Document, version: Version): number {
  if (holdings.contains(id, version)) return 0
  return Math.max(1, lackingOps(holdings.version(id), version))
}

export function edits(count: number): string {
  return count === 1 ? '1 edit' : `${count} edits`
}
