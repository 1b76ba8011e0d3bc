// What only files can suffer: crashes in the middle of a write, flipped bits, other processes, full and forbidden disks.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test, vi } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { messageOf } from '../../src/base/errors.ts'
import { seededRandom, systemRandom } from '../../src/base/random.ts'
import { encodeFile } from '../../src/store/filesystem/files.ts'
import { folderStore } from '../../src/store/filesystem/folder-store.ts'
import { encodeFrame } from '../../src/store/filesystem/frame.ts'
import { nodeDisk } from '../../src/store/filesystem/node-disk.ts'
import { encodeHead, scanSegment } from '../../src/store/filesystem/segment.ts'
import { SegmentNames } from '../../src/store/filesystem/segment-names.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import type { Store } from '../../src/store/store.ts'
import { outcome, records, texts } from './contract.ts'
import { freshFolder, removeFolders } from './folders.ts'

afterAll(removeFolders)
// Other processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const open = filesystemStore()
const openSmall = filesystemStore({ segmentBytes: 150 })
const { crc32 } = nodeDisk
const strict = { durability: 'strict' } as const
const relaxed = { durability: 'relaxed' } as const
const childPath = new URL('./child.ts', import.meta.url).pathname

async function making(path: string, run: (store: Store) => Promise<void>, opener = open): Promise<void> {
  const store = await opener(path)
  await run(store)
  await store.close()
}

function segments(folder: string): string[] {
  return fs
    .readdirSync(join(folder, 'log'))
    .sort()
    .map((name) => join(folder, 'log', name))
}

const lastSegment = (folder: string): string => present(segments(folder).at(-1), 'there is a segment')

// ---- formats

const goldenHead = { number: 2, seed: 0xdecade, firstCursor: 2 ** 32 + 7 }

test('a segment of version 0 has these bytes', () => {
  const head = encodeHead(goldenHead, crc32)
  const document = (rest: string): string => `${'0a'.repeat(32)}/${rest.repeat(32)}`
  const common = { at: 1, length: 3 }
  const group = [
    { type: 'data', stream: 'a/b', bytes: utf8('hi') },
    { type: 'snapshot', stream: 'c', bytes: utf8('S'), upTo: 5 },
    { type: 'drop', stream: 'd', bytes: new Uint8Array(0) },
    { type: 'data', stream: document('0b'), bytes: utf8('X'), carried: 9 },
    { type: 'data', stream: document('0c'), bytes: utf8('<bob>1'), common },
    { type: 'data', stream: document('0c'), bytes: utf8('<bob>2'), common },
    ...['1', '2', '3'].map((text) => ({ type: 'data', stream: 'a/b', bytes: utf8(text) }) as const),
  ] as const
  const names = new SegmentNames(goldenHead.firstCursor)
  const at = { cursor: goldenHead.firstCursor, offset: head.length, seed: goldenHead.seed, names }
  const frame = encodeFrame(group, at, crc32)
  expect(`${toHex(head)} ${toHex(frame.bytes)}`).toMatchInlineSnapshot(
    `"4a4e52596c6f67000000000200decade0000000100000007d1bb50ad f54a46fa000000bbffffff4416f01e0d878080801009300003612f6202bc99e94d310101630501410bceda320201640000decade7c030e200a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b090001d6d9175274040d0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c1403626f620103549fe28b1404130103cd96b331100001e2b7ceae1000017bbe9f141000010cb9af82686953583c3e313c3e32313233"`,
  )
  const scan = scanSegment(fromHex(toHex(head) + toHex(frame.bytes)), goldenHead.seed, true, crc32)
  expect(scan).toEqual({ records: frame.records, holes: [], nameless: [], tornAt: undefined })
})

test('a segment written before anything was told by words is read as it was', () => {
  const bytes = fromHex(
    '4a4e52596c6f67000000000200decade0000000100000007d1bb50adf54a46fa00000081ffffff7e7cf3a7b6878080801007300003612f6202bc99e94d310101630501410bceda320201640000decade78030a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0901d6d91752100001e2b7ceae1000017bbe9f141000010cb9af8268695358313233',
  )
  const { records, holes, nameless } = scanSegment(bytes, goldenHead.seed, true, crc32)
  expect([holes, nameless]).toEqual([[], []])
  expect(records.map(({ stream }) => stream.slice(0, 70))).toEqual([
    'a/b',
    'c',
    'd',
    `${'0a'.repeat(32)}/0b0b0`,
    'a/b',
    'a/b',
    'a/b',
  ])
})

