// `npm run crash-points`: the whole exhaustive run, and what it found.
//
//   npm run crash-points -- --seed 3 --edits 50        another workload
//   npm run crash-points -- --harm                     each byte of each file flipped, each cut, each file gone or swapped
//   npm run crash-points -- --mutants                  faults put in on purpose: each must be found

import { parseArgs } from 'node:util'
import { explore } from './explore.ts'
import { harmAll } from './harm.ts'
import { firstFailure, mutants } from './mutants.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    edits: { type: 'string', default: '200' },
    chance: { type: 'string', default: '1' },
    harm: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
  },
})

if (values.harm) await harm()
else if (values.mutants) await findMutants()
else await exploreAll()

async function exploreAll(): Promise<void> {
  const start = performance.now()
  const explored = await explore({
    seed: Number(values.seed),
    edits: Number(values.edits),
    chance: Number(values.chance),
    segmentBytes: 4096,
    progress: (line) => console.log(`${Math.round((performance.now() - start) / 1000)} s  ${line}`),
  })
  const { failures, ...figures } = explored
  console.log(figures)
  for (const { at, reason } of failures.slice(0, 20)) console.log(`at ${at}: ${reason}`)
  console.log(`${failures.length} failures`)
  process.exitCode = failures.length > 0 ? 1 : 0
}

async function harm(): Promise<void> {
  const { failures, ...figures } = await harmAll(Math.round(1 / Number(values.chance)))
  console.log(figures)
  for (const failure of failures.slice(0, 20)) console.log(failure)
  console.log(`${failures.length} failures`)
  process.exitCode = failures.length > 0 ? 1 : 0
}

async function findMutants(): Promise<void> {
  for (const mutant of mutants) {
    const start = performance.now()
    const failure = await firstFailure(mutant)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${failure === undefined ? 'NOT FOUND' : 'found'} in ${seconds} s: ${mutant.name}`)
    if (failure === undefined) process.exitCode = 1
    else console.log(`    at ${failure.at}: ${failure.reason}`)
  }
}
