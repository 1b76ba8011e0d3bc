// The contract on the simulated disk: the store's own code over files that are not there.

import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { crashStates } from '../../src/testing/crash-states.ts'
import { SimulatedDisk, simulatedStore } from '../../src/testing/simulated-disk.ts'
import { records, storeContract, texts } from './contract.ts'

let count = 0
const fresh = (): string => `/stores/s${count++}`

storeContract('simulated disk', { fresh, open: simulatedStore(new SimulatedDisk()), several: false })
storeContract('simulated disk, small segments', {
  fresh,
  open: simulatedStore(new SimulatedDisk(), { segmentBytes: 200 }),
  several: false,
})

test('what a killed process had not synced is on the platter as soon as another reads it', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(3) })
  const open = simulatedStore(disk, { segmentBytes: 200 })
  const first = await open('/ada')
  await first.append(records(`a:${'cause'.padEnd(300, '.')}`), { durability: 'relaxed' })
  disk.kill()
  const afterPowerCuts = async (): Promise<Set<string>> => {
    const seen = new Set<string>()
    for (const image of crashStates(disk.moment(), { random: seededRandom(1) })) {
      const again = await simulatedStore(new SimulatedDisk({ image }), { segmentBytes: 200 })('/ada')
      seen.add(texts(await again.read('a')).replaceAll('.', ''))
    }
    return seen
  }
  expect(await afterPowerCuts()).toContain('')
  // It reads what is in no more than the system's memory, tells others of it, and builds on it in another segment.
  const second = await open('/ada')
  expect(await afterPowerCuts()).toEqual(new Set(['cause']))
  await second.append(records('a:effect'), { durability: 'strict' })
  expect(await afterPowerCuts()).toEqual(new Set(['cause effect']))
})

test('a sync that its process did not live to see leaves nothing in doubt', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(4), syncing: async () => disk.kill() })
  const first = await simulatedStore(disk)('/ada')
  await expect(first.append(records('a:one'), { durability: 'strict' })).rejects.toThrow('no more')
  await simulatedStore(disk)('/ada')
  for (const image of crashStates(disk.moment(), { random: seededRandom(1) })) {
    const again = await simulatedStore(new SimulatedDisk({ image }))('/ada')
    expect(texts(await again.read('a'))).toBe('one')
  }
})