test('a small file of version 0 has these bytes', () => {
  expect(toHex(encodeFile(utf8('hi'), nodeDisk))).toMatchInlineSnapshot(`"4a4e525900660be1416869"`)
})

// ---- crashes

test('a group cut off at any byte disappears whole, everything before it stays, and writing goes on', async () => {
  const path = freshFolder()
  await making(path, (store) => store.append(records('a:1', 'b:2'), strict))
  const start = fs.statSync(lastSegment(path)).size
  const incarnation = fs.readFileSync(join(path, 'incarnation'))
  await making(path, (store) => store.append(records('a:torn', 'b:torn', 'c:torn'), strict))
  // As it would stand if the store had not been closed.
  fs.writeFileSync(join(path, 'incarnation'), incarnation)
  const end = fs.statSync(lastSegment(path)).size
  for (let cut = start; cut < end; cut++) {
    const copy = freshFolder()
    fs.cpSync(path, copy, { recursive: true })
    fs.truncateSync(lastSegment(copy), cut)
    const store = await open(copy)
    const seen = [await store.read('a'), await store.read('b'), await store.read('c')].map(texts)
    expect([cut, ...seen]).toEqual([cut, '1', '2', ''])
    expect(fs.readdirSync(join(copy, 'torn')).length).toBe(cut === start ? 0 : 1)
    await store.append(records('a:3'), strict)
    await store.close()
    await making(copy, async (again) => expect(texts(await again.read('a'))).toBe('1 3'))
    fs.rmSync(copy, { recursive: true })
  }
})

test('a tail of zeros, as some filesystems leave after a power cut, is a torn write', async () => {
  const path = freshFolder()
  await making(path, (store) => store.append(records('a:1'), strict))
  fs.appendFileSync(lastSegment(path), new Uint8Array(500))
  await making(path, async (store) => expect(texts(await store.read('a'))).toBe('1'))
})

test('a segment begun when the crash came is removed; one freed but not yet deleted stays forgotten', async () => {
  const path = freshFolder()
  await making(path, (store) => store.append(records('a:1'), strict))
  fs.writeFileSync(join(path, 'log', '000002.log'), 'JNRY')
  const freed = fs.readFileSync(lastSegment(path))
  await making(path, async (store) => expect(texts(await store.read('a'))).toBe('1'))
  expect(segments(path).length).toBe(1)
  await making(path, (store) => store.append(records(`a:${'x'.repeat(200)}`), strict), openSmall)
  await making(
    path,
    async (store) => {
      await store.append(records('a:3'), strict)
      await store.compact('a', utf8('S'), store.cursor())
    },
    openSmall,
  )
  expect(fs.existsSync(join(path, 'log', '000001.log'))).toBe(false)
  fs.writeFileSync(join(path, 'log', '000001.log'), freed)
  await making(path, async (store) => expect(texts(await store.read('a'))).toBe('S'))
  expect(fs.existsSync(join(path, 'log', '000001.log'))).toBe(false)
})

test('every acknowledged record survives ten kills in the middle of writing, in order and without a gap', async () => {
  const path = freshFolder()
  const random = seededRandom(7)
  let acknowledged = -1
  for (let kill = 0; kill < 10; kill++) {
    const child = start('write', path)
    const lines = createInterface({ input: present(child.stdout, 'piped') })
    const enough = 20 + Math.floor(random.unit() * 100)
    let count = 0
    for await (const line of lines) {
      if (/^\d+$/.test(line)) acknowledged = Number(line)
      else expect(line).toBe('open')
      if (++count === enough) child.kill('SIGKILL')
    }
    await gone(child)
    await making(path, async (store) => {
      for (const stream of ['a', 'b']) {
        const numbers = texts(await store.read(stream))
          .split(' ')
          .map(Number)
        expect(numbers).toEqual(numbers.map((_, i) => i))
        expect(numbers.length - 1).toBeGreaterThanOrEqual(acknowledged)
        // What was written but not acknowledged may be there: one group at most.
        expect(numbers.length - 1).toBeLessThanOrEqual(acknowledged + 1)
      }
      expect((await store.lease()).instance).toBe(0)
    })
  }
})

