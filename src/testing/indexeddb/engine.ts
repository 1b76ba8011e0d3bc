// One database of a simulated browser, and all who have it open: which transactions may run beside which, who must close before it gets another
// version, and what of it is on disk for good. What is committed strictly takes all that was committed before it along.

import type { TabTasks } from './calls.ts'
import { SimulatedDatabase } from './database.ts'
import { dispatch, SimulatedOpenRequest } from './requests.ts'
import { type DatabaseState, emptyDatabase } from './tables.ts'
import { type Home, SimulatedTransaction } from './transaction.ts'

/** What is durable, and what was committed since, in order: of these a power cut may take the last ones. Undefined where there is no database. */
export interface Kept {
  readonly durable: DatabaseState | undefined
  readonly relaxed: readonly DatabaseState[]
}

/** Somebody who wants it open, or gone. One at a time, in order. */
interface Wish {
  readonly tab: TabTasks
  readonly request: SimulatedOpenRequest
  /** Undefined to have it deleted, 0 for whichever version it has. */
  readonly version: number | undefined
  /** What is done once nobody has it open. */
  whenAlone?: () => void
  /** Who was told that a change is wanted, and has not heard it yet. */
  readonly untold: Set<SimulatedDatabase>
  isBlocked: boolean
}

export class Engine implements Home {
  readonly name: string
  #durable: DatabaseState | undefined
  #relaxed: DatabaseState[] = []
  readonly #connections = new Set<SimulatedDatabase>()
  #live: SimulatedTransaction[] = []
  readonly #wishes: Wish[] = []
  #granting: Wish | undefined

  constructor(name: string, durable: DatabaseState | undefined) {
    this.name = name
    this.#durable = durable
  }

  get state(): DatabaseState {
    return this.#relaxed.at(-1) ?? this.#durable ?? emptyDatabase
  }

  get kept(): Kept {
    return { durable: this.#durable, relaxed: [...this.#relaxed] }
  }

  store(state: DatabaseState, durability: 'strict' | 'relaxed'): void {
    if (durability === 'relaxed') this.#relaxed.push(state)
    else this.#settle(state)
  }

  // ── who has it open ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  open(tab: TabTasks, version: number | undefined): SimulatedOpenRequest {
    if (version !== undefined && !(version >= 1)) throw new TypeError(`a version is 1 or more, not ${version}`)
    return this.#wish(tab, version ?? 0)
  }

  delete(tab: TabTasks): SimulatedOpenRequest {
    return this.#wish(tab, undefined)
  }

