// Who is here: seen by the others, gone when they go, never kept.

import { afterEach, expect, test } from 'vitest'
import { limits } from '../../src/base/limits.ts'
import type { DocHandle, Present, Space } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

interface Note {
  body: string[]
}

let world: World

afterEach(async () => {
  await world.close()
})

const init = { body: ['a', 'b', 'c'] }

/** Peers of one space who have met, each with the note open. */
async function meet(
  names: readonly string[],
  options: ConstructorParameters<typeof World>[0] = {},
): Promise<DocHandle<Note>[]> {
  world = new World(options)
  const spaces: Space[] = []
  for (const name of names) {
    const peer = await world.open(name)
    const [first] = spaces
    const space = first === undefined ? peer.space('Family') : peer.join(await world.during(first.invite()))
    spaces.push(await world.during(space))
  }
  const notes: DocHandle<Note>[] = []
  for (const space of spaces) notes.push(await world.during(space.open<Note>('note', { init })))
  await world.settle()
  return notes
}

const shown = (note: DocHandle<Note>): unknown[] => note.presence.current.map(({ name, state }) => [name, state])
const here = (note: DocHandle<Note>): string[] => note.presence.current.map(({ name }) => name).sort()

test('what one shows of itself, the others see, within a tenth of a second', async () => {
  const [a, b, c] = (await meet(['a', 'b', 'c'])) as [DocHandle<Note>, DocHandle<Note>, DocHandle<Note>]
  a.presence.set({ colour: 'red' })
  expect(a.presence.own).toEqual({ colour: 'red' })
  await world.run(limits.presenceGapMs)
  expect([shown(a), shown(b), shown(c)]).toEqual([[], [['a', { colour: 'red' }]], [['a', { colour: 'red' }]]])
  a.presence.set({ colour: 'blue' })
  b.presence.set('typing')
  await world.run(2 * limits.presenceGapMs)
  expect([shown(a), shown(b)]).toEqual([[['b', 'typing']], [['a', { colour: 'blue' }]]])
  expect(here(c)).toEqual(['a', 'b'])
})

test('presence has the shape of a status: read, told, or waited for; and it ends with its handle', async () => {
  const [a, b] = (await meet(['a', 'b'])) as [DocHandle<Note>, DocHandle<Note>]
  const told: (readonly Present[])[] = []
  b.presence.subscribe((others) => told.push(others))
  const seen: number[] = []
  const reading = (async () => {
    for await (const others of b.presence) seen.push(others.length)
  })()
  a.presence.set(1)
  await world.run(200)
  expect(told).toHaveLength(1)
  expect(told[0]).toBe(b.presence.current)
  await world.run(20_000)
  expect(told).toHaveLength(1) // Beats that say nothing new are not told.
  b.close()
  await reading
  expect(seen).toEqual([0, 1])
  expect(() => b.presence.set(1)).toThrow(expect.objectContaining({ code: 'closed' }))
})

test('who closes the document, the space or the peer is gone at once', async () => {
  const [a, b, c] = (await meet(['a', 'b', 'c', 'd'])) as [DocHandle<Note>, DocHandle<Note>, DocHandle<Note>]
  for (const note of [a, b, c]) note.presence.set(1)
  await world.run(500)
  const d = (await world.during(world.peers.get('d')?.spaces[0]?.open('note') as never)) as DocHandle<Note>
  expect(here(d)).toEqual(['a', 'b', 'c'])
  a.close()
  await world.run(200)
  expect(here(d)).toEqual(['b', 'c'])
  await world.during(b.space.leave())
  await world.run(10)
  expect(here(d)).toEqual(['c'])
  await world.during(world.peers.get('c')?.close() as Promise<void>)
  await world.run(10)
  expect(here(d)).toEqual([])
})

test('who crashes is no ghost: gone within ten seconds, and there again when it is', async () => {
  const [a, b] = (await meet(['a', 'b'])) as [DocHandle<Note>, DocHandle<Note>]
  a.presence.set(1)
  await world.run(10_000)
  await world.crash('a')
  expect(here(b)).toEqual(['a'])
  let goneMs = 0
  while (here(b).length > 0) {
    await world.run(100)
    goneMs += 100
  }
  expect(goneMs).toBeGreaterThan(limits.presenceGoneMs - limits.presenceBeatMs - 500)
  expect(goneMs).toBeLessThanOrEqual(10_000)
  const space = await world.during((await world.open('a')).space('Family'))
  const again = await world.during(space.open<Note>('note'))
  expect(again.presence.own).toBeUndefined() // Never stored.
  again.presence.set(2)
  await world.settle()
  await world.run(limits.presenceBeatMs)
  expect(shown(b)).toEqual([['a', 2]])
})

