// Random histories for the tests of bytes: a graph and a log with ops of every kind by several writers. What they mean does not matter here, so
// positions and targets are anything that has a form.

import type { Random } from '../../src/base/random.ts'
import { Actors } from '../../src/core/actors.ts'
import { Graph, type Spans } from '../../src/core/graph.ts'
import { actorId, memberActor } from '../../src/core/ids.ts'
import { type Cut, containerTypes, Kind, Make, type Meta, makes, type Targets } from '../../src/core/kinds.ts'
import { OpLog } from '../../src/core/op-log.ts'
import { checkPast, pushStretch, type Staging } from '../../src/core/staging.ts'
import { Json, type Scalar, valueKey } from '../../src/core/value.ts'
import type { Source } from '../../src/core/wire.ts'

export interface History extends Source {
  readonly log: OpLog
}

export function emptyHistory(actors = new Actors()): History {
  return { graph: new Graph(), log: new OpLog(), actors }
}

/** The actor with this letter: a member's, with its 37 bytes. */
export function named(actors: Actors, letter: string): number {
  return actors.indexOf(memberActor(new Uint8Array(32).fill(letter.charCodeAt(0)), 7))
}

export function shortNamed(actors: Actors, letter: string): number {
  return actors.indexOf(actorId(Uint8Array.of(letter.charCodeAt(0))))
}

/** One change: what `record` pushes, by a branch that has seen `parents`. */
export function commit(
  { graph, log }: History,
  branch: number,
  parents: readonly number[],
  rows: readonly (readonly [kind: Kind, ref: number, a: number, b: number, n: number])[],
): void {
  const n = rows.reduce((sum, row) => sum + row[4], 0)
  const unseen = graph.unseen(branch, parents)
  const start = graph.append(branch, n, parents)
  let goesOn = graph.startOfRow(graph.rowAt(start)) < start
  for (const row of rows) {
    log.push(...row, goesOn)
    goesOn = true
  }
  log.endChange(n)
  graph.remember(branch, unseen)
}

export class Writers {
  readonly history: History
  readonly #random: Random
  readonly #branches: readonly number[]
  readonly #letters: readonly string[]
  /** By branch: the frontier it has seen. */
  readonly #seen = new Map<number, readonly number[]>()
  readonly #places = new Map<number, { ref: number; at: number }>()

  constructor(random: Random, letters: string, history = emptyHistory()) {
    this.history = history
    this.#random = random
    this.#letters = [...letters]
    this.#branches = this.#letters.map((letter) => named(history.actors, letter))
  }

