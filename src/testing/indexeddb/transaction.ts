// IDBTransaction: requests are worked off in order, and told in order; it commits when a turn of the event loop left it without any, or when told;
// and all of it is there, or nothing. What is written goes to the database at once when it commits: the page is told later, if it still lives.
//
//   active ──(end of turn)──► inactive ──(an answer comes)──► active …      nothing is left to answer: committing ──► finished
//      └─ commit(): committing, and whatever becomes of the page, what was asked is done

import type { CallName, TabTasks } from './calls.ts'
import { dispatch, SimulatedRequest, SimulatedTarget } from './requests.ts'
import { SimulatedObjectStore } from './sources.ts'
import { type DatabaseState, TableDraft, type TableState } from './tables.ts'

export type Mode = 'readonly' | 'readwrite' | 'versionchange'

/** The database beneath. */
export interface Home {
  readonly name: string
  readonly state: DatabaseState
  /** Takes what a transaction wrote. */
  store(state: DatabaseState, durability: 'strict' | 'relaxed'): void
  /** It keeps nobody out any more. */
  ended(transaction: SimulatedTransaction): void
}

export interface TransactionOptions {
  readonly db: SimulatedTarget
  readonly home: Home
  readonly tab: TabTasks
  readonly mode: Mode
  readonly durability: 'strict' | 'relaxed'
  readonly tables: readonly string[]
}

interface Asked {
  readonly request: SimulatedRequest
  readonly run: () => unknown
  answer: { readonly result?: unknown; readonly error?: DOMException } | undefined
  isTold: boolean
}

export class SimulatedTransaction extends SimulatedTarget {
  readonly db: SimulatedTarget
  readonly mode: Mode
  readonly durability: 'strict' | 'relaxed'
  readonly tab: TabTasks
  readonly number: number
  /** The version that an upgrade brings about. */
  version: number | undefined
  error: DOMException | null = null
  readonly #home: Home
  readonly #drafts = new Map<string, TableDraft>()
  readonly #tables: Set<string>
  #state: 'active' | 'inactive' | 'committing' | 'finished' = 'active'
  #isStarted = false
  #isWorking = false
  #isWritten = false
  /** Asked, and not told. */
  #asked: Asked[] = []

