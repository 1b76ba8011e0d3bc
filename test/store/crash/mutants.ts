// Faults put in on purpose, each beneath the real store or around it: the exploration has to find every one, or it proves nothing.

import { crc32 } from 'node:zlib'
import type { Disk, FileHandle } from '../../../src/store/filesystem/disk.ts'
import { folderStore } from '../../../src/store/filesystem/folder-store.ts'
import type { Store, StoreFactory } from '../../../src/store/store.ts'
import { type SimulatedDisk, simulatedStore } from '../../../src/testing/simulated-disk.ts'
import { type ExploreOptions, explore, type Failure } from './explore.ts'
import { path, type Scene } from './workload.ts'

export interface Mutant {
  readonly name: string
  readonly options: Pick<ExploreOptions, 'open' | 'hasty'>
}

const segmentBytes = 1024

export const mutants: readonly Mutant[] = [
  beneath('acknowledges before the sync', (disk) => ({ ...disk, syncData: async () => {} })),
  beneath('renames small files before their content is synced', (disk) => {
    const drafts = new Set<FileHandle>()
    return {
      ...disk,
      open: (name, mode) => {
        const file = disk.open(name, mode)
        if (name.endsWith('.draft')) drafts.add(file)
        return file
      },
      sync: (file) => {
        if (!drafts.has(file)) disk.sync(file)
      },
    }
  }),
  beneath('deletes segments before the manifest without them is durable', (disk) => {
    let renamed = ''
    return {
      ...disk,
      rename: (from, to) => {
        disk.rename(from, to)
        renamed = to
      },
      syncFolder: (folder) => {
        if (folder !== path || !renamed.endsWith('manifest')) disk.syncFolder(folder)
      },
    }
  }),
  beneath('forgets that a file’s name has to be synced', (disk) => ({
    ...disk,
    syncFolder: (folder) => {
      if (!folder.endsWith('/log')) disk.syncFolder(folder)
    },
  })),
  beneath('deletes what a snapshot replaces before the snapshot is synced', (disk, scene) => ({
    ...disk,
    syncData: async (file) => {
      if (!scene.isCompacting) await disk.syncData(file)
    },
  })),
  beneath('takes a failed write for a good one, and cuts nothing off', (disk) => ({ ...disk, truncate: () => {} })),
  around('goes on under the same instance when it is in doubt', (store) => ({
    lease: async () => ({ ...(await store.lease()), instance: 0 }),
  })),
  around('writes what is ours as if it were received', (store) => ({
    append: (records) => store.append(records, { durability: 'relaxed' }),
  })),
  around('forgets the newest record of each stream', (store) => ({
    read: async (stream) => {
      const loaded = await store.read(stream)
      return { ...loaded, records: loaded.records.slice(0, Math.max(1, loaded.records.length - 1)) }
    },
  })),
  { name: 'publishes before it is durable', options: { hasty: true } },
]

/** The first that is found of a fault, in a workload with much compaction. */
export async function firstFailure({ options }: Mutant): Promise<Failure | undefined> {
  const workload = { seed: 1, edits: 30, compacting: 0.4, chance: 0.01, segmentBytes }
  return (await explore({ ...options, ...workload, untilFailure: true })).failures[0]
}

function beneath(name: string, alter: (disk: Disk, scene: Scene) => Disk): Mutant {
  const open = (disk: SimulatedDisk, scene: Scene): StoreFactory => {
    return (at) => {
      const host = { disk: alter({ ...disk.process(), crc32 }, scene), random: disk.random }
      return folderStore(host, { segmentBytes })(at)
    }
  }
  return { name, options: { open } }
}

function around(name: string, alter: (store: Store) => Partial<Store>): Mutant {
  const open = (disk: SimulatedDisk): StoreFactory => {
    return async (at) => {
      const store = await simulatedStore(disk, { segmentBytes })(at)
      const altered: Partial<Record<string | symbol, unknown>> = { ...alter(store) }
      return new Proxy(store, {
        get(target, key) {
          const value: unknown = altered[key] ?? Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    }
  }
  return { name, options: { open } }
}
