// Invariant 13: what a status says is so; and it says what is missing, who was asked, and why.

import { afterEach, expect, test } from 'vitest'
import type { JoineryError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { containsVersion } from '../../src/core/version.ts'
import type { DocHandle, Progress, Space, Status } from '../../src/peer/api.ts'
import type { Document } from '../../src/peer/document.ts'
import { World } from '../../src/testing/world.ts'
import { openDurable } from './durable.ts'

interface Note {
  items: string[]
}

let world: World
let lines: string[] = []

afterEach(async () => {
  await world.close()
})

const init = { items: [] as string[] }
const add =
  (...items: string[]) =>
  (draft: Note): void =>
    void draft.items.push(...items)

/** Peers of one space who have met, on disks that last. */
async function meet(names: readonly string[]): Promise<{ spaces: Space[]; notes: DocHandle<Note>[] }> {
  world = new World()
  lines = []
  const spaces: Space[] = []
  for (const name of names) {
    const peer = await openDurable(world, name, lines)
    const [first] = spaces
    const space = first === undefined ? peer.space('Family') : peer.join(await world.during(first.invite()))
    spaces.push(await world.during(space))
  }
  const notes: DocHandle<Note>[] = []
  for (const space of spaces) notes.push(await world.during(space.open<Note>('note', { init })))
  await world.settle()
  return { spaces, notes }
}

const member = (status: Status, name: string) => status.peers.find((peer) => peer.name === name)

test('a status says when each agreed, and what each has stored', async () => {
  const { notes } = await meet(['a', 'b'])
  const [a] = notes as [DocHandle<Note>]
  a.change(add('milk', 'bread'))
  expect(a.status.current).toMatchObject({ saved: false, upToDate: false, pending: [{ reason: 'saving' }] })
  expect(member(a.status.current, 'b')).toMatchObject({ stored: false })
  await world.settle()
  const agreed = member(a.status.current, 'b')
  expect(agreed).toMatchObject({ agreed: true, stored: true, unstored: 0 })
  expect(agreed?.agreedAt).toBeLessThanOrEqual(world.clock.now())
  world.peers.get('b')?.pause()
  await world.run(1_000)
  a.change(add('rice'))
  await world.run(1_000)
  // Three ops or so: what counts is that it is not nothing.
  const away = member(a.status.current, 'b')
  expect(away).toMatchObject({ connected: false, agreed: false, stored: false, agreedAt: agreed?.agreedAt })
  expect(away?.unstored).toBeGreaterThan(0)
})

test('the status of a peer is of all its spaces, and has the same shape', async () => {
  const { spaces } = await meet(['a', 'b'])
  const a = world.peers.get('a')
  const told: Status[] = []
  a?.status.subscribe((status) => told.push(status))
  expect(a?.status.current).toMatchObject({ saved: true, upToDate: true, pending: [] })
  expect(a?.status.current.peers).toMatchObject([{ name: 'b', agreed: true }])
  const alone = await world.during(a?.space('Mine') as Promise<Space>)
  expect(a?.status.current.upToDate).toBe(false)
  expect(a?.status.current.pending).toMatchObject([{ reason: 'alone', space: 'Mine' }])
  expect(told.at(-1)).toBe(a?.status.current)
  const doc = await world.during(alone.open('x'))
  doc.change((d) => void (d.one = 1))
  expect(a?.status.current.saved).toBe(false)
  await world.during(alone.leave())
  await world.run(100)
  expect(a?.status.current).toMatchObject({ saved: true, upToDate: true, pending: [] })
  expect(spaces[0]?.status.current.peers).toEqual(a?.status.current.peers)
})

test('why a document is not the same everywhere is said in plain words', async () => {
  const { spaces, notes } = await meet(['a', 'b'])
  const [a] = notes as [DocHandle<Note>]
  expect([a.why(), spaces[0]?.why()]).toEqual([undefined, undefined])
  a.change(add('milk'))
  expect(a.why()).toContain('Your latest edits are being saved. They are on their way to disk.')
  world.hub.partition([['a'], ['b']])
  await world.run(10_000)
  const alone = a.status.current.pending[0]
  const seconds = Math.floor((world.clock.now() - (alone?.since ?? 0)) / 1_000)
  expect(seconds).toBeGreaterThanOrEqual(4)
  expect(seconds).toBeLessThanOrEqual(10)
  const again = 'The addresses that are known are dialled again and again.'
  expect(a.why()).toBe(`No other member is in contact. It has been so for ${seconds} s. ${again}`)
  const { why } = world.peers.get('a') ?? { why: () => '' }
  expect(why.call(world.peers.get('a'))).toBe(`Family: ${a.why()}`)
  world.peers.get('a')?.pause()
  await world.run(100)
  const paused = 'This peer is paused: it meets nobody until it is resumed.'
  expect(spaces[0]?.why()).toBe(`${paused} Editing goes on; what is made meanwhile is exchanged then.`)
})

test('settled covers what was made before the call, and rejects naming who has what', async () => {
  const { notes } = await meet(['a', 'b', 'c'])
  const [a] = notes as [DocHandle<Note>]
  a.change(add('milk'))
  await world.during(a.settled({ peers: 2, timeoutMs: 10_000 }))
  world.peers.get('c')?.pause()
  await world.run(1_000)
  a.change(add('bread'))
  await world.during(a.settled({ peers: 1, timeoutMs: 10_000 }))
  const rejected = await world.during(
    a.settled({ peers: 2, timeoutMs: 1_000 }).then(
      () => undefined,
      (error) => error,
    ),
  )
  expect(rejected).toMatchObject({ code: 'timeout' })
  expect(rejected.message).toContain('Stored by 1 of 2 other members in time.')
  expect(rejected.message).toContain('b has stored all of it.')
  expect(rejected.message).toMatch(/c has not stored \d+ of these edits\./)
  expect(rejected.details.peers).toMatchObject(
    [
      { name: 'b', connected: true, unstored: 0 },
      { name: 'c', connected: false },
    ].toSorted((x, y) => ids(x.name) - ids(y.name)),
  )

  // What is made after the call is none of its business.
  const waiting = a.settled({ peers: 1, timeoutMs: 10_000 })
  world.peers.get('b')?.pause()
  a.change(add('later'))
  await world.during(waiting)

  function ids(name: string): number {
    const order = a.status.current.peers.map((peer) => peer.name)
    return order.indexOf(name)
  }
})

test('since when is never longer ago than the last moment in which it was otherwise', async () => {
  const { notes } = await meet(['a', 'b'])
  const [a] = notes as [DocHandle<Note>]
  const began = world.clock.now()
  let longestMs = 0
  // Written without a pause: whenever somebody looks, something is on its way to disk, and never the same for long.
  while (world.clock.now() < began + 300) {
    a.change(add('x'))
    for (const { reason, since } of a.status.current.pending)
      if (reason === 'saving') longestMs = Math.max(longestMs, world.clock.now() - since)
    await world.run(1)
  }
  expect(longestMs).toBeLessThan(100)
  world.hub.partition([['a'], ['b']])
  a.change(add('last'))
  const cut = world.clock.now()
  await world.run(3_000)
  const { pending } = a.status.current
  expect(pending.length).toBeGreaterThan(0)
  for (const { since } of pending) expect(since).toBeGreaterThan(cut - 500)
})

test('a peer is settled when each of its spaces is, and an error names who has what of each', async () => {
  const { spaces } = await meet(['a', 'b'])
  const [a, b] = [world.peers.get('a'), world.peers.get('b')]
  if (a === undefined || b === undefined) throw new Error('they were opened')
  const mine = await world.during(a.space('Mine'))
  // Nothing of this device is in there, so nothing of it has to be stored.
  await world.during(a.settled({ peers: 1, timeoutMs: 5_000 }))
  for (const space of [spaces[0], mine] as Space[]) {
    const note = await world.during(space.open<Note>('more', { init }))
    note.change(add('milk'))
  }
  await world.during(a.settled())
  expect(a.status.current.saved).toBe(true)
  const late = await failure(a.settled({ peers: 1, timeoutMs: 1_000 }))
  expect(late).toMatchObject({ code: 'timeout', details: { peers: [] } })
  expect(late?.message).toBe('Mine: Stored by 0 of 1 other members in time. Nobody was in contact.')
  b.pause()
  await world.run(1_000)
  ;(await world.during((spaces[0] as Space).open<Note>('more'))).change(add('bread'))
  const abort = new AbortController()
  const waiting = failure(a.settled({ peers: 1, signal: abort.signal }))
  await world.run(100)
  abort.abort()
  const stopped = await waiting
  expect(stopped).toMatchObject({ code: 'aborted' })
  expect(stopped?.details.peers).toMatchObject([{ space: 'Family', name: 'b', connected: false }])
  expect(stopped?.message).toContain('b has not stored')
  expect(await failure(a.settled({ peers: -1 }))).toMatchObject({ code: 'bad-option' })
})

async function failure(promise: Promise<unknown>): Promise<JoineryError | undefined> {
  return world.during(
    promise.then(
      () => undefined,
      (error) => error,
    ),
  )
}

test.each([1, 2])('at no step is anything called saved or stored that is not (seed %i)', async (seed) => {
  const { notes } = await meet(['a', 'b', 'c'])
  const random = seededRandom(seed)
  const documents = notes.map((note) => (note as unknown as { readonly document: Document }).document)
  const names = ['a', 'b', 'c']
  let claims = 0
  for (let step = 0; step < 60; step++) {
    const [at, act] = [Math.floor(random.unit() * 3), random.unit()]
    if (act < 0.5) notes[at]?.change(add(`${step}`))
    else if (act < 0.6) world.hub.partition([[names[at] as string], names.filter((_, i) => i !== at)])
    else if (act < 0.75) world.hub.heal()
    await world.run(Math.floor(random.unit() ** 3 * 2_000))
    for (const [i, note] of notes.entries()) {
      const { saved, peers } = note.status.current
      const own = [...(documents[i]?.version ?? [])].filter(([actor]) => actor === ownActor(i))
      if (saved) expect(containsVersion(documents[i]?.durable ?? new Map(), new Map(own))).toBe(true)
      for (const { name, stored, unstored } of peers) {
        expect(stored).toBe(unstored === 0)
        if (!stored) continue
        claims++
        expect(containsVersion(documents[names.indexOf(name)]?.durable ?? new Map(), new Map(own))).toBe(true)
      }
    }
  }
  expect(claims).toBeGreaterThan(20)

  function ownActor(i: number): string {
    return (world.peers.get(names[i] as string) as unknown as { readonly actor: string }).actor
  }
})

test('what waits names what is missing and who is asked; a long exchange says how far it is', async () => {
  world = new World({ network: { delayMs: 50, gossipLoss: 1 } })
  const a = await openDurable(world, 'a')
  const space = await world.during(a.space('Family'))
  const note = await world.during(space.open<Note>('note', { init }))
  const long = 'x'.repeat(1_000)
  for (let tip = 0; tip < 15; tip++) {
    for (let i = 0; i < 200; i++) note.change(add(`${tip} ${i} ${long}`))
    await world.during(note.settled())
  }
  const b = await openDurable(world, 'b')
  const joined = await world.during(b.join(await world.during(space.invite())))
  const copy = await world.during(joined.open<Note>('note'))
  const seen: Progress[] = []
  const reasons = new Set<string>()
  const words: string[] = []
  let doc: Progress | undefined
  // Asked at each part that arrives.
  copy.subscribe(() => {
    const { progress, pending } = joined.status.current
    if (progress !== undefined) seen.push(progress)
    for (const { asked = [] } of pending) for (const { name, because } of asked) reasons.add(`${name} ${because}`)
    if ((progress?.editsReceived ?? 0) === 0 || progress?.editsLeft === 0) return
    doc = copy.status.current.progress
    words.push(copy.why() ?? '')
  })
  await world.until(() => copy.value.items?.length === 3_000)
  await world.settle()
  expect(seen.length).toBeGreaterThan(3)
  for (const [i, { editsReceived }] of seen.entries())
    expect(editsReceived).toBeGreaterThanOrEqual(seen[i - 1]?.editsReceived ?? 0)
  const middle = seen.find(({ editsReceived, editsLeft }) => editsReceived > 0 && editsLeft > 0)
  expect(middle?.bytesReceived).toBeGreaterThan(100_000)
  expect((middle?.editsReceived ?? 0) + (middle?.editsLeft ?? 0)).toBeGreaterThan(3_000)
  expect(middle?.bytesLeft).toBeGreaterThan(0)
  expect(doc).toMatchObject({ editsReceived: expect.any(Number) })
  expect(words.join('\n')).toMatch(
    /a has \d+ edits that are lacking here\. a is being asked, since it was met\. \d+ of about \d+ edits have arrived/,
  )
  expect([...reasons]).toEqual(['a neighbour'])
  expect(joined.status.current).toMatchObject({ progress: undefined, upToDate: true, pending: [] })
})

test('who was met before is resumed with', async () => {
  await meet(['a', 'b'])
  world.peers.get('a')?.pause()
  await world.run(1_000)
  world.peers.get('a')?.resume()
  await world.settle()
  const met = lines.filter((line) => / met /.test(line))
  expect(met.some((line) => line.endsWith('met neighbour'))).toBe(true)
  expect(met.at(-1)).toMatch(/met resumed$/)
})
