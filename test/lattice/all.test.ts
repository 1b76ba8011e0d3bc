// Every type of the kit keeps every law, under names of replicas that are also names of things in JavaScript.

import { expect, test } from 'vitest'
import { all } from './all.ts'

const runs = Number(process.env.RUNS ?? 1000)
const seed = Number(process.env.SEED ?? 0)

test.each(all)('the %s keeps the laws', (_, run) => {
  expect(() => run({ runs, seed, replicas: ['a', '__proto__', 'constructor'] })).not.toThrow()
})