// ---- flipped bits

test('with any byte of any file flipped the store opens, and every record is right, or missing and said to be', async () => {
  const path = freshFolder()
  // Long enough that no segment is mostly dead, and carried away.
  const [b1, S12] = ['b1', 'S12'].map((text) => text.padEnd(100, text)) as [string, string]
  const expected: Record<string, string> = { a: `${S12} 3 4`, b: `${b1} b2`, c: '', d: 'again' }
  await making(
    path,
    async (store) => {
      await store.append(records('a:1', `b:${b1}`, 'c:gone', 'd:old'), strict)
      await store.append(records('a:2'), relaxed)
      const upTo = store.cursor()
      await store.append(records('a:3', 'd:older'), strict)
      await store.compact('a', utf8(S12), upTo)
      await store.drop('c')
      await store.drop('d')
      await store.append(records('b:b2', 'd:again'), strict)
      await store.append(records('a:4'), strict)
      await store.set('book/x', utf8('address'))
      await store.lease()
    },
    openSmall,
  )
  expect(segments(path).length).toBeGreaterThan(2)
  const copy = join('/dev/shm', `joinery-flip-${process.pid}`)
  const parent = fs.existsSync('/dev/shm') ? copy : freshFolder()
  let missing = 0
  try {
    for (const file of allFiles(path)) {
      const bytes = fs.readFileSync(join(path, file))
      for (let i = 0; i < bytes.length; i++) {
        for (const mask of [0x01, 0xff]) {
          fs.rmSync(parent, { recursive: true, force: true })
          fs.cpSync(path, parent, { recursive: true })
          const flipped = Buffer.from(bytes)
          flipped[i] = (flipped[i] ?? 0) ^ mask
          fs.writeFileSync(join(parent, file), flipped)
          missing += await checkFlipped(parent, expected, `${file}[${i}] ^ ${mask}`)
        }
      }
    }
  } finally {
    fs.rmSync(copy, { recursive: true, force: true })
  }
  expect(missing).toBeGreaterThan(0)
}, 120_000)

test('with any byte of a segment flipped, no record is lost but those of one frame: what others said of its words is said again', async () => {
  const path = freshFolder()
  const space = '5c'.repeat(32)
  const author = utf8('an author of 37 bytes, who writes on: ')
  const written = Array.from({ length: 12 }, (_, i) => ({
    stream: `${space}/${`0${i % 3}`.repeat(32)}`,
    bytes: utf8(`${String.fromCharCode(97 + i)} ${new TextDecoder().decode(author)} ${i}`),
    common: { at: 2, length: author.length },
  }))
  await making(path, async (store) => {
    for (const record of written) await store.append([record], strict)
  })
  const read = async (): Promise<string[]> => {
    const texts: string[] = []
    await making(path, async (store) => {
      for (const stream of await store.streams())
        for (const bytes of (await store.read(stream)).records) texts.push(new TextDecoder().decode(bytes))
    })
    return texts.sort()
  }
  const all = await read()
  expect(all).toEqual(written.map(({ bytes }) => new TextDecoder().decode(bytes)))
  const segment = lastSegment(path)
  const bytes = fs.readFileSync(segment)
  // Each frame once: the name, the space and the author are told in some of them.
  expect(bytes.length).toBeLessThan(12 * 60 + 3 * 2 * 32 + 5 * (32 + author.length))
  const end = bytes.lastIndexOf(Buffer.from('f54a46fa', 'hex'))
  for (let i = 28; i < end; i += 3) {
    const flipped = Buffer.from(bytes)
    flipped[i] = (flipped[i] ?? 0) ^ 0xff
    for (const name of ['log', 'torn', 'manifest', 'incarnation'])
      fs.rmSync(join(path, name), { recursive: true, force: true })
    fs.mkdirSync(join(path, 'log'))
    fs.writeFileSync(segment, flipped)
    const left = await read()
    expect([i, left.length, left.filter((text) => !all.includes(text))]).toEqual([i, 11, []])
  }
})