  constructor({ db, home, tab, mode, durability, tables }: TransactionOptions) {
    super()
    this.db = db
    this.mode = mode
    this.durability = durability
    this.tab = tab
    this.number = tab.nextTransaction()
    this.#home = home
    this.#tables = new Set(tables)
    const fault = this.ask('transaction')
    if (fault !== undefined) tab.work(() => this.abortWith(fault))
    if (mode === 'versionchange') this.#state = 'inactive'
    else tab.atEndOfTurn(() => this.#rest())
  }

  get objectStoreNames(): readonly string[] {
    return [...this.#tables].sort()
  }

  /** Whether it was told to commit, or began to by itself. */
  get isCommitting(): boolean {
    return this.#state === 'committing'
  }

  get isFinished(): boolean {
    return this.#state === 'finished'
  }

  ask(name: CallName, table?: string): DOMException | undefined {
    const { number: transaction, durability } = this
    return this.tab.ask({ name, database: this.#home.name, transaction, durability, ...(table && { table }) })
  }

  /** Whether one has to wait for the other to end. */
  excludes(other: SimulatedTransaction): boolean {
    if (this.mode === 'readonly' && other.mode === 'readonly') return false
    return [...this.#tables].some((table) => other.#tables.has(table))
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#work()
  }

  objectStore(name: string): SimulatedObjectStore {
    if (this.#state === 'finished') throw new DOMException('The transaction has ended.', 'InvalidStateError')
    if (!this.#tables.has(name)) throw new DOMException(`${name} is not among its tables`, 'NotFoundError')
    return new SimulatedObjectStore(this, name)
  }

  /** How a table is made, which only upgrades alter: it can be asked for at any time. */
  table(name: string): TableState {
    const table = this.#drafts.get(name)?.state ?? this.#home.state.tables.get(name)
    if (table === undefined) throw new DOMException(`there is no ${name}`, 'NotFoundError')
    return table
  }

  /** The table as this transaction has it: asked for only when its turn has come, and nobody else is at work on it. */
  draft(name: string): TableDraft {
    const known = this.#drafts.get(name)
    if (known !== undefined) return known
    const draft = new TableDraft(this.table(name))
    this.#drafts.set(name, draft)
    return draft
  }

  /** A new table, while tables may be altered. */
  addTable(name: string, options: { readonly keyPath: string | undefined; readonly autoIncrement: boolean }): void {
    this.assertActive()
    if (this.#tables.has(name)) throw new DOMException(`there is a ${name}`, 'ConstraintError')
    this.#tables.add(name)
    this.#drafts.set(name, new TableDraft({ ...options, nextKey: 1, indexes: new Map(), entries: [] }))
  }

  /** Asks for something; a cursor asks by the same request again and again. */
  place(name: CallName, table: string, source: unknown, run: () => unknown): SimulatedRequest {
    return this.placeAgain(new SimulatedRequest(source, this), name, table, run)
  }

  placeAgain(request: SimulatedRequest, name: CallName, table: string, run: () => unknown): SimulatedRequest {
    this.assertActive()
    const fault = this.ask(name, table)
    const fail = (): never => {
      throw fault
    }
    request.answer(undefined)
    this.#asked.push({ request, run: fault === undefined ? run : fail, answer: undefined, isTold: false })
    this.#work()
    return request
  }

  assertActive(): void {
    if (this.#state === 'active') return
    throw new DOMException(`The transaction is ${this.#state}.`, 'TransactionInactiveError')
  }

  assertWritable(): void {
    if (this.mode === 'readonly') throw new DOMException('The transaction only reads.', 'ReadOnlyError')
  }

  commit(): void {
    if (this.#state !== 'active') throw new DOMException(`The transaction is ${this.#state}.`, 'InvalidStateError')
    this.#state = 'committing'
    this.#work()
  }

  abort(): void {
    if (this.#state === 'committing' || this.#state === 'finished')
      throw new DOMException(`The transaction is ${this.#state}.`, 'InvalidStateError')
    this.ask('abort')
    this.abortWith(null)
  }

  /** Takes all of it back. Where a commit fails the browser may leave requests without an answer, as Chromium does: `isSilent`. */
  abortWith(error: DOMException | null, isSilent = false): void {
    if (this.#state === 'finished') return
    this.#state = 'finished'
    this.error = error
    this.#drafts.clear()
    for (const asked of this.#asked) {
      if (isSilent) asked.isTold = true
      if (asked.answer?.error !== undefined) continue
      asked.answer = { error: new DOMException('The transaction was aborted.', 'AbortError') }
      this.tab.post(() => this.#tell(asked))
    }
    this.tab.post(() => void dispatch('abort', [this, this.db]))
    this.#home.ended(this)
  }

  /** Tells of a moment at which the page may ask for more. */
  wake(tell: () => void): void {
    if (this.#state === 'inactive') this.#state = 'active'
    tell()
    this.tab.atEndOfTurn(() => this.#rest())
  }

  /** The end of a turn: without anything to wait for it commits. */
  #rest(): void {
    if (this.#state === 'active') this.#state = 'inactive'
    if (this.#state !== 'inactive' || this.#asked.length > 0) return
    this.#state = 'committing'
    this.#work()
  }

  #work(): void {
    if (!this.#isStarted || this.#isWorking || this.#isWritten || this.#state === 'finished') return
    const next = this.#asked.find(({ answer }) => answer === undefined)
    if (next === undefined && this.#state !== 'committing') return
    this.#isWorking = true
    this.tab.work(() => {
      this.#isWorking = false
      if (this.#state === 'finished') return
      if (next === undefined) this.#commit()
      else this.#answer(next)
      this.#work()
    })
  }

  #answer(asked: Asked): void {
    try {
      asked.answer = { result: asked.run() }
    } catch (error) {
      if (!(error instanceof DOMException)) throw error
      asked.answer = { error }
    }
    this.tab.post(() => this.#tell(asked))
  }

  #tell(asked: Asked): void {
    if (asked.isTold || asked.answer === undefined) return
    asked.isTold = true
    this.#asked = this.#asked.filter((other) => other !== asked)
    const { request, answer } = asked
    request.answer(answer)
    this.wake(() => {
      if (answer.error === undefined) dispatch('success', [request])
      else if (!dispatch('error', [request, this, this.db])) {
        const { error } = answer
        this.tab.atEndOfTurn(() => this.abortWith(error))
      }
    })
  }

  /** What could not be written goes with all the rest, also where the page was told to expect no more. */
  #commit(): void {
    const failed = this.#asked.find(({ answer }) => answer?.error !== undefined)?.answer?.error
    const fault = failed ?? this.ask('commit')
    if (fault === undefined) this.#write()
    else this.abortWith(fault, failed === undefined && this.tab.either())
  }

  #write(): void {
    const { state } = this.#home
    const altered = [...this.#drafts].filter(([name, draft]) => draft.state !== state.tables.get(name))
    if (altered.length > 0 || this.version !== undefined) {
      const tables = new Map([...state.tables, ...altered.map(([name, draft]) => [name, draft.state] as const)])
      this.#home.store({ version: this.version ?? state.version, tables }, this.durability)
    }
    this.#isWritten = true
    this.#home.ended(this)
    this.ask('complete')
    this.tab.post(() => {
      this.#state = 'finished'
      dispatch('complete', [this])
    })
  }
}
