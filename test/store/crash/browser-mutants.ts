// Faults put in on purpose, each beneath the real store in IndexedDB or around it: the exploration has to find every one, or it proves nothing.

import { indexeddbStore } from '../../../src/store/indexeddb.ts'
import type { Store, StoreFactory } from '../../../src/store/store.ts'
import type { SimulatedDatabase } from '../../../src/testing/indexeddb/database.ts'
import { dispatch } from '../../../src/testing/indexeddb/requests.ts'
import type { SimulatedTransaction } from '../../../src/testing/indexeddb/transaction.ts'
import type { SimulatedTab } from '../../../src/testing/simulated-tab.ts'
import { type BrowserExploreOptions, exploreBrowser } from './browser-explore.ts'
import type { Failure } from './explore.ts'

export interface BrowserMutant {
  readonly name: string
  readonly options: Pick<BrowserExploreOptions, 'open' | 'hasty'>
}

export const browserMutants: readonly BrowserMutant[] = [
  beneath('acknowledges when it has asked for the commit, before `complete`', (transaction) => {
    const commit = transaction.commit.bind(transaction)
    transaction.commit = () => {
      commit()
      dispatch('complete', [transaction])
    }
  }),
  beneathOptions('writes own edits relaxed', 'relaxed'),
  beneath('does not ask whether another tab has its actor by now', (transaction) => {
    const objectStore = transaction.objectStore.bind(transaction)
    transaction.objectStore = (name) => {
      const table = objectStore(name)
      table.add = name === 'meta' ? table.put.bind(table) : table.add.bind(table)
      return table
    }
  }),
  around('deletes what a snapshot replaces before the snapshot is durable', (store) => ({
    compact: async (stream, snapshot) => {
      await store.drop(stream)
      await store.append([{ stream, bytes: snapshot }], { durability: 'strict' })
    },
  })),
  around('takes an aborted transaction for a good one', (store) => ({
    append: (records, options) => store.append(records, options).catch(() => {}),
  })),
  around('gives every tab the same actor', (store) => ({
    lease: async () => ({ ...(await store.lease()), instance: 0 }),
  })),
  around('compacts what other tabs wrote without having read it', (store) => ({
    tail: async (cursor) => ({ ...(await store.tail(cursor)), records: [] }),
  })),
  around('forgets the newest record of each stream', (store) => ({
    read: async (stream) => {
      const loaded = await store.read(stream)
      return { ...loaded, records: loaded.records.slice(0, Math.max(1, loaded.records.length - 1)) }
    },
  })),
  around('writes a group one by one, the last record first', (store) => ({
    append: async (records, options) => {
      for (const record of [...records].reverse()) await store.append([record], options)
    },
  })),
  around('has the name that it had before all was cleared', () => ({ incarnation: 'the same' })),
  { name: 'publishes before it is durable', options: { hasty: true } },
]

/** The first that is found of a fault, in small workloads with much compaction. */
export async function firstBrowserFailure({ options }: BrowserMutant): Promise<Failure | undefined> {
  for (let seed = 1; seed <= 8; seed++) {
    const workload = { seed, edits: 16, tabs: 2, compacting: 0.3, mishaps: 0.02 }
    const { failures } = await exploreBrowser({ ...options, ...workload, untilFailure: true })
    if (failures[0] !== undefined) return failures[0]
  }
  return undefined
}

/** Alters each transaction that writes to the log. */
function beneath(name: string, alter: (transaction: SimulatedTransaction) => void): BrowserMutant {
  return onDatabase(name, (database) => {
    const begin = database.transaction.bind(database)
    database.transaction = (tables, mode, options) => {
      const transaction = begin(tables, mode, options)
      if (mode === 'readwrite' && [tables].flat().includes('packs')) alter(transaction)
      return transaction
    }
  })
}

function beneathOptions(name: string, durability: 'relaxed'): BrowserMutant {
  return onDatabase(name, (database) => {
    const begin = database.transaction.bind(database)
    database.transaction = (tables, mode, options) =>
      begin(tables, mode, [tables].flat().includes('packs') ? { durability } : options)
  })
}

function onDatabase(name: string, alter: (database: SimulatedDatabase) => void): BrowserMutant {
  const open = (tab: SimulatedTab): StoreFactory => {
    const { indexedDB } = tab.host
    if (indexedDB === undefined) throw new Error('a simulated tab has an IndexedDB')
    const altered = {
      open: (...args: Parameters<IDBFactory['open']>) => {
        const request = indexedDB.open(...args)
        request.addEventListener('success', () => alter(request.result as unknown as SimulatedDatabase))
        return request
      },
    }
    return indexeddbStore({ ...tab.host, indexedDB: altered as IDBFactory })
  }
  return { name, options: { open } }
}

function around(name: string, alter: (store: Store) => Partial<Store>): BrowserMutant {
  const open = (tab: SimulatedTab): StoreFactory => {
    return async (at) => {
      const store = await tab.store(at)
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
