// A folder that is set back behind its own back, and written in again before it meets anybody, forks its history: two different edits under one name.
// Both are kept, wherever they meet (FORMAT §1), and it is told. (Copies at another place draw numbers of their own: Invariant 11.)

import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import { openPeer } from '../../src/node.ts'
import type { Peer } from '../../src/peer/api.ts'

test('two copies of one folder never write under one name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-copies-'))
  const actors = new Set<string>()
  try {
    const original = await openPeer({ path: join(folder, 'a'), network: 'none' })
    await original.close()
    for (const copy of ['b', 'c', 'd']) {
      await cp(join(folder, 'a'), join(folder, copy), { recursive: true })
      const peer = await openPeer({ path: join(folder, copy), network: 'none' })
      const list = await (await peer.space('Home')).open<{ items: string[] }>('list', { init: { items: [] } })
      list.on('patch', ({ author }) => actors.add(author))
      list.change((d) => void d.items.push('x'))
      await peer.close()
    }
    expect(actors.size).toBe(3)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a history forked behind everybody’s back is whole again where its sides meet, and it is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'joinery-fork-'))
  const hub = memoryHub()
  const peers: Peer[] = []
  const openOne = async (path: string, node: string, network = true): Promise<Peer> => {
    const peer = await openPeer({
      path: join(folder, path),
      network: network ? memoryNetwork(hub, { id: node }) : 'none',
    })
    peers.push(peer)
    return peer
  }
  const write = async (peer: Peer, word: string): Promise<string> => {
    const list = await (await peer.space('Home')).open<{ items: string[] }>('list', { init: { items: [] } })
    let writer = ''
    list.on('patch', ({ author }) => {
      writer = author
    })
    list.change((d) => void d.items.push(word))
    await list.settled()
    return writer
  }
  try {
    const a = await openOne('a', 'a', false)
    const first = await write(a, 'before')
    const ticket = await (await a.space('Home')).invite()
    await a.close()
    await cp(join(folder, 'a'), join(folder, 'copy'), { recursive: true })
    const [b, c] = [await openOne('b', 'b'), await openOne('c', 'c')]
    const told: string[] = []
    for (const peer of [b, c]) peer.on('error', ({ code, message }) => code === 'forked' && told.push(message))
    const [spaceB, spaceC] = [await b.join(ticket), await c.join(ticket)]
    // The folder is set back in place, file by file, so that nothing about it looks copied; and each of its two lives meets another member.
    for (const [word, other, space] of [
      ['left', b, spaceB],
      ['righ', c, spaceC],
    ] as const) {
      const offline = await openOne('a', 'a', false)
      await write(offline, word)
      await offline.close()
      const one = await openOne('a', 'a')
      other.resume()
      await other.join(await (await one.space('Home')).invite())
      await space.met({ timeoutMs: 10_000 })
      const list = await space.open<{ items: string[] }>('list')
      while (list.value.items?.length !== 2) await new Promise((resolve) => setTimeout(resolve, 20))
      other.pause()
      await one.close()
      for (const name of await readdir(join(folder, 'a'))) await rm(join(folder, 'a', name), { recursive: true })
      await cp(join(folder, 'copy'), join(folder, 'a'), { recursive: true })
    }
    b.resume()
    c.resume()
    await c.join(await spaceB.invite())
    const [listB, listC] = [
      await spaceB.open<{ items: string[] }>('list'),
      await spaceC.open<{ items: string[] }>('list'),
    ]
    const items = (list: typeof listB): string => [...(list.value.items ?? [])].join()
    const end = performance.now() + 30_000
    const isWhole = (): boolean => items(listB).split(',').length === 3 && items(listB) === items(listC)
    while (!(isWhole() && listB.status.current.upToDate) && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(items(listB).split(',').sort()).toEqual(['before', 'left', 'righ'])
    expect(items(listC)).toBe(items(listB))
    expect([listB.status.current.upToDate, listC.status.current.upToDate]).toEqual([true, true])
    expect(told).toContainEqual(expect.stringMatching(/A device of a member wrote in "list" from two copies/))
    // It comes back, with the older of its lives, hears what it had written, and never writes under that name again.
    const back = await openOne('a', 'a')
    await b.join(await (await back.space('Home')).invite())
    const list = await (await back.space('Home')).open<{ items: string[] }>('list')
    while (items(list) !== items(listB) && performance.now() < end + 10_000)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(items(list)).toBe(items(listB))
    const authors = new Set<string>()
    list.on('patch', ({ author, local }) => local && authors.add(author))
    await new Promise((resolve) => setTimeout(resolve, 300))
    list.change((d) => void d.items.push('after'))
    await list.settled()
    while (!items(listC).includes('after') && performance.now() < end + 20_000)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect([items(listC), items(listB)]).toEqual([items(list), items(list)])
    expect([...authors]).not.toEqual([first])
  } finally {
    for (const peer of peers) await peer.close()
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
