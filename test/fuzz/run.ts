// `npm run fuzz`: histories drawn from seeds, played by the engine and by its slow twin, until they differ or time is up.
//
//   npm run fuzz -- --seed 1 --runs 1000     histories 1, 2, … 1000
//   SEED=17 npm run fuzz                     history 17 alone, and all it holds if it fails
//   npm run fuzz -- --pieces …               the engine without its bytes: graph, log and document alone
//   npm run fuzz -- --decoders 100000        mutated bytes into every decoder
//   npm run fuzz -- --loro …                 texts, beside Loro's
//   npm run fuzz -- --mutants                whether the fuzzer finds faults that are put in on purpose

import { parseArgs } from 'node:util'
import { failureOf, type Kind, kinds } from './kinds.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    pieces: { type: 'boolean' },
    decoders: { type: 'string' },
    loro: { type: 'boolean' },
    mutants: { type: 'boolean' },
  },
})

if (values.mutants === true) await (await import('./mutants.ts')).tryMutants()
else if (values.decoders !== undefined)
  await (await import('./decoders.ts')).tryDecoders(Number(values.decoders), Number(values.seed ?? 1))
else if (values.loro === true)
  await (await import('./loro.ts')).tryLoro(Number(values.seed ?? 1), Number(values.runs ?? 1000))
else for (const kind of values.pieces === true ? ['pieces' as const] : kinds.names) runAll(kind)

function runAll(kind: Kind): void {
  const only = process.env.SEED
  const first = Number(only ?? values.seed ?? 1)
  const runs = only === undefined ? Number(values.runs ?? 1000) : 1
  const until = performance.now() + 1000 * Number(values.seconds ?? Number.POSITIVE_INFINITY)
  let ops = 0
  let told = performance.now()
  let done = 0
  for (let seed = first; seed < first + runs && performance.now() < until; seed++, done++) {
    const outcome = kinds.play(kind, seed)
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