  /** Something may have become possible. */
  look(): void {
    for (const connection of [...this.#connections])
      if (connection.isClosed && !this.#live.some(({ db }) => db === connection)) this.#connections.delete(connection)
    const wish = this.#granting
    if (wish === undefined) this.#next()
    else if (wish.whenAlone !== undefined && !wish.tab.isAlive) this.#granted()
    else if (wish.whenAlone !== undefined) this.#lookFor(wish, wish.whenAlone)
  }

  #lookFor(wish: Wish, whenAlone: () => void): void {
    if (this.#connections.size === 0) {
      delete wish.whenAlone
      wish.tab.work(() => (wish.tab.isAlive ? whenAlone() : this.#granted()))
    } else if (!wish.isBlocked && [...wish.untold].every(({ tab }) => tab.isStill)) {
      wish.isBlocked = true
      const { request } = wish
      wish.tab.post(() => void dispatch('blocked', [request], { oldVersion: this.state.version, ...newer(wish) }))
    }
  }

  /** Ends all that a tab has of it. What it told to commit may go to disk all the same. */
  forget(tab: TabTasks): void {
    for (const transaction of this.#live.filter((one) => one.tab === tab))
      if (!transaction.isCommitting || tab.either()) transaction.abortWith(null)
    for (const connection of this.#connections) if (connection.tab === tab) connection.close()
    this.look()
  }

  /** Closes it under all who have it open, as a browser does whose data is cleared, or cannot be read. */
  forceClose(): void {
    for (const transaction of [...this.#live]) transaction.abortWith(new DOMException('It was closed.', 'AbortError'))
    for (const connection of [...this.#connections]) {
      connection.close()
      connection.tab.post(() => void dispatch('close', [connection]))
    }
  }

  /** All of it is gone. */
  wipe(): void {
    this.forceClose()
    this.#settle(undefined)
  }

  // ── who may run ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  begin(transaction: SimulatedTransaction): SimulatedTransaction {
    this.#live.push(transaction)
    this.#startAll()
    return transaction
  }

  ended(transaction: SimulatedTransaction): void {
    this.#live = this.#live.filter((other) => other !== transaction)
    if (transaction.mode === 'versionchange') this.#altered(transaction)
    this.#startAll()
    this.look()
  }

  #startAll(): void {
    for (const [i, transaction] of this.#live.entries())
      if (!this.#live.slice(0, i).some((earlier) => transaction.excludes(earlier))) transaction.start()
  }

  #settle(state: DatabaseState | undefined): void {
    this.#durable = state
    this.#relaxed = []
  }

  #wish(tab: TabTasks, version: number | undefined): SimulatedOpenRequest {
    const request = new SimulatedOpenRequest()
    const fault = tab.ask({ name: version === undefined ? 'deleteDatabase' : 'open', database: this.name })
    if (fault === undefined) this.#wishes.push({ tab, request, version, untold: new Set(), isBlocked: false })
    else tab.work(() => this.#refuse(tab, request, fault))
    tab.work(() => this.look())
    return request
  }

  #next(): void {
    const wish = this.#wishes.shift()
    if (wish === undefined) return
    this.#granting = wish
    if (!wish.tab.isAlive) this.#granted()
    else if (wish.version === undefined) this.#alone(wish, () => this.#deleted(wish))
    else this.#grant(wish, wish.version)
  }

  #grant(wish: Wish, wanted: number): void {
    const { tab, request } = wish
    const { version } = this.state
    const next = wanted || version || 1
    if (next < version) {
      const words = `The requested version (${next}) is less than the existing version (${version}).`
      this.#refuse(tab, request, new DOMException(words, 'VersionError'))
      this.#granted()
      return
    }
    const connection = new SimulatedDatabase(this, tab, next)
    if (next > version) this.#alone(wish, () => this.#alter(wish, connection))
    else {
      this.#connections.add(connection)
      this.#give(wish, connection)
      this.#granted()
    }
  }

  /** Asks those who have it open to close it, and waits until they did. */
  #alone(wish: Wish, whenAlone: () => void): void {
    wish.whenAlone = whenAlone
    for (const connection of [...this.#connections].filter(({ isClosed }) => !isClosed)) {
      wish.untold.add(connection)
      connection.tab.post(() => {
        if (!connection.isClosed)
          dispatch('versionchange', [connection], { oldVersion: this.state.version, ...newer(wish) })
        connection.tab.atEndOfTurn(() => {
          wish.untold.delete(connection)
          this.look()
        })
      })
    }
    this.look()
  }

  #deleted(wish: Wish): void {
    const oldVersion = this.state.version
    this.#settle(undefined)
    wish.tab.post(() => {
      wish.request.answer({ result: undefined })
      dispatch('success', [wish.request], { oldVersion, newVersion: null })
    })
    this.#granted()
  }

  /** Lets the tab make its tables. If that fails there is what there was. */
  #alter(wish: Wish, connection: SimulatedDatabase): void {
    const { tab, request } = wish
    this.#connections.add(connection)
    const { version: oldVersion, tables } = this.state
    const options = { db: connection, home: this, tab, durability: 'relaxed', tables: [...tables.keys()] } as const
    const transaction = new SimulatedTransaction({ ...options, mode: 'versionchange' })
    transaction.version = connection.version
    connection.upgrade = transaction
    transaction.addEventListener('complete', () => {
      connection.upgrade = undefined
      request.transaction = null
      this.#give(wish, connection)
    })
    transaction.addEventListener('abort', () => {
      request.transaction = null
      this.#refuse(tab, request, transaction.error ?? new DOMException('The upgrade was aborted.', 'AbortError'))
    })
    this.begin(transaction)
    tab.post(() => {
      if (transaction.isFinished) return
      request.answer({ result: connection })
      request.transaction = transaction
      transaction.wake(() => void dispatch('upgradeneeded', [request], { oldVersion, newVersion: connection.version }))
    })
  }

  /** Its tables are made, or it is as it was. */
  #altered(transaction: SimulatedTransaction): void {
    for (const connection of this.#connections)
      if (connection.upgrade === transaction && transaction.isFinished) connection.close()
    this.#granting = undefined
  }

  #give({ tab, request }: Wish, connection: SimulatedDatabase): void {
    tab.post(() => {
      request.answer({ result: connection })
      dispatch('success', [request])
    })
  }

  #refuse(tab: TabTasks, request: SimulatedOpenRequest, error: DOMException): void {
    tab.post(() => {
      request.answer({ error })
      dispatch('error', [request])
    })
  }

  #granted(): void {
    this.#granting = undefined
    this.look()
  }
}

function newer({ version }: Wish): { readonly newVersion: number | null } {
  return { newVersion: version ?? null }
}
