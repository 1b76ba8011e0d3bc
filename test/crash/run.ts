// `npm run crash`: a peer on real files killed with SIGKILL, many times, and what it kept.
//
//   npm run crash -- --kills 1000 --seed 1

import { parseArgs } from 'node:util'
import { type Killed, KillFailure, killAgainAndAgain } from './killing.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
})
const kills = Number(values.kills)
const seed = Number(values.seed)
const begunMs = performance.now()

try {
  console.log(tell(await killAgainAndAgain({ kills, seed, progress: console.log })))
  process.exit(0)
} catch (error) {
  console.log(error instanceof KillFailure ? error.message : error)
  process.exit(1)
}

function tell(killed: Killed): string {
  const edits = killed.unacknowledged.map((window) => window.edits)
  const ms = killed.unacknowledged.map((window) => window.ms)
  const open = edits.reduce((sum, count) => sum + count, 0)
  return `
kills                        ${killed.kills}, ${killed.killsWhileOpening} of them while the store was being opened
documents                    ${killed.documents}, compacted all the time
edits made                   ${killed.made}
acknowledged                 ${killed.acknowledged}
acknowledged and lost        0
stores that did not open     0
forks                        0 (after each kill it met the member that had seen everything published, and agreed)
unacknowledged at the kill   median ${median(edits)} edits, ${Math.max(...edits)} at most; for ${median(ms).toFixed(1)} ms (median), ${Math.max(...ms).toFixed(1)} ms at most
                             of ${open} in all, ${killed.survived} were there again
seed                         ${seed}
took                         ${((performance.now() - begunMs) / 1000).toFixed(0)} s`
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
