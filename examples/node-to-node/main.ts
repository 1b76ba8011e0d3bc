// Two peers in one program, over real connections on this computer: they share a list, part, both go on editing, and meet again.
//
//   npm run example

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DocHandle, libp2pNetwork, openPeer } from 'joinery'

type Groceries = { items: { name: string; done: boolean }[] }

const folder = await mkdtemp(join(tmpdir(), 'joinery-example-'))
const open = (name: string) =>
  openPeer({ name, path: join(folder, name), network: libp2pNetwork({ host: '127.0.0.1' }) })
const show = (who: string, list: DocHandle<Groceries>) => {
  console.log(`${who}: ${list.value.items.map(({ name, done }) => `${done ? '[x]' : '[ ]'} ${name}`).join(', ')}`)
}

const ann = await open('Ann')
const bob = await open('Bob')
try {
  // Ann makes a space and a list in it; nobody else is needed for that.
  const annsSpace = await ann.space('Family')
  const annsList = await annsSpace.open<Groceries>('groceries', { init: { items: [] } })
  annsList.change((list) => {
    list.items.push({ name: 'milk', done: false })
  })
  show('Ann', annsList)

  // Bob is given an invitation, by mail or as a QR code, and has the list.
  const bobsSpace = await bob.join(await annsSpace.invite())
  await bobsSpace.met({ timeoutMs: 20_000 })
  const bobsList = await bobsSpace.open<Groceries>('groceries')
  console.log('Bob joined.')
  show('Bob', bobsList)

  // The network goes away. Both go on.
  bob.pause()
  console.log('Bob is cut off.')
  annsList.change((list) => {
    list.items.push({ name: 'bread', done: false })
  })
  bobsList.change((list) => {
    for (const item of list.items) item.done = true
  })
  show('Ann', annsList)
  show('Bob', bobsList)

  // It comes back, and both have both edits: stored here, and by the other.
  bob.resume()
  await Promise.all([annsList, bobsList].map((list) => list.settled({ peers: 1, timeoutMs: 20_000 })))
  console.log('Bob is back.')
  show('Ann', annsList)
  show('Bob', bobsList)
} finally {
  await Promise.all([ann.close(), bob.close()])
  await rm(folder, { recursive: true })
}
