// `npm run firefox`: a real Firefox and a real Chromium, each in a network namespace of its own, meet by pasted codes, edit together, are cut off from one
// another and come back. Linux, rights to make namespaces and both browsers are needed.

import { fileURLToPath } from 'node:url'
import { onPath } from '../../.ci/chromium.mjs'
import { pageProgram } from '../e2e/bundle.ts'
import { runInContainer, whyNoContainer } from '../e2e/container.ts'
import type { ApartReport } from '../e2e/first-meeting.ts'

const firefox = onPath(['firefox-esr', 'firefox'])
const missing = (await whyNoContainer()) ?? (firefox === undefined ? 'Firefox was not found' : undefined)
if (missing !== undefined) {
  console.error(`No Firefox and Chromium can meet here: ${missing}.`)
  process.exit(1)
}
const reports: ApartReport[] = []
const run = fileURLToPath(new URL('firefox-run.ts', import.meta.url))
await runInContainer(run, [await pageProgram('browser-peer.ts'), firefox ?? ''], (line) => {
  const report = line as unknown as ApartReport
  reports.push(report)
  console.log(
    `${report.step} after ${report.ms} ms, by ${report.transport}: ${report.edited ? 'edited together' : 'EDITS WERE LOST'}`,
  )
})
process.exit(reports.length === 2 && reports.every(({ edited }) => edited) ? 0 : 1)
