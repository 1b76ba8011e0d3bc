// A session goes on on another device: it reads its own writes there, reads nothing older than before, and its writes follow both; or it is told that it does
// not, yet.

import { afterEach, expect, test } from 'vitest'
import { isJoineryError, type JoineryError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

interface Note {
  items: string[]
}

const init = { items: [] as string[] }
const add =
  (item: string) =>
  (draft: Note): void =>
    void draft.items.push(item)

let world: World

afterEach(async () => {
  await world.close()
})

async function meet(names: readonly string[], seed = 1): Promise<{ peers: Peer[]; spaces: Space[] }> {
  world = new World({ seed })
  const peers: Peer[] = []
  const spaces: Space[] = []
  for (const name of names) {
    const peer = await world.open(name)
    const [first] = spaces
    const space = first === undefined ? peer.space('Family') : peer.join(await world.during(first.invite()))
    peers.push(peer)
    spaces.push(await world.during(space))
  }
  await world.settle()
  return { peers, spaces }
}

const open = (space: Space | undefined, name: string, options = {}): Promise<DocHandle<Note>> =>
  world.during((space as Space).open<Note>(name, options))

test('a handle that follows a session says stale until all that it saw is there', async () => {
  const { peers, spaces } = await meet(['phone', 'desk'])
  const [phone] = peers as [Peer]
  const here = await open(spaces[0], 'note', { init })
  await world.settle()
  world.hub.partition([['phone'], ['desk']])
  here.change(add('milk'))
  here.change(add('bread'))
  const token = await world.during(phone.session())
  expect(token.length).toBeLessThan(150)

  const there = await open(spaces[1], 'note', { session: token })
  expect(there.status.current).toMatchObject({ stale: true, upToDate: false })
  const [pending] = there.status.current.pending.filter(({ reason }) => reason === 'stale')
  expect(pending).toMatchObject({ document: 'note' })
  expect(pending?.message).toMatch(/^Of "note", \d+ edits or more were seen elsewhere that are not here yet\.$/)
  expect(there.why()).toContain(pending?.message)
  expect(spaces[1]?.status.current.stale).toBe(true)
  expect(peers[1]?.status.current.stale).toBe(true)
  // Another handle follows nothing, and nothing is said of it.
  expect((await open(spaces[1], 'note')).status.current.stale).toBe(false)
  const late = await failure(there.caughtUp({ timeoutMs: 500 }))
  expect(late).toMatchObject({ code: 'timeout' })
  expect(late?.message).toContain('were seen elsewhere')

  let firstFresh: readonly string[] | undefined
  there.status.subscribe(({ stale }) => {
    if (!stale) firstFresh ??= there.value.items
  })
  world.hub.heal()
  await world.during(there.caughtUp({ timeoutMs: 30_000 }))
  expect(there.value.items).toEqual(['milk', 'bread'])
  await world.run(100)
  expect(firstFresh).toEqual(['milk', 'bread'])
  expect(there.status.current.stale).toBe(false)
  await world.during(there.caughtUp())
})

test('a handle that refuses while stale edits only behind what the session saw and wrote', async () => {
  const { peers, spaces } = await meet(['phone', 'desk'])
  const [phone] = peers as [Peer]
  const here = await open(spaces[0], 'note', { init })
  await world.settle()
  world.hub.partition([['phone'], ['desk']])
  here.change(add('first'))
  const token = await world.during(phone.session({ documents: [here] }))
  const strict = await open(spaces[1], 'note', { init, session: token, whileStale: 'refuse' })
  expect(() => strict.change(add('second'))).toThrow(expect.objectContaining({ code: 'stale' }))
  expect(strict.value.items).toEqual([])
  world.hub.heal()
  await world.during(strict.caughtUp({ timeoutMs: 30_000 }))
  strict.change(add('second'))
  await world.settle()
  // Behind, on every peer: not beside.
  expect(here.value.items).toEqual(['first', 'second'])
  expect(await failure(open(spaces[1], 'note', { whileStale: 'never' }))).toMatchObject({ code: 'bad-option' })
})

test('a session that is gone on with while stale hands on what it still waits for', async () => {
  const { peers, spaces } = await meet(['phone', 'desk', 'tablet'])
  const [phone, desk] = peers as [Peer, Peer]
  const here = await open(spaces[0], 'note', { init })
  await world.settle()
  world.hub.partition([['phone'], ['desk'], ['tablet']])
  here.change(add('milk'))
  const first = await world.during(phone.session())
  const there = await open(spaces[1], 'note', { init, session: first })
  there.change(add('rice'))
  const second = await world.during(desk.session())
  const last = await open(spaces[2], 'note', { session: second })
  world.hub.partition([['desk', 'tablet'], ['phone']])
  await world.until(() => last.value.items?.includes('rice'))
  expect(last.status.current.stale).toBe(true)
  world.hub.heal()
  await world.during(last.caughtUp({ timeoutMs: 30_000 }))
  expect([...last.value.items].sort()).toEqual(['milk', 'rice'])
})

test('what was deleted and begun anew elsewhere is not read as if it stood', async () => {
  const { peers, spaces } = await meet(['phone', 'desk'])
  const [phone] = peers as [Peer]
  const here = await open(spaces[0], 'note', { init })
  here.change(add('old'))
  await world.settle()
  world.hub.partition([['phone'], ['desk']])
  await world.during((spaces[0] as Space).delete('note'))
  const anew = await open(spaces[0], 'note', { init })
  anew.change(add('new'))
  const token = await world.during(phone.session())
  const there = await open(spaces[1], 'note', { session: token })
  expect(there.value.items).toEqual(['old'])
  expect(there.status.current.stale).toBe(true)
  let ended: JoineryError | undefined
  there.on('close', (error) => {
    ended = error
  })
  world.hub.heal()
  await world.settle()
  expect(ended).toMatchObject({ code: 'document-deleted' })
  const again = await open(spaces[1], 'note', { session: token })
  expect(again.status.current.stale).toBe(false)
  expect(again.value.items).toEqual(['new'])
})

test('tokens of strangers, damaged ones and what is none are refused with a code, and leave the handle as it was', async () => {
  const { peers, spaces } = await meet(['phone', 'desk'])
  const [phone, desk] = peers as [Peer, Peer]
  const here = await open(spaces[0], 'note', { init })
  here.change(add('milk'))
  const token = await world.during(phone.session())
  await world.settle()
  const there = await open(spaces[1], 'note')
  const codeOf = (bytes: unknown): string | undefined => {
    try {
      there.follow(bytes as Uint8Array)
      return undefined
    } catch (error) {
      return isJoineryError(error) ? error.code : String(error)
    }
  }
  const random = seededRandom(3)
  for (let i = 0; i < 200; i++) {
    const hurt = token.slice()
    const at = 1 + Math.floor(random.unit() * (hurt.length - 1))
    hurt[at] = (hurt[at] ?? 0) ^ (1 << Math.floor(random.unit() * 8))
    expect(codeOf(hurt)).toBe('bad-session')
  }
  expect(codeOf(new Uint8Array(0))).toBe('bad-session')
  expect(codeOf('token')).toBe('bad-session')
  expect(codeOf(Uint8Array.of(9, 0, 0))).toBe('session-newer')
  expect(await failure(open(spaces[1], 'other', { session: token.slice(0, -1) }))).toMatchObject({
    code: 'bad-session',
  })
  expect(there.status.current.stale).toBe(false)
  // Of a space that this peer does not belong to, it says nothing of what is here.
  const alone = await world.during(desk.space('Mine'))
  const mine = await open(alone, 'note', { init })
  mine.change(add('mine'))
  const foreign = await world.during(desk.session({ documents: [mine] }))
  expect(codeOf(foreign)).toBeUndefined()
  here.follow(foreign)
  expect(here.status.current.stale).toBe(false)
  expect(await failure(desk.session({ documents: [here] }))).toMatchObject({ code: 'bad-option' })
})

test.each([1, 2])('wherever a session goes, what is not stale holds all that it saw (seed %i)', async (seed) => {
  const names = ['a', 'b', 'c']
  const { peers, spaces } = await meet(names, seed)
  const random = seededRandom(seed)
  const pick = (n: number): number => Math.floor(random.unit() * n)
  for (const space of spaces) await open(space, 'note', { init })
  await world.settle()
  let token: Uint8Array | undefined
  const seen = new Set<string>()
  let stale = 0
  let fresh = 0
  for (let step = 0; step < 40; step++) {
    if (random.unit() < 0.4) world.hub.partition([[names[pick(3)] as string], names.slice(0, pick(3) + 1)])
    if (random.unit() < 0.4) world.hub.heal()
    await world.run(pick(1_500))
    const at = pick(3)
    const note = await open(spaces[at], 'note', token === undefined ? {} : { session: token })
    if (note.status.current.stale) stale++
    else {
      fresh++
      for (const item of seen) expect(note.value.items).toContain(item)
    }
    for (const item of note.value.items) seen.add(item)
    note.change(add(`${step}`))
    seen.add(`${step}`)
    token = await world.during((peers[at] as Peer).session({ documents: [note] }))
    note.close()
  }
  expect(stale).toBeGreaterThan(2)
  expect(fresh).toBeGreaterThan(2)
})

async function failure(promise: Promise<unknown>): Promise<JoineryError | undefined> {
  return world.during(
    promise.then(
      () => undefined,
      (error) => error,
    ),
  )
}
