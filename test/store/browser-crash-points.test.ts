// A seeded part of what `npm run crash-points -- --indexeddb` does whole, and the proof that it finds faults.

import { expect, test, vi } from 'vitest'
import { exploreBrowser } from './crash/browser-explore.ts'
import { browserMutants, firstBrowserFailure } from './crash/browser-mutants.ts'

vi.setConfig({ testTimeout: 60_000 })

const seed = Number(process.env.SEED ?? 1)

test.each([1, 2])(
  'whatever is aborted, finds no room or is lost with the power, %d tabs open again with what was acknowledged (Invariants 3, 8, 11)',
  async (tabs) => {
    const { failures, distinct, refusals } = await exploreBrowser({ seed, edits: 12, tabs, mishaps: 0.03 })
    expect(failures, `SEED=${seed}`).toEqual([])
    expect(distinct).toBeGreaterThan(10)
    expect(Object.keys(refusals).length).toBeGreaterThan(0)
  },
)

test.each(browserMutants.map((mutant) => ({ ...mutant, mutant })))(
  'a store that $name is found out',
  async ({ mutant }) => {
    expect(await firstBrowserFailure(mutant)).toBeDefined()
  },
)
