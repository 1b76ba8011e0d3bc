// The contract on files, and what only files can suffer: other processes, crashes, flipped bits, full and forbidden disks.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { filesystemStore } from '../../src/store/filesystem.ts'
import { storeContract } from './contract.ts'
import { freshFolder, removeFolders } from './folders.ts'

afterAll(removeFolders)

storeContract('filesystem', { fresh: freshFolder, open: filesystemStore(), several: false })
storeContract('filesystem, small segments', {
  fresh: freshFolder,
  open: filesystemStore({ segmentBytes: 200 }),
  several: false,
})

test('compacting everything after separating leaves no more than what is live', async () => {
  const path = freshFolder()
  const open = filesystemStore()
  const store = await open(path)
  const words = ['a', 'b'].map((stream) => ({ stream, bytes: utf8('some words') }))
  for (let i = 0; i < 50; i++) await store.append(words, { durability: 'strict' })
  const logBytes = (): number =>
    fs.readdirSync(join(path, 'log')).reduce((sum, name) => sum + fs.statSync(join(path, 'log', name)).size, 0)
  const before = logBytes()
  await store.separate()
  await store.separate()
  await Promise.all(['a', 'b'].map((stream) => store.compact(stream, utf8('S'), store.cursor())))
  expect(logBytes()).toBeLessThan(before / 4)
  await store.close()
  const again = await open(path)
  for (const stream of ['a', 'b']) expect(await again.read(stream)).toEqual({ records: [utf8('S')], degraded: false })
  await again.close()
})
