// `npm run crash-points`: the whole exhaustive run, and what it found.
//
//   npm run crash-points -- --seed 3 --edits 50        another workload
//   npm run crash-points -- --recovering 0.1           more of what a second cut leaves, in the middle of recovery from the first
//   npm run crash-points -- --harm                     each byte of each file flipped, each cut, each file gone or swapped
//   npm run crash-points -- --mutants                  faults put in on purpose: each must be found
//   npm run crash-points -- --indexeddb                the store in IndexedDB, in one tab and in two, with a mishap in each transaction; --mutants too

import { parseArgs } from 'node:util'
import { exploreBrowser } from './browser-explore.ts'
import { browserMutants, firstBrowserFailure } from './browser-mutants.ts'
import { explore, type Failure } from './explore.ts'
import { harmAll } from './harm.ts'
import { firstFailure, mutants } from './mutants.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    edits: { type: 'string' },
    chance: { type: 'string', default: '1' },
    recovering: { type: 'string', default: '0.01' },
    harm: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    indexeddb: { type: 'boolean', default: false },
    tabs: { type: 'string', multiple: true, default: ['1', '2'] },
  },
})
const start = performance.now()
const progress = (line: string): void => console.log(`${Math.round((performance.now() - start) / 1000)} s  ${line}`)

if (values.harm) await harm()
else if (values.mutants) await findMutants()
else if (values.indexeddb) for (const tabs of values.tabs) await exploreTabs(Number(tabs))
else await exploreAll()

async function exploreAll(): Promise<void> {
  const { seed, edits = '200', chance } = values
  const workload = { seed: Number(seed), edits: Number(edits), segmentBytes: 4096 }
  const chances = { chance: Number(chance), recovering: Number(values.recovering) }
  const { failures, ...figures } = await explore({ ...workload, ...chances, progress })
  tell(figures, failures)
}

async function exploreTabs(tabs: number): Promise<void> {
  const { seed, edits = '25', chance } = values
  const options = { seed: Number(seed), edits: Number(edits), mishaps: Number(chance), tabs, progress }
  const { failures, ...figures } = await exploreBrowser(options)
  tell({ tabs, ...figures }, failures)
}

function tell(figures: object, failures: readonly Failure[]): void {
  console.log(figures)
  for (const { at, reason } of failures.slice(0, 20)) console.log(`at ${at}: ${reason}`)
  console.log(`${failures.length} failures`)
  if (failures.length > 0) process.exitCode = 1
}

async function harm(): Promise<void> {
  const { failures, ...figures } = await harmAll(Math.round(1 / Number(values.chance)))
  console.log(figures)
  for (const failure of failures.slice(0, 20)) console.log(failure)
  console.log(`${failures.length} failures`)
  process.exitCode = failures.length > 0 ? 1 : 0
}

async function findMutants(): Promise<void> {
  const searches = values.indexeddb
    ? browserMutants.map((mutant) => ({ mutant, find: () => firstBrowserFailure(mutant) }))
    : mutants.map((mutant) => ({ mutant, find: () => firstFailure(mutant) }))
  for (const { mutant, find } of searches) {
    const start = performance.now()
    const failure = await find()
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${failure === undefined ? 'NOT FOUND' : 'found'} in ${seconds} s: ${mutant.name}`)
    if (failure === undefined) process.exitCode = 1
    else console.log(`    at ${failure.at}: ${failure.reason}`)
  }
}
