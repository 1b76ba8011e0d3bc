import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { isJoineryError } from '../../src/base/errors.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import { json, openPeer } from '../../src/node.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function alone(): Promise<{ peer: Peer; doc: DocHandle<Record<string, unknown>> }> {
  const peer = await openPeer({ store: 'memory', network: 'none' })
  open.push(peer)
  const space = await peer.space('Home')
  return { peer, doc: await space.open<Record<string, unknown>>('notes', { init: { items: [{ done: false }] } }) }
}

async function codeOf(fn: () => unknown): Promise<string> {
  try {
    await fn()
  } catch (error) {
    return isJoineryError(error) ? error.code : `untyped: ${error}`
  }
  return 'no error'
}

describe('a change that cannot be recorded is refused with a sentence, and alters nothing', () => {
  class Person {
    name = 'Ada'
  }
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  let nested: unknown = 1
  for (let level = 0; level < 1000; level++) nested = { in: nested }

  const cases: [string, (d: Record<string, unknown>) => unknown, string, RegExp][] = [
    ['assigns undefined', (d) => void (d.a = undefined), 'bad-value', /use null or delete/],
    ['assigns undefined deep inside', (d) => void (d.a = { b: [1, { c: undefined }] }), 'bad-value', /a\.b\[1\]\.c/],
    ['assigns a function', (d) => void (d.a = () => 1), 'bad-value', /\ba\b/],
    ['assigns a symbol', (d) => void (d.a = Symbol('x')), 'bad-value', /\ba\b/],
    ['assigns a cycle', (d) => void (d.a = cycle), 'bad-value', /cycle|itself/],
    ['assigns a class instance', (d) => void (d.a = new Person()), 'bad-value', /Person|class/],
    ['assigns half a surrogate pair', (d) => void (d.a = '\ud83d'), 'bad-value', /surrogate/],
    ['assigns an invalid date', (d) => void (d.a = new Date(Number.NaN)), 'bad-value', /[Dd]ate/],
    ['nests a thousand levels', (d) => void (d.a = nested), 'bad-value', /deep|level/],
    ['is async', async (d) => void (d.a = 1), 'bad-change', /async|promise|synchronous/i],
    ['sorts a list', (d) => void (d.items as unknown[]).sort(), 'bad-change', /sort/],
    ['reverses a list', (d) => void (d.items as unknown[]).reverse(), 'bad-change', /reverse/],
  ]

  test.each(cases)('one that %s', async (_, edit, code, words) => {
    const { doc } = await alone()
    const before = doc.value
    let error: unknown
    try {
      doc.change(edit as (draft: Record<string, unknown>) => unknown)
    } catch (caught) {
      error = caught
    }
    expect(error).toMatchObject({ code })
    expect((error as Error).message).toMatch(words)
    expect(doc.value).toBe(before)
  })

  test('one that throws midway passes its error on, and nothing of it stays', async () => {
    const { doc } = await alone()
    const before = doc.value
    const mine = new Error('mine')
    expect(() =>
      doc.change((d) => {
        d.a = 1
        ;(d.items as unknown[]).push(2)
        throw mine
      }),
    ).toThrow(mine)
    expect(doc.value).toBe(before)
    expect(doc.status.current.saved).toBe(true)
    expect(doc.change((d) => Object.keys(d))).toEqual(['items'])
  })

  test('keys such as __proto__ are ordinary keys', async () => {
    const { doc, peer } = await alone()
    doc.change((d) => {
      for (const key of ['__proto__', 'constructor', 'then', 'toString'])
        Object.defineProperty(d, key, { value: key, configurable: true, enumerable: true, writable: true })
    })
    expect(Object.keys(doc.value).toSorted()).toEqual(['__proto__', 'constructor', 'items', 'then', 'toString'])
    expect(Object.getPrototypeOf({}).polluted).toBeUndefined()
    const exported = await peer.export()
    expect(JSON.parse(JSON.stringify(exported)).spaces[0].documents.notes.constructor).toBe('constructor')
  })

  test('an opaque value is frozen and whole', async () => {
    const { doc } = await alone()
    doc.change((d) => void (d.position = json({ x: 1, y: [2] })))
    expect(doc.value.position).toEqual({ x: 1, y: [2] })
    expect(Object.isFrozen((doc.value.position as { y: number[] }).y)).toBe(true)
  })
})