/** Returns how many streams miss records. */
async function checkFlipped(path: string, expected: Record<string, string>, where: string): Promise<number> {
  let missing = 0
  // Twice: what the first opening decided must still hold in the second.
  for (const round of [1, 2]) {
    const store = await openSmall(path)
    for (const [stream, all] of Object.entries(expected)) {
      const loaded = await store.read(stream)
      const seen = texts({ ...loaded, degraded: false })
      if (seen === all) continue
      expect(`${where} ${round}: ${stream} ${loaded.degraded}`).toBe(`${where} ${round}: ${stream} true`)
      missing++
      // Older records may show again where their snapshot or end was lost; never anything that was not written.
      for (const text of seen.split(' ').filter(Boolean)) expect(`${where} ${all} 1 2 gone old older`).toContain(text)
    }
    const value = await store.get('book/x').then((value) => value && new TextDecoder().decode(value), messageOf)
    expect(value).toMatch(/^address$|is damaged/)
    if (missing > 0) expect([where, (await store.lease()).instance > 0]).toEqual([where, true])
    await store.append(records('e:new'), strict)
    await store.close()
  }
  return missing
}

function allFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(join(folder, name)).isFile())
}

test('a segment that vanished is missed, and a snapshot written since heals what it holds', async () => {
  const path = freshFolder()
  await making(
    path,
    async (store) => {
      for (const text of ['a:1', 'b:2', 'a:3', 'b:4']) await store.append(records(text + ' '.repeat(150)), strict)
    },
    openSmall,
  )
  fs.rmSync(present(segments(path)[1], 'the second segment'))
  await making(path, async (store) => {
    const loaded = await store.read('a')
    expect(loaded.degraded).toBe(true)
    await store.compact('a', utf8('healed by peers'), store.cursor())
    expect(texts(await store.read('a'))).toBe('healed by peers')
  })
  await making(path, async (store) => {
    expect(texts(await store.read('a'))).toBe('healed by peers')
    expect((await store.read('b')).degraded).toBe(true)
  })
})

test('a record that holds the bytes of a frame is never taken for one', async () => {
  const path = freshFolder()
  const forged = encodeFrame(
    [{ type: 'data', stream: 'a', bytes: utf8('forged') }],
    { cursor: 99, offset: 0, seed: 0, names: new SegmentNames(0) },
    crc32,
  )
  await making(path, (store) => store.append([{ stream: 'a', bytes: forged.bytes }], strict))
  const segment = lastSegment(path)
  const bytes = fs.readFileSync(segment)
  bytes[28] = 0 // The mark of the frame around it.
  fs.writeFileSync(segment, bytes)
  await making(path, async (store) => expect(await store.read('a')).toEqual({ records: [], degraded: true }))
})

// ---- other processes, other places

test('a folder open in another process is locked, by name of the process; after a kill it is free', async () => {
  const path = freshFolder()
  const child = start('hold', path)
  await firstLine(child)
  const error = await open(path).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'store-locked', details: { pid: child.pid } })
  expect(messageOf(error)).toContain(String(child.pid))
  child.kill('SIGKILL')
  await gone(child)
  await making(path, async () => expect(await outcome(open(path))).toBe('store-locked'))
  expect(fs.existsSync(join(path, 'lock'))).toBe(false)
})

test('of many processes that find the lock of a dead one, exactly one takes it', async () => {
  const path = freshFolder()
  const dead = start('hold', path)
  await firstLine(dead)
  dead.kill('SIGKILL')
  await gone(dead)
  const children = Array.from({ length: 4 }, () => start('hold', path))
  const lines = await Promise.all(children.map(firstLine))
  expect(lines.sort()).toEqual(['open', ...Array.from({ length: 3 }, () => 'store-locked')])
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(children.map(gone))
  expect(fs.readdirSync(path).filter((name) => name.startsWith('after-'))).toEqual([])
})

