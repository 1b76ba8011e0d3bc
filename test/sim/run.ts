// `npm run sim`: simulated worlds by their seeds, each with the faults that its seed draws, and what they did.
//
//   npm run sim -- --seeds 1000 --seed 5        so many worlds, from this seed on
//   npm run sim -- --minutes 30                 as many as there is time for
//   npm run sim -- --mutants [--only WORDS]    faults put into copies of the engine on purpose: each must be found
//   npm run sim -- --jobs 1                     in so many processes; as many as there are cores if not said
//   npm run sim -- --real-signatures            Ed25519 and XChaCha20-Poly1305 instead of what takes no time
//   SEED=17 STEPS=3,9 npm run sim               one world again, or what is left of it, with its trace

import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findMutants } from './mutants/find.ts'
import type { HowPlayed, Played } from './one.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    'real-signatures': { type: 'boolean', default: false },
    /** Worlds at once, in a process each. */
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Ends at the first violation, and says no more than that. */
    brief: { type: 'boolean', default: false },
  },
})

const jobs = Number(values.jobs)
if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${values.jobs}: there has to be one at least`)

const totals = { worlds: 0, frames: 0, timers: 0, stores: 0, peerMs: 0, violations: 0, slowestHealMs: 0 }
const faults: Record<string, number> = {}
const start = performance.now()

if (values.mutants) process.exitCode = findMutants(Number(values.seeds ?? 1000), values.only) ? 0 : 1
else {
  const { SEED, STEPS } = process.env
  const how: HowPlayed = { realSignatures: values['real-signatures'], brief: values.brief }
  if (SEED === undefined) await playAll(how)
  else await playOne(Number(SEED), STEPS === undefined ? how : { ...how, steps: STEPS.split(',').map(Number) })
  report()
  process.exitCode = totals.violations > 0 ? 1 : 0
}

async function playAll(how: HowPlayed): Promise<void> {
  let seed = Number(values.seed)
  const endAt = values.minutes === undefined ? Number.POSITIVE_INFINITY : start + Number(values.minutes) * 60_000
  const end = seed + (values.minutes === undefined ? Number(values.seeds ?? 200) : Number.POSITIVE_INFINITY)
  const next = (): number | undefined => {
    const isOver = seed >= end || performance.now() >= endAt || (how.brief && totals.violations > 0)
    return isOver ? undefined : seed++
  }
  await Promise.all(Array.from({ length: jobs }, () => playIn(worker(how), next)))
}

function playOne(seed: number, how: HowPlayed): Promise<void> {
  const seeds = [seed]
  return playIn(worker(how), () => seeds.pop())
}

type Worker = ReturnType<typeof worker>

function worker(how: HowPlayed) {
  return fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [JSON.stringify(how)], {
    execArgv: ['--experimental-strip-types', '--no-warnings'],
  })
}

/** Hands a process one seed after the other. One that dies took a world with it. */
function playIn(child: Worker, next: () => number | undefined): Promise<void> {
  return new Promise((resolve) => {
    let playing: number | undefined
    const hand = (): void => {
      playing = next()
      if (playing === undefined) child.kill()
      else child.send(playing)
    }
    child.on('message', (played: Played) => {
      add(played)
      hand()
    })
    child.on('exit', (code, signal) => {
      if (playing !== undefined) tell(playing, `the process ended with ${code ?? signal}`)
      resolve()
    })
    hand()
  })
}

function add(played: Played): void {
  totals.frames += played.frames
  totals.timers += played.timers
  totals.stores += played.stores
  totals.peerMs += played.peerMs
  totals.slowestHealMs = Math.max(totals.slowestHealMs, played.healMs)
  for (const [kind, times] of Object.entries(played.faults)) faults[kind] = (faults[kind] ?? 0) + times
  for (const violation of played.violations) tell(played.seed, violation)
  totals.worlds++
  if (totals.worlds % 500 === 0) progress(played.seed)
}

function tell(seed: number, violation: string): void {
  totals.violations++
  console.log(`seed ${seed}: ${violation}`)
}

function progress(seed: number): void {
  const seconds = Math.round((performance.now() - start) / 1000)
  const { worlds, frames, timers, stores, violations } = totals
  console.log(
    `seed ${seed}: ${worlds} worlds, ${frames + timers + stores} events, ${violations} violations, ${seconds} s`,
  )
}

function report(): void {
  const { worlds, frames, timers, stores, peerMs, violations, slowestHealMs } = totals
  const { write = 0, show = 0, settle = 0, compact = 0, backup = 0, ...struck } = faults
  const seconds = (performance.now() - start) / 1000
  console.log(`${worlds} worlds from seed ${process.env.SEED ?? values.seed}, in ${seconds.toFixed(1)} s`)
  console.log(`${frames + timers + stores} events: ${frames} frames delivered, ${timers} timers, ${stores} store calls`)
  console.log(
    `${(peerMs / 3_600_000).toFixed(1)} simulated peer-hours; at rest at most ${slowestHealMs} ms after healing`,
  )
  console.log(
    `${write} writes, ${show} shown places, ${settle} waits for receipts, ${compact} compactions, ${backup} backups`,
  )
  console.log(
    Object.entries(struck)
      .map(([kind, times]) => `${kind} ${times}`)
      .join(', '),
  )
  console.log(`${violations} violations`)
}
