// Own edits leave at once where nothing left a moment ago, and together while more keep coming.

import { expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import { memberActor } from '../../src/core/ids.ts'
import type { SignedRange } from '../../src/core/range.ts'
import { Awake } from '../../src/peer/awake.ts'
import type { Document } from '../../src/peer/document.ts'
import { joinRanges, Outbox } from '../../src/peer/outbox.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { World } from '../../src/testing/world.ts'

const actor = memberActor(new Uint8Array(32).fill(1), 0)
const range = (fromSeq: number, endSeq = fromSeq + 1): SignedRange => ({
  actor,
  fromSeq,
  endSeq,
  body: new Uint8Array(2),
  tipHash: new Uint8Array(32),
  signature: new Uint8Array(64),
})

test('a single edit leaves at once, a burst together, and never later than the longest window', async () => {
  const clock = new ManualClock()
  const sent: { at: number; count: number }[] = []
  const began = clock.now()
  const outbox = new Outbox<string>({
    clock,
    send: (_, ranges) => void sent.push({ at: clock.now() - began, count: ranges.length }),
  })
  outbox.add('note', [range(0)])
  expect(sent).toEqual([{ at: 0, count: 1 }])
  const madeAt: number[] = []
  for (let i = 1; i <= 1_000; i++) {
    await clock.advance(1)
    madeAt.push(clock.now() - began)
    outbox.add('note', [range(i)])
  }
  await clock.advance(100)
  expect(sent.reduce((sum, { count }) => sum + count, 0)).toBe(1_001)
  expect(sent.length).toBeLessThan(40)
  let next = 0
  for (const { at, count } of sent.slice(1)) {
    expect(at - (madeAt[next] as number)).toBeLessThanOrEqual(limits.outboxMaxMs)
    next += count
  }
  // Then quiet: it is at once again, edit by edit.
  for (let i = 0; i < 10; i++) {
    await clock.advance(60)
    const before = sent.length
    outbox.add('note', [range(2_000 + i)])
    expect(sent.length).toBe(before + 1)
  }
})

test('so many may wait, and what waits is forgotten at the end', async () => {
  const clock = new ManualClock()
  let sent = 0
  const outbox = new Outbox<string>({ clock, send: (_, ranges) => void (sent += ranges.length) })
  outbox.add('a', [range(0)])
  outbox.add(
    'a',
    Array.from({ length: limits.outboxRanges }, (_, i) => range(i + 1)),
  )
  expect(sent).toBe(limits.outboxRanges + 1)
  outbox.add('b', [range(0)])
  outbox.close()
  await clock.advance(1_000)
  expect(sent).toBe(limits.outboxRanges + 1)
})

test('ranges that go on from one another are joined, and no others', () => {
  const join = (first: SignedRange, last: SignedRange): SignedRange => range(first.fromSeq, last.endSeq)
  const ends = (ranges: readonly SignedRange[]) => joinRanges(ranges, join).map((one) => [one.fromSeq, one.endSeq])
  expect(ends([range(0), range(1), range(2), range(5), range(6)])).toEqual([
    [0, 3],
    [5, 7],
  ])
  expect(ends([])).toEqual([])
  expect(ends([range(3)])).toEqual([[3, 4]])
})

test('a typist costs some messages and not one for each key, and all of it arrives', async () => {
  const world = new World({ network: { gossipLoss: 0 } })
  try {
    const a = await world.open('a')
    const b = await world.open('b')
    const space = await world.during(a.space('Family'))
    const joined = await world.during(b.join(await world.during(space.invite())))
    await world.settle()
    const note = await world.during(space.open<{ items?: number[] }>('note', { init: { items: [] } }))
    const copy = await world.during(joined.open<{ items?: number[] }>('note'))
    await world.run(1_000)
    const before = world.trace.split('\n').length
    for (let i = 0; i < 60; i++) {
      note.change((d) => void d.items?.push(i))
      await world.run(3)
    }
    await world.until(() => copy.value.items?.length === 60)
    const lines = world.trace.split('\n').slice(before)
    const sent = lines.filter((line) => / a +gossip +sent note /.test(line)).length
    expect(sent).toBeGreaterThan(1)
    expect(sent).toBeLessThan(25)
    expect(lines.filter((line) => / b +sync .*pull/.test(line))).toEqual([])
    expect(copy.value.items).toEqual(Array.from({ length: 60 }, (_, i) => i))
  } finally {
    await world.close()
  }
})

test('a document whose edits are about to leave does not go to sleep before they have', async () => {
  const world = new World({ network: { gossipLoss: 0 } })
  const { used } = Awake.prototype
  try {
    const a = await world.open('a')
    const toSleep = new Map<Document, () => boolean>()
    Awake.prototype.used = (document, putToSleep) => void toSleep.set(document, putToSleep)
    const space = await world.during(a.space('Family'))
    for (const name of ['first', 'second']) {
      const note = await world.during(space.open<{ items?: number[] }>(name, { init: { items: [] } }))
      note.change((d) => void d.items?.push(1))
      note.close()
      await a.flush()
    }
    const [, second] = [...toSleep].filter(([{ id }]) => id.name !== '')
    if (second === undefined) throw new Error('both are awake')
    expect(second[1]()).toBe(false)
    await world.run(200)
    expect(second[1]()).toBe(true)
    expect(second[0].asleep).toBeDefined()
    expect(world.trace).toMatch(/gossip +sent second/)
  } finally {
    Awake.prototype.used = used
    await world.close()
  }
})
