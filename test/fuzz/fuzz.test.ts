// A short run of the fuzzer: the same histories each time. `npm run fuzz` goes on for as long as one likes.

import { expect, test } from 'vitest'
import { failureOf, kinds, play } from './kinds.ts'
import { mutants, mutated } from './mutants.ts'

/** Some 20,000 ops in all. */
const opsEach = 5_000

test.each(kinds)('drawn histories of the %s mean what the twin says', { timeout: 60_000 }, (kind) => {
  let ops = 0
  for (let seed = 1; ops < opsEach && seed <= 100; seed++) {
    const outcome = play(kind, seed)
    ops += outcome.ops
    if (outcome.failure !== undefined) expect.fail(failureOf(kind, seed))
  }
})

test.each(mutants)('there is a place for the fault that $name', (mutant) => {
  expect(mutated(mutant)).not.toBe('')
})
