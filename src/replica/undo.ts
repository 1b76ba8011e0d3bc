// Undo and redo of one's own edits, by revokes (FORMAT §3): what was written comes and goes under its own name, so two who undo overlapping deletes get
// the text once, and what others wrote since stays. What is undone is said by ops, so it survives a reload, and other undos of the same document follow.

import { JoineryError } from '../base/errors.ts'
import type { LV, Spans } from '../core/graph.ts'
import { ownerOf } from '../core/ids.ts'
import type { Path } from '../crdt/patch.ts'
import { editsAt, revokeIn } from './places.ts'
import type { Replica } from './replica.ts'
import { overlaps, UndoStack } from './undo-stack.ts'

export interface UndoOptions {
  /** Only edits at this path or inside of it; indexes are those of now. Everything by default. */
  readonly scope?: Path
  /** Edits that follow one another within less than so many milliseconds are undone together; 0: each alone. 300 by default. */
  readonly mergeMs?: number
}

export interface Undo {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Takes back the newest edits that are not undone, in a change of its own; false if there are none. Errors: 'bad-change' inside of a change. */
  undo(): boolean
  /** Brings back what undo() took back last; false if there is nothing, or something was edited since. Errors: 'bad-change'. */
  redo(): boolean
  /** The next edit begins a new step, however soon it comes. */
  split(): void
  /** Forgets what could be undone, and listens no more. */
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
  const { replica } = target
  const stack = new UndoStack(mergeMs)
  restore(replica, scope, stack)
  let isOwn = false
  const off = target.onLocal((from, to) => {
    if (isOwn) isOwn = false
    else note(replica, from, to, scope, stack, target.now())
  })
  const move = (level: 1 | 2): boolean => {
    // Before the revoke, since who listens to it asks what can be undone.
    const group = level === 1 ? stack.undo() : stack.redo()
    if (group === undefined) return false
    const targets = level === 1 ? group.spans : revokesOf(replica, group.spans)
    if (targets.length === 0) return true
    isOwn = true
    try {
      target.revoke(level, targets)
    } catch (error) {
      level === 1 ? stack.redo() : stack.undo()
      throw error
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
    close: () => {
      off()
      stack.clear()
    },
  }
}

/** What this actor did before, and what of it is undone: so that undo survives a reload. Each change is a step then. */
function restore(replica: Replica, scope: Path, stack: UndoStack): void {
  const { history, branch } = replica
  for (let seq = 0; seq < history.graph.endOf(branch); ) {
    const end = history.changeEndAfter(branch, seq)
    const lv = history.graph.lvOf(branch, seq)
    note(replica, lv, lv + end - seq, scope, stack, 0)
    stack.split()
    seq = end
  }
}

/** One own change, the ops [from, to): edits, or an undo or redo that another Undo made. */
function note(replica: Replica, from: LV, to: LV, scope: Path, stack: UndoStack, time: number): void {
  const { history, document } = replica
  const revoke = revokeIn(history, from, to)
  if (revoke === undefined) stack.edited(editsAt(history, document, from, to, scope), time)
  else if (revoke.level === 1) stack.undone(revoke.targets)
  else
    for (const { lv, level, targets } of document.switches.revokes)
      if (level === 1 && overlaps([lv, lv + 1], revoke.targets)) stack.redone(targets)
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
