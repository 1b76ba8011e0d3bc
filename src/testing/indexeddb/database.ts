// IDBDatabase: one tab's connection.

import type { TabTasks } from './calls.ts'
import type { Engine } from './engine.ts'
import { SimulatedTarget } from './requests.ts'
import type { SimulatedObjectStore } from './sources.ts'
import { type Mode, SimulatedTransaction } from './transaction.ts'

interface TableOptions {
  readonly keyPath?: string | null
  readonly autoIncrement?: boolean
}

export class SimulatedDatabase extends SimulatedTarget {
  readonly name: string
  readonly version: number
  readonly tab: TabTasks
  readonly #engine: Engine
  /** The one that alters the tables, while it does. */
  upgrade: SimulatedTransaction | undefined
  #isClosed = false

  constructor(engine: Engine, tab: TabTasks, version: number) {
    super()
    this.#engine = engine
    this.name = engine.name
    this.tab = tab
    this.version = version
  }

  get objectStoreNames(): readonly string[] {
    return this.upgrade?.objectStoreNames ?? [...this.#engine.state.tables.keys()].sort()
  }

  /** It takes no transactions any more; it keeps others waiting until those that there are have ended. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  transaction(
    tables: string | readonly string[],
    mode: Mode = 'readonly',
    options: { readonly durability?: 'default' | 'strict' | 'relaxed' } = {},
  ): SimulatedTransaction {
    if (this.#isClosed || this.upgrade !== undefined)
      throw new DOMException('The database connection is closing.', 'InvalidStateError')
    const names = [tables].flat()
    const missing = names.find((name) => !this.#engine.state.tables.has(name))
    if (missing !== undefined) throw new DOMException(`there is no table ${missing}`, 'NotFoundError')
    // What the default is differs among browsers: it promises no more than 'relaxed'.
    const durability = options.durability === 'strict' ? 'strict' : 'relaxed'
    return this.#engine.begin(
      new SimulatedTransaction({ db: this, home: this.#engine, tab: this.tab, mode, durability, tables: names }),
    )
  }

  createObjectStore(name: string, { keyPath, autoIncrement = false }: TableOptions = {}): SimulatedObjectStore {
    const { upgrade } = this
    if (upgrade === undefined) throw new DOMException('Tables stay as they are.', 'InvalidStateError')
    upgrade.addTable(name, { keyPath: keyPath ?? undefined, autoIncrement })
    return upgrade.objectStore(name)
  }

  close(): void {
    this.#isClosed = true
    this.#engine.look()
  }
}
