// What a page asks of its browser's database, told to whoever watches it or wants it to fail; and the loops that work is done in.

export type CallName =
  | 'open'
  | 'deleteDatabase'
  | 'transaction'
  | 'get'
  | 'getKey'
  | 'getAll'
  | 'getAllKeys'
  | 'count'
  | 'add'
  | 'put'
  | 'delete'
  | 'clear'
  | 'openCursor'
  | 'continue'
  | 'abort'
  | 'commit'
  | 'complete'

/** One call of a tab; 'commit' is the moment before a transaction is written, 'complete' the one when it is written and nobody knows. */
export interface BrowserCall {
  /** 0, 1, 2 … over the life of the browser. */
  readonly index: number
  /** 0, 1, 2 … in the order in which tabs were opened. */
  readonly tab: number
  readonly name: CallName
  readonly database: string
  /** 0, 1, 2 … over the life of the browser. */
  readonly transaction?: number
  readonly durability?: 'strict' | 'relaxed'
  readonly table?: string
}

/** What happens instead: it fails with a DOMException of this name, such as QuotaExceededError, and the transaction is aborted. */
export interface BrowserFault {
  readonly error: string
}

/** Asked before each call. */
export type Ask = (call: Omit<BrowserCall, 'index' | 'tab'>) => DOMException | undefined

/** A tab as the database sees it. */
export interface TabTasks {
  readonly ask: Ask
  readonly isAlive: boolean
  /** It hears of nothing for now. */
  readonly isStill: boolean
  /** What the tab is told, in order, once it runs. */
  post(task: () => void): void
  /** What the browser does by itself, whatever becomes of the tab. */
  work(task: () => void): void
  /** When all that this turn of the tab's event loop brought about is over, promises too. */
  atEndOfTurn(task: () => void): void
  /** A chance of one half. */
  either(): boolean
  nextTransaction(): number
}