  below(n: number): number {
    return Math.floor(this.#random.unit() * n)
  }

  step(): void {
    const branch = this.#branches[this.below(this.#branches.length)] as number
    const { graph, log } = this.history
    const own = graph.endOf(branch) > 0 ? [graph.lvOf(branch, graph.endOf(branch) - 1)] : []
    let seen = this.#seen.get(branch) ?? []
    if (this.below(3) === 0) {
      // A change end of any branch: everything before it is seen now.
      const other = this.below(graph.length + 1) - 1
      const end = other < 0 ? -1 : log.changeEnds.next(other, 1)
      if (end >= 0) seen = graph.dominators([...seen, ...own, end])
    }
    const parents = graph.dominators([...seen, ...own])
    const rows: [Kind, number, number, number, number][] = []
    for (let left = this.below(4) === 0 ? 1 + this.below(6) : 1; left > 0; left--) rows.push(this.#row(branch, parents))
    const unseen = graph.unseen(branch, parents)
    const n = rows.reduce((sum, row) => sum + row[4], 0)
    const start = graph.append(branch, n, parents)
    let goesOn = graph.startOfRow(graph.rowAt(start)) < start
    for (const row of rows) {
      log.push(...row, goesOn)
      goesOn = true
    }
    log.endChange(n)
    graph.remember(branch, unseen)
    this.#seen.set(branch, [graph.length - 1])
    if (this.below(9) === 0) log.markVoid(start, start + 1)
  }

  #row(branch: number, parents: readonly number[]): [Kind, number, number, number, number] {
    const { log, graph } = this.history
    const kind = ([1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4] as Kind[])[this.below(22)] ?? (this.below(16) as Kind)
    const place = this.#places.get(branch) ?? { ref: 0, at: 0 }
    this.#places.set(branch, place)
    if (this.below(6) === 0) place.ref = this.#container(parents)
    if (this.below(3) === 0) place.at = this.below(300)
    const { ref } = place
    const n = this.below(3) === 0 ? 1 + this.below(9) : 1
    switch (kind) {
      case Kind.meta:
        return [kind, 0, 0, log.values.push(this.#meta()) - 1, 1]
      case Kind.type: {
        const at = place.at
        place.at += n
        return [kind, ref, at, log.units.push(this.#text(n)), n]
      }
      case Kind.insert: {
        const b = log.values.length
        for (let i = 0; i < n; i++) log.values.push(this.below(4) === 0 ? this.#make() : this.#value())
        return [kind, ref, place.at, b, n]
      }
      case Kind.erase:
        if (this.below(2) === 0 && place.at > 0) place.at--
        return [kind, ref, place.at, 0, n]
      case Kind.eraseBack: {
        const a = place.at + 2 + n
        return n === 1 ? [Kind.erase, ref, a, 0, 1] : [kind, ref, a, 0, n]
      }
      case Kind.set:
        return [kind, ref, this.#key(), log.values.push(this.#value()) - 1, 1]
      case Kind.make:
        return [kind, ref, this.#key(), this.below(containerTypes.length) + 16 * this.below(3), 1]
      case Kind.unset:
        return [kind, ref, this.#key(), 0, 1]
      case Kind.add:
        if (this.below(2) === 0) return [kind, ref, 0, this.below(9) - 4, n]
        return [kind, ref, 1, log.values.push(this.below(2) ? 2n ** 70n : 2 ** 40 + 1) - 1, n]
      case Kind.append: {
        const b = log.values.length
        for (let i = 0; i < n; i++) log.values.push(this.#value())
        return [kind, ref, 0, b, n]
      }
      case Kind.include:
      case Kind.exclude:
      case Kind.assign:
        return [kind, ref, 0, log.values.push(this.#value()) - 1, 1]
      case Kind.revoke:
        if (graph.length === 0 || parents.length === 0) return [Kind.unset, ref, this.#key(), 0, 1]
        return [kind, 0, 1 + this.below(2), log.values.push(this.#targets(parents)) - 1, 1]
      case Kind.cut: {
        const cut: Cut = { actor: this.#random.bytes(37), afterSeq: this.below(999), hash: this.#random.bytes(32) }
        return [kind, 0, 1 + this.below(2), log.values.push(cut) - 1, 1]
      }
      default:
        return [Kind.unknown, 0, 16 + 2 * this.below(5), log.values.push(this.#random.bytes(this.below(50))) - 1, 1]
    }
  }

  #container(parents: readonly number[]): number {
    const { graph, log } = this.history
    if (parents.length === 0 || this.below(4) === 0) return 0
    const maker = this.below(Math.max(...parents) + 1)
    return graph.contains(parents, maker) ? log.refTo(maker) : 0
  }

  #targets(parents: readonly number[]): Targets {
    const { graph } = this.history
    const spans: number[] = []
    let at = 0
    for (let i = this.below(3); i >= 0; i--) {
      const lv = at + this.below(20)
      if (lv <= Math.max(...parents) && graph.contains(parents, lv)) spans.push(lv, lv + 1)
      at = lv + 2
    }
    const head = parents[0] as number
    return Int32Array.from(spans.length > 0 ? spans : [head, head + 1])
  }

  #text(n: number): string {
    const alphabet = ['a', 'b', 'é', 'я', '中', '\ud83d', '\ude42', '\u0000', '\uffff']
    return Array.from({ length: n }, () => alphabet[this.below(alphabet.length)]).join('')
  }

  #key(): number {
    return this.history.log.keyId(
      ['note', '', '__proto__', 'ключ', 'k'.repeat(this.below(80))][this.below(5)] as string,
    )
  }

  #make(): Make {
    return makes[containerTypes[this.below(containerTypes.length)] as Make['type']]
  }

  #value(): Scalar {
    const some: Scalar[] = [null, true, 7, -1, 0.5, 2n ** 80n, 'x'.repeat(this.below(60)), this.#random.bytes(40)]
    some.push(new Date(5), new Json(Object.freeze({ a: Object.freeze([1]) })))
    return some[this.below(some.length)] as Scalar
  }

  #meta(): Meta {
    const meta: { -readonly [Name in keyof Meta]: Meta[Name] } = {}
    if (this.below(2)) meta.time = 1_700_000_000_000 + this.below(1e9)
    if (this.below(3) === 0) meta.message = 'why'.repeat(this.below(20))
    if (this.below(4) === 0) meta.salt = this.#random.bytes(16)
    if (this.below(4) === 0) meta.depends = this.#random.bytes(this.below(50))
    return meta
  }
}

/** Merges what was staged; gives how many stretches were. Ops whose parents are not here stay out. */
export function merge(history: History, staging: Staging): number {
  const { graph, log } = history
  let stretch = 0
  for (; stretch < staging.mergeable; stretch++) {
    const parents = parentsOf(graph, staging, stretch)
    if (parents === undefined) break
    const unseen: Spans = graph.unseen(staging.branch, parents)
    checkPast(staging, stretch, history, unseen)
    const start = graph.append(staging.branch, staging.opsOf(stretch), parents)
    pushStretch(staging, stretch, graph, log, start)
    graph.remember(staging.branch, unseen)
  }
  return stretch
}

function parentsOf(graph: Graph, staging: Staging, stretch: number): number[] | undefined {
  const seq = staging.fromSeq + staging.stretchOps.at(stretch)
  const parents = seq > 0 ? [graph.lvOf(staging.branch, seq - 1)] : []
  for (let i = staging.stretchLinks.at(stretch); i < staging.endLinkOf(stretch); i++) {
    const branch = staging.linkBranches.at(i)
    parents.push(branch < 0 ? -1 : graph.lvOf(branch, staging.linkSeqs.at(i)))
  }
  return parents.includes(-1) ? undefined : graph.dominators(parents)
}

/** Every op of a branch in words, one for each unit: equal histories have equal words, however they were cut and numbered. */
export function words({ graph, log, actors }: History, branch: number): string[] {
  const out: string[] = []
  const dot = (lv: number): string => `${actors.nameOf(graph.branchAt(lv))}:${graph.seqAt(lv)}`
  for (let seq = 0; seq < graph.endOf(branch); seq++) {
    const lv = graph.lvOf(branch, seq)
    const row = log.rowAt(lv)
    const i = lv - log.startOf(row)
    const maker = log.makerOf(log.refOf(row))
    const links = graph.parentsAt(lv).filter((parent) => graph.branchAt(parent) !== branch)
    out.push(
      [
        unit(log, row, i, (targets) => lvsOf(targets).map(dot)),
        `in ${maker < 0 ? 'root' : dot(maker)}`,
        log.changeEnds.get(lv) === 1 ? 'end' : '',
        links.map(dot).sort().join(' '),
      ].join(' | '),
    )
  }
  return out
}

function lvsOf(targets: Targets): number[] {
  const lvs: number[] = []
  for (let i = 0; i < targets.length; i += 2)
    for (let lv = targets[i] as number; lv < (targets[i + 1] as number); lv++) lvs.push(lv)
  return lvs
}

function unit(log: OpLog, row: number, i: number, dots: (targets: Targets) => readonly string[]): string {
  const kind = log.kindOf(row)
  const [a, b] = [log.aOf(row), log.bOf(row)]
  const value = (at: number): string => {
    const item = log.values[at] as Scalar | Make
    return item instanceof Make ? `make ${item.type}` : JSON.stringify(valueKey(item))
  }
  switch (kind) {
    case Kind.type:
      return `type ${a + i} ${log.units.data[b + i]}`
    case Kind.insert:
      return `insert ${a + i} ${value(b + i)}`
    case Kind.erase:
      return `erase ${a}`
    case Kind.eraseBack:
      return `erase ${a - i}`
    case Kind.set:
      return `set ${log.keys[a]} ${value(b)}`
    case Kind.make:
      return `make ${log.keys[a]} ${b}`
    case Kind.unset:
      return `unset ${log.keys[a]}`
    case Kind.add:
      return `add ${a === 0 ? b : log.values[b]}`
    case Kind.append:
      return `append ${value(b + i)}`
    case Kind.meta:
      return `meta ${inWords(log.values[b])}`
    case Kind.revoke:
      return `revoke ${a} ${[...dots(log.values[b] as Targets)].sort().join(' ')}`
    case Kind.cut:
    case Kind.unknown:
      return `${kind} ${a} ${inWords(log.values[b])}`
    default:
      return `${kind} ${value(b)}`
  }
}

function inWords(value: unknown): string {
  if (value instanceof Uint8Array) return value.join(',')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, part]) => `${name}=${inWords(part)}`)
    .sort()
    .join(' ')
}
