// The value as it was at an older version: made anew from the log, but for texts and lists, whose items their Sequences show as they were.

import type { LV, Spans } from '../../core/graph.ts'
import { inSpans } from '../../core/graph.ts'
import { Kind, Make } from '../../core/kinds.ts'
import type { Scalar } from '../../core/value.ts'
import { Cuts } from '../cuts.ts'
import { build } from './build.ts'
import { Context } from './context.ts'
import { Effects } from './effects.ts'
import type { Item, ListState } from './list-state.ts'
import { minus, union } from './spans.ts'
import { type Container, isContainer } from './state.ts'
import { Switches } from './switches.ts'
import type { TextState } from './text-state.ts'
import { UnseenWalk } from './unseen-walk.ts'

/** `now` holds the Sequences. */
export function valueAtVersion(now: Context, version: readonly LV[]): unknown {
  const { graph, log, compareBranches } = now
  log.thaw()
  const absent = graph.diff(graph.frontier, version).onlyA
  const then = new Context(graph, log, compareBranches)
  const { off } = switchesAt(now, absent)
  const skipped = union(absent, off)
  const effects = new Effects(then, (lv) => inSpans(skipped, lv))
  const walk = new UnseenWalk(graph)
  const end = (version.at(-1) ?? -1) + 1
  for (let lv = 0; lv < end; ) {
    const row = log.rowAt(lv)
    const stop = Math.min(log.endOf(row), end)
    const kind = log.kindOf(row)
    if (kind === Kind.make && !log.isVoid(row) && inSpans(off, lv) && !inSpans(absent, lv))
      effects.makeOff(lv, walk.unseenAt(lv))
    if (!isSequenceKind(kind) && kind < Kind.revoke && !log.isVoid(row))
      for (const [from, to] of pieces(lv, stop, skipped)) effects.apply(from, to, walk.unseenAt(from))
    lv = stop
  }
  fill(now, then, version)
  return build(then.root, then.rollback)
}

/** What revokes and cuts of the version switch. */
function switchesAt({ graph, log }: Context, absent: Spans): Switches {
  const cuts = new Cuts()
  const switches = new Switches(graph, cuts)
  const walk = new UnseenWalk(graph)
  for (let row = 0; row < log.count; row++) {
    const lv = log.startOf(row)
    const kind = log.kindOf(row)
    if ((kind !== Kind.revoke && kind !== Kind.cut) || log.isVoid(row) || inSpans(absent, lv)) continue
    if (kind === Kind.cut) cuts.take(graph, log, lv)
    else switches.add(lv, log.aOf(row) === 2 ? 2 : 1, log.values[log.bOf(row)] as Int32Array, walk.unseenAt(lv))
  }
  if (cuts.acts.length > 0) switches.renew(graph.length)
  return switches
}

function* pieces(from: LV, to: LV, without: Spans): Generator<[LV, LV]> {
  const left = minus([from, to], without)
  for (let i = 0; i < left.length; i += 2) yield [left[i] as LV, left[i + 1] as LV]
}

/** Gives each text and list that shows the items it had. */
function fill(now: Context, then: Context, version: readonly LV[]): void {
  const todo: Container[] = [then.root]
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (at.type === 'map')
      for (const { value } of at.entries.values()) {
        if (isContainer(value)) todo.push(value)
      }
    else if (at.type === 'text' || at.type === 'list') {
      const source = now.containerOf(now.log.refTo(at.maker))
      if (source?.type !== at.type) continue
      if (at.type === 'text') fillText(then, at, source as TextState, version)
      else for (const item of fillList(then, at, source as ListState, version)) if (isContainer(item)) todo.push(item)
    }
  }
}

function fillText({ log }: Context, text: TextState, source: TextState, version: readonly LV[]): void {
  source.sequence.orderAt(version, (lv, count, isVisible) => {
    if (!isVisible) return
    for (let at = lv; at < lv + count; ) {
      const row = log.rowAt(at)
      const stop = Math.min(log.endOf(row), lv + count)
      const offset = log.bOf(row) + at - log.startOf(row)
      text.units.insert(text.units.length, log.units.data, offset, stop - at)
      at = stop
    }
  })
  text.recount()
}

function fillList(then: Context, list: ListState, source: ListState, version: readonly LV[]): readonly Item[] {
  const { log } = then
  const items: Item[] = []
  source.sequence.orderAt(version, (lv, count, isVisible) => {
    for (let at = lv; isVisible && at < lv + count; at++) {
      const row = log.rowAt(at)
      const value = log.values[log.bOf(row) + at - log.startOf(row)]
      items.push(value instanceof Make ? then.itemOf(list, at, value.type) : (value as Scalar))
    }
  })
  list.putBack(0, items)
  return items
}

function isSequenceKind(kind: Kind): boolean {
  return kind >= Kind.type && kind <= Kind.eraseBack
}
