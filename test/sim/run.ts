// `npm run sim`: simulated worlds by their seeds, each with the faults that its seed draws, and what they did.
//
//   npm run sim -- --seeds 1000 --seed 5        so many worlds, from this seed on
//   npm run sim -- --minutes 30                 as many as there is time for
//   npm run sim -- --mutants [--only WORDS]    faults put into copies of the engine on purpose: each must be found
//   npm run sim -- --real-signatures            Ed25519 and XChaCha20-Poly1305 instead of what takes no time
//   SEED=17 STEPS=3,9 npm run sim               one world again, or what is left of it, with its trace

import { parseArgs } from 'node:util'
import { world } from '../../src/testing/simulation.ts'
import { findMutants } from './mutants/find.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    'real-signatures': { type: 'boolean', default: false },
    /** Ends at the first violation, and says no more than that. */
    brief: { type: 'boolean', default: false },
  },
})

const totals = { worlds: 0, frames: 0, timers: 0, stores: 0, peerMs: 0, violations: 0, slowestHealMs: 0 }
const faults: Record<string, number> = {}
const start = performance.now()
let current = 0

process.on('unhandledRejection', (error) => {
  console.log(`seed ${current}: nobody caught ${error instanceof Error ? error.stack : String(error)}`)
  totals.violations++
})

if (values.mutants) process.exitCode = findMutants(Number(values.seeds ?? 1000), values.only) ? 0 : 1
else {
  await runAll()
  report()
  process.exitCode = totals.violations > 0 ? 1 : 0
}

async function runAll(): Promise<void> {
  const { SEED, STEPS } = process.env
  if (SEED !== undefined) return runOne(Number(SEED), STEPS?.split(',').map(Number))
  const from = Number(values.seed)
  const endAt = values.minutes === undefined ? Number.POSITIVE_INFINITY : start + Number(values.minutes) * 60_000
  const count = values.minutes === undefined ? Number(values.seeds ?? 200) : Number.POSITIVE_INFINITY
  for (let seed = from; seed < from + count && performance.now() < endAt; seed++) {
    await runOne(seed)
    if (values.brief && totals.violations > 0) return
    if (totals.worlds % 500 === 0) progress(seed)
  }
}

/** Worlds of 2 to 5 peers, most of them of 3 or 4. */
async function runOne(seed: number, steps?: readonly number[]): Promise<void> {
  current = seed
  const peers = [3, 4, 3, 5, 4, 2][seed % 6]
  try {
    const run = world({ seed, ...(peers !== undefined && { peers }), ...(steps !== undefined && { steps }) })
    const done = await run.run(undefined, { realSignatures: values['real-signatures'], brief: values.brief })
    totals.frames += done.events.frames
    totals.timers += done.events.timers
    totals.stores += done.events.stores
    totals.peerMs += done.peerMs
    totals.slowestHealMs = Math.max(totals.slowestHealMs, done.healMs ?? 0)
    for (const [kind, times] of Object.entries(done.faults)) faults[kind] = (faults[kind] ?? 0) + times
  } catch (error) {
    totals.violations++
    console.log(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n`)
  }
  totals.worlds++
}

function progress(seed: number): void {
  const seconds = Math.round((performance.now() - start) / 1000)
  console.log(`seed ${seed}: ${totals.worlds} worlds, ${totals.violations} violations, ${seconds} s`)
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
