// A member who means harm: what it writes is well formed and its hashes fit, whatever its ops say. It has a history of its own, into which honest
// ranges are learned; what never was is invented there, so that it can be named and linked to.

import { type ActorId, actorId } from '../../src/core/ids.ts'
import { type ContainerType, containerTypes, Kind, type Make } from '../../src/core/kinds.ts'
import type { SignedRange } from '../../src/core/range.ts'
import type { Scalar } from '../../src/core/value.ts'
import { isInt32 } from '../../src/core/wire.ts'
import { Admission } from '../../src/replica/admission.ts'
import { History } from '../../src/replica/history.ts'
import { docTag, type Side } from './notation.ts'

/** The name of an op, which need not be. */
export interface Ref {
  readonly actor: ActorId
  readonly seq: number
}

interface At {
  /** The op that is said to have made the container. Left out: the root. */
  readonly at?: Ref | undefined
}

/** An op, or a run of them, checked by nobody. */
export type Forged =
  | { readonly type: 'meta' }
  | (At & { readonly type: 'type'; readonly index: number; readonly text: string })
  | (At & { readonly type: 'insert'; readonly index: number; readonly values: readonly (Scalar | Make)[] })
  | (At & { readonly type: 'erase' | 'eraseBack'; readonly index: number; readonly count: number })
  | (At & { readonly type: 'set'; readonly key: string; readonly value: Scalar })
  | (At & { readonly type: 'make'; readonly key: string; readonly make: ContainerType; readonly gen: number })
  | (At & { readonly type: 'unset'; readonly key: string })
  | (At & { readonly type: 'add'; readonly by: number })
  | (At & { readonly type: 'include' | 'exclude' | 'append' | 'assign'; readonly value: Scalar })
  | { readonly type: 'revoke'; readonly level: 1 | 2; readonly targets: readonly (Ref & { readonly count: number })[] }

const idOf = (name: string): ActorId => actorId(new TextEncoder().encode(name))

export class Forger {
  readonly name: ActorId
  readonly history: History
  readonly #branch: number
  readonly #admission: Admission
  /** How the history was before the last change. */
  #before: { length: number; frontier: readonly number[]; units: number; values: number } | undefined

  constructor(name: string, { actor = idOf(name), tag = docTag }: { actor?: ActorId; tag?: Uint8Array } = {}) {
    this.name = actor
    this.history = new History(tag)
    this.#branch = this.history.actors.indexOf(actor)
    this.#admission = new Admission(this.history, { admitted() {}, merge() {}, forked() {}, isMet: () => true })
  }

