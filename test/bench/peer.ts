// What the benchmark asks of an engine: one small interface, so that every case is written once and does the same work for all.

/** What an engine cannot do is said in its row: "n/a" for the others, "not built" for ours. */
export class Missing extends Error {
  constructor(what: string) {
    super(`no ${what}`)
  }
}

export interface DocOptions {
  /** Which replica this is: 1, 2, 3 … Each engine makes its own kind of id of it, random-looking and of the usual size. */
  readonly actor: number
  /** Is called with what each edit outside a transaction, or each transaction, has to tell others, at once. */
  readonly onDelta?: (delta: Uint8Array) => void
  /** Ours alone: edit by live handles, or each time through `change`. */
  readonly via?: 'handle' | 'change'
  /** Keep deleted text, where that is a choice that is made at birth. */
  readonly keepsHistory?: boolean
}

export interface Peer {
  readonly name: string
  create(options: DocOptions): PeerDoc
  /** A document from what `save` gave, ready to be read and edited. */
  load(document: Uint8Array, options: DocOptions): PeerDoc
}

export interface Todo {
  readonly title: string
  readonly done: boolean
  readonly due: number
}

/** Anything that can be kept in a file between two processes. */
export type SavedVersion = unknown

/** A document with one root text, one root list and one root map. What a subclass leaves out, its engine does not have. */
export abstract class PeerDoc {
  insertText(_index: number, _text: string): void {
    throw new Missing('text')
  }
  deleteText(_index: number, _count: number): void {
    throw new Missing('text')
  }
  text(): string {
    throw new Missing('text')
  }

  insertList(_index: number, _values: readonly (number | string)[]): void {
    throw new Missing('list')
  }
  list(): readonly unknown[] {
    throw new Missing('list')
  }

  setMap(_key: string, _value: unknown): void {
    throw new Missing('map')
  }
  map(): Readonly<Record<string, unknown>> {
    throw new Missing('map')
  }

  /** The list holds to-do objects that merge field by field. */
  pushTodo(_todo: Todo): void {
    throw new Missing('objects in a list')
  }
  setTodo(_index: number, _field: keyof Todo, _value: Todo[keyof Todo]): void {
    throw new Missing('objects in a list')
  }

  add(_by: number): void {
    throw new Missing('counter')
  }
  counter(): number {
    throw new Missing('counter')
  }

  /** Fills the movable list with 0, 1, 2 … */
  fillMovable(_count: number): void {
    throw new Missing('movable list')
  }
  move(_from: number, _to: number): void {
    throw new Missing('movable list')
  }
  movable(): readonly unknown[] {
    throw new Missing('movable list')
  }

  /** All edits that `fn` makes are one change with one delta. */
  abstract transact(fn: () => void): void

  abstract receive(delta: Uint8Array): void
  /** The fastest way this engine has to take many deltas, parents first. */
  receiveAll(deltas: readonly Uint8Array[]): void {
    for (const delta of deltas) this.receive(delta)
  }

  version(): SavedVersion {
    throw new Missing('version')
  }
  /** What a holder of `version`, or of nothing, lacks. */
  since(_version?: SavedVersion): Uint8Array {
    throw new Missing('delta since a version')
  }
  /** Takes what `since` gave. */
  receiveSince(delta: Uint8Array): void {
    this.receive(delta)
  }

  /** The document as this engine is usually kept. */
  abstract save(): Uint8Array
  saveWithHistory(): Uint8Array {
    throw new Missing('history')
  }
  saveWithoutDeleted(): Uint8Array {
    throw new Missing('snapshot without deleted text')
  }
  saveUncompressed(): Uint8Array {
    throw new Missing('choice of compression')
  }
  /** Average bytes that these, all the deltas so far, have in the form that a session sends. */
  sessionDeltaBytes(_deltas: readonly Uint8Array[]): number {
    throw new Missing('session form')
  }
}
