// Replicas of the engine's documents by short names, for tests that read as a story. Each has a graph, a log and a document of its own; changes go
// between them as plain records.

import { Graph, type LV } from '../../src/core/graph.ts'
import { type ContainerType, Kind, type Meta } from '../../src/core/kinds.ts'
import { advanceA, advanceB, OpLog } from '../../src/core/op-log.ts'
import { defineKey } from '../../src/core/value.ts'
import { applyPatches } from '../../src/crdt/apply-patches.ts'
import { EngineDocument } from '../../src/crdt/engine/document.ts'
import { readPlan } from '../../src/crdt/engine/input.ts'

// biome-ignore lint/suspicious/noExplicitAny: the documents of tests have no type.
export type Draft = any

/** `a:3` */
export type Dot = string

/** A run of ops of one kind, as the columns have them, but with names. */
export interface Run {
  readonly kind: Kind
  /** The op that made the container; undefined for the root. */
  readonly at: Dot | undefined
  readonly a: number | string
  readonly b: number
  readonly units: number
  /** What is in the stores: units of texts, values. */
  readonly text?: string
  readonly values?: readonly unknown[]
  readonly targets?: readonly Dot[]
}

export interface Change {
  readonly actor: string
  readonly seq: number
  readonly parents: readonly Dot[]
  readonly runs: readonly Run[]
}

export class Side {
  readonly graph = new Graph()
  readonly log = new OpLog()
  readonly names: string[] = []
  document: EngineDocument
  readonly name: string
  /** All changes that are here, in the order of arrival. */
  readonly changes: Change[] = []
  mirror: unknown

  constructor(name: string) {
    this.name = name
    this.document = this.#empty()
    this.mirror = this.document.value
  }

  /** Goes on from what the document shows, as after a load. */
  reload(): void {
    const loaded = this.#empty()
    loaded.importState(this.document.exportState())
    this.document = loaded
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  get value(): any {
    return this.document.value
  }

  branchOf(name: string): number {
    const known = this.names.indexOf(name)
    return known >= 0 ? known : this.names.push(name) - 1
  }

  dotOf(lv: LV): Dot {
    return `${this.names[this.graph.branchAt(lv)]}:${this.graph.seqAt(lv)}`
  }

  lvOf(dot: Dot): LV {
    const colon = dot.lastIndexOf(':')
    return this.graph.lvOf(this.branchOf(dot.slice(0, colon)), Number(dot.slice(colon + 1)))
  }

  do(fn: (d: Draft) => unknown, meta?: Meta): Change | undefined {
    this.document.patches = []
    const { from } = this.document.change(this.branchOf(this.name), fn, meta)
    return this.#made(from)
  }

  /** Begins as everybody does who begins with the same. */
  init(value: object): this {
    const { recorder } = this.document
    const plan = readPlan(value, [], 0, () => undefined)
    if (plan.type !== 'map') throw new Error('a document begins as an object')
    this.document.patches = []
    recorder.begin(this.branchOf(`*${inspect(value)}`), undefined, 0)
    for (const [key, item] of [...plan.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
      recorder.setKey(this.document.root, key, item)
    this.#made(recorder.commit())
    return this
  }

  /** Takes back what is named (level 1), or takes taking back back (level 2). */
  revoke(level: 1 | 2, ...dots: readonly Dot[]): Dot {
    const { recorder } = this.document
    this.document.patches = []
    recorder.begin(this.branchOf(this.name))
    recorder.revoke(level, spansOf(dots.map((dot) => this.lvOf(dot))))
    return this.dotOf(this.#made(recorder.commit()) === undefined ? -1 : this.log.length - 1)
  }

  take(change: Change | undefined): void {
    if (change === undefined) return
    const { actor, seq, runs } = change
    const branch = this.branchOf(actor)
    if (this.graph.endOf(branch) > seq) return
    const parents = change.parents.map((dot) => this.lvOf(dot)).sort((a, b) => a - b)
    const unseen = this.graph.unseen(branch, parents)
    const count = runs.reduce((sum, run) => sum + run.units, 0)
    const start = this.graph.append(branch, count, parents, actor.startsWith('*') ? 0 : undefined)
    for (const run of runs) this.#push(run, this.graph.startOfRow(this.graph.rows - 1) < this.log.length)
    this.log.endChange(count)
    this.graph.remember(branch, unseen)
    this.document.patches = []
    this.document.merge(start, start + count, unseen)
    this.changes.push(change)
    this.#follow()
  }

  #empty(): EngineDocument {
    const order = (a: number): string => this.names[a] ?? ''
    return new EngineDocument(this.graph, this.log, (a, b) =>
      order(a) === order(b) ? 0 : order(a) < order(b) ? -1 : 1,
    )
  }

  /** The ops of a change, named. */
  #made(from: LV): Change | undefined {
    this.#follow()
    const to = this.log.length
    if (from === to) return undefined
    const change = {
      actor: this.names[this.graph.branchAt(from)] ?? '',
      seq: this.graph.seqAt(from),
      parents: this.graph.parentsAt(from).map((lv) => this.dotOf(lv)),
      runs: this.#runs(from, to),
    }
    this.changes.push(change)
    return change
  }

  #runs(from: LV, to: LV): Run[] {
    const { log } = this
    const runs: Run[] = []
    for (let lv = from; lv < to; ) {
      const row = log.rowAt(lv)
      const end = Math.min(to, log.endOf(row))
      const [kind, units, skipped] = [log.kindOf(row), end - lv, lv - log.startOf(row)]
      const ref = log.refOf(row)
      const at = ref === 0 ? undefined : this.dotOf(log.makerOf(ref))
      const a = isKeyed(kind) ? (log.keys[log.aOf(row)] ?? '') : advanceA(kind, log.aOf(row), skipped)
      const b = advanceB(kind, log.bOf(row), skipped)
      const run = { kind, at, a, b, units }
      if (kind === Kind.type) runs.push({ ...run, text: log.units.slice(b, b + units) })
      else if (kind === Kind.revoke) {
        const spans = log.values[b] as Int32Array
        runs.push({ ...run, targets: [...lvsOf(spans)].map((target) => this.dotOf(target)) })
      } else if (isStored(kind, a)) {
        runs.push({
          ...run,
          values: log.values.slice(b, b + (kind === Kind.insert || kind === Kind.append ? units : 1)),
        })
      } else runs.push(run)
      lv = end
    }
    return runs
  }

  #push({ kind, at, a, b, units, text, values, targets }: Run, goesOn: boolean): void {
    const { log } = this
    const ref = at === undefined ? 0 : log.refTo(this.lvOf(at))
    const key = typeof a === 'string' ? log.keyId(a) : a
    let offset = b
    if (text !== undefined) offset = log.units.push(text)
    else if (targets !== undefined)
      offset = log.values.push(Int32Array.from(spansOf(targets.map((dot) => this.lvOf(dot))))) - 1
    else if (values !== undefined) {
      offset = log.values.length
      for (const value of values) log.values.push(value)
    }
    log.push(kind, ref, key, offset, units, goesOn)
  }

