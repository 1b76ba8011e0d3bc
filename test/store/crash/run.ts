// `npm run crash-points`: the whole exhaustive run, and what it found.
//
//   npm run crash-points -- --seed 3 --edits 50        another workload
//   npm run crash-points -- --mutants                  faults put in on purpose: each must be found

import { parseArgs } from 'node:util'
import { explore } from './explore.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    edits: { type: 'string', default: '200' },
    every: { type: 'string', default: '1' },
  },
})

const start = performance.now()
const explored = await explore({
  seed: Number(values.seed),
  edits: Number(values.edits),
  every: Number(values.every),
  segmentBytes: 4096,
  progress: (line) => console.log(`${Math.round((performance.now() - start) / 1000)} s  ${line}`),
})
const { failures, ...figures } = explored
console.log(figures)
for (const { at, reason } of failures.slice(0, 20)) console.log(`at ${at}: ${reason}`)
console.log(`${failures.length} failures`)
process.exitCode = failures.length > 0 ? 1 : 0
