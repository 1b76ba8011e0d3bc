// What stands where a file of a store has to be, and is none of its own: nothing, a folder, a link, a pipe, another store's file, one that may not be
// read. The store opens, or refuses with a code; what it gives is what was written, and what is missing is said to be; nothing outside is touched.

import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { isJoineryError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import type { Store, StoreFactory } from '../../src/store/store.ts'
import { type DiskCall, SimulatedDisk, simulatedStore } from '../../src/testing/simulated-disk.ts'
import { records, texts } from './contract.ts'
import { freshFolder, removeFolders } from './folders.ts'

afterAll(removeFolders)
vi.setConfig({ testTimeout: 60_000 })

const strict = { durability: 'strict' } as const
const segmentBytes = 400
const open = filesystemStore({ segmentBytes })
const long = 'x'.repeat(90)
/** What each stream holds, and what a loss may bring back: what a snapshot or an end had replaced. */
const written = { a: `S12 3 4${long}`, b: `1 2${long} 3${long} 4${long} 5${long} 6`, c: '' }
const replaced = ['1', `2${long}`, 'gone']

async function fill(store: Store): Promise<void> {
  await store.append(records('a:1', 'b:1', 'c:gone'), strict)
  await store.append(records(`a:2${long}`, `b:2${long}`), strict)
  const upTo = store.cursor()
  await store.append(records('a:3'), strict)
  await store.compact('a', utf8('S12'), upTo)
  await store.drop('c')
  await store.append(records(`a:4${long}`), strict)
  for (const text of ['3', '4', '5']) await store.append(records(`b:${text}${long}`), strict)
  await store.append(records('b:6'), strict)
  await store.set('book/x', utf8('address'))
  await store.lease()
  await store.close()
}

/** A closed store in a folder of its own. */
async function closed(): Promise<string> {
  const path = freshFolder()
  await fill(await open(path))
  return path
}

/** What came of opening it: the code it was refused with, 'whole', or 'missing'. Fails where something is wrong, or missing and not said to be. */
async function look(path: string, opening: StoreFactory = open): Promise<string> {
  let store: Store
  try {
    store = await opening(path)
  } catch (error) {
    if (isJoineryError(error)) return error.code
    throw error
  }
  let isMissing = false
  const streams = await store.streams()
  for (const [stream, all] of Object.entries(written)) {
    const loaded = await store.read(stream)
    const seen = texts({ ...loaded, degraded: false })
    if (seen === all) continue
    isMissing = true
    // A log of which nothing is left knows no streams that it could speak of.
    if (streams.length > 0) expect([stream, loaded.degraded]).toEqual([stream, true])
    for (const text of seen.split(' ').filter(Boolean)) expect([...all.split(' '), ...replaced]).toContain(text)
  }
  const value = await store.get('book/x').then(
    (bytes) => (bytes === undefined ? 'none' : new TextDecoder().decode(bytes)),
    (error: unknown) => (isJoineryError(error) ? error.code : String(error)),
  )
  expect(value).toMatch(/^(address|none|store-damaged|store-denied)$/)
  isMissing ||= value !== 'address'
  // Who is not sure what was lost does not go on under the same name.
  if (isMissing && (await store.read('a')).degraded) expect((await store.lease()).instance).toBeGreaterThan(0)
  await store.append(records('e:new'), strict)
  await store.drop('e')
  await store.close()
  return isMissing ? 'missing' : 'whole'
}

/** Outside of any store. */
const elsewhere = freshFolder()
const folders = ['log', 'shelf', 'torn']

/** What may come to stand in the place of a file. */
const turns: Readonly<Record<string, (file: string) => void>> = {
  'is missing': (file) => fs.rmSync(file, { recursive: true }),
  'is a folder': (file) => {
    fs.rmSync(file, { recursive: true })
    fs.mkdirSync(file)
  },
  'is a folder with something in it': (file) => {
    fs.rmSync(file, { recursive: true })
    fs.mkdirSync(join(file, 'deep'), { recursive: true })
    fs.writeFileSync(join(file, 'deep', 'thing'), 'thing')
  },
  'is a link to nothing': (file) => {
    fs.rmSync(file, { recursive: true })
    fs.symlinkSync(freshFolder(), file)
  },
  'is a link to itself': (file) => {
    fs.rmSync(file, { recursive: true })
    fs.symlinkSync(file, file)
  },
  'is a link to what it was': (file) => {
    fs.cpSync(file, elsewhere, { recursive: true })
    fs.rmSync(file, { recursive: true })
    fs.symlinkSync(elsewhere, file)
  },
  'is a pipe': (file) => {
    fs.rmSync(file, { recursive: true })
    execFileSync('mkfifo', [file])
  },
  'is empty': (file) => {
    if (fs.statSync(file).isFile()) fs.truncateSync(file)
    else for (const name of fs.readdirSync(file)) fs.rmSync(join(file, name))
  },
}

test.each(Object.keys(turns))(
  'a store of which any file or folder %s opens, and opens again the same way',
  async (how) => {
    const path = await closed()
    const kept = freshFolder()
    fs.cpSync(path, kept, { recursive: true })
    for (const name of [...fs.readdirSync(kept, { recursive: true, encoding: 'utf8' }), 'lock']) {
      const file = join(path, name)
      if (name === 'lock') fs.writeFileSync(file, `99999999 another-boot 1 ${'0'.repeat(24)}\n`)
      turns[how]?.(file)
      const was = fs.existsSync(elsewhere) && !folders.includes(name) ? fs.readFileSync(elsewhere) : undefined
      const outcome = await look(path)
      // What was found missing once may not be forgotten, and what was whole stays so.
      expect([name, await look(path)]).toEqual([name, outcome])
      // Of the folders in it, one that is no folder is for a person to look at. All else is made anew, or missed.
      const holdsData = /^log|^shelf/.test(name)
      const allowed = folders.includes(name)
        ? /^(whole|missing|store-denied)$/
        : holdsData
          ? /^(whole|missing)$/
          : /^whole$/
      expect(`${name}: ${outcome}`).toMatch(new RegExp(`: ${allowed.source.slice(1)}`))
      // Nothing is written through a link to a file.
      if (was !== undefined) expect(fs.readFileSync(elsewhere)).toEqual(was)
      fs.rmSync(elsewhere, { recursive: true, force: true })
      // The same folder again, and no copy of it.
      for (const one of fs.readdirSync(path)) fs.rmSync(join(path, one), { recursive: true })
      fs.cpSync(kept, path, { recursive: true })
    }
  },
)

test('a file of another store in the place of any is not taken for ours, or is what it says', async () => {
  const path = await closed()
  const [kept, other] = [freshFolder(), await closed()]
  fs.cpSync(path, kept, { recursive: true })
  const names = fs.readdirSync(kept, { recursive: true, encoding: 'utf8' }).filter((name) => !folders.includes(name))
  for (const name of names) {
    fs.copyFileSync(join(other, name), join(path, name))
    const outcome = await look(path)
    expect([name, await look(path)]).toEqual([name, outcome])
    expect([name, outcome]).toEqual([name, name.startsWith('log') ? 'missing' : 'whole'])
    for (const one of fs.readdirSync(path)) fs.rmSync(join(path, one), { recursive: true })
    fs.cpSync(kept, path, { recursive: true })
  }
})

// Whoever is root may read everything, so it is a simulated disk that forbids it.
test('a store of which any file or folder may not be read is refused, or says what is missing, and is whole when it may be read again', async () => {
  const build = async (): Promise<SimulatedDisk> => {
    const disk = new SimulatedDisk({ random: seededRandom(4) })
    await fill(await simulatedStore(disk, { segmentBytes })('/store'))
    return disk
  }
  const image = (await build()).image()
  for (const target of [...image.files.keys(), ...image.folders.filter((name) => name !== '/')]) {
    const disk = await build()
    const opening = simulatedStore(disk, { segmentBytes })
    const isForbidden = ({ name, path }: DiskCall): boolean =>
      (path === target && (name === 'open' || name === 'list' || name === 'read')) || path.startsWith(`${target}/`)
    disk.fault = (call) => (isForbidden(call) ? { code: 'EACCES' } : undefined)
    const outcome = await look('/store', opening)
    // Of the folder for what is cut off nothing is asked while nothing is.
    const expected = target.endsWith('/torn') ? 'whole' : target.includes('.value') ? 'missing' : 'store-denied'
    expect([target, outcome]).toEqual([target, expected])
    disk.fault = undefined
    disk.kill()
    expect([target, await look('/store', opening)]).toEqual([target, 'whole'])
  }
})
