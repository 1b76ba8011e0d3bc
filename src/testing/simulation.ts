// A world to test an app in: peers with the real engine, sync, store and signatures' place, over a simulated clock, network and disk that fail in every way
// there is. One seed is one world: its faults, its users, its outcome, to the byte.

import { JoineryError } from '../base/errors.ts'
import { type FaultKind, faultKinds, type Plan, planOf, type Step } from './plan.ts'
import { type Outcome, play, type RunOptions, type SimulatedApp } from './run.ts'
import { shrink } from './shrink.ts'

export interface SimulationOptions {
  /** What happens. Default 1; the environment's SEED, where a program hands it in, replays what failed. */
  readonly seed?: number
  /** How many peers, 1 to 8. Default 3. */
  readonly peers?: number
  /** Which faults may strike: each does in half of all seeds. Default 'all'. */
  readonly faults?: 'all' | 'none' | readonly FaultKind[]
  /** How long they strike, in the world's time. Default 30 s; then everything heals. */
  readonly chaosMs?: number
  /** How often users write: so often, or half of it. Default 60. */
  readonly writes?: number
  /** Of the steps of this seed only those of these numbers: what a failure names. */
  readonly steps?: readonly number[]
}

/** What a run did. */
export type SimulationReport = Pick<Outcome, 'events' | 'faults' | 'peerMs' | 'healMs' | 'digest'>

export interface PlayOptions {
  /** Ed25519 and XChaCha20-Poly1305 instead of what takes no time: then one seed need not give one run. Default: false. */
  readonly realSignatures?: boolean
  /** A failure says what was violated, and is not made smaller. Default: false. */
  readonly brief?: boolean
}

const SHRINK_TRIES = 80
const TRACE_SHOWN = 120

export interface Simulation {
  readonly plan: Plan
  /**
   * Plays this world to its end: users write while faults strike, then everything heals, all peers must agree, hold the same, and fall silent. Rejects with
   * what was violated, the fewest steps found that do it, the trace and the history.
   */
  run(app?: SimulatedApp, options?: PlayOptions): Promise<SimulationReport>
}

/**
 * A simulated world for one seed.
 *
 * @example
 * const report = await world({ seed: 7, peers: 3 }).run({
 *   write: async ({ space, name }) => {
 *     const list = await space.open('list', { init: { items: [] as string[] } })
 *     list.change((d) => void d.items.push(name))
 *   },
 * })
 * console.log(report.events.frames, report.faults)
 */
export function world(options: SimulationOptions = {}): Simulation {
  const plan = planFrom(options)
  return {
    plan,
    run: async (app, { realSignatures = false, brief = false } = {}) => {
      const settings: RunOptions = { realSignatures, ...(app !== undefined && { app }) }
      const outcome = await play(plan, settings)
      if (outcome.violation === undefined) return outcome
      throw brief ? new Error(said(outcome)) : await explained(plan, settings, outcome)
    },
  }
}

function planFrom({
  seed = 1,
  peers = 3,
  faults = 'all',
  chaosMs = 30_000,
  writes = 60,
  steps,
}: SimulationOptions): Plan {
  for (const [name, value, least, most] of [
    ['seed', seed, 0, 2 ** 32 - 1],
    ['peers', peers, 1, 8],
    ['chaosMs', chaosMs, 1_000, 86_400_000],
    ['writes', writes, 0, 1_000_000],
  ] as const)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new JoineryError(
        'bad-option',
        `"${name}" is a whole number from ${least} to ${most}, not ${String(value)}.`,
      )
  const struck = faults === 'all' ? faultKinds : faults === 'none' ? [] : faults
  const stray = struck.find((kind) => !faultKinds.includes(kind))
  if (stray !== undefined)
    throw new JoineryError('bad-option', `There is no fault "${stray}". There are: ${faultKinds.join(', ')}.`)
  const plan = planOf({ seed, peers, faults: struck, chaosMs, writes })
  return steps === undefined ? plan : { ...plan, steps: plan.steps.filter(({ number }) => steps.includes(number)) }
}

/** The failure as an error to read: what, where, how to see it again, and what went before. */
async function explained(plan: Plan, settings: RunOptions, first: Outcome): Promise<Error> {
  const fails = async (steps: readonly Step[]): Promise<boolean> =>
    kindOf(await play({ ...plan, steps }, settings)) === kindOf(first)
  const steps = await shrink(plan.steps, fails, SHRINK_TRIES)
  const last = await play({ ...plan, steps }, { ...settings, tracing: true })
  return new Error(
    [
      said(last.violation === undefined ? first : last),
      `SEED=${plan.seed} STEPS=${steps.map(({ number }) => number).join()} with ${plan.peers} peers, ${plan.kinds.join(', ')}`,
      '',
      ...steps.map(({ atMs, number, type, ...rest }) => `  ${number}  +${atMs}ms  ${type}  ${JSON.stringify(rest)}`),
      '',
      ...last.trace.slice(-TRACE_SHOWN),
      '',
      ...last.graphs,
    ].join('\n'),
  )
}

/** What makes two failures one: which rule was broken, and of an app's own rules what it said. */
function kindOf({ violation }: Outcome): string | undefined {
  const isOfApp = violation?.rule === 'what the app promises'
  return isOfApp ? violation.message.split('\n')[0] : violation?.rule
}

function said({ violation }: Outcome): string {
  return `${violation?.rule}: ${violation?.message} (at ${violation?.atMs} ms)`
}
