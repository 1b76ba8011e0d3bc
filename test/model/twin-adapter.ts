// Reads the ops of a replica as the twin takes them: from the event graph and the op log alone, row by row, as core/kinds.ts says. What the
// document made of them is not looked at.

import type { Actors } from '../../src/core/actors.ts'
import type { Graph } from '../../src/core/graph.ts'
import { type Cut, containerTypes, Kind, Make, type Targets } from '../../src/core/kinds.ts'
import type { OpLog } from '../../src/core/op-log.ts'
import type { Scalar } from '../../src/core/value.ts'
import { nameOf, type OpName, type TwinAction, type TwinOp } from './twin-op.ts'

/** What a replica knows, by local versions. */
export interface Known {
  readonly graph: Graph
  readonly log: OpLog
  readonly actors: Actors
}

/** The ops from one local version on, parents first. */
export function opsOf(known: Known, from = 0): TwinOp[] {
  const out: TwinOp[] = []
  for (let lv = from; lv < known.log.length; lv++) out.push(opAt(known, lv))
  return out
}

export function nameAt({ graph, actors }: Known, lv: number): OpName {
  return nameOf({ actor: actors.nameOf(graph.branchAt(lv)), seq: graph.seqAt(lv) })
}

export function opAt(known: Known, lv: number): TwinOp {
  const { graph, log, actors } = known
  const row = log.rowAt(lv)
  const maker = log.makerOf(log.refOf(row))
  return {
    ...actionAt(known, row, lv - log.startOf(row)),
    actor: actors.nameOf(graph.branchAt(lv)),
    seq: graph.seqAt(lv),
    parents: graph.parentsAt(lv).map((parent) => nameAt(known, parent)),
    container: maker < 0 ? undefined : nameAt(known, maker),
  }
}

/** What the i-th op of a row does. */
function actionAt(known: Known, row: number, i: number): TwinAction {
  const { log } = known
  const kind = log.kindOf(row)
  const a = log.aOf(row)
  const b = log.bOf(row)
  switch (kind) {
    case Kind.meta:
      return { kind: 'meta' }
    case Kind.type:
      return { kind: 'type', index: a + i, unit: log.units.data[b + i] ?? 0 }
    case Kind.insert: {
      const content = log.values[b + i]
      return {
        kind: 'insert',
        index: a + i,
        content: content instanceof Make ? { make: content.type } : { value: scalarAt(log, b + i) },
      }
    }
    case Kind.erase:
      return { kind: 'erase', index: a }
    case Kind.eraseBack:
      return { kind: 'erase', index: a - i }
    case Kind.set:
      return { kind: 'set', key: keyAt(log, a), value: scalarAt(log, b) }
    case Kind.make:
      return { kind: 'make', key: keyAt(log, a), make: containerTypes[b % 16] ?? 'map', gen: Math.floor(b / 16) }
    case Kind.unset:
      return { kind: 'unset', key: keyAt(log, a) }
    case Kind.add:
      return { kind: 'add', by: a === 0 ? BigInt(b) : BigInt(log.values[b] as number | bigint) }
    case Kind.include:
      return { kind: 'include', value: scalarAt(log, b) }
    case Kind.exclude:
      return { kind: 'exclude', value: scalarAt(log, b) }
    case Kind.append:
      return { kind: 'append', value: scalarAt(log, b + i) }
    case Kind.assign:
      return { kind: 'assign', value: scalarAt(log, b) }
    case Kind.revoke:
      return { kind: 'revoke', level: a === 1 ? 1 : 2, targets: namesIn(known, log.values[b] as Targets) }
    case Kind.cut: {
      const { actor, afterSeq } = log.values[b] as Cut
      return { kind: a === 1 ? 'cut' : 'uncut', whom: Buffer.from(actor).toString('hex'), afterSeq }
    }
    case Kind.unknown:
      return { kind: 'unknown' }
  }
}

function namesIn(known: Known, spans: Targets): OpName[] {
  const out: OpName[] = []
  for (let i = 0; i < spans.length; i += 2)
    for (let lv = spans[i] ?? 0; lv < (spans[i + 1] ?? 0); lv++) out.push(nameAt(known, lv))
  return out.sort()
}

function keyAt(log: OpLog, id: number): string {
  const key = log.keys[id]
  if (key === undefined) throw new Error(`no key ${id}`)
  return key
}

function scalarAt(log: OpLog, index: number): Scalar {
  return log.values[index] as Scalar
}