test('a lock left by a power cut, empty or of a process id used again, does not lock anyone out', async () => {
  const path = freshFolder()
  await making(path, (store) => store.append(records('a:1'), strict))
  for (const content of ['', 'garbage\n', `${process.pid} another-boot 123 ${'0'.repeat(24)}\n`]) {
    fs.writeFileSync(join(path, 'lock'), content)
    await making(path, async (store) => expect(texts(await store.read('a'))).toBe('1'))
  }
})

test('a store whose folder is removed under it stops, and its leases are lost', async () => {
  const path = freshFolder()
  const store = await open(path)
  const lease = await store.lease()
  await store.append(records('a:1'), strict)
  fs.rmSync(path, { recursive: true })
  expect(await outcome(store.append(records('a:2'), strict))).toBe('store-failed')
  await lease.lost
  await store.close()
})

test('a store whose lock was stolen writes nothing more, and the thief goes on under another instance', async () => {
  const path = freshFolder()
  const robbed = await open(path)
  const lease = await robbed.lease()
  await robbed.append(records('a:1'), strict)
  fs.rmSync(join(path, 'lock'))
  const thief = await open(path)
  expect((await thief.lease()).instance).toBe(lease.instance + 1)
  expect(await outcome(robbed.append(records('a:2'), strict))).toBe('store-failed')
  await lease.lost
  await robbed.close()
  await thief.append(records('a:3'), strict)
  await thief.close()
  // Who had lost it gave nothing back: the next one follows the thief.
  await making(path, async (store) => {
    expect((await store.lease()).instance).toBe(lease.instance + 1)
    expect(texts(await store.read('a'))).toBe('1 3')
  })
})

test('after a clean end, and after a kill, the instance is used again', async () => {
  const path = freshFolder()
  for (let run = 0; run < 3; run++)
    await making(path, async (store) => {
      expect((await store.lease()).instance).toBe(0)
      await store.append(records(`a:${run}`), strict)
    })
  // A process that died with its lock: another boot, so that nobody lives who could be it.
  const killed = await open(path)
  await killed.lease()
  await killed.append(records('a:3'), strict)
  const dead = fs.readFileSync(join(path, 'lock'), 'utf8').replace(/^(\d+) \S+/, '$1 another-boot')
  await killed.close()
  fs.writeFileSync(join(path, 'lock'), dead)
  await making(path, async (store) => expect((await store.lease()).instance).toBe(0))
})

test('a copied folder is another store, and goes on under an instance nobody used', async () => {
  const [path, copy] = [freshFolder(), freshFolder()]
  let incarnation = ''
  await making(path, async (store) => {
    incarnation = store.incarnation
    expect((await store.lease()).instance).toBe(0)
  })
  fs.cpSync(path, copy, { recursive: true })
  let drawn = 0
  await making(copy, async (store) => {
    expect(store.incarnation).not.toBe(incarnation)
    drawn = (await store.lease()).instance
    // Drawn by lot, since another copy of the same folder would count on to the same number.
    expect(drawn).toBeGreaterThanOrEqual(2 ** 31)
  })
  await making(copy, async (store) => expect((await store.lease()).instance).toBe(drawn))
  await making(path, async (store) => expect((await store.lease()).instance).toBe(0))
})

test('folders and files are for their owner alone', async () => {
  const path = freshFolder()
  await making(path, async (store) => {
    await store.append(records('a:1'), strict)
    await store.set('k', utf8('v'))
    await store.keyPair('device', async ({ extractable }) => {
      expect(extractable).toBe(true)
      return (await crypto.subtle.generateKey('Ed25519', extractable, ['sign', 'verify'])) as CryptoKeyPair
    })
  })
  const names = ['', ...fs.readdirSync(path, { recursive: true, encoding: 'utf8' })]
  for (const name of names) {
    const stat = fs.statSync(join(path, name))
    expect(`${name} ${(stat.mode & 0o777).toString(8)}`).toBe(`${name} ${stat.isDirectory() ? 700 : 600}`)
  }
})

// ---- refusals

