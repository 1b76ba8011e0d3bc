// Letting everything that is ready run before a simulated clock goes on.

import { cryptoRunning } from '../auth/platform.ts'
import { nextTurn } from '../base/clock.ts'

/** Runs what waits for nothing but its turn: promises that are resolved, and what they resolve. */
export function turn(): Promise<void> {
  return new Promise(nextTurn)
}

// Turns of the real event loop without work of the platform's, before the world goes on.
const QUIET_TURNS = 3

/** The same where the platform's own threads compute signatures, or compress: until they are done. */
export async function turns(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = cryptoRunning() > 0 ? 0 : quiet + 1) await turn()
}
