// One world by its seed, and what is said of it; and a process that plays those it is handed.

import { messageOf } from '../../src/base/errors.ts'
import { world } from '../../src/testing/simulation.ts'

export interface HowPlayed {
  /** Which of its steps; all of them if not given. */
  readonly steps?: readonly number[]
  readonly realSignatures: boolean
  /** Says no more than what was violated. */
  readonly brief: boolean
}

export interface Played {
  readonly seed: number
  readonly frames: number
  readonly timers: number
  readonly stores: number
  readonly peerMs: number
  readonly healMs: number
  /** How often each kind of step was taken. */
  readonly faults: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

const uncaught: string[] = []
/** What nobody caught is told at the end of the turn in which it was thrown. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

process.on('unhandledRejection', (error) => {
  uncaught.push(`nobody caught ${error instanceof Error ? error.stack : String(error)}`)
})

/** Worlds of 2 to 5 peers, most of them of 3 or 4. */
export async function play(seed: number, { steps, realSignatures, brief }: HowPlayed): Promise<Played> {
  const peers = [3, 4, 3, 5, 4, 2][seed % 6]
  uncaught.length = 0
  try {
    const run = world({ seed, ...(peers !== undefined && { peers }), ...(steps !== undefined && { steps }) })
    const { events, peerMs, healMs, faults } = await run.run(undefined, { realSignatures, brief })
    await turn()
    return { seed, ...events, peerMs, healMs: healMs ?? 0, faults, violations: [...uncaught] }
  } catch (error) {
    await turn()
    const nothing = { frames: 0, timers: 0, stores: 0, peerMs: 0, healMs: 0, faults: {} }
    return { seed, ...nothing, violations: [`${messageOf(error)}\n`, ...uncaught] }
  }
}
