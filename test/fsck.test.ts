// A folder is checked without being altered; every flipped byte and every cut is found; a repair makes it open, and keeps what it moves away.

import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { checkFolder, type FolderReport, openPeer, repairFolder } from 'joinery'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

type List = { items: string[] }

let home: string
/** A folder as a peer left it: two documents, one of them compacted. */
let folder: string
let bundle: Uint8Array
let count = 0

beforeAll(async () => {
  home = fs.mkdtempSync(join(tmpdir(), 'joinery-fsck-'))
  folder = join(home, 'whole')
  const peer = await openPeer({ path: folder, network: 'none' })
  const space = await peer.space('Family')
  const groceries = await space.open<List>('groceries', { init: { items: [] } })
  for (const item of ['milk', 'bread']) groceries.change((d) => void d.items.push(item))
  await peer.flush()
  await peer.compact()
  groceries.change((d) => void d.items.push('eggs'))
  const plans = await space.open<List>('plans', { init: { items: [] } })
  plans.change((d) => void d.items.push('sea'))
  await peer.flush()
  bundle = new Uint8Array(await new Response(peer.backup({ withKeys: true })).arrayBuffer())
  await peer.close()
})
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

/** A copy in a place of its own, whose incarnation file knows nothing of it: as a check alters nothing, that does not matter. */
function copy(): string {
  const to = join(home, `copy-${count++}`)
  fs.cpSync(folder, to, { recursive: true })
  return to
}

