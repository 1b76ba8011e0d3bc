import { expect, test } from 'vitest'
import { isJoineryError } from '../../src/base/errors.ts'
import { memoryDisk, memoryStore } from '../../src/store/memory.ts'
import { outcome, records, storeContract, texts } from './contract.ts'

const open = memoryStore(memoryDisk())
let count = 0

storeContract('memory', { fresh: () => `m${count++}`, open, several: true })

test('a full memory disk refuses, and takes again once there is room', async () => {
  const disk = memoryDisk()
  const store = await memoryStore(disk)('m')
  disk.full = true
  expect(await outcome(store.append(records('a:1'), { durability: 'strict' }))).toBe('store-full')
  disk.full = false
  await store.append(records('a:2'), { durability: 'strict' })
  expect(texts(await store.read('a'))).toBe('2')
})

test('a power cut loses relaxed appends after the last strict one, and frees what was leased', async () => {
  const disk = memoryDisk()
  const open = memoryStore(disk)
  const storeA = await open('m')
  await storeA.append(records('a:1'), { durability: 'relaxed' })
  await storeA.append(records('a:2'), { durability: 'strict' })
  await storeA.append(records('a:3'), { durability: 'relaxed' })
  const lease = await storeA.lease()
  const unacknowledged = storeA.append(records('a:4'), { durability: 'strict' })
  disk.crash('m', 'power')
  await expect(unacknowledged).rejects.toSatisfy((error) => isJoineryError(error, 'closed'))
  await lease.lost
  const storeB = await open('m')
  expect(texts(await storeB.read('a'))).toBe('1 2')
  expect((await storeB.lease()).instance).toBe(0)
})
