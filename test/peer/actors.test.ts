// Invariant 11: an actor is leased to one living writer, used again by the next process, and left for good where there is doubt. On real files, with a
// member that saw everything that was let out.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPeer, type Peer, type Space } from 'joinery'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemRandom } from '../../src/base/random.ts'
import { type MemoryHub, memoryHub, memoryNetwork } from '../../src/net/memory.ts'
import { folderStore } from '../../src/store/filesystem/folder-store.ts'
import { nodeDisk } from '../../src/store/filesystem/node-disk.ts'
import type { StoreFactory } from '../../src/store/store.ts'

type List = { items: string[] }

let home: string
let hub: MemoryHub
let witness: Peer
let ticket: string
const open: Peer[] = []
const errors: string[] = []

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'joinery-actors-'))
  hub = memoryHub()
  witness = await openPeer({ store: 'memory', network: memoryNetwork(hub, { id: 'witness' }) })
  witness.on('error', ({ code }) => errors.push(code))
  ticket = await (await witness.space('Family')).invite()
})
afterEach(async () => {
  for (const peer of [...open.splice(0), witness]) await peer.close()
  rmSync(home, { recursive: true, force: true })
  expect(errors.splice(0), 'the witness saw no fork').toEqual([])
})

async function start(store?: StoreFactory): Promise<{ peer: Peer; space: Space; instance: number }> {
  const id = `node-${open.length}-${Math.trunc(performance.now())}`
  const peer = await openPeer({
    path: join(home, 'a'),
    network: memoryNetwork(hub, { id }),
    ...(store === undefined ? {} : { store }),
  })
  open.push(peer)
  const space = await peer.join(ticket)
  const actor = (peer as unknown as { actor: string }).actor
  return { peer, space, instance: Number.parseInt(actor.slice(-8), 16) }
}

const listOf = (space: Space) => space.open<List>('list', { init: { items: [] } })

async function add(space: Space, item: string): Promise<void> {
  const list = await listOf(space)
  list.change((d) => void d.items.push(item))
  await list.settled()
}

async function itemsAt(peer: Peer): Promise<readonly string[]> {
  return (await listOf(peer.spaces[0] as Space)).value.items
}

async function agreed(items: readonly string[], ...peers: Peer[]): Promise<void> {
  for (const peer of [witness, ...peers])
    await expect.poll(async () => [...(await itemsAt(peer))].sort(), { timeout: 10_000 }).toEqual([...items].sort())
}

test('the next process writes as the one before, whether that ended well or was killed', async () => {
  for (let run = 0; run < 4; run++) {
    const { peer, space, instance } = await start()
    expect(instance).toBe(0)
    await add(space, `run ${run}`)
    await agreed(Array.from({ length: run + 1 }, (_, i) => `run ${i}`))
    const lock = join(home, 'a', 'lock')
    // As a killed process leaves it: nobody alive is that one.
    const dead = readFileSync(lock, 'utf8').replace(/^(\d+) \S+/, '$1 another-boot')
    await peer.close()
    if (run % 2 === 1) writeFileSync(lock, dead)
  }
})

test('whose lock was stolen writes nothing more, lets nothing more out, and the thief is somebody else', async () => {
  const robbed = await start()
  await add(robbed.space, 'before')
  await agreed(['before'])
  rmSync(join(home, 'a', 'lock'))
  const told: string[] = []
  robbed.peer.on('error', ({ code }) => told.push(code))
  const closed = new Promise<void>((resolve) => robbed.peer.on('close', () => resolve()))
  const thief = await start()
  expect(thief.instance).toBe(robbed.instance + 1)
  await add(thief.space, "the thief's")
  const list = await listOf(robbed.space)
  list.change((d) => void d.items.push('of the robbed'))
  await expect(list.settled()).rejects.toMatchObject({ code: expect.stringMatching(/^(store-failed|closed)$/) })
  await closed
  expect(told).toContain('store-failed')
  expect(() => list.change((d) => void d.items.push('too late'))).toThrow()
  await agreed(['before', "the thief's"], thief.peer)
})

