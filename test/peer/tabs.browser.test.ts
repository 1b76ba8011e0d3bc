import { afterEach, describe, expect, test } from 'vitest'
import { openPeer } from '../../src/browser.ts'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import type { DocHandle, Peer } from '../../src/peer/api.ts'

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

async function until(done: () => boolean, what: string): Promise<number> {
  const start = performance.now()
  while (!done()) {
    if (performance.now() - start > 10_000) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now() - start
}

const fresh = (): string => `tabs-${crypto.randomUUID()}`

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

  test('without IndexedDB a peer opens only where it is told to forget', async () => {
    const kept = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB') as PropertyDescriptor
    Object.defineProperty(globalThis, 'indexedDB', { configurable: true, value: undefined })
    try {
      await expect(openPeer({ network: 'none' })).rejects.toMatchObject({
        code: 'no-indexeddb',
        message: expect.stringContaining("store: 'memory'"),
      })
      const peer = await openPeer({ store: 'memory', network: 'none' })
      await peer.close()
    } finally {
      Object.defineProperty(globalThis, 'indexedDB', kept)
    }
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
