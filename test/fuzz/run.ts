// `npm run fuzz`: histories drawn from seeds, played by the engine and by its slow twin, until they differ or time is up.
//
//   npm run fuzz -- --seed 1 --runs 1000     histories 1, 2, … 1000 of each kind
//   npm run fuzz -- --kind sequence …        of one kind
//   SEED=17 npm run fuzz                     history 17 alone, and all it holds if it fails
//   npm run fuzz -- --decoders 100000        mutated bytes into every decoder
//   npm run fuzz -- --loro --runs 1000       texts, beside Loro's
//   npm run fuzz -- --mutants                whether it finds the faults that are put into a copy of the engine on purpose

import { parseArgs } from 'node:util'
import { tryDecoders } from './decoders.ts'
import { failureOf, type Kind, kinds, play } from './kinds.ts'
import { tryLoro } from './loro.ts'
import { tryMutants } from './mutants.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: 'Infinity' },
    kind: { type: 'string' },
    decoders: { type: 'string' },
    loro: { type: 'boolean' },
    mutants: { type: 'boolean' },
    brief: { type: 'boolean' },
  },
})

const seed = Number(values.seed)
if (values.decoders !== undefined) told(await tryDecoders(Number(values.decoders), seed))
else if (values.loro === true) told(await tryLoro(seed, Number(values.runs)))
else if (values.mutants === true) told(await tryMutants(Number(values.runs)))
else if (values.brief === true) told(firstFault(seed, Number(values.runs)))
else for (const kind of kinds) if (values.kind === undefined || values.kind === kind) runAll(kind)

function told(fault: string | undefined): void {
  if (fault === undefined) return
  console.log(fault)
  process.exit(1)
}

/** All kinds in turn, seed by seed, until one fails: for the runner of mutants. */
function firstFault(first: number, runs: number): string | undefined {
  for (let at = first; at < first + runs; at++)
    for (const kind of kinds) {
      const { failure } = play(kind, at)
      if (failure !== undefined) return `${kind} ${at}\n${failure.split('\n')[0]}`
    }
  return undefined
}

function runAll(kind: Kind): void {
  const only = process.env.SEED
  const first = Number(only ?? values.seed)
  const runs = only === undefined ? Number(values.runs) : 1
  const start = performance.now()
  let told = start
  let ops = 0
  let done = 0
  for (; done < runs && performance.now() - start < 1000 * Number(values.seconds); done++) {
    const seed = first + done
    const outcome = play(kind, seed)
    ops += outcome.ops
    if (outcome.failure !== undefined) {
      console.log(failureOf(kind, seed))
      process.exit(1)
    }
    if (performance.now() - told < 5000) continue
    told = performance.now()
    console.log(`${kind}: ${done + 1} of ${runs} histories, ${ops} ops compared, 0 differences`)
  }
  console.log(`${kind}: ${done} histories from seed ${first} on, ${ops} ops compared, 0 differences`)
}