  #follow(): void {
    this.mirror = applyPatches(this.mirror, this.document.patches ?? [])
    this.document.patches = undefined
  }
}

/** Everything each side holds goes to every other; all then read the same, and what they tell of it adds up (Invariants 6 and 7). */
export function meet(...sides: readonly Side[]): void {
  for (const target of sides)
    for (const source of sides) if (source !== target) for (const change of [...source.changes]) target.take(change)
  for (const side of sides) check(side, sides[0] ?? side)
}

export function check(side: Side, other: Side): void {
  side.document.check()
  const [value, same] = [inspect(side.value), inspect(other.value)]
  if (value !== same) throw new Error(`${side.name} reads ${value}, ${other.name} ${same}`)
  // Patches leave keys where they came.
  const mirror = inspect(inOrder(side.mirror))
  if (value !== mirror) throw new Error(`Invariant 7: ${side.name} reads ${value}, its patches say ${mirror}`)
  const again = inspect(side.document.at(side.graph.frontier))
  if (value !== again) throw new Error(`${side.name} reads ${value}, made anew ${again}`)
}

/** Two sides, 'a' < 'b', that begin with the same value, do one thing each without hearing of the other, and meet. */
export function concurrently(
  init: object | ((d: Draft) => unknown),
  onA: (d: Draft) => unknown,
  onB: (d: Draft) => unknown,
): { a: Side; b: Side; value: Draft } {
  const a = new Side('a')
  const b = new Side('b')
  if (typeof init === 'function') a.do(init as (d: Draft) => unknown)
  else a.init(init)
  meet(a, b)
  a.do(onA)
  b.do(onB)
  meet(a, b)
  return { a, b, value: a.value }
}

/** A value with all that tells it from another. */
export function inspect(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (typeof item === 'bigint') return `bigint ${item}`
    if (typeof item === 'number' && (Object.is(item, -0) || !Number.isFinite(item))) return `number ${1 / item} ${item}`
    return item
  })
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const out = {}
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    defineKey(out, key, inOrder(item))
  return out
}

/** A run of a kind that a crafted op has, for what no local edit makes. */
export function crafted(kind: Kind, at: Dot | undefined, a: number | string, more: Partial<Run> = {}): Run {
  return { kind, at, a, b: 0, units: 1, ...more }
}

/** `a` of a make op's `b`. */
export const typeCodes: Readonly<Record<ContainerType, number>> = {
  map: 0,
  list: 1,
  text: 2,
  counter: 3,
  set: 4,
  rwset: 5,
  log: 6,
  register: 7,
  gcounter: 8,
}

function isKeyed(kind: Kind): boolean {
  return kind === Kind.set || kind === Kind.make || kind === Kind.unset
}

function isStored(kind: Kind, a: number | string): boolean {
  if (kind === Kind.add) return a === 1
  return ![Kind.make, Kind.unset, Kind.erase, Kind.eraseBack].some((other) => other === kind)
}

function spansOf(lvs: readonly LV[]): number[] {
  return [...lvs].sort((a, b) => a - b).flatMap((lv) => [lv, lv + 1])
}

function* lvsOf(spans: Int32Array): Generator<LV> {
  for (let i = 0; i < spans.length; i += 2) for (let lv = spans[i] ?? 0; lv < (spans[i + 1] ?? 0); lv++) yield lv
}
