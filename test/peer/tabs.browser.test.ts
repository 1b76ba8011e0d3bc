import { afterEach, describe, expect, test, vi } from 'vitest'
import type { JoineryError } from '../../src/base/errors.ts'
import { openPeer } from '../../src/browser.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'
import type { PageLife } from '../../src/store/indexeddb/page-life.ts'
import { indexeddbStore } from '../../src/store/indexeddb.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'

type List = { items: string[] }

const open: Peer[] = []

afterEach(async () => {
  for (const peer of open.splice(0)) await peer.close()
})

async function tab(
  path: string,
  network: ReturnType<typeof memoryNetwork> | 'none' = 'none',
): Promise<{ peer: Peer; list: DocHandle<List> }> {
  const peer = await openPeer({ path, network })
  open.push(peer)
  const space = await peer.space('Home')
  return { peer, list: await space.open<List>('list', { init: { items: [] } }) }
}

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<number> {
  const start = performance.now()
  while (!(await done())) {
    if (performance.now() - start > 10_000) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now() - start
}

async function withoutIndexedDb(run: () => Promise<void>): Promise<void> {
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB') as PropertyDescriptor
  Object.defineProperty(globalThis, 'indexedDB', { configurable: true, value: undefined })
  try {
    await run()
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', kept)
  }
}

/** A page that a test wakes. */
function sleepyLife(): { readonly page: PageLife; wake(): void } {
  let listener = (): void => {}
  const never = () => () => {}
  const onWake = (wake: () => void) => {
    listener = wake
    return () => {}
  }
  return { page: { isVisible: () => false, onVisibility: never, onSleep: never, onWake }, wake: () => listener() }
}

const fresh = (): string => `tabs-${crypto.randomUUID()}`

// First, since a page asks once.
test('the browser is asked to keep the data when somebody has written something, and not before', async () => {
  let asked = 0
  const persist = vi.spyOn(navigator.storage, 'persist').mockImplementation(async () => {
    asked++
    return false
  })
  const { list } = await tab(fresh())
  await list.settled()
  expect(asked).toBe(0)
  list.change((d) => void d.items.push('x'))
  await list.settled()
  expect(asked).toBe(1)
  list.change((d) => void d.items.push('y'))
  await list.settled()
  expect(asked).toBe(1)
  await until(() => list.status.current.storage.roomBytes !== undefined, 'how much room there is, is told')
  expect(list.status.current.storage).toMatchObject({ kind: 'indexeddb', persisted: false })
  persist.mockRestore()
})

describe('tabs of one page', () => {
  test('see one another’s edits, write under names of their own, and lose nothing (Invariant 11)', async () => {
    const path = fresh()
    const one = await tab(path)
    await one.list.settled()
    const two = await tab(path)
    const authors = new Set<string>()
    one.list.on('patch', ({ author }) => authors.add(author))
    for (let i = 0; i < 50; i++) {
      one.list.change((d) => void d.items.push(`one ${i}`))
      two.list.change((d) => void d.items.push(`two ${i}`))
    }
    await until(() => one.list.value.items.length === 100 && two.list.value.items.length === 100, 'both have all')
    expect(one.list.value).toEqual(two.list.value)
    expect(new Set(one.list.value.items).size).toBe(100)
    expect(authors.size).toBe(2)
    for (const peer of open.splice(0)) await peer.close()
    const again = await tab(path)
    expect(again.list.value.items).toHaveLength(100)
  })

  test('a space that one of them makes is there in the others', async () => {
    const path = fresh()
    const [one, two] = [await tab(path), await tab(path)]
    const space = await one.peer.space('Second')
    const notes = await space.open<List>('notes', { init: { items: [] } })
    notes.change((d) => void d.items.push('x'))
    await until(() => two.peer.spaces.some(({ id }) => id === space.id), 'the space is there')
  })

  test('one of them carries the connection; when it closes, another takes over and sends what was written', async () => {
    const path = fresh()
    const hub = memoryHub()
    const other = await openPeer({ path: fresh(), network: memoryNetwork(hub, { id: 'other' }) })
    open.push(other)
    const one = await tab(path, memoryNetwork(hub, { id: 'one' }))
    await until(() => one.peer.leading, 'the first tab leads')
    await until(() => one.peer.addresses.length > 0, 'it listens')
    const spaceOther = await other.join(await (await one.peer.space('Home')).invite())
    const listOther = await spaceOther.open<List>('list')
    const two = await tab(path, memoryNetwork(hub, { id: 'two' }))
    expect(two.peer.leading).toBe(false)
    two.list.change((d) => void d.items.push('from the second tab'))
    await until(() => listOther.value.items?.length === 1, 'the edit of a tab without a network arrives')
    // The tab without a network shows what the other one knows, and is told what was stored.
    await two.list.settled({ peers: 1, timeoutMs: 5_000 })
    await until(() => two.list.status.current.upToDate, 'the second tab knows that all agree')
    expect(two.list.status.current.peers).toMatchObject([{ connected: true, transport: 'memory', stored: true }])
    await one.peer.close()
    const tookMs = await until(() => two.peer.leading, 'the second tab leads')
    expect(tookMs).toBeLessThan(3_000)
    two.list.change((d) => void d.items.push('after the first tab'))
    await until(() => listOther.value.items.length === 2, 'the edit after the hand-over arrives')
    await until(() => two.list.status.current.upToDate, 'both agree')
  })

  test('an invitation given to a tab without the connection is taken up by the one that has it', async () => {
    const path = fresh()
    const hub = memoryHub()
    const host = await openPeer({ path: fresh(), network: memoryNetwork(hub, { id: 'host' }) })
    open.push(host)
    await until(() => host.addresses.length > 0, 'the host listens')
    const ticket = await (await host.space('Elsewhere')).invite()
    const one = await tab(path, memoryNetwork(hub, { id: 'one' }))
    await until(() => one.peer.leading, 'the first tab leads')
    const two = await tab(path, memoryNetwork(hub, { id: 'two' }))
    const joined = await two.peer.join(ticket)
    await joined.met({ timeoutMs: 8_000 })
    expect(one.peer.spaces.map(({ label }) => label)).toContain('Elsewhere')
  })

  test('an invitation taken up offline still leads to the others after a reload', async () => {
    const path = fresh()
    const hub = memoryHub()
    const host = await openPeer({ path: fresh(), network: memoryNetwork(hub, { id: 'host' }) })
    open.push(host)
    await until(() => host.addresses.length > 0, 'the host listens')
    const ticket = await (await host.space('Elsewhere')).invite()
    const before = await openPeer({ path, network: 'none' })
    const invited = await (await before.join(ticket)).invite()
    expect(invited.length).toBeGreaterThan(ticket.length - 8)
    await before.close()
    const after = await openPeer({ path, network: memoryNetwork(hub, { id: 'after' }) })
    open.push(after)
    await (await after.space('Elsewhere')).met({ timeoutMs: 8_000 })
  })

  test('without IndexedDB a peer forgets, says so, and claims of nothing that it is saved (Invariant 13)', async () => {
    const hub = memoryHub()
    const keeper = await openPeer({ path: fresh(), network: memoryNetwork(hub, { id: 'keeper' }) })
    open.push(keeper)
    await until(() => keeper.addresses.length > 0, 'the keeper listens')
    const ticket = await (await keeper.space('Kept')).invite()
    await withoutIndexedDb(async () => {
      await expect(openPeer({ store: indexeddbStore(), network: 'none' })).rejects.toMatchObject({
        code: 'no-indexeddb',
        message: expect.stringContaining("store: 'memory'"),
      })
      const asked = await openPeer({ store: 'memory', network: 'none' })
      expect((await asked.space('Home')).status.current).toMatchObject({ saved: true, storage: { kind: 'memory' } })
      await asked.close()
      const peer = await openPeer({ network: memoryNetwork(hub, { id: 'forgetful' }) })
      open.push(peer)
      const space = await peer.join(ticket)
      const list = await space.open<List>('list', { init: { items: [] } })
      list.change((d) => void d.items.push('x'))
      const { saved, pending, storage } = list.status.current
      expect({ saved, storage }).toMatchObject({ saved: false, storage: { kind: 'memory', persisted: false } })
      expect(pending).toContainEqual(
        expect.objectContaining({ reason: 'storage', message: expect.stringContaining('keeps nothing') }),
      )
      await expect(list.settled()).rejects.toMatchObject({ code: 'no-indexeddb' })
      await expect(peer.flush()).rejects.toMatchObject({ code: 'no-indexeddb' })
      // Another member keeps it: that is worth something.
      await list.settled({ peers: 1, timeoutMs: 8_000 })
    })
  })

  test('a space left in one tab is left in all, its copy goes, and nobody goes on under a name that wrote there (Invariant 11)', async () => {
    const path = fresh()
    const hub = memoryHub()
    const other = await openPeer({ path: fresh(), network: memoryNetwork(hub, { id: 'other' }) })
    open.push(other)
    await until(() => other.addresses.length > 0, 'the other listens')
    const spaceOther = await other.space('Shared')
    const listOther = await spaceOther.open<List>('list', { init: { items: [] } })
    const authors: string[] = []
    listOther.on('patch', ({ author, local }) => void (local || authors.push(author)))
    const ticket = await spaceOther.invite()
    const tabs: Peer[] = []
    for (const id of ['one', 'two', 'three']) {
      const peer = await openPeer({ path, network: memoryNetwork(hub, { id }) })
      tabs.push(peer)
      open.push(peer)
    }
    const [one, two, three] = tabs as [Peer, Peer, Peer]
    await until(() => one.leading, 'the first tab leads')
    const joined = await two.join(ticket)
    await until(() => tabs.every(({ spaces }) => spaces.some(({ label }) => label === 'Shared')), 'all have joined')
    const lists = await Promise.all(
      tabs.map(async (peer) => (await peer.space('Shared')).open<List>('list', { init: { items: [] } })),
    )
    for (const [index, list] of lists.entries()) list.change((d) => void d.items.push(`tab ${index}`))
    await until(() => listOther.value.items.length === 3, 'the other has all')
    const before = new Set(authors)
    const closed = lists.map((list) => new Promise((resolve) => list.on('close', resolve)))
    const begin = performance.now()
    await joined.leave()
    await until(() => tabs.every(({ spaces }) => spaces.length === 0), 'all have left')
    expect(performance.now() - begin).toBeLessThan(2_000)
    await Promise.all(closed)
    expect(() => lists[2]?.change((d) => void d.items.push('too late'))).toThrow(
      expect.objectContaining({ code: 'closed' }),
    )
    const look = await indexeddbStore()(path)
    await until(async () => (await look.streams()).length === 0, 'nothing is left of it')
    expect(await look.keys('spaces/')).toEqual([])
    await look.close()
    // Back again: all under other names, and what was said before is still there.
    authors.length = 0
    await three.join(ticket)
    await until(() => tabs.every(({ spaces }) => spaces.length === 1), 'all are back')
    const again = await Promise.all(tabs.map(async (peer) => (await peer.space('Shared')).open<List>('list')))
    await until(() => again.every((list) => list.value.items?.length === 3), 'all have what the other kept')
    for (const [index, list] of again.entries()) list.change((d) => void d.items.push(`again ${index}`))
    await until(() => listOther.value.items.length === 6, 'the other has the new edits')
    expect(authors.filter((author) => before.has(author))).toEqual([])
    expect(new Set(authors).size).toBe(3)
  })

  test('a tab that slept while another left the space finds out when it wakes', async () => {
    const path = fresh()
    const life = sleepyLife()
    const one = await tab(path)
    const two = await openPeer({ path, network: 'none', store: indexeddbStore({ life: life.page }) })
    open.push(two)
    const post = BroadcastChannel.prototype.postMessage
    BroadcastChannel.prototype.postMessage = () => {} // Whoever sleeps hears nothing.
    try {
      await (await one.peer.space('Home')).leave()
    } finally {
      BroadcastChannel.prototype.postMessage = post
    }
    expect(two.spaces).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    life.wake()
    await until(() => two.spaces.length === 0, 'it has left too')
  })

  test('what a space that was left had on disk goes with the next tab, had the last one ended in the middle', async () => {
    const path = fresh()
    const one = await tab(path)
    one.list.change((d) => void d.items.push('x'))
    await one.list.settled()
    await one.peer.close()
    const store = await indexeddbStore()(path)
    for (const key of await store.keys('spaces/')) {
      await store.set(key.replace('spaces/', 'left/'), new Uint8Array(0))
      await store.delete(key)
    }
    expect(await store.streams()).toHaveLength(1)
    const two = await openPeer({ path, network: 'none' })
    open.push(two)
    await until(async () => (await store.streams()).length === 0, 'it is gone')
    await two.close()
    // The note that it was left goes with whoever finds nothing any more.
    const three = await openPeer({ path, network: 'none' })
    open.push(three)
    await until(async () => (await store.keys('left/')).length === 0, 'nothing is left to do')
    expect(await store.keys('retired/')).toEqual(['retired/0'])
    await store.close()
  })

  test('edits appear in the other tabs within 50 ms, and in five as in two', async () => {
    const path = fresh()
    const tabs = [await tab(path), await tab(path), await tab(path), await tab(path), await tab(path)]
    const latenciesMs: number[] = []
    for (let i = 0; i < 30; i++) {
      const from = tabs[i % tabs.length]
      const begin = performance.now()
      const there = tabs
        .filter((other) => other !== from)
        .map(
          ({ list }) =>
            new Promise<void>((resolve) => {
              const off = list.subscribe(() => {
                if (!list.value.items.includes(`edit ${i}`)) return
                off()
                resolve()
              })
            }),
        )
      from?.list.change((d) => void d.items.push(`edit ${i}`))
      await Promise.all(there)
      latenciesMs.push(performance.now() - begin)
    }
    latenciesMs.sort((a, b) => a - b)
    const medianMs = latenciesMs[15] ?? Infinity
    console.log(
      `five tabs: an edit is in all after ${medianMs.toFixed(1)} ms, at most ${latenciesMs.at(-1)?.toFixed(1)} ms`,
    )
    expect(medianMs).toBeLessThan(50)
  })

  test('what a page could not save before its end is told by the next one, and only what never came to disk', async () => {
    const path = fresh()
    const one = await tab(path)
    one.list.change((d) => void d.items.push('saved'))
    await one.list.settled()
    const noteKey = `joinery:${path}:unsaved:0`
    one.list.change((d) => void d.items.push('saved at the last moment'))
    globalThis.dispatchEvent(new PageTransitionEvent('pagehide'))
    const noted = localStorage.getItem(noteKey) ?? ''
    expect(JSON.parse(noted)).toMatchObject([{ name: 'list' }])
    await one.list.settled()
    await until(() => localStorage.getItem(noteKey) === null, 'the note is taken back')
    await one.peer.close()

    const told: unknown[] = []
    const reopen = async (note: string): Promise<void> => {
      localStorage.setItem(noteKey, note)
      const peer = await openPeer({ path, network: 'none' })
      peer.on('error', (error) => told.push(error.code, error.details.documents))
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(localStorage.getItem(noteKey)).toBe(null)
      await peer.close()
    }
    await reopen(noted) // It came to disk after all.
    await reopen('{"not": "a note"}')
    await reopen('nor this')
    expect(told).toEqual([])
    const [unsaved] = JSON.parse(noted)
    await reopen(JSON.stringify([{ ...unsaved, seq: unsaved.seq + 1 }]))
    expect(told).toEqual(['unsaved', ['list']])
  })

  test('what grew long under tabs that did not live to compact it is compacted by the next that leads', async () => {
    const path = fresh()
    const store = await indexeddbStore()(path)
    const lead = await store.lead(new AbortController().signal) // So the tab does not.
    const one = await tab(path)
    for (let i = 0; i < 2_100; i++) {
      one.list.change((d) => void d.items.push(`${i}`))
      await one.list.settled()
    }
    expect(one.peer.leading).toBe(false)
    for (const peer of open.splice(0)) await peer.close()
    const records = async (): Promise<number> => {
      const streams = await store.streams()
      return Math.max(...(await Promise.all(streams.map(async (stream) => (await store.read(stream)).records.length))))
    }
    expect(await records()).toBeGreaterThan(2_048)
    await lead.release()
    const two = await tab(path)
    await until(async () => (await records()) === 1, 'there is one snapshot')
    expect(two.list.value.items).toHaveLength(2_100)
    await store.close()
  })

  test('a full disk is told, with what was not saved when the peer closes', async () => {
    const disk = memoryDisk()
    const peer = await openPeer({ path: fresh(), store: memoryStore(disk), network: 'none' })
    const told: JoineryError[] = []
    peer.on('error', (error) => told.push(error))
    const list = await (await peer.space('Home')).open<List>('list', { init: { items: [] } })
    list.change((d) => void d.items.push('saved'))
    await peer.flush()
    disk.full = true
    list.change((d) => void d.items.push('not saved'))
    await expect(peer.flush()).rejects.toMatchObject({ code: 'store-full' })
    expect(list.status.current.saved).toBe(false)
    await peer.close()
    expect(told.map(({ code }) => code)).toContain('unsaved')
    expect(told.at(-1)).toMatchObject({ details: { documents: ['list'] }, message: expect.stringContaining('"list"') })
  })

  test('a page that is no secure context gets a sentence', async () => {
    const kept = Object.getOwnPropertyDescriptor(globalThis, 'isSecureContext')
    Object.defineProperty(globalThis, 'isSecureContext', { configurable: true, value: false })
    try {
      await expect(openPeer()).rejects.toMatchObject({ code: 'insecure-context' })
    } finally {
      if (kept === undefined) Reflect.deleteProperty(globalThis, 'isSecureContext')
      else Object.defineProperty(globalThis, 'isSecureContext', kept)
    }
  })
})
