// `npm run crowd`: many peers in one process, beside as many nodes with nothing but gossipsub as the library has it. What is printed: words heard a second,
// by all together, and what one more peer costs in memory.
//
//   npm run crowd -- --only tcp10,tcp25,memory50 --seconds 8

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import type { Told } from './crowd-ledger.ts'
import type { CrowdOptions, CrowdResult } from './crowd-ours.ts'

const EDITS_GOAL = 5
const MESSAGES_GOAL = 2

const { values } = parseArgs({
  options: { only: { type: 'string', default: 'tcp10,tcp25,memory50' }, seconds: { type: 'string', default: '8' } },
})
const durationMs = Number(values.seconds) * 1_000

for (const name of values.only.split(',')) {
  const [, wire = '', peers = ''] = /^([a-z]+)(\d+)$/.exec(name) ?? []
  if (wire !== 'tcp' && wire !== 'memory') throw new Error(`there is no crowd ${name}: tcp10, tcp25, memory50`)
  const options: CrowdOptions = { peers: Number(peers), wire, durationMs }
  const bare = await measure('bare', options)
  const ours = await measure('ours', options)
  show(options, ours, bare)
}

/** In a process of its own, so that nothing of the one is left for the other. */
async function measure(who: 'ours' | 'bare', options: CrowdOptions): Promise<CrowdResult> {
  const program = fileURLToPath(new URL('crowd-worker.ts', import.meta.url))
  const flags = ['--expose-gc', '--experimental-strip-types', '--no-warnings']
  const argument = JSON.stringify({ ...options, who })
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, argument])
  return JSON.parse(stdout)
}

type Row = readonly [what: string, ours: string, bare: string, note?: string]

function show({ peers, wire }: CrowdOptions, ours: CrowdResult, bare: CrowdResult): void {
  const places = wire === 'tcp' ? 'over TCP, with their data in files' : 'in memory (gossipsub alone: over TCP)'
  const bursts = ours.bursts ?? ours.single
  const pair = (what: string, of: (result: CrowdResult) => string): Row => [what, of(ours), of(bare)]
  const rated = (what: string, told: Told, of: (told: Told) => number, goal: number): Row => {
    const [heard, floor] = [of(told), of(bare.single)]
    return [what, heard.toFixed(0), floor.toFixed(0), ratio(heard, floor, goal)]
  }
  const rows: readonly Row[] = [
    ['', 'joinery', 'gossipsub alone'],
    pair('all connected with all', ({ metMs }) => `${metMs.toFixed(0)} ms`),
    pair('each says 160, until all heard all', ({ twentyMs }) => `${twentyMs.toFixed(0)} ms`),
    rated('heard a second, each sent alone', ours.single, perSecond, MESSAGES_GOAL),
    rated('heard a second, 20 said in one go', bursts, perSecond, EDITS_GOAL),
    rated('heard for a second of processor, alone', ours.single, perCpuSecond, MESSAGES_GOAL),
    rated('heard for a second of processor, 20 in one go', bursts, perCpuSecond, EDITS_GOAL),
    ['words in a message', perMessage(ours, peers), ''],
    ['bytes sent for a word heard', bytes(ours), ''],
    pair('memory of one peer: heap', ({ memory }) => `${memory.heapMB.toFixed(2)} MB`),
    pair('memory of one peer: resident', ({ memory }) => `${memory.residentMB.toFixed(2)} MB`),
  ]
  console.log(`${peers} peers in one process, ${places}`)
  for (const [what, left, right, note = ''] of rows)
    console.log(`  ${what.padEnd(46)}${left.padEnd(16)}${right.padEnd(18)}${note}`.trimEnd())
}

/** Of all processors' time: what is said a second depends on what else the machine does, this does not. */
function perCpuSecond({ deliveries, cpuMs }: Told): number {
  return (deliveries / cpuMs) * 1_000
}

function perSecond({ deliveries, ms }: Told): number {
  return (deliveries / ms) * 1_000
}

function ratio(ours: number, floor: number, goal: number): string {
  const times = ours / floor
  return `${times.toFixed(1)} x, goal ${goal} x${times < goal ? ', not met' : ''}`
}

function perMessage({ single, bursts, singleMessages, burstMessages }: CrowdResult, peers: number): string {
  const of = (told: Told | undefined, messages: number): string =>
    ((told?.deliveries ?? 0) / (peers - 1) / Math.max(1, messages)).toFixed(1)
  return `${of(single, singleMessages)} alone, ${of(bursts, burstMessages)} in one go`
}

function bytes({ single: { deliveries }, gossipBytes, sessionBytes }: CrowdResult): string {
  const each = (sum: number): string => (sum / deliveries).toFixed(0)
  return `${each(gossipBytes)} B by gossip, ${each(sessionBytes)} B in sessions`
}
