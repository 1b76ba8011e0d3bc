// The engine without its bytes: replicas that are a graph, a log and a document, which are handed the same changes in different orders. After
// every merge, everything a replica says is compared with the twin.

import { Actors } from '../../src/core/actors.ts'
import { Graph, type Spans } from '../../src/core/graph.ts'
import type { ActorId } from '../../src/core/ids.ts'
import { containerTypes, Kind, makes } from '../../src/core/kinds.ts'
import { OpLog } from '../../src/core/op-log.ts'
import type { Twin } from '../model/engine-twin.ts'
import { type Known, nameAt, opAt, opsOf } from '../model/twin-adapter.ts'
import type { Version } from '../model/twin-box.ts'
import type { OpName, TwinAction, TwinOp } from '../model/twin-op.ts'
import { nameOf } from '../model/twin-op.ts'
import type { Drawn } from './draw.ts'

/** What makes a value of ops: the document of the engine, once its ops are in graph and log. */
export interface Subject {
  merge(start: number, end: number, unseen: Spans): void
  readonly value: unknown
  check?(): void
  /** What `value` should be, if it is not the value of the document. */
  expected?(twin: Twin, version: Version): unknown
  /** Compares what else it can be asked, now and at the version with these heads. */
  probe?(twin: Twin, heads: readonly number[]): void
}

export type MakeSubject = (known: Known) => Subject

export interface Change {
  readonly actor: string
  readonly seq: number
  readonly parents: readonly OpName[]
  readonly runs: readonly Drawn[]
}

export class Piece implements Known {
  readonly actors = new Actors()
  readonly graph = new Graph()
  readonly log = new OpLog()
  readonly subject: Subject
  readonly #lvs = new Map<OpName, number>()

  constructor(make: MakeSubject) {
    this.subject = make(this)
  }

  has(name: OpName): boolean {
    return this.#lvs.has(name)
  }

  get frontier(): OpName[] {
    return this.graph.frontier.map((lv) => nameAt(this, lv))
  }

  /** Takes a change, whose parents must be here. */
  take(change: Change, mergesEachRun = false): void {
    const branch = this.actors.indexOf(change.actor as ActorId)
    let parents = this.graph.dominators(change.parents.map((name) => this.#lv(name)))
    const unseen = this.graph.unseen(branch, parents)
    const from = this.graph.length
    let { seq } = change
    for (const [i, run] of change.runs.entries()) {
      const count = run.actions.length
      const lamport = change.actor.length === 74 && change.actor.startsWith('00') ? 0 : undefined
      const goesOn = i > 0 || this.#goesOn(branch, parents)
      const start = this.graph.append(branch, count, parents, lamport)
      for (let n = 0; n < count; n++) this.#lvs.set(nameOf({ actor: change.actor, seq: seq++ }), start + n)
      this.#push(run, goesOn)
      if (i === change.runs.length - 1) this.log.endChange(count)
      else this.log.changeEnds.push(0, count)
      parents = [start + count - 1]
      this.graph.remember(branch, unseen)
      if (mergesEachRun) this.subject.merge(start, start + count, unseen)
    }
    if (!mergesEachRun) this.subject.merge(from, this.graph.length, unseen)
  }

  ops(): TwinOp[] {
    return opsOf(this)
  }

  op(name: OpName): TwinOp {
    return opAt(this, this.#lv(name))
  }

  isVoid(name: OpName): boolean {
    return this.log.isVoid(this.log.rowAt(this.#lv(name)))
  }

  #goesOn(branch: number, parents: readonly number[]): boolean {
    const last = this.graph.length - 1
    return last >= 0 && parents.length === 1 && parents[0] === last && this.graph.branchAt(last) === branch
  }

  #push({ container, actions }: Drawn, goesOn: boolean): void {
    const [first, second] = actions
    if (first === undefined) return
    const ref = container === undefined ? 0 : this.log.refTo(this.#lv(container))
    const { log } = this
    const value = (content: unknown): number => log.values.push(content) - 1
    const push = (kind: Kind, a: number, b: number): void => log.push(kind, ref, a, b, actions.length, goesOn)
    switch (first.kind) {
      case 'meta':
        push(Kind.meta, 0, value({}))
        break
      case 'unknown':
        push(Kind.unknown, 0, value(new Uint8Array()))
        break
      case 'type':
        push(Kind.type, first.index, log.units.push(actions.map(unitOf).join('')))
        break
      case 'insert': {
        const from = log.values.length
        for (const action of actions) value(contentOf(action))
        push(Kind.insert, first.index, from)
        break
      }
      case 'erase': {
        const isBack = second?.kind === 'erase' && second.index < first.index
        push(isBack ? Kind.eraseBack : Kind.erase, first.index, 0)
        break
      }
      case 'set':
        push(Kind.set, log.keyId(first.key), value(first.value))
        break
      case 'make':
        push(Kind.make, log.keyId(first.key), containerTypes.indexOf(first.make) + 16 * first.gen)
        break
      case 'unset':
        push(Kind.unset, log.keyId(first.key), 0)
        break
      case 'add': {
        const isSmall = BigInt.asIntN(32, first.by) === first.by
        if (isSmall) push(Kind.add, 0, Number(first.by))
        else push(Kind.add, 1, value(Number.isSafeInteger(Number(first.by)) ? Number(first.by) : first.by))
        break
      }
      case 'include':
        push(Kind.include, 0, value(first.value))
        break
      case 'exclude':
        push(Kind.exclude, 0, value(first.value))
        break
      case 'append': {
        const from = log.values.length
        for (const action of actions) value(action.kind === 'append' ? action.value : null)
        push(Kind.append, 0, from)
        break
      }
      case 'assign':
        push(Kind.assign, 0, value(first.value))
        break
      case 'revoke':
        push(Kind.revoke, first.level, value(this.#spans(first.targets)))
        break
      case 'cut':
      case 'uncut': {
        const { whom, afterSeq } = first
        const cut = { actor: Buffer.from(whom, 'hex'), afterSeq, hash: new Uint8Array(32) }
        push(Kind.cut, first.kind === 'cut' ? 1 : 2, value(cut))
        break
      }
    }
  }

  #spans(names: readonly OpName[]): Int32Array {
    const out: number[] = []
    for (const lv of names.map((name) => this.#lv(name)).sort((a, b) => a - b)) {
      if (out.at(-1) === lv) out[out.length - 1] = lv + 1
      else out.push(lv, lv + 1)
    }
    return Int32Array.from(out)
  }

  #lv(name: OpName): number {
    const lv = this.#lvs.get(name)
    if (lv === undefined) throw new Error(`there is no ${name} here`)
    return lv
  }
}

function unitOf(action: TwinAction): string {
  return action.kind === 'type' ? String.fromCharCode(action.unit) : ''
}

function contentOf(action: TwinAction): unknown {
  if (action.kind !== 'insert') return null
  return 'make' in action.content ? makes[action.content.make] : action.content.value
}
