// Files of the shelf that came from elsewhere: another space's, or another store's. A peer opens with what it can vouch for, or says what is wrong; it
// never shows what was not written there, and is whole when the file is its own again.

import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPeer, repairFolder } from 'joinery'
import { afterAll, expect, test, vi } from 'vitest'
import { isJoineryError } from '../../src/base/errors.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Note {
  text: string
}

const home = fs.mkdtempSync(join(tmpdir(), 'joinery-shelf-'))
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

// Enough for an index of them.
const documents = 20

/** Two spaces, of which every document says where it is from. */
async function make(who: string): Promise<string> {
  const path = join(home, who)
  const peer = await openPeer({ path, network: 'none' })
  for (const label of ['Family', 'Work']) {
    const space = await peer.space(label)
    for (let i = 0; i < documents; i++) {
      const note = await space.open<Note>(`note/${i}`, { init: { text: '' } })
      note.change((d) => {
        d.text = `${who} ${label} ${i}`
      })
    }
  }
  await peer.close()
  return path
}

/** What a peer in that folder shows, as lines; or the code that it is refused with. */
async function shown(path: string): Promise<readonly string[] | string> {
  try {
    const peer = await openPeer({ path, network: 'none' })
    const lines: string[] = []
    for (const space of peer.spaces)
      for (const name of space.documents) {
        const note = await space.open<Note>(name)
        lines.push(`${space.label} ${name}: ${note.value.text}`)
      }
    await peer.close()
    return lines.sort()
  } catch (error) {
    if (isJoineryError(error)) return error.code
    throw error
  }
}

test('a file of the shelf that is of another space, or of another store, shows nothing that was not written, and takes nothing away', async () => {
  const [ada, bo] = [await make('ada'), await make('bo')]
  const all = await shown(ada)
  expect(all.length).toBe(2 * documents)
  const kept = join(home, 'kept')
  fs.cpSync(ada, kept, { recursive: true })
  const kindOf = (name: string): string => name.split('_')[0] ?? name
  const shelf = (path: string): string[] => fs.readdirSync(join(path, 'shelf'))
  const others = [
    ...shelf(kept).map((name) => join(kept, 'shelf', name)),
    ...shelf(bo).map((name) => join(bo, 'shelf', name)),
  ]
  const outcomes = new Map<string, number>()
  for (const name of shelf(kept)) {
    for (const other of others.filter((path) => path !== join(kept, 'shelf', name))) {
      if (kindOf(other.slice(other.lastIndexOf('/') + 1)) !== kindOf(name)) continue
      fs.copyFileSync(other, join(ada, 'shelf', name))
      const seen = await shown(ada)
      const what = `${kindOf(name)}: ${typeof seen === 'string' ? seen : seen.length}`
      outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
      if (typeof seen !== 'string') for (const line of seen) expect(all).toContain(line)
      for (const one of fs.readdirSync(ada)) fs.rmSync(join(ada, one), { recursive: true })
      fs.cpSync(kept, ada, { recursive: true })
    }
  }
  // A device's key from elsewhere makes it that device; an index or a book of another space is of no use; a space's key is refused.
  expect([...outcomes.keys()].sort()).toEqual([
    `indexes: ${2 * documents}`,
    `key-pair: ${2 * documents}`,
    'spaces: store-damaged',
  ])
  expect(await shown(ada)).toEqual(all)
})

test("while a space's key is missing nothing of the space is dropped: with the key put back, all of it is there", async () => {
  const path = await make('cy')
  const all = await shown(path)
  const file = fs.readdirSync(join(path, 'shelf')).find((name) => name.startsWith('spaces_')) ?? ''
  const key = fs.readFileSync(join(path, 'shelf', file))
  fs.rmSync(join(path, 'shelf', file))
  for (let opening = 0; opening < 2; opening++) expect(await shown(path)).toHaveLength(documents)
  fs.writeFileSync(join(path, 'shelf', file), key)
  expect(await shown(path)).toEqual(all)
})

test('a space whose key is of another one is moved away by a repair, and what it holds stays', async () => {
  const path = await make('di')
  const shelf = join(path, 'shelf')
  const [first = '', second = ''] = fs.readdirSync(shelf).filter((name) => name.startsWith('spaces_'))
  const key = fs.readFileSync(join(shelf, first))
  const all = await shown(path)
  fs.copyFileSync(join(shelf, second), join(shelf, first))
  expect(await shown(path)).toBe('store-damaged')
  expect(await repairFolder(path)).toMatchObject({ isWhole: false, kept: [expect.stringContaining(first)] })
  expect(await shown(path)).toHaveLength(documents)
  fs.writeFileSync(join(shelf, first), key)
  expect(await shown(path)).toEqual(all)
})
