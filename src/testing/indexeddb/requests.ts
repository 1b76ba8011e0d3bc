// What tells a page that something happened: targets with listeners, and requests that are answered once, or, by a cursor, again and again. An
// error goes from its request up to the transaction and the database.

export interface SimulatedEvent {
  readonly type: string
  readonly target: SimulatedTarget
  readonly oldVersion?: number
  readonly newVersion?: number | null
  defaultPrevented: boolean
  preventDefault(): void
}

type Listener = (event: SimulatedEvent) => void

export class SimulatedTarget {
  readonly #listeners = new Map<string, Set<Listener>>()

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener)
  }

  /** Tells the listeners, and the one that stands as `onsuccess` and the like. */
  hear(event: SimulatedEvent): void {
    const own: unknown = Reflect.get(this, `on${event.type}`)
    if (typeof own === 'function') own.call(this, event)
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) listener(event)
  }
}

/** Tells a target, and then those above it. Returns whether somebody took care of it. */
export function dispatch(
  type: string,
  path: readonly [SimulatedTarget, ...(SimulatedTarget | null)[]],
  versions: { readonly oldVersion?: number; readonly newVersion?: number | null } = {},
): boolean {
  const event: SimulatedEvent = {
    type,
    target: path[0],
    ...versions,
    defaultPrevented: false,
    preventDefault: () => {
      event.defaultPrevented = true
    },
  }
  for (const target of path) target?.hear(event)
  return event.defaultPrevented
}

/** IDBRequest. */
export class SimulatedRequest extends SimulatedTarget {
  readonly source: unknown
  /** Of a request to open a database it is known while the tables are altered, and no longer. */
  transaction: SimulatedTarget | null
  #answer: { readonly result?: unknown; readonly error?: DOMException } | undefined

  constructor(source: unknown, transaction: SimulatedTarget | null) {
    super()
    this.source = source
    this.transaction = transaction
  }

  get readyState(): 'pending' | 'done' {
    return this.#answer === undefined ? 'pending' : 'done'
  }

  get result(): unknown {
    return this.#known().result
  }

  get error(): DOMException | null {
    return this.#known().error ?? null
  }

  /** Answers it; undefined if it is to be answered anew. */
  answer(answer: { readonly result?: unknown; readonly error?: DOMException } | undefined): void {
    this.#answer = answer
  }

  #known(): { readonly result?: unknown; readonly error?: DOMException } {
    if (this.#answer !== undefined) return this.#answer
    throw new DOMException('The request is not answered yet.', 'InvalidStateError')
  }
}

/** IDBOpenDBRequest. */
export class SimulatedOpenRequest extends SimulatedRequest {
  constructor() {
    super(null, null)
  }
}
