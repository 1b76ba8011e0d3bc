// `npm run netns`: peers in processes and network namespaces of their own, on a network that loses packets, is slow, says things twice, and is cut and
// healed again and again. Nothing acknowledged may be lost, and all must agree soon after each heal. Linux, and rights to make namespaces, are needed.
//
//   npm run netns -- --rounds 10 --seconds 30 --peers 10 --seed 1 --loss 3 --rate 500

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeProgram } from '../e2e/bundle.ts'
import { runInContainer, whyNoNamespaces } from '../e2e/container.ts'
import type { FieldOptions, FieldReport, Round } from './netns-run.ts'

const CONVERGED_MS = 5_000

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '30' },
    peers: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    /** Per cent of packets lost at random. */
    loss: { type: 'string', default: '3' },
    /** Kilobytes a second that one namespace may send. */
    rate: { type: 'string', default: '500' },
    /** Milliseconds between two edits of one peer. */
    every: { type: 'string', default: '200' },
  },
})
const options: FieldOptions = {
  peers: Number(values.peers),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  everyMs: Number(values.every),
  seed: Number(values.seed),
  lossPercent: Number(values.loss),
  kilobytesPerSecond: Number(values.rate),
}

const why = whyNoNamespaces()
if (why !== undefined) {
  console.log(why)
  process.exit(1)
}
const rounds: Round[] = []
const program = await nodeProgram('../field/netns-peer.ts')
await runInContainer(
  fileURLToPath(new URL('netns-run.ts', import.meta.url)),
  [JSON.stringify(options), ...program],
  (report) => show(report as unknown as FieldReport),
  { namespaces: options.peers + 1 },
)
const bad = rounds.filter((round) => !isGood(round))
console.log(
  bad.length === 0 ? 'every round: nothing lost, all agree in time' : `${bad.length} rounds were not as they should be`,
)
process.exit(bad.length === 0 && rounds.length === options.rounds ? 0 : 1)

function show(report: FieldReport): void {
  switch (report.step) {
    case 'met':
      console.log(
        `${options.peers} peers and one that repeats what it hears, seed ${options.seed}: all in contact after ${report.ms} ms`,
      )
      console.log('round  halves  apart   all agree after  median peer  acknowledged  missing  unwanted  states')
      return
    case 'round':
      rounds.push(report.round)
      console.log(row(report.round))
      return
    case 'ended': {
      const { packets, atRandom, overRate } = report.dropped
      console.log(`of ${packets} packets, ${atRandom} were dropped at random and ${overRate} as too many`)
      console.log(
        `memory of each process in the end: ${report.memoryMB.join(', ')} MB; processor: ${report.cpuSeconds.join(', ')} s`,
      )
    }
  }
}

function row({ halves, convergedMs, acknowledged, missing, unwanted, states }: Round): string {
  const times = convergedMs.map((ms) => ms ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const columns = [
    String(rounds.length).padEnd(5),
    halves.join('+').padEnd(6),
    `${options.seconds} s`.padStart(5),
    `${times.at(-1)} ms`.padStart(16),
    `${times[Math.floor(times.length / 2)]} ms`.padStart(11),
    String(acknowledged).padStart(12),
    String(missing).padStart(7),
    String(unwanted).padStart(8),
    String(states).padStart(6),
  ]
  return columns.join('  ')
}

function isGood({ convergedMs, missing, unwanted, states }: Round): boolean {
  const inTime = convergedMs.every((ms) => ms !== null && ms <= CONVERGED_MS)
  return inTime && missing === 0 && unwanted === 0 && states === 1
}