test('a paused peer is gone at once, sees nobody, and is back when it resumes', async () => {
  const [a, b] = (await meet(['a', 'b'])) as [DocHandle<Note>, DocHandle<Note>]
  a.presence.set(1)
  b.presence.set(2)
  await world.run(500)
  world.peers.get('a')?.pause()
  await world.run(100)
  expect([here(a), here(b)]).toEqual([[], []])
  world.peers.get('a')?.resume()
  await world.settle()
  await world.run(limits.presenceBeatMs)
  expect([here(a), here(b)]).toEqual([['b'], ['a']])
})

test('a newcomer sees who is there without waiting for the next beat', async () => {
  const [a, b] = (await meet(['a', 'b'])) as [DocHandle<Note>, DocHandle<Note>]
  a.presence.set(1)
  await world.run(limits.presenceBeatMs + 100)
  const c = await world.open('c')
  const space = await world.during(c.join(await world.during(b.space.invite())))
  await world.during(space.met())
  const note = await world.during(space.open<Note>('note'))
  await world.run(1_000)
  expect(here(note)).toEqual(['a'])
})

test('half of all gossip lost, or heard twice and out of order: shown as it is in the end', async () => {
  const network = { gossipLoss: 0.3, gossipRepeat: 0.5, gossipJitterMs: 400 }
  const [a, b] = (await meet(['a', 'b'], { seed: 3, network })) as [DocHandle<Note>, DocHandle<Note>]
  for (let at = 0; at < 100; at++) {
    a.presence.set({ at })
    await world.run(50)
  }
  await world.run(3 * limits.presenceBeatMs)
  expect(shown(b)).toEqual([['a', { at: 99 }]])
})

test('a cursor stays on its item while others edit in front of it', async () => {
  const [a, b] = (await meet(['a', 'b'])) as [DocHandle<Note>, DocHandle<Note>]
  a.presence.set({ caret: a.cursor(['body'], 2) })
  await world.run(200)
  const caret = (): unknown => {
    const { state } = b.presence.current[0] as Present
    const { caret: text } = state as { caret: string }
    return b.openCursor(text).index
  }
  expect(caret()).toBe(2)
  b.change((d) => void d.body.unshift('x', 'y'))
  expect(caret()).toBe(4)
  expect(() => b.openCursor('zz')).toThrow(expect.objectContaining({ code: 'bad-message' }))
})

test('a caret that moves a thousand times a second is sent ten times; one that rests, every three seconds', async () => {
  const [a, b] = (await meet(['a', 'b'])) as [DocHandle<Note>, DocHandle<Note>]
  const beats = (): number => world.trace.split('\n').filter((line) => /sent presence/.test(line)).length
  const before = beats()
  for (let i = 0; i < 2_000; i++) {
    a.presence.set({ i })
    await world.run(1)
  }
  expect(beats() - before).toBeGreaterThan(15)
  expect(beats() - before).toBeLessThanOrEqual(21)
  await world.run(100)
  expect(shown(b)).toEqual([['a', { i: 1999 }]])
  const resting = beats()
  await world.run(30_000)
  expect(beats() - resting).toBe(10)
  a.presence.set(undefined)
  await world.run(100)
  expect(here(b)).toEqual([])
  const silent = beats()
  await world.run(60_000)
  expect(beats()).toBe(silent) // Nobody shows anything: nothing is said.
})

test('in more documents than may be, or larger than may be, it is refused, and what is shown stays', async () => {
  const [a] = (await meet(['a', 'b'])) as [DocHandle<Note>]
  a.presence.set(1)
  for (let i = 1; i < limits.presenceDocuments; i++) (await world.during(a.space.open(`n${i}`))).presence.set(i)
  const more = await world.during(a.space.open('more'))
  expect(() => more.presence.set(1)).toThrow(expect.objectContaining({ code: 'limit' }))
  expect(() => a.presence.set('x'.repeat(2_000))).toThrow(expect.objectContaining({ code: 'limit' }))
  expect(() => a.presence.set(1n)).toThrow(expect.objectContaining({ code: 'bad-value' }))
  expect(a.presence.own).toBe(1)
})
