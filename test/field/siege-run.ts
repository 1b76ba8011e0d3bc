// `npm run siege`: attacks on a peer over real sockets, one after the other, and then all at once.
//
//   npm run siege -- --only subscriptions

import { parseArgs } from 'node:util'
import { besiege, type SiegeReport } from './siege.ts'
import { attacks } from './siege-attacks.ts'

const MEMORY_MB = 200

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, 'all-at-once': { type: 'boolean', default: false } },
})
const chosen = attacks.filter(({ name }) => name.includes(values.only))
let isGood = true
console.log('cut off after  most memory  left   answers: median, most  lost  log lines')
if (!values['all-at-once']) for (const attack of chosen) show(await besiege([attack]))
if (chosen.length > 1) show(await besiege(chosen))
process.exit(isGood ? 0 : 1)

function show({ ends, mostMB, leftMB, answersMs, losses, logged }: SiegeReport): void {
  const [first] = ends
  isGood &&= ends.every(({ cutOffMs }) => cutOffMs !== null) && mostMB <= MEMORY_MB && losses === 0
  const latest = Math.max(...ends.map(({ cutOffMs }) => cutOffMs ?? Number.POSITIVE_INFINITY))
  const answers = `${answersMs[answersMs.length >> 1]?.toFixed(0)} ms, ${answersMs.at(-1)?.toFixed(0)} ms`
  const memory = `${mostMB.toFixed(0)} MB`.padStart(11)
  const columns = [`${latest} ms`.padEnd(13), memory, `${leftMB.toFixed(0)} MB`.padStart(5), answers.padEnd(21)]
  const name = ends.length === 1 && first !== undefined ? `${first.name}, by ${first.by}` : 'all of them at once'
  console.log(`${columns.join('  ')}  ${String(losses).padStart(4)}  ${String(logged.length).padStart(9)}  ${name}`)
  for (const { name, reason, cutOffMs } of ends)
    if (ends.length > 1 || reason !== undefined)
      console.log(`    ${name}: ${reason ?? '(no name to note it by)'}, ${cutOffMs} ms`)
}
