// Backups, and bundles carried from member to member: what is in one comes back whole, merges anywhere, and damage is told.

import { afterEach, describe, expect, test } from 'vitest'
import type { Peer, Restored, Space } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

let world: World
afterEach(() => world.close())

type List = { items: string[] }
const init = { items: [] as string[] }

/** A peer with a space of some documents, and nobody else. */
async function alone(name = 'a'): Promise<{ peer: Peer; space: Space }> {
  const peer = await world.open(name)
  const space = await world.during(peer.space('Family'))
  return { peer, space }
}

async function write(space: Space, document: string, ...items: string[]): Promise<void> {
  const list = await world.during(space.open<List>(document, { init }))
  for (const item of items) list.change((d) => void d.items.push(item))
  await world.during(list.settled())
}

async function read(space: Space, document: string): Promise<readonly string[]> {
  return (await world.during(space.open<List>(document, { init }))).value.items
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await world.during(new Response(stream as BodyInit).arrayBuffer()))
}

const backup = (peer: Peer, options?: Parameters<Peer['backup']>[0]): Promise<Uint8Array> =>
  bytesOf(peer.backup(options))
const restore = (peer: Peer, bytes: Uint8Array): Promise<Restored> => world.during(peer.restore(bytes))

describe('a bundle', () => {
  test('with keys brings everything back to a peer that has nothing, as another device', async () => {
    world = new World()
    const { peer, space } = await alone()
    await write(space, 'groceries', 'milk', 'bread')
    await write(space, 'plans/summer', 'sea')
    const bundle = await backup(peer, { withKeys: true })
    await world.during(peer.close())
    const b = await world.open('b')
    expect(await restore(b, bundle)).toMatchObject({ spaces: [{ label: 'Family', documents: 2 }], sealed: 0 })
    const again = await world.during(b.space('Family'))
    expect(again.id).toBe(space.id)
    expect(again.documents).toEqual(['groceries', 'plans/summer'])
    expect(await read(again, 'groceries')).toEqual(['milk', 'bread'])
    expect(b.id).not.toBe(peer.id)
  })

  test('restored twice changes nothing the second time', async () => {
    world = new World()
    const { peer, space } = await alone()
    await write(space, 'groceries', 'milk')
    const bundle = await backup(peer, { withKeys: true })
    peer.pause()
    const b = await world.open('b')
    const [first] = (await restore(b, bundle)).spaces
    const [second] = (await restore(b, bundle)).spaces
    expect(first?.edits).toBeGreaterThan(0)
    expect(second).toEqual({ ...first, edits: 0 })
    expect(await restore(peer, bundle)).toMatchObject({ spaces: [{ edits: 0 }] })
  })

  test('carried both ways makes two members agree that never had a network', async () => {
    world = new World()
    const { peer: a, space: spaceA } = await alone()
    const b = await world.open('b')
    a.pause()
    b.pause()
    const spaceB = await world.during(b.join(await spaceA.invite()))
    await write(spaceA, 'groceries', 'milk')
    await write(spaceB, 'groceries', 'bread')
    await restore(b, await backup(a))
    await restore(a, await backup(b))
    const items = await read(spaceA, 'groceries')
    expect(items.toSorted()).toEqual(['bread', 'milk'])
    expect(await read(spaceB, 'groceries')).toEqual(items)
    await write(spaceA, 'groceries', 'eggs')
    await restore(b, await backup(a))
    expect(await read(spaceB, 'groceries')).toEqual(await read(spaceA, 'groceries'))
  })

  test('goes on to the other members from whoever merged it', async () => {
    world = new World()
    const { peer: a, space: spaceA } = await alone()
    a.pause()
    const [b, c] = [await world.open('b'), await world.open('c')]
    const spaceB = await world.during(b.join(await spaceA.invite()))
    const spaceC = await world.during(c.join(await spaceB.invite()))
    await world.during(spaceC.met({ timeoutMs: 10_000 }))
    await write(spaceA, 'groceries', 'milk')
    await restore(b, await backup(a))
    await world.until(() => spaceC.documents.includes('groceries'))
    expect(await read(spaceC, 'groceries')).toEqual(['milk'])
  })

  test('is on the platter when restore resolves', async () => {
    world = new World()
    const { peer, space } = await alone()
    await write(space, 'groceries', 'milk')
    const bundle = await backup(peer, { withKeys: true })
    peer.pause()
    await restore(await world.open('b'), bundle)
    await world.crash('b', 'power')
    const b = await world.open('b')
    expect(await read(await world.during(b.space('Family')), 'groceries')).toEqual(['milk'])
  })

  test('does not bring back what was deleted, and deletes what it says was', async () => {
    world = new World()
    const { peer: a, space: spaceA } = await alone()
    a.pause()
    await write(spaceA, 'groceries', 'milk')
    const before = await backup(a, { withKeys: true })
    await world.during(spaceA.delete('groceries'))
    const after = await backup(a)
    expect(await restore(a, before)).toMatchObject({ spaces: [{ edits: 0 }] })
    expect(spaceA.documents).toEqual([])
    const b = await world.open('b')
    await restore(b, before)
    const spaceB = await world.during(b.space('Family'))
    expect(spaceB.documents).toEqual(['groceries'])
    await restore(b, after)
    expect(spaceB.documents).toEqual([])
  })

  test('Invariant 11: edits of this device that it does not hold make it go on as another instance, before anything is written twice', async () => {
    world = new World()
    const { peer: a, space } = await alone()
    await write(space, 'groceries', 'milk')
    const early = world.disk('a').volume('a').entries.slice()
    await write(space, 'groceries', 'bread')
    const bundle = await backup(a)
    await world.crash('a')
    // Set back to what it was, with its key.
    world.disk('a').volume('a').entries = early
    const again = await world.open('a')
    const spaceAgain = await world.during(again.space('Family'))
    expect(await read(spaceAgain, 'groceries')).toEqual(['milk'])
    const instanceBefore = instanceOf(again)
    const restoring = again.restore(bundle)
    await world.during(restoring)
    expect(instanceOf(again)).not.toBe(instanceBefore)
    await write(spaceAgain, 'groceries', 'eggs')
    expect(await read(spaceAgain, 'groceries')).toEqual(['milk', 'bread', 'eggs'])
    await world.crash('a')
    expect(instanceOf(await world.open('a')), 'nor does a later process take the old one').not.toBe(instanceBefore)
  })

  test('holds the spaces that were asked for', async () => {
    world = new World()
    const { peer, space } = await alone()
    const work = await world.during(peer.space('Work'))
    await write(space, 'groceries', 'milk')
    await write(work, 'tasks', 'write')
    peer.pause()
    const b = await world.open('b')
    const { spaces } = await restore(b, await backup(peer, { spaces: [work], withKeys: true }))
    expect(spaces.map(({ label }) => label)).toEqual(['Work'])
    expect(() => peer.backup({ spaces: [b.spaces[0] as Space] })).toThrow(/this very peer/)
  })

  test('is not readable without its key: to a stranger it is of a space that it does not belong to', async () => {
    world = new World()
    const { peer, space } = await alone()
    await write(space, 'groceries', 'milk')
    const bundle = await backup(peer)
    const text = new TextDecoder('latin1').decode(bundle)
    for (const secret of ['groceries', 'milk', 'Family', space.id.slice(6)]) expect(text).not.toContain(secret)
    const b = await world.open('b')
    peer.pause()
    await world.during(b.space('Elsewhere'))
    await expect(restore(b, bundle)).rejects.toMatchObject({ code: 'no-such-space' })
    await world.during(b.join(await space.invite()))
    expect(await restore(b, bundle)).toMatchObject({ spaces: [{ documents: 1 }] })
  })

  test('of a hundred documents and long ones comes back whole, in pieces of any size', async () => {
    world = new World()
    const { peer, space } = await alone()
    for (let i = 0; i < 100; i++) await write(space, `d${i}`, `item ${i}`)
    await write(space, 'long', ...Array.from({ length: 300 }, (_, i) => `${i} `.repeat(800)))
    const bundle = await backup(peer, { withKeys: true })
    peer.pause()
    const b = await world.open('b')
    async function* crumbs(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bundle.length; at += 1009) yield bundle.subarray(at, at + 1009)
    }
    await world.during(b.restore(crumbs()))
    const copy = await world.during(b.space('Family'))
    expect(copy.documents).toEqual(space.documents)
    expect(await world.during(b.export())).toMatchObject({ spaces: (await world.during(peer.export())).spaces })
  })
})

