// backup, restore, compact and doctor, by real processes on real folders: with a peer that runs, and without.

import { chmod, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPeer } from 'joinery'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure, joinery, joineryJson, Place } from './joinery.ts'

let place: Place
beforeAll(async () => {
  place = await Place.make()
})
afterAll(() => place.clear())

const groceries = { items: [{ name: 'milk' }] }

/** A folder of a peer that runs, with a document. */
async function running(name: string): Promise<{ folder: string; invitation: string }> {
  const { folder, invitation } = await place.serve(name)
  await joinery('set', 'Home/groceries', '', JSON.stringify(groceries), '--path', folder)
  return { folder, invitation }
}

/** The same, left by a peer that has ended. */
async function left(name: string): Promise<string> {
  const folder = place.path(name)
  const peer = await openPeer({ path: folder, network: 'none' })
  const list = await (await peer.space('Home')).open<typeof groceries>('groceries')
  list.change((d) => {
    d.items = groceries.items
  })
  await list.settled()
  await peer.close()
  return folder
}

describe('with a peer that runs', () => {
  let folder: string
  let invitation: string
  const at = (...args: string[]): string[] => [...args, '--path', folder]

  beforeAll(async () => {
    ;({ folder, invitation } = await running('running'))
  })

  test('a backup without keys needs an invitation, and then merges; and back again', async () => {
    const file = place.path('sealed')
    expect(await joinery(...at('backup', file))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--with-keys'),
    })
    const other = place.path('joined')
    expect(await failure('restore', file, '--path', other)).toMatchObject({ exit: 3, code: 'no-such-space' })
    expect(await joineryJson('restore', file, '--invitation', invitation, '--path', other)).toMatchObject({
      spaces: [{ documents: 1 }],
    })
    await joinery('set', 'Home/groceries', 'shop', 'corner', '--path', other)
    await joinery('backup', place.path('back'), '--path', other)
    expect(await joineryJson(...at('restore', place.path('back')))).toMatchObject({
      spaces: [{ edits: expect.any(Number) }],
    })
    expect(await joineryJson(...at('cat', 'Home/groceries'))).toEqual({ ...groceries, shop: 'corner' })
    expect(await joinery(...at('restore', place.path('back')))).toMatchObject({
      stdout: expect.stringContaining('nothing was new here'),
    })
  })

  test('a file that is there is replaced only if that was said', async () => {
    const file = place.path('there')
    await writeFile(file, 'precious')
    expect(await failure(...at('backup', file))).toMatchObject({ exit: 2, code: 'bad-option' })
    expect(await readFile(file, 'utf8')).toBe('precious')
    expect(await joinery(...at('backup', file, '--force'))).toMatchObject({ code: 0 })
    expect(await failure(...at('backup', place.path('no/such/folder')))).toMatchObject({ exit: 2, code: 'bad-option' })
    expect(await failure(...at('backup', place.path('x'), '--space', 'Away'))).toMatchObject({
      exit: 3,
      code: 'no-such-space',
    })
    await expect(stat(place.path('x'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('what is no bundle, or a damaged one, has its own code', async () => {
    const file = place.path('damaged')
    await joinery(...at('backup', file))
    await writeFile(file, (await readFile(file)).subarray(0, -20))
    expect(await failure(...at('restore', file))).toMatchObject({ exit: 7, code: 'bad-bundle' })
    expect(await failure(...at('restore', place.path('nothing')))).toMatchObject({ exit: 2, code: 'bad-option' })
  })

  test('compact says what the log was and is', async () => {
    expect(await joineryJson(...at('compact'))).toMatchObject({
      documents: expect.any(Number),
      kept: 0,
      bytesBefore: expect.any(Number),
      bytesAfter: expect.any(Number),
    })
  })

  test('fsck reads all beside it, and leaves repairs to when it has ended', async () => {
    expect(await joineryJson(...at('fsck'))).toMatchObject({ isWhole: true, findings: [], spaces: 1, documents: 1 })
    expect(await failure(...at('fsck', '--repair'))).toMatchObject({ exit: 4, code: 'store-locked' })
  })

  test('doctor finds nothing wrong, and says what is so', async () => {
    const { code, stdout } = await joinery(...at('doctor', '--timeout', '0'))
    expect(code).toBe(0)
    expect(stdout).toContain('A peer runs on it, process')
    expect(stdout).toMatch(/"Home" holds 1 document; all is saved/)
    expect(stdout).toContain('MB are free')
    expect(stdout).toContain('Nothing is wrong.')
  })
})

test('without a peer that runs: backed up with keys, compacted, and restored where there is nothing', async () => {
  const folder = await left('ended')
  const file = place.path('keys')
  expect(await joineryJson('backup', file, '--with-keys', '--path', folder)).toMatchObject({
    file,
    bytes: (await stat(file)).size,
    withKeys: true,
    isWhole: true,
    spaces: [{ label: 'Home', documents: ['groceries'] }],
  })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const compacted = await joinery('compact', '--path', folder)
  expect(compacted).toMatchObject({ code: 0, stdout: expect.stringContaining('written anew; the log was') })
  const other = place.path('restored')
  expect(await joineryJson('restore', file, '--path', other)).toMatchObject({ spaces: [{ documents: 1 }], sealed: 0 })
  const copies = await Promise.all([folder, other].map((path) => joineryJson('cat', 'Home/groceries', '--path', path)))
  expect(copies).toEqual([groceries, groceries])
})

test('without a peer that runs: a damaged folder is told in words, and repaired', async () => {
  const folder = await left('hurt')
  expect(await joinery('fsck', '--path', folder)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Read .* in 1 segment: 1 space, 1 document, \d+ edits\.\nNothing is damaged\./),
  })
  const manifest = join(folder, 'manifest')
  await writeFile(manifest, 'nonsense')
  const log = join(folder, 'log', '000001.log')
  const bytes = await readFile(log)
  await writeFile(log, bytes.fill(0, bytes.length - 10))
  expect(await joinery('fsck', '--path', folder)).toMatchObject({
    code: 7,
    stdout: expect.stringMatching(/damaged {3}log\/000001\.log: A record[\s\S]*harmless {2}manifest: It was altered\./),
  })
  const { code, stdout } = await joinery('fsck', '--repair', '--path', folder)
  expect(code).toBe(7)
  expect(stdout).toMatch(/Moved away, and kept: .*removed.*manifest/)
  // What is gone stays gone until somebody brings it back.
  expect(await joinery('backup', place.path('hurt.bundle'), '--path', folder)).toMatchObject({
    code: 7,
    stdout: expect.stringContaining('Some of these are damaged here'),
  })
})

test('doctor tells of two who reach one another', async () => {
  const { folder, invitation } = await place.serve('reached')
  const other = place.path('reaching')
  expect(await joinery('join', invitation, '--path', other)).toMatchObject({ code: 0 })
  expect(await joineryJson('doctor', '--timeout', '15', '--path', other)).toMatchObject({
    isHealthy: true,
    findings: expect.arrayContaining([
      { about: 'peer', state: 'good', message: expect.stringMatching(/ is in contact by \w+ and agrees\.$/) },
    ]),
  })
  expect(folder).not.toBe(other)
})

test('doctor says what is wrong with a folder, and harms nothing', async () => {
  expect(await joinery('doctor', '--path', place.path('nowhere'))).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/There is no folder .*nowhere yet[\s\S]*Something is wrong/),
  })
  await expect(stat(place.path('nowhere'))).rejects.toMatchObject({ code: 'ENOENT' })
  const folder = await left('ill')
  await chmod(join(folder, 'manifest'), 0o644)
  const later = new Date(Date.now() + 3_600_000)
  await utimes(join(folder, 'manifest'), later, later)
  const { code, stdout } = await joinery('doctor', '--timeout', '0', '--path', folder)
  expect(stdout).toMatch(/hint +folder +Other users may read or write .*manifest: "chmod/)
  expect(stdout).toMatch(/BAD +clock +.*it was set back, or ran ahead/)
  expect(code).toBe(1)
})