  get seq(): number {
    return this.history.graph.endOf(this.#branch)
  }

  ref(side: Side | Forger, seq: number): Ref {
    return { actor: side instanceof Forger ? side.name : idOf(side.name), seq }
  }

  own(seq: number): Ref {
    return { actor: this.name, seq }
  }

  /** Takes what others made, parents first. */
  learn(ranges: readonly SignedRange[]): this {
    for (const range of ranges)
      if (this.#admission.attempt(range).type === 'waits')
        throw new Error(`${range.actor} builds on what was not learned`)
    return this
  }

  /** One change of these ops. */
  write(ops: readonly Forged[], links: readonly Ref[] = []): SignedRange {
    const { graph, log } = this.history
    const { units, values } = log
    this.#before = {
      length: graph.length,
      frontier: [...graph.frontier],
      units: units.length,
      values: values.length,
    }
    for (const ref of namedBy(ops, links)) this.#invent(ref)
    const { seq } = this
    const start = graph.length
    let parents = links.map((link) => this.#lvOf(link))
    if (seq > 0) parents.push(graph.lvOf(this.#branch, seq - 1))
    parents = [...new Set(parents)].sort((x, y) => x - y)
    for (const op of ops) {
      this.#push(op, parents)
      parents = [graph.length - 1]
    }
    log.endChange(graph.length - start)
    return this.range(seq, this.seq)
  }

  /** Its changes from `from` to `to`. */
  range(from: number, to: number): SignedRange {
    return this.history.range(this.#branch, from, to)
  }

  /** As if it had never written its last change; nothing may have been learned since. */
  unwrite(): void {
    const { graph, log, chain } = this.history
    if (this.#before === undefined) throw new Error('a change is unwritten once')
    const { length, frontier, units, values } = this.#before
    this.#before = undefined
    graph.truncate(length, frontier)
    log.truncate(length, units, values)
    chain.truncate()
  }

  #push(op: Forged, parents: readonly number[]): void {
    const { graph, log } = this.history
    const ref = !('at' in op) || op.at === undefined ? 0 : log.refTo(this.#lvOf(op.at))
    const { kind, a = 0, b = 0, count = 1 } = this.#rowOf(op)
    const lv = graph.append(this.#branch, count, parents)
    log.push(kind, ref, a, b, count, graph.startOfRow(graph.rows - 1) < lv)
  }

  /** What core/kinds.ts says of it. */
  #rowOf(op: Forged): { readonly kind: Kind; readonly a?: number; readonly b?: number; readonly count?: number } {
    const { log } = this.history
    const keep = (value: unknown): number => log.values.push(value) - 1
    switch (op.type) {
      case 'meta':
        return { kind: Kind.meta, b: keep({}) }
      case 'type':
        return { kind: Kind.type, a: op.index, b: log.units.push(op.text), count: op.text.length }
      case 'insert':
        return { kind: Kind.insert, a: op.index, b: Math.min(...op.values.map(keep)), count: op.values.length }
      case 'set':
        return { kind: Kind.set, a: log.keyId(op.key), b: keep(op.value) }
      case 'make':
        return { kind: Kind.make, a: log.keyId(op.key), b: containerTypes.indexOf(op.make) + 16 * op.gen }
      case 'unset':
        return { kind: Kind.unset, a: log.keyId(op.key) }
      case 'add':
        return isInt32(op.by) ? { kind: Kind.add, b: op.by } : { kind: Kind.add, a: 1, b: keep(op.by) }
      case 'erase':
      case 'eraseBack':
        return { kind: op.count === 1 ? Kind.erase : Kind[op.type], a: op.index, count: op.count }
      case 'revoke':
        return { kind: Kind.revoke, a: op.level, b: keep(this.#spansOf(op.targets)) }
      default:
        return { kind: Kind[op.type], b: keep(op.value) }
    }
  }

  #spansOf(runs: readonly (Ref & { readonly count: number })[]): Int32Array {
    const lvs = runs.flatMap(({ actor, seq, count }) =>
      Array.from({ length: count }, (_, i) => this.#lvOf({ actor, seq: seq + i })),
    )
    const sorted = [...new Set(lvs)].sort((x, y) => x - y)
    const starts = sorted.filter((lv, i) => sorted[i - 1] !== lv - 1)
    return Int32Array.from(starts.flatMap((lv) => [lv, endOfSpan(sorted, lv)]))
  }

  #lvOf({ actor, seq }: Ref): number {
    const lv = this.history.graph.lvOf(this.history.branchOf(actor), seq)
    if (lv < 0) throw new Error(`op ${seq} of ${actor} is not even invented`)
    return lv
  }

  /** Another actor's ops up to this one, which say nothing. */
  #invent({ actor, seq }: Ref): void {
    if (actor === this.name) return
    const { actors, graph, log } = this.history
    const branch = actors.indexOf(actor)
    for (let end = graph.endOf(branch); end <= seq; end++) {
      const lv = graph.append(branch, 1, end === 0 ? [] : [graph.lvOf(branch, end - 1)])
      log.push(Kind.meta, 0, 0, log.values.push({}) - 1, 1, graph.startOfRow(graph.rows - 1) < lv)
      log.endChange(1)
    }
  }
}

function namedBy(ops: readonly Forged[], links: readonly Ref[]): Ref[] {
  const named = ops.flatMap((op) => {
    if (op.type === 'revoke') return op.targets.map(({ actor, seq, count }) => ({ actor, seq: seq + count - 1 }))
    return 'at' in op && op.at !== undefined ? [op.at] : []
  })
  return [...links, ...named]
}

function endOfSpan(sorted: readonly number[], start: number): number {
  let end = start
  for (let i = sorted.indexOf(start); sorted[i] === end; i++) end++
  return end
}
