// Logs for snapshots: a replica that merges changes, and recorded traces as its history.

import { readFileSync } from 'node:fs'
import { deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib'
import { present } from '../../src/base/assert.ts'
import { Actors } from '../../src/core/actors.ts'
import { Graph, type LV } from '../../src/core/graph.ts'
import { actorId } from '../../src/core/ids.ts'
import { containerTypes, Kind } from '../../src/core/kinds.ts'
import { OpLog } from '../../src/core/op-log.ts'
import { Sequence } from '../../src/crdt/eg-sequence.ts'
import type { SequenceOrder } from '../../src/replica/snapshot-content.ts'
import type { SnapshotSource } from '../../src/replica/snapshot-encode.ts'
import { dataPath } from '../setup/data.ts'
import { plainState } from './snapshot-plain-state.ts'

export const deflate = (bytes: Uint8Array): Uint8Array => deflateRawSync(bytes, { level: 9 })
export const inflate = (bytes: Uint8Array, sizeMax: number): Uint8Array =>
  inflateRawSync(bytes, { maxOutputLength: Math.max(1, sizeMax) })

export type Patches = readonly [index: number, deleted: number, inserted: string][]

export interface Trace {
  readonly endContent: string
  readonly txns: readonly { readonly parents?: readonly number[]; readonly agent?: number; readonly patches: Patches }[]
}

export function readTrace(path: string): Trace {
  return JSON.parse(gunzipSync(readFileSync(dataPath(`traces/${path}.json.gz`))).toString('utf8')) as Trace
}

/** Graph, log and actors of a replica that merges whole changes. */
export class World {
  readonly actors = new Actors()
  readonly graph = new Graph()
  readonly log = new OpLog()
  readonly #sequences = new Map<string, Sequence>()

  /** Merges one change; gives the LV of its last op. `push` pushes the rows, and says with each whether it goes on from the one before. */
  change(branch: number, parents: readonly LV[], push: (log: OpLog) => void): LV {
    const { graph, log } = this
    const unseen = graph.unseen(branch, parents)
    const start = log.length
    push(log)
    graph.append(branch, log.length - start, parents)
    log.endChange(log.length - start)
    graph.remember(branch, unseen)
    for (let lv = start; lv < log.length; ) {
      const row = log.rowAt(lv)
      const end = log.endOf(row)
      const kind = log.kindOf(row)
      if (kind >= Kind.type && kind <= Kind.eraseBack)
        this.#sequence(log.makerOf(log.refOf(row))).merge(lv, end, unseen)
      lv = end
    }
    return log.length - 1
  }

  #sequence(maker: LV): Sequence {
    const slot = slotOf(this.log, maker)
    const known = this.#sequences.get(slot)
    if (known !== undefined) return known
    const made = new Sequence(this.graph, this.log, this.actors.compare, counting())
    this.#sequences.set(slot, made)
    return made
  }

  source(): SnapshotSource {
    const { actors, graph, log } = this
    const orders = replay(graph, log, actors)
    return { actors, graph, log, orders, state: plainState(this, orders) }
  }
}

function counting(): {
  length: number
  insert(index: number, lv: LV, count: number): void
  remove(index: number, count: number): void
} {
  return {
    length: 0,
    insert(_, __, count) {
      this.length += count
    },
    remove(_, count) {
      this.length -= count
    },
  }
}

/** The order of all texts and lists, from rows alone. */
export function replay(graph: Graph, log: OpLog, actors: Actors): SequenceOrder[] {
  log.thaw()
  const sequences = new Map<string, { container: LV; sequence: Sequence }>()
  for (let row = 0; row < log.count; row++) {
    const kind = log.kindOf(row)
    if (kind < Kind.type || kind > Kind.eraseBack || log.isVoid(row)) continue
    const container = log.makerOf(log.refOf(row))
    const slot = slotOf(log, container)
    const one = sequences.get(slot) ?? { container, sequence: new Sequence(graph, log, actors.compare, counting()) }
    sequences.set(slot, one)
    one.sequence.note(log.startOf(row), log.endOf(row))
  }
  return [...sequences.values()].map(({ container, sequence }) => {
    const spans: number[] = []
    sequence.order((lv, count, isVisible) => spans.push(lv, count, isVisible ? 1 : 0))
    return { container, spans }
  })
}

/** Containers made by several ops under one key, of one type and generation, are one. */
function slotOf(log: OpLog, maker: LV): string {
  if (maker < 0) return ''
  const row = log.rowAt(maker)
  if (log.kindOf(row) !== Kind.make) return `@${maker}`
  return `${slotOf(log, log.makerOf(log.refOf(row)))}/${log.aOf(row)}:${log.bOf(row)}`
}

/** One text under the root's key `t`, made by the first op of the first branch. */
export function typed(trace: Trace): World {
  const world = new World()
  const isConcurrent = trace.txns[0]?.parents !== undefined
  const branchOf = isConcurrent ? chains(trace) : () => 0
  const names = new Map<number, number>()
  const branch = (index: number): number => {
    const known = names.get(index)
    if (known !== undefined) return known
    const bytes = Uint8Array.from({ length: 37 }, (_, i) =>
      i === 0 ? 1 : (Math.imul(index * 37 + i, 0x9e3779b1) >>> 24) & 255,
    )
    const made = world.actors.indexOf(actorId(bytes))
    names.set(index, made)
    return made
  }
  const first = world.change(branch(branchOf(0)), [], (log) =>
    log.push(Kind.make, 0, log.keyId('t'), containerTypes.indexOf('text'), 1, false),
  )
  const ref = world.log.refTo(first)
  const ends: LV[] = []
  let last: LV = first
  for (const [at, { parents = [], patches }] of trace.txns.entries()) {
    const heads =
      isConcurrent && at > 0
        ? world.graph.dominators(parents.map((parent) => present(ends[parent], 'a parent')))
        : [last]
    const end = world.change(branch(branchOf(at)), heads, (log) => pushPatches(log, ref, patches))
    ends.push(end)
    last = end
  }
  return world
}

function pushPatches(log: OpLog, ref: number, patches: Patches): void {
  let goesOn = false
  if (patches.length === 0) log.push(Kind.meta, 0, 0, log.values.push({}) - 1, 1, false)
  for (const [index, deleted, inserted] of patches) {
    if (deleted > 0) log.push(Kind.erase, ref, index, 0, deleted, goesOn)
    goesOn ||= deleted > 0
    if (inserted !== '') log.push(Kind.type, ref, index, log.units.push(inserted), inserted.length, goesOn)
    goesOn = true
  }
}

/** A writer's turn always follows its last one: agents of the trace that work on two branches at once are two writers here. */
function chains({ txns }: Trace): (at: number) => number {
  const graph = new Graph()
  const of: number[] = []
  const tips: { agent: number; at: number }[] = []
  for (const [at, { agent = 0, parents = [] }] of txns.entries()) {
    const heads = graph.dominators(parents)
    const isOwn = (index: number): boolean => (tips[index] as { agent: number }).agent === agent
    let chain = tips.findIndex((tip, index) => isOwn(index) && graph.contains(heads, tip.at))
    if (chain < 0) chain = tips.push({ agent, at }) - 1
    ;(tips[chain] as { at: number }).at = at
    graph.append(chain, 1, heads)
    of.push(chain)
  }
  return (at) => present(of[at], `txn ${at}`)
}
