// A seeded part of what `npm run crash-points` does whole, and the proof that it finds faults.

import { expect, test, vi } from 'vitest'
import { explore } from './crash/explore.ts'
import { harmAll } from './crash/harm.ts'
import { firstFailure, mutants } from './crash/mutants.ts'

vi.setConfig({ testTimeout: 60_000 })

const seed = Number(process.env.SEED ?? 1)

test('whatever a power cut leaves opens, holds what was acknowledged, and goes on without using a seq twice (Invariants 3, 8, 11)', async () => {
  const workload = { seed, edits: 25, compacting: 0.2, segmentBytes: 1024 }
  const explored = await explore({ ...workload, chance: 0.01, recovering: 0.001 })
  const { failures, distinct, degraded, contents, recoveries } = explored
  expect(failures, `SEED=${seed}`).toEqual([])
  expect(distinct).toBeGreaterThan(300)
  // The power goes again while the store recovers.
  expect(recoveries).toBeGreaterThan(100)
  expect(degraded).toBeLessThan(contents)
})

test.each(mutants.map((mutant) => ({ ...mutant, mutant })))('a store that $name is found out', async ({ mutant }) => {
  expect(await firstFailure(mutant)).toBeDefined()
})

test('a harmed store opens, gives nothing wrong, says what it misses, and has it back from a peer', async () => {
  const { failures, whole, missing, refused } = await harmAll(97)
  expect(failures).toEqual([])
  expect(Math.min(whole, missing, refused)).toBeGreaterThan(0)
})
