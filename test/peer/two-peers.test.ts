import { afterEach, describe, expect, test } from 'vitest'
import type { DocHandle, Peer, Space } from '../../src/peer/api.ts'
import { World } from '../../src/testing/world.ts'

interface Groceries {
  items: { name: string; done: boolean }[]
}

const init = { items: [] as Groceries['items'] }
let world: World

afterEach(async () => {
  await world.close()
})

/** Two peers of one space, who have met. */
async function meet(
  options: ConstructorParameters<typeof World>[0] = {},
): Promise<{ a: Peer; b: Peer; spaceA: Space; spaceB: Space }> {
  world = new World(options)
  const a = await world.open('a')
  const b = await world.open('b')
  const spaceA = await world.during(a.space('Family'))
  const spaceB = await world.during(b.join(await spaceA.invite()))
  await world.during(spaceB.met({ timeoutMs: 10_000 }))
  return { a, b, spaceA, spaceB }
}

async function open(...spaces: Space[]): Promise<DocHandle<Groceries>[]> {
  const handles: DocHandle<Groceries>[] = []
  for (const space of spaces) handles.push(await world.during(space.open<Groceries>('groceries', { init })))
  return handles
}

const buy = (name: string) => (draft: Groceries) => void draft.items.push({ name, done: false })
const names = (list: DocHandle<Groceries> | undefined): string[] => (list?.value.items ?? []).map((item) => item.name)

describe('two peers who share a space', () => {
  test('see one another’s edits, and say so', async () => {
    const { spaceA, spaceB } = await meet()
    const [listA, listB] = (await open(spaceA, spaceB)) as [DocHandle<Groceries>, DocHandle<Groceries>]
    const patches: unknown[] = []
    listB.on('patch', (event) => patches.push(event))
    listA.change(buy('milk'))
    expect(names(listA)).toEqual(['milk'])
    await world.until(() => names(listB).length === 1)
    expect(listB.value).toEqual({ items: [{ name: 'milk', done: false }] })
    expect(patches).toMatchObject([{ local: false }])
    await world.settle()
    expect(listA.status.current).toMatchObject({ saved: true, upToDate: true, pending: [] })
    expect(listB.status.current.peers).toMatchObject([
      { name: 'a', connected: true, agreed: true, transport: 'memory' },
    ])
  })

  test('have one document when both made it with the same init, offline, before they met', async () => {
    world = new World()
    const [a, b] = [await world.open('a'), await world.open('b')]
    const spaceA = await world.during(a.space('Family'))
    b.pause()
    const spaceB = await world.during(b.join(await spaceA.invite()))
    const [listA, listB] = await open(spaceA, spaceB)
    listA?.change(buy('milk'))
    listB?.change(buy('bread'))
    b.resume()
    await world.settle()
    expect(names(listA).toSorted()).toEqual(['bread', 'milk'])
    expect(names(listB)).toEqual(names(listA))
  })

  test('know what the other has stored: settled with a peer resolves, and times out with a sentence when nobody is there', async () => {
    const { b, spaceA, spaceB } = await meet()
    const [listA] = await open(spaceA, spaceB)
    listA?.change(buy('milk'))
    // Memory stores give no receipts: they forget.
    await expect(
      world.during((listA as DocHandle<Groceries>).settled({ peers: 1, timeoutMs: 500 })),
    ).rejects.toMatchObject({ code: 'timeout' })
    b.pause()
    await world.run(100)
    await expect(world.during((listA as DocHandle<Groceries>).settled({ peers: 1, timeoutMs: 500 }))).rejects.toThrow(
      /b is not in contact/,
    )
    await expect(world.during((listA as DocHandle<Groceries>).settled())).resolves.toBeUndefined()
  })

  test('go on apart while paused, and agree again after', async () => {
    const { a, spaceA, spaceB } = await meet()
    const [listA, listB] = await open(spaceA, spaceB)
    a.pause()
    await world.run(100)
    expect(spaceA.status.current.pending).toMatchObject([{ reason: 'paused' }])
    listA?.change(buy('milk'))
    listB?.change(buy('bread'))
    await world.run(5_000)
    expect(names(listA)).toEqual(['milk'])
    expect(names(listB)).toEqual(['bread'])
    a.resume()
    await world.until(() => names(listA).length === 2 && names(listB).length === 2)
    await world.settle()
    expect(names(listA)).toEqual(names(listB))
    expect(spaceA.status.current).toMatchObject({ upToDate: true })
  })

  test('Invariant 8: what was acknowledged is there after a crash, and goes to the others', async () => {
    const { spaceA, spaceB } = await meet()
    const [listA] = await open(spaceA, spaceB)
    listA?.change(buy('milk'))
    await world.during((listA as DocHandle<Groceries>).settled())
    await world.crash('a')
    const again = await world.open('a')
    expect(again.spaces.map(({ label }) => label)).toEqual(['Family'])
    const space = await world.during(again.space('Family'))
    const [list] = await open(space)
    expect(names(list)).toEqual(['milk'])
    list?.change(buy('bread'))
    await world.settle()
    const [listB] = await open(spaceB)
    expect(names(listB)).toEqual(['milk', 'bread'])
  })

  test('a document deleted by one goes on both, and its name begins anew', async () => {
    const { spaceA, spaceB } = await meet()
    const [listA, listB] = await open(spaceA, spaceB)
    listA?.change(buy('milk'))
    await world.settle()
    const closed: unknown[] = []
    listB?.on('close', (error) => closed.push(error?.code))
    await world.during(spaceA.delete('groceries'))
    await world.until(() => closed.length === 1)
    expect(closed).toEqual(['document-deleted'])
    expect(() => listB?.change(buy('x'))).toThrow(expect.objectContaining({ code: 'document-deleted' }))
    expect(spaceB.documents).toEqual([])
    const [againB, againA] = await open(spaceB, spaceA)
    againB?.change(buy('bread'))
    await world.until(() => names(againA).length === 1)
    expect(names(againA)).toEqual(['bread'])
    await expect(world.during(spaceA.delete('nothing'))).rejects.toMatchObject({ code: 'no-such-document' })
  })

  test('one who leaves keeps nothing, the other keeps everything', async () => {
    const { b, spaceA, spaceB } = await meet()
    const [listA, listB] = await open(spaceA, spaceB)
    listA?.change(buy('milk'))
    await world.until(() => names(listB).length === 1)
    await world.during(spaceB.leave())
    expect(b.spaces).toEqual([])
    expect(() => listB?.change(buy('x'))).toThrow(expect.objectContaining({ code: 'closed' }))
    await world.during(b.close())
    const again = await world.open('b')
    expect(again.spaces).toEqual([])
    expect((await world.during(again.export())).spaces).toEqual([])
    expect(names(listA)).toEqual(['milk'])
  })

  test('a third, invited by the second, gets it all from the second when the first is gone', async () => {
    const { spaceA, spaceB } = await meet()
    const [listA] = await open(spaceA, spaceB)
    listA?.change(buy('milk'))
    await world.settle()
    await world.crash('a')
    const c = await world.open('c')
    const spaceC = await world.during(c.join(await spaceB.invite()))
    await world.during(spaceC.met({ timeoutMs: 10_000 }))
    const [listC] = await open(spaceC)
    await world.until(() => names(listC).length === 1)
    expect(spaceC.label).toBe('Family')
  })

  test('a new member gets all of more documents than are asked for at once', async () => {
    world = new World()
    const a = await world.open('a')
    const spaceA = await world.during(a.space('Family'))
    for (let i = 0; i < 100; i++) {
      const note = await world.during(spaceA.open<{ n?: number }>(`note ${i}`))
      note.change((d) => {
        d.n = i
      })
    }
    await world.during(spaceA.settled())
    const b = await world.open('b')
    const spaceB = await world.during(b.join(await spaceA.invite()))
    await world.during(spaceB.met({ timeoutMs: 30_000 }))
    await world.settle()
    expect(spaceB.documents).toHaveLength(100)
    expect((await world.during(spaceB.open<{ n: number }>('note 73'))).value).toEqual({ n: 73 })
  })

  test('members tell one another where the others are', async () => {
    const { a, spaceB } = await meet()
    const c = await world.open('c')
    const spaceC = await world.during(c.join(await spaceB.invite()))
    await world.until(() => spaceC.status.current.peers.filter(({ connected }) => connected).length === 2)
    expect(spaceC.status.current.peers.map(({ name }) => name).toSorted()).toEqual(['a', 'b'])
    expect(a.spaces[0]?.status.current.peers).toHaveLength(2)
  })
})

