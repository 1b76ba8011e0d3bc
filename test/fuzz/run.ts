// `npm run fuzz`: histories drawn from seeds, played by the engine and by its slow twin, until they differ or time is up.
//
//   npm run fuzz -- --seed 1 --runs 1000     histories 1, 2, … 1000 of each kind
//   npm run fuzz -- --kind sequence …        of one kind
//   SEED=17 npm run fuzz                     history 17 alone, and all it holds if it fails

import { parseArgs } from 'node:util'
import { failureOf, type Kind, kinds, play } from './kinds.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: 'Infinity' },
    kind: { type: 'string' },
  },
})

for (const kind of kinds) if (values.kind === undefined || values.kind === kind) runAll(kind)

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