test('whose disk failed to sync acknowledges nothing, lets nothing out, and is somebody else when it runs again', async () => {
  let isBroken = false
  const syncData: typeof nodeDisk.syncData = async (file) => {
    if (isBroken) throw new Error('EIO: input/output error')
    await nodeDisk.syncData(file)
  }
  const broken = folderStore({ disk: { ...nodeDisk, syncData }, random: systemRandom })
  const first = await start(broken)
  await add(first.space, 'before')
  await agreed(['before'])
  isBroken = true
  await expect(add(first.space, 'lost or not')).rejects.toMatchObject({ code: 'store-failed' })
  await first.peer.close()
  expect(await itemsAt(witness)).toEqual(['before'])
  isBroken = false
  const again = await start()
  expect(again.instance).toBe(first.instance + 1)
  await add(again.space, 'after')
  await agreed([...(await itemsAt(again.peer))], again.peer)
  expect(await itemsAt(again.peer)).toEqual(expect.arrayContaining(['before', 'after']))
})

test('whose folder was copied, or lost or swapped its incarnation file, is somebody else, and all edits stay', async () => {
  const first = await start()
  await add(first.space, 'before')
  await agreed(['before'])
  await first.peer.close()
  const folder = join(home, 'a')
  const used = new Set([first.instance])
  const harms = [
    () => rmSync(join(folder, 'incarnation')),
    () => writeFileSync(join(folder, 'incarnation'), 'rubbish'),
    () => {
      cpSync(folder, join(home, 'copy'), { recursive: true })
      rmSync(folder, { recursive: true })
      cpSync(join(home, 'copy'), folder, { recursive: true })
      rmSync(join(home, 'copy'), { recursive: true })
    },
  ]
  const items = ['before']
  for (const [i, harm] of harms.entries()) {
    harm()
    const { peer, space, instance } = await start()
    expect(used.has(instance)).toBe(false)
    used.add(instance)
    items.push(`after harm ${i}`)
    await add(space, `after harm ${i}`)
    await agreed(items, peer)
    await peer.close()
  }
})

test('who was set back in place, again and again, is told of all it was, is none of them, and is not at the next start either', async () => {
  const [folder, kept] = [join(home, 'a'), join(home, 'kept')]
  const names = Array.from({ length: 12 }, (_, i) => `note/${i}`)
  const instanceOf = (peer: Peer): number => Number.parseInt((peer as unknown as { actor: string }).actor.slice(-8), 16)
  const words: string[] = []
  const write = async (space: Space, word: string): Promise<void> => {
    words.push(word)
    for (const name of names) {
      const note = await space.open<List>(name, { init: { items: [] } })
      note.change((d) => void d.items.push(word))
    }
    await space.settled()
    // The edits of its other lives are the proof of them, by which it knows at its next start, too.
    for (const one of [space, witness.spaces[0] as Space])
      for (const name of names) {
        const note = await one.open<List>(name)
        await expect.poll(() => new Set(note.value.items), { timeout: 20_000 }).toEqual(new Set(words))
      }
    await space.settled()
  }
  const first = await start()
  await write(first.space, 'before')
  await first.peer.close()
  cpSync(folder, kept, { recursive: true })
  for (const life of [0, 1, 2]) {
    const { peer, space, instance } = await start()
    // Nothing about the folder looks copied, so it begins as what it was; and whoever saw its other lives speaks up.
    expect(instance).toBe(0)
    await expect.poll(() => instanceOf(peer), { timeout: 10_000 }).toBe(life)
    await write(space, `life ${life}`)
    await peer.close()
    if (life === 2) break
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
    cpSync(kept, folder, { recursive: true })
  }
  expect((await start()).instance).toBe(2)
})
