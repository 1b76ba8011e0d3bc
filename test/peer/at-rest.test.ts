// Documents at rest cost a status nothing: what is done for one edit, or where two peers meet again, is the same with ten documents as with hundreds.

import { expect, test } from 'vitest'
import type { Space } from '../../src/peer/api.ts'
import { Document } from '../../src/peer/document.ts'
import { World } from '../../src/testing/world.ts'
import { openDurable } from './durable.ts'

interface Note {
  title: string
}

interface Looks {
  readonly edit: number
  readonly met: number
  readonly news: number
}

const few = 10
const many = 200
/** What is seen of a document, by whoever looks at it. */
const facts = ['version', 'durable', 'outward', 'stated', 'isDurable', 'degraded', 'waitingOps'] as const

test('a status, a receipt and a meeting look at no document at rest', async () => {
  const [ofFew, ofMany] = [await looks(few), await looks(many)]
  expect(ofFew.edit).toBeGreaterThan(0)
  expect(ofFew.news).toBeGreaterThan(0)
  for (const what of ['edit', 'met', 'news'] as const)
    expect(ofMany[what], `${what}: ${ofFew[what]} looks at ${few} documents`).toBeLessThan(ofFew[what] + few)
})

async function looks(count: number): Promise<Looks> {
  const world = new World()
  const ada = await openDurable(world, 'ada')
  const hers = await world.during(ada.space('Notes'))
  const bo = await openDurable(world, 'bo')
  const his = await world.during(bo.join(await world.during(hers.invite())))
  await write(world, hers, [...Array(count).keys()], 'x')
  const spaces = [hers, his]
  await world.until(() => his.documents.length === count && spaces.every(isStored))
  const edit = await counted(async () => {
    await write(world, hers, [0], 'y')
    expect(hers.status.current.saved).toBe(false)
    await world.until(() => spaces.every(isStored))
  })
  await part(world)
  const met = await counted(() => meet(world, spaces))
  await part(world)
  await write(world, hers, [1], 'z')
  expect(hers.status.current.peers).toMatchObject([{ name: 'bo', connected: false, stored: false, unstored: 1 }])
  const news = await counted(() => meet(world, spaces))
  await world.close()
  return { edit, met, news }
}

async function write(world: World, space: Space, documents: readonly number[], title: string): Promise<void> {
  for (const note of await world.during(Promise.all(documents.map((i) => space.open<Note>(`note/${i}`))))) {
    note.change((draft) => {
      draft.title = title
    })
    note.close()
  }
}

async function part(world: World): Promise<void> {
  world.hub.partition([['ada'], ['bo']])
  await world.run(10_000)
}

async function meet(world: World, spaces: readonly Space[]): Promise<void> {
  world.hub.heal()
  await world.until(() => spaces.every(isStored))
}

const isStored = ({ status: { current } }: Space): boolean =>
  current.upToDate && current.peers.every(({ stored }) => stored)

/** How often somebody looked at any document meanwhile. */
async function counted(act: () => Promise<void>): Promise<number> {
  let count = 0
  const known = facts.flatMap((name) => {
    const property = Object.getOwnPropertyDescriptor(Document.prototype, name)
    return property?.get === undefined ? [] : [{ name, property, get: property.get }]
  })
  for (const { name, property, get } of known)
    Object.defineProperty(Document.prototype, name, {
      ...property,
      get(this: Document): unknown {
        count++
        return get.call(this)
      },
    })
  try {
    await act()
  } finally {
    for (const { name, property } of known) Object.defineProperty(Document.prototype, name, property)
  }
  return count
}
