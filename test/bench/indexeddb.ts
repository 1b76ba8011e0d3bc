// `npm run bench:indexeddb`: how long 10,000 edits take until all of them are on disk, in a real Chromium and its IndexedDB, and beside it what the
// same number of records costs in one bare transaction.

import { pageProgram } from '../e2e/bundle.ts'
import type { Measured } from '../e2e/edits-page.ts'
import { OwnChromium } from '../e2e/own-chromium.ts'
import { machine, machineLine } from './machine.ts'
import { median } from './statistics.ts'

const edits = 10_000
const goalMs = 2_400
const runs = 5
/** How many edits are made before the page draws breath: one by one, as a server or a script sends them, all in one go. */
const paces = [1, 10, 100, edits]
const goalPace = 100

const own = await OwnChromium.open(await pageProgram('edits-page.ts'))
process.on('SIGINT', () => void own.close().then(() => process.exit(130)))
try {
  const page = await own.tab()
  await page.waitForFunction(() => globalThis.edits !== undefined)
  const measured = new Map<number, Measured[]>(paces.map((pace) => [pace, []]))
  const bare: number[] = []
  for (let run = 0; run < runs; run++) {
    for (const [pace, all] of measured)
      all.push(await page.evaluate(([a, b]) => globalThis.edits(a, b), [edits, pace] as const))
    bare.push(await page.evaluate((count) => globalThis.bareRecords(count), edits))
  }
  report(measured, bare)
} finally {
  await own.close()
}

function report(measured: ReadonlyMap<number, readonly Measured[]>, bare: readonly number[]): void {
  console.log(`${edits} edits on IndexedDB, medians of ${runs} runs. ${machineLine(machine())}`)
  for (const [pace, all] of measured) {
    const durableMs = median(all.map((one) => one.durableMs))
    const behindMs = median(all.map((one) => one.durableMs - one.editedMs))
    const goal = pace === goalPace ? `, goal ${goalMs} ms: ${durableMs <= goalMs ? 'met' : 'not met'}` : ''
    const kept = all.every((one) => one.kept === edits) ? 'all there after reopening' : 'SOME ARE MISSING'
    console.log(
      `  ${String(pace).padStart(6)} at once  ${ms(durableMs)} until all are on disk (${ms(behindMs)} after the last edit), ${kept}${goal}`,
    )
    if (kept === 'SOME ARE MISSING' || (goal !== '' && durableMs > goalMs)) process.exitCode = 1
  }
  console.log(
    `  ${String(edits).padStart(6)} bare     ${ms(median(bare))} for as many records of 100 bytes in one strict transaction`,
  )
}

function ms(value: number): string {
  return `${value.toFixed(0).padStart(5)} ms`
}
