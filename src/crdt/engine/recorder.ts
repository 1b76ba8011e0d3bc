// Turns edits into ops while a change is made, and applies each at once, so that what follows reads what was written. An author saw all there is
// here, so nothing is looked for: a text edit is a few numbers pushed to columns.

import { assert } from '../../base/assert.ts'
import { JoineryError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { LV, Spans } from '../../core/graph.ts'
import { Kind, type Meta, makes } from '../../core/kinds.ts'
import type { Scalar } from '../../core/value.ts'
import type { Amount } from './amounts.ts'
import type { Context } from './context.ts'
import type { CounterState } from './counter-state.ts'
import type { Effects } from './effects.ts'
import type { Plan } from './input.ts'
import type { ListState } from './list-state.ts'
import type { LogState } from './log-state.ts'
import { type MapState, slotCode } from './map-state.ts'
import type { RegisterState } from './register-state.ts'
import type { SetState } from './set-state.ts'
import type { Container } from './state.ts'
import type { TextState } from './text-state.ts'

const nothing: Spans = []

/** Brings about a revoke that has just been recorded. */
export type Revoke = (lv: LV, level: 1 | 2, targets: Spans) => void

export class Recorder {
  readonly #context: Context
  readonly #effects: Effects
  readonly #revoke: Revoke
  #isOpen = false
  #branch = 0
  #meta: Meta | undefined
  #lamport: 0 | undefined
  #start: LV = 0
  #units = 0
  #values = 0
  #frontier: readonly LV[] = []
  /** The parent of the next op: the newest, alone. One array, used again and again. */
  readonly #newest: LV[] = [0]
  readonly #only: LV[] = [0]

  constructor(context: Context, effects: Effects, revoke: Revoke) {
    this.#context = context
    this.#effects = effects
    this.#revoke = revoke
  }

  /** Whether a change is being recorded. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Ops of this change so far. */
  get count(): number {
    return this.#context.log.length - this.#start
  }

  /** Begins a change upon all there is. `meta` is written only if anything is; `lamport` is for self-certifying actors. Errors: 'bad-change'. */
  begin(branch: number, meta?: Meta, lamport?: 0): void {
    if (this.#isOpen) throw new JoineryError('bad-change', 'a change function cannot begin another change')
    const { log, graph } = this.#context
    assert(log.length === graph.length, 'the log and the graph are of the same ops')
    this.#isOpen = true
    this.#branch = branch
    this.#meta = meta
    this.#lamport = lamport
    this.#start = log.length
    this.#units = log.units.length
    this.#values = log.values.length
    this.#frontier = graph.frontier
  }

  // Strokes: changes of one edit, without a beginning and an end. The branch must be ahead, nothing be listened to, the edit be checked: what an
  // editor does with each key, and nothing in it can throw.

  /** Whose strokes follow. */
  strokesOf(branch: number): this {
    this.#branch = branch
    return this
  }

  /** `content` goes in, or `count` units go. */
  strokeText(text: TextState, index: number, count: number, content: string): void {
    const { log, graph } = this.#context
    const units = count > 0 ? count : content.length
    const lv = log.length
    const ref = this.#context.refOf(text)
    graph.goOn(this.#branch, units)
    if (count > 0) {
      log.push(Kind.erase, ref, index, 0, count, true)
      text.remove(index, count)
    } else {
      const offset = log.units.push(content)
      log.push(Kind.type, ref, index, offset, units, true)
      text.put(index, offset, units)
    }
    text.sequence.local(lv, lv + units)
    log.endChange(units)
  }

  strokeItem(list: ListState, index: number, value: Scalar): void {
    const { log } = this.#context
    const lv = this.#strike(Kind.insert, this.#context.refOf(list), index, this.#store(value))
    list.insert(index, lv, 1)
    list.sequence.local(lv, lv + 1)
    log.endChange(1)
  }

  strokeKey(map: MapState, key: string, value: Scalar): void {
    const { log } = this.#context
    const entry = map.entryFor(key)
    if (entry.keyId < 0) entry.keyId = log.keyId(key)
    const lv = this.#strike(Kind.set, this.#context.refOf(map), entry.keyId, this.#store(value))
    this.#effects.setEntry(map, entry, value, lv, nothing)
    log.endChange(1)
  }

  strokeAdd(counter: CounterState, by: Amount): void {
    const isSmall = typeof by === 'number' && (by | 0) === by
    this.#strike(Kind.add, this.#context.refOf(counter), isSmall ? 0 : 1, isSmall ? by : this.#store(by))
    this.#effects.add(counter, by, 1)
    this.#context.log.endChange(1)
  }

  #strike(kind: Kind, ref: number, a: number, b: number): LV {
    const { log, graph } = this.#context
    const lv = log.length
    graph.goOn(this.#branch, 1)
    log.push(kind, ref, a, b, 1, true)
    return lv
  }

  /** Ends it; gives its first LV. What it made reaches to the log's end. */
  commit(): LV {
    this.#isOpen = false
    if (this.count > 0) this.#context.log.endChange(this.count)
    this.#context.rollback.commit()
    return this.#start
  }

  /** As if it had never begun: states, values, log and graph. What is to be taken back must have been kept by context.rollback. */
  rollBack(): void {
    const { log, graph, rollback } = this.#context
    this.#isOpen = false
    for (const { sequence } of rollback.rollBack()) sequence.withdraw(this.#start)
    if (log.length === this.#start) return
    assert(this.#frontier !== graph.frontier, 'the frontier before a change is kept')
    log.truncate(this.#start, this.#units, this.#values)
    graph.truncate(this.#start, this.#frontier)
  }

  setKey(map: MapState, key: string, plan: Plan): void {
    const entry = map.entryFor(key)
    if (entry.keyId < 0) entry.keyId = this.#context.log.keyId(key)
    const { keyId } = entry
    const ref = this.#context.refOf(map)
    if (plan.type === 'scalar') {
      this.#room(1)
      const lv = this.#push(Kind.set, ref, keyId, this.#store(plan.value), 1)
      this.#effects.setEntry(map, entry, plan.value, lv, nothing)
      return
    }
    const type = typeOf(plan)
    const gen = genFor(map, key, type)
    this.#room(1)
    const lv = this.#push(Kind.make, ref, keyId, slotCode(type, gen), 1)
    const container = this.#effects.makeKey(map, key, type, gen, lv, nothing)
    assert(container !== undefined, `a ${type} can be made under ${key}`)
    this.#fill(container, plan)
  }

  deleteKey(map: MapState, key: string): void {
    this.#room(1)
    const lv = this.#push(Kind.unset, this.#context.refOf(map), this.#context.log.keyId(key), 0, 1)
    this.#effects.unsetKey(map, key, lv, nothing)
  }

  insert(list: ListState, index: number, plans: readonly Plan[]): void {
    const { length: count } = plans
    if (count === 0) return
    this.#room(count)
    const { values } = this.#context.log
    const offset = values.length
    for (const plan of plans) values.push(plan.type === 'scalar' ? plan.value : makes[typeOf(plan)])
    const lv = this.#push(Kind.insert, this.#context.refOf(list), index, offset, count)
    list.insert(index, lv, count)
    list.sequence.local(lv, lv + count)
    for (let i = 0; i < count; i++) {
      const plan = plans[i]
      if (plan !== undefined && plan.type !== 'scalar')
        this.#fill(this.#context.itemOf(list, lv + i, typeOf(plan)), plan)
    }
  }

  type(text: TextState, index: number, content: string): void {
    const { length: count } = content
    if (count === 0) return
    this.#room(count)
    const offset = this.#context.log.units.push(content)
    const lv = this.#push(Kind.type, this.#context.refOf(text), index, offset, count)
    text.put(index, offset, count)
    text.sequence.local(lv, lv + count)
  }

  remove(container: TextState | ListState, index: number, count: number): void {
    if (count === 0) return
    this.#room(count)
    const lv = this.#push(Kind.erase, this.#context.refOf(container), index, 0, count)
    container.remove(index, count)
    container.sequence.local(lv, lv + count)
  }

  add(counter: CounterState, by: Amount): void {
    if (by === 0) return
    this.#room(1)
    const isSmall = typeof by === 'number' && (by | 0) === by
    this.#push(Kind.add, this.#context.refOf(counter), isSmall ? 0 : 1, isSmall ? by : this.#store(by), 1)
    this.#effects.add(counter, by, 1)
  }

  include(set: SetState, value: Scalar): void {
    this.#room(1)
    const lv = this.#push(Kind.include, this.#context.refOf(set), 0, this.#store(value), 1)
    this.#effects.include(set, value, lv, nothing)
  }

  exclude(set: SetState, value: Scalar): void {
    this.#room(1)
    const lv = this.#push(Kind.exclude, this.#context.refOf(set), 0, this.#store(value), 1)
    this.#effects.exclude(set, value, lv, nothing)
  }

  append(log: LogState, values: readonly Scalar[]): void {
    if (values.length === 0) return
    this.#room(values.length)
    const offset = this.#context.log.values.length
    for (const value of values) this.#store(value)
    const lv = this.#push(Kind.append, this.#context.refOf(log), 0, offset, values.length)
    for (const [i, value] of values.entries()) this.#effects.append(log, lv + i, value)
  }

  assign(register: RegisterState, value: Scalar): void {
    this.#room(1)
    const lv = this.#push(Kind.assign, this.#context.refOf(register), 0, this.#store(value), 1)
    this.#effects.assign(register, value, lv, nothing)
  }

  /** Switches edits off (level 1), or earlier revokes (level 2). Cannot be taken back: it is the only op of a change that cannot throw. */
  revoke(level: 1 | 2, targets: Spans): void {
    assert(!this.#context.rollback.recording, 'a revoke is no part of a change that may throw')
    this.#room(1)
    const lv = this.#push(Kind.revoke, 0, level, this.#store(Int32Array.from(targets)), 1)
    this.#revoke(lv, level, targets)
  }

  /** Says what is no edit. */
  meta(meta: Meta): void {
    this.#room(1)
    this.#push(Kind.meta, 0, 0, this.#store(meta), 1)
  }

  /** Writes the contents of a container just made. */
  #fill(container: Container, plan: Plan): void {
    if (plan.type === 'map' && container.type === 'map')
      for (const [key, item] of plan.entries) this.setKey(container, key, item)
    else if (plan.type === 'list' && container.type === 'list') this.insert(container, 0, plan.items)
    else if (plan.type === 'text' && container.type === 'text') this.type(container, 0, plan.text)
    else if (plan.type === 'counter' && (container.type === 'counter' || container.type === 'gcounter'))
      this.add(container, plan.value)
    else if (plan.type === 'set' && (container.type === 'set' || container.type === 'rwset'))
      for (const value of plan.values) this.include(container, value)
    else if (plan.type === 'log' && container.type === 'log') this.append(container, plan.values)
    else if (plan.type === 'register' && container.type === 'register' && plan.value !== undefined)
      this.assign(container, plan.value)
  }

  /** Errors: 'limit'. */
  #room(units: number): void {
    if (this.#context.log.length - this.#start + units > limits.changeOps - 1)
      throw new JoineryError('limit', `one change holds at most ${limits.changeOps} ops: make several changes`)
    if (this.#context.graph.endOf(this.#branch) + units >= limits.seq)
      throw new JoineryError('limit', 'this device has written all it can in this document')
  }

  #store(value: unknown): number {
    return this.#context.log.values.push(value) - 1
  }

  #push(kind: Kind, ref: number, a: number, b: number, units: number): LV {
    const { log, graph } = this.#context
    if (log.length === this.#start) this.#open()
    const lv = log.length
    if (lv > 0 && this.#lamport === undefined && graph.isAhead(this.#branch) && lv + units < limits.seq) {
      graph.goOn(this.#branch, units)
      log.push(kind, ref, a, b, units, true)
      return lv
    }
    this.#newest[0] = lv - 1
    graph.append(this.#branch, units, lv === this.#start ? this.#frontier : this.#newest, this.#lamport)
    log.push(kind, ref, a, b, units, graph.startOfRow(graph.rows - 1) < lv)
    return lv
  }

  /** Before the first op: the frontier is kept, and what is to be said first is. */
  #open(): void {
    const { log, graph } = this.#context
    const { frontier } = graph
    if (frontier.length === 1) {
      // Nearly always: one array, used again and again.
      this.#only[0] = frontier[0] as LV
      this.#frontier = this.#only
    } else this.#frontier = frontier.slice()
    const meta = this.#meta
    if (meta === undefined) return
    this.#meta = undefined
    const lv = log.length
    graph.append(this.#branch, 1, this.#frontier, this.#lamport)
    log.push(Kind.meta, 0, 0, this.#store(meta), 1, graph.startOfRow(graph.rows - 1) < lv)
  }
}

/** The generation for a new container: that of the one that shows, if it is of this type; else one that was never there. */
function genFor(map: MapState, key: string, type: Container['type']): number {
  const entry = map.entries.get(key)
  const slots = entry?.slots
  if (entry === undefined || slots === undefined) return 0
  const current = slots.get(type, slots.gen)
  const isAlive = current !== undefined && entry.heads.some((head) => head.value === current)
  return isAlive ? slots.gen : slots.gen + 1
}

function typeOf(plan: Exclude<Plan, { readonly type: 'scalar' }>): Container['type'] {
  if (plan.type === 'counter') return plan.grows ? 'gcounter' : 'counter'
  if (plan.type === 'set') return plan.wins === 'remove' ? 'rwset' : 'set'
  return plan.type
}