describe('bad input', () => {
  test('a bundle that was cut short gives what stands before the cut, and says so', async () => {
    world = new World()
    const { peer, space } = await alone()
    const random = world.random
    const noise = (): string =>
      Array.from({ length: 300_000 }, () => String.fromCharCode(33 + random.unit() * 90)).join('')
    for (let i = 0; i < 3; i++) await write(space, `d${i}`, noise())
    const bundle = await backup(peer, { withKeys: true })
    peer.pause()
    const b = await world.open('b')
    const error = await restore(b, bundle.subarray(0, bundle.length - 100)).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    expect(error).toMatchObject({ code: 'bad-bundle', details: { restored: { spaces: [{ label: 'Family' }] } } })
    const copy = await world.during(b.space('Family'))
    expect((await read(copy, 'd0')).length).toBe(1)
    expect((await read(copy, 'd2')).length).toBe(0)
    await restore(b, bundle)
    expect(await read(copy, 'd2')).toEqual(await read(space, 'd2'))
  })

  test('truncated or flipped at every byte it is refused with a code, or merges what is right, and never anything else', async () => {
    world = new World()
    const { peer, space } = await alone()
    await write(space, 'groceries', 'milk')
    const bundle = await backup(peer)
    const b = await world.open('b')
    const copy = await world.during(b.join(await space.invite()))
    b.pause()
    for (let at = 0; at < bundle.length; at++) {
      const flipped = bundle.slice()
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      for (const bytes of [bundle.subarray(0, at), flipped])
        await expect(restore(b, bytes), `byte ${at}`).rejects.toMatchObject({
          code: expect.stringMatching(/^(bad-bundle|bundle-newer|no-such-space)$/),
        })
    }
    expect([[], ['groceries']]).toContainEqual(copy.documents)
    await restore(b, bundle)
    expect(await read(copy, 'groceries')).toEqual(['milk'])
  })

  test('what is no bundle, a bundle of a newer version, a claim of a huge chunk', async () => {
    world = new World()
    const { peer } = await alone()
    const bundle = await backup(peer)
    const newer = bundle.slice()
    newer[10] = 1
    await expect(restore(peer, newer)).rejects.toMatchObject({ code: 'bundle-newer' })
    const huge = bundle.slice()
    huge.set([0xff, 0xff, 0xff, 0xff], 11 + 19)
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('JNRYbund'), huge, new Uint8Array([...bundle, 0])])
      await expect(restore(peer, bytes)).rejects.toMatchObject({ code: 'bad-bundle' })
    await expect(world.during(peer.restore('file' as never))).rejects.toMatchObject({ code: 'bad-option' })
    expect(() => peer.backup({ keys: true } as never)).toThrow(/no option "keys"/)
  })

  test('a source that fails fails the restore, and a closed peer takes none', async () => {
    world = new World()
    const { peer } = await alone()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('JNRY')
      throw new Error('the stick was pulled out')
    }
    await expect(world.during(peer.restore(broken()))).rejects.toThrow('the stick was pulled out')
    await world.during(peer.close())
    await expect(peer.restore(new Uint8Array(0))).rejects.toMatchObject({ code: 'closed' })
    expect(() => peer.backup()).toThrow(/closed/)
  })
})

function instanceOf(peer: Peer): number {
  return (peer as unknown as { actor: string }).actor.endsWith('00000000') ? 0 : 1
}
