// Edits of texts and lists that are merged together: many rows at once cost less than one by one, where branches go to and fro (eg-sequence.ts). Only
// for ops that act on nothing but their own sequence: whoever clears, switches or needs an item of what waits here, has it merged first.

import { limits } from '../../base/limits.ts'
import type { LV, Spans } from '../../core/graph.ts'
import { Kind } from '../../core/kinds.ts'
import type { Context } from './context.ts'
import type { ListState } from './list-state.ts'
import type { Container } from './state.ts'
import type { TextState } from './text-state.ts'

/** Rows of one sequence, as Sequence.mergeMany() takes them. */
interface Waiting {
  readonly rows: LV[]
  readonly unseen: Spans[]
}

export class Batch {
  readonly #context: Context
  readonly #waiting = new Map<TextState | ListState, Waiting>()
  /** The op that waits longest. */
  #from: LV = -1
  #last: TextState | ListState | undefined
  #lastWaiting: Waiting | undefined

  constructor(context: Context) {
    this.#context = context
  }

  /** Takes ops [from, to) of one row of the log, to be merged later; false if the caller is to merge them, and now. */
  take(row: number, from: LV, to: LV, unseen: Spans): boolean {
    const { log } = this.#context
    const kind = log.kindOf(row)
    if (kind === Kind.meta || log.isVoid(row)) return false
    const ref = log.refOf(row)
    const maker = log.makerOf(ref)
    // Whether an item of a list that waits was made is known when it is merged.
    if (this.#from >= 0 && maker >= this.#from && log.kindOf(log.rowAt(maker)) === Kind.insert) this.flush()
    const container = this.#context.seenContainer(ref, from, unseen)
    if (isEditOf(kind, container)) {
      const waiting = container === this.#last ? (this.#lastWaiting as Waiting) : this.#waitingOf(container)
      waiting.rows.push(from, to)
      waiting.unseen.push(unseen)
      if (this.#from < 0) this.#from = from
      return true
    }
    if (this.#from >= 0 && this.#actsElsewhere(kind, container, from)) this.flush()
    return false
  }

  /** Merges what waits. */
  flush(): void {
    if (this.#from < 0) return
    for (const [container, { rows, unseen }] of this.#waiting) {
      if (unseen.length === 1) container.sequence.merge(rows[0] as LV, rows[1] as LV, unseen[0] as Spans)
      else container.sequence.mergeMany(rows, unseen)
      // What was inserted may be invisible, and is to be cleared all the same.
      if (container.spent) this.#context.grow(container)
    }
    this.#waiting.clear()
    this.#from = -1
    this.#last = undefined
  }

  /** Whether an op may act on what waits: an edit that is not taken, a revoke, or what clears slots. */
  #actsElsewhere(kind: Kind, container: Container | undefined, lv: LV): boolean {
    if (kind <= Kind.eraseBack || kind >= Kind.revoke) return true
    if (container?.type !== 'map') return false
    const { log } = this.#context
    return container.entries.get(log.keys[log.aOf(log.rowAt(lv))] as string)?.slots !== undefined
  }

  #waitingOf(container: TextState | ListState): Waiting {
    const known = this.#waiting.get(container)
    const waiting = known ?? { rows: [], unseen: [] }
    if (known === undefined) this.#waiting.set(container, waiting)
    this.#last = container
    this.#lastWaiting = waiting
    return waiting
  }
}

/** Whether this is how a text or list is edited that stands at a depth at which its items may hold containers. */
function isEditOf(kind: Kind, container: Container | undefined): container is TextState | ListState {
  if (kind < Kind.type || kind > Kind.eraseBack) return false
  if (container?.type === 'text') return kind !== Kind.insert
  return container?.type === 'list' && kind !== Kind.type && container.depth < limits.depth
}