describe('names, labels, options and paths', () => {
  test('what is no document name is refused', async () => {
    const { peer } = await alone()
    const space = await peer.space('Home')
    for (const name of ['', 'a\u0000b', 'line\nbreak', '\ud800', 'x'.repeat(257), 7, undefined, null])
      expect(await codeOf(() => space.open(name as string)), JSON.stringify(name)).toBe('bad-name')
    await space.open('with/slash and Ümlaut')
    // One word typed on two systems is one document.
    expect(await space.open('Caf\u00e9')).toMatchObject({ name: 'Caf\u00e9' })
    expect(await space.open('Cafe\u0301')).toMatchObject({ name: 'Caf\u00e9' })
  })

  test('what is no label, option, id or path is refused', async () => {
    const { peer, doc } = await alone()
    for (const label of ['', ' ', 'a/b', 'a:b', 'a\nb', 7])
      expect(await codeOf(() => peer.space(label as string))).toBe('bad-label')
    expect(await codeOf(() => peer.space(`space:${'00'.repeat(32)}`))).toBe('no-such-space')
    expect(await codeOf(() => openPeer({ pth: 'x' } as object))).toBe('bad-option')
    expect(await codeOf(() => openPeer({ path: '' }))).toBe('bad-option')
    expect(await codeOf(() => openPeer({ name: 5 } as object))).toBe('bad-option')
    expect(await codeOf(() => peer.join(5 as never))).toBe('bad-ticket')
    expect(await codeOf(() => doc.get(['nothing', 'here']))).toBe('bad-path')
    expect(await codeOf(() => doc.set(['items', 7], 1))).toBe('bad-path')
    expect(await codeOf(() => doc.set([], 1))).toBe('bad-path')
    doc.set(['items', 0, 'done'], true)
    doc.set(['made', 'on', 'the', 'way'], 1)
    expect(doc.value).toEqual({ items: [{ done: true }], made: { on: { the: { way: 1 } } } })
  })

  test('what is no time, no number of peers and no option of open is refused', async () => {
    const { peer, doc } = await alone()
    const space = await peer.space('Home')
    const calls = [
      () => doc.settled({ peers: -1 }),
      () => doc.settled({ peers: 0.5 }),
      () => doc.settled({ timeoutMs: Number.NaN }),
      () => space.met({ timeoutMs: 'soon' as unknown as number }),
      () => space.open('x', { inti: {} } as object),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('bad-option')
    expect(space.documents).toEqual(['notes'])
  })

  test('two spaces with one label are told apart by their ids', async () => {
    const [a, b] = [await alone(), await alone()]
    const mine = await a.peer.space('Family')
    const theirs = await a.peer.join(await (await b.peer.space('Family')).invite())
    const error = await a.peer.space('Family').catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'ambiguous-space',
      details: { ids: expect.arrayContaining([mine.id, theirs.id]) },
    })
    expect(await a.peer.space(theirs.id)).toBe(theirs)
  })

  test('two calls at once with one label make one space', async () => {
    const { peer } = await alone()
    const [one, two] = await Promise.all([peer.space('New'), peer.space('New')])
    expect(one).toBe(two)
  })

  test('everything refuses once the peer is closed, with one code', async () => {
    const { peer, doc } = await alone()
    const space = await peer.space('Home')
    await peer.close()
    await peer.close()
    const calls = [
      () => peer.space('x'),
      () => peer.join('x'),
      () => peer.export(),
      () => peer.pause(),
      () => space.open('x'),
      () => space.invite(),
      () => space.met(),
      () => doc.change(() => 1),
      () => doc.settled(),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('closed')
  })
})

describe('a store that fails', () => {
  test('a full disk refuses new edits with a code, loses nothing, and writing goes on when there is room', async () => {
    const world = new World()
    open.push(world)
    const peer = await world.open('a')
    const space = await world.during(peer.space('Home'))
    const doc = await world.during(space.open<{ n?: number }>('d'))
    const errors: string[] = []
    peer.on('error', ({ code }) => errors.push(code))
    world.disk('a').full = true
    doc.change((d) => void (d.n = 1))
    await expect(world.during(doc.settled())).rejects.toMatchObject({ code: 'store-full' })
    expect(await codeOf(() => doc.change((d) => void (d.n = 2)))).toBe('store-full')
    expect(doc.status.current).toMatchObject({ saved: false, pending: [{ reason: 'saving' }, { reason: 'alone' }] })
    expect(errors).toContain('store-full')
    world.disk('a').full = false
    await world.run(3_000)
    expect(doc.status.current.saved).toBe(true)
    doc.change((d) => void (d.n = (d.n ?? 0) + 1))
    await world.during(doc.settled())
    await world.crash('a')
    const again = await (await world.open('a')).spaces[0]?.open<{ n?: number }>('d')
    expect(again?.value).toEqual({ n: 2 })
  })
})

describe('Invariant 11: a restored backup', () => {
  test('is noticed on meeting a peer, keeps all edits, and goes on under another instance', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'joinery-backup-'))
    const hub = memoryHub()
    const openOne = async (name: string, path: string): Promise<Peer> => {
      const peer = await openPeer({ path: join(folder, path), name, network: memoryNetwork(hub, { id: name }) })
      open.push(peer)
      return peer
    }
    try {
      const [a, b] = [await openOne('a', 'a'), await openOne('b', 'b')]
      const space = await a.space('Home')
      const list = await space.open<{ items: string[] }>('list', { init: { items: [] } })
      list.change((d) => void d.items.push('before the backup'))
      await list.settled()
      await a.close()
      await cp(join(folder, 'a'), join(folder, 'backup'), { recursive: true })

      const later = await openOne('a', 'a')
      const spaceLater = await later.space('Home')
      const listLater = await spaceLater.open<{ items: string[] }>('list')
      const spaceB = await b.join(await spaceLater.invite())
      listLater.change((d) => void d.items.push('after the backup'))
      await listLater.settled({ peers: 1, timeoutMs: 10_000 })
      await later.close()

      const restored = await openOne('a', 'backup')
      const errors: string[] = []
      restored.on('error', ({ code }) => errors.push(code))
      b.on('error', ({ code }) => errors.push(code))
      const spaceR = await restored.space('Home')
      const listR = await spaceR.open<{ items: string[] }>('list')
      expect(listR.value.items).toEqual(['before the backup'])
      await until(() => listR.value.items.length === 2)
      listR.change((d) => void d.items.push('after the restore'))
      await listR.settled({ peers: 1, timeoutMs: 10_000 })
      const listB = await spaceB.open<{ items: string[] }>('list')
      expect(listB.value.items).toEqual(['before the backup', 'after the backup', 'after the restore'])
      expect(errors).toEqual([])
    } finally {
      for (const each of open.splice(0)) await each.close()
      await rm(folder, { recursive: true, force: true })
    }
  }, 30_000)
})

async function until(done: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!done()) {
    if (performance.now() > end) throw new Error('not in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
