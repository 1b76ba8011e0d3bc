// Invariant 13: a status never claims what is not so. A folder that is set back behind its own back, and written in again before it meets anybody, forks
// its history; version 0 cannot heal that, but nobody may be told that all is well. (Copies at another place draw numbers of their own: Invariant 11.)

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

test('a history forked behind everybody’s back is told by whoever meets it', async () => {
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
  const write = async (peer: Peer, word: string): Promise<void> => {
    const list = await (await peer.space('Home')).open<{ items: string[] }>('list', { init: { items: [] } })
    list.change((d) => void d.items.push(word))
    await list.settled()
  }
  try {
    const a = await openOne('a', 'a', false)
    await write(a, 'before')
    const ticket = await (await a.space('Home')).invite()
    await a.close()
    await cp(join(folder, 'a'), join(folder, 'copy'), { recursive: true })
    const [b, c] = [await openOne('b', 'b'), await openOne('c', 'c')]
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
    const told = (): string[] =>
      spaceB.status.current.peers.filter(({ connected }) => connected).map(({ why }) => why ?? 'agrees')
    const end = performance.now() + 30_000
    while (!told().some((why) => /different edits under the same names/.test(why)) && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(listB.value.items).not.toEqual(listC.value.items)
    expect(told()).toEqual([expect.stringMatching(/different edits under the same names/)])
    expect(listB.status.current.upToDate).toBe(false)
    expect(listC.status.current.upToDate).toBe(false)
  } finally {
    for (const peer of peers) await peer.close()
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
