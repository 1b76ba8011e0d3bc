// IDBFactory, as a tab has it; and the names under which `idb` knows the classes of a database, which a platform without IndexedDB lacks.

import { assert } from '../../base/assert.ts'
import type { TabTasks } from './calls.ts'
import { SimulatedDatabase } from './database.ts'
import type { Engine } from './engine.ts'
import { SimulatedKeyRange } from './keys.ts'
import { SimulatedOpenRequest, SimulatedRequest } from './requests.ts'
import { SimulatedCursor, SimulatedIndex, SimulatedObjectStore } from './sources.ts'
import { SimulatedTransaction } from './transaction.ts'

const classes = {
  IDBCursor: SimulatedCursor,
  IDBDatabase: SimulatedDatabase,
  IDBIndex: SimulatedIndex,
  IDBKeyRange: SimulatedKeyRange,
  IDBObjectStore: SimulatedObjectStore,
  IDBOpenDBRequest: SimulatedOpenRequest,
  IDBRequest: SimulatedRequest,
  IDBTransaction: SimulatedTransaction,
}

/** The IndexedDB of a tab. */
export function simulatedFactory(tab: TabTasks, engine: (name: string) => Engine): IDBFactory {
  for (const [name, ours] of Object.entries(classes)) {
    const standing: unknown = Reflect.get(globalThis, name)
    assert(
      standing === undefined || standing === ours,
      'IndexedDB is simulated only where there is no real one: in Node',
    )
    Reflect.set(globalThis, name, ours)
  }
  const factory = {
    open: (name: string, version?: number) => engine(name).open(tab, version),
    deleteDatabase: (name: string) => engine(name).delete(tab),
  }
  // It is what the store asks for, and less than the platform's types promise.
  return factory as unknown as IDBFactory
}
