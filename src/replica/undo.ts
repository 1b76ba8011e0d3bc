// Undo and redo of one's own edits, by revokes (FORMAT §3): what was written comes and goes under its own name, so two who undo overlapping deletes get
// the text once, and what others wrote since stays.

import { JoineryError } from '../base/errors.ts'
import type { LV, Spans } from '../core/graph.ts'
import { ownerOf } from '../core/ids.ts'
import { Kind } from '../core/kinds.ts'
import type { Path } from '../crdt/patch.ts'
import type { Replica } from './replica.ts'
import { UndoStack } from './undo-stack.ts'

export interface UndoOptions {
  /** Only edits at this path or inside of it. */
  readonly scope?: Path
  /** Edits that follow one another within so many milliseconds are undone together. 300 by default. */
  readonly mergeMs?: number
}

export interface Undo {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Takes back the newest edits that are not undone; false if there are none. */
  undo(): boolean
  redo(): boolean
  /** The next edit begins a new step, however soon it comes. */
  split(): void
  /** Forgets what could be undone. */
  close(): void
}

/** What an undo needs of a document. */
export interface Undoable {
  readonly replica: Replica
  readonly now: () => number
  /** Makes a change of one revoke, and tells of it. */
  revoke(level: 1 | 2, targets: Spans): void
  /** Calls back with the ops [from, to) of each local change. */
  onLocal(fn: (from: LV, to: LV) => void): () => void
}

const mergeMsDefault = 300

export function undoOf(target: Undoable, { scope = [], mergeMs = mergeMsDefault }: UndoOptions): Undo {
  if (!(mergeMs >= 0)) throw new JoineryError('bad-option', `mergeMs is ${mergeMs}: give milliseconds from 0 on`)
  const stack = new UndoStack(mergeMs)
  restore(target, scope, stack)
  let isOwn = false
  const off = target.onLocal((from, to) => {
    if (!isOwn) stack.edited(editsIn(target.replica, from, to, scope), target.now())
  })
  const move = (level: 1 | 2): boolean => {
    const group = level === 1 ? stack.undo() : stack.redo()
    if (group === undefined) return false
    const targets = level === 1 ? group.spans : revokesOf(target.replica, group.spans)
    isOwn = true
    try {
      if (targets.length > 0) target.revoke(level, targets)
    } finally {
      isOwn = false
    }
    return true
  }
  return {
    get canUndo() {
      return stack.canUndo
    },
    get canRedo() {
      return stack.canRedo
    },
    undo: () => move(1),
    redo: () => move(2),
    split: () => stack.split(),
    close: off,
  }
}

/** What this actor did before, as far as it is not undone: so that undo survives a reload. */
function restore({ replica }: Undoable, scope: Path, stack: UndoStack): void {
  const { graph, log } = replica.history
  const branch = replica.history.branchOf(replica.actor)
  for (let seq = 0; seq < graph.endOf(branch); ) {
    const end = replica.history.changeEndAfter(branch, seq)
    const lv = graph.lvOf(branch, seq)
    const edits = editsIn(replica, lv, lv + end - seq, scope)
    const row = log.rowAt(lv)
    if (log.kindOf(row) === Kind.revoke) log.aOf(row) === 1 ? stack.undo() : stack.redo()
    else stack.edited(edits, Number.POSITIVE_INFINITY)
    stack.split()
    seq = end
  }
}

/** The edits among ops [from, to) that are in the scope, as spans. */
function editsIn({ history: { log }, document }: Replica, from: LV, to: LV, scope: Path): Spans {
  const spans: number[] = []
  for (let lv = from, row = log.rowAt(from); lv < to; row++) {
    const end = Math.min(log.endOf(row), to)
    const kind = log.kindOf(row)
    if (kind !== Kind.meta && kind < Kind.revoke && !log.isVoid(row) && isIn(row)) {
      if (spans.at(-1) === lv) spans[spans.length - 1] = end
      else spans.push(lv, end)
    }
    lv = end
  }
  return spans

  function isIn(row: number): boolean {
    if (scope.length === 0) return true
    const container = document.containerOf(log.refOf(row))
    const path = container === undefined ? undefined : document.pathOf(container)
    if (path === undefined) return false
    const kind = log.kindOf(row)
    const isKey = kind === Kind.set || kind === Kind.make || kind === Kind.unset
    const at = isKey ? [...path, log.keys[log.aOf(row)]] : path
    return scope.every((key, i) => at[i] === key)
  }
}

/** The revokes of the same member that switch any of these off (FORMAT §3: a redo names every one that it saw). */
function revokesOf(replica: Replica, spans: Spans): Spans {
  const { graph, actors } = replica.history
  const own = memberOf(replica.actor)
  const out: number[] = []
  for (const { lv, level, targets } of replica.document.switches.revokes) {
    if (level !== 1 || memberOf(actors.nameOf(graph.branchAt(lv))) !== own || !overlaps(targets, spans)) continue
    if (out.at(-1) === lv) out[out.length - 1] = lv + 1
    else out.push(lv, lv + 1)
  }
  return out

  function memberOf(actor: typeof replica.actor): string {
    return ownerOf(actor).kind === 1 ? actor.slice(0, 66) : actor
  }
}

function overlaps(a: ArrayLike<number>, b: Spans): boolean {
  for (let i = 0; i < a.length; i += 2)
    for (let j = 0; j < b.length; j += 2)
      if ((a[i] as number) < (b[j + 1] as number) && (b[j] as number) < (a[i + 1] as number)) return true
  return false
}
