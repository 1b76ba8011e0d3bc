// What can be undone and redone, in order: groups of own edits, as spans of local versions. It decides which ops a revoke is to name; making the
// revoke is the replica's. A new edit ends what could be redone, as editors do.

import type { Spans } from '../core/graph.ts'
import { union } from '../crdt/engine/spans.ts'

/** Own edits that are undone together. */
export interface UndoGroup {
  /** Spans of the edits, ascending: [start, end, …]. */
  readonly spans: Spans
}

interface Open {
  spans: number[]
  time: number
}

/** Groups kept: beyond, the oldest cannot be undone any more. */
const groupsMax = 1000

export class UndoStack {
  readonly #mergeMs: number
  #undo: Open[] = []
  #redo: Open[] = []
  /** Whether the next edit may join the newest group: not after an undo or redo. */
  #joins = false

  constructor(mergeMs: number) {
    this.#mergeMs = mergeMs
  }

  get canUndo(): boolean {
    return this.#undo.length > 0
  }

  get canRedo(): boolean {
    return this.#redo.length > 0
  }

  /** Own edits were made at `time` milliseconds. */
  edited(spans: Spans, time: number): void {
    if (spans.length === 0) return
    this.#redo = []
    const last = this.#undo.at(-1)
    const gap = last === undefined ? -1 : time - last.time
    if (this.#joins && last !== undefined && gap >= 0 && gap < this.#mergeMs) {
      for (let i = 0; i < spans.length; i += 2) join(last.spans, spans[i] as number, spans[i + 1] as number)
      last.time = time
    } else {
      this.#undo.push({ spans: [...spans], time })
      if (this.#undo.length > groupsMax) this.#undo.shift()
    }
    this.#joins = true
  }

  /** Begins a new group with the next edit, however soon it comes. */
  split(): void {
    this.#joins = false
  }

  undo(): UndoGroup | undefined {
    return this.#move(this.#undo, this.#redo)
  }

  redo(): UndoGroup | undefined {
    return this.#move(this.#redo, this.#undo)
  }

  /** Somebody else, or we ourselves in an earlier life, took these back, as one step. */
  undone(spans: ArrayLike<number>): void {
    this.#undo = this.#gather(this.#undo, this.#redo, spans)
  }

  /** The same for what was brought again. */
  redone(spans: ArrayLike<number>): void {
    this.#redo = this.#gather(this.#redo, this.#undo, spans)
  }

  clear(): void {
    this.#undo = []
    this.#redo = []
  }

  #move(from: Open[], to: Open[]): UndoGroup | undefined {
    const group = from.pop()
    if (group === undefined) return undefined
    to.push(group)
    this.#joins = false
    return group
  }

  /** Moves the groups that have any of these, as one; gives the others. */
  #gather(from: Open[], to: Open[], spans: ArrayLike<number>): Open[] {
    const moved = from.filter((group) => overlaps(group.spans, spans))
    const [newest] = moved.slice(-1)
    if (newest === undefined) return from
    to.push({ spans: [...moved.map((group): Spans => group.spans).reduce(union)], time: newest.time })
    this.#joins = false
    return from.filter((one) => !moved.includes(one))
  }
}

/** Whether two lists of spans have anything in common. */
export function overlaps(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if ((a[i] as number) < (b[j + 1] as number) && (b[j] as number) < (a[i + 1] as number)) return true
    if ((a[i + 1] as number) < (b[j + 1] as number)) i += 2
    else j += 2
  }
  return false
}

function join(spans: number[], start: number, end: number): void {
  if (spans.at(-1) === start) spans[spans.length - 1] = end
  else spans.push(start, end)
}
