// What another version of joinery wrote: an older one, or one that is yet to come. It is refused by name and stays as it is, byte for byte; and whoever
// runs beside a newer one stops, before it compacts away what it cannot read.

import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPeer, type Peer } from 'joinery'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ByteWriter, toHex } from '../../src/base/bytes.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import type { Store, StoreFactory } from '../../src/store/store.ts'

interface Note {
  text: string
}

const strict = { durability: 'strict' } as const
const name = new ByteWriter().string('note').varint(0).finish()

/** A record that this version cannot read, and what it says to it. */
const strangers: readonly (readonly [string, Uint8Array, string])[] = [
  ['of a version that is yet to come', Uint8Array.of(1, 5, 0), 'store-newer'],
  ['of a kind that is yet to come', Uint8Array.of(0, 6, 0), 'store-newer'],
  ['of a kind of the first draft', Uint8Array.of(0, 1, ...name), 'store-older'],
]

let home: string
const open: Peer[] = []
beforeEach(() => {
  home = fs.mkdtempSync(join(tmpdir(), 'joinery-versions-'))
})
afterEach(async () => {
  for (const peer of open.splice(0)) await peer.close()
  fs.rmSync(home, { recursive: true, force: true })
})

async function start(path: string, store?: StoreFactory): Promise<Peer> {
  const peer = await openPeer({ path, network: 'none', ...(store === undefined ? {} : { store }) })
  open.push(peer)
  return peer
}

async function write(peer: Peer, documents = 1): Promise<void> {
  const space = await peer.space('Home')
  for (let i = 0; i < documents; i++) {
    const note = await space.open<Note>(`note/${i}`, { init: { text: '' } })
    note.change((d) => {
      d.text = `${i}`
    })
  }
  await peer.flush()
}

/** Adds it to a document that is there already. */
async function addStranger(store: Store, bytes: Uint8Array): Promise<string> {
  const stream = (await store.streams())[3] ?? (await store.streams())[0] ?? ''
  await store.append([{ stream, bytes }], strict)
  return stream
}

const holds = async (store: Store, stream: string, bytes: Uint8Array): Promise<boolean> =>
  (await store.read(stream)).records.some((record) => toHex(record) === toHex(bytes))

function contents(path: string): Record<string, string> {
  const files = fs
    .readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((one) => fs.statSync(join(path, one)).isFile())
  return Object.fromEntries(files.sort().map((one) => [one, toHex(fs.readFileSync(join(path, one)))]))
}

// Twenty documents have an index, and sleep; two do not.
test.each(strangers.flatMap((stranger) => [2, 20].map((documents) => [...stranger, documents] as const)))(
  'a folder with a record %s is refused, and stays as it is',
  async (_, bytes, code, documents) => {
    const path = join(home, 'a')
    const peer = await start(path)
    await write(peer, documents)
    await peer.close()
    const store = await filesystemStore()(path)
    const stream = await addStranger(store, bytes)
    await store.close()
    const before = contents(path)
    for (let opening = 0; opening < 2; opening++)
      await expect(openPeer({ path, network: 'none' })).rejects.toMatchObject({ code })
    expect(contents(path)).toEqual(before)
    const again = await filesystemStore()(path)
    expect(await holds(again, stream, bytes)).toBe(true)
    await again.close()
  },
)

test.each(strangers)('a peer beside one that writes records %s stops, and they stay', async (_, bytes, code) => {
  const disk = memoryDisk()
  const factory = memoryStore(disk)
  const peer = await start('a', factory)
  for (let i = 0; i < 50; i++) await write(peer)
  const told: string[] = []
  peer.on('error', (error) => told.push(error.code))
  const closed = new Promise<void>((resolve) => peer.on('close', resolve))
  const other = await factory('a')
  const [stream, compacted] = await Promise.all([
    addStranger(other, bytes),
    peer.compact().catch((error: unknown) => error),
  ])
  await closed
  expect(told).toEqual([code])
  expect(compacted).not.toMatchObject({ documents: 1 })
  expect(await holds(other, stream, bytes)).toBe(true)
  await other.close()
})