describe('Invariant 6: replicas that hold the same ops are in the same state, whatever the network does', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'seed %i: loss, repeats, disorder, partitions and crashes',
    async (seed) => {
      world = new World({
        seed: Number(process.env.SEED ?? seed),
        network: { gossipLoss: 0.3, gossipRepeat: 0.2, gossipJitterMs: 80 },
      })
      const people = ['a', 'b', 'c', 'd']
      const first = await world.open('a')
      const ticket = await (await world.during(first.space('Family'))).invite()
      for (const name of people.slice(1)) await world.during((await world.open(name)).join(ticket))
      const lists = new Map<string, DocHandle<Groceries>>()
      const openList = async (name: string, peer: Peer): Promise<void> => {
        const space = await world.during(peer.space('Family'))
        lists.set(name, await world.during(space.open<Groceries>('groceries', { init })))
      }
      for (const [name, peer] of world.peers) await openList(name, peer)
      let made = 0
      for (let step = 0; step < 60; step++) {
        const chance = world.random.unit()
        const who = people[Math.floor(world.random.unit() * people.length)] as string
        if (chance < 0.7) {
          lists.get(who)?.change(buy(`${who}${made++}`))
        } else if (chance < 0.8 && names(lists.get(who)).length > 0) {
          lists.get(who)?.change((draft) => {
            const item = draft.items[Math.floor(world.random.unit() * draft.items.length)]
            if (item !== undefined) item.done = !item.done
          })
        } else if (chance < 0.88)
          world.hub.partition([people.filter((_, i) => (step >> i) & 1), people.filter((_, i) => !((step >> i) & 1))])
        else if (chance < 0.95) world.hub.heal()
        else {
          await world.during((lists.get(who) as DocHandle<Groceries>).settled())
          await world.crash(who)
          await openList(who, await world.open(who))
        }
        await world.run(world.random.unit() * 400)
      }
      world.hub.heal()
      const allHave = (): boolean => people.every((name) => names(lists.get(name)).length === made)
      await world.until(allHave, 120_000)
      await world.settle(120_000)
      for (const name of people) expect(lists.get(name)?.value, `seed ${world.seed}`).toEqual(lists.get('a')?.value)
      expect(new Set(names(lists.get('a'))).size).toBe(made)
    },
    60_000,
  )
})