test('a folder of a newer joinery is refused and stays as it is, byte for byte', async () => {
  const path = freshFolder()
  await making(path, (store) => store.append(records('a:1'), strict))
  fs.appendFileSync(lastSegment(path), 'what only the newer one knows')
  for (const name of ['manifest', 'incarnation', join('log', '000001.log')]) {
    const copy = freshFolder()
    fs.cpSync(path, copy, { recursive: true })
    makeNewer(join(copy, name))
    const before = allFiles(copy).map((file) => toHex(fs.readFileSync(join(copy, file))))
    const error = await open(copy).catch((error: unknown) => error)
    expect([name, error]).toMatchObject([name, { code: 'store-newer' }])
    expect(allFiles(copy).map((file) => toHex(fs.readFileSync(join(copy, file))))).toEqual(before)
  }
})

function makeNewer(path: string): void {
  const bytes = fs.readFileSync(path)
  if (path.endsWith('.log')) {
    bytes[7] = 9
    bytes.writeUInt32BE(crc(bytes.subarray(0, 24)), 24)
  } else {
    bytes[4] = 9
    bytes.writeUInt32BE(crc(Buffer.concat([bytes.subarray(4, 5), bytes.subarray(9)])), 5)
  }
  fs.writeFileSync(path, bytes)
}

/** The CRC-32 of zip and PNG, written out: a slow twin of the platform's. */
function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum >>> 0
}

test('a path that is a file, lies under one, or leads in a circle is denied with a sentence', async () => {
  const file = freshFolder()
  fs.writeFileSync(file, 'a file')
  const loop = freshFolder()
  fs.symlinkSync(loop, loop)
  for (const path of [file, join(file, 'under'), loop, join(loop, 'under'), '/proc/joinery', 'x\0y']) {
    const error = await open(path).catch((error: unknown) => error)
    expect([path, error]).toMatchObject([path, { code: 'store-denied' }])
    expect(messageOf(error)).toContain('choose a folder you may read and write')
  }
  expect(fs.readFileSync(file, 'utf8')).toBe('a file')
})

test('a disk whose sync fails is trusted no more, and the next opening takes another instance', async () => {
  const path = freshFolder()
  let isBroken = false
  const syncData = async (): Promise<void> => {
    if (isBroken) throw new Error('EIO: input/output error')
  }
  const openBroken = folderStore({ disk: { ...nodeDisk, syncData }, random: systemRandom })
  const store = await openBroken(path)
  const lease = await store.lease()
  await store.append(records('a:1'), strict)
  isBroken = true
  expect(await outcome(store.append(records('a:2'), strict))).toBe('store-failed')
  isBroken = false
  expect(await outcome(store.append(records('a:3'), strict))).toBe('store-failed')
  expect(await outcome(store.append(records('a:4'), relaxed))).toBe('store-failed')
  await lease.lost
  await store.close()
  await making(path, async (again) => {
    expect(texts(await again.read('a'))).toMatch(/^1( 2)?$/)
    expect((await again.lease()).instance).toBe(1)
  })
})

test.skipIf(!canMount())('a full disk loses nothing, and what fits later is taken', async () => {
  const path = freshFolder()
  fs.mkdirSync(path)
  const lines = mounted(path, 'size=1m', 'full')
  expect(lines).toEqual(['open', 'store-full', 'true', 'small fits', 'after false b'])
})

test.skipIf(!canMount())('a folder on a read-only disk is denied', async () => {
  const path = freshFolder()
  fs.mkdirSync(path)
  expect(mounted(path, 'size=1m,ro', 'open')).toEqual(['store-denied'])
})

/** Runs the child on a small disk of its own, in a mount namespace that ends with it. */
function mounted(path: string, options: string, mode: string): string[] {
  const script = 'mount -t tmpfs -o "$1" none "$2" && exec "$3" --experimental-strip-types --no-warnings "$4" "$5" "$2"'
  const args = ['--mount', 'sh', '-c', script, 'sh', options, path, process.execPath, childPath, mode]
  return execFileSync('unshare', args, { encoding: 'utf8' }).trim().split('\n')
}

/** Small disks need mount namespaces: root on Linux. Elsewhere these two tests count as skipped. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function start(mode: string, path: string): ChildProcess {
  const args = ['--experimental-strip-types', '--no-warnings', childPath, mode, path]
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: present(child.stdout, 'piped') }), 'line')
  return String(line)
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
