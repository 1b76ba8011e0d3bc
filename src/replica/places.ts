// Where ops edited, for those who look at a part of a document: also where that shows no more, and of a revoke, where what it names edited.

import type { LV, Spans } from '../core/graph.ts'
import { Kind } from '../core/kinds.ts'
import type { EngineDocument } from '../crdt/engine/document.ts'
import { type Container, isShown } from '../crdt/engine/state.ts'
import type { Path } from '../crdt/patch.ts'
import type { History } from './history.ts'

/** Of the ops [from, to), as spans: the edits that count, at a path or inside of it. */
export function editsAt(history: History, document: EngineDocument, from: LV, to: LV, path: Path): Spans {
  const { log } = history
  const spans: number[] = []
  for (let lv = from, row = log.rowAt(from); lv < to; row++) {
    const end = Math.min(log.endOf(row), to)
    if (isEdit(log.kindOf(row)) && !log.isVoid(row) && isAt(history, document, row, path)) {
      if (spans.at(-1) === lv) spans[spans.length - 1] = end
      else spans.push(lv, end)
    }
    lv = end
  }
  return spans
}

/** The revoke among the ops [from, to), if there is one. */
export function revokeIn({ log }: History, from: LV, to: LV): { level: 1 | 2; targets: ArrayLike<number> } | undefined {
  for (let lv = from, row = log.rowAt(from); lv < to; lv = log.endOf(row), row++) {
    if (log.kindOf(row) !== Kind.revoke || log.isVoid(row)) continue
    const targets = log.values[log.bOf(row)]
    if (targets instanceof Int32Array) return { level: log.aOf(row) === 2 ? 2 : 1, targets }
  }
  return undefined
}

/** Whether one of the ops [from, to) altered something at a path or inside of it. */
export function touches(history: History, document: EngineDocument, from: LV, to: LV, path: Path): boolean {
  if (path.length === 0 || editsAt(history, document, from, to, path).length > 0) return true
  const revoke = revokeIn(history, from, to)
  if (revoke === undefined) return false
  const { level, targets } = revoke
  for (let i = 0; i < targets.length; i += 2) {
    const [start, end] = [targets[i] as LV, targets[i + 1] as LV]
    // A redo names undos, which name edits, so this goes one deeper at most.
    if (level === 1 && editsAt(history, document, start, end, path).length > 0) return true
    if (level === 2) for (let lv = start; lv < end; lv++) if (touches(history, document, lv, lv + 1, path)) return true
  }
  return false
}

function isEdit(kind: Kind): boolean {
  return kind !== Kind.meta && kind < Kind.revoke
}

function isAt({ log }: History, document: EngineDocument, row: number, path: Path): boolean {
  if (path.length === 0) return true
  const container = document.containerOf(log.refOf(row))
  if (container === undefined) return false
  const kind = log.kindOf(row)
  const isKey = kind === Kind.set || kind === Kind.make || kind === Kind.unset
  const place = placeOf(container)
  const whole = isKey ? [...place, log.keys[log.aOf(row)]] : place
  return path.every((key, i) => whole[i] === key)
}

/** Keys and indexes of a container; an item that shows no more stands at -1. */
function placeOf(container: Container): Path {
  const path: (string | number)[] = []
  for (let at = container; at.parent !== undefined; at = at.parent) {
    if (at.entry !== undefined) path.push(at.entry.key)
    else path.push(at.parent.type === 'list' && isShown(at) ? at.parent.indexOf(at) : -1)
  }
  return path.reverse()
}
