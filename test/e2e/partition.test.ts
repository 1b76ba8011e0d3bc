// The first proof: a network that is really cut and healed, Node peers that are really killed, and every peer with everything in the end.
// What happens is in partition-run.ts; here is what must come of it.

import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { hasData } from '../setup/data.ts'
import { nodeProgram, pageProgram } from './bundle.ts'
import { runInContainer, whyNoContainer } from './container.ts'
import { historyFile, median } from './histories.ts'
import type { PartitionReport, Step } from './partition-report.ts'

const HEAL_MS = 5_000
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const reports: PartitionReport[] = []
let skipped: string | undefined

beforeAll(async () => {
  skipped = (await whyNoContainer()) ?? whyNoData()
  if (skipped !== undefined) return console.warn(`The partition tests are skipped: ${skipped}`)
  const [page, peer] = await Promise.all([pageProgram('browser-peer.ts'), nodeProgram('node-peer.ts')])
  await runInContainer(here('partition-run.ts'), [page, ...peer], (report) =>
    reports.push(report as unknown as PartitionReport),
  ).catch((error: unknown) => console.error(error))
}, 260_000)

beforeEach((context) => {
  if (skipped !== undefined) context.skip(skipped)
})

test('five peers meet, the browsers each other directly too', () => {
  console.log(`started after ${step('started').ms} ms, all had met all after ${step('met').ms} ms`)
})

test('cut in two, each half goes on by itself and agrees within', () => {
  expect(step('typed apart').halvesAgree).toBe(true)
})

test('within five seconds of the heal every peer has what both halves typed', () => {
  const { heals } = step('healed')
  console.log(
    `after ${step('typed apart').apartMs} ms apart, all equal again within ${Math.max(...heals.map(({ ms }) => ms))} ms`,
  )
  for (const { name, ms, reached } of heals) {
    expect(reached, `${name} has everything`).toBe(true)
    expect(ms, `${name}, ms`).toBeLessThanOrEqual(HEAL_MS)
  }
})

test('on every peer the two histories read as a plain replay of them', () => {
  const { heals } = step('healed')
  expect(heals.map(({ name, oneHolds, twoHolds }) => ({ name, oneHolds, twoHolds }))).toEqual(
    heals.map(({ name }) => ({ name, oneHolds: true, twoHolds: true })),
  )
})

test('the text and the list that both halves edited are equal everywhere, and each word is whole and there once', () => {
  const { heals, words } = step('healed')
  const [first] = heals
  for (const { shared, items } of heals) {
    expect(shared).toBe(first?.shared)
    expect(items).toEqual(first?.items)
  }
  expect(first?.shared.split(' ').slice(0, -1).toSorted()).toEqual(words.toSorted())
})

test('healing moves at most three times what was lacking', () => {
  const { heals } = step('healed')
  console.log('bytes, while apart (typing) and from the heal on (catching up):')
  console.table(
    Object.fromEntries(
      heals.map((heal) => [
        heal.name,
        {
          'gossip sent': heal.apartGossipSent,
          'gossip received': heal.apartGossipReceived,
          'streams received': heal.apartSyncReceived,
          'lacked at the heal': heal.lackedBytes,
          'then by gossip': heal.gossipReceived,
          'then by reconciliation': heal.syncReceived,
          'served to others': heal.syncSent,
          'healed, ms': heal.ms,
        },
      ]),
    ),
  )
  for (const { name, lackedBytes, syncReceived } of heals)
    expect(syncReceived, `${name} received, bytes`).toBeLessThanOrEqual(3 * lackedBytes)
})

test('the browsers find each other again, directly', () => {
  console.log(`every peer in direct contact with every other ${step('all in contact').afterHealMs} ms after the heal`)
})

test('with every Node peer killed the browsers go on, both ways', () => {
  const { edits, roundTripsMs } = step('browsers alone')
  console.log(
    `browser to browser, durable there and shown here: median ${median(roundTripsMs)} ms, worst ${Math.max(...roundTripsMs)} ms`,
  )
  expect(roundTripsMs.length).toBe(edits)
})

test('a killed Node peer opens with what it had, and catches up', () => {
  const { caughtUp, caughtUpMs, keptWhatItHad } = step('restarted')
  console.log(`restarted from disk and caught up in ${caughtUpMs} ms`)
  expect({ caughtUp, keptWhatItHad }).toEqual({ caughtUp: true, keptWhatItHad: true })
})

test('after a long partition all are back within five seconds, the browsers too', () => {
  const { back, apartMs, sharedEqual } = step('healed again')
  console.log(`after ${apartMs} ms apart: ${back.map(({ name, ms }) => `${name} ${ms} ms`).join(', ')}`)
  for (const { name, ms, reached } of back) {
    expect(reached, `${name} has everything`).toBe(true)
    expect(ms, `${name}, ms`).toBeLessThanOrEqual(HEAL_MS)
  }
  expect(sharedEqual).toBe(true)
})

function step<Name extends PartitionReport['step']>(name: Name): Step<Name> {
  const report = reports.find((candidate) => candidate.step === name)
  if (report === undefined) throw new Error(`the run did not come to "${name}"`)
  return report as Step<Name>
}

function whyNoData(): string | undefined {
  const lacking = ['friendsforever_flat', 'seph-blog1'].map(historyFile).filter((path) => !hasData(path))
  return lacking.length === 0 ? undefined : `the test data is not there: ${lacking.join(', ')}`
}
