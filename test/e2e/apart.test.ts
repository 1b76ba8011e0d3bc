// First meetings with nobody's help, each peer in a network namespace of its own: two browsers by pasted codes, two Node peers by mDNS.

import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { nodeProgram, pageProgram } from './bundle.ts'
import { runInContainer, whyNoContainer } from './container.ts'
import type { ApartReport } from './first-meeting.ts'

const reports: ApartReport[] = []
let skipped: string | undefined

beforeAll(async () => {
  skipped = await whyNoContainer()
  if (skipped !== undefined) return console.warn(`The tests of first meetings are skipped: ${skipped}`)
  const [page, peer] = await Promise.all([pageProgram('browser-peer.ts'), nodeProgram('node-peer.ts')])
  const run = fileURLToPath(new URL('apart-run.ts', import.meta.url))
  await runInContainer(run, [page, ...peer], (report) => reports.push(report as unknown as ApartReport))
}, 150_000)

beforeEach((context) => {
  if (skipped !== undefined) context.skip(skipped)
})

test.each([
  ['browsers met by codes', 'webrtc'],
  ['came back after a cut', 'webrtc'],
  ['Node peers found each other', 'tcp'],
])('%s, and edited together', (step, transport) => {
  const report = reports.find((each) => each.step === step)
  console.log(`${step} after ${report?.ms} ms`)
  expect(report).toMatchObject({ edited: true, transport })
})