function filesOf(path: string): string[] {
  return fs
    .readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function printOf(path: string): string {
  const hash = createHash('sha256')
  for (const file of filesOf(path)) hash.update(file).update(fs.readFileSync(file))
  return hash.digest('hex')
}

function flip(file: string, at: number): void {
  const bytes = fs.readFileSync(file)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
  fs.writeFileSync(file, bytes)
}

const shelfFile = (path: string, start: string): string =>
  filesOf(path).find((file) => basename(file).startsWith(start)) ?? expect.unreachable(`no ${start}`)

async function valuesOf(path: string): Promise<unknown> {
  const peer = await openPeer({ path, network: 'none' })
  const { spaces } = await peer.export()
  await peer.close()
  return spaces[0]?.documents
}

test('a whole folder is told to be so, with what is in it, and is not altered', async () => {
  const before = printOf(folder)
  const report = await checkFolder(folder)
  expect(report).toMatchObject({ isWhole: true, findings: [], spaces: 1, segments: 1, documents: 2 })
  expect(report.edits).toBeGreaterThan(4)
  expect(printOf(folder)).toBe(before)
})

test('every byte that is another one is found, in every file, and nothing is altered by looking', async () => {
  const path = copy()
  let checks = 0
  for (const file of filesOf(path)) {
    const whole = fs.readFileSync(file)
    for (let at = checks % 19; at < whole.length; at += 19) {
      flip(file, at)
      const before = printOf(path)
      const { findings } = await checkFolder(path)
      expect(findings.length, `byte ${at} of ${file}`).toBeGreaterThan(0)
      expect(printOf(path)).toBe(before)
      fs.writeFileSync(file, whole)
      checks++
    }
  }
  expect(checks).toBeGreaterThan(60)
}, 60_000)

test('a log that was cut anywhere is found to be', async () => {
  const path = copy()
  const file = join(path, 'log', fs.readdirSync(join(path, 'log'))[0] ?? '')
  const whole = fs.readFileSync(file)
  for (let length = 0; length < whole.length; length += 17) {
    fs.writeFileSync(file, whole.subarray(0, length))
    expect((await checkFolder(path)).findings, `cut to ${length}`).not.toEqual([])
  }
  fs.rmSync(file)
  expect(await checkFolder(path)).toMatchObject({ isWhole: false, findings: [{ where: `log/${basename(file)}` }] })
})

describe('what follows is said in words', () => {
  test('a record that was altered names its document', async () => {
    const path = copy()
    const file = join(path, 'log', fs.readdirSync(join(path, 'log'))[0] ?? '')
    flip(file, fs.statSync(file).size - 1)
    const { isWhole, findings } = await checkFolder(path)
    expect(isWhole).toBe(false)
    expect(findings).toMatchObject([
      { where: 'log/000001.log', state: 'heals', damage: expect.stringContaining('was altered') },
      { where: '"plans" of "Family"', damage: 'Part of it may be missing.' },
    ])
  })

  test('a last write that a crash cut short is harmless', async () => {
    const path = copy()
    const file = join(path, 'log', fs.readdirSync(join(path, 'log'))[0] ?? '')
    fs.appendFileSync(file, Uint8Array.of(0xf5, 0x4a, 0x46, 0xfa, 0, 0))
    expect(await checkFolder(path)).toMatchObject({ isWhole: true, findings: [{ state: 'harmless' }] })
    expect(await repairFolder(path)).toMatchObject({ isWhole: true, findings: [], before: [{ state: 'harmless' }] })
  })

  test('a manifest or an incarnation file that is missing or altered is made anew', async () => {
    for (const name of ['manifest', 'incarnation']) {
      const path = copy()
      flip(join(path, name), 20)
      expect(await checkFolder(path)).toMatchObject({ isWhole: true, findings: [{ where: name, state: 'harmless' }] })
      fs.rmSync(join(path, name))
      expect(await checkFolder(path)).toMatchObject({
        isWhole: true,
        findings: [{ where: name, damage: 'It is missing.' }],
      })
    }
  })
})

describe('a repair', () => {
  test('moves a damaged space key away, so that the peer opens and the space can be joined again', async () => {
    const path = copy()
    const file = shelfFile(path, 'spaces_')
    flip(file, 30)
    const damaged = fs.readFileSync(file)
    await expect(openPeer({ path, network: 'none' })).rejects.toMatchObject({ code: 'store-damaged' })
    const report = await repairFolder(path)
    expect(report.before).toContainEqual(expect.objectContaining({ where: `shelf/${basename(file)}`, state: 'lost' }))
    expect(report.kept.map((kept) => fs.readFileSync(kept))).toEqual([damaged])
    // The documents are there still, for whoever has the key.
    const peer = await openPeer({ path, network: 'none' })
    await peer.restore(bundle)
    await peer.close()
    expect(await valuesOf(path)).toEqual(await valuesOf(folder))
    expect(await checkFolder(path)).toMatchObject({ isWhole: true })
  })

  test('makes another device of one whose key is damaged, and all edits stay', async () => {
    const path = copy()
    const before = await valuesOf(copy())
    flip(shelfFile(path, 'key-pair_device'), 30)
    await expect(openPeer({ path, network: 'none' })).rejects.toMatchObject({ code: 'store-damaged' })
    expect(await repairFolder(path)).toMatchObject({ isWhole: true })
    expect(await valuesOf(path)).toEqual(before)
  })

  test('leaves what a log lost to the members and to backups, which bring it back, and nothing is written twice', async () => {
    const path = join(home, 'in-place')
    fs.renameSync(folder, path) // In its place it would be: so it knows that it is no copy.
    fs.cpSync(path, folder, { recursive: true })
    const file = join(path, 'log', fs.readdirSync(join(path, 'log'))[0] ?? '')
    flip(file, fs.statSync(file).size - 1)
    const report: FolderReport = await repairFolder(path)
    expect(report.isWhole).toBe(false)
    const peer = await openPeer({ path, network: 'none' })
    await peer.restore(bundle)
    const { spaces } = await peer.export()
    await peer.close()
    expect(spaces[0]?.documents).toEqual(await valuesOf(folder))
  })
})

test('a folder that a peer runs on is not checked behind its back, and what is none is said to be', async () => {
  const path = copy()
  const peer = await openPeer({ path, network: 'none' })
  await expect(checkFolder(path)).rejects.toMatchObject({ code: 'store-locked' })
  await expect(repairFolder(path)).rejects.toMatchObject({ code: 'store-locked' })
  expect(await checkFolder(path, { lock: 'held' })).toMatchObject({ isWhole: true, documents: 2 })
  await peer.close()
  await expect(checkFolder(join(home, 'nowhere'))).rejects.toMatchObject({ code: 'store-denied' })
})
