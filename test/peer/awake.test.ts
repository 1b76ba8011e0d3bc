// Documents that nobody has in hand go back to sleep when those that are awake take too much: what they say of themselves stays the same, and they are read
// again when they are wanted.

import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Document } from '../../src/peer/document.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { openParts } from '../store/crash/parts.ts'

const seed = Number(process.env.SEED ?? 1)
const noteCount = 200
const awakeBytes = 20 * 33 * 1024
/** Twenty small ones, and 64 that are woken before it is looked again, and those in hand. */
const awakeMax = 100

const said = ({ digest, version, outward, stated }: Document): unknown => ({
  digest: toHex(digest),
  ...{ version, outward, stated },
})

test('of many documents few are awake, whatever is done with them in turn, and all say and hold what was written (Invariant 9)', async () => {
  const random = seededRandom(seed)
  const parts = await openParts({ store: await memoryStore()('a'), random, awakeBytes })
  const { documents, writer, clock, awake } = parts
  const written = new Map<string, Record<string, number>>()
  const told = new Map<string, unknown>()
  for (let i = 0; i < 1_500; i++) {
    const name = `note/${Math.floor(random.unit() * noteCount)}`
    const document = documents.open(name)
    await documents.wake(document)
    if (random.unit() < 0.8) {
      const counts = { ...written.get(name), [`k${i % 7}`]: i }
      written.set(name, counts)
      parts.edit(name, (draft) => {
        draft.counts ??= {}
        draft.counts[`k${i % 7}`] = i
      })
      await writer.flush()
      told.set(name, said(document))
    }
    await clock.advance(1)
    expect(awake.count).toBeLessThanOrEqual(awakeMax)
  }
  expect(documents.all.filter(({ asleep }) => asleep !== undefined).length).toBeGreaterThan(100)
  for (const [name, was] of told) expect(said(documents.open(name)), `SEED=${seed} ${name}`).toEqual(was)
  const parted = new Set<string>()
  for await (const { document } of documents.parts()) {
    parted.add(document.name)
    await clock.advance(1)
  }
  expect([...written.keys()].filter((name) => !parted.has(name))).toEqual([])
  let isOver = false
  const compacting = documents.compactAll().finally(() => {
    isOver = true
  })
  while (!isOver) await clock.advance(1)
  expect((await compacting).kept).toBe(0)
  for (const [name, counts] of written) {
    const document = documents.open(name)
    await documents.wake(document)
    expect(document.replica.value, `SEED=${seed} ${name}`).toEqual({ counts })
    expect(said(document)).toEqual(told.get(name))
    await clock.advance(1)
  }
  expect(awake.count).toBeLessThanOrEqual(awakeMax)
  expect(parts.failures).toEqual([])
})

test('what is open, or not on disk yet, stays awake', async () => {
  const parts = await openParts({ store: await memoryStore()('a'), random: seededRandom(seed), awakeBytes: 1 })
  const { documents, writer, clock } = parts
  const asleep = (): number => documents.all.filter((document) => document.asleep !== undefined).length
  const listener = { wantsPatches: false, changed: () => {}, failed: () => {}, ended: () => {} }
  const open = documents.open('open')
  open.listeners.add(listener)
  const names = Array.from({ length: noteCount }, (_, i) => `note/${i}`)
  for (const name of ['open', ...names])
    parts.edit(name, (draft) => {
      draft.counts = { one: 1 }
    })
  await clock.advance(1)
  expect(asleep()).toBe(0)
  await writer.flush()
  for (const name of [...names, ...names]) {
    await documents.wake(documents.open(name))
    await clock.advance(1)
  }
  expect([open.asleep, documents.directory.asleep]).toEqual([undefined, undefined])
  expect(asleep()).toBeGreaterThan(noteCount / 2)
})
